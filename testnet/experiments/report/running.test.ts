// A network's past, as its logs have it: what was final when, who was down, who caught up, and what is wrong.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createNetwork, validatorNames } from '../../create.ts'
import type { NetworkFiles } from '../../folders.ts'
import { buildReport } from './build.ts'
import { runningNetwork } from './running.ts'

let home: string
let network: NetworkFiles

beforeAll(async () => {
  home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-running-'))
  network = await createNetwork(path.join(home, 'net'), { validators: validatorNames(2) })
})

afterAll(() => fs.rmSync(home, { recursive: true, force: true }))

const instant = (second: number): string => new Date(Date.UTC(2026, 2, 2) + second * 1_000).toISOString()

const line = (second: number, event: string, fields: object = {}): string =>
  JSON.stringify({ level: 30, time: instant(second), event, ...fields })

/** As validators write it: beside the line's time stands the block's own. */
const block = (second: number, height: number, tokens: number, digest = `d${height}`): string => {
  const verdicts = { '11': tokens, '01': 0, '10': 0, '00': 0 }
  const blockTime = instant(second - 1)
  return line(second, 'block', {
    height,
    view: height,
    digest,
    stateRoot: `s${height}`,
    blockTime,
    records: 1,
    verdicts,
  })
}

function writeLogs(...logs: readonly (readonly string[])[]): void {
  for (const [at, lines] of logs.entries()) fs.writeFileSync(network.validators[at]!.logFile, lines.join('\n'))
}

const alive = [
  line(0, 'started'),
  line(1, 'may_vote'),
  block(2, 1, 5),
  block(4, 2, 7),
  block(9, 3, 11),
  line(20, 'stopped'),
]

test('what was killed without a word is down from its last line until it starts again', async () => {
  const caughtUp = [line(8, 'started'), block(10, 3, 18), line(10, 'caught_up', { height: 3 }), line(10.5, 'may_vote')]
  writeLogs(alive, [line(0, 'started'), line(1, 'may_vote'), block(2.5, 1, 5), ...caughtUp, '{"level":30,"ti'])
  const { manifest, run } = await runningNetwork(network)
  const report = buildReport(manifest, run, 'mupib testnet report', { isByHand: true })
  expect(report.outcome).toBe('pass')
  expect(report.startedAt).toBe(instant(0))
  // the line of a node that caught up sums up a stretch; it is not counted again
  expect(report.verdicts['11']).toBe(23)
  const [first, second] = report.nodes
  expect(first!.states.map(({ fromMs, state }) => [fromMs, state])).toEqual([
    [0, 'starting'],
    [0, 'following'],
    [1_000, 'voting'],
    [20_000, 'down'],
  ])
  expect(second!.states.map(({ fromMs, state }) => [fromMs, state]).slice(3, 6)).toEqual([
    [2_500, 'down'],
    [8_000, 'starting'],
    [8_000, 'following'],
  ])
  expect(second!.heights).toEqual([
    { atMs: 2_500, height: 1 },
    { atMs: 10_000, height: 3 },
  ])
})

test('a split, a validator that lies and a bug are told', async () => {
  const lied = line(5, 'equivocation', { validator: 'v1' })
  const bug = line(6, 'bug', { err: { message: 'it threw' }, msg: 'something went wrong' })
  writeLogs(alive, [line(0, 'started'), block(2.5, 1, 5, 'other'), lied, bug])
  const { manifest, run } = await runningNetwork(network)
  const { outcome, reasons } = buildReport(manifest, run, 'mupib testnet report', { isByHand: true })
  expect(outcome).toBe('fail')
  expect(reasons).toEqual([
    expect.stringContaining('I1 is broken'),
    expect.stringContaining('v2 holds evidence against v1'),
    'v2 had a bug: it threw',
  ])
})

test('a network that never ran has nothing to report', async () => {
  for (const { logFile } of network.validators) fs.rmSync(logFile, { force: true })
  await expect(runningNetwork(network)).rejects.toMatchObject({ code: 'not_found' })
})
