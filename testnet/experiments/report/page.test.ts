// The page says what the report says, whatever texts stand in it, and asks no network for anything; a browser is the judge where there is one.
import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as http from 'node:http'
import type { AddressInfo } from 'node:net'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import type { HistoryEvent } from '../history.ts'
import type { ExperimentReport } from '../report.ts'
import { plausibleManifest, plausibleRun } from '../testing.ts'
import { buildReport } from './build.ts'
import { reportPage } from './page.ts'

const run = plausibleRun()
const command = 'mupib experiment run rough-afternoon --engine simulated --seed 7'
const report = buildReport(plausibleManifest, run, command)

/** A report whose every text is an attack on the page. */
function hostileReport(address: string): ExperimentReport {
  const attack = `"><img src="${address}/a.png" onerror="console.error('b')"><script src="${address}/c.js"></script>'`
  const history = run.history.map((event): HistoryEvent => {
    if (event.type === 'fault') return { ...event, text: attack, nodes: [...event.nodes, attack] }
    if (event.type === 'insurance') return { ...event, auditor: attack, loss: attack }
    return event.type === 'damage' ? { ...event, found: 'served', text: attack, file: attack } : event
  })
  const validators = [...run.validators, attack]
  const manifest = { ...plausibleManifest, title: attack, about: attack }
  const bug: HistoryEvent = { at: 9, type: 'bug', node: attack, text: attack }
  return buildReport(manifest, { ...run, validators, lost: [attack], history: [...history, bug] }, attack)
}

const browser = [
  process.env.MUPIB_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
].find(file => file !== undefined && fs.existsSync(file))

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
  '--enable-logging=stderr',
  '--dump-dom',
]

interface Loaded {
  readonly dom: string
  /** What was written to the console. */
  readonly console: readonly string[]
  readonly requests: readonly string[]
}

/** Loads a page that may name a server of ours, and tells what it asked of that. */
async function load(pageOf: (address: string) => string): Promise<Loaded> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-page-'))
  const requests: string[] = []
  const server = http.createServer((request, response) => {
    requests.push(request.url ?? '')
    response.end()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const file = path.join(folder, 'page.html')
    fs.writeFileSync(file, pageOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
    const args = [...flags, `--user-data-dir=${path.join(folder, 'profile')}`, `file://${file}`]
    const { stdout, stderr } = await promisify(execFile)(browser!, args, { timeout: 30_000, maxBuffer: 2 ** 26 })
    return { dom: stdout, console: stderr.split('\n').filter(line => line.includes(':CONSOLE')), requests }
  } finally {
    server.close()
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

describe('the page', () => {
  const page = reportPage(report)

  test('says what was tried, what came of it and how to repeat it', () => {
    for (const text of [
      plausibleManifest.title,
      'Pass',
      command,
      'equivocating-voter',
      '840 ms',
      'no libfaketime here',
    ])
      expect(page).toContain(text)
    for (const { invariant, rule } of report.findings) {
      expect(page).toContain(`>${invariant}<`)
      expect(page).toContain(rule)
    }
    expect(page.length).toBeLessThan(300_000)
  })

  test('names every leader that a fault came upon, and how soon the network came back from a parting', () => {
    const [kill, isolate] = report.faults
    const leaders = ['v2', 'v5', 'v2'].map((name, at) => ({
      ...kill!,
      fromMs: 1_000 * at,
      nodes: [name],
      text: `kill ${name}`,
    }))
    const html = reportPage({ ...report, faults: [...leaders, isolate!] })
    const cells = ['>v2, v5, v2<', '>kill v2, kill v5, kill v2<', '>68 ms of 2.00 s allowed<']
    expect(cells.filter(cell => !html.includes(cell))).toEqual([])
  })

  test('names no address and holds no script', () => {
    expect(/<script|https?:\/\/|\ssrc=|url\(/.exec(page)).toBeNull()
    expect([...page.matchAll(/href="([^"]*)"/g)].map(([, target]) => target)).toEqual(['data:,'])
  })

  test('is drawn of a report that was read back from its file, and of one that shows nothing', () => {
    expect(reportPage(JSON.parse(JSON.stringify(report)) as ExperimentReport) === page).toBe(true)
    const empty = reportPage(buildReport(plausibleManifest, { ...run, history: [] }, command))
    for (const html of [page, empty]) expect(/NaN|undefined|Infinity/.exec(html)).toBeNull()
    expect(empty.includes('nothing in this run put it to the test')).toBe(true)
  })

  test.skipIf(browser === undefined)(
    `loads in Chromium without a word, and its text is there${browser ? '' : ' (no Chromium here: set MUPIB_CHROMIUM)'}`,
    async () => {
      const loaded = await load(() => page)
      expect(loaded.console).toEqual([])
      expect(['</html>', 'What must hold', plausibleManifest.title].filter(text => !loaded.dom.includes(text))).toEqual(
        [],
      )
      expect(loaded.dom.match(/<svg/g)).toHaveLength(10)
    },
  )

  test.skipIf(browser === undefined)(
    `lets no text of a report act in Chromium${browser ? '' : ' (no Chromium here: set MUPIB_CHROMIUM)'}`,
    async () => {
      const hostile = await load(address => reportPage(hostileReport(address)))
      expect(hostile).toMatchObject({ console: [], requests: [] })
      expect(/<(img|script)/.exec(hostile.dom)).toBeNull()
      // the same attack on a page that lets it through is seen
      const open = await load(address => `<p>${hostileReport(address).manifest.title}</p>`)
      expect(open.requests.toSorted()).toEqual(['/a.png', '/c.js'])
      expect(open.console).not.toEqual([])
    },
  )
})
