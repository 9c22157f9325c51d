// The page of a report: one file that needs neither a network nor a script. Its content policy forbids both, whatever stands in a report.
import { escapeText } from '../../drawing.ts'
import type { ExperimentReport } from '../report.ts'
import { faultChart, latencyChart, throughputChart, viewsChart } from './charts.ts'
import { laneColours, lanesChart } from './lanes.ts'
import { footPart, headPart, moneyPart, nodesTable, repeatPart, rulesPart, tilesPart, triedPart } from './parts.ts'
import { styleSheet } from './style.ts'

const figure = (title: string, note: string, chart: string, legend = ''): string =>
  `<figure><h3>${title}</h3>${note === '' ? '' : `<figcaption>${note}</figcaption>`}${legend}${chart}</figure>`

const legendOf = (entries: readonly (readonly [string, string])[]): string =>
  `<ul class="legend">${entries.map(([swatch, text]) => `<li>${swatch}${text}</li>`).join('')}</ul>`

const line = (colour: string, isDashed = false): string =>
  `<span class="swatch line${isDashed ? ' dashed' : ''}" style="border-color:var(--${colour})"></span>`

function timePart(report: ExperimentReport): string {
  const hasFaults = report.faults.length > 0
  const latency =
    report.latency === undefined
      ? ''
      : figure(
          'Latency',
          'From handing in a record to its verified verdict; logarithmic',
          latencyChart(report),
          legendOf([
            [line('first'), 'median'],
            [line('second', true), '99th percentile'],
          ]),
        )
  const shaded = legendOf([
    [
      '<span class="swatch" style="background:var(--shade);opacity:.3"></span>',
      'a fault is on; numbers as in the list',
    ],
    [line('muted', true), 'a phase begins'],
  ])
  return `<section><h2>Over time</h2>${hasFaults ? shaded : ''}
${hasFaults ? figure('Faults', '', faultChart(report)) : ''}
${figure('Throughput', 'Tokens decided in a second', throughputChart(report))}
${latency}
${figure('Views for each block', 'One is as good as it gets; each further view is a leader that was dead, late or cut off', viewsChart(report))}</section>`
}

function lanesPart(report: ExperimentReport): string {
  const seen = new Set(report.nodes.flatMap(({ states }) => states.map(({ state }) => state)))
  if (report.nodes.some(({ role }) => role === 'adversary')) seen.add('adversary')
  const legend = Object.entries(laneColours)
    .filter(([state]) => seen.has(state))
    .map(([state, colour]) => [`<span class="swatch" style="background:${colour}"></span>`, state] as const)
  const lines = [
    [line('ink'), 'height, from the lane’s floor to its ceiling'],
    ...(report.faults.some(({ nodes }) => nodes.length > 0)
      ? [['<span class="swatch outline"></span>', 'a fault of this validator'] as const]
      : []),
  ] as const
  return `<section><h2>Validators</h2>${legendOf([...legend, ...lines])}<figure>${lanesChart(report)}</figure>${nodesTable(report)}</section>`
}

const policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"

/** The page as HTML text. */
export function reportPage(report: ExperimentReport): string {
  const title = `${report.manifest.title}: ${report.outcome} (mupib)`
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeText(title)}</title>
<style>${styleSheet}</style>
</head>
<body>
<main>
${headPart(report)}
${tilesPart(report)}
${report.isByHand ? '' : triedPart(report)}
${timePart(report)}
${lanesPart(report)}
${rulesPart(report)}
${moneyPart(report)}
${repeatPart(report)}
${footPart(report)}
</main>
</body>
</html>
`
}
