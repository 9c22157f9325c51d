// What a campaign came to: JSON for programs, a table for people.
import type { CampaignResult } from './campaign.ts'
import type { SizeRow } from './stretch.ts'

/** Unknown where no schedule had anything final before its faults ended. */
export type CampaignOutcome = 'pass' | 'fail' | 'unknown'

export interface CampaignReport {
  readonly outcome: CampaignOutcome
  readonly isInterrupted: boolean
  readonly schedules: number
  readonly seconds: number
  readonly perSecond: number
  /** First and last seed that was begun. */
  readonly seeds: readonly [number, number]
  readonly sizes: readonly number[]
  /** Over all trace hashes: the same for the same seeds and sizes, on every machine. Not comparable where interrupted. */
  readonly traces: string
  readonly unknown: number
  readonly byValidators: readonly SizeRow[]
  readonly failure: FailureReport | undefined
}

export interface FailureReport {
  readonly seed: number
  readonly invariant: string
  readonly text: string
  /** Validators, faults, records and faulty validators in the scenario, before and after it was shrunk, and schedules run for that. */
  readonly shrunkFrom: number
  readonly shrunkTo: number
  readonly runs: number
  /** Where the shrunk scenario stands, and what repeats it. */
  readonly file: string
  readonly repeat: string
}

export function campaignReport(
  result: CampaignResult,
  { from, sizes, file }: { readonly from: number; readonly sizes: readonly number[]; readonly file: string },
): CampaignReport {
  const { sum, until, seconds, isInterrupted, shrunk } = result
  const unknown = sum.rows.reduce((count, row) => count + row.unknown, 0)
  const failure = shrunk && {
    seed: sum.failure?.seed ?? shrunk.reproduction.seed,
    invariant: shrunk.reproduction.invariant,
    text: shrunk.reproduction.text,
    shrunkFrom: shrunk.sizes[0],
    shrunkTo: shrunk.sizes[1],
    runs: shrunk.runs,
    file,
    repeat: `npm run sim -- --scenario ${file} --trace`,
  }
  return {
    outcome: sum.failure ? 'fail' : unknown === sum.ran ? 'unknown' : 'pass',
    isInterrupted,
    schedules: sum.ran,
    seconds: Number(seconds.toFixed(1)),
    perSecond: Number((sum.ran / Math.max(seconds, 1e-9)).toFixed(1)),
    seeds: [from, Math.max(from, until - 1)],
    sizes,
    traces: sum.traces.toString(16).padStart(8, '0'),
    unknown,
    byValidators: sum.rows,
    failure,
  }
}

const columns = [
  'validators',
  'schedules',
  'unknown',
  'with adversaries',
  'events',
  'blocks',
  'views',
  'slowest recovery',
]

function rowText(row: SizeRow): string[] {
  const { validators, schedules, unknown, withAdversaries, events, blocks, views, recoveryShareMax } = row
  const counts = [validators, schedules, unknown, withAdversaries, events, blocks, views]
  return [...counts.map(count => count.toLocaleString('en')), `${(100 * recoveryShareMax).toFixed(0)} % of the bound`]
}

export function campaignText(report: CampaignReport): string {
  const { outcome, schedules, seconds, perSecond, seeds, traces, unknown, byValidators, failure, isInterrupted } =
    report
  const rows = [columns, ...byValidators.map(rowText)]
  const widths = columns.map((_, at) => Math.max(...rows.map(row => row[at]?.length ?? 0)))
  const table = rows.map(row => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join('  '))
  const untested = unknown > 0 ? `, ${unknown} unknown (nothing final before faults ended)` : ''
  const head = [
    `${isInterrupted ? 'interrupted, ' : ''}${outcome}: ${schedules.toLocaleString('en')} schedules in ${seconds} s (${perSecond}/s)${untested}`,
    `seeds ${seeds[0]} to ${seeds[1]}, traces ${traces}`,
  ]
  return [...head, '', ...table, ...failureLines(failure)].join('\n')
}

function failureLines(failure: FailureReport | undefined): string[] {
  if (!failure) return []
  const { seed, invariant, text, shrunkFrom, shrunkTo, runs, file, repeat } = failure
  return [
    '',
    `seed ${seed} broke ${invariant}: ${text}`,
    `shrunk from ${shrunkFrom} parts to ${shrunkTo} in ${runs} schedules: ${file}`,
    `repeat: ${repeat}`,
  ]
}
