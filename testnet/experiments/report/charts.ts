// The pictures of a report over time: what was broken, throughput, latency and views. Each is drawn for a wide and for a narrow page; colours are names of
// the style sheet's, so that they follow light and dark.
import * as Plot from '@observablehq/plot'
import { drawPlot } from '../../drawing.ts'
import type { ExperimentReport, ReportedFault } from '../report.ts'
import { basis, type Frame, givenFaults, phaseEdges, pictured, seconds } from './frame.ts'
import { timeText } from './text.ts'

/** Shading where something was broken, numbered as in the list, where there is room. */
function shades(report: ExperimentReport, frame: Frame): Plot.Markish[] {
  const faults = givenFaults(report)
  const lasting = faults.filter(({ fromMs, toMs }) => toMs > fromMs)
  const sudden = faults.filter(({ fromMs, toMs }) => toMs <= fromMs)
  const numbered: { x: number; text: string }[] = []
  const named = new Set<number>()
  let freeFrom = Number.NEGATIVE_INFINITY
  for (const { fromMs, fault } of faults) {
    const x = seconds(fromMs)
    // one that comes again is told once
    if (x < freeFrom || named.has(fault)) continue
    named.add(fault)
    numbered.push({ x, text: String(fault + 1) })
    freeFrom = x + 16 / frame.scale
  }
  return [
    Plot.rect(lasting, {
      x1: fault => seconds(fault.fromMs),
      x2: fault => seconds(fault.toMs),
      fill: 'var(--shade)',
      fillOpacity: 0.16,
    }),
    Plot.ruleX(sudden, { x: fault => seconds(fault.fromMs), stroke: 'var(--shade)', strokeWidth: 1.5 }),
    Plot.text(numbered, {
      x: 'x',
      text: 'text',
      frameAnchor: 'top',
      textAnchor: 'start',
      dx: 2,
      dy: -13,
      fill: 'var(--fault-ink)',
      fontWeight: 'bold',
    }),
    Plot.ruleX(phaseEdges(report), { x: 'x', stroke: 'var(--muted)', strokeDasharray: '2 3' }),
  ]
}

const rowHeight = 24

/** What was broken when, a row for each fault of the file. */
export function faultChart(report: ExperimentReport): string {
  const faults = report.faults
  const rows = [...new Set(faults.map(({ fault }) => fault))].sort((a, b) => a - b)
  return pictured(report, 'Faults over time', frame => {
    const height = 46 + Math.max(1, rows.length) * rowHeight
    const rowOf = ({ fault }: ReportedFault): number => rows.indexOf(fault)
    const labels = rows.map((row, at) =>
      labelOf(
        faults.filter(({ fault }) => fault === row),
        at,
        frame,
      ),
    )
    const marks = drawPlot({
      ...basis(frame, height),
      y: { domain: [0, Math.max(1, rows.length)], reverse: true, axis: null },
      marks: [
        Plot.ruleX(phaseEdges(report), { x: 'x', stroke: 'var(--muted)', strokeDasharray: '2 3' }),
        ...phaseNames(report, frame),
        Plot.dot(
          faults.filter(({ skipped }) => skipped !== undefined),
          {
            x: ({ fromMs }) => seconds(fromMs),
            y: fault => rowOf(fault) + 0.5,
            symbol: 'times',
            stroke: 'var(--muted)',
          },
        ),
        Plot.rect(givenFaults(report), {
          x1: fault => seconds(fault.fromMs),
          // what is over at once is still to be seen
          x2: fault => Math.max(seconds(fault.toMs), seconds(fault.fromMs) + 3 / frame.scale),
          y1: fault => rowOf(fault) + 0.14,
          y2: fault => rowOf(fault) + 0.86,
          rx: 3,
          fill: 'var(--fault)',
          title: ({ action, fromMs, toMs }) => `${action}, ${timeText(fromMs)} to ${timeText(toMs)}`,
        }),
        ...(['start', 'end'] as const).map(textAnchor =>
          Plot.text(
            labels.filter(label => label.textAnchor === textAnchor),
            { x: 'x', y: 'y', text: 'text', textAnchor, fill: 'var(--ink)' },
          ),
        ),
      ],
    })
    return [marks, height]
  })
}

/** What begins at each edge; of those that stand too close together, the later. */
function phaseNames(report: ExperimentReport, frame: Frame): Plot.Markish[] {
  const edges = phaseEdges(report)
  const shown = edges.filter(({ x }, at) => ((edges[at + 1]?.x ?? Infinity) - x) * frame.scale > 62)
  const isLate = ({ x }: { x: number }): boolean => (frame.endS - x) * frame.scale < 64
  return (['start', 'end'] as const).map(textAnchor =>
    Plot.text(
      shown.filter(edge => isLate(edge) === (textAnchor === 'end')),
      {
        x: 'x',
        text: 'text',
        frameAnchor: 'top',
        textAnchor,
        dx: textAnchor === 'end' ? -3 : 3,
        dy: -12,
        fill: 'var(--muted)',
      },
    ),
  )
}

