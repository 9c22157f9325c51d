// What the experiment commands print for people.
import { pairs, table } from '../../cli/common/output.ts'
import { rounded } from '../../cli/common/statistics.ts'
import type { AllReport } from './all.ts'
import type { Experiment } from './library.ts'
import type { Measures } from './measures.ts'
import type { ReplayReport } from './replay.ts'
import type { ExperimentReport, Percentiles } from './report.ts'
import type { SeedsReport } from './seeds.ts'
import { type EngineName, engineNames, enginesFor, leftOutBy } from './support.ts'
import type { SweepReport } from './sweep.ts'

/** An experiment that ships, as `experiment list` shows it. */
export interface ListedExperiment {
  readonly name: string
  readonly title: string
  /** Those that give all of it. */
  readonly engines: readonly EngineName[]
  /** By the other engines: what each leaves out. */
  readonly leftOut: Readonly<Partial<Record<EngineName, readonly string[]>>>
}

export function listed({ reference, manifest }: Experiment): ListedExperiment {
  const engines = enginesFor(manifest)
  const leftOut = Object.fromEntries(
    engineNames.filter(engine => !engines.includes(engine)).map(engine => [engine, leftOutBy(engine, manifest)]),
  )
  return { name: reference, title: manifest.title, engines, leftOut }
}

const enginesText = ({ engines, leftOut }: ListedExperiment): string =>
  [...engines, ...Object.entries(leftOut).map(([engine, faults]) => `${engine} without ${faults.join(', ')}`)].join(
    ', ',
  )

export const listText = (experiments: readonly ListedExperiment[]): string =>
  table(experiments, [
    { head: 'name', cell: ({ name }) => name },
    { head: 'title', cell: ({ title }) => title },
    { head: 'engines', cell: enginesText },
  ])

const percentilesText = ({ p50, p99, max, count }: Percentiles): string =>
  `p50 ${rounded(p50)} ms, p99 ${rounded(p99)} ms, longest ${rounded(max)} ms, of ${count}`

function recoveryText({ recovery }: ExperimentReport): string | undefined {
  if (!recovery) return undefined
  const allowed = `${rounded(recovery.boundMs)} ms allowed`
  return recovery.ms === undefined ? `no verdict came, ${allowed}` : `${rounded(recovery.ms)} ms, ${allowed}`
}

const waitingText = ({ waiting }: ExperimentReport): string | undefined =>
  waiting && `${waiting.count} of ${waiting.payments} payments; ${percentilesText(waiting)}`

const verdictsText = ({ verdicts }: ExperimentReport): string =>
  ['11', '01', '10', '00'].map(verdict => `${verdict}: ${verdicts[verdict] ?? 0}`).join(', ')

const skippedText = ({ faults }: ExperimentReport): string | undefined => {
  const skipped = faults.filter(fault => fault.skipped !== undefined)
  return skipped.length === 0 ? undefined : skipped.map(({ action, skipped: why }) => `${action} (${why})`).join('; ')
}

/** A report in so many lines as fit a terminal; `folder` is where the rest is. */
export function reportText(report: ExperimentReport, folder: string | undefined): string {
  const { manifest, engine, seed, outcome, reasons, findings, expectations, latency, traceHash } = report
  const rules = table(findings, [
    { head: 'rule', cell: ({ invariant }) => invariant },
    { head: 'verdict', cell: ({ verdict }) => verdict },
    { head: 'looked at', cell: ({ checked }) => checked, right: true },
    { head: '', cell: ({ rule }) => rule },
  ])
  const hopes = expectations.map(({ text, holds }) => `  ${holds ? 'holds ' : 'FAILS '} ${text}`)
  return [
    `${manifest.name}: ${manifest.title} (${engine}, seed ${seed})`,
    '',
    rules,
    ...(hopes.length === 0 ? [] : ['', 'expected', ...hopes]),
    '',
    pairs([
      ['verdicts', verdictsText(report)],
      ['latency', latency && percentilesText(latency)],
      ['waiting', waitingText(report)],
      ['after the faults', recoveryText(report)],
      ['not given', skippedText(report)],
      ['trace', traceHash],
      ['report', folder],
      ['again', report.command],
    ]),
    '',
    ...[outcomeLine(outcome), ...reasons.map(reason => `  ${reason}`)],
  ].join('\n')
}

const outcomeLine = (outcome: Measures['outcome']): string => outcome.toUpperCase()

export function seedsText({ experiment, engine, outcome, seeds, counts, firstFailure, command }: SeedsReport): string {
  return [
    pairs(
      [
        ['experiment', `${experiment} (${engine})`],
        ['seeds', `${seeds.first} to ${seeds.first + seeds.ran - 1}`],
        ['passed', counts.pass],
        ['failed', counts.fail],
        ['unknown', counts.unknown],
        ['first failure', firstFailure && `seed ${firstFailure.seed}: ${firstFailure.reasons.join('; ')}`],
        ['repeats it', firstFailure?.command],
        ['again', command],
      ].map(([name, value]) => [name as string, value ?? undefined]),
    ),
    '',
    outcomeLine(outcome),
  ].join('\n')
}

/** A line for each experiment that ships. */
export function allText({ engine, outcome, experiments }: AllReport): string {
  return [
    table(experiments, [
      { head: `experiment (${engine})`, cell: ({ experiment }) => experiment },
      { head: 'outcome', cell: ({ outcome }) => outcome },
      { head: 'passed', cell: ({ counts, seeds }) => `${counts.pass} of ${seeds.ran}`, right: true },
      { head: 'left out', cell: ({ leftOut }) => leftOut.join(', ') },
      { head: 'what did not hold', cell: ({ reasons }) => reasons.join('; ') },
    ]),
    '',
    outcomeLine(outcome),
  ].join('\n')
}

/** A sweep's medians, and what did not pass. */
export function sweepText(report: SweepReport, folder: string): string {
  const { experiment, title, engine, parameter, medians, runs, seeds, outcome, command } = report
  const number = (value: number | null): string => (value === null ? '' : String(rounded(value)))
  const failures = runs.filter(run => run.outcome !== 'pass')
  return [
    `${experiment}: ${title} (${engine}, seeds ${seeds[0]} to ${seeds.at(-1)}; medians)`,
    '',
    table(medians, [
      { head: parameter, cell: ({ value }) => value },
      { head: 'tokens/s', cell: ({ tokensPerSecond }) => number(tokensPerSecond), right: true },
      { head: 'p50 ms', cell: ({ latencyP50 }) => number(latencyP50), right: true },
      { head: 'p99 ms', cell: ({ latencyP99 }) => number(latencyP99), right: true },
      { head: 'recovery ms', cell: ({ recoveryMs }) => number(recoveryMs), right: true },
    ]),
    '',
    ...failures.map(run => `${run.outcome}: ${run.reasons.join('; ')}: ${run.command}`),
    pairs([
      ['report', folder],
      ['again', command],
    ]),
    '',
    outcomeLine(outcome),
  ].join('\n')
}

export function replayText({ same, outcome, traceHash, report }: ReplayReport): string {
  const isSimulated = report.engine === 'simulated'
  return [
    pairs([
      ['experiment', `${report.manifest.name} (${report.engine}, seed ${report.seed})`],
      ['outcome', `${outcome.before} before, ${outcome.now} now`],
      ['trace', isSimulated ? `${traceHash.before} before, ${traceHash.now} now` : undefined],
    ]),
    '',
    same ? 'the same' : 'NOT THE SAME',
  ].join('\n')
}
