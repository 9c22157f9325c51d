import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limits } from '../../proto/limits.ts'
import { blockBooks, emptyTotals, settlePayment } from './settlement.ts'

function transfers(worths: readonly bigint[], withholdingBp: number): bigint[] {
  let totals = emptyTotals
  return worths.map(worth => {
    const settled = settlePayment(totals, worth, withholdingBp)
    totals = settled.totals
    return settled.transfer
  })
}
const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)

describe('settlement', () => {
  it('pays small payments by the running total', () => {
    expect(transfers([1n, 1n, 1n, 1n, 1n], 2_000)).toEqual([0n, 1n, 1n, 1n, 1n])
  })

  it('pays everything at ρ = 0 and nothing at ρ = 100 %', () => {
    expect(transfers([1n, 7n, limits.amount], 0)).toEqual([1n, 7n, limits.amount])
    expect(transfers([1n, 7n, limits.amount], 10_000)).toEqual([0n, 0n, 0n])
  })

  it('pays ⌊S/10000⌋ in all, none of it more than its payment is worth, whatever ρ becomes', () => {
    const amount = fc.bigInt({ min: 1n, max: limits.amount })
    const payment = fc.record({ worth: amount, withholdingBp: fc.integer({ min: 0, max: 10_000 }) })
    fc.assert(
      fc.property(fc.array(payment), payments => {
        let totals = emptyTotals
        for (const { worth, withholdingBp } of payments) {
          const settled = settlePayment(totals, worth, withholdingBp)
          expect(settled.transfer).toBeGreaterThanOrEqual(0n)
          expect(settled.transfer).toBeLessThanOrEqual(worth)
          totals = settled.totals
        }
        expect(totals.due).toBe(sum(payments.map(({ worth, withholdingBp }) => worth * BigInt(10_000 - withholdingBp))))
        expect(totals.paid).toBe(totals.due / 10_000n)
      }),
    )
  })
})

describe('the books of a block', () => {
  it('say what was paid, withheld, received and covered: the worked example', () => {
    const paid = transfers(new Array<bigint>(19).fill(5n), 2_000)
    const books = blockBooks(paid.map((transfer, at) => ({ worth: 5n, consumed: at < 6 ? 4n : 5n, transfer })))
    expect(books).toEqual({ paid: 76n, margin: 19n, received: 89n, covered: 6n })
  })

  it('balance to the unit', () => {
    const amount = fc.bigInt({ min: 1n, max: limits.amount })
    const payment = fc.tuple(amount, amount).map(([consumed, lost]) => ({ worth: consumed + lost, consumed }))
    fc.assert(
      fc.property(fc.array(payment), fc.integer({ min: 0, max: 10_000 }), (payments, withholdingBp) => {
        const paid = transfers(
          payments.map(({ worth }) => worth),
          withholdingBp,
        )
        const books = blockBooks(payments.map((each, at) => ({ ...each, transfer: paid[at]! })))
        expect(books.paid + books.margin).toBe(books.received + books.covered)
      }),
    )
  })
})
