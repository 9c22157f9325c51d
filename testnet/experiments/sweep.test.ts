// Sweeps and seeds without running anything: trials in, measures in, reports, CSV, picture and page out.
import { describe, expect, it } from 'vitest'
import { findExperiment } from './library.ts'
import type { Measures } from './measures.ts'
import { seedsReport } from './seeds.ts'
import { seedsText, sweepText } from './summary.ts'
import { readSweep, sweepCsv, sweepReport, sweepTrials } from './sweep.ts'
import { sweepPage } from './sweep-page.ts'
import { drawSweep } from './sweep-picture.ts'
import { trialOf } from './trial.ts'

const measured = (change: Partial<Measures>): Measures => ({
  outcome: 'pass',
  reasons: [],
  tokensPerSecond: 100,
  latencyP50: 20,
  latencyP99: 90,
  recoveryMs: 400,
  recoveryBoundMs: 3_000,
  traceHash: 'abc',
  version: { mupib: '1', node: '2', platform: '3' },
  ...change,
})

const experiment = findExperiment('calm')

function swept(parameter: string, measuresFor: (value: string, seed: number) => Partial<Measures>) {
  const sweep = readSweep(parameter)
  const trials = sweepTrials(experiment, [], sweep, 'simulated', [1, 2, 3])
  const measures = trials.map(({ value, seed }) => measured(measuresFor(value, seed)))
  return sweepReport(experiment, sweep, trials, measures, trialOf(experiment, [], 'simulated', 1).command)
}

describe('a sweep', () => {
  const report = swept('validators=4,7,10', (value, seed) => ({
    tokensPerSecond: 1_000 / Number(value) + seed,
    ...(value === '10' && seed === 2 ? { outcome: 'fail', reasons: ['I1 <broken>'], recoveryMs: null } : {}),
  }))

  it('runs each value with each seed, takes medians, and fails where one run fails', () => {
    expect(report.runs.map(({ value, seed }) => `${value}/${seed}`).join(' ')).toBe(
      '4/1 4/2 4/3 7/1 7/2 7/3 10/1 10/2 10/3',
    )
    expect(report.medians.map(({ tokensPerSecond }) => tokensPerSecond)).toEqual([252, 1_000 / 7 + 2, 102])
    expect(report).toMatchObject({ outcome: 'fail', parameter: 'network.validators', seeds: [1, 2, 3] })
    expect(report.runs[4]!.command).toBe('mupib experiment run calm --set network.validators=7 --simulated --seed 2')
    expect(report.command).toBe(
      'mupib experiment run calm --simulated --seed 1 --seeds 3 --sweep network.validators=4,7,10',
    )
  })

  it('is a table for others to read', () => {
    const lines = sweepCsv(report).trimEnd().split('\n')
    expect(lines[0]).toBe(
      'network.validators,seed,outcome,tokens_per_s,latency_p50_ms,latency_p99_ms,recovery_ms,recovery_bound_ms,trace_hash',
    )
    expect(lines[4]).toBe('7,1,pass,143.857,20,90,400,3000,abc')
    expect(lines[8]).toBe('10,2,fail,102,20,90,,3000,abc')
  })

  it('is a picture with a dot for each run, and a page that needs nothing else', () => {
    const picture = drawSweep(report)
    expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"/)
    expect(picture).not.toMatch(/NaN|undefined/)
    // three panels of nine runs, recovery with eight; medians: three in each of five lines; the legend's five
    expect(picture.match(/<circle/g)).toHaveLength(9 + 9 + 9 + 8 + 15 + 5)
    const page = sweepPage(report, picture)
    expect(page).toContain(picture)
    expect(page).toContain('I1 &lt;broken&gt;')
    expect(page).not.toMatch(/<script|<link|src=|url\(/)
  })

  it('has axes for times and for words', () => {
    expect(drawSweep(swept('delay=0ms,10ms,0.1s', () => ({})))).toContain('network.delay (ms)')
    const words = drawSweep(
      swept('network.byzantine.v4=silent,twin,forger', () => ({ recoveryMs: null, recoveryBoundMs: null })),
    )
    for (const word of ['silent', 'twin', 'forger']) expect(words).toContain(`>${word}</text>`)
    expect(words).not.toContain('Next verdict')
  })

  it('says in short what did not pass, and how to repeat it', () => {
    expect(sweepText(report, 'out')).toContain(`fail: I1 <broken>: ${report.runs[7]!.command}`)
  })
})

describe('seeds', () => {
  const trials = [5, 6, 7, 8].map(seed => trialOf(experiment, [], 'simulated', seed))

  it('end with the lowest that fails', () => {
    const failed = measured({ outcome: 'fail', reasons: ['I7 is broken'] })
    const report = seedsReport(experiment, trials, [measured({}), measured({ outcome: 'unknown' }), failed])
    expect(report).toMatchObject({
      outcome: 'fail',
      seeds: { first: 5, asked: 4, ran: 3 },
      counts: { pass: 1, fail: 1, unknown: 1 },
      firstFailure: { seed: 7, reasons: ['I7 is broken'], command: 'mupib experiment run calm --simulated --seed 7' },
      command: 'mupib experiment run calm --simulated --seed 5 --seeds 4',
    })
    expect(seedsText(report)).toMatch(/seeds +5 to 7\n.*seed 7: I7 is broken\n.*\n\nFAIL$/s)
  })

  it('pass where some pass and none fails, and are unknown where none shows anything', () => {
    const unknown = measured({ outcome: 'unknown' })
    expect(seedsReport(experiment, trials, [measured({}), unknown]).outcome).toBe('pass')
    expect(seedsReport(experiment, trials, [unknown, unknown]).outcome).toBe('unknown')
  })
})
