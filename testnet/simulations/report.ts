// What `simulate run` reports: means over seeds, with the intervals of those that claims are about.
import { runSetting } from './model.ts'
import type { RunResult, Setting } from './setting.ts'
import { estimate, meanOf } from './statistics.ts'

export interface RunReport {
  readonly setting: Setting
  readonly slots: number
  readonly seeds: number
  /** W̄: mean over slots, users and seeds; and its 95 % interval, null of one seed. */
  readonly meanBlockSize: number
  readonly ci95: readonly [number, number] | null
  /** Mean risk of a block, over the blocks of a run and then over seeds. */
  readonly meanRisk: number
  readonly riskCi95: readonly [number, number] | null
  /** What follows are means of a run's sums. */
  readonly totalRisk: number
  readonly grossLoss: number
  readonly largestExposure: number
  readonly blocks: number
  readonly tokens: number
  readonly purchases: number
  readonly deliveredAtOnce: number
  readonly deliveredAfterWaiting: number
  readonly waited: number
  readonly rejected: number
  readonly blocked: number
  /** Of all purchases that were not refused because W was 0. */
  readonly waitedShare: number
}

function intervalOf(values: readonly number[]): readonly [number, number] | null {
  const { low, high } = estimate(values)
  return Number.isFinite(low) ? [low, high] : null
}

/** Runs a setting with seeds 1 to `seeds`. */
export function runReport(setting: Setting, { slots, seeds }: { slots: number; seeds: number }): RunReport {
  const runs = Array.from({ length: seeds }, (_, at) => runSetting(setting, slots, at + 1))
  const valuesOf = (name: keyof RunResult): number[] => runs.map(run => run[name])
  const mean = (name: keyof RunResult): number => meanOf(valuesOf(name))
  const taken = mean('purchases') - mean('blocked')
  return {
    setting,
    slots,
    seeds,
    meanBlockSize: mean('meanBlockSize'),
    ci95: intervalOf(valuesOf('meanBlockSize')),
    meanRisk: mean('meanRisk'),
    riskCi95: intervalOf(valuesOf('meanRisk')),
    totalRisk: mean('totalRisk'),
    grossLoss: mean('grossLoss'),
    largestExposure: mean('largestExposure'),
    blocks: mean('blocks'),
    tokens: mean('tokens'),
    purchases: mean('purchases'),
    deliveredAtOnce: mean('deliveredAtOnce'),
    deliveredAfterWaiting: mean('deliveredAfterWaiting'),
    waited: mean('waited'),
    rejected: mean('rejected'),
    blocked: mean('blocked'),
    waitedShare: taken === 0 ? 0 : mean('waited') / taken,
  }
}
