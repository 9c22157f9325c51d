// The sections of a report's page, each from the report to HTML. All text from outside goes through `escapeText`.
import { escapeText } from '../../drawing.ts'
import type { Fault } from '../manifest.ts'
import type { ExperimentReport, Percentiles, ReportedFault } from '../report.ts'
import { amountText, countText, digestText, timeText } from './text.ts'

const marks = { pass: '✓', fail: '✗', unknown: '?' } as const
const outcomeNames = { pass: 'Pass', fail: 'Fail', unknown: 'Unknown' } as const

const e = escapeText

/** A cell that is a number, or text. */
interface Column<Row> {
  readonly head: string
  readonly cell: (row: Row) => string
  readonly isNumber?: boolean
}

/** A table of escaped cells that scrolls by itself where the page is narrow. */
function tableOf<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const kind = ({ isNumber }: Column<Row>): string => (isNumber === true ? ' class="number"' : '')
  const head = columns.map(column => `<th scope="col"${kind(column)}>${e(column.head)}</th>`).join('')
  const body = rows.map(
    row => `<tr>${columns.map(column => `<td${kind(column)}>${e(column.cell(row))}</td>`).join('')}</tr>`,
  )
  return `<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${body.join('\n')}</tbody></table></div>`
}

const factsOf = (facts: readonly (readonly [string, string | undefined])[]): string =>
  `<dl class="facts">${facts
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => `<dt>${e(name)}</dt><dd>${e(value!)}</dd>`)
    .join('')}</dl>`

/** Title, outcome and what is wrong. */
export function headPart(report: ExperimentReport): string {
  const { manifest, engine, seed, outcome, reasons, durationMs, isByHand } = report
  const engineText = engine === 'simulated' ? 'simulated, virtual time' : 'real processes'
  const eyebrow = isByHand
    ? `mupib testnet · ${engineText}`
    : `mupib experiment <strong>${e(manifest.name)}</strong> · ${engineText} · seed ${seed}`
  const list = reasons.map(reason => `<li>${e(reason)}</li>`).join('')
  return `<header>
<p class="eyebrow">${eyebrow} · ${timeText(durationMs)}</p>
<h1>${e(manifest.title)}</h1>
<p><span class="badge outcome ${outcome}">${marks[outcome]} ${outcomeNames[outcome]}</span></p>
${list === '' ? '' : `<ul class="reasons ${outcome}">${list}</ul>`}
${manifest.about === '' ? '' : `<p class="about">${e(manifest.about)}</p>`}
</header>`
}

function recoveryTile({ recovery }: ExperimentReport): string {
  if (!recovery) return ''
  const { ms, boundMs } = recovery
  const share = ms === undefined ? 100 : Math.min(100, (ms / boundMs) * 100)
  const bar = `<span class="bar"><span style="width:${Math.round(share)}%"></span></span>`
  return `<div><dt>Verdict after healing</dt><dd>${ms === undefined ? 'none' : timeText(ms)}<small>of ${timeText(boundMs)} allowed</small>${bar}</dd></div>`
}

/** What matters most, in figures. */
export function tilesPart(report: ExperimentReport): string {
  const { latency, waiting, findings, verdicts, series, nodes } = report
  const tokens = Object.values(verdicts).reduce((sum, count) => sum + count, 0)
  const blocks = series.blocks.reduce((sum, count) => sum + count, 0)
  const tested = findings.filter(({ verdict }) => verdict !== 'idle')
  const holding = tested.filter(({ verdict }) => verdict === 'holds').length
  const idle = findings.length - tested.length
  const tile = (name: string, value: string, more: string): string =>
    `<div><dt>${e(name)}</dt><dd>${e(value)}<small>${e(more)}</small></dd></div>`
  return `<dl class="tiles">
${tile('Rules that hold', `${holding} of ${tested.length}`, idle === 0 ? 'all were put to the test' : `${idle} not put to the test`)}
${tile('Tokens decided', countText(tokens), `in ${countText(blocks)} blocks by ${nodes.length} validators`)}
${latency ? tile('Verdict, median', timeText(latency.p50), `99th percentile ${timeText(latency.p99)}`) : ''}
${recoveryTile(report)}
${waiting ? tile('Payments delivered', countText(waiting.delivered), `of ${countText(waiting.payments)}, ${countText(waiting.count)} waited`) : ''}
</dl>`
}

/** A fault of the file, each time that it began. */
type FaultTimes = readonly [ReportedFault, ...ReportedFault[]]

