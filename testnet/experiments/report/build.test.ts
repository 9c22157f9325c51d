// The report says what came of a run: pass, fail or unknown, and why.
import { describe, expect, test } from 'vitest'
import type { EngineRun } from '../engine.ts'
import type { HistoryEvent } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import { plausibleManifest, plausibleRun } from '../testing.ts'
import { buildReport } from './build.ts'

const run = plausibleRun()
const command = 'mupib experiment run rough-afternoon --seed 7'
const report = buildReport(plausibleManifest, run, command)

const expecting = (expect: Partial<Manifest['expect']>): Manifest => ({
  ...plausibleManifest,
  expect: { ...plausibleManifest.expect, ...expect },
})
const having = (history: readonly HistoryEvent[]): EngineRun => ({ ...run, history })
const split = having(
  run.history.map(event =>
    event.type === 'final' && event.node === 'v2' && event.height === 40 ? { ...event, digest: 'ff' } : event,
  ),
)

describe('a report', () => {
  test('passes where every rule and expectation holds, and names what repeats it', () => {
    expect(report.reasons).toEqual([])
    expect(report).toMatchObject({ outcome: 'pass', command, seed: 7, format: 'mupib-experiment/1' })
    expect(report.expectations).toHaveLength(4)
    expect(report.findings.map(({ invariant }) => invariant).slice(-3)).toEqual(['I13', 'L1', 'F1'])
  })

  test('sums up what was decided, how long it took and how soon it came back', () => {
    const { series, verdicts, recovery, latency, waiting, insurance } = report
    const tokens = Object.values(verdicts).reduce((sum, count) => sum + count, 0)
    expect(series.tokens.reduce((sum, count) => sum + count, 0)).toBe(tokens)
    expect(series.blocks.reduce((sum, count) => sum + count, 0)).toBe(report.nodes[0]!.height)
    expect(series.tokens.length).toBe(Math.ceil(20_001 / series.everyMs))
    expect(recovery).toMatchObject({ boundMs: 2_000 })
    expect(recovery!.ms).toBeGreaterThan(800)
    expect(latency!.p50).toBeLessThan(latency!.p99)
    expect(waiting!.delivered + waiting!.rejected).toBe(waiting!.payments)
    expect(insurance.map(({ loss }) => loss)).toEqual(['-18240', '4120'])
  })

  test('tells what was broken when, and what this engine could not give', () => {
    expect(report.faults.map(({ action, fromMs, toMs }) => [action, fromMs, toMs])).toEqual([
      ['kill', 4_000, 7_000],
      ['isolate', 5_200, 8_200],
      ['wipe', 8_800, 9_800],
      ['flood', 9_000, 11_500],
      ['clockJump', 10_500, 10_500],
      ['partition', 11_600, 15_000],
    ])
    expect(report.faults.map(({ recovery }) => recovery)).toEqual(
      report.faults.map(({ action }) => (action === 'isolate' ? { ms: 68, boundMs: 2_000 } : undefined)),
    )
    expect(report.faults[4]!.skipped).toBe('no libfaketime here')
    const endless = having(run.history.filter(event => event.type !== 'fault' || event.edge !== 'ends'))
    const until = buildReport(plausibleManifest, endless, command).faults.map(({ toMs }) => toMs)
    expect(until).toEqual([7_000, 8_200, 9_800, 11_500, 10_500, 15_000])
  })

  test('what an engine gives in part is no failure where it breaks nothing, and no pass', () => {
    const network = { ...plausibleManifest.network, byzantine: { v6: 'twin', v7: 'twin' } }
    const twins = { ...expecting({ broken: ['I1'] }), network }
    const simulated = buildReport(twins, { ...run, engine: 'simulated', traceHash: 'a' }, command)
    expect([simulated.outcome, simulated.reasons]).toEqual(['fail', ['I1 was to be broken, and holds']])
    const real = buildReport(twins, { ...run, engine: 'real', traceHash: undefined }, command)
    expect([real.outcome, real.reasons]).toEqual([
      'unknown',
      ['I1 was to be broken, and holds: a real run gives twin in part'],
    ])
  })

  test('follows what became of each validator', () => {
    const states = Object.fromEntries(report.nodes.map(({ name, states }) => [name, states.map(({ state }) => state)]))
    expect(states.v2).toEqual(['starting', 'following', 'voting', 'down', 'starting', 'voting'])
    expect(states.v5).toEqual(['starting', 'following', 'voting', 'down', 'starting', 'mute', 'voting'])
    expect(report.nodes.map(({ role }) => role)).toEqual([...Array(6).fill('honest'), 'adversary'])
  })

  test('fails where a rule is broken, unless it was made to be', () => {
    const failed = buildReport(plausibleManifest, split, command)
    expect(failed.outcome).toBe('fail')
    expect(failed.reasons[0]).toContain('I1 is broken')
    expect(buildReport(expecting({ broken: ['I1'] }), split, command).outcome).toBe('pass')
    for (const either of [split, run])
      expect(buildReport(expecting({ mayBreak: ['I1'] }), either, command).outcome).toBe('pass')
    expect(buildReport(expecting({ broken: ['I1'] }), run, command).reasons).toEqual(['I1 was to be broken, and holds'])
  })

  test.each<[string, Partial<Manifest['expect']>]>([
    ['verdicts', { verdicts: { '11': 1_000_000 } }],
    ['stalls', { stalls: false }],
    ['deliveries', { delivered: 1_000_000 }],
    ['recovery', { recoversIn: 10 }],
    ['rate', { rateKept: 1 }],
  ])('fails where the file expects other %s', (_what, expect_) => {
    const { outcome, reasons } = buildReport(expecting(expect_), run, command)
    expect(outcome).toBe('fail')
    expect(reasons).toHaveLength(1)
  })

  test('fails for a bug that a process tells of, and for a trace that is not the same again', () => {
    const bug: HistoryEvent = { at: 1, type: 'bug', node: 'v1', text: 'it threw' }
    expect(buildReport(plausibleManifest, having([bug, ...run.history]), command).outcome).toBe('fail')
    expect(buildReport(plausibleManifest, { ...run, repeatedTraceHash: 'ff' }, command).outcome).toBe('fail')
    expect(buildReport(plausibleManifest, { ...run, repeatedTraceHash: run.traceHash }, command).outcome).toBe('pass')
  })

  test('is unknown where the run shows nothing', () => {
    const plain: Manifest = expecting({ verdicts: {}, delivered: undefined, recoversIn: undefined, stalls: undefined })
    const outcomeOf = (changed: EngineRun) => buildReport(plain, changed, command)
    expect(outcomeOf(having([])).reasons).toEqual(['nothing was decided', 'no rule was put to the test'])
    const skipped = run.history.map(event => (event.type === 'fault' ? { ...event, edge: 'skipped' as const } : event))
    expect(outcomeOf({ ...having(skipped), adversaries: [], lost: ['v7'] })).toMatchObject({ outcome: 'unknown' })
    const idle = run.history.filter(event => event.type !== 'final' || event.at < 2_500 || event.at > 15_000)
    expect(outcomeOf(having(idle)).outcome).toBe('unknown')
  })
})
