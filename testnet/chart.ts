// A figure's picture: lines with their intervals as bands or single runs as dots, a legend and axis labels, as an SVG that opens by itself.
import * as Plot from '@observablehq/plot'
import { drawPlot, escapeText, shortNumbers } from './drawing.ts'

export interface ChartPoint {
  readonly x: number
  /** The mean or median of what was seen there. */
  readonly y: number
  /** Ends of the interval; null where it is not known. */
  readonly low: number | null
  readonly high: number | null
}

export interface ChartSeries {
  /** Colour and legend entry; series of several panels share one. */
  readonly label: string
  readonly points: readonly ChartPoint[]
  /** Single runs behind the line's points. */
  readonly dots?: readonly { readonly x: number; readonly y: number }[]
}

/** One of the pictures that stand side by side, two in a row. */
export interface ChartPanel {
  readonly title: string
  readonly yLabel: string
  readonly isLogarithmic: boolean
  readonly series: readonly ChartSeries[]
}

export interface Chart {
  readonly title: string
  /** What was held fixed. */
  readonly subtitle: string
  readonly xLabel: string
  /** Places that are named on the x axis, where they are not to be chosen by themselves. */
  readonly xTicks?: readonly { readonly x: number; readonly name: string }[]
  readonly panels: readonly ChartPanel[]
}

// Colours that people with any colour vision tell apart (Okabe and Ito), and an ordered row for numbers (viridis).
const modelColours: Readonly<Record<string, string>> = {
  optimistic: '#009e73',
  neutral: '#0072b2',
  pessimistic: '#d55e00',
}
const orderedColours = ['#440154', '#414487', '#2a788e', '#22a884', '#7ad151', '#d4b106']

/** Width of a panel where it stands alone, and where it stands beside another. */
const panelWidths = [720, 500] as const
const panelsPerRow = 2
const panelHeight = 360
const rowGap = 14
/** Room for half of the first and the last name. */
const namedInset = 32
const headHeight = 72
const panelTitleY = 14
const fontFamily = 'Helvetica, Arial, sans-serif'
const panelFont = 'font-size="13" text-anchor="middle" fill="currentColor"'

function coloursOf(labels: readonly string[]): Map<string, string> {
  return new Map(
    labels.map((label, at) => {
      const step = labels.length < 2 ? 0 : Math.round((at * (orderedColours.length - 1)) / (labels.length - 1))
      return [label, modelColours[label] ?? orderedColours[step]!]
    }),
  )
}

/** The chart as SVG text. */
export function drawChart(chart: Chart): string {
  const colours = coloursOf([...new Set(chart.panels.flatMap(({ series }) => series.map(({ label }) => label)))])
  const columns = Math.min(chart.panels.length, panelsPerRow)
  const panelWidth = columns === 1 ? panelWidths[0] : panelWidths[1]
  const width = columns * panelWidth
  const height = headHeight + Math.ceil(chart.panels.length / columns) * (panelHeight + rowGap)
  const panels = chart.panels.map((panel, at) => {
    const marks = drawPanel(panel, chart, colours, panelWidth)
    const x = (at % columns) * panelWidth
    const y = headHeight + Math.floor(at / columns) * (panelHeight + rowGap)
    return `<g transform="translate(${x},${y})" ${panelFont}>${marks}</g>`
  })
  const open = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`
  const background = `<rect width="${width}" height="${height}" fill="white"/>`
  const body = [
    `<title>${escapeText(chart.title)}</title>`,
    background,
    headOf(chart),
    legendOf(colours),
    ...panels,
  ].join('\n')
  return `${shortNumbers(`${open} font-family="${fontFamily}">\n${body}`)}\n</svg>\n`
}

function drawPanel(
  { title, yLabel, isLogarithmic, series }: ChartPanel,
  { xLabel, xTicks }: Chart,
  colours: ReadonlyMap<string, string>,
  width: number,
): string {
  const rows = series.flatMap(({ label, points }) => points.map(point => ({ ...point, label })))
  // on a logarithmic axis an interval that reaches 0 has no place
  const bands = rows.filter(({ low, high }) => low !== null && high !== null && (!isLogarithmic || low > 0))
  const dots = series.flatMap(one => (one.dots ?? []).map(dot => ({ ...dot, label: one.label })))
  const ticks = xTicks
    ? { ticks: xTicks.map(({ x }) => x), tickFormat: (x: number) => xTicks.find(tick => tick.x === x)?.name ?? '' }
    : { ticks: 8 }
  const marks = drawPlot({
    width,
    height: panelHeight,
    marginTop: 28,
    marginRight: 24,
    marginBottom: 48,
    marginLeft: 64,
    color: { domain: [...colours.keys()], range: [...colours.values()] },
    x: { label: xLabel, labelAnchor: 'center', labelArrow: 'none', ...ticks, inset: xTicks ? namedInset : 4 },
    y: {
      label: yLabel,
      labelAnchor: 'center',
      labelArrow: 'none',
      grid: true,
      ...(isLogarithmic ? { type: 'log' as const, tickFormat: '~g', ticks: 5 } : { nice: true, ticks: 8 }),
    },
    marks: [
      ...(isLogarithmic ? [] : [Plot.ruleY([0], { strokeOpacity: 0.5 })]),
      Plot.areaY(bands, { x: 'x', z: 'label', y1: 'low', y2: 'high', fill: 'label', fillOpacity: 0.18 }),
      Plot.dot(dots, { x: 'x', y: 'y', stroke: 'label', strokeOpacity: 0.6, r: 2.4 }),
      Plot.lineY(rows, { x: 'x', z: 'label', y: 'y', stroke: 'label', strokeWidth: 1.8 }),
      Plot.dot(rows, { x: 'x', y: 'y', fill: 'label', r: 2.8 }),
    ],
  })
  const head = `<text x="64" y="${panelTitleY}" text-anchor="start" font-weight="bold">${escapeText(title)}</text>`
  return head + marks
}

function headOf({ title, subtitle }: Chart): string {
  return [
    `<text x="16" y="24" text-anchor="start" font-size="16" font-weight="bold">${escapeText(title)}</text>`,
    `<text x="16" y="42" text-anchor="start" font-size="12" fill="#444">${escapeText(subtitle)}</text>`,
  ].join('')
}

function legendOf(colours: ReadonlyMap<string, string>): string {
  let x = 16
  return [...colours]
    .map(([label, colour]) => {
      const entry =
        `<line x1="${x}" x2="${x + 22}" y1="58" y2="58" stroke="${colour}" stroke-width="2"/>` +
        `<circle cx="${x + 11}" cy="58" r="3" fill="${colour}"/>` +
        `<text x="${x + 28}" y="62" text-anchor="start" font-size="13">${escapeText(label)}</text>`
      x += 50 + label.length * 7.2
      return entry
    })
    .join('')
}