/** A fault's own settings, as the file has them. */
function settingsText(fault: Fault | undefined): string {
  if (!fault) return ''
  const { at: _at, lasts: _lasts, every, action: _action, ...settings } = fault
  const texts = Object.entries(settings).map(([name, value]) =>
    `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`
      .replaceAll(/["{}[\]]/g, '')
      .replaceAll(',', ', '),
  )
  return [...texts, ...(every === undefined ? [] : [`again every ${timeText(every)}`])].join('; ')
}

/** What differs from time to time stands once for each time, in their order: `leader` is another one every time. */
function eachOf(times: FaultTimes, of: (fault: ReportedFault) => string): string {
  const texts = times.map(of)
  return (new Set(texts).size === 1 ? texts.slice(0, 1) : texts).join(', ')
}

/** How soon the network came back from a parting, and what was allowed; of several times the slowest. */
function mendedText(times: FaultTimes): string {
  const known = times.flatMap(({ recovery }) => (recovery ? [recovery] : []))
  const [slowest] = known.toSorted((a, b) => (b.ms ?? Number.POSITIVE_INFINITY) - (a.ms ?? Number.POSITIVE_INFINITY))
  if (!slowest) return '–'
  return `${slowest.ms === undefined ? 'none' : timeText(slowest.ms)} of ${timeText(slowest.boundMs)} allowed`
}

const cheatText = (cheats: Readonly<Record<string, number>>): string =>
  Object.entries(cheats)
    .filter(([, share]) => share > 0)
    .map(([name, share]) => `${name} ${Math.round(share * 1_000) / 10} %`)
    .join(', ')

/** How long a fault lasted, and how often it came. */
function lengthText(times: FaultTimes): string {
  const [{ fromMs, toMs, skipped }] = times
  if (skipped !== undefined) return '–'
  const length = toMs > fromMs ? timeText(toMs - fromMs) : 'at once'
  return times.length === 1 ? length : `${length}, ${countText(times.length)} times`
}

/** Network, load, and every fault. */
export function triedPart({ manifest, faults }: ExperimentReport): string {
  const { network, load, phases } = manifest
  const byzantine = Object.entries(network.byzantine).map(([name, what]) => `${name}: ${what}`)
  const facts = factsOf([
    [
      'Network',
      `${network.validators} validators, ${network.auditors} auditor${network.auditors === 1 ? '' : 's'}, view timeout ${timeText(network.timeout)}`,
    ],
    [
      'Links',
      network.delay > 0 || network.jitter > 0
        ? `${timeText(network.delay)}, jitter ${timeText(network.jitter)}`
        : undefined,
    ],
    ['Adversaries', byzantine.join(', ')],
    [
      'Load',
      `${load.users} users pay ${load.vendors} vendors, ${load.rate} payments a second of up to ${load.tokens} tokens; first blocks of ${load.blockSize} tokens`,
    ],
    ['Cheats', cheatText(load.cheats)],
    [
      'Phases',
      `warm-up ${timeText(phases.warmUp)}, faults ${timeText(phases.faults)}, settling ${timeText(phases.settle)}`,
    ],
  ])
  // one that comes again stands in one row
  const rows = [...new Set(faults.map(({ fault }) => fault))]
    .sort((one, other) => one - other)
    .map(number => faults.filter(({ fault }) => fault === number) as [ReportedFault, ...ReportedFault[]])
  const list = tableOf(rows, [
    { head: 'No.', cell: ([{ fault }]) => String(fault + 1) },
    { head: 'From', cell: ([{ fromMs }]) => timeText(fromMs), isNumber: true },
    { head: 'For', cell: lengthText, isNumber: true },
    { head: 'Fault', cell: ([{ action }]) => action },
    { head: 'Of', cell: times => eachOf(times, ({ nodes }) => nodes.join(' ')) },
    {
      head: 'What',
      cell: times => {
        const [{ fault, skipped }] = times
        if (skipped !== undefined) return `not given by this engine: ${skipped}`
        return eachOf(times, ({ text }) => text) || settingsText(manifest.faults[fault])
      },
    },
    ...(faults.some(({ recovery }) => recovery)
      ? [{ head: 'Next verdict after it', cell: mendedText, isNumber: true }]
      : []),
  ])
  return `<section><h2>What was tried</h2>${facts}${faults.length === 0 ? '<p class="note">No faults.</p>' : list}</section>`
}

/** Every rule with its verdict and what it rests on. */
export function rulesPart({ findings, manifest, expectations }: ExperimentReport): string {
  const rows = findings.map(({ invariant, rule, verdict, checked, evidence }) => {
    const isMeant = manifest.expect.broken.includes(invariant)
    const isGood = verdict === 'holds' ? !isMeant : isMeant
    const kind = verdict === 'idle' ? 'idle' : isGood ? 'pass' : 'fail'
    const mark = verdict === 'idle' ? '–' : isGood ? '✓' : '✗'
    const shown = verdict === 'idle' ? ['nothing in this run put it to the test'] : evidence
    const meant = isMeant ? ' (this experiment is made to break it)' : ''
    const list = [
      ...shown,
      ...(checked > 0 ? [`${countText(checked)} observation${checked === 1 ? '' : 's'}`] : []),
    ].map(text => `<li>${e(text)}</li>`)
    const row = { holds: '', broken: 'isBroken', idle: 'isIdle' }[verdict]
    return `<li class="${row}"><span class="id">${invariant}</span><span><span class="badge ${kind}">${mark} ${verdict}</span></span><span class="rule">${e(rule + meant)}</span><ul class="evidence">${list.join('')}</ul></li>`
  })
  const expected = expectations.map(
    ({ text, holds }) =>
      `<li><span class="mark ${holds ? 'pass' : 'fail'}" style="background:none">${holds ? '✓' : '✗'}</span>${e(text)}</li>`,
  )
  const more =
    expected.length === 0
      ? ''
      : `<h3>Expected of this experiment</h3><ul class="expectations">${expected.join('')}</ul>`
  return `<section><h2>What must hold</h2>
<p class="note">Each rule has a checker of its own that sees only what clients, stores and messages showed.</p>
<ul class="rules">${rows.join('\n')}</ul>${more}</section>`
}

const verdictKinds = [
  ['11', 'valid', 'var(--first)'],
  ['10', 'duplicate', 'var(--second)'],
  ['01', 'altered', 'var(--third)'],
  ['00', 'never published, or too late', 'var(--muted)'],
] as const

/** How tokens came out, how long verdicts and payments took, and what it cost the auditors. */
export function moneyPart({ verdicts, latency, waiting, insurance }: ExperimentReport): string {
  const total = Object.values(verdicts).reduce((sum, count) => sum + count, 0)
  const kinds = verdictKinds.map(([code, name, colour]) => ({ code, name, colour, count: verdicts[code] ?? 0 }))
  const bar = kinds
    .filter(({ count }) => count > 0)
    .map(({ count, colour }) => `<span style="flex:${count} 0 2px;background:${colour}"></span>`)
  const legend = kinds.map(
    ({ code, name, colour, count }) =>
      `<li><span class="swatch" style="background:${colour}"></span>${code} ${name}: ${countText(count)}</li>`,
  )
  const times: readonly (readonly [string, Percentiles | undefined])[] = [
    ['Record handed in to verified verdict', latency],
    ['Payment that had to wait for its verdict', waiting],
  ]
  const known = times.flatMap(([name, values]) => (values ? [{ name, ...values }] : []))
  const figure = (head: string, key: 'p50' | 'p90' | 'p99' | 'max'): Column<Percentiles & { name: string }> => ({
    head,
    cell: row => timeText(row[key]),
    isNumber: true,
  })
  const timeTable = tableOf(known, [
    { head: 'How long', cell: ({ name }) => name },
    { head: 'Count', cell: ({ count }) => countText(count), isNumber: true },
    figure('Median', 'p50'),
    figure('90 %', 'p90'),
    figure('99 %', 'p99'),
    figure('Longest', 'max'),
  ])
  const outcome = waiting
    ? `<p class="note">${countText(waiting.payments)} payments: ${countText(waiting.delivered)} delivered, ${countText(waiting.rejected)} rejected; ${countText(waiting.count)} had to wait for a verdict.</p>`
    : ''
  const losses = tableOf(insurance, [
    { head: 'Auditor', cell: ({ auditor }) => auditor },
    { head: 'Loss (negative: gain)', cell: ({ loss }) => amountText(loss), isNumber: true },
    { head: 'Withheld', cell: ({ withheld }) => amountText(withheld), isNumber: true },
    { head: 'Deficit', cell: ({ deficit }) => amountText(deficit), isNumber: true },
  ])
  return `<section><h2>Verdicts, waiting and losses</h2>
${total === 0 ? '<p class="note">No token was decided.</p>' : `<div class="share" aria-hidden="true">${bar.join('')}</div><ul class="legend">${legend.join('')}</ul>`}
${known.length === 0 ? '' : timeTable}${outcome}
${insurance.length === 0 ? '' : `<h3>What the auditors insured, in minor units</h3>${losses}`}</section>`
}

/** Where every validator ended. */
export function nodesTable({ nodes, manifest }: ExperimentReport): string {
  return tableOf(nodes, [
    { head: 'Validator', cell: ({ name }) => name },
    { head: 'Is', cell: ({ name, role }) => (role === 'honest' ? role : (manifest.network.byzantine[name] ?? role)) },
    { head: 'Ends', cell: ({ states }) => states.at(-1)?.state ?? '' },
    {
      head: 'Height',
      cell: ({ role, height }) => (role === 'adversary' && height === 0 ? '–' : countText(height)),
      isNumber: true,
    },
    { head: 'State root', cell: ({ stateRoot }) => digestText(stateRoot) },
  ])
}

/** How to do it again, and what did it. */
export function repeatPart({ command, traceHash, engine, isByHand }: ExperimentReport): string {
  if (isByHand) return `<section><h2>Look again</h2><pre><code>${e(command)}</code></pre></section>`
  const note =
    engine === 'simulated'
      ? 'The same seed gives the same run, to the byte, on every machine.'
      : 'The seed gives the same load and the same faults; what the machine does in between is its own.'
  const hash = traceHash === undefined ? '' : `<p class="note">Trace hash <code>${e(traceHash)}</code></p>`
  return `<section><h2>Run it again</h2><pre><code>${e(command)}</code></pre><p class="note">${note}</p>${hash}</section>`
}

export function footPart({ version, startedAt, format }: ExperimentReport): string {
  const texts = [`mupib ${version.mupib}`, `Node ${version.node}`, version.platform, startedAt, format]
  return `<footer>${texts.flatMap(text => (text === undefined ? [] : [e(text)])).join(' · ')}</footer>`
}
