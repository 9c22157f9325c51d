// I13: the same seed gives the same trace hash.
import type { ScheduleOptions, ScheduleResult } from '../simulator/simulation.ts'
import { runSchedule } from '../simulator/simulation.ts'

/** Runs a schedule twice; the second run's trace must be the first's. */
export function runTwice(seed: number, options: ScheduleOptions = {}): ScheduleResult {
  const first = runSchedule(seed, options)
  const second = runSchedule(seed, options)
  if (first.traceHash === second.traceHash) return first
  const text = `trace ${first.traceHash} became ${second.traceHash} when repeated`
  return { ...first, outcome: 'fail', violations: [...first.violations, { invariant: 'I13', at: 0, text }] }
}
