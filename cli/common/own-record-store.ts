// What a bank or an auditor keeps of its own streams: each record by its number, and what the ledger answered to it.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type LedgerRecord, type RecordKind, type SignedRecord } from '../../proto/records.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from './store-keys.ts'
import { emptyStream, type OwnStream } from './stream.ts'

/** An answer that was verified when it came. */
export interface KeptAnswer {
  readonly digest: Digest
  readonly answer: RecordAnswer
}

/** Kinds that have a stream of their own here; token blocks have one for each user. */
export type StreamKind = 'publication' | 'return' | 'sessionOpen' | 'sessionClose'

type RecordOf<K extends RecordKind> = SignedRecord<Extract<LedgerRecord, { kind: K }>>

const answerPrefixes = {
  publication: actorPrefixes.publicationAnswer,
  return: actorPrefixes.returnAnswer,
  sessionOpen: actorPrefixes.sessionOpenAnswer,
  sessionClose: actorPrefixes.sessionCloseAnswer,
} as const satisfies Record<StreamKind, number>

function encodeKept({ digest, answer }: KeptAnswer): Uint8Array {
  return new Writer(256).digest(digest).bytes(encodeRecordAnswer(answer)).finish()
}

function decodeKept(bytes: Uint8Array): KeptAnswer {
  const reader = new Reader(bytes)
  const kept = { digest: reader.digest(), answer: decodeRecordAnswer(reader.bytes(limits.clientFrameBytes)) }
  reader.end()
  return kept
}

export class OwnRecordStore<K extends StreamKind> {
  readonly #database: Database
  readonly #recordIn: (row: Uint8Array, kind: K) => SignedRecord

  /** `recordIn` reads a record from its row, where more than the record stands there. */
  constructor(database: Database, recordIn: (row: Uint8Array, kind: K) => SignedRecord = decodeRecord) {
    this.#database = database
    this.#recordIn = recordIn
  }

  record<T extends K>(kind: T, number: number): RecordOf<T> | undefined {
    const row = this.#database.get(actorKey(actorPrefixes[kind], number))
    return row && (this.#recordIn(row, kind) as RecordOf<T>)
  }

  /** A record whose row is its bytes. */
  putRecord({
    record,
    bytes,
  }: SignedRecord<Extract<LedgerRecord, { kind: Exclude<StreamKind, 'publication'> }>>): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes[record.kind], record.number), value: bytes }
  }

  answer(kind: K, number: number): KeptAnswer | undefined {
    const row = this.#database.get(actorKey(answerPrefixes[kind], number))
    return row && decodeKept(row)
  }

  putAnswer(kind: K, number: number, kept: KeptAnswer): WriteOp {
    return { type: 'put', key: actorKey(answerPrefixes[kind], number), value: encodeKept(kept) }
  }

  /** A number that the ledger refused: it is given out anew. */
  forget(kind: K, number: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes[kind], number) }
  }

  /** Numbers of all records of a kind, ascending. */
  async numbers(kind: K): Promise<number[]> {
    const numbers: number[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes[kind]))) numbers.push(numberOfKey(key))
    return numbers
  }

  /** Where streams stand. What was decided was decided in order, so the newest answer marks the place. */
  async streams(kinds: readonly K[]): Promise<Record<K, OwnStream>> {
    const streams = await Promise.all(kinds.map(async kind => [kind, await this.#stream(kind)] as const))
    return Object.fromEntries(streams) as Record<K, OwnStream>
  }

  async #stream(kind: K): Promise<OwnStream> {
    let stream = emptyStream
    const newest = { ...actorRange(answerPrefixes[kind]), reverse: true, limit: 1 }
    for await (const [key, row] of this.#database.iterate(newest))
      stream = { decided: { number: numberOfKey(key), digest: decodeKept(row).digest }, open: [] }
    const first = actorKey(actorPrefixes[kind], stream.decided.number + 1)
    const open: OwnStream['open'][number][] = []
    for await (const [key, row] of this.#database.iterate({ gte: first, lt: actorRange(actorPrefixes[kind]).lt }))
      open.push({ number: numberOfKey(key), digest: this.#recordIn(row, kind).digest })
    return { ...stream, open }
  }
}
