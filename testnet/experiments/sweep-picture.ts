// A sweep's picture: a panel for each quantity, all runs as dots, and a line through their medians.
import { unitsMs } from '../../cli/common/durations.ts'
import { percentile } from '../../cli/common/statistics.ts'
import { type Chart, type ChartPanel, type ChartSeries, drawChart } from '../chart.ts'
import { timeAt } from './schema.ts'
import { parameterPath } from './settings.ts'
import type { Quantity, SweepReport } from './sweep.ts'

/** A value's place on an axis: a number, or a time in milliseconds; undefined for words. */
function placeOf(value: string): number | undefined {
  const [, count, unit] = /^([+-]?\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(value) ?? []
  return count === undefined ? undefined : Number(count) * unitsMs[unit ?? 'ms']!
}

/** Places of all values: their sizes where all have one, else their order. */
function placesOf(values: readonly string[]): Map<string, number> {
  const sizes = values.map(placeOf)
  return new Map(values.map((value, at) => [value, sizes.includes(undefined) ? at : sizes[at]!]))
}

const panels: readonly {
  readonly title: string
  readonly yLabel: string
  readonly lines: readonly { readonly label: string; readonly of: Quantity | 'recoveryBoundMs' }[]
}[] = [
  { title: 'Throughput', yLabel: 'tokens per second', lines: [{ label: 'throughput', of: 'tokensPerSecond' }] },
  { title: 'Latency, median of each run', yLabel: 'milliseconds', lines: [{ label: 'latency p50', of: 'latencyP50' }] },
  {
    title: 'Latency, 99th percentile of each run',
    yLabel: 'milliseconds',
    lines: [{ label: 'latency p99', of: 'latencyP99' }],
  },
  {
    title: 'Next verdict after the faults',
    yLabel: 'milliseconds',
    lines: [
      { label: 'recovery', of: 'recoveryMs' },
      { label: 'allowed (I9)', of: 'recoveryBoundMs' },
    ],
  },
]

/** The sweep's picture: a panel for each quantity that any run gave. */
export function drawSweep(report: SweepReport): string {
  const places = placesOf(report.values)
  const lineOf = (label: string, of: Quantity | 'recoveryBoundMs'): ChartSeries => {
    const seen = report.runs.flatMap(run => {
      const y = run[of]
      return y === null ? [] : [{ x: places.get(run.value)!, y }]
    })
    const points = [...places.values()].flatMap(x => {
      const median = percentile(
        seen.filter(dot => dot.x === x).map(({ y }) => y),
        0.5,
      )
      return median === undefined ? [] : [{ x, y: median, low: null, high: null }]
    })
    return { label, points: points.toSorted((a, b) => a.x - b.x), dots: of === 'recoveryBoundMs' ? [] : seen }
  }
  const drawn = panels.map(
    ({ title, yLabel, lines }): ChartPanel => ({
      title,
      yLabel,
      isLogarithmic: false,
      series: lines.map(({ label, of }) => lineOf(label, of)).filter(({ points }) => points.length > 0),
    }),
  )
  return drawChart(
    chartOf(
      report,
      places,
      drawn.filter(({ series }) => series.length > 0),
    ),
  )
}

function chartOf(report: SweepReport, places: ReadonlyMap<string, number>, drawn: readonly ChartPanel[]): Chart {
  const { experiment, title, parameter, values, seeds, engine } = report
  const isTime = timeAt(parameterPath(parameter)) !== undefined
  const isSized = !values.map(placeOf).includes(undefined)
  return {
    title: `${experiment}: ${title}`,
    subtitle: `${engine}; seeds ${seeds[0]} to ${seeds.at(-1)}, each a dot; lines: medians`,
    xLabel: isTime && isSized ? `${parameter} (ms)` : parameter,
    ...(isTime && isSized ? {} : { xTicks: [...places].map(([name, x]) => ({ name, x })) }),
    panels: drawn,
  }
}
