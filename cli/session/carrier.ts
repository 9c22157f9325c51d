// Carries session records to the ledger in the own streams of a bank or an auditor. What is to be carried is persisted first; a record that was refused
// only because the one before it was, is made anew.
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type SessionClose, type SessionOpen, type SignedRecord, signRecord } from '../../proto/records.ts'
import { encodeClaim } from '../../proto/session/claims.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import type { Refusal } from '../../proto/verdict.ts'
import type { ActorHome } from '../common/actor-home.ts'
import type { KeptAnswer } from '../common/own-record-store.ts'
import type { Head, OwnStream } from '../common/stream.ts'
import type { Turn } from '../common/turn.ts'
import type { Carried, SessionStore } from './store.ts'

export const sessionKinds = ['sessionOpen', 'sessionClose'] as const
export type SessionKind = (typeof sessionKinds)[number]
export type SessionRecord = SignedRecord<SessionOpen | SessionClose>

/** What carrying needs of whoever carries. */
export interface CarrierDesk {
  readonly home: Pick<ActorHome, 'network' | 'fingerprint' | 'key'>
  readonly sessions: SessionStore
  readonly records: {
    record(kind: SessionKind, number: number): SessionRecord | undefined
    putRecord(record: SessionRecord): WriteOp
  }
  /** Where the own streams change. */
  readonly streams: Turn
  write(operations: readonly WriteOp[]): Promise<void>
}

/** The own streams of session records, as OwnRecords has them. */
export interface SessionStreams {
  stream(kind: SessionKind): OwnStream
  next(kind: SessionKind): { readonly number: number; readonly previous: Head['digest'] }
  append(kind: SessionKind, record: SessionRecord): void
  submit(kind: SessionKind, number: number): Promise<KeptAnswer>
}

/** The kind of record that carries it. */
export const kindOf = ({ claim }: Carried): SessionKind => (claim ? 'sessionClose' : 'sessionOpen')
/** What tells one wish from another. */
export const nameOf = ({ session, claim }: Carried): string => `${session}/${claim ? toHex(encodeClaim(claim)) : ''}`

/** Refusals that pass by themselves: what was refused so may be right later, and comes as another attempt (C14). */
const passing: readonly Refusal[] = ['too_early', 'not_found', 'unknown_signer']

/** What a record of the own stream was made for. */
export function carriedBy({ record }: SessionRecord): Carried {
  if (record.kind === 'sessionOpen') return { session: sessionDigest(record.terms), claim: undefined }
  return { session: record.session, claim: record.claim }
}

export class SessionCarrier {
  readonly #desk: CarrierDesk
  readonly #records: SessionStreams
  readonly #carrying = new Map<string, Promise<KeptAnswer>>()

  constructor(desk: CarrierDesk, records: SessionStreams) {
    this.#desk = desk
    this.#records = records
  }

  /** How many records are under way. */
  get size(): number {
    return this.#carrying.size
  }

  /** Goes on with everything that was to be carried. Nobody waits for it: what becomes of it is in the books. */
  async resume(): Promise<void> {
    const numbers = new Map<string, number>()
    for (const kind of sessionKinds)
      for (const { number } of this.#records.stream(kind).open)
        numbers.set(nameOf(carriedBy(this.#desk.records.record(kind, number)!)), number)
    for (const wish of await this.#desk.sessions.wishes())
      if (wish.isOpen) this.#start(wish, numbers.get(nameOf(wish))).catch(() => {})
  }

  /** That something is to be carried, to be written before it is. */
  wish(carried: Carried): WriteOp {
    const { sessions } = this.#desk
    const attempts = sessions.wish(carried)?.attempts ?? sessions.firstAttempt()
    return sessions.putWish({ ...carried, attempts, isOpen: true })
  }

  /**
   * Persists that it is to be carried, and carries until the ledger has decided or refused it; once, however often it is asked for. Throws
   * the ledger's refusal, and `stopped`.
   */
  async carry(carried: Carried): Promise<KeptAnswer> {
    const known = this.#carrying.get(nameOf(carried))
    if (known) return known
    if (!this.#desk.sessions.wish(carried)?.isOpen) await this.#desk.write([this.wish(carried)])
    return this.#start(carried)
  }

  #start(carried: Carried, number?: number): Promise<KeptAnswer> {
    const name = nameOf(carried)
    const known = this.#carrying.get(name)
    if (known) return known
    const carrying = this.#carryOn(carried, number)
    this.#carrying.set(name, carrying)
    const forget = (): void => void this.#carrying.delete(name)
    carrying.then(forget, forget)
    return carrying
  }

  async #carryOn(carried: Carried, made: number | undefined): Promise<KeptAnswer> {
    const kind = kindOf(carried)
    for (let number = made; ; number = undefined) {
      try {
        const { decided } = await this.#desk.streams.run(async () => {
          const there = number === undefined ? undefined : this.#desk.records.record(kind, number)
          const isMadeForIt = there !== undefined && nameOf(carriedBy(there)) === nameOf(carried)
          const own = isMadeForIt ? there.record.number : await this.#make(carried)
          return { decided: this.#records.submit(kind, own) }
        })
        return await decided
      } catch (error) {
        // the record before it was refused, and its own number is given out anew
        if (!(error instanceof MupibError) || error.code !== 'previous_mismatch') throw error
      }
    }
  }

  async #make(carried: Carried): Promise<number> {
    const { home, sessions, records } = this.#desk
    const kind = kindOf(carried)
    const attempt = sessions.wish(carried)?.attempts ?? 0
    const { number, previous } = this.#records.next(kind)
    const heading = { network: home.network, signer: home.fingerprint, number, previous }
    const { session, claim } = carried
    const record: SessionRecord = claim
      ? signRecord({ kind: 'sessionClose', ...heading, session, attempt, claim }, home.key)
      : signRecord({ kind: 'sessionOpen', ...heading, attempt, ...this.#opening(session) }, home.key)
    const wish = sessions.putWish({ ...carried, attempts: attempt + 1, isOpen: true })
    await this.#desk.write([records.putRecord(record), wish])
    this.#records.append(kind, record)
    return number
  }

  #opening(session: string): Pick<SessionOpen, 'signatures'> & { readonly terms: SessionTerms } {
    const file = this.#desk.sessions.file(session)
    if (!file) throw new MupibError('bug', `session ${session} is to be opened and not stored`)
    return { terms: file.terms, signatures: file.signatures }
  }

  /** The wish of a record that was decided is fulfilled. */
  decided(record: SessionRecord): WriteOp {
    return this.#desk.sessions.dropWish(carriedBy(record))
  }

  /**
   * The wish of a record that was refused is at an end, and the attempt remembered where another one may do: with the wish where the session is
   * kept, else for all at once, since anybody can ask for claims on sessions that do not exist.
   */
  refused(record: SessionRecord, refusal: Refusal): readonly WriteOp[] {
    const { sessions } = this.#desk
    const carried = carriedBy(record)
    const wish = sessions.wish(carried)
    const dropped = sessions.dropWish(carried)
    if (!wish || !passing.includes(refusal)) return [dropped]
    if (sessions.file(carried.session)) return [sessions.putWish({ ...wish, isOpen: false })]
    return [dropped, sessions.putFirstAttempt(Math.max(sessions.firstAttempt(), wish.attempts))]
  }
}
