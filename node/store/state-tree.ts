// The state of the ledger: the final state on disk, and over it one overlay per block that is executed but not final. Overlays form a tree
// (two blocks may extend one parent); committing one makes its path the final state and orphans its rivals. state-pages.ts has the
// tree's form and hashes, state-base.ts the reading of the final state. Everything here is synchronous, as execution is.
import { assert } from '../../proto/errors.ts'
import type { Database, WriteOp } from './database.ts'
import { type Row, StateBase, type StateCacheOptions } from './state-base.ts'
import {
  bucketEntriesMax,
  childHash,
  childNumber,
  copyInner,
  depthMax,
  type Entry,
  emptyHash,
  emptyInner,
  entriesOf,
  fromText,
  type HashText,
  hashPage,
  hashRow,
  isBucket,
  makeBucket,
  nibbleAt,
  type Page,
  putIntoBucket,
  rootNumber,
  setChild,
  toText,
} from './state-pages.ts'

/** Root of a state without rows. */
export const emptyStateRoot: Uint8Array = fromText(emptyHash)

/** Reads one state: the final one, or that after an unfinalized block. Rows returned must not be changed. */
export interface StateReader {
  /** The row, or undefined where the root proves that there is none. Throws CorruptionError where rows or pages are damaged or missing. */
  get(key: Uint8Array): Uint8Array | undefined
}

/** An immutable state with its root. Unusable (asserts) once a commit has made it neither final nor a descendant of the final state. */
export interface StateView extends StateReader {
  readonly root: Uint8Array
  /** A draft of the state after one more block. */
  fork(): StateDraft
}

/** A state under change. Rows are never deleted. */
export interface StateDraft extends StateReader {
  /** Sets a row; neither key nor row may be changed by the caller afterwards. */
  put(key: Uint8Array, row: Uint8Array): void
  /** The root with all rows put so far. */
  root(): Uint8Array
  /** Ends the draft: an immutable view over the one it was forked from. */
  seal(): StateView
}

/** What a commit has to store. */
export interface StateCommit {
  /** Goes into the batch that carries the block's height. */
  readonly ops: WriteOp[]
  /** Call when the batch is written: until then the changes are kept in memory. */
  readonly written: () => void
}

export interface StateTree {
  /** The final state. */
  readonly final: StateView
  /**
   * Makes a descendant of the final state the final one, at once and for every reader.
   * States that do not descend from it (losing forks, and the former final state) become unusable.
   */
  commit(view: StateView): StateCommit
}

/**
 * The state in a database.
 * @param root the root that the newest final block commits to: nothing that does not hash up to it is ever returned
 */
export function createStateTree(database: Database, root: Uint8Array, options: StateCacheOptions = {}): StateTree {
  return new Tree(new StateBase(database, root, options))
}

class Tree implements StateTree {
  readonly base: StateBase
  /** Counts commits. */
  epoch = 0
  #final: Overlay

  constructor(base: StateBase) {
    this.base = base
    this.#final = new Overlay(this, undefined, base.root, new Map(), new Map())
  }

  get final(): Overlay {
    return this.#final
  }

  commit(view: StateView): StateCommit {
    assert(view instanceof Overlay && view.tree === this, 'a state view is committed to the tree it comes from')
    const path = view.pathFromFinal()
    const rows = new Map<string, Row>()
    const pages = new Map<number, Page>()
    for (const overlay of path) {
      for (const [text, row] of overlay.rows) rows.set(text, row)
      for (const [number, page] of overlay.pages) pages.set(number, page)
    }
    const commit = this.base.commit({ root: view.rootText, rows, pages })
    this.#final.retire()
    for (const overlay of path) overlay.retire()
    this.#final = view
    this.epoch++
    return commit
  }
}

/** A sealed state: what it changes over its parent. The final state's overlay is empty and has no parent. */
class Overlay implements StateView {
  readonly tree: Tree
  readonly rootText: HashText
  parent: Overlay | undefined
  rows: ReadonlyMap<string, Row>
  pages: ReadonlyMap<number, Page>
  #aliveAt = -1

  constructor(
    tree: Tree,
    parent: Overlay | undefined,
    root: HashText,
    rows: ReadonlyMap<string, Row>,
    pages: ReadonlyMap<number, Page>,
  ) {
    this.tree = tree
    this.parent = parent
    this.rootText = root
    this.rows = rows
    this.pages = pages
  }

  get root(): Uint8Array {
    return fromText(this.rootText)
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.read(key, toText(key))
  }

  read(key: Uint8Array, keyText: string): Uint8Array | undefined {
    this.#assertAlive()
    const { final } = this.tree
    for (let overlay: Overlay = this; overlay !== final; overlay = overlay.#before()) {
      const found = overlay.rows.get(keyText)
      if (found !== undefined) return found.row
    }
    return this.tree.base.get(key, keyText)
  }

  page(number: number, depth: number, keyHash: HashText, expected: HashText): Page {
    this.#assertAlive()
    const { final } = this.tree
    for (let overlay: Overlay = this; overlay !== final; overlay = overlay.#before()) {
      const found = overlay.pages.get(number)
      if (found !== undefined) return found
    }
    return this.tree.base.page(number, depth, keyHash, expected)
  }

  fork(): StateDraft {
    this.#assertAlive()
    return new Draft(this)
  }

