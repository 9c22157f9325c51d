// Every experiment that ships in one report: each with its own runs, and one that an engine gives in part spoils nothing.
import { expect, test } from 'vitest'
import { allReport } from './all.ts'
import { findExperiment } from './library.ts'
import type { Measures } from './measures.ts'
import { allText } from './summary.ts'
import { trialOf } from './trial.ts'

const experiments = ['calm', 'lossy-network'].map(findExperiment)
const trials = experiments.flatMap(one => [1, 2].map(seed => trialOf(one, [], 'real', seed)))
const measured = (outcome: Measures['outcome'], ...reasons: string[]): Measures =>
  ({ outcome, reasons, version: {} }) as unknown as Measures

test('each experiment has its own runs, and what did not hold in them', () => {
  const none = measured('unknown', 'this engine gives none of its faults')
  const report = allReport(experiments, trials, [measured('pass'), measured('fail', 'I1 is broken'), none, none])
  expect(report).toMatchObject({
    outcome: 'fail',
    experiments: [
      { experiment: 'calm', counts: { pass: 1, fail: 1 }, firstFailure: { seed: 2 }, leftOut: [] },
      { counts: { unknown: 2 }, leftOut: ['loss', 'duplicate', 'reorder'], reasons: none.reasons },
    ],
  })
  expect(allText(report)).toMatch(/\ncalm +fail +1 of 2 +I1 is broken\nlossy-network +unknown +0 of 2 +loss, dup/)
  expect(allReport(experiments, trials, [measured('pass'), measured('pass'), none, none]).outcome).toBe('pass')
})
