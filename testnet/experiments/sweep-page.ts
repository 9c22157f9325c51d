// A sweep's page: its picture, the medians, every run with the command that repeats it. One file that needs no network.

import { rounded } from '../../cli/common/statistics.ts'
import { escapeText } from '../drawing.ts'
import type { SweepReport } from './sweep.ts'

const cell = (value: string | number | null): string => {
  if (typeof value === 'number') return `<td class="number">${rounded(value)}</td>`
  return `<td>${value === null ? '–' : escapeText(value)}</td>`
}

const rowOf = (values: readonly (string | number | null)[]): string => `<tr>${values.map(cell).join('')}</tr>`

const headOf = (names: readonly string[]): string =>
  `<tr>${names.map(name => `<th>${escapeText(name)}</th>`).join('')}</tr>`

const quantityHeads = ['tokens/s', 'latency p50 (ms)', 'latency p99 (ms)', 'recovery (ms)']

const style = `
  body { font: 15px/1.45 Helvetica, Arial, sans-serif; color: #1b1b1b; max-width: 1040px; margin: 2em auto; padding: 0 1em }
  svg { max-width: 100%; height: auto }
  table { border-collapse: collapse; margin: 1em 0 2em }
  th, td { padding: 3px 12px 3px 0; text-align: left; border-bottom: 1px solid #ddd }
  .number { text-align: right; font-variant-numeric: tabular-nums }
  code { background: #f3f3f3; padding: 2px 5px }
  .fail { color: #a11 } .pass { color: #161 } .unknown { color: #750 }`

/** The page of a sweep; `picture` is its SVG. */
export function sweepPage(report: SweepReport, picture: string): string {
  const { experiment, title, outcome, command, parameter, medians, runs } = report
  const medianRows = medians.map(({ value, tokensPerSecond, latencyP50, latencyP99, recoveryMs }) =>
    rowOf([value, tokensPerSecond, latencyP50, latencyP99, recoveryMs]),
  )
  const runRows = runs.map(run =>
    rowOf([
      run.value,
      String(run.seed),
      run.outcome,
      run.tokensPerSecond,
      run.latencyP50,
      run.latencyP99,
      run.recoveryMs,
      run.command,
    ]),
  )
  const failures = runs.filter(run => run.outcome !== 'pass')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>${escapeText(`${experiment}: ${parameter}`)}</title>
<style>${style}
</style>
</head>
<body>
<h1>${escapeText(title)}</h1>
<p><b class="${outcome}">${outcome}</b>: ${runs.length} runs of <code>${escapeText(experiment)}</code> over <code>${escapeText(parameter)}</code>.
Again: <code>${escapeText(command)}</code></p>
${picture}
<h2>Medians over the seeds</h2>
<table>
${headOf([parameter, ...quantityHeads])}
${medianRows.join('\n')}
</table>
${failures.length === 0 ? '' : `<h2>Not passed</h2>\n<ul>\n${failures.map(({ value, seed, reasons }) => `<li>${escapeText(`${parameter}=${value}, seed ${seed}: ${reasons.join('; ')}`)}</li>`).join('\n')}\n</ul>`}
<h2>All runs</h2>
<table>
${headOf([parameter, 'seed', 'outcome', ...quantityHeads, 'again'])}
${runRows.join('\n')}
</table>
</body>
</html>
`
}
