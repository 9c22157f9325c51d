// Entries and the use of tokens that change together, over books as they stand, wherever those are kept.
import { assert } from '../../proto/errors.ts'
import { type Amount, createAmount, multiplyAmount } from '../../proto/money.ts'
import {
  type AccountId,
  type BookedEvent,
  type BooksView,
  type Entry,
  expireEvent,
  JournalDraft,
  type Posted,
  reviveEvent,
} from './accounts.ts'
import { expireTokens, outstandingOf, type TokenUse, unusableOf, useTokens } from './token-use.ts'

export class BooksChange {
  protected readonly journal: JournalDraft
  /** Changed ones, by publication. */
  protected readonly uses = new Map<number, TokenUse>()
  readonly #usedBefore: (publication: number) => TokenUse | undefined

  constructor(books: BooksView, usedBefore: (publication: number) => TokenUse | undefined) {
    this.journal = new JournalDraft(books)
    this.#usedBefore = usedBefore
  }

  balanceOf(account: AccountId): bigint {
    return this.journal.balanceOf(account) ?? 0n
  }

  post(event: BookedEvent): Posted {
    return this.journal.post(event)
  }

  /** Books what cannot be refused. */
  mustPost(event: BookedEvent): Entry {
    const posted = this.post(event)
    assert('entry' in posted && posted.outcome !== 'conflict', `a ${event.kind} of ${event.reference} can be booked`)
    return posted.entry
  }

  useOf(publication: number): TokenUse | undefined {
    return this.uses.get(publication) ?? this.#usedBefore(publication)
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
    this.uses.set(publication, use)
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
    this.uses.set(publication, expireTokens(use))
    const amount = multiplyAmount(createAmount(use.value), count)
    this.mustPost(expireEvent({ reference: `publication ${publication}`, time, amount }))
    return count
  }
}
