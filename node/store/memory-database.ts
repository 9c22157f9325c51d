// The memory twin of level-database.ts, for tests and the simulator: the same port and the same suite of tests, and a disk that can
// lose power, rot and run full.
import { MupibError } from '../../proto/errors.ts'
import { checksumBytes, type Database, fromStored, type IterateOptions, toStored, type WriteOp } from './database.ts'
import type { KeyRange } from './keys.ts'

/** A Database with the ways in which a disk fails. */
export interface MemoryDatabase extends Database {
  /**
   * Power loss: unsynced writes are lost, save the oldest `kept` of them (a log reaches the disk in its order).
   * The database goes on as it would after a restart.
   */
  crash(kept?: number): void
  /** A copy of what a power loss would leave, as a database of its own: an old backup. */
  snapshot(): MemoryDatabase
  /** Changes a value as it is stored, checksum included; undefined removes it. */
  damage(key: Uint8Array, change: (stored: Uint8Array) => Uint8Array | undefined): void
}

export interface MemoryDatabaseOptions {
  /** Bytes of keys and values beyond which writes fail with `disk_full`. */
  readonly capacityBytes?: number
}

type Rows = Map<string, Uint8Array>
type Undo = [key: string, before: Uint8Array | undefined]

const toText = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

const toBytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'latin1'))

/** A new, empty database in memory. */
export function createMemoryDatabase(options: MemoryDatabaseOptions = {}): MemoryDatabase {
  return new MemoryStore(new Map(), options)
}

class MemoryStore implements MemoryDatabase {
  readonly #rows: Rows
  readonly #options: MemoryDatabaseOptions
  #unsynced: Undo[][] = []
  #sorted: string[] | undefined
  #bytes = 0
  #failure: MupibError | undefined
  #closed = false

  constructor(rows: Rows, options: MemoryDatabaseOptions) {
    this.#rows = rows
    this.#options = options
    for (const [key, stored] of rows) this.#bytes += key.length + stored.length
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen()
    const stored = this.#rows.get(toText(key))
    // A copy: a reader that changes what it got must not change the disk.
    return stored === undefined ? undefined : fromStored(key, new Uint8Array(stored))
  }

  async getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map(key => this.get(key))
  }

  async *iterate(options: IterateOptions): AsyncIterable<[Uint8Array, Uint8Array]> {
    this.#assertOpen()
    const keys = this.#keysOf(options)
    if (options.reverse) keys.reverse()
    const found = keys.slice(0, options.limit).map(text => [text, this.#rows.get(text)!] as const)
    for (const [text, stored] of found) {
      const key = toBytes(text)
      yield [key, fromStored(key, new Uint8Array(stored))]
    }
  }

  async write(ops: readonly WriteOp[], { sync }: { readonly sync: boolean }): Promise<void> {
    this.#assertOpen()
    if (this.#failure !== undefined) throw this.#failure
    const changes: Rows = new Map()
    for (const op of ops) changes.set(toText(op.key), op.type === 'put' ? toStored(op.key, op.value) : nothing)
    this.#reserve(changes)
    this.#unsynced.push(
      [...changes].map(([key, stored]) => [key, this.#set(key, stored === nothing ? undefined : stored)]),
    )
    if (sync) this.#unsynced = []
  }

  async compact(_range?: KeyRange): Promise<void> {
    this.#assertOpen()
  }

  async approximateSize(range?: KeyRange): Promise<number> {
    this.#assertOpen()
    if (range === undefined) return this.#bytes
    return this.#keysOf(range).reduce((bytes, key) => bytes + key.length + this.#rows.get(key)!.length, 0)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  crash(kept = 0): void {
    for (const undos of this.#unsynced.splice(kept).reverse()) {
      for (const [key, before] of undos.reverse()) this.#set(key, before)
    }
    this.#unsynced = []
    this.#failure = undefined
    this.#closed = false
  }

  snapshot(): MemoryDatabase {
    const rows: Rows = new Map(this.#rows)
    for (const undos of this.#unsynced.toReversed()) {
      for (const [key, before] of undos.toReversed()) {
        if (before === undefined) rows.delete(key)
        else rows.set(key, before)
      }
    }
    return new MemoryStore(rows, this.#options)
  }

  damage(key: Uint8Array, change: (stored: Uint8Array) => Uint8Array | undefined): void {
    const text = toText(key)
    const stored = this.#rows.get(text)
    if (stored === undefined) throw new RangeError('nothing is stored under that key')
    this.#set(text, change(new Uint8Array(stored)))
  }

  #assertOpen(): void {
    if (this.#closed) throw new MupibError('stopped', 'the store is closed')
  }

  /** Fails the batch as a whole where it does not fit. */
  #reserve(changes: Rows): void {
    let bytes = this.#bytes
    for (const [key, stored] of changes) {
      const before = this.#rows.get(key)
      if (before !== undefined) bytes -= key.length + before.length
      if (stored !== nothing) bytes += key.length + stored.length
    }
    if (bytes <= (this.#options.capacityBytes ?? Number.POSITIVE_INFINITY)) return
    this.#failure = new MupibError('disk_full', `disk full: ${bytes} bytes do not fit into the memory store`)
    throw this.#failure
  }

  /** Stores or removes a row and returns what was there. */
  #set(key: string, stored: Uint8Array | undefined): Uint8Array | undefined {
    const before = this.#rows.get(key)
    if (before !== undefined) this.#bytes -= key.length + before.length
    if (stored === undefined) this.#rows.delete(key)
    else {
      this.#rows.set(key, stored)
      this.#bytes += key.length + stored.length
    }
    if ((before === undefined) !== (stored === undefined)) this.#sorted = undefined
    return before
  }

  #keysOf({ gte, lt }: KeyRange): string[] {
    this.#sorted ??= [...this.#rows.keys()].sort()
    return this.#sorted.slice(lowerBound(this.#sorted, toText(gte)), lowerBound(this.#sorted, toText(lt)))
  }
}

// Stands for a deletion among the changes of a batch; shorter than any stored value.
const nothing = new Uint8Array(checksumBytes - 1)

/** Index of the first entry not below `key`. Latin-1 text sorts as its bytes do. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
