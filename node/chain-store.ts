// The final chain on disk: blocks with what proves them, the records they hold, and the certified answer to each record.
import { Reader, Writer } from '../proto/bytes.ts'
import {
  type Block,
  type Certificate,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
} from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { merklePath } from '../proto/merkle.ts'
import { ofStore } from './faults.ts'
import type { Answer } from './ledger/leaves.ts'
import type { Database, WriteOp } from './store/database.ts'
import {
  answerKey,
  blockKey,
  heightByDigestKey,
  metaKey,
  numberOfKey,
  pendingRecordKey,
  prefixes,
  rangeOf,
  recordKey,
} from './store/keys.ts'

/** A final block as it is kept. */
export interface StoredBlock {
  readonly block: Block
  readonly outcome: Digest
  readonly verdictRoot: Digest
  readonly stateRoot: Digest
  /** Hash of each record's leaf, in order: the verdict root is over them. */
  readonly leafHashes: readonly Uint8Array[]
  /** Finalizes this block; undefined where a descendant's does, and for the genesis block. */
  readonly certificate: Certificate | undefined
}

/** Where a record was decided, and the leaves that say how. */
export interface StoredAnswer extends Answer {
  readonly height: number
  readonly place: number
}

const tipKey = metaKey('tip')

function encodeStored(stored: StoredBlock): Uint8Array {
  const writer = new Writer(1024)
    .bytes(encodeBlock(stored.block))
    .digest(stored.outcome)
    .digest(stored.verdictRoot)
    .digest(stored.stateRoot)
    .u32(stored.leafHashes.length)
  for (const hash of stored.leafHashes) writer.fixed(hash, 32)
  writer.boolean(stored.certificate !== undefined)
  if (stored.certificate) writer.bytes(encodeCertificate(stored.certificate))
  return writer.finish()
}

function decodeStored(bytes: Uint8Array): StoredBlock {
  const reader = new Reader(bytes)
  const block = decodeBlock(reader.bytes(limits.frameBytes))
  const outcome = reader.digest()
  const verdictRoot = reader.digest()
  const stateRoot = reader.digest()
  const leafHashes = Array.from({ length: reader.count(limits.proposalRecords) }, () => reader.fixed(32))
  const certificate = reader.boolean() ? decodeCertificate(reader.bytes(limits.frameBytes)) : undefined
  reader.end()
  return { block, outcome, verdictRoot, stateRoot, leafHashes, certificate }
}

function encodeAnswer(answer: StoredAnswer): Uint8Array {
  const writer = new Writer(512).u64(answer.height).u32(answer.place).bytes(answer.leaf).u32(answer.transactions.length)
  for (const leaf of answer.transactions) writer.bytes(leaf)
  return writer.finish()
}

function decodeAnswer(record: Digest, bytes: Uint8Array): StoredAnswer {
  const reader = new Reader(bytes)
  const height = reader.u64()
  const place = reader.u32()
  const leaf = reader.bytes(limits.recordBytes)
  const count = reader.count(limits.blockTransactions)
  const transactions = Array.from({ length: count }, () => reader.bytes(limits.recordBytes))
  reader.end()
  return { record, height, place, leaf, transactions }
}

/** Operations that store a final block with its answers, and make it the tip. */
export function finalBlockOperations(stored: StoredBlock, answers: readonly Answer[]): WriteOp[] {
  const { height } = stored.block.header
  const operations: WriteOp[] = [
    { type: 'put', key: blockKey(height), value: encodeStored(stored) },
    { type: 'put', key: heightByDigestKey(stored.block.digest), value: new Writer(8).u64(height).finish() },
    { type: 'put', key: tipKey, value: new Writer(8).u64(height).finish() },
  ]
  answers.forEach((answer, place) => {
    operations.push({
      type: 'put',
      key: answerKey(answer.record),
      value: encodeAnswer({ ...answer, height, place }),
    })
    operations.push({ type: 'delete', key: pendingRecordKey(answer.record) })
  })
  return operations
}

/** Operations that keep a record's bytes and note that it is not final. */
export function heldRecordOperations(digest: Digest, bytes: Uint8Array): WriteOp[] {
  return [
    { type: 'put', key: recordKey(digest), value: bytes },
    { type: 'put', key: pendingRecordKey(digest), value: new Uint8Array(0) },
  ]
}

/** Reads the final chain. Absence of what must be there is damage, never an answer. */
export class ChainStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Height of the last final block; undefined for an empty store. */
  tipHeight(): number | undefined {
    const bytes = this.#database.get(tipKey)
    return bytes && new Reader(bytes).u64()
  }

  block(height: number): StoredBlock | undefined {
    const bytes = this.#database.get(blockKey(height))
    return bytes && ofStore(`block ${height}`, () => decodeStored(bytes))
  }

  /** The block at a height up to the tip. Throws `store_corrupt` where it is missing. */
  mustHave(height: number): StoredBlock {
    const stored = this.block(height)
    if (!stored) throw new MupibError('store_corrupt', `the store is damaged: block ${height} is missing`)
    return stored
  }

  heightOf(digest: Digest): number | undefined {
    const bytes = this.#database.get(heightByDigestKey(digest))
    return bytes && new Reader(bytes).u64()
  }

  answer(record: Digest): StoredAnswer | undefined {
    const bytes = this.#database.get(answerKey(record))
    return bytes && ofStore(`the answer to record ${record}`, () => decodeAnswer(record, bytes))
  }

  /** True where the record is final. Cheaper than its answer. */
  isDecided(record: Digest): boolean {
    return this.#database.get(answerKey(record)) !== undefined
  }

  recordBytes(digest: Digest): Uint8Array | undefined {
    return this.#database.get(recordKey(digest))
  }

  /** Digests of the records that were held and not final when the store was last written. */
  async pendingRecords(): Promise<Digest[]> {
    const digests: Digest[] = []
    for await (const [key] of this.#database.iterate(rangeOf(prefixes.pendingRecord)))
      digests.push(Buffer.from(key.subarray(1)).toString('hex'))
    return digests
  }

  /** Stored blocks from a height on, oldest first. */
  async *blocksFrom(height: number, most: number): AsyncIterable<StoredBlock> {
    const range = { gte: blockKey(height), lt: rangeOf(prefixes.block).lt, limit: most }
    let expected = height
    for await (const [key, value] of this.#database.iterate(range)) {
      if (numberOfKey(key) !== expected++)
        throw new MupibError('store_corrupt', 'the store is damaged: a block is missing')
      yield ofStore(`block ${expected - 1}`, () => decodeStored(value))
    }
  }

  /**
   * What proves a block final: its own certificate, or the blocks after it up to the first that has one.
   * Undefined while the chain on disk ends before such a block (only the genesis block's successors-to-be).
   */
  finality(
    height: number,
  ): { readonly descendants: readonly StoredBlock[]; readonly certificate: Certificate } | undefined {
    const descendants: StoredBlock[] = []
    for (let at = height; descendants.length <= limits.proofHeaders; at++) {
      const stored = this.block(at)
      if (!stored) return undefined
      if (at > height) descendants.push(stored)
      if (stored.certificate) return { descendants, certificate: stored.certificate }
    }
    return undefined
  }

  /** Path of a record's leaf under its block's verdict root. */
  pathOf(stored: StoredBlock, place: number): readonly Uint8Array[] {
    return merklePath(stored.leafHashes, place)
  }
}
