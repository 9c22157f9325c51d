import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { createAmount } from '../../proto/money.ts'
import {
  type AccountId,
  type BookedEvent,
  type BooksView,
  depositEvent,
  type Entry,
  expireEvent,
  issueEvent,
  JournalDraft,
  redeemEvent,
  refundEvent,
  reviveEvent,
  transferEvent,
} from './accounts.ts'
import { createTokenUse, expireTokens, outstandingOf, unusableOf, useTokens } from './token-use.ts'

/** Books in memory: what the store keeps between two writes. */
class MemoryBooks implements BooksView {
  readonly balances = new Map<AccountId, bigint>()
  readonly entries: Entry[] = []

  constructor(parties: readonly AccountId[]) {
    for (const party of parties) this.balances.set(party, 0n)
  }

  lastEntry = (): number => this.entries.length
  balanceOf = (account: AccountId): bigint | undefined => this.balances.get(account)
  entryOf = (kind: string, scope: string, reference: string): Entry | undefined =>
    this.entries.find(entry => entry.kind === kind && entry.scope === scope && entry.reference === reference)

  /** Books events together, as one write does. */
  book(events: readonly BookedEvent[]): string[] {
    const draft = new JournalDraft(this)
    const outcomes = events.map(event => draft.post(event).outcome)
    for (const [account, balance] of draft.balances) this.balances.set(account, balance)
    this.entries.push(...draft.entries)
    return outcomes
  }
}

const parties = ['aa', 'bb', 'cc']
const party = fc.constantFrom(...parties, 'nobody')
const amount = fc
  .oneof(fc.bigInt(0n, 20n), fc.constantFrom(limits.amount, limits.amount - 1n, limits.amount / 2n))
  .map(createAmount)
const occasion = fc.record({ reference: fc.constantFrom('1', '2', '3', '4'), time: fc.constant(7), amount })
const arbitraryEvent: fc.Arbitrary<BookedEvent> = fc.oneof(
  fc.tuple(occasion, party).map(([of, account]) => depositEvent(of, account)),
  fc.tuple(occasion, party).map(([of, account]) => issueEvent(of, account)),
  fc.tuple(occasion, party).map(([of, account]) => refundEvent(of, account)),
  fc.tuple(occasion, party).map(([of, account]) => redeemEvent(of, account)),
  fc
    .tuple(occasion, party, party)
    .filter(([, from, to]) => from !== to)
    .map(([of, from, to]) => transferEvent(of, from, to)),
  occasion.map(of => expireEvent(of)),
  occasion.map(of => reviveEvent({ ...of, reference: `revived ${of.reference}` })),
)

describe('the journal', () => {
  it('sums to 0 and keeps every balance in range, whatever is booked (A1, A2, A3)', () => {
    fc.assert(
      fc.property(fc.array(fc.array(arbitraryEvent, { minLength: 1, maxLength: 3 }), { maxLength: 30 }), writes => {
        const books = new MemoryBooks(parties)
        for (const events of writes) {
          books.book(events)
          expect([...books.balances.values()].reduce((a, b) => a + b, 0n)).toBe(0n)
          for (const [account, balance] of books.balances) {
            if (account === 'cash') expect(balance <= 0n && balance >= -limits.amount).toBe(true)
            else expect(balance >= 0n && balance <= limits.amount).toBe(true)
          }
        }
        const replayed = new Map<AccountId, bigint>()
        books.entries.forEach(({ number, postings }, i) => {
          expect(number).toBe(i + 1)
          for (const posting of postings) {
            replayed.set(posting.account, (replayed.get(posting.account) ?? 0n) + posting.amount)
            expect(posting.balance).toBe(replayed.get(posting.account))
          }
        })
        for (const [account, balance] of replayed) expect(books.balances.get(account)).toBe(balance)
      }),
    )
  })

  it('books an event once; a repeat changes nothing (A4)', () => {
    fc.assert(
      fc.property(fc.array(arbitraryEvent, { maxLength: 20 }), events => {
        const once = new MemoryBooks(parties)
        const twice = new MemoryBooks(parties)
        for (const event of events) {
          const [first] = once.book([event])
          expect(twice.book([event])).toEqual([first])
          const [again] = twice.book([event])
          // what was refused is refused again, what was booked is a repeat
          expect(again).toBe(first === 'booked' ? 'repeated' : first)
          expect(twice.entries).toEqual(once.entries)
          expect(twice.balances).toEqual(once.balances)
        }
      }),
    )
  })

  it('holds 2^63 - 1 minor units and not one more', () => {
    const books = new MemoryBooks(['aa', 'bb'])
    const of = (reference: string, value: bigint) => ({ reference, time: 1, amount: createAmount(value) })
    expect(books.book([depositEvent(of('1', limits.amount), 'aa')])).toEqual(['booked'])
    expect(books.book([depositEvent(of('2', 1n), 'bb')])).toEqual(['too_large'])
    expect(books.book([depositEvent(of('1', 1n), 'bb')])).toEqual(['conflict'])
    expect(books.book([issueEvent(of('o', limits.amount), 'aa')])).toEqual(['booked'])
    expect(books.book([issueEvent(of('p', 1n), 'aa'), depositEvent(of('3', 0n), 'nobody')])).toEqual([
      'insufficient_funds',
      'no_account',
    ])
    expect(Object.fromEntries(books.balances)).toEqual({
      aa: 0n,
      bb: 0n,
      cash: -limits.amount,
      tokens: limits.amount,
    })
  })
})

describe('tokens', () => {
  it('are used once, and what is outstanding never goes below zero (U1, U2, U3)', () => {
    const step = fc.oneof(
      fc.record({
        indices: fc.array(fc.nat(12), { minLength: 1, maxLength: 4 }),
        how: fc.constantFrom('redeemed', 'returned'),
      }),
      fc.constant('expire' as const),
    )
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), fc.array(step, { maxLength: 12 }), (issued, steps) => {
        let use = createTokenUse(issued, { bank: '', value: 1n, expiry: 0 })
        const used = new Set<number>()
        for (const next of steps) {
          if (next === 'expire') use = expireTokens(use)
          else {
            const bad = next.indices.find(
              (index, i) => index >= issued || used.has(index) || next.indices.indexOf(index) < i,
            )
            expect(unusableOf(use, next.indices)).toBe(bad)
            if (bad !== undefined) continue
            const before = outstandingOf(use.counts)
            const done = useTokens(use, next.indices, next.how as 'redeemed' | 'returned')
            expect(done.revived).toBe(Math.max(0, next.indices.length - before))
            use = done.use
            for (const index of next.indices) used.add(index)
          }
          const { redeemed, returned, expired } = use.counts
          expect(redeemed + returned).toBe(used.size)
          expect(Math.min(expired, outstandingOf(use.counts))).toBe(0)
          expect(expired).toBeGreaterThanOrEqual(0)
          expect(outstandingOf(use.counts)).toBeGreaterThanOrEqual(0)
        }
      }),
    )
  })
})
