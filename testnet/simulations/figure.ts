// Runs figures: every setting once, however many figures need it, then series, claims and picture of each.
import { runOnCores } from '../worker-pool.ts'
import { type ClaimOutcome, type FigureSamples, type JudgedClaim, judge } from './claims.ts'
import { earlyFigure, type Figure, type FigureName, figures } from './figures.ts'
import { type Measure, measures } from './measures.ts'
import { defaultSetting, type RunResult, type Setting } from './setting.ts'
import { estimate } from './statistics.ts'
import type { RunOrder } from './worker.ts'

export interface FigurePoint {
  readonly x: number
  readonly mean: number
  /** null where one seed alone does not give it. */
  readonly ci95: readonly [number, number] | null
}

export interface FigureReport {
  readonly figure: FigureName
  readonly title: string
  readonly vary: Figure['vary']
  readonly seeds: number
  readonly slots: number
  /** What the figure holds fixed, unless a series says otherwise. */
  readonly setting: Setting
  readonly claims: readonly JudgedClaim[]
  readonly series: readonly {
    readonly name: string
    readonly label: string
    readonly panel: string | null
    readonly measure: Measure
    readonly setting: Partial<Setting>
    readonly points: readonly FigurePoint[]
  }[]
}

export interface FigureRun {
  /** Left out, what each figure has. */
  readonly seeds?: number
  readonly slots: number
  readonly onProgress?: (line: string) => void
}

export const figureNamed = (name: FigureName): Figure =>
  [...figures, earlyFigure].find(({ figure }) => figure === name)!

/** A figure with those that its claims compare it with. */
const withCompared = (figure: Figure): Figure[] => [
  figure,
  ...figure.claims.flatMap(claim => (claim.kind === 'below figure' ? [figureNamed(claim.figure)] : [])),
]

const settingsOf = ({ base, series, values, vary }: Figure): Setting[][] =>
  series.map(({ change }) => values.map(value => ({ ...defaultSetting, ...base, ...change, [vary]: value })))

/** Runs figures. The same seeds and slots give the same reports on every machine. */
export async function runFigures(wanted: readonly Figure[], run: FigureRun): Promise<FigureReport[]> {
  const orders = new Map<string, RunOrder>()
  for (const figure of wanted.flatMap(withCompared))
    for (const setting of settingsOf(figure).flat()) {
      const seeds = Math.max(run.seeds ?? figure.seeds, orders.get(keyOf(setting))?.seeds ?? 0)
      orders.set(keyOf(setting), { setting, slots: run.slots, seeds })
    }
  const keys = [...orders.keys()]
  const file = new URL('./worker.ts', import.meta.url)
  const results = await runOnCores<RunOrder, RunResult[]>(file, [...orders.values()], done => {
    if (done % 50 === 0 || done === keys.length) run.onProgress?.(`${done} of ${keys.length} settings run`)
  })
  const byKey = new Map(keys.map((key, at) => [key, results[at]!]))
  const samplesOf = (figure: Figure): FigureSamples => ({
    xs: figure.values,
    series: settingsOf(figure).map((settings, at) => {
      const { of } = measures[measureOf(figure, at)]
      const valuesOf = (setting: Setting): number[] =>
        // another figure may have asked for more
        byKey
          .get(keyOf(setting))!
          .slice(0, run.seeds ?? figure.seeds)
          .map(of)
      return { name: figure.series[at]!.name, values: settings.map(valuesOf) }
    }),
  })
  return wanted.map(figure => reportOf(figure, run, samplesOf(figure), number => samplesOf(figureNamed(number))))
}

const measureOf = ({ series, measure }: Figure, at: number): Measure => series[at]!.measure ?? measure

const keyOf = (setting: Setting): string => JSON.stringify(setting)

function reportOf(
  figure: Figure,
  { seeds = figure.seeds, slots }: FigureRun,
  samples: FigureSamples,
  samplesOf: (figure: number) => FigureSamples,
): FigureReport {
  return {
    figure: figure.figure,
    title: figure.title,
    vary: figure.vary,
    seeds,
    slots,
    setting: { ...defaultSetting, ...figure.base },
    claims: figure.claims.map(claim => judge(claim, samples, samplesOf)),
    series: samples.series.map(({ name, values }, at) => ({
      name,
      label: figure.series[at]!.label ?? name,
      panel: figure.series[at]!.panel ?? null,
      measure: measureOf(figure, at),
      setting: figure.series[at]!.change,
      points: values.map((value, place) => pointOf(figure.values[place]!, value)),
    })),
  }
}

function pointOf(x: number, values: readonly number[]): FigurePoint {
  const { mean, low, high } = estimate(values)
  return { x, mean, ci95: Number.isFinite(low) ? [low, high] : null }
}

/** How many claims came out in which way. */
export function countOutcomes(reports: readonly FigureReport[]): Record<ClaimOutcome, number> {
  const counts: Record<ClaimOutcome, number> = { holds: 0, 'does not hold': 0, 'not decided': 0 }
  for (const { outcome } of reports.flatMap(({ claims }) => claims)) counts[outcome]++
  return counts
}

/** The figure's data, one point a line. */
export function figureCsv({ figure, vary, series }: FigureReport): string {
  const lines = series.flatMap(({ name, measure, points }) =>
    points.map(({ x, mean, ci95 }) =>
      [figure, `"${name}"`, measure, x, mean, ci95?.[0] ?? '', ci95?.[1] ?? ''].join(','),
    ),
  )
  return `figure,series,measure,${vary},mean,ci95_low,ci95_high\n${lines.join('\n')}\n`
}
