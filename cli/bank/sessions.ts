// Sessions at the bank: it holds a client's escrow, opens and closes sessions on the ledger for the parties, and pays out what the ledger
// certifies, whoever carried it there. Rules E1 to E4 stand in session-rules.ts.
import type { LedgerClient } from '../../node/client/types.ts'
import { proofRefusal } from '../../node/ledger/sessions.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createAmount } from '../../proto/money.ts'
import type { SessionClose, SessionOpen, SignedRecord } from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { type SessionTerms, sessionDigest, sessionEscrow, signSession } from '../../proto/session/terms.ts'
import { decodeRecordVerdict, type SessionStanding, type SessionState } from '../../proto/verdict.ts'
import type { RecordAnswer } from '../../proto/wire/codec.ts'
import { escrowEvent, settleEvent } from './accounts.ts'
import type { BooksDraft } from './books-draft.ts'
import type { Desk } from './desk.ts'
import { fundsError, noAccountError } from './errors.ts'
import type { OwnRecords, Refused } from './own-records.ts'
import { checkReputation } from './reputation-store.ts'
import { carriedBy, SessionCarrier } from './session-carrier.ts'
import {
  askAgainAt,
  checkNamed,
  checkOpening,
  learn,
  type OpeningRequest,
  openingRefused,
  type SessionFile,
  type SessionStep,
  signedFile,
} from './session-rules.ts'
import type { KeptAnswer } from './store.ts'

/** A session as its bank shows it. */
export interface SessionShown extends SessionFile {
  /** The ledger's answers that brought it where it is. */
  readonly proofs: Readonly<Partial<Record<SessionState, RecordAnswer>>>
}

interface Certified {
  readonly standing: SessionStanding
  readonly answer: RecordAnswer
}

type Waiter = () => void

/** The longest that one timer waits, in milliseconds: Node's own take no more than 2^31 - 1. */
const waitMsMax = 86_400_000
/** Heights that a restart may have to follow again. */
const heightsUnwritten = 256
const settle: SessionClaim = { form: 'settle' }

