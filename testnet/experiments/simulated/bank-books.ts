// The books of a simulated bank: the bank's own rules of double entry and token use over a virtual store.
import type { AccountId, BooksView, Entry, EntryKind } from '../../../cli/bank/accounts.ts'
import { BooksChange } from '../../../cli/bank/books-change.ts'
import type { TokenUse } from '../../../cli/bank/token-use.ts'
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

/** A change of the simulated bank's books, as one write. */
export class BooksDraft extends BooksChange {
  constructor(store: PartyStore) {
    super(viewOf(store), publication => store.get<TokenUse>(`use/${publication}`))
  }

  rows(): Row[] {
    const { entries, balances } = this.journal
    return [
      ...entries.map((entry): Row => [entryName(entry.kind, entry.scope, entry.reference), entry]),
      ...[...balances].map(([account, balance]): Row => [`balance/${account}`, balance]),
      ...[...this.uses].map(([publication, use]): Row => [`use/${publication}`, use]),
      ['lastEntry', this.journal.lastEntry()],
    ]
  }
}

/** Every entry of the journal of one kind. */
export const entriesOf = (store: PartyStore, kind: EntryKind): Entry[] =>
  store.entries<Entry>(`entry/${kind}/`).map(([, entry]) => entry)
