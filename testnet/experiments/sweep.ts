// A sweep: one value of an experiment varied, each variant run with the same seeds. Reports of it as JSON and as CSV.

import { percentile } from '../../cli/common/statistics.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Experiment } from './library.ts'
import { type Measures, outcomeOf } from './measures.ts'
import { type Path, pathText } from './schema.ts'
import { readSetting, type Setting } from './settings.ts'
import type { EngineName } from './support.ts'
import { quoted, type Trial, trialOf } from './trial.ts'

const sweepFormat = 'mupib-sweep/1'

/** What is varied, and over which values. */
export interface Sweep {
  readonly path: Path
  readonly values: readonly string[]
}

/** One of a sweep's runs before it is run. */
export interface SweepTrial {
  readonly value: string
  readonly seed: number
  readonly trial: Trial
}

export interface SweptRun extends Omit<Measures, 'version'> {
  readonly value: string
  readonly seed: number
  /** Repeats it alone, with a report of its own. */
  readonly command: string
}

/** A measured quantity that a sweep compares. */
export type Quantity = 'tokensPerSecond' | 'latencyP50' | 'latencyP99' | 'recoveryMs'

export interface SweepReport {
  readonly format: typeof sweepFormat
  readonly experiment: string
  readonly title: string
  readonly engine: EngineName
  /** Path of the value in the experiment file. */
  readonly parameter: string
  readonly values: readonly string[]
  readonly seeds: readonly number[]
  readonly outcome: Measures['outcome']
  readonly version: Measures['version']
  /** Repeats the sweep. */
  readonly command: string
  readonly runs: readonly SweptRun[]
  /** Over the seeds of each value; null where no seed gave one. */
  readonly medians: readonly ({ readonly value: string } & Readonly<Record<Quantity, number | null>>)[]
}

const valuesMax = 64

/** Reads KEY=V1,V2,…. Throws `usage`. */
export function readSweep(text: string): Sweep {
  const { path, value } = readSetting(text)
  const values = value.split(',').map(one => one.trim())
  if (values.includes('') || values.length < 2 || values.length > valuesMax || new Set(values).size < values.length)
    throw new MupibError('usage', `"${text}" is no sweep`, {
      hint: `name 2 to ${valuesMax} different values, such as validators=4,7,10`,
    })
  return { path, values }
}

const present = (values: readonly (number | null)[]): number[] => values.filter(value => value !== null)

/** All runs of a sweep, value by value. Throws as withSettings does. */
export const sweepTrials = (
  experiment: Experiment,
  fixed: readonly Setting[],
  { path, values }: Sweep,
  engine: EngineName,
  seeds: readonly number[],
): SweepTrial[] =>
  values.flatMap(value => {
    const settings = [...fixed, { path, value }]
    return seeds.map(seed => ({ value, seed, trial: trialOf(experiment, settings, engine, seed) }))
  })

/** The report of a sweep whose trials came to these measures; `command` repeats the first seed without the sweep. */
export function sweepReport(
  { manifest }: Experiment,
  { path, values }: Sweep,
  trials: readonly SweepTrial[],
  measures: readonly Measures[],
  command: string,
): SweepReport {
  const parameter = pathText(path)
  const seeds = [...new Set(trials.map(({ seed }) => seed))]
  const runs = trials.map(({ value, seed, trial }, at): SweptRun => {
    const { version: _, ...measured } = measures[at]!
    return { value, seed, ...measured, command: trial.command }
  })
  return {
    format: sweepFormat,
    experiment: manifest.name,
    title: manifest.title,
    engine: trials[0]!.trial.engine,
    parameter,
    values,
    seeds,
    outcome: outcomeOf(runs),
    version: measures[0]!.version,
    command: `${command} --seeds ${seeds.length} --sweep ${quoted(`${parameter}=${values.join(',')}`)}`,
    medians: mediansOf(values, runs),
    runs,
  }
}

/** Medians of the runs, value by value. */
const mediansOf = (values: readonly string[], runs: readonly SweptRun[]): SweepReport['medians'] =>
  values.map(value => {
    const own = runs.filter(run => run.value === value)
    const median = (of: Quantity): number | null => percentile(present(own.map(run => run[of])), 0.5) ?? null
    return {
      value,
      tokensPerSecond: median('tokensPerSecond'),
      latencyP50: median('latencyP50'),
      latencyP99: median('latencyP99'),
      recoveryMs: median('recoveryMs'),
    }
  })

/** One line for each run. */
export function sweepCsv({ parameter, runs }: SweepReport): string {
  const head = `${parameter},seed,outcome,tokens_per_s,latency_p50_ms,latency_p99_ms,recovery_ms,recovery_bound_ms,trace_hash`
  const lines = runs.map(run =>
    [
      run.value,
      run.seed,
      run.outcome,
      ...[run.tokensPerSecond, run.latencyP50, run.latencyP99, run.recoveryMs, run.recoveryBoundMs].map(shortNumber),
      run.traceHash ?? '',
    ].join(','),
  )
  return `${head}\n${lines.join('\n')}\n`
}

const shortNumber = (value: number | null): string => (value === null ? '' : String(Math.round(value * 1000) / 1000))
