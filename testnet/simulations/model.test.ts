// The simulation against numbers that were not made with it, the paper's Proposition 2 in its exact form, and itself.
import { describe, expect, test } from 'vitest'
import { averageRisk, averageRiskCorrected } from '../../cli/auditor/risk.ts'
import { SeededRandom } from '../random.ts'
import { generatePaperTrace } from '../trace/paper.ts'
import { formatTrace, parseTrace } from '../trace/trace.ts'
import { Account } from './account.ts'
import { runSetting } from './model.ts'
import { simulateTrace } from './replayed.ts'
import { runReport } from './report.ts'
import { defaultSetting, type Setting } from './setting.ts'
import { estimate } from './statistics.ts'

const models = ['pessimistic', 'neutral', 'optimistic'] as const

describe('mean W per slot over 1,000 slots (q of tokens, f = 0.4, c = 5, W0 = 100)', () => {
  test.each([
    [0.01, [65, 91, 94]],
    [0.05, [20, 52, 76]],
    [0.2, [6.9, 13.9, 21.0]],
  ])('q = %f: %j within 5 %%', (doubleSpendRate, expected) => {
    for (const [at, model] of models.entries()) {
      const setting = { ...defaultSetting, model, doubleSpendRate }
      const { meanBlockSize } = runReport(setting, { slots: 1_000, seeds: 150 })
      expect(Math.abs(meanBlockSize / expected[at]! - 1)).toBeLessThan(0.05)
    }
  })

  test('an honest user keeps W0', () => {
    expect(runSetting({ ...defaultSetting, doubleSpendRate: 0 }, 500, 1).meanBlockSize).toBe(100)
  })
})

describe('Proposition 2', () => {
  const rules = {
    terms: { model: 'neutral', w0: 50, rounding: 'floor' },
    withholdingBp: 2_000,
    earlyBp: 10_000,
  } as const
  const tokens = 5
  const payments = 10

  /** The risk of a user's second block, after an honest one that leaves tokens to spend again. */
  function secondRisk(probability: number, random: SeededRandom): number {
    const account = new Account(rules)
    const risks: number[] = []
    for (let payment = 0; payment < 2 * payments; payment++) {
      const cheats = payment >= payments && random.fraction() < probability
      account.buy(tokens, cheats ? 1 : 0)
      account.decide(({ risk }) => risks.push(Number(risk) / 10_000))
    }
    expect(risks).toHaveLength(2)
    return risks[1]!
  }

  test.each([0.02, 0.1, 0.3])('π = %f: the mean risk is eq. 13 less the last fee of a valid block', probability => {
    const random = new SeededRandom(11)
    const { low, high } = estimate(
      Array.from({ length: 4_000 }, () => secondRisk(probability, random)),
      0.999,
    )
    const block = { probability, tokensPerPayment: tokens, blockSize: 50, tokenValue: 1, withholding: 0.2 }
    const printed = averageRisk(block)
    const corrected = averageRiskCorrected(block)
    expect(low).toBeLessThan(corrected)
    expect(high).toBeGreaterThan(corrected)
    // the printed form leaves it out, and is refuted where such blocks are not rare
    if (probability < 0.2) expect(low > printed || high < printed).toBe(true)
  })
})

describe('a run', () => {
  const setting: Setting = { ...defaultSetting, users: 3, costs: [3, 7], doubleSpendRate: 0.05 }

  test('repeats from its seed, and differs from another', () => {
    expect(runSetting(setting, 300, 4)).toEqual(runSetting(setting, 300, 4))
    expect(runSetting(setting, 300, 5)).not.toEqual(runSetting(setting, 300, 4))
  })

  test('accounts for every purchase', () => {
    const run = runSetting({ ...setting, sharing: 'shared', users: 20 }, 300, 1)
    expect(run.deliveredAtOnce + run.deliveredAfterWaiting + run.rejected).toBe(run.purchases)
    expect(run.waited).toBeGreaterThanOrEqual(run.deliveredAfterWaiting)
    expect(run.blocked).toBeGreaterThan(0)
  })

  test('as a trace, read back from its file, comes to the same W and the same answers', () => {
    const { users, costs, frequency, doubleSpendRate, per } = setting
    const model = { seed: 2, users, costs, frequency, doubleSpendRate, per, slots: 300, tokenValue: 5n }
    const purchases = parseTrace(formatTrace(generatePaperTrace(model)))
    const terms = { model: setting.model, w0: setting.initialBlockSize, rounding: 'floor' } as const
    const { answers, blocks } = simulateTrace(purchases, { ...setting, terms, tokenValue: 5n })
    const run = runSetting(setting, 300, 2)
    expect(answers.filter(({ answer }) => answer === 'at once')).toHaveLength(run.deliveredAtOnce)
    expect(answers.filter(({ answer }) => answer === 'after waiting')).toHaveLength(run.deliveredAfterWaiting)
    expect([...blocks.values()].flat()).toHaveLength(run.blocks)
    expect(answers.some(({ charged, answer }) => charged > 0 && answer === 'at once')).toBe(true)
  })
})
