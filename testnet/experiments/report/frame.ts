// How a picture of a report stands on the page: its two widths, its axis of time, and what marks that.
import type * as Plot from '@observablehq/plot'
import { escapeText, shortNumbers } from '../../drawing.ts'
import type { ExperimentReport, ReportedFault } from '../report.ts'

/** Widths in pixels: of a page on a screen, and on a phone. */
const widths = [1_016, 360] as const

/** How a chart is drawn at one of the widths. */
export interface Frame {
  readonly width: number
  readonly isNarrow: boolean
  readonly endS: number
  readonly left: number
  readonly right: number
  /** Pixels of a second. */
  readonly scale: number
}

export const seconds = (ms: number): number => ms / 1_000

function frameOf(report: ExperimentReport, width: number): Frame {
  const isNarrow = width < 600
  const { everyMs, tokens } = report.series
  // no shorter than what the axis can tell apart
  const endS = Math.max(seconds(everyMs * tokens.length), 1)
  const left = isNarrow ? 46 : 64
  const right = isNarrow ? 10 : 24
  return { width, isNarrow, endS, left, right, scale: (width - left - right) / endS }
}

/** What all charts share: the margins and the axis of time. */
export const basis = ({ width, isNarrow, endS, left, right }: Frame, height: number): Plot.PlotOptions => ({
  width,
  height,
  marginLeft: left,
  marginRight: right,
  marginTop: 18,
  marginBottom: 26,
  x: {
    domain: [0, endS],
    label: null,
    ticks: isNarrow ? 4 : 10,
    tickFormat: (value: number) => `${value} s`,
  },
})

/** An SVG for each width, of which the style sheet shows one. */
export function pictured(
  report: ExperimentReport,
  label: string,
  draw: (frame: Frame) => readonly [string, number],
): string {
  return widths
    .map(width => {
      const [marks, height] = draw(frameOf(report, width))
      const kind = width === widths[0] ? 'wide' : 'narrow'
      return shortNumbers(
        `<svg class="chart ${kind}" viewBox="0 0 ${width} ${height}" fill="currentColor" text-anchor="middle" role="img" aria-label="${escapeText(label)}">${marks}</svg>`,
      )
    })
    .join('\n')
}

/** Faults that were given. What was over at once has no width. */
export const givenFaults = (report: ExperimentReport): ReportedFault[] =>
  report.faults.filter(({ skipped }) => skipped === undefined)

const phaseTexts: Readonly<Record<string, string>> = { warmUp: 'warm-up', healed: 'healing', settled: 'final reads' }

/** Where phases begin, in seconds, and which. */
export const phaseEdges = ({ phases }: ExperimentReport): { readonly x: number; readonly text: string }[] =>
  phases
    .filter(({ phase }) => phase !== 'ends')
    .map(({ phase, atMs }) => ({ x: seconds(atMs), text: phaseTexts[phase] ?? phase }))
