import { describe, expect, it } from 'vitest'
import { averageRisk, averageRiskCorrected, blockRisk, breakEvenWithholding, unitsText } from './risk.ts'

const terms = { tokenValue: 1n, withholdingBp: 2_000 }
const payments = (count: number, invalid = 0) =>
  Array.from({ length: count }, (_, at) => ({ tokens: 5, invalid: at < invalid ? 1 : 0 }))
const text = (settled: ReturnType<typeof payments>, parts = terms) => {
  const { risk, grossLoss } = blockRisk(settled, parts)
  return [unitsText(risk), unitsText(grossLoss)]
}

describe('the risk of a block', () => {
  it('is the withholding where all is valid, and the invalid tokens less the withholding else', () => {
    expect(text(payments(20))).toEqual(['-20', '0'])
    expect(text(payments(19, 6))).toEqual(['-13', '4.8'])
    expect(text(payments(1, 1))).toEqual(['0', '0.8'])
    expect(text([])).toEqual(['0', '0'])
  })

  it('is exact for any withholding and value', () => {
    expect(text(payments(3, 1), { tokenValue: 7n, withholdingBp: 0 })).toEqual(['7', '7'])
    expect(text(payments(3, 1), { tokenValue: 7n, withholdingBp: 10_000 })).toEqual(['-98', '0'])
    expect(text(payments(1), { tokenValue: 1n, withholdingBp: 3 })).toEqual(['-0.0015', '0'])
    const large = { tokenValue: 2n ** 62n, withholdingBp: 1 }
    expect(text(payments(1), large)).toEqual(['-2305843009213693.952', '0'])
  })
})

describe('the average risk (eq. 13)', () => {
  const block = { probability: 0.2, tokensPerPayment: 5, blockSize: 100, tokenValue: 1, withholding: 0.2 }

  it('is v(π − tρ)(⌈W/t⌉ − 1), and with the last fee of a valid block a little lower', () => {
    expect(averageRisk(block)).toBeCloseTo(-15.2, 10)
    expect(averageRiskCorrected(block)).toBeCloseTo(-15.2 - 0.8 ** 20, 10)
    expect(averageRisk({ ...block, blockSize: 98 })).toBeCloseTo(-15.2, 10)
  })

  it('breaks even at ρ = π/t', () => {
    const withholding = breakEvenWithholding(0.2, 5)
    expect(withholding).toBeCloseTo(0.04, 10)
    expect(averageRisk({ ...block, withholding })).toBeCloseTo(0, 10)
  })
})
