// State in memory, for tests, benchmarks and simulations: the twin of the store behind the ledger's state port.
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import type { StateDraft } from './state.ts'

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

/** Rows in a map, optionally on top of another state. Its root is a plain hash over all rows in the order of their keys. */
export class MapDraft implements StateDraft {
  readonly rows = new Map<string, Uint8Array>()
  readonly #parent: MapDraft | undefined

  constructor(parent?: MapDraft) {
    this.#parent = parent
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.rows.get(nameOf(key)) ?? this.#parent?.get(key)
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.rows.set(nameOf(key), value)
  }

  /** All rows, the parent's included, by key as latin1 text. */
  all(): Map<string, Uint8Array> {
    const all = this.#parent?.all() ?? new Map<string, Uint8Array>()
    for (const [name, value] of this.rows) all.set(name, value)
    return all
  }

  root(): Digest {
    const parts: Buffer[] = []
    for (const [name, value] of [...this.all()].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const lengths = Buffer.alloc(8)
      lengths.writeUInt32BE(name.length)
      lengths.writeUInt32BE(value.length, 4)
      parts.push(lengths, Buffer.from(name, 'latin1'), Buffer.from(value))
    }
    return sha256Hex(Buffer.concat(parts))
  }
}
