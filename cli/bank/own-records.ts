// The bank's records on the ledger, publications, returns and what it carries of sessions: numbered, submitted, and settled in the order of their numbers. Each is
// persisted before it is submitted, and found again after a crash.
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { MupibError } from '../../proto/errors.ts'
import type { LedgerRecord, SignedRecord } from '../../proto/records.ts'
import type { Refusal } from '../../proto/verdict.ts'
import {
  appendToStream,
  checkAgainstLedger,
  type Head,
  nextInStream,
  type OwnStream,
  settleInStream,
} from '../common/stream.ts'
import type { Desk } from './desk.ts'
import { type KeptAnswer, type RecordStream, recordStreams } from './store.ts'

/** What goes into the books with a decision: each writes the given operations together with its own. */
export interface Settlement {
  decided(kind: RecordStream, number: number, kept: KeptAnswer, operations: readonly WriteOp[]): Promise<void>
  /** Records that never will be on the ledger, in order: the first was refused, and the rest with it. */
  voided(
    kind: RecordStream,
    numbers: readonly number[],
    refused: Refused,
    operations: readonly WriteOp[],
  ): Promise<void>
}

export interface Refused {
  readonly refusal: Refusal
  /** Time of the ledger block that refused it, in milliseconds; 0 where the number turned out to be another record's. */
  readonly time: number
}

export class OwnRecords {
  readonly #desk: Desk
  readonly #client: LedgerClient
  readonly #settlement: Settlement
  readonly #streams: Record<RecordStream, OwnStream>
  /** Submitted and not settled, by kind and number. */
  readonly #deciding = new Map<string, Promise<KeptAnswer>>()

  constructor(
    desk: Desk,
    client: LedgerClient,
    streams: Readonly<Record<RecordStream, OwnStream>>,
    settlement: Settlement,
  ) {
    this.#desk = desk
    this.#client = client
    this.#streams = { ...streams }
    this.#settlement = settlement
  }

  stream(kind: RecordStream): OwnStream {
    return this.#streams[kind]
  }

  /**
   * Holds the streams to the ledger, and submits what is open of publications (up to a number) and returns. With `recover` an old copy of
   * a store goes on from the ledger's head. Throws `store_behind`.
   */
  async resume(publishUpTo: number, recover: boolean): Promise<void> {
    const heads = await Promise.all(recordStreams.map(kind => this.#client.streamHead(kind)))
    for (const [i, kind] of recordStreams.entries()) {
      if (recover) await this.#goOnFrom(kind, heads[i]!)
      checkAgainstLedger(this.#streams[kind], heads[i]!, `${kind} records of this bank`)
    }
    for (const { number } of this.#streams.publication.open)
      if (number <= publishUpTo) void this.submit('publication', number)
    for (const { number } of this.#streams.return.open) void this.submit('return', number)
  }

  /** Takes the ledger's head for the own one where it is further: what is open was decided, or its number is another record's. */
  async #goOnFrom(kind: RecordStream, head: Head): Promise<void> {
    const { open } = this.#streams[kind]
    if (head.number < nextInStream(this.#streams[kind]).number) return
    for (const { number, digest } of open) {
      const found = await this.#client.lookUp(digest)
      if (!found || found.verdict.refusal !== undefined) break
      await this.#settle(kind, number, found)
    }
    const rest = this.#streams[kind].open.map(({ number }) => number)
    if (rest.length > 0)
      await this.#settlement.voided(kind, rest, { refusal: 'number_used', time: 0 }, this.#forget(kind, rest))
    this.#streams[kind] = { decided: head, open: [] }
  }

  #forget(kind: RecordStream, numbers: readonly number[]): WriteOp[] {
    return numbers.map(number => this.#desk.tokens.forget(kind, number))
  }

  /** Number and predecessor of the next record. In a turn of `streams`, up to `append`. */
  next(kind: RecordStream): ReturnType<typeof nextInStream> {
    return nextInStream(this.#streams[kind])
  }

  /** A record with the next number was persisted. */
  append(kind: RecordStream, record: SignedRecord<LedgerRecord>): void {
    this.#streams[kind] = appendToStream(this.#streams[kind], record.digest)
  }

  /** Submits every publication that is not, up to a number; resolves when all of them are final. */
  async publish(upTo: number): Promise<number[]> {
    const numbers = this.#streams.publication.open.map(({ number }) => number).filter(number => number <= upTo)
    await Promise.all(numbers.map(number => this.submit('publication', number)))
    return numbers
  }

  /** Submits once, and keeps the answer. Answers come in any order and are settled in the order of numbers. */
  submit(kind: RecordStream, number: number): Promise<KeptAnswer> {
    const name = `${kind}/${number}`
    const known = this.#deciding.get(name)
    if (known) return known
    const record = this.#record(kind, number)
    if (!record) throw new MupibError('bug', `${kind} ${number} is open and not stored`)
    const before = this.#deciding.get(`${kind}/${number - 1}`)?.catch(() => {})
    const decided = this.#client.submit(record).then(async answer => {
      await before
      return this.#desk.streams.run(() => this.#settle(kind, number, answer))
    })
    this.#deciding.set(name, decided)
    const forget = (): void => {
      if (this.#deciding.get(name) === decided) this.#deciding.delete(name)
    }
    decided.then(forget, forget)
    return decided
  }

  #record(kind: RecordStream, number: number): SignedRecord | undefined {
    const { tokens } = this.#desk
    if (kind === 'publication') return tokens.publication(number)?.record
    return kind === 'return' ? tokens.return(number) : tokens.sessionRecord(kind, number)
  }

  async #settle(kind: RecordStream, number: number, answered: VerifiedAnswer): Promise<KeptAnswer> {
    const { digest, verdict, answer, time } = answered
    const own = this.#streams[kind]
    if (verdict.refusal !== undefined) {
      // what follows a refused record is refused with it: the first of them voids the rest
      if (own.open.some(head => head.digest === digest)) {
        const { stream, voided } = settleInStream(own, digest, true)
        const numbers = voided.map(head => head.number)
        await this.#settlement.voided(kind, numbers, { refusal: verdict.refusal, time }, this.#forget(kind, numbers))
        this.#streams[kind] = stream
      }
      this.#desk.log({ kind: 'refused', record: digest, number, refusal: verdict.refusal })
      throw new MupibError(verdict.refusal, `the ledger refused ${kind} ${number}: ${verdict.refusal}`)
    }
    const kept: KeptAnswer = { digest, answer }
    await this.#settlement.decided(kind, number, kept, [this.#desk.tokens.putAnswer(kind, number, kept)])
    this.#streams[kind] = settleInStream(own, digest, false).stream
    return kept
  }
}
