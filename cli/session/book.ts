// Sessions as banks and auditors keep them: both follow the ledger, carry openings and claims to it for the parties, and tell them how their
// sessions stand. What follows for its books is its owner's. Rules E2 to E4 stand in rules.ts.
import type { FollowedBatch, LedgerClient } from '../../node/client/types.ts'
import { claimRefusal, type KnownSession, proofRefusal } from '../../node/ledger/sessions.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { decodeHeader } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClose, SessionOpen } from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import {
  decodeRecordVerdict,
  type Refusal,
  type SessionStanding,
  type SessionState,
  sessionStates,
} from '../../proto/verdict.ts'
import type { RecordAnswer } from '../../proto/wire/codec.ts'
import { decidedRecords } from '../common/decided-records.ts'
import type { KeptAnswer } from '../common/own-record-store.ts'
import type { Refused } from '../common/own-records.ts'
import { stoppedError, type Turn } from '../common/turn.ts'
import {
  type CarrierDesk,
  carriedBy,
  SessionCarrier,
  type SessionKind,
  type SessionStreams,
  sessionKinds,
} from './carrier.ts'
import { type NewsRequest, SessionNews, type SessionNewsPage } from './news.ts'
import { checkNamed, learn, partiesOf, type SessionFile, type SessionStep } from './rules.ts'

/** What a book of sessions needs of whose it is. */
export interface SessionDesk extends CarrierDesk {
  readonly log: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
  /** Where what is kept of sessions changes. */
  readonly books: Turn
  /** Whoever keeps the sessions cannot go on. */
  stopOn(error: unknown): void
}

/** A session that went on. */
export interface SessionChange extends SessionStep {
  /** Undefined where nothing was kept of it. */
  readonly before: SessionFile | undefined
}

/** What sessions mean to whoever keeps them. */
export interface SessionOwner {
  /** An opening on the ledger of which nothing is kept: as it is to be kept, where it is. Throws where it cannot be. */
  takeUp(session: Digest, opening: SessionOpen): SessionFile | undefined
  /** What it means for a session that an own record was refused. */
  refused(record: SessionOpen | SessionClose, file: SessionFile, refused: Refused): SessionStep | undefined
  /** Writes in one how sessions went on, and what follows from it. In a turn of the books. */
  write(changes: readonly SessionChange[], operations: readonly WriteOp[]): Promise<void>
}

/** A session as it is shown. */
export interface SessionShown extends SessionFile {
  /** The ledger's answers that brought it where it is. */
  readonly proofs: Readonly<Partial<Record<SessionState, RecordAnswer>>>
}

interface Certified {
  readonly standing: SessionStanding
  readonly answer: RecordAnswer
}

/**
 * Why a claim is refused for good, whenever it comes; undefined where it may yet be taken. A record of such a claim would be refused, and take
 * those with it that follow it in the own stream.
 */
function ruledOutBy(known: KnownSession, claim: SessionClaim): Refusal | undefined {
  if (claim.form === 'settle' && known.standing.state !== 'settled') return undefined
  const nothingIsLate = 0
  return claimRefusal(known, claim, nothingIsLate)
}

/** Heights that a restart may have to follow again. */
const heightsUnwritten = 256

export class SessionBook {
  readonly carrier: SessionCarrier
  readonly #desk: SessionDesk
  readonly #client: LedgerClient
  readonly #owner: SessionOwner
  readonly #news: SessionNews
  readonly #closing = new AbortController()
  readonly #waiting = new Map<Digest, Set<() => void>>()
  readonly #reaching: { readonly height: number; readonly resolve: () => void }[] = []
  /** On disk. */
  #height: number
  #followed: number
  #following: Promise<void> = Promise.resolve()

  constructor(desk: SessionDesk, records: SessionStreams, client: LedgerClient, owner: SessionOwner) {
    this.#desk = desk
    this.#client = client
    this.#owner = owner
    this.carrier = new SessionCarrier(desk, records)
    this.#height = desk.sessions.height()
    this.#followed = this.#height
    this.#news = new SessionNews(desk.sessions, this.#height)
  }

