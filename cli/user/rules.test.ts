import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LooseToken } from '../../node/ledger/form.ts'
import { digestOfName } from '../../proto/testing.ts'
import {
  changesOf,
  chooseTokens,
  eventOf,
  noTotals,
  type OwnToken,
  paymentState,
  type TokenName,
  type Totals,
  tokenName,
  totalsAfter,
  type WalletEvent,
} from './rules.ts'

const value = 5n

/** Tokens of publication `n`, which may be paid with until time 10 n. */
function issue(publication: number, count: number): LooseToken[] {
  const group = {
    bank: digestOfName('bank'),
    publication,
    value,
    issuedAt: 0,
    payBy: 10 * publication,
    expiry: 10 * publication + 100,
    holder: new Uint8Array(32),
  }
  return Array.from({ length: count }, (_, index) => ({ group, index, signature: new Uint8Array(64) }))
}

/** A wallet in memory: what the book does, without a store. */
class Memory {
  readonly tokens = new Map<TokenName, OwnToken>()
  readonly taken = new Map<string, readonly LooseToken[]>()
  totals: Totals = noTotals

  apply(event: WalletEvent): void {
    for (const { name, token, state } of changesOf(this.tokens, event)) {
      const { group, index, signature } = token
      if (state) this.tokens.set(name, { group, index, signature, state })
      else this.tokens.delete(name)
    }
    this.totals = totalsAfter(this.totals, event)
  }

  inState(kind: string): OwnToken[] {
    return [...this.tokens.values()].filter(({ state }) => state.kind === kind)
  }
}

const arbitraryStep = fc.record({
  what: fc.constantFrom('receive', 'restore', 'pledge', 'return', 'spend', 'free', 'unsure', 'returned', 'check'),
  count: fc.integer({ min: 1, max: 6 }),
  pick: fc.nat(20),
})

describe('tokens', () => {
  it('are in one state each, and none comes from nowhere or vanishes (U1)', () => {
    fc.assert(
      fc.property(fc.array(arbitraryStep, { maxLength: 60 }), steps => {
        const wallet = new Memory()
        let serial = 0
        for (const { what, count, pick } of steps) {
          serial += 1
          const to = digestOfName(`${serial}`)
          const free = wallet.inState('free').slice(0, count)
          const unchecked = wallet.inState('unchecked')
          const wanted = what === 'returned' ? 'returning' : 'pledged'
          const open = [...wallet.taken].filter(
            ([, tokens]) => wallet.tokens.get(tokenName(tokens[0]!))?.state.kind === wanted,
          )
          const [id, tokens] = open[pick % Math.max(1, open.length)] ?? []
          if (what === 'receive' || what === 'restore')
            wallet.apply({
              type: 'receive',
              tokens: issue(serial, count),
              as: what === 'receive' ? 'free' : 'unchecked',
            })
          else if (what === 'check')
            wallet.apply({ type: 'check', free: unchecked.slice(count), used: unchecked.slice(0, count) })
          else if ((what === 'pledge' || what === 'return') && free.length > 0) {
            wallet.apply({ type: what, to, tokens: free })
            wallet.taken.set(to, free)
          } else if (id !== undefined && tokens) {
            if (what === 'spend') wallet.apply({ type: what, to: id, tokens })
            if (what === 'free' || what === 'unsure')
              wallet.apply({ type: 'free', to: id, tokens, as: what === 'free' ? 'free' : 'unchecked' })
            if (what === 'returned') wallet.apply({ type: what, to: id, tokens, refunded: pick % (tokens.length + 1) })
            if (['spend', 'free', 'unsure', 'returned'].includes(what)) wallet.taken.delete(id)
          }
          const { received, spent, returned, lost } = wallet.totals
          expect(received).toBe(wallet.tokens.size + spent + returned + lost)
          const claimed = [...wallet.taken.values()].flat().map(tokenName)
          expect(new Set(claimed).size).toBe(claimed.length)
          expect(claimed.length).toBe(wallet.inState('pledged').length + wallet.inState('returning').length)
        }
      }),
    )
  })

  it('leave no state from which an event may not take them (U3, U5)', () => {
    const wallet = new Memory()
    const tokens = issue(1, 2)
    const [mine, other] = [digestOfName('mine'), digestOfName('other')]
    const receive: WalletEvent = { type: 'receive', tokens, as: 'free' }
    wallet.apply(receive)
    wallet.apply({ type: 'pledge', to: mine, tokens })
    const wrong: WalletEvent[] = [
      receive,
      { type: 'pledge', to: other, tokens },
      { type: 'return', to: other, tokens },
      { type: 'free', to: other, tokens, as: 'free' },
      { type: 'spend', to: other, tokens },
      { type: 'returned', to: mine, tokens, refunded: 2 },
      { type: 'check', free: tokens, used: [] },
    ]
    for (const event of wrong) expect(() => changesOf(wallet.tokens, event)).toThrow(/invariant/)
    wallet.apply({ type: 'free', to: mine, tokens, as: 'free' })
    wallet.apply({ type: 'return', to: mine, tokens })
    expect(() => changesOf(wallet.tokens, { type: 'free', to: mine, tokens, as: 'free' })).toThrow(/invariant/)
  })
})

