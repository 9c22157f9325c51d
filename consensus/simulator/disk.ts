// The virtual disk of one node: what is synced survives, what is not may be lost by a crash, whole or from some write on.
import type { Certificate } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import { journalKeep } from '../simplex.ts'
import type { FinalBlock, JournalEntry } from '../types.ts'
import type { Random } from './random.ts'

/** One atomic write. */
export interface Write {
  readonly entries: readonly JournalEntry[]
  readonly records: readonly (readonly [Digest, Uint8Array])[]
  /** Final blocks with the application's state after them. */
  readonly commit:
    | { readonly blocks: readonly FinalBlock[]; readonly certificate: Certificate; readonly state: object }
    | undefined
}

/** What a disk holds. */
export interface Store {
  tip: FinalBlock
  certificate: Certificate | undefined
  journal: JournalEntry[]
  /** Final blocks by height. */
  readonly chain: FinalBlock[]
  /** Finalizations by height of the block that they finalize. */
  readonly certificates: Map<number, Certificate>
  readonly records: Map<Digest, Uint8Array>
  state: object
}

/** An empty store: genesis and its state. */
export function emptyStore(genesis: FinalBlock, state: object): Store {
  return {
    tip: genesis,
    certificate: undefined,
    journal: [],
    chain: [genesis],
    certificates: new Map(),
    records: new Map(),
    state,
  }
}

function copyStore(store: Store): Store {
  return {
    ...store,
    journal: [...store.journal],
    chain: [...store.chain],
    certificates: new Map(store.certificates),
    records: new Map(store.records),
  }
}

function apply(store: Store, { entries, records, commit }: Write): void {
  for (const [digest, bytes] of records) store.records.set(digest, bytes)
  for (const entry of entries) {
    if (entry.type === 'newestVotes') {
      const { validator } = entry
      const known = store.journal.findIndex(old => old.type === 'newestVotes' && old.validator === validator)
      if (known >= 0) store.journal.splice(known, 1)
    }
    store.journal.push(entry)
  }
  const last = commit?.blocks.at(-1)
  if (!commit || !last) return
  for (const block of commit.blocks) store.chain[block.block.header.height] = block
  store.tip = last
  store.certificate = commit.certificate
  store.certificates.set(last.block.header.height, commit.certificate)
  store.state = commit.state
  store.journal = store.journal.filter(journalKeep(last.block))
}

/** A disk with a synced part and writes that wait for the next sync. */
export class Disk {
  synced: Store
  #pending: Write[] = []

  constructor(store: Store) {
    this.synced = store
  }

  /** Hands a write to the system; it is safe only after the next sync. */
  write(write: Write): void {
    this.#pending.push(write)
  }

  /** Makes everything written so far safe. */
  sync(): void {
    for (const write of this.#pending) apply(this.synced, write)
    this.#pending = []
  }

  /** Power loss: unsynced writes are gone, but for a random number of the first ones. */
  losePower(random: Random): void {
    const kept = random.chance(0.5) ? 0 : random.below(this.#pending.length + 1)
    for (const write of this.#pending.slice(0, kept)) apply(this.synced, write)
    this.#pending = []
  }

  /** A copy of what is synced, as a backup would hold it. */
  snapshot(): Store {
    return copyStore(this.synced)
  }

  /** Puts another store in place of this one: an old backup, or an empty one. */
  replace(store: Store): void {
    this.synced = copyStore(store)
    this.#pending = []
  }
}
