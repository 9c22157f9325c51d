// Every key of the store starts with one of these bytes. This is the only file in which a prefix is defined.
import { bytesOfHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'

/** prefix // key → value. Numbers in keys are big-endian, so that keys sort as the numbers do. */
export const prefixes = {
  meta: 0x01, // name (ASCII) → format version, genesis hash, and whatever exists once
  batchMarker: 0x02, // batch number mod ring size (2) → batch number (8)

  stateRow: 0x10, // state key → row
  statePage: 0x11, // depth (1), first `depth` nibbles of the key hash → inner page or bucket

  block: 0x20, // height (8) → final block with its certificate
  heightByDigest: 0x21, // block digest (32) → height (8)

  journal: 0x30, // view (8), entry tag (1), [block digest (32)] → entry of the consensus journal
  newestVotes: 0x31, // validator (2) → the newest votes seen of it

  record: 0x40, // record digest (32) → record bytes
  pendingRecord: 0x41, // record digest (32) → nothing: the record is held and not final
  answer: 0x42, // record digest (32) → where it was decided, its leaf and its transactions' leaves

  evidence: 0x50, // evidence digest (32) → two messages that contradict each other
} as const

export type KeyPrefix = (typeof prefixes)[keyof typeof prefixes]

/** Keys from `gte` up to, not including, `lt`. */
export interface KeyRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

/** A key: the prefix, then the parts one after the other. */
function keyOf(prefix: KeyPrefix, ...parts: Uint8Array[]): Uint8Array {
  let length = 1
  for (const part of parts) length += part.length
  const key = new Uint8Array(length)
  key[0] = prefix
  let offset = 1
  for (const part of parts) {
    key.set(part, offset)
    offset += part.length
  }
  return key
}

/** Every key under the prefix. */
export function rangeOf(prefix: KeyPrefix): KeyRange {
  return { gte: Uint8Array.of(prefix), lt: Uint8Array.of(prefix + 1) }
}

/** The prefix and an unsigned 64-bit number (a safe integer). */
function numberKey(prefix: KeyPrefix, number: number): Uint8Array {
  if (!Number.isSafeInteger(number) || number < 0) throw new RangeError(`not an unsigned safe integer: ${number}`)
  const key = new Uint8Array(9)
  const view = new DataView(key.buffer)
  view.setUint8(0, prefix)
  view.setBigUint64(1, BigInt(number))
  return key
}

/** The number in a key made by `numberKey`. */
export function numberOfKey(key: Uint8Array): number {
  return Number(new DataView(key.buffer, key.byteOffset, key.byteLength).getBigUint64(1))
}

function shortKey(prefix: KeyPrefix, number: number): Uint8Array {
  return Uint8Array.of(prefix, number >>> 8, number & 0xff)
}

export const metaKey = (name: string): Uint8Array => keyOf(prefixes.meta, Buffer.from(name, 'ascii'))
export const batchMarkerKey = (slot: number): Uint8Array => shortKey(prefixes.batchMarker, slot)
export const blockKey = (height: number): Uint8Array => numberKey(prefixes.block, height)
export const heightByDigestKey = (digest: Digest): Uint8Array => keyOf(prefixes.heightByDigest, bytesOfHex(digest))
/** Journal entries sort by view, so that what is below the final view is one range. */
export const journalKey = (view: number, tag: number, digest?: Digest): Uint8Array =>
  keyOf(
    prefixes.journal,
    numberKey(prefixes.journal, view).subarray(1),
    Uint8Array.of(tag),
    digest === undefined ? new Uint8Array(0) : bytesOfHex(digest),
  )
export const recordKey = (digest: Digest): Uint8Array => keyOf(prefixes.record, bytesOfHex(digest))
export const answerKey = (digest: Digest): Uint8Array => keyOf(prefixes.answer, bytesOfHex(digest))
export const newestVotesKey = (validator: number): Uint8Array => shortKey(prefixes.newestVotes, validator)
export const pendingRecordKey = (digest: Digest): Uint8Array => keyOf(prefixes.pendingRecord, bytesOfHex(digest))
export const evidenceKey = (digest: Digest): Uint8Array => keyOf(prefixes.evidence, bytesOfHex(digest))

export const stateRowKey = (key: Uint8Array): Uint8Array => keyOf(prefixes.stateRow, key)

/** Key of the state tree's page above all key hashes that share the first `depth` nibbles of `keyHash` (latin1 text). */
export function statePageKey(depth: number, keyHash: string): Uint8Array {
  const bytes = (depth + 1) >> 1
  const key = new Uint8Array(2 + bytes)
  key[0] = prefixes.statePage
  key[1] = depth
  for (let i = 0; i < bytes; i++) key[2 + i] = keyHash.charCodeAt(i)
  if (depth & 1) key[1 + bytes]! &= 0xf0
  return key
}
