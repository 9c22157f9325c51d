// The final state in the database, read with proof: every page is checked against its parent's hash, every row against its bucket, from the
// trusted root down. What was checked is kept in memory, so that a hot lookup hashes nothing but its key.
import { LRUCache } from 'lru-cache'
import { assert } from '../../proto/errors.ts'
import type { Database, WriteOp } from './database.ts'
import { CorruptionError } from './errors.ts'
import { statePageKey, stateRowKey } from './keys.ts'
import { storeLimits } from './limits.ts'
import {
  childHash,
  childNumber,
  emptyHash,
  findEntry,
  type HashText,
  hashBytes,
  hashKey,
  hashPage,
  hashRow,
  isBucket,
  isPage,
  nibbleAt,
  type Page,
  rootNumber,
  toPage,
  toText,
} from './state-pages.ts'

/** A state row with what was computed for it. The key is kept as text in the maps. */
export interface Row {
  readonly key: Uint8Array
  readonly row: Uint8Array
  readonly keyHash: HashText
}

/** Rows and pages that a commit changes. */
export interface StateChange {
  readonly root: HashText
  readonly rows: ReadonlyMap<string, Row>
  readonly pages: ReadonlyMap<number, Page>
}

/** How much of the state is kept in memory. */
export interface StateCacheOptions {
  readonly innerPagesCached?: number
  readonly bucketPagesCached?: number
  readonly rowBytesCached?: number
}

const rowOverheadBytes = 200

export class StateBase {
  readonly #database: Database
  #root: HashText
  readonly #innerPages: LRUCache<number, Page>
  readonly #buckets: LRUCache<number, Page>
  readonly #rows: LRUCache<string, Row>
  // Committed, but perhaps not yet written.
  readonly #unwrittenPages = new Map<number, Page>()
  readonly #unwrittenRows = new Map<string, Row>()

  constructor(database: Database, root: Uint8Array, options: StateCacheOptions) {
    assert(root.length === hashBytes, 'a state root has 32 bytes')
    this.#database = database
    this.#root = toText(root)
    this.#innerPages = new LRUCache({ max: options.innerPagesCached ?? storeLimits.innerPagesCached })
    this.#buckets = new LRUCache({ max: options.bucketPagesCached ?? storeLimits.bucketPagesCached })
    this.#rows = new LRUCache({
      maxSize: options.rowBytesCached ?? storeLimits.rowBytesCached,
      sizeCalculation: ({ key, row }) => key.length + row.length + rowOverheadBytes,
    })
  }

  get root(): HashText {
    return this.#root
  }

  /** The row under a key, or undefined where the tree proves that there is none. Throws CorruptionError. */
  get(key: Uint8Array, keyText: string): Uint8Array | undefined {
    const known = this.#unwrittenRows.get(keyText) ?? this.#rows.get(keyText)
    if (known !== undefined) return known.row
    const keyHash = hashKey(key)
    const rowHash = this.#rowHash(keyHash)
    if (rowHash === undefined) return undefined
    const row = this.#database.get(stateRowKey(key))
    if (row === undefined) throw new CorruptionError('store is damaged: a state row is missing', { stateKey: key })
    if (hashRow(key, row) !== rowHash) {
      throw new CorruptionError('store is damaged: a state row is not the one that the root commits to', {
        stateKey: key,
      })
    }
    this.#rows.set(keyText, { key, row, keyHash })
    return row
  }

  /** Hash of a key, from memory where its row is there. */
  keyHash(key: Uint8Array, keyText: string): HashText {
    return (this.#rows.peek(keyText) ?? this.#unwrittenRows.get(keyText))?.keyHash ?? hashKey(key)
  }

  #rowHash(keyHash: HashText): HashText | undefined {
    let number = rootNumber
    let expected = this.#root
    for (let depth = 0; expected !== emptyHash; depth++) {
      const page = this.page(number, depth, keyHash, expected)
      if (isBucket(page.bytes)) return findEntry(page, keyHash)
      const nibble = nibbleAt(keyHash, depth)
      expected = childHash(page, nibble)
      number = childNumber(number, nibble)
    }
    return undefined
  }

  /** The page with a number, at `depth` above `keyHash`, which must have the expected hash. Throws CorruptionError. */
  page(number: number, depth: number, keyHash: HashText, expected: HashText): Page {
    const known = this.#innerPages.get(number) ?? this.#buckets.get(number) ?? this.#unwrittenPages.get(number)
    if (known !== undefined) return known
    const bytes = this.#database.get(statePageKey(depth, keyHash))
    if (bytes === undefined)
      throw new CorruptionError('store is damaged: a page of the state tree is missing', { depth })
    if (!isPage(bytes) || hashPage(bytes) !== expected) {
      throw new CorruptionError('store is damaged: a page of the state tree is not the one that its parent names', {
        depth,
      })
    }
    const page = toPage(depth, keyHash, bytes)
    this.#keep(number, page)
    return page
  }

  /** Takes a change over as the final state, at once; returns what stores it, and what to call when that is done. */
  commit({ root, rows, pages }: StateChange): { ops: WriteOp[]; written: () => void } {
    const ops: WriteOp[] = []
    for (const [text, row] of rows) {
      ops.push({ type: 'put', key: stateRowKey(row.key), value: row.row })
      this.#rows.set(text, row)
      this.#unwrittenRows.set(text, row)
    }
    for (const [number, page] of pages) {
      ops.push({ type: 'put', key: statePageKey(page.depth, page.sample), value: page.bytes })
      this.#keep(number, page)
      this.#unwrittenPages.set(number, page)
    }
    this.#root = root
    const written = (): void => {
      // What a later commit has put in its place stays.
      for (const [text, row] of rows) if (this.#unwrittenRows.get(text) === row) this.#unwrittenRows.delete(text)
      for (const [number, page] of pages) {
        if (this.#unwrittenPages.get(number) === page) this.#unwrittenPages.delete(number)
      }
    }
    return { ops, written }
  }

  #keep(number: number, page: Page): void {
    if (isBucket(page.bytes)) this.#buckets.set(number, page)
    else {
      this.#innerPages.set(number, page)
      // It may have been a bucket until it was split.
      this.#buckets.delete(number)
    }
  }
}