  /** Follows the ledger, up to a height before it resolves, and goes on with what was to be carried. Throws what ends the following. */
  async resume(upTo = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      if (this.#followed >= upTo) resolve()
      else this.#reaching.push({ height: upTo, resolve })
      this.#following = this.#follow().catch((error: unknown) => {
        reject(error)
        if (!this.#closing.signal.aborted) this.#desk.stopOn(error)
      })
    })
    await this.carrier.resume()
  }

  /** Height up to which the ledger's session records are known. */
  get height(): number {
    return this.#followed
  }

  /** What changed of a party's sessions. Throws `rate_limited`. */
  news(party: Uint8Array, request: NewsRequest): Promise<SessionNewsPage> {
    return this.#news.read(party, request)
  }

  /** Has a session opened that is kept, and resolves once the ledger has, whoever carried it there. Throws the ledger's refusal. */
  async opened(session: Digest): Promise<void> {
    const told = this.#told(session)
    const carried = this.carrier.carry({ session, claim: undefined }).then(
      () => told,
      error => {
        if (error instanceof MupibError && error.code === 'already_known') return told
        throw error
      },
    )
    for (const each of [told, carried]) each.catch(() => {})
    await Promise.race([told, carried])
  }

  /** Resolves once the ledger has told how a session stands. */
  async #told(session: Digest): Promise<void> {
    while (!this.#desk.sessions.file(session)?.standing) {
      if (this.#closing.signal.aborted) throw stoppedError()
      await new Promise<void>(resolve => {
        this.#waiting.set(session, (this.#waiting.get(session) ?? new Set()).add(resolve))
      })
    }
  }

  #wake(session: Digest): void {
    const waiting = this.#waiting.get(session)
    this.#waiting.delete(session)
    for (const resolve of waiting ?? []) resolve()
  }

  /**
   * Carries a claim to the ledger, and resolves with its certified answer; on a session that is kept, or on any whose terms are given.
   * Throws `not_found`, `bad_signature`, `bad_proof`, `conflict`, and the ledger's refusal.
   */
  async close(session: Digest, claim: SessionClaim, terms?: SessionTerms): Promise<RecordAnswer> {
    const file = this.#desk.sessions.file(session)
    if (terms) checkNamed(session, terms)
    const known = file?.terms ?? terms
    if (!known) throw new MupibError('not_found', `no session ${session} is kept here`, { hint: 'give its terms' })
    const ruledOut = file?.standing && ruledOutBy({ terms: known, standing: file.standing }, claim)
    if (ruledOut) throw new MupibError(ruledOut, `the ledger has decided otherwise: ${ruledOut}`, { session })
    const unproved = proofRefusal({ session, terms: known }, claim)
    if (unproved) throw new MupibError(unproved, `the claim does not hold: ${unproved}`, { field: 'claim' })
    return (await this.carrier.carry({ session, claim })).answer
  }

  /** Throws `not_found`. */
  show(session: Digest): SessionShown {
    const { sessions } = this.#desk
    const file = sessions.file(session)
    if (!file) throw new MupibError('not_found', `no session ${session} is kept here`)
    const proofs: Partial<Record<SessionState, RecordAnswer>> = {}
    for (const state of sessionStates) {
      const answer = sessions.proof(session, state)
      if (answer) proofs[state] = answer
    }
    return { ...file, proofs }
  }

  /** The ledger decided a record of the own streams. */
  async decided(
    kind: SessionKind,
    number: number,
    { answer }: KeptAnswer,
    operations: readonly WriteOp[],
  ): Promise<void> {
    const done = this.carrier.decided(this.#desk.records.record(kind, number)!)
    const { session } = decodeRecordVerdict(answer.recordLeaf)
    await this.#learn(session ? [{ standing: session, answer }] : [], new Map(), [...operations, done])
  }

  /** The ledger refused a record of the own streams, and with it those after it, which are carried again. */
  async voided(
    kind: SessionKind,
    numbers: readonly number[],
    refused: Refused,
    operations: readonly WriteOp[],
  ): Promise<void> {
    const signed = this.#desk.records.record(kind, numbers[0]!)!
    const { session } = carriedBy(signed)
    await this.#desk.books.run(async () => {
      // a number that is another record's says nothing of this one
      if (refused.refusal === 'number_used') return this.#owner.write([], operations)
      const { sessions } = this.#desk
      const before = sessions.file(session)
      const step = before && this.#owner.refused(signed.record, before, refused)
      const kept = step ? sessions.putFile(step.file, before) : []
      const done = this.carrier.refused(signed, refused.refusal)
      await this.#owner.write(step ? [{ ...step, before }] : [], [...operations, ...kept, ...done])
    })
    this.#wake(session)
  }

  /** Writes what the ledger certified, each step once, together with the given operations and the sessions that are taken up. */
  async #learn(
    certified: readonly Certified[],
    takenUp: ReadonlyMap<Digest, SessionFile>,
    operations: readonly WriteOp[],
  ): Promise<Set<string>> {
    const parties = new Set<string>()
    await this.#desk.books.run(async () => {
      const { sessions, log } = this.#desk
      const changes = new Map<Digest, SessionChange>()
      const proofs: WriteOp[] = []
      for (const { standing, answer } of certified) {
        const { session } = standing
        const before = sessions.file(session)
        const file = changes.get(session)?.file ?? before ?? takenUp.get(session)
        if (!file) continue
        for (const party of partiesOf(file)) parties.add(party)
        const step = learn(file, standing)
        if (step === 'contradiction') log({ kind: 'contradiction', session, what: 'certified against what was before' })
        if (!step || step === 'contradiction') continue
        const place = { height: decodeHeader(answer.header).height, index: answer.leafIndex }
        changes.set(session, { ...step, file: { ...step.file, place }, before })
        proofs.push(sessions.putProof(session, standing.state, answer))
      }
      const kept = [...changes.values()].flatMap(({ file, before }) => sessions.putFile(file, before))
      await this.#owner.write([...changes.values()], [...operations, ...kept, ...proofs])
    })
    for (const { standing } of certified) this.#wake(standing.session)
    return parties
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    for await (const batch of this.#client.follow(this.#height + 1, sessionKinds, signal)) {
      const certified = batch.answers.flatMap(({ verdict, answer }): Certified[] =>
        verdict.session ? [{ standing: verdict.session, answer }] : [],
      )
      const takenUp = await this.#takeUp(batch)
      const isKept = ({ standing: { session } }: Certified): boolean =>
        takenUp.has(session) || this.#desk.sessions.file(session) !== undefined
      const kept = certified.filter(isKept)
      let parties: Iterable<string> = []
      // a height that was not written is followed once more after a restart: nothing comes of it (E4)
      if (kept.length > 0 || batch.height >= this.#height + heightsUnwritten) {
        parties = await this.#learn(kept, takenUp, [this.#desk.sessions.putHeight(batch.height)])
        this.#height = batch.height
      }
      this.#reached(batch.height, parties)
    }
  }

  #reached(height: number, parties: Iterable<string>): void {
    this.#followed = height
    this.#news.reached(height, parties)
    for (const { height: awaited, resolve } of this.#reaching) if (awaited <= height) resolve()
  }

  /** Openings of which nothing is kept, as far as they are the owner's. */
  async #takeUp({ answers }: FollowedBatch): Promise<Map<Digest, SessionFile>> {
    const unknown = answers.filter(
      ({ verdict: { kind, session } }) =>
        kind === 'sessionOpen' && session && this.#desk.sessions.file(session.session) === undefined,
    )
    const records = await decidedRecords(
      unknown.map(({ digest }) => digest),
      {
        client: this.#client,
        signal: this.#closing.signal,
        onMissing: ({ message }) => this.#desk.log({ kind: 'session_missing', message }),
      },
    )
    const files = records.flatMap(record => {
      if (record.kind !== 'sessionOpen') return []
      const file = this.#owner.takeUp(sessionDigest(record.terms), record)
      return file ? [[file.session, file] as const] : []
    })
    return new Map(files)
  }

  /** Learns no more; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#closing.abort()
    this.#news.close()
    for (const session of [...this.#waiting.keys()]) this.#wake(session)
    await this.#following
  }
}
