// The records of a bank or an auditor on the ledger, in streams of its own: numbered, submitted, and settled in the order of their numbers. Each is
// persisted before it is submitted, and found again after a crash. The rules of a stream stand in stream.ts.
import type { LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { LedgerRecord, SignedRecord } from '../../proto/records.ts'
import type { Refusal } from '../../proto/verdict.ts'
import type { KeptAnswer, OwnRecordStore, StreamKind } from './own-record-store.ts'
import {
  appendToStream,
  checkAgainstLedger,
  type Head,
  nextInStream,
  type OwnStream,
  settleInStream,
} from './stream.ts'
import type { Turn } from './turn.ts'

/** What goes into the books with a decision: each writes the given operations together with its own. */
export interface Settlement<K> {
  decided(kind: K, number: number, kept: KeptAnswer, operations: readonly WriteOp[]): Promise<void>
  /** Records that never will be on the ledger, in order: the first was refused, and the rest with it. */
  voided(kind: K, numbers: readonly number[], refused: Refused, operations: readonly WriteOp[]): Promise<void>
}

export interface Refused {
  readonly refusal: Refusal
  /** Time of the ledger block that refused it, in milliseconds; 0 where the number turned out to be another record's. */
  readonly time: number
}

/** What own records need of whose they are. */
export interface OwnRecordsParts<K extends StreamKind> {
  readonly client: LedgerClient
  readonly store: OwnRecordStore<K>
  /** Where the streams change. */
  readonly turns: Turn
  readonly settlement: Settlement<K>
  readonly write: (operations: readonly WriteOp[]) => Promise<void>
  readonly log: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
}

export class OwnRecords<K extends StreamKind> {
  readonly #parts: OwnRecordsParts<K>
  readonly #streams: Record<K, OwnStream>
  /** Submitted and not settled. By digest, since a refused record's number is given out anew while answers to those after it are on their way. */
  readonly #deciding = new Map<Digest, Promise<KeptAnswer>>()

  constructor(streams: Readonly<Record<K, OwnStream>>, parts: OwnRecordsParts<K>) {
    this.#streams = { ...streams }
    this.#parts = parts
  }

  stream(kind: K): OwnStream {
    return this.#streams[kind]
  }

  /** Holds the streams to the ledger. With `recover` an old copy of a store goes on from the ledger's head. Throws `store_behind`. */
  async resume(recover: boolean): Promise<void> {
    const kinds = Object.keys(this.#streams) as K[]
    const heads = await Promise.all(kinds.map(kind => this.#parts.client.streamHead(kind)))
    for (const [i, kind] of kinds.entries()) {
      if (recover) await this.#goOnFrom(kind, heads[i]!)
      checkAgainstLedger(this.#streams[kind], heads[i]!, `${kind} records that were signed here`)
    }
  }

  /** Takes the ledger's head for the own one where it is further: what is open was decided, or its number is another record's. */
  async #goOnFrom(kind: K, head: Head): Promise<void> {
    const { open } = this.#streams[kind]
    if (head.number < nextInStream(this.#streams[kind]).number) return
    for (const { number, digest } of open) {
      const found = await this.#parts.client.lookUp(digest)
      if (!found || found.verdict.refusal !== undefined) break
      await this.#settle(kind, number, found)
    }
    const rest = this.#streams[kind].open.map(({ number }) => number)
    if (rest.length > 0) await this.#void(kind, rest, { refusal: 'number_used', time: 0 })
    const found = await this.#parts.client.lookUp(head.digest)
    // so that the next start finds the stream where this one leaves it
    if (found) await this.#parts.write([this.#parts.store.putAnswer(kind, head.number, found)])
    this.#streams[kind] = { decided: head, open: [] }
  }

  #void(kind: K, numbers: readonly number[], refused: Refused): Promise<void> {
    const { settlement, store } = this.#parts
    return settlement.voided(
      kind,
      numbers,
      refused,
      numbers.map(number => store.forget(kind, number)),
    )
  }

  /** Number and predecessor of the next record. In a turn of the streams, up to `append`. */
  next(kind: K): ReturnType<typeof nextInStream> {
    return nextInStream(this.#streams[kind])
  }

  /** A record with the next number was persisted. */
  append(kind: K, record: SignedRecord<LedgerRecord>): void {
    this.#streams[kind] = appendToStream(this.#streams[kind], record.digest)
  }

  /** Submits what is open of a kind, up to a number, once each; what becomes of it by number. */
  submitOpen(kind: K, upTo = Number.POSITIVE_INFINITY): Map<number, Promise<KeptAnswer>> {
    const open = this.#streams[kind].open.filter(({ number }) => number <= upTo)
    return new Map(open.map(({ number }) => [number, this.submit(kind, number)]))
  }

  /** Submits an open record once, and keeps the answer. Answers come in any order and are settled in the order of numbers. */
  submit(kind: K, number: number): Promise<KeptAnswer> {
    const { client, store, turns } = this.#parts
    const { decided: last, open } = this.#streams[kind]
    const at = number - last.number - 1
    const digest = open[at]?.digest
    if (digest === undefined) throw new MupibError('bug', `${kind} ${number} is to be submitted and not open`)
    const known = this.#deciding.get(digest)
    if (known) return known
    const record = store.record(kind, number)
    if (record?.digest !== digest) throw new MupibError('bug', `${kind} ${number} is open and not stored`)
    const previous = open[at - 1]
    const before = previous && this.#deciding.get(previous.digest)?.catch(() => {})
    const decided = client.submit(record).then(async answer => {
      await before
      return turns.run(() => this.#settle(kind, number, answer))
    })
    this.#deciding.set(digest, decided)
    const forget = (): void => void this.#deciding.delete(digest)
    decided.then(forget, forget)
    return decided
  }

  async #settle(kind: K, number: number, answered: VerifiedAnswer): Promise<KeptAnswer> {
    const { digest, verdict, answer, time } = answered
    const { settlement, store, log } = this.#parts
    const own = this.#streams[kind]
    if (verdict.refusal !== undefined) {
      // what follows a refused record is refused with it: the first of them voids the rest
      if (own.open.some(head => head.digest === digest)) {
        const { stream, voided } = settleInStream(own, digest, true)
        await this.#void(
          kind,
          voided.map(head => head.number),
          { refusal: verdict.refusal, time },
        )
        this.#streams[kind] = stream
      }
      log({ kind: 'refused', record: digest, number, refusal: verdict.refusal })
      throw new MupibError(verdict.refusal, `the ledger refused ${kind} ${number}: ${verdict.refusal}`)
    }
    const kept: KeptAnswer = { digest, answer }
    await settlement.decided(kind, number, kept, [store.putAnswer(kind, number, kept)])
    this.#streams[kind] = settleInStream(own, digest, false).stream
    return kept
  }
}
