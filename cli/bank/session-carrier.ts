// Carries session records to the ledger in the bank's own streams. What is to be carried is persisted first; a record that was refused only
// because the one before it was, is made anew.
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { type SessionClose, type SessionOpen, type SignedRecord, signRecord } from '../../proto/records.ts'
import { encodeClaim } from '../../proto/session/claims.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import type { Desk } from './desk.ts'
import type { OwnRecords } from './own-records.ts'
import type { SessionWish } from './session-store.ts'
import type { KeptAnswer } from './store.ts'

/** What a session record is about: an opening where it holds no claim. */
export type Carried = Omit<SessionWish, 'attempts'>
type SessionKind = 'sessionOpen' | 'sessionClose'

const kindOf = ({ claim }: Carried): SessionKind => (claim ? 'sessionClose' : 'sessionOpen')
const nameOf = ({ session, claim }: Carried): string => `${session}/${claim ? toHex(encodeClaim(claim)) : ''}`

/** What a record of the own stream was made for. */
export function carriedBy({ record }: SignedRecord<SessionOpen | SessionClose>): Carried {
  if (record.kind === 'sessionOpen') return { session: sessionDigest(record.terms), claim: undefined }
  return { session: record.session, claim: record.claim }
}

export class SessionCarrier {
  readonly #desk: Desk
  readonly #records: OwnRecords
  readonly #carrying = new Map<string, Promise<KeptAnswer>>()

  constructor(desk: Desk, records: OwnRecords) {
    this.#desk = desk
    this.#records = records
  }

  /** Goes on with everything that was to be carried. Nobody waits for it: what becomes of it is in the books. */
  async resume(): Promise<void> {
    const numbers = new Map<string, number>()
    for (const kind of ['sessionOpen', 'sessionClose'] as const)
      for (const { number } of this.#records.stream(kind).open)
        numbers.set(nameOf(carriedBy(this.#desk.tokens.sessionRecord(kind, number)!)), number)
    for (const wish of await this.#desk.sessions.wishes()) this.carry(wish, numbers.get(nameOf(wish))).catch(() => {})
  }

  /**
   * Carries until the ledger has decided or refused it; once, however often it is asked for. The wish was persisted. Throws the ledger's
   * refusal, and `stopped`.
   */
  carry(wish: Carried, number?: number): Promise<KeptAnswer> {
    const name = nameOf(wish)
    const known = this.#carrying.get(name)
    if (known) return known
    const carried = this.#carryOn(wish, number)
    this.#carrying.set(name, carried)
    const forget = (): void => void this.#carrying.delete(name)
    carried.then(forget, forget)
    return carried
  }

  async #carryOn(wish: Carried, made: number | undefined): Promise<KeptAnswer> {
    const kind = kindOf(wish)
    for (let number = made; ; number = undefined) {
      try {
        const { decided } = await this.#desk.streams.run(async () => {
          const isThere = number !== undefined && this.#desk.tokens.sessionRecord(kind, number) !== undefined
          return { decided: this.#records.submit(kind, isThere ? number! : await this.#make(wish)) }
        })
        return await decided
      } catch (error) {
        // the record before it was refused, and its own number is given out anew
        if (!(error instanceof MupibError) || error.code !== 'previous_mismatch') throw error
      }
    }
  }

  async #make(carried: Carried): Promise<number> {
    const { home, sessions, tokens } = this.#desk
    const kind = kindOf(carried)
    const attempt = sessions.wish(carried)?.attempts ?? 0
    const { number, previous } = this.#records.next(kind)
    const heading = { network: home.network, signer: home.fingerprint, number, previous }
    const { session, claim } = carried
    const record: SignedRecord<SessionOpen | SessionClose> = claim
      ? signRecord({ kind: 'sessionClose', ...heading, session, attempt, claim }, home.key)
      : signRecord({ kind: 'sessionOpen', ...heading, attempt, ...this.#opening(session) }, home.key)
    await this.#desk.write([tokens.putRecord(record), sessions.putWish({ ...carried, attempts: attempt + 1 })])
    this.#records.append(kind, record)
    return number
  }

  #opening(session: string): Pick<SessionOpen, 'signatures'> & { readonly terms: SessionTerms } {
    const file = this.#desk.sessions.file(session)
    if (!file) throw new MupibError('bug', `session ${session} is to be opened and not stored`)
    return { terms: file.terms, signatures: file.signatures }
  }

  /** The wish of a record that was decided, or refused for good, is fulfilled. */
  done(record: SignedRecord<SessionOpen | SessionClose>): WriteOp {
    return this.#desk.sessions.dropWish(carriedBy(record))
  }
}
