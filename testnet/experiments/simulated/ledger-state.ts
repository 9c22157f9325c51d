// The ledger's state in a simulated node: immutable layers of rows, one for each block, over their parent's. The root is a sum of hashes over all
// rows, so that it costs what a block writes and still says all that the state holds.
import type { Executed } from '../../../node/ledger/execute.ts'
import { initialState, type LedgerFacts } from '../../../node/ledger/members.ts'
import type { StateDraft, StateReader } from '../../../node/ledger/state.ts'
import type { Block } from '../../../proto/chain.ts'
import { type Digest, sha256, sha256Hex } from '../../../proto/hash.ts'

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1')

/** Layers that a look-up walks through before they are put together. */
const depthMax = 12
const lanes = 8

interface StoredRow {
  readonly value: Uint8Array
  /** Its share in the root. */
  readonly share: Uint32Array
}

function shareOf(name: string, value: Uint8Array): Uint32Array {
  const content = Buffer.alloc(4 + name.length + value.length)
  content.writeUInt32BE(name.length)
  content.write(name, 4, 'latin1')
  content.set(value, 4 + name.length)
  const hash = Buffer.from(sha256(content))
  return Uint32Array.from({ length: lanes }, (_, lane) => hash.readUInt32BE(4 * lane))
}

/** What came of a block and of those before it. */
export interface BlockResult {
  readonly digest: Digest
  readonly block: Block
  /** The bytes of a record in it. */
  readonly bytesOf: (record: Digest) => Uint8Array | undefined
  readonly height: number
  readonly executed: Executed
  readonly before: BlockResult | undefined
}

/** State after a block. */
export class LedgerState implements StateReader {
  readonly digest: Digest
  readonly height: number
  /** Of the block, in milliseconds since 1970. */
  readonly time: number
  readonly outcome: Digest
  readonly root: Digest
  readonly result: BlockResult | undefined
  readonly sum: Uint32Array
  readonly #layer: ReadonlyMap<string, StoredRow>
  readonly #below: LedgerState | undefined
  readonly #depth: number

  constructor(
    at: Pick<LedgerState, 'digest' | 'height' | 'time' | 'outcome' | 'root' | 'result' | 'sum'>,
    layer: ReadonlyMap<string, StoredRow>,
    below: LedgerState | undefined,
  ) {
    this.digest = at.digest
    this.height = at.height
    this.time = at.time
    this.outcome = at.outcome
    this.root = at.root
    this.result = at.result
    this.sum = at.sum
    const isDeep = below !== undefined && below.#depth >= depthMax
    this.#layer = isDeep ? new Map([...below.#all(), ...layer]) : layer
    this.#below = isDeep ? undefined : below
    this.#depth = this.#below ? this.#below.#depth + 1 : 1
  }

  row(name: string): StoredRow | undefined {
    for (let state: LedgerState | undefined = this; state; state = state.#below) {
      const row = state.#layer.get(name)
      if (row) return row
    }
    return undefined
  }

  get(key: Uint8Array): Uint8Array | undefined {
    return this.row(nameOf(key))?.value
  }

  #all(): Map<string, StoredRow> {
    const layers: ReadonlyMap<string, StoredRow>[] = []
    for (let state: LedgerState | undefined = this; state; state = state.#below) layers.push(state.#layer)
    const all = new Map<string, StoredRow>()
    for (const layer of layers.reverse()) for (const [name, row] of layer) all.set(name, row)
    return all
  }

  /** The same but for the rows of its newest layer: what a store would be that lost its last write. */
  withoutNewest(): LedgerState {
    return this.#below ? new LedgerState(this, this.#below.#layer, this.#below.#below) : this
  }

  /** Digest over every row in the order of keys, read row by row: what `root` says in another way. */
  contentDigest(): Digest {
    const parts: Buffer[] = []
    for (const [name, { value }] of [...this.#all()].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const lengths = Buffer.alloc(8)
      lengths.writeUInt32BE(name.length)
      lengths.writeUInt32BE(value.length, 4)
      parts.push(lengths, Buffer.from(name, 'latin1'), Buffer.from(value))
    }
    return sha256Hex(Buffer.concat(parts))
  }
}

interface Sealed {
  readonly root: Digest
  readonly sum: Uint32Array
  readonly layer: Map<string, StoredRow>
}

/** State of a block that is being executed. */
export class LedgerDraft implements StateDraft {
  readonly #base: LedgerState | undefined
  readonly #rows = new Map<string, Uint8Array>()
  #sealed: Sealed | undefined

  constructor(base: LedgerState | undefined) {
    this.#base = base
  }

  get(key: Uint8Array): Uint8Array | undefined {
    const name = nameOf(key)
    return this.#rows.get(name) ?? this.#base?.row(name)?.value
  }

  put(key: Uint8Array, value: Uint8Array): void {
    this.#sealed = undefined
    this.#rows.set(nameOf(key), value)
  }

  #seal(): Sealed {
    const sum = Uint32Array.from(this.#base?.sum ?? new Uint32Array(lanes))
    const layer = new Map<string, StoredRow>()
    for (const [name, value] of this.#rows) {
      const before = this.#base?.row(name)?.share
      const share = shareOf(name, value)
      for (let lane = 0; lane < lanes; lane++) sum[lane]! += share[lane]! - (before?.[lane] ?? 0)
      layer.set(name, { value, share })
    }
    const root = sha256Hex(Buffer.from(sum.buffer))
    return { root, sum, layer }
  }

  root(): Digest {
    this.#sealed ??= this.#seal()
    return this.#sealed.root
  }

  /** The state after the block; nothing is put here any more. */
  seal(at: Pick<LedgerState, 'digest' | 'height' | 'time' | 'outcome' | 'result'>): LedgerState {
    this.#sealed ??= this.#seal()
    const { root, sum, layer } = this.#sealed
    return new LedgerState({ ...at, root, sum }, layer, this.#base)
  }
}

/** The state that genesis describes. Its block's digest is whatever a schedule's genesis block is. */
export function genesisLedger(facts: LedgerFacts): LedgerState {
  const draft = new LedgerDraft(undefined)
  initialState(facts, draft)
  return draft.seal({ digest: '', height: 0, time: 0, outcome: '', result: undefined })
}
