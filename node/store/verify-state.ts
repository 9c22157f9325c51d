// Verifies the whole state against its root: every page by its parent, every row by its bucket, and that nothing is left over.
import { bytesEqual, toHex } from '../../proto/bytes.ts'
import type { Database } from './database.ts'
import { CorruptionError } from './errors.ts'
import { prefixes, rangeOf, statePageKey } from './keys.ts'
import {
  childCount,
  childHash,
  emptyHash,
  entriesOf,
  fromText,
  type HashText,
  hashKey,
  hashPage,
  hashRow,
  isBucket,
  isPage,
  type Page,
  toPage,
  toText,
} from './state-pages.ts'

/** What was verified. */
export interface StateReport {
  readonly rows: number
  readonly pages: number
}

/** A page that must come next: where it stands and what it hashes to. */
interface Expected {
  readonly key: Uint8Array
  readonly hash: HashText
}

/**
 * Reads every page and every row of the state in the database (the final state: nothing may be written meanwhile).
 * @throws CorruptionError that names the first damaged, missing or stray page or row
 */
export async function verifyState(database: Database, root: Uint8Array): Promise<StateReport> {
  const entries = new EntryTable()
  const pages = await verifyPages(database, toText(root), entries)
  for await (const [key, row] of database.iterate(rangeOf(prefixes.stateRow))) {
    const stateKey = key.subarray(1)
    const found = entries.take(hashKey(stateKey), hashRow(stateKey, row))
    if (found !== 'match') throw damaged(found === 'stray' ? 'a stray state row' : 'a damaged state row', key)
  }
  const missing = entries.firstLeft()
  if (missing !== undefined) throw damaged('a state row is missing, its key hashes to', missing)
  return { rows: entries.size, pages }
}

function damaged(what: string, bytes: Uint8Array): CorruptionError {
  return new CorruptionError(`state is damaged: ${what} ${toHex(bytes)}`, { key: toHex(bytes) })
}

/** Pages lie level by level, and within a level in the order in which the level above names them: one pass over both. */
async function verifyPages(database: Database, root: HashText, entries: EntryTable): Promise<number> {
  let expected: Expected[] = root === emptyHash ? [] : [{ key: statePageKey(0, root), hash: root }]
  let below: Expected[] = []
  let next = 0
  let depth = 0
  let pages = 0
  for await (const [key, bytes] of database.iterate(rangeOf(prefixes.statePage))) {
    if (next === expected.length) {
      expected = below
      below = []
      next = 0
      depth++
    }
    const wanted = expected[next++]
    if (wanted === undefined) throw damaged('a stray page', key)
    if (!bytesEqual(key, wanted.key)) {
      const isStray = Buffer.compare(key, wanted.key) < 0
      throw isStray ? damaged('a stray page', key) : damaged('a page is missing:', wanted.key)
    }
    if (!isPage(bytes) || hashPage(bytes) !== wanted.hash) throw damaged('a damaged page', key)
    const page = toPage(depth, '', bytes)
    if (isBucket(bytes)) addEntries(entries, page, key)
    else addChildren(below, page, key)
    pages++
  }
  const missing = expected[next] ?? below[0]
  if (missing !== undefined) throw damaged('a page is missing:', missing.key)
  return pages
}

function addEntries(entries: EntryTable, page: Page, key: Uint8Array): void {
  for (const { keyHash, rowHash } of entriesOf(page)) {
    if (!bytesEqual(statePageKey(page.depth, keyHash), key)) throw damaged('a page with entries of another', key)
    entries.add(keyHash, rowHash)
  }
}

function addChildren(below: Expected[], page: Page, key: Uint8Array): void {
  const path = Buffer.alloc(32)
  path.set(key.subarray(2))
  const at = page.depth >> 1
  const kept = page.depth & 1 ? path[at]! & 0xf0 : 0
  for (let nibble = 0; nibble < childCount; nibble++) {
    const hash = childHash(page, nibble)
    if (hash === emptyHash) continue
    path[at] = page.depth & 1 ? kept | nibble : nibble << 4
    below.push({ key: statePageKey(page.depth + 1, path.toString('latin1')), hash })
  }
}

const entryBytes = 32
const entriesPerChunk = 32_768

/**
 * The entries of all buckets by key hash, in few bytes each (40 to 48): half of the key hash and half of the row hash, which leaves an
 * adversary 2^128 work.
 */
class EntryTable {
  readonly #chunks: Buffer[] = []
  /** Hash table with open addressing: index of an entry + 1, or 0. */
  #slots = new Uint32Array(1 << 16)
  #taken = new Uint8Array(1 << 15)
  size = 0

  add(keyHash: HashText, rowHash: HashText): void {
    if (2 * this.size >= this.#slots.length) this.#grow()
    const index = this.size++
    if (index % entriesPerChunk === 0) this.#chunks.push(Buffer.allocUnsafe(entriesPerChunk * entryBytes))
    const { chunk, offset } = this.#at(index)
    chunk.write(keyHash.slice(16), offset, 16, 'latin1')
    chunk.write(rowHash.slice(16), offset + 16, 16, 'latin1')
    this.#insert(index)
  }

  /** Finds the entry of a row and ticks it off. */
  take(keyHash: HashText, rowHash: HashText): 'match' | 'differs' | 'stray' {
    const wantedKey = keyHash.slice(16)
    const mask = this.#slots.length - 1
    for (let slot = slotOf(keyHash) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const index = this.#slots[slot]! - 1
      const { chunk, offset } = this.#at(index)
      if (chunk.toString('latin1', offset, offset + 16) !== wantedKey) continue
      this.#taken[index] = 1
      return chunk.toString('latin1', offset + 16, offset + entryBytes) === rowHash.slice(16) ? 'match' : 'differs'
    }
    return 'stray'
  }

  /** The second half of the key hash of an entry whose row did not come. */
  firstLeft(): Uint8Array | undefined {
    for (let index = 0; index < this.size; index++) {
      if (this.#taken[index] === 1) continue
      const { chunk, offset } = this.#at(index)
      return fromText(chunk.toString('latin1', offset, offset + 16))
    }
    return undefined
  }

  #at(index: number): { chunk: Buffer; offset: number } {
    return { chunk: this.#chunks[Math.floor(index / entriesPerChunk)]!, offset: (index % entriesPerChunk) * entryBytes }
  }

  #insert(index: number): void {
    const { chunk, offset } = this.#at(index)
    const mask = this.#slots.length - 1
    let slot = chunk.readUInt32BE(offset) & mask
    while (this.#slots[slot] !== 0) slot = (slot + 1) & mask
    this.#slots[slot] = index + 1
  }

  #grow(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length)
    const taken = new Uint8Array(2 * this.#taken.length)
    taken.set(this.#taken)
    this.#taken = taken
    for (let index = 0; index < this.size; index++) this.#insert(index)
  }
}

/** Where the search for a key hash starts: the first four bytes of its second half. */
function slotOf(keyHash: HashText): number {
  const byte = (at: number): number => keyHash.charCodeAt(16 + at)
  return ((byte(0) << 24) | (byte(1) << 16) | (byte(2) << 8) | byte(3)) >>> 0
}