export class Sessions {
  readonly #desk: Desk
  readonly #client: LedgerClient
  readonly #carrier: SessionCarrier
  readonly #closing = new AbortController()
  readonly #waiting = new Map<Digest, Set<Waiter>>()
  /** Sessions of which the ledger is being asked. */
  readonly #asking = new Set<Digest>()
  #height: number
  #following: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  constructor(desk: Desk, records: OwnRecords, client: LedgerClient) {
    this.#desk = desk
    this.#client = client
    this.#carrier = new SessionCarrier(desk, records)
    this.#height = desk.sessions.height()
  }

  /** Follows the ledger, goes on with what was to be carried, and asks of what is due. */
  async resume(): Promise<void> {
    this.#following = this.#follow().catch((error: unknown) => {
      if (!this.#closing.signal.aborted) this.#desk.log({ kind: 'sessions_unfollowed', reason: String(error) })
    })
    await this.#carrier.resume()
    await this.#arm()
  }

  /**
   * Puts the client's money into escrow, signs, and has the session opened: resolves once the ledger has. The same request again gives the
   * same answer. Throws `bad_input`, `session_terms`, `bad_signature`, `too_late`, `no_account`, `wrong_role`, `blocked` (reputation),
   * `insufficient_funds`, and the ledger's refusal.
   */
  async open(request: OpeningRequest): Promise<SessionShown> {
    const session = sessionDigest(request.terms)
    const file = await this.#desk.books.run(() => this.#escrow(session, request))
    if (file.refusal !== undefined)
      throw new MupibError(file.refusal, `session ${session} never opened: ${file.refusal}`, {
        hint: 'the money went back: agree on another session',
      })
    if (!file.standing && this.#desk.sessions.wish({ session, claim: undefined })) await this.#opened(session)
    return this.show(session)
  }

  async #escrow(session: Digest, request: OpeningRequest): Promise<SessionFile> {
    const { sessions, home } = this.#desk
    const known = sessions.file(session)
    // a repeat is answered as before, however late it comes, and after the bank's certificate was renewed
    if (known) return known
    const { terms } = request
    checkOpening(request, home, Date.now())
    await this.#checkParty(terms.client, 'client')
    await this.#checkParty(terms.vendor, 'vendor')
    const signatures = { ...request.signatures, bank: signSession(session, 'bank', home.key) }
    const file = signedFile(session, terms, signatures)
    const draft = this.#desk.draft()
    const escrow = createAmount(sessionEscrow(terms))
    const posted = draft.post(
      escrowEvent({ reference: session, time: Date.now(), amount: escrow }, toHex(terms.client)),
    )
    if (!('entry' in posted)) throw fundsError(posted.balance, escrow)
    draft.add(...sessions.putFile(file, undefined), sessions.putWish({ session, claim: undefined, attempts: 0 }))
    // E1: the signature is in the file, and nobody sees it before this is on disk
    await this.#desk.write(draft.operations)
    this.#desk.log({ kind: 'session_signed', session, escrow })
    await this.#arm()
    return file
  }

  async #checkParty(key: Uint8Array, party: 'client' | 'vendor'): Promise<void> {
    const { accounts, reputations } = this.#desk
    const account = accounts.account(toHex(key))
    if (!account) throw noAccountError(toHex(key))
    const role = party === 'client' ? 'user' : 'vendor'
    if (account.role !== role)
      throw new MupibError('wrong_role', `the ${party} of a session is a ${role}, not a ${account.role}`, {
        field: party,
      })
    await checkReputation(reputations, account.key, party)
  }

  /** Resolves once the session is on the ledger. */
  async #opened(session: Digest): Promise<void> {
    try {
      await this.#carrier.carry({ session, claim: undefined })
    } catch (error) {
      // somebody else carried it: the ledger tells of it
      if (!(error instanceof MupibError) || error.code !== 'already_known') throw error
    }
    await this.#until(session, file => file.standing !== undefined)
  }

  /** Waits until what the bank learns of a session meets a condition. */
  async #until(session: Digest, isMet: (file: SessionFile) => boolean): Promise<void> {
    while (!isMet(this.#desk.sessions.file(session)!)) {
      if (this.#closing.signal.aborted) throw new MupibError('stopped', 'the bank stops')
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
   * Carries a claim to the ledger, and resolves with its certified answer; of a session of this bank, or of any whose terms are given.
   * Throws `not_found`, `bad_signature`, `bad_proof`, `conflict`, and the ledger's refusal.
   */
  async close(session: Digest, claim: SessionClaim, terms?: SessionTerms): Promise<RecordAnswer> {
    const { sessions } = this.#desk
    const file = sessions.file(session)
    if (terms) checkNamed(session, terms)
    const known = file?.terms ?? terms
    if (!known) throw new MupibError('not_found', `this bank keeps no session ${session}`, { hint: 'give its terms' })
    if (file?.standing?.state === 'settled')
      throw new MupibError('already_settled', `session ${session} is settled`, { session })
    const unproved = proofRefusal({ session, terms: known }, claim)
    if (unproved) throw new MupibError(unproved, `the claim does not hold: ${unproved}`, { field: 'claim' })
    const wish = { session, claim }
    if (!sessions.wish(wish)) await this.#desk.write([sessions.putWish({ ...wish, attempts: 0 })])
    return (await this.#carrier.carry(wish)).answer
  }

  /** Throws `not_found`. */
  show(session: Digest): SessionShown {
    const { sessions } = this.#desk
    const file = sessions.file(session)
    if (!file) throw new MupibError('not_found', `this bank keeps no session ${session}`)
    const proofs: Partial<Record<SessionState, RecordAnswer>> = {}
    for (const state of ['open', 'closing', 'settled'] as const) {
      const answer = sessions.proof(session, state)
      if (answer) proofs[state] = answer
    }
    return { ...file, proofs }
  }

  /** The ledger decided a record of the own streams. */
  async decided(
    kind: 'sessionOpen' | 'sessionClose',
    number: number,
    { answer }: KeptAnswer,
    operations: readonly WriteOp[],
  ): Promise<void> {
    const done = this.#carrier.done(this.#desk.tokens.sessionRecord(kind, number)!)
    const { session } = decodeRecordVerdict(answer.recordLeaf)
    await this.#learn(session ? [{ standing: session, answer }] : [], [...operations, done])
  }

  /** The ledger refused a record of the own streams, and with it those after it, which are carried again. */
  async voided(
    kind: 'sessionOpen' | 'sessionClose',
    numbers: readonly number[],
    { refusal, time }: Refused,
    operations: readonly WriteOp[],
  ): Promise<void> {
    const record = this.#desk.tokens.sessionRecord(kind, numbers[0]!)!
    const { session } = carriedBy(record)
    await this.#desk.books.run(async () => {
      const { sessions } = this.#desk
      const draft = this.#desk.draft()
      draft.add(...operations)
      if (refusal !== 'number_used') {
        draft.add(this.#carrier.done(record))
        const file = sessions.file(session)
        const step = file && this.#refused(record, file, { refusal, time })
        if (step) this.#take(draft, file, step)
      }
      await this.#desk.write(draft.operations)
    })
    this.#wake(session)
    await this.#arm()
  }

  /** What a refusal means for a session: its money goes back, or the bank asks again later. */
  #refused(
    { record }: SignedRecord<SessionOpen | SessionClose>,
    file: SessionFile,
    refused: Refused,
  ): SessionStep | undefined {
    const { refusal, time } = refused
    const step = record.kind === 'sessionOpen' ? openingRefused(file, refusal) : undefined
    if (step) this.#desk.log({ kind: 'session_void', session: file.session, refusal })
    const isQuestion = record.kind === 'sessionOpen' || record.claim.form === 'settle'
    if (step || !isQuestion || file.due === undefined) return step
    return { file: { ...file, due: askAgainAt(file, time, Date.now()) }, payout: undefined }
  }

  /** Books what the ledger certified, each settlement once, in one write with the given operations. */
  async #learn(certified: readonly Certified[], operations: readonly WriteOp[]): Promise<void> {
    await this.#desk.books.run(async () => {
      const draft = this.#desk.draft()
      draft.add(...operations)
      const files = new Map<Digest, SessionFile>()
      for (const { standing, answer } of certified) {
        const { session } = standing
        const file = files.get(session) ?? this.#desk.sessions.file(session)
        const step = file && learn(file, standing)
        if (!step) continue
        if (step === 'contradiction') {
          this.#desk.log({ kind: 'contradiction', session, what: 'certified against what was certified before' })
          continue
        }
        this.#take(draft, file, step)
        files.set(session, step.file)
        draft.add(this.#desk.sessions.putProof(session, standing.state, answer))
        if (standing.contestedAt !== undefined) this.#contested(draft, step.file)
      }
      await this.#desk.write(draft.operations)
    })
    for (const { standing } of certified) this.#wake(standing.session)
    if (certified.length > 0) await this.#arm()
  }

  #take(draft: BooksDraft, before: SessionFile, { file, payout }: SessionStep): void {
    draft.add(...this.#desk.sessions.putFile(file, before))
    if (!payout) return
    draft.mustPost(settleEvent({ reference: file.session, time: Date.now() }, payout))
    const { session, standing } = file
    const { paid, returned } = payout
    this.#desk.log({ kind: 'session_paid_out', session, by: standing?.by ?? 'refusal', paid, returned })
  }

  #contested(draft: BooksDraft, { session, terms }: SessionFile): void {
    const finding = { kind: 'contested_close', session, time: Date.now() } as const
    draft.add(this.#desk.reputations.put(toHex(terms.client), finding))
    this.#desk.log({ kind: 'misconduct', account: toHex(terms.client), what: finding.kind, session })
  }

  async #follow(): Promise<void> {
    const { signal } = this.#closing
    const { sessions } = this.#desk
    for await (const batch of this.#client.follow(this.#height + 1, ['sessionOpen', 'sessionClose'], signal)) {
      const certified = batch.answers.flatMap(({ verdict, answer }): Certified[] =>
        verdict.session && sessions.file(verdict.session.session) ? [{ standing: verdict.session, answer }] : [],
      )
      // a height that was not written is followed once more after a restart: nothing comes of it (E4)
      const isDue = certified.length > 0 || batch.height >= this.#height + heightsUnwritten
      if (isDue) {
        await this.#learn(certified, [sessions.putHeight(batch.height)])
        this.#height = batch.height
      }
    }
  }

  /** Waits for the next session of which the ledger has to be asked. */
  async #arm(): Promise<void> {
    let next: number | undefined
    for await (const { due, session } of this.#desk.sessions.due()) {
      if (this.#asking.has(session)) continue
      next = due
      break
    }
    clearTimeout(this.#timer)
    if (next === undefined || this.#closing.signal.aborted) return
    const waitMs = Math.min(waitMsMax, Math.max(0, next + 1 - Date.now()))
    this.#timer = setTimeout(() => void this.#askDue(), waitMs)
    this.#timer.unref()
  }

  async #askDue(): Promise<void> {
    try {
      const now = Date.now()
      for await (const { due, session } of this.#desk.sessions.due()) {
        if (due >= now) break
        if (!this.#asking.has(session)) void this.#ask(session)
      }
      await this.#arm()
    } catch (error) {
      // a write that failed stops the bank by itself
      if (!this.#closing.signal.aborted) this.#desk.log({ kind: 'sessions_unasked', reason: String(error) })
    }
  }

  /** Has the ledger say what became of a session: settled since its time is over, or never opened. */
  async #ask(session: Digest): Promise<void> {
    this.#asking.add(session)
    const { sessions } = this.#desk
    try {
      const wish = { session, claim: sessions.file(session)!.standing ? settle : undefined }
      if (!sessions.wish(wish)) await this.#desk.write([sessions.putWish({ ...wish, attempts: 0 })])
      await this.#carrier.carry(wish)
    } catch (error) {
      const code = error instanceof MupibError ? error.code : 'bug'
      if (!this.#closing.signal.aborted) this.#desk.log({ kind: 'session_unsettled', session, code })
    } finally {
      this.#asking.delete(session)
      if (!this.#closing.signal.aborted) await this.#arm().catch(() => {})
    }
  }

  /** Learns no more; resolves when nothing is written any more. */
  async stop(): Promise<void> {
    this.#closing.abort()
    clearTimeout(this.#timer)
    for (const session of [...this.#waiting.keys()]) this.#wake(session)
    await this.#following
  }
}
