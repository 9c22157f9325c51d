// Pages of the authenticated state tree and their hashes. The tree is a radix tree of 16 children over SHA-256(key): a page stands at the
// first `depth` nibbles of the key hashes below it. Its shape depends on the set of keys alone: a page is a bucket exactly where at most
// `bucketEntriesMax` keys share its nibbles (or at `depthMax`), and an inner page otherwise.
//
//   row hash    H(0x00 ‖ key length (4) ‖ key ‖ row)
//   bucket      H(0x01 ‖ (key hash ‖ row hash)*, sorted by key hash)
//   inner page  H(0x02 ‖ 16 child hashes, zero where there is no child)
//   empty tree  32 zero bytes
//
// Hashes are latin1 text of 32 characters: node:crypto makes those in half the time of buffers, and they compare and key maps as they are.
import * as crypto from 'node:crypto'

/** SHA-256 as latin1 text. */
export type HashText = string

export const hashBytes = 32
export const childCount = 16

/** Largest number of entries in a bucket. Per updated row 8 writes more pages and 64 more bytes; 16 equals 32 (measured), with twice the inner pages. */
export const bucketEntriesMax = 32

/** Deepest page: its number still is a safe integer. Only keys ground for it come near. */
export const depthMax = 12

const rowTag = 0
const bucketTag = 1
const innerTag = 2
const entryBytes = 2 * hashBytes
const innerBytes = 1 + childCount * hashBytes

/** Stands for an empty subtree, and is the root of an empty tree. */
export const emptyHash: HashText = '\0'.repeat(hashBytes)

const hashOf: (bytes: Uint8Array) => HashText =
  typeof crypto.hash === 'function'
    ? bytes => crypto.hash('sha256', bytes, 'binary')
    : bytes => crypto.createHash('sha256').update(bytes).digest('binary')

/** A page. Never changed once it is hashed. */
export interface Page {
  readonly depth: number
  /** The page as stored and hashed: tag, then entries or child hashes. */
  readonly bytes: Buffer
  /** A key hash below this page: names its place together with the depth. */
  readonly sample: HashText
}

/** One row's place in a bucket. */
export interface Entry {
  readonly keyHash: HashText
  readonly rowHash: HashText
}

export function toText(bytes: Uint8Array): string {
  return asBuffer(bytes).toString('latin1', 0, bytes.length)
}

export function fromText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function hashKey(key: Uint8Array): HashText {
  return hashOf(key)
}

let scratch = Buffer.allocUnsafe(4096)

/** The hash that a bucket holds for a row. */
export function hashRow(key: Uint8Array, row: Uint8Array): HashText {
  const length = 5 + key.length + row.length
  if (length > scratch.length) scratch = Buffer.allocUnsafe(2 * length)
  scratch[0] = rowTag
  scratch.writeUInt32BE(key.length, 1)
  scratch.set(key, 5)
  scratch.set(row, 5 + key.length)
  return hashOf(scratch.subarray(0, length))
}

export function hashPage(bytes: Uint8Array): HashText {
  return hashOf(bytes)
}

/** The half byte of a key hash that picks the child of a page at `depth`. */
export function nibbleAt(keyHash: HashText, depth: number): number {
  const byte = keyHash.charCodeAt(depth >> 1)
  return depth & 1 ? byte & 15 : byte >> 4
}

/** The number of the page at the root; that of a child is childNumber. Numbers of all depths differ. */
export const rootNumber = 1

export function childNumber(number: number, nibble: number): number {
  return number * childCount + nibble
}

export function isBucket(bytes: Uint8Array): boolean {
  return bytes[0] === bucketTag
}

/** True for bytes that can be a page; their hash says whether they are the right one. */
export function isPage(bytes: Uint8Array): boolean {
  if (bytes[0] === innerTag) return bytes.length === innerBytes
  return bytes[0] === bucketTag && bytes.length > 1 && (bytes.length - 1) % entryBytes === 0
}

export function toPage(depth: number, sample: HashText, bytes: Uint8Array): Page {
  return { depth, sample, bytes: asBuffer(bytes) }
}

