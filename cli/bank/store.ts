// What a bank keeps: every publication with its tokens' signatures, every return, and what the ledger answered to each.

import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type Publication, type Return, type SignedRecord } from '../../proto/records.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import { emptyStream, type OwnStream } from '../common/stream.ts'
import type { HolderShare } from './rules.ts'

/** A publication as it was issued. */
export interface Issued {
  readonly record: SignedRecord<Publication>
  readonly shares: readonly HolderShare[]
  /** The bank's signature on each token, one after the other. */
  readonly signatures: Uint8Array
}

/** An answer that was verified when it came. */
export interface KeptAnswer {
  readonly digest: Digest
  readonly answer: RecordAnswer
}

const sharesMax = limits.publicationTokens

function encodeIssued({ record, shares, signatures }: Issued): Uint8Array {
  const writer = new Writer(record.bytes.length + signatures.length + shares.length * 40 + 16)
    .bytes(record.bytes)
    .u32(shares.length)
  for (const { holder, start, count } of shares) writer.fixed(holder, 32).u32(start).u32(count)
  return writer.bytes(signatures).finish()
}

function decodeIssued(bytes: Uint8Array): Issued {
  const reader = new Reader(bytes)
  const record = decodeRecord(reader.bytes(limits.recordBytes)) as SignedRecord<Publication>
  const count = reader.count(sharesMax)
  const shares: HolderShare[] = []
  for (let i = 0; i < count; i++) shares.push({ holder: reader.fixed(32), start: reader.u32(), count: reader.u32() })
  const signatures = reader.bytes(limits.publicationTokens * signatureBytes)
  reader.end()
  return { record, shares, signatures }
}

function encodeKept({ digest, answer }: KeptAnswer): Uint8Array {
  return new Writer(256).digest(digest).bytes(encodeRecordAnswer(answer)).finish()
}

function decodeKept(bytes: Uint8Array): KeptAnswer {
  const reader = new Reader(bytes)
  const kept = { digest: reader.digest(), answer: decodeRecordAnswer(reader.bytes(limits.clientFrameBytes)) }
  reader.end()
  return kept
}

type Kind = 'publication' | 'return'
const answerPrefixes = { publication: actorPrefixes.publicationAnswer, return: actorPrefixes.returnAnswer } as const

export class BankStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  write(operations: readonly WriteOp[]): Promise<void> {
    return this.#database.write(operations, { sync: true })
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  publication(number: number): Issued | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.publication, number))
    return row && decodeIssued(row)
  }

  return(number: number): SignedRecord<Return> | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.return, number))
    return row && (decodeRecord(row) as SignedRecord<Return>)
  }

  answer(kind: Kind, number: number): KeptAnswer | undefined {
    const row = this.#database.get(actorKey(answerPrefixes[kind], number))
    return row && decodeKept(row)
  }

  /** Number up to which publications are to be submitted. */
  publishUpTo(): number {
    const row = this.#database.get(actorKey(actorPrefixes.publishUpTo))
    return row ? new Reader(row).u64() : 0
  }

  putPublication(issued: Issued): WriteOp {
    const key = actorKey(actorPrefixes.publication, issued.record.record.number)
    return { type: 'put', key, value: encodeIssued(issued) }
  }

  putReturn(record: SignedRecord<Return>): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.return, record.record.number), value: record.bytes }
  }

  putAnswer(kind: Kind, number: number, kept: KeptAnswer): WriteOp {
    return { type: 'put', key: actorKey(answerPrefixes[kind], number), value: encodeKept(kept) }
  }

  /** A number that the ledger refused: it is given out anew. */
  forget(kind: Kind, number: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes[kind], number) }
  }

  putPublishUpTo(number: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.publishUpTo), value: new Writer(8).u64(number).finish() }
  }

  /** Numbers of all publications or returns, ascending. */
  async numbers(kind: Kind): Promise<number[]> {
    const numbers: number[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes[kind]))) numbers.push(numberOfKey(key))
    return numbers
  }

  /** Where a stream stands. What was decided was decided in order, so the newest answer marks the place. */
  async stream(kind: Kind): Promise<OwnStream> {
    let stream = emptyStream
    for await (const [key, row] of this.#database.iterate({
      ...actorRange(answerPrefixes[kind]),
      reverse: true,
      limit: 1,
    }))
      stream = { decided: { number: numberOfKey(key), digest: decodeKept(row).digest }, open: [] }
    const first = actorKey(actorPrefixes[kind], stream.decided.number + 1)
    const open: OwnStream['open'][number][] = []
    for await (const [key, row] of this.#database.iterate({ gte: first, lt: actorRange(actorPrefixes[kind]).lt })) {
      const { digest } = kind === 'publication' ? decodeIssued(row).record : decodeRecord(row)
      open.push({ number: numberOfKey(key), digest })
    }
    return { ...stream, open }
  }
}
