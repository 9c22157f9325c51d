// A short experiment on real processes, from the first to the last of what it writes down; and one that is broken off.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MupibError } from '../../../proto/errors.ts'
import { listProcesses } from '../../process-table.ts'
import { failureLimitMs } from '../../testing.ts'
import { check } from '../checkers/index.ts'
import { manifestSchema } from '../manifest.ts'
import { realEngine } from './engine.ts'

let folder: string

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-real-'))
})

afterEach(() => fs.rmSync(folder, { recursive: true, force: true }))

const manifest = manifestSchema.parse({
  name: 'one-kill',
  title: 'One validator is killed',
  load: {
    users: 2,
    vendors: 1,
    rate: 8,
    blockSize: 10,
    cheats: { doubleSpend: 0.1 },
    sessions: { count: 1, rate: 20, payments: 8, client: 'closes-old' },
  },
  phases: { warmUp: '1s', faults: '4s', settle: '500ms' },
  faults: [
    { at: '500ms', for: '1s', kill: { nodes: 'leader' } },
    { at: '2s', for: '1s', partition: { groups: [['v1', 'v2', 'v3'], ['v4']] } },
    { at: '3s', loss: { rate: 0.1 } },
  ],
})

const ours = () => listProcesses().filter(({ commandLine }) => commandLine.includes(folder))

test(
  'one kill: nothing is lost, every rule holds, and nothing stays but the logs',
  async () => {
    const { signal } = new AbortController()
    const run = await realEngine(manifest, { seed: 5, folder, progress: () => {}, signal })
    const findings = check(run)
    expect(findings.filter(({ verdict }) => verdict === 'broken')).toEqual([])
    const tested = findings.filter(({ verdict }) => verdict === 'holds').map(({ invariant }) => invariant)
    // a run that shows nothing would keep every rule as well
    expect(tested).toEqual(expect.arrayContaining(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'L1', 'F1']))
    const of = (type: string) => run.history.filter(event => event.type === type)
    expect(of('phase').map(event => 'phase' in event && event.phase)).toEqual([
      'warmUp',
      'faults',
      'healed',
      'settled',
      'ends',
    ])
    expect(
      of('fault')
        .map(event => 'edge' in event && `${event.action} ${event.edge}`)
        .sort(),
    ).toEqual(['kill begins', 'kill ends', 'loss skipped', 'partition begins', 'partition ends'])
    expect(of('store')).toEqual(run.validators.map(node => expect.objectContaining({ node, check: 'sound' })))
    expect(of('bug')).toEqual([])
    // half is paid and served, a quarter conceded: the till contests, and the bank has it so
    expect(of('standing')).toMatchObject([{ by: 'vendor', index: 4, contestedAt: 2, paid: '20', returned: '20' }])
    expect(of('account')).toMatchObject([
      { party: 'till', deposited: '0', balance: '20', reputation: 100 },
      { party: 'client-1', deposited: '40', balance: '20', reputation: 70 },
    ])
    expect(run.lost).toEqual([])
    expect(fs.readdirSync(folder)).toEqual(['logs'])
    expect(ours()).toEqual([])
  },
  4 * failureLimitMs,
)

test(
  'broken off in the middle of a fault: every process, mount and file of the network goes',
  async () => {
    const abort = new AbortController()
    const progress = (line: string): void => {
      if (line.startsWith('fault: ')) abort.abort(new MupibError('stopped', 'interrupted'))
    }
    const small = {
      ...manifest,
      load: { ...manifest.load, sessions: undefined },
      network: { ...manifest.network, validators: 1 },
    }
    const running = realEngine(small, { seed: 5, folder, progress, signal: abort.signal })
    await expect(running).rejects.toThrow('interrupted')
    expect(fs.readdirSync(folder)).toEqual(['logs'])
    expect(ours()).toEqual([])
  },
  3 * failureLimitMs,
)