/** Hash of a child of an inner page. */
export function childHash(page: Page, nibble: number): HashText {
  const offset = 1 + nibble * hashBytes
  return page.bytes.toString('latin1', offset, offset + hashBytes)
}

/** An inner page under construction: done when it is hashed. */
export function emptyInner(depth: number, sample: HashText): Page {
  const bytes = Buffer.alloc(innerBytes)
  bytes[0] = innerTag
  return { depth, sample, bytes }
}

/** A copy of an inner page, to change it. */
export function copyInner(page: Page): Page {
  const bytes = Buffer.allocUnsafe(innerBytes)
  bytes.set(page.bytes)
  return { depth: page.depth, sample: page.sample, bytes }
}

export function setChild(page: Page, nibble: number, hash: HashText): void {
  page.bytes.write(hash, 1 + nibble * hashBytes, 'latin1')
}

/** A bucket with the sorted entries from `start` to `end`. */
export function makeBucket(depth: number, entries: readonly Entry[], start: number, end: number): Page {
  const bytes = Buffer.allocUnsafe(1 + (end - start) * entryBytes)
  bytes[0] = bucketTag
  for (let i = start, offset = 1; i < end; i++, offset += entryBytes) {
    bytes.write(entries[i]!.keyHash, offset, 'latin1')
    bytes.write(entries[i]!.rowHash, offset + hashBytes, 'latin1')
  }
  return { depth, sample: entries[start]!.keyHash, bytes }
}

/** The entries of a bucket, sorted by key hash. */
export function entriesOf(page: Page): Entry[] {
  const entries: Entry[] = []
  for (let offset = 1; offset < page.bytes.length; offset += entryBytes) {
    entries.push({
      keyHash: page.bytes.toString('latin1', offset, offset + hashBytes),
      rowHash: page.bytes.toString('latin1', offset + hashBytes, offset + entryBytes),
    })
  }
  return entries
}

/** Order of the key hash at an offset and a given one: below 0, 0 or above 0. The nibbles that the page shares are equal. */
function compareAt(page: Page, offset: number, keyHash: HashText): number {
  for (let i = page.depth >> 1; i < hashBytes; i++) {
    const difference = page.bytes[offset + i]! - keyHash.charCodeAt(i)
    if (difference !== 0) return difference
  }
  return 0
}

/** A bucket with sorted entries put in, the newer counting; undefined where it would hold more than a bucket may. */
export function putIntoBucket(page: Page, entries: readonly Entry[], start: number, end: number): Page | undefined {
  const old = page.bytes
  const bytes = Buffer.allocUnsafe(old.length + (end - start) * entryBytes)
  let from = 0
  let to = 0
  for (let i = start; i < end; i++) {
    const { keyHash, rowHash } = entries[i]!
    let at = Math.max(from, 1)
    let order = -1
    for (; at < old.length; at += entryBytes) {
      order = compareAt(page, at, keyHash)
      if (order >= 0) break
    }
    bytes.set(old.subarray(from, at), to)
    to += at - from
    from = order === 0 ? at + entryBytes : at
    bytes.write(keyHash, to, 'latin1')
    bytes.write(rowHash, to + hashBytes, 'latin1')
    to += entryBytes
  }
  bytes.set(old.subarray(from), to)
  to += old.length - from
  if (to > 1 + bucketEntriesMax * entryBytes && page.depth < depthMax) return undefined
  return { depth: page.depth, sample: page.sample, bytes: bytes.subarray(0, to) }
}

/** The row hash that a bucket holds for a key hash, or undefined. */
export function findEntry(page: Page, keyHash: HashText): HashText | undefined {
  const { bytes } = page
  const a = keyHash.charCodeAt(31)
  const b = keyHash.charCodeAt(30)
  for (let offset = 1; offset < bytes.length; offset += entryBytes) {
    if (bytes[offset + 31] !== a || bytes[offset + 30] !== b) continue
    if (bytes.toString('latin1', offset, offset + hashBytes) !== keyHash) continue
    return bytes.toString('latin1', offset + hashBytes, offset + entryBytes)
  }
  return undefined
}
