// The few numbers of a report by which runs are compared: over seeds, and over the values of a sweep.
import type { ExperimentReport } from './report.ts'

export interface Measures {
  readonly outcome: ExperimentReport['outcome']
  readonly reasons: readonly string[]
  /** Tokens with a verdict per second, from the first phase to the end of all faults. */
  readonly tokensPerSecond: number
  /** From handing a record in to its verified verdict, in milliseconds; null where none was. */
  readonly latencyP50: number | null
  readonly latencyP99: number | null
  /** From the end of all faults to the next verdict, in milliseconds, and what was allowed. */
  readonly recoveryMs: number | null
  readonly recoveryBoundMs: number | null
  readonly traceHash: string | null
  readonly version: ExperimentReport['version']
}

/** Counts whole stretches only. */
function throughputOf({ phases, series, durationMs }: ExperimentReport): number {
  const timeOf = (name: string): number | undefined => phases.find(({ phase }) => phase === name)?.atMs
  const from = timeOf('warmUp') ?? 0
  const to = timeOf('healed') ?? durationMs
  const whole = series.tokens.filter((_, at) => at * series.everyMs >= from && (at + 1) * series.everyMs <= to)
  const tokens = whole.reduce((sum, count) => sum + count, 0)
  return whole.length === 0 ? 0 : (tokens * 1_000) / (whole.length * series.everyMs)
}

export function measuresOf(report: ExperimentReport): Measures {
  const { outcome, reasons, latency, recovery, traceHash, version } = report
  return {
    outcome,
    reasons,
    tokensPerSecond: throughputOf(report),
    latencyP50: latency?.p50 ?? null,
    latencyP99: latency?.p99 ?? null,
    recoveryMs: recovery?.ms ?? null,
    recoveryBoundMs: recovery?.boundMs ?? null,
    traceHash: traceHash ?? null,
    version,
  }
}

/** The outcome of many runs: one that failed fails them all; where nothing was put to the test in any of them it is unknown. */
export function outcomeOf(runs: readonly { readonly outcome: Measures['outcome'] }[]): Measures['outcome'] {
  if (runs.some(({ outcome }) => outcome === 'fail')) return 'fail'
  return runs.some(({ outcome }) => outcome === 'pass') ? 'pass' : 'unknown'
}
