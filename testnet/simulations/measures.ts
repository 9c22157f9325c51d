// What a figure shows of a run.
import type { RunResult } from './setting.ts'

const perHundred = (count: number, purchases: number): number => (purchases === 0 ? 0 : (100 * count) / purchases)

/** Purchases that were not refused out of hand because their user is blocked. */
const taken = ({ purchases, blocked }: RunResult): number => purchases - blocked

export const measures = {
  meanBlockSize: { label: 'mean W per slot (tokens)', of: (run: RunResult) => run.meanBlockSize },
  meanRisk: { label: 'mean risk of a block (token values)', of: (run: RunResult) => run.meanRisk },
  lossPerHundredPurchases: {
    label: 'paid for invalid tokens, per 100 purchases',
    of: (run: RunResult) => perHundred(run.grossLoss, taken(run)),
  },
  largestExposure: {
    label: 'most tokens delivered and not yet decided',
    of: (run: RunResult) => run.largestExposure,
  },
  waitedShare: { label: 'purchases that wait (%)', of: (run: RunResult) => perHundred(run.waited, taken(run)) },
  blocksPerHundredPurchases: {
    label: 'token blocks per 100 purchases',
    of: (run: RunResult) => perHundred(run.blocks, taken(run)),
  },
} as const

export type Measure = keyof typeof measures
