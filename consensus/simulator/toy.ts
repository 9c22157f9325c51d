// A toy application: each client numbers its records, a block must take them without gaps, the state root is a running hash. It is
// enough to have records that wait for predecessors, that repeat, and that a node must fetch before it can execute.
import { type Block, outcomeOf } from '../../proto/chain.ts'
import { type Digest, digestOf, zeroDigest } from '../../proto/hash.ts'
import type { FinalBlock } from '../types.ts'
import type { Application, ApplicationFactory, Execution, WorkChange } from './application.ts'

const recordBytes = 12
const blockRecordsMax = 3

interface ToyRecord {
  readonly bytes: Uint8Array
  readonly client: number
  readonly number: number
}

/** State after a block: the next number of each client, and the hash over all that was decided. */
class ToyState {
  readonly root: Digest
  readonly outcome: Digest
  readonly next: ReadonlyMap<number, number>

  constructor(root: Digest, outcome: Digest, next: ReadonlyMap<number, number>) {
    this.root = root
    this.outcome = outcome
    this.next = next
  }
}

// Digests of record bytes, which are immutable and shared between simulated nodes.
const digests = new WeakMap<Uint8Array, Digest>()

function recordDigest(bytes: Uint8Array): Digest {
  const known = digests.get(bytes)
  if (known) return known
  const digest = digestOf('record', bytes)
  digests.set(bytes, digest)
  return digest
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

function createRecord(client: number, number: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(recordBytes)
  const view = viewOf(bytes)
  view.setUint32(0, client)
  view.setUint32(4, number)
  view.setUint32(8, salt)
  return bytes
}

class Toy implements Application {
  readonly #states = new Map<Digest, ToyState>()
  readonly #records = new Map<Digest, ToyRecord>()
  /** Records not decided, oldest first. */
  readonly #pending = new Map<Digest, ToyRecord>()
  readonly #told = new Set<Digest>()
  readonly #rotsAt: number | undefined
  #tip: Digest
  #changed = true

  constructor(tip: FinalBlock, state: ToyState, rotsAt: number | undefined) {
    this.#tip = tip.block.digest
    this.#states.set(this.#tip, state)
    this.#rotsAt = rotsAt
  }

  #tipState(): ToyState {
    return this.#states.get(this.#tip) as ToyState
  }

  receive(bytes: Uint8Array): Digest | undefined {
    if (bytes.length !== recordBytes) return undefined
    const digest = recordDigest(bytes)
    if (this.#records.has(digest)) return digest
    const view = viewOf(bytes)
    const record = { bytes, client: view.getUint32(0), number: view.getUint32(4) }
    this.#records.set(digest, record)
    if (record.number >= (this.#tipState().next.get(record.client) ?? 1)) this.#pending.set(digest, record)
    this.#changed = true
    return digest
  }

  record(digest: Digest): Uint8Array | undefined {
    return this.#records.get(digest)?.bytes
  }

  pending(): readonly Digest[] {
    return [...this.#pending.keys()]
  }

  workChange(): WorkChange {
    if (!this.#changed) return { work: [], dropped: [] }
    this.#changed = false
    const { next } = this.#tipState()
    const dropped: Digest[] = []
    const held = new Set<string>()
    for (const [digest, { client, number }] of this.#pending) {
      if (number >= (next.get(client) ?? 1)) {
        held.add(`${client}:${number}`)
        continue
      }
      this.#pending.delete(digest)
      if (this.#told.delete(digest)) dropped.push(digest)
    }
    const work: Digest[] = []
    for (const [digest, { client, number }] of this.#pending) {
      if (this.#told.has(digest)) continue
      let before = number - 1
      while (before >= (next.get(client) ?? 1) && held.has(`${client}:${before}`)) before--
      if (before >= (next.get(client) ?? 1)) continue
      this.#told.add(digest)
      work.push(digest)
    }
    return { work, dropped }
  }

  build(parent: Digest): readonly Digest[] {
    const next = new Map(this.#stateOf(parent).next)
    const chosen: Digest[] = []
    let isGrowing = true
    while (isGrowing && chosen.length < blockRecordsMax) {
      isGrowing = false
      for (const [digest, { client, number }] of this.#pending) {
        if (number !== (next.get(client) ?? 1) || chosen.length >= blockRecordsMax) continue
        next.set(client, number + 1)
        chosen.push(digest)
        isGrowing = true
      }
    }
    return chosen
  }

  #stateOf(digest: Digest): ToyState {
    const state = this.#states.get(digest)
    if (!state) throw new Error(`the core asks for the state of ${digest.slice(0, 8)}, which was never executed`)
    return state
  }

  hasExecuted(digest: Digest): boolean {
    return this.#states.has(digest)
  }

  outcomeOf(digest: Digest): Digest | undefined {
    return this.#states.get(digest)?.outcome
  }

  execute(block: Block): Execution {
    const missing = block.records.filter(digest => !this.#records.has(digest))
    if (missing.length > 0) return { type: 'missing', records: missing }
    const parent = this.#stateOf(block.header.parent)
    const next = new Map(parent.next)
    let verdicts = ''
    for (const digest of block.records) {
      const { client, number } = this.#records.get(digest) as ToyRecord
      const expected = next.get(client) ?? 1
      if (number > expected) return { type: 'invalid', reason: `record ${number} of ${client} without ${expected}` }
      // Another record under a decided number is refused, and uses up nothing.
      verdicts += number === expected ? `${digest}+` : `${digest}-`
      if (number === expected) next.set(client, expected + 1)
    }
    const isRotten = this.#rotsAt !== undefined && block.header.height >= this.#rotsAt
    const root =
      verdicts === '' && !isRotten
        ? parent.root
        : digestOf('outcome', Buffer.from(parent.root + verdicts + (isRotten ? 'rotten' : '')))
    const outcome = outcomeOf(zeroDigest, root)
    this.#states.set(block.digest, new ToyState(root, outcome, next))
    return { type: 'outcome', outcome }
  }

  commit(blocks: readonly FinalBlock[]): object {
    for (const { block } of blocks) {
      this.#stateOf(block.digest)
      this.#tip = block.digest
      for (const digest of block.records) {
        this.#pending.delete(digest)
        this.#told.delete(digest)
      }
    }
    this.#changed = true
    return this.#tipState()
  }

  abandon(lost: readonly Digest[]): void {
    for (const digest of lost) this.#states.delete(digest)
  }
}

const genesisRoot = digestOf('outcome', Buffer.from('toy'))

/** The toy as a port. */
export const toyApplication: ApplicationFactory = {
  genesis: {
    state: new ToyState(genesisRoot, outcomeOf(zeroDigest, genesisRoot), new Map()),
    stateRoot: genesisRoot,
  },
  create({ tip, state, records, rotsAt }) {
    if (!(state instanceof ToyState)) throw new TypeError('not a state of the toy')
    const toy = new Toy(tip, state, rotsAt)
    for (const bytes of records) toy.receive(bytes)
    return toy
  },
  createRecord,
  digestOf: recordDigest,
  blockRecordsMax,
}
