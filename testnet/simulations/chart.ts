// A figure's picture: lines with their 95 % intervals as bands, a legend and axis labels, as an SVG that opens by itself.
import * as Plot from '@observablehq/plot'
import { parseHTML } from 'linkedom'

export interface ChartPoint {
  readonly x: number
  readonly mean: number
  /** Ends of the interval; null where it is not known. */
  readonly low: number | null
  readonly high: number | null
}

export interface ChartSeries {
  /** Colour and legend entry; series of several panels share one. */
  readonly label: string
  readonly points: readonly ChartPoint[]
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
  const { document } = parseHTML('<html><body></body></html>')
  const colours = coloursOf([...new Set(chart.panels.flatMap(({ series }) => series.map(({ label }) => label)))])
  const columns = Math.min(chart.panels.length, panelsPerRow)
  const panelWidth = columns === 1 ? panelWidths[0] : panelWidths[1]
  const width = columns * panelWidth
  const height = headHeight + Math.ceil(chart.panels.length / columns) * (panelHeight + rowGap)
  const panels = chart.panels.map((panel, at) => {
    const marks = drawPanel(document, panel, chart.xLabel, colours, panelWidth)
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
  document: ReturnType<typeof parseHTML>['document'],
  { title, yLabel, isLogarithmic, series }: ChartPanel,
  xLabel: string,
  colours: ReadonlyMap<string, string>,
  width: number,
): string {
  const rows = series.flatMap(({ label, points }) => points.map(point => ({ ...point, label })))
  // on a logarithmic axis an interval that reaches 0 has no place
  const bands = rows.filter(({ low, high }) => low !== null && high !== null && (!isLogarithmic || low > 0))
  const svg = Plot.plot({
    document,
    width,
    height: panelHeight,
    marginTop: 28,
    marginRight: 24,
    marginBottom: 48,
    marginLeft: 64,
    color: { domain: [...colours.keys()], range: [...colours.values()] },
    x: { label: xLabel, labelAnchor: 'center', labelArrow: 'none', ticks: 8, inset: 4 },
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
      Plot.lineY(rows, { x: 'x', z: 'label', y: 'mean', stroke: 'label', strokeWidth: 1.8 }),
      Plot.dot(rows, { x: 'x', y: 'mean', fill: 'label', r: 2.8 }),
    ],
  })
  // its style sheet is for a page, and sizes the picture as that; as part of a picture it needs none
  svg.querySelector('style')?.remove()
  const head = `<text x="64" y="${panelTitleY}" text-anchor="start" font-weight="bold">${escapeText(title)}</text>`
  return head + svg.innerHTML
}

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

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

/** Coordinates to a hundredth of a pixel: the file is a third of the size. */
const shortNumbers = (svg: string): string =>
  svg.replaceAll(/-?\d+\.\d{3,}/g, number => String(Math.round(Number(number) * 100) / 100))
