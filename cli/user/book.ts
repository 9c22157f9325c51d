// A wallet's tokens and open entries in memory over its store: an event counts here at once, so that no two payments take one token, and
// resolves when it is on disk.
import type { WriteOp } from '../../node/store/database.ts'
import { type Entry, isOpenEntry } from './entries.ts'
import {
  changesOf,
  type OwnToken,
  type TokenName,
  type Totals,
  tokenName,
  totalsAfter,
  type WalletEvent,
} from './rules.ts'
import type { WalletStore } from './store.ts'

export class WalletBook {
  readonly store: WalletStore
  readonly #tokens: Map<TokenName, OwnToken>
  readonly #open: Map<number, Entry>
  #totals: Totals
  #lastNumber: number

  private constructor(
    store: WalletStore,
    tokens: Map<TokenName, OwnToken>,
    open: Map<number, Entry>,
    lastNumber: number,
  ) {
    this.store = store
    this.#tokens = tokens
    this.#open = open
    this.#totals = store.totals()
    this.#lastNumber = lastNumber
  }

  static async open(store: WalletStore): Promise<WalletBook> {
    const tokens = new Map((await store.tokens()).map(token => [tokenName(token), token]))
    const open = new Map((await store.openEntries()).map(entry => [entry.number, entry]))
    const [newest] = await store.newest(1)
    return new WalletBook(store, tokens, open, newest?.number ?? 0)
  }

  get tokens(): ReadonlyMap<TokenName, OwnToken> {
    return this.#tokens
  }

  get totals(): Totals {
    return this.#totals
  }

  /** Entries from which something is still to come, oldest first. */
  get openEntries(): readonly Entry[] {
    return [...this.#open.values()].sort((a, b) => a.number - b.number)
  }

  nextNumber(): number {
    this.#lastNumber += 1
    return this.#lastNumber
  }

  /** Makes an entry what it says, with what happens to tokens by it, in one write. */
  note(entry: Entry, event?: WalletEvent, more: readonly WriteOp[] = []): Promise<void> {
    if (isOpenEntry(entry)) this.#open.set(entry.number, entry)
    else this.#open.delete(entry.number)
    return this.#write([...this.store.putEntry(entry), ...(event ? this.#apply(event) : []), ...more])
  }

  /** Takes back an entry that came to nothing. */
  drop(entry: Entry): Promise<void> {
    this.#open.delete(entry.number)
    return this.#write(this.store.dropEntry(entry.number))
  }

  /** Something that happens to tokens beside any entry. */
  apply(event: WalletEvent): Promise<void> {
    return this.#write(this.#apply(event))
  }

  #apply(event: WalletEvent): WriteOp[] {
    const changes = changesOf(this.#tokens, event)
    for (const { name, token, state } of changes) {
      const { group, index, signature } = token
      if (state) this.#tokens.set(name, { group, index, signature, state })
      else this.#tokens.delete(name)
    }
    this.#totals = totalsAfter(this.#totals, event)
    return [...changes.map(change => this.store.putChange(change)), this.store.putTotals(this.#totals)]
  }

  #write(operations: readonly WriteOp[]): Promise<void> {
    return this.store.write(operations)
  }
}