/** Beside its bars, on the side where there is room. */
function labelOf(times: readonly ReportedFault[], row: number, frame: Frame) {
  const { fault, skipped, nodes, action, fromMs } = times[0]!
  const who = nodes.length > 0 && nodes.length < 4 ? ` ${nodes.join(' ')}` : ''
  const full = `${fault + 1}  ${action}${who}${skipped === undefined ? '' : ' (not given)'}`
  const text = full.length > 40 ? `${full.slice(0, 39)}…` : full
  const gap = (skipped === undefined ? 6 : 9) / frame.scale
  const after = seconds(times.at(-1)!.toMs) + gap
  const isRoom = (frame.endS - after) * frame.scale > text.length * 6.4
  return isRoom
    ? { x: after, y: row + 0.5, text, textAnchor: 'start' }
    : { x: seconds(fromMs) - gap, y: row + 0.5, text, textAnchor: 'end' }
}

interface Point {
  readonly x: number
  /** NaN where a line breaks off. */
  readonly y: number
}

/** A line goes over so many stretches without a value. */
const bridgedMax = 4

/** The middle of each stretch, in seconds, with its value; broken off where long nothing came. */
function pointsOf(
  { everyMs }: ExperimentReport['series'],
  values: readonly (number | undefined | null)[],
): readonly Point[] {
  const points: Point[] = []
  let last = 0
  for (const [at, y] of values.entries()) {
    if (y === undefined || y === null) continue
    const x = seconds((at + 0.5) * everyMs)
    if (at - last > bridgedMax) points.push({ x, y: Number.NaN })
    points.push({ x, y })
    last = at
  }
  return points
}

const valuesOf = (points: readonly Point[]): number[] => points.flatMap(({ y }) => (Number.isNaN(y) ? [] : [y]))

/** Tokens decided in a second. */
export function throughputChart(report: ExperimentReport): string {
  const { series } = report
  const rates = series.tokens.map(tokens => (tokens * 1_000) / series.everyMs)
  const points = pointsOf(series, rates)
  return pictured(report, 'Tokens decided in each second, over time', frame => [
    drawPlot({
      ...basis(frame, 180),
      y: { label: null, grid: true, ticks: 4, domain: [0, Math.max(1, ...rates) * 1.06] },
      marks: [
        ...shades(report, frame),
        Plot.areaY(points, { x: 'x', y: 'y', curve: 'step', fill: 'var(--first)', fillOpacity: 0.28 }),
        Plot.lineY(points, { x: 'x', y: 'y', curve: 'step', stroke: 'var(--first)', strokeWidth: 1.6 }),
        Plot.ruleY([0], { stroke: 'var(--muted)' }),
      ],
    }),
    180,
  ])
}

/** 1, 2 and 5 of each power of ten within the bounds. */
function logTicks([low, high]: readonly [number, number]): number[] {
  const ticks: number[] = []
  for (let power = 1; power <= high; power *= 10)
    for (const factor of high / low > 300 ? [1] : [1, 2, 5])
      if (factor * power >= low && factor * power <= high) ticks.push(factor * power)
  return ticks
}

const tickText = (ms: number): string => (ms < 1_000 ? `${ms} ms` : `${ms / 1_000} s`)

/** From handing in to the verified verdict; on a logarithmic axis, since a fault multiplies it. */
export function latencyChart(report: ExperimentReport): string {
  const { latencyP50, latencyP99 } = report.series
  const atLeastOne = (values: readonly (number | undefined | null)[]): readonly Point[] =>
    pointsOf(report.series, values).map(({ x, y }) => ({ x, y: Math.max(1, y) }))
  const middle = atLeastOne(latencyP50)
  const high = atLeastOne(latencyP99)
  const all = valuesOf([...middle, ...high])
  const domain: [number, number] = all.length === 0 ? [1, 1_000] : [Math.min(...all) / 1.3, Math.max(...all) * 1.3]
  return pictured(report, 'Latency of verdicts over time, median and 99th percentile', frame => [
    drawPlot({
      ...basis(frame, 180),
      y: { type: 'log', domain, label: null, grid: true, ticks: logTicks(domain), tickFormat: tickText },
      marks: [
        ...shades(report, frame),
        Plot.lineY(high, { x: 'x', y: 'y', stroke: 'var(--second)', strokeWidth: 1.4, strokeDasharray: '5 3' }),
        Plot.dot(high, { x: 'x', y: 'y', fill: 'var(--second)', r: 2 }),
        Plot.lineY(middle, { x: 'x', y: 'y', stroke: 'var(--first)', strokeWidth: 1.8 }),
        Plot.dot(middle, { x: 'x', y: 'y', fill: 'var(--first)', r: 2 }),
      ],
    }),
    180,
  ])
}

/** Views used up for each final block; one is as good as it gets. */
export function viewsChart(report: ExperimentReport): string {
  const points = pointsOf(report.series, report.series.viewsPerBlock)
  const top = Math.max(2, ...valuesOf(points))
  return pictured(report, 'Views for each final block, over time', frame => [
    drawPlot({
      ...basis(frame, 130),
      y: { label: null, grid: true, ticks: Math.min(4, Math.ceil(top)), domain: [0, top * 1.08] },
      marks: [
        ...shades(report, frame),
        Plot.ruleY([1], { stroke: 'var(--muted)', strokeDasharray: '4 3' }),
        Plot.ruleX(points, { x: 'x', y1: 0, y2: 'y', stroke: 'var(--third)', strokeWidth: frame.isNarrow ? 1 : 2 }),
        Plot.dot(points, { x: 'x', y: 'y', fill: 'var(--third)', r: 2.4 }),
      ],
    }),
    130,
  ])
}
