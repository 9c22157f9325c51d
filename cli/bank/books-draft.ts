// A change of the bank's books, as one write.
import type { WriteOp } from '../../node/store/database.ts'
import type { AccountStore } from './account-store.ts'
import { BooksChange } from './books-change.ts'
import type { BankStore } from './store.ts'

export class BooksDraft extends BooksChange {
  readonly #accounts: AccountStore
  readonly #tokens: BankStore
  readonly #more: WriteOp[] = []

  constructor(accounts: AccountStore, tokens: BankStore) {
    super(accounts, publication => tokens.tokenUse(publication))
    this.#accounts = accounts
    this.#tokens = tokens
  }

  /** Everything that changes. */
  get operations(): WriteOp[] {
    const uses = [...this.uses].map(([publication, use]) => this.#tokens.putTokenUse(publication, use))
    return [...(this.journal.entries.length > 0 ? this.#accounts.putJournal(this.journal) : []), ...uses, ...this.#more]
  }

  add(...operations: readonly WriteOp[]): void {
    this.#more.push(...operations)
  }
}
