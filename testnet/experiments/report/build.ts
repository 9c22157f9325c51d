// Makes the report of a run: holds it against the rules and the file's expectations, and says what came of it.
import { readFileSync } from 'node:fs'
import { decisionTimes, recoveryOf } from '../checkers/healing.ts'
import { check } from '../checkers/index.ts'
import { eventsOf, phaseAt } from '../checkers/inquiry.ts'
import { sameTrace } from '../checkers/trace.ts'
import type { EngineRun } from '../engine.ts'
import type { Finding, Run } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import { type Expectation, type ExperimentReport, type ReportedFault, reportFormat } from '../report.ts'
import { leftOutBy } from '../support.ts'
import { expectationsOf, faultPhase } from './expectations.ts'
import { faultsOf, nodesOf } from './nodes.ts'
import { firstFinals, percentilesOf, seriesOf, verdictLatencies } from './series.ts'

/** In the order of the rules, with the trace (I13) where it belongs. */
function findingsOf(run: EngineRun): Finding[] {
  const findings = check(run)
  findings.splice(
    findings.findIndex(({ invariant }) => invariant === 'L1'),
    0,
    sameTrace([run.traceHash, run.repeatedTraceHash]),
  )
  return findings
}

/** Rules that the experiment is made to break, and that are whole. */
const unbroken = ({ expect }: Manifest, findings: readonly Finding[]): string[] =>
  findings
    .filter(({ invariant, verdict }) => verdict !== 'broken' && expect.broken.includes(invariant))
    .map(
      ({ invariant, verdict }) =>
        `${invariant} was to be broken, and ${verdict === 'holds' ? 'holds' : 'was not put to the test'}`,
    )

/** What is wrong; an experiment that is made to break a rule is wrong where that rule holds, and the engine gives what is to break it. */
function failures(
  manifest: Manifest,
  run: Run,
  findings: readonly Finding[],
  expectations: readonly Expectation[],
): string[] {
  const reasons: string[] = []
  for (const { invariant, verdict, rule, evidence } of findings) {
    const isAllowed = manifest.expect.broken.includes(invariant) || manifest.expect.mayBreak?.includes(invariant)
    if (verdict === 'broken' && !isAllowed) reasons.push(`${invariant} is broken (${rule}): ${evidence[0] ?? ''}`)
  }
  if (leftOutBy(run.engine, manifest).length === 0) reasons.push(...unbroken(manifest, findings))
  for (const { text, holds } of expectations) if (!holds) reasons.push(`expected: ${text}`)
  for (const { node, text } of eventsOf(run, 'bug')) reasons.push(`${node} had a bug: ${text}`)
  return reasons
}

/** Why the run shows nothing, whatever its findings. */
function doubts(
  manifest: Manifest,
  run: Run,
  findings: readonly Finding[],
  faults: readonly ReportedFault[],
): string[] {
  const leftOut = leftOutBy(run.engine, manifest).join(', ')
  const reasons =
    leftOut === ''
      ? []
      : unbroken(manifest, findings).map(text => `${text}: a ${run.engine} run gives ${leftOut} in part`)
  const [from, to] = faultPhase(run)
  const isIdle = !decisionTimes(run).some(at => at >= from && at <= to)
  if (isIdle && manifest.expect.stalls !== true)
    reasons.push(`nothing was decided${phaseAt(run, 'faults') === undefined ? '' : ' in the fault phase'}`)
  if (findings.every(({ verdict }) => verdict === 'idle')) reasons.push('no rule was put to the test')
  const skipped = new Set(faults.filter(fault => fault.skipped !== undefined).map(({ fault }) => fault))
  const given = new Set(faults.filter(fault => fault.skipped === undefined).map(({ fault }) => fault))
  if (manifest.faults.length > 0 && given.size === 0 && run.adversaries.length === 0)
    reasons.push(
      skipped.size === manifest.faults.length
        ? 'this engine gives none of its faults'
        : 'none of its faults was seen to begin',
    )
  return reasons
}

function waitingOf(run: Run): ExperimentReport['waiting'] {
  const payments = [...eventsOf(run, 'payment')]
  const waits = percentilesOf(payments.filter(({ waited }) => waited).map(({ waitedMs }) => waitedMs))
  const count = (outcome: string): number => payments.filter(payment => payment.outcome === outcome).length
  return waits && { ...waits, payments: payments.length, delivered: count('delivered'), rejected: count('rejected') }
}

const version = (): string =>
  (JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string }).version

/** `command` repeats the run. */
export function buildReport(
  manifest: Manifest,
  run: EngineRun,
  command: string,
  { isByHand = false }: { readonly isByHand?: boolean } = {},
): ExperimentReport {
  const findings = findingsOf(run)
  const recovery = recoveryOf(run)
  const verdicts: Record<string, number> = { '11': 0, '01': 0, '10': 0, '00': 0 }
  for (const block of firstFinals(run))
    for (const [verdict, tokens] of Object.entries(block.verdicts))
      verdicts[verdict] = (verdicts[verdict] ?? 0) + tokens
  const expectations = expectationsOf(manifest, run, verdicts, recovery)
  const faults = faultsOf(manifest, run)
  const failed = failures(manifest, run, findings, expectations)
  const unknown = failed.length > 0 ? [] : doubts(manifest, run, findings, faults)
  return {
    format: reportFormat,
    engine: run.engine,
    seed: run.seed,
    outcome: failed.length > 0 ? 'fail' : unknown.length > 0 ? 'unknown' : 'pass',
    reasons: [...failed, ...unknown],
    manifest,
    ...(isByHand && { isByHand }),
    command,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    version: { mupib: version(), node: process.version, platform: `${process.platform} ${process.arch}` },
    traceHash: run.traceHash,
    findings,
    expectations,
    phases: [...eventsOf(run, 'phase')].map(({ phase, at }) => ({ phase, atMs: at })),
    faults,
    nodes: nodesOf(run),
    series: seriesOf(run),
    latency: percentilesOf(verdictLatencies(run).map(({ ms }) => ms)),
    waiting: waitingOf(run),
    verdicts,
    insurance: [...eventsOf(run, 'insurance')].map(({ auditor, loss, withheld, deficit }) => ({
      auditor,
      loss,
      withheld,
      deficit,
    })),
    recovery,
  }
}