describe('choosing tokens (U2)', () => {
  const hold = (...parts: LooseToken[][]): OwnToken[] =>
    parts.flat().map((token, i) => ({ ...token, state: i % 7 === 6 ? { kind: 'pledged', to: 'x' } : { kind: 'free' } }))

  it('takes exactly the price, first those that run out first, and none that runs out before the deadline', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 0, max: 45 }), (count, deadline) => {
        const held = hold(issue(4, 5), issue(1, 5), issue(3, 5), issue(2, 5))
        const fit = held.filter(({ state, group }) => state.kind === 'free' && group.payBy > deadline)
        const choose = () => chooseTokens(held, BigInt(count) * value, value, deadline)
        if (fit.length < count)
          return void expect(choose).toThrow(expect.objectContaining({ code: 'insufficient_tokens' }))
        const chosen = choose()
        expect(chosen.reduce((sum, { group }) => sum + group.value, 0n)).toBe(BigInt(count) * value)
        expect(chosen.every(token => fit.includes(token))).toBe(true)
        const latest = Math.max(...chosen.map(({ group }) => group.payBy))
        const left = fit.filter(token => !chosen.includes(token))
        expect(left.every(({ group }) => group.payBy >= latest)).toBe(true)
      }),
    )
  })

  it('refuses a price of 0, one that is no multiple, one for too many tokens or withdrawals, and says what the rest is in', () => {
    const code = (work: () => unknown): string => {
      try {
        work()
      } catch (error) {
        return (error as { code: string }).code
      }
      return ''
    }
    const held = hold(issue(1, 6))
    expect(code(() => chooseTokens(held, 0n, value, 0))).toBe('bad_input')
    expect(code(() => chooseTokens(held, -5n, value, 0))).toBe('bad_input')
    expect(code(() => chooseTokens(held, 7n, value, 0))).toBe('bad_input')
    expect(code(() => chooseTokens(held, 1_025n * value, value, 0))).toBe('too_many')
    const scattered = Array.from({ length: 400 }, (_, i) => issue(i + 1, 1))
    expect(code(() => chooseTokens(hold(...scattered), 300n * value, value, 0))).toBe('too_many')
    const unchecked = held.map(token => ({ ...token, state: { kind: 'unchecked' as const } }))
    expect(() => chooseTokens(unchecked, value, value, 0)).toThrow(
      expect.objectContaining({ code: 'insufficient_tokens', hint: expect.stringContaining('recover') }),
    )
  })
})

describe('a payment', () => {
  it('frees its tokens by the auditor only, and is spent by either word of delivery (U3, U4)', () => {
    const answers = [undefined, 'wait', 'deliver', 'rejected', 'not_queued'] as const
    const outcomes = [undefined, 'refused', 'delivered'] as const
    const states = answers.map(answer => outcomes.map(outcome => paymentState({ answer, outcome })))
    expect(states).toEqual([
      ['open', 'open', 'delivered'],
      ['open', 'open', 'delivered'],
      ['claim', 'claim', 'delivered'],
      ['rejected', 'rejected', 'delivered'],
      ['rejected', 'rejected', 'delivered'],
    ])
    expect((['open', 'claim', 'delivered', 'rejected'] as const).map(eventOf)).toEqual([
      undefined,
      'spend',
      'spend',
      'free',
    ])
  })
})