  /** This overlay and its ancestors down to the final state, oldest first. */
  pathFromFinal(): Overlay[] {
    const path: Overlay[] = []
    for (let overlay: Overlay = this; overlay !== this.tree.final; overlay = overlay.#before()) path.push(overlay)
    return path.reverse()
  }

  #assertAlive(): void {
    if (this.#aliveAt === this.tree.epoch) return
    this.pathFromFinal()
    this.#aliveAt = this.tree.epoch
  }

  #before(): Overlay {
    assert(this.parent !== undefined, 'a state is read that is neither final nor a descendant of the final one')
    return this.parent
  }

  /** Its changes are part of the final state, or nobody's. */
  retire(): void {
    this.parent = undefined
    this.rows = new Map()
    this.pages = new Map()
  }
}

class Draft implements StateDraft {
  readonly #parent: Overlay
  readonly #rows = new Map<string, Row>()
  readonly #pages = new Map<number, Page>()
  #root: HashText
  /** Rows put since the root was computed. */
  #changed = new Map<string, { key: Uint8Array; row: Uint8Array }>()
  #sealed = false

  constructor(parent: Overlay) {
    this.#parent = parent
    this.#root = parent.rootText
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const text = toText(key)
    return (this.#changed.get(text) ?? this.#rows.get(text))?.row ?? this.#parent.read(key, text)
  }

  put(key: Uint8Array, row: Uint8Array): void {
    assert(!this.#sealed, 'a sealed draft is not changed')
    this.#changed.set(toText(key), { key, row })
  }

  root(): Uint8Array {
    return fromText(this.#apply())
  }

  seal(): StateView {
    const root = this.#apply()
    this.#sealed = true
    return new Overlay(this.#parent.tree, this.#parent, root, this.#rows, this.#pages)
  }

  #apply(): HashText {
    if (this.#changed.size === 0) return this.#root
    const entries: Entry[] = []
    for (const [text, { key, row }] of this.#changed) {
      const keyHash = this.#rows.get(text)?.keyHash ?? this.#parent.tree.base.keyHash(key, text)
      this.#rows.set(text, { key, row, keyHash })
      entries.push({ keyHash, rowHash: hashRow(key, row) })
    }
    this.#changed = new Map()
    entries.sort((a, b) => (a.keyHash < b.keyHash ? -1 : 1))
    this.#root = this.#update(rootNumber, 0, this.#root, entries, 0, entries.length)
    return this.#root
  }

  /** Puts the sorted entries from `start` to `end` into the subtree at a page and returns its new hash. */
  #update(
    number: number,
    depth: number,
    hash: HashText,
    entries: readonly Entry[],
    start: number,
    end: number,
  ): HashText {
    const sample = entries[start]!.keyHash
    if (hash === emptyHash) return this.#build(number, depth, entries, start, end)
    const page = this.#page(number, depth, sample, hash)
    if (isBucket(page.bytes)) {
      const bucket = putIntoBucket(page, entries, start, end)
      if (bucket !== undefined) return this.#put(number, bucket)
      const merged = mergeEntries(entriesOf(page), entries.slice(start, end))
      return this.#build(number, depth, merged, 0, merged.length)
    }
    const inner = copyInner(page)
    for (let from = start; from < end; ) {
      const nibble = nibbleAt(entries[from]!.keyHash, depth)
      const to = endOfNibble(entries, from, end, depth)
      const child = childHash(page, nibble)
      setChild(inner, nibble, this.#update(childNumber(number, nibble), depth + 1, child, entries, from, to))
      from = to
    }
    return this.#put(number, inner)
  }

  /** Makes the subtree that holds exactly these entries. */
  #build(number: number, depth: number, entries: readonly Entry[], start: number, end: number): HashText {
    if (end - start <= bucketEntriesMax || depth === depthMax) {
      return this.#put(number, makeBucket(depth, entries, start, end))
    }
    const inner = emptyInner(depth, entries[start]!.keyHash)
    for (let from = start; from < end; ) {
      const nibble = nibbleAt(entries[from]!.keyHash, depth)
      const to = endOfNibble(entries, from, end, depth)
      setChild(inner, nibble, this.#build(childNumber(number, nibble), depth + 1, entries, from, to))
      from = to
    }
    return this.#put(number, inner)
  }

  #page(number: number, depth: number, keyHash: HashText, expected: HashText): Page {
    return this.#pages.get(number) ?? this.#parent.page(number, depth, keyHash, expected)
  }

  #put(number: number, page: Page): HashText {
    this.#pages.set(number, page)
    return hashPage(page.bytes)
  }
}

/** Where the run of sorted entries that share the nibble at `depth` with the one at `from` ends. */
function endOfNibble(entries: readonly Entry[], from: number, end: number, depth: number): number {
  const nibble = nibbleAt(entries[from]!.keyHash, depth)
  let to = from + 1
  while (to < end && nibbleAt(entries[to]!.keyHash, depth) === nibble) to++
  return to
}

/** Merges two sorted lists of entries; where both have a key, the newer counts. */
function mergeEntries(older: readonly Entry[], newer: readonly Entry[]): Entry[] {
  const merged: Entry[] = []
  let i = 0
  for (const entry of newer) {
    while (i < older.length && older[i]!.keyHash < entry.keyHash) merged.push(older[i++]!)
    if (older[i]?.keyHash === entry.keyHash) i++
    merged.push(entry)
  }
  while (i < older.length) merged.push(older[i++]!)
  return merged
}
