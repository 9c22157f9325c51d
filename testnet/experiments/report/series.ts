// What a run did over time: tokens and blocks, views for each block, latencies; in stretches of equal length.
import { percentile } from '../../../cli/common/statistics.ts'
import { type EventOf, endOf, eventsOf, honestOf } from '../checkers/inquiry.ts'
import type { Run } from '../history.ts'
import type { ExperimentReport, Percentiles } from '../report.ts'

/** About so many stretches are drawn. */
const stretchesMax = 64
const stretchLengthsMs = [50, 100, 200, 250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000]

/** Undefined of no values. */
export function percentilesOf(values: readonly number[]): Percentiles | undefined {
  if (values.length === 0) return undefined
  const of = (share: number): number => Math.round(percentile(values, share)!)
  return { count: values.length, p50: of(0.5), p90: of(0.9), p99: of(0.99), max: of(1) }
}

/** A final block at the moment when the first honest node had it. */
export function firstFinals(run: Run): EventOf<'final'>[] {
  const honest = new Set(honestOf(run))
  const heights = new Set<number>()
  return [...eventsOf(run, 'final')].filter(({ node, height }) => {
    if (!honest.has(node) || heights.has(height)) return false
    heights.add(height)
    return true
  })
}

/** From handing a record in for the first time to its verified verdict, in milliseconds, and when that came. */
export function verdictLatencies(run: Run): { readonly at: number; readonly ms: number }[] {
  const handedIn = new Map<string, number>()
  const records = new Map<number, string>()
  const answered = new Set<string>()
  const latencies: { at: number; ms: number }[] = []
  for (const event of run.history) {
    if (event.type === 'invoke') {
      records.set(event.call, event.record)
      if (!handedIn.has(event.record)) handedIn.set(event.record, event.at)
    } else if (event.type === 'return' && event.result === 'ok') {
      const record = records.get(event.call)
      const from = record === undefined ? undefined : handedIn.get(record)
      if (record === undefined || from === undefined || answered.has(record)) continue
      answered.add(record)
      latencies.push({ at: event.at, ms: event.at - from })
    }
  }
  return latencies
}

/** The series of a report. */
export function seriesOf(run: Run): ExperimentReport['series'] {
  const end = endOf(run)
  const everyMs = stretchLengthsMs.find(ms => end / ms <= stretchesMax) ?? Math.ceil(end / stretchesMax)
  const count = Math.max(1, Math.ceil((end + 1) / everyMs))
  const stretches = Array.from({ length: count }, () => ({
    tokens: 0,
    blocks: 0,
    views: [] as number[],
    latencies: [] as number[],
  }))
  const stretchAt = (at: number): (typeof stretches)[number] =>
    stretches[Math.min(count - 1, Math.floor(at / everyMs))]!
  let before: EventOf<'final'> | undefined
  for (const block of firstFinals(run)) {
    const stretch = stretchAt(block.at)
    stretch.blocks += 1
    stretch.tokens += Object.values(block.verdicts).reduce((sum, tokens) => sum + tokens, 0)
    if (before?.height === block.height - 1) stretch.views.push(block.view - before.view)
    before = block
  }
  for (const { at, ms } of verdictLatencies(run)) stretchAt(at).latencies.push(ms)
  return {
    everyMs,
    tokens: stretches.map(({ tokens }) => tokens),
    blocks: stretches.map(({ blocks }) => blocks),
    viewsPerBlock: stretches.map(({ views }) =>
      views.length === 0 ? undefined : views.reduce((sum, view) => sum + view, 0) / views.length,
    ),
    latencyP50: stretches.map(({ latencies }) => percentile(latencies, 0.5)),
    latencyP99: stretches.map(({ latencies }) => percentile(latencies, 0.99)),
  }
}
