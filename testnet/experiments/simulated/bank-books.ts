// The books of a simulated bank: the bank's own rules of double entry and token use over a virtual store.
import {
  type AccountId,
  type BookedEvent,
  type BooksView,
  type Entry,
  type EntryKind,
  expireEvent,
  JournalDraft,
  reviveEvent,
} from '../../../cli/bank/accounts.ts'
import { expireTokens, outstandingOf, type TokenUse, unusableOf, useTokens } from '../../../cli/bank/token-use.ts'
import { assert } from '../../../proto/errors.ts'
import { createAmount, multiplyAmount } from '../../../proto/money.ts'
import type { PartyStore, Row } from './party-store.ts'

const entryName = (kind: EntryKind, scope: AccountId | '', reference: string): string =>
  `entry/${kind}/${scope}/${reference}`

function viewOf(store: PartyStore): BooksView {
  return {
    lastEntry: () => store.get<number>('lastEntry') ?? 0,
    balanceOf: account => store.get<bigint>(`balance/${account}`),
    entryOf: (kind, scope, reference) => store.get<Entry>(entryName(kind, scope, reference)),
  }
}

/** Entries and uses of tokens that are written together. */
export class BooksDraft {
  readonly #store: PartyStore
  readonly #journal: JournalDraft
  readonly #uses = new Map<number, TokenUse>()

  constructor(store: PartyStore) {
    this.#store = store
    this.#journal = new JournalDraft(viewOf(store))
  }

  post(event: BookedEvent): ReturnType<JournalDraft['post']> {
    return this.#journal.post(event)
  }

  mustPost(event: BookedEvent): void {
    const { outcome } = this.post(event)
    assert(outcome === 'booked' || outcome === 'repeated', `a ${event.kind} that cannot be booked: ${outcome}`)
  }

  use(publication: number): TokenUse | undefined {
    return this.#uses.get(publication) ?? this.#store.get<TokenUse>(`use/${publication}`)
  }

  /** The first of these tokens that was used before, or does not exist. */
  unusable(publication: number, indices: readonly number[]): number | undefined {
    const use = this.use(publication)
    return use ? unusableOf(use, indices) : indices[0]
  }

  /** Uses tokens that can be used; returns what they are worth. */
  useTokens(
    publication: number,
    indices: readonly number[],
    how: 'redeemed' | 'returned',
    about: string,
    time: number,
  ): bigint {
    const before = this.use(publication)!
    const value = createAmount(before.value)
    const { use, revived } = useTokens(before, indices, how)
    this.#uses.set(publication, use)
    if (revived > 0) {
      const reference = `publication ${publication}, spent in ${about}`
      this.mustPost(reviveEvent({ reference, time, amount: multiplyAmount(value, revived) }))
    }
    return multiplyAmount(value, indices.length)
  }

  /** Books what is outstanding of a publication as expired. */
  expire(publication: number, time: number): void {
    const use = this.use(publication)!
    const count = outstandingOf(use.counts)
    if (count === 0) return
    this.#uses.set(publication, expireTokens(use))
    const amount = multiplyAmount(createAmount(use.value), count)
    this.mustPost(expireEvent({ reference: `publication ${publication}`, time, amount }))
  }

  rows(): Row[] {
    const { entries, balances } = this.#journal
    return [
      ...entries.map((entry): Row => [entryName(entry.kind, entry.scope, entry.reference), entry]),
      ...[...balances].map(([account, balance]): Row => [`balance/${account}`, balance]),
      ...[...this.#uses].map(([publication, use]): Row => [`use/${publication}`, use]),
      ['lastEntry', this.#journal.lastEntry()],
    ]
  }
}

/** Every entry of the journal of one kind. */
export const entriesOf = (store: PartyStore, kind: EntryKind): Entry[] =>
  store.entries<Entry>(`entry/${kind}/`).map(([, entry]) => entry)
