// Entries and the use of tokens that change together, as one write.
import type { WriteOp } from '../../node/store/database.ts'
import { assert } from '../../proto/errors.ts'
import { type Amount, createAmount, multiplyAmount } from '../../proto/money.ts'
import type { AccountStore } from './account-store.ts'
import {
  type AccountId,
  type BookedEvent,
  type Entry,
  expireEvent,
  JournalDraft,
  type Posted,
  reviveEvent,
} from './accounts.ts'
import type { BankStore } from './store.ts'
import { expireTokens, outstandingOf, type TokenUse, unusableOf, useTokens } from './token-use.ts'

export class BooksDraft {
  readonly #accounts: AccountStore
  readonly #tokens: BankStore
  readonly #journal: JournalDraft
  readonly #uses = new Map<number, TokenUse>()
  readonly #more: WriteOp[] = []

  constructor(accounts: AccountStore, tokens: BankStore) {
    this.#accounts = accounts
    this.#tokens = tokens
    this.#journal = new JournalDraft(accounts)
  }

  /** Everything that changes. */
  get operations(): WriteOp[] {
    const uses = [...this.#uses].map(([publication, use]) => this.#tokens.putTokenUse(publication, use))
    return [
      ...(this.#journal.entries.length > 0 ? this.#accounts.putJournal(this.#journal) : []),
      ...uses,
      ...this.#more,
    ]
  }

  add(...operations: readonly WriteOp[]): void {
    this.#more.push(...operations)
  }

  balanceOf(account: AccountId): bigint {
    return this.#journal.balanceOf(account) ?? 0n
  }

  post(event: BookedEvent): Posted {
    return this.#journal.post(event)
  }

  /** Books what cannot be refused. */
  mustPost(event: BookedEvent): Entry {
    const posted = this.post(event)
    assert('entry' in posted && posted.outcome !== 'conflict', `a ${event.kind} of ${event.reference} can be booked`)
    return posted.entry
  }

  useOf(publication: number): TokenUse | undefined {
    return this.#uses.get(publication) ?? this.#tokens.tokenUse(publication)
  }

  /** The first of these tokens that was used before, or does not exist. */
  unusable(publication: number, indices: readonly number[]): number | undefined {
    const use = this.useOf(publication)
    return use ? unusableOf(use, indices) : indices[0]
  }

  /** Uses tokens that can be used, and returns what they are worth. `about` names the record that certifies it. */
  useTokens(
    publication: number,
    indices: readonly number[],
    how: 'redeemed' | 'returned',
    { about, time }: { readonly about: string; readonly time: number },
  ): Amount {
    const before = this.useOf(publication)!
    const value = createAmount(before.value)
    const { use, revived } = useTokens(before, indices, how)
    this.#uses.set(publication, use)
    if (revived > 0) {
      const reference = `publication ${publication}, spent in ${about}`
      this.mustPost(reviveEvent({ reference, time, amount: multiplyAmount(value, revived) }))
    }
    return multiplyAmount(value, indices.length)
  }

  /** Books a publication's outstanding tokens as expired; returns how many. */
  expire(publication: number, time: number): number {
    const use = this.useOf(publication)!
    const count = outstandingOf(use.counts)
    if (count === 0) return 0
    this.#uses.set(publication, expireTokens(use))
    const amount = multiplyAmount(createAmount(use.value), count)
    this.mustPost(expireEvent({ reference: `publication ${publication}`, time, amount }))
    return count
  }
}
