// A figure's report as a chart: axis labels, panels, and what was held fixed.
import type { Chart, ChartPanel } from '../chart.ts'
import type { FigureReport } from './figure.ts'
import { earlyFigure, figures, type Varied } from './figures.ts'
import { measures } from './measures.ts'
import type { Setting } from './setting.ts'

const varied: Readonly<Record<Varied, { readonly label: string; readonly scale: number }>> = {
  doubleSpendRate: { label: 'q, rate of double spending', scale: 1 },
  initialBlockSize: { label: 'W0 (tokens)', scale: 1 },
  users: { label: 'users', scale: 1 },
  withholdingBp: { label: 'ρ, withholding of payment (%)', scale: 0.01 },
  earlyBp: { label: 'share of W (%); 100 is the paper’s', scale: 0.01 },
}

/** How a setting reads under a title; what a series or the axis varies stands there instead. */
const settingTexts: readonly (readonly [keyof Setting, (setting: Setting) => string])[] = [
  ['model', ({ model }) => `${model} model`],
  ['initialBlockSize', ({ initialBlockSize }) => `W0 = ${initialBlockSize}`],
  ['frequency', ({ frequency }) => `f = ${frequency}`],
  ['costs', ({ costs }) => `c = ${costs.join(', ')}`],
  ['doubleSpendRate', ({ doubleSpendRate }) => `q = ${doubleSpendRate}`],
  ['per', ({ per }) => `q of ${per}s`],
  ['users', ({ users }) => (users === 1 ? '1 user' : `${users} users`)],
]

function subtitleOf({ setting, series, vary, seeds, slots, figure }: FigureReport): string {
  const changed = new Set<string>([vary, ...series.flatMap(one => Object.keys(one.setting))])
  const fixed = settingTexts.filter(([key]) => !changed.has(key)).map(([, text]) => text(setting))
  const isRisk = figure === 11
  const withheld = isRisk ? [`ρ = ${setting.withholdingBp / 100} %`] : []
  return [...fixed, ...withheld, `${slots} slots, ${seeds} seeds; bands: 95 % intervals of the mean`].join('; ')
}

/** The chart of a report. */
export function chartOf(report: FigureReport): Chart {
  const { label: xLabel, scale } = varied[report.vary]
  const logarithmic = [...figures, earlyFigure].find(({ figure }) => figure === report.figure)?.logarithmic ?? []
  const panels = [...new Set(report.series.map(({ panel }) => panel))].map((title): ChartPanel => {
    const series = report.series.filter(({ panel }) => panel === title)
    return {
      title: title ?? '',
      yLabel: measures[series[0]!.measure].label,
      isLogarithmic: title !== null && logarithmic.includes(title),
      series: series.map(({ label, points }) => ({
        label,
        points: points.map(({ x, mean, ci95 }) => ({
          x: x * scale,
          y: mean,
          low: ci95?.[0] ?? null,
          high: ci95?.[1] ?? null,
        })),
      })),
    }
  })
  const name = report.figure === 'early' ? '' : `Figure ${report.figure}. `
  return { title: `${name}${report.title}`, subtitle: subtitleOf(report), xLabel, panels }
}
