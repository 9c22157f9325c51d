// The simulated engine: one seed gives one history, a calm run keeps every rule, every fault runs, and every planted bug is found.
import { describe, expect, test } from 'vitest'
import { runSchedule } from '../../../consensus/simulator/simulation.ts'
import type { Run } from '../history.ts'
import { actionNames, type Manifest, manifestSchema } from '../manifest.ts'
import { plantedBugs } from './bugs.ts'
import { checkSimulated } from './checks.ts'
import { simulatedEngine } from './engine.ts'
import { LedgerDraft, LedgerState } from './ledger-state.ts'
import { createPlannedLedger } from './planned-ledger.ts'
import { runLedgerSchedule } from './schedule.ts'
import { SimulatedRun } from './simulated-run.ts'

const short = { warmUp: '300ms', faults: '900ms', settle: '200ms' }

const manifestOf = (parts: object): Manifest => manifestSchema.parse({ name: 'test', title: 'test', ...parts })

const broken = (run: Run): string[] =>
  checkSimulated(run).flatMap(({ invariant, verdict, evidence }) =>
    verdict === 'broken' ? [`${invariant}: ${evidence[0]}`] : [],
  )

const typesOf = (run: Run): Set<string> => new Set(run.history.map(({ type }) => type))

describe('the engine', () => {
  const calm = manifestOf({
    network: { auditors: 2 },
    load: {
      users: 4,
      rate: 20,
      blockSize: 12,
      cheats: { doubleSpend: 0.15, altered: 0.1, forged: 0.1, doubleSelling: 0.1, twoVendors: 0.1 },
    },
    phases: { warmUp: '1s', faults: '2s', settle: '500ms' },
  })
  const options = { folder: '', progress: () => {}, signal: new AbortController().signal }

  test('a calm run keeps every rule, with every verdict in it, and repeats to the byte', async () => {
    const run = await simulatedEngine(calm, { ...options, seed: 7 })
    expect(broken(run)).toEqual([])
    const verdicts = new Map<string, number>()
    for (const event of run.history)
      if (event.type === 'final' && event.node === 'v1')
        for (const [verdict, count] of Object.entries(event.verdicts))
          verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + count)
    for (const verdict of ['11', '01', '10', '00']) expect(verdicts.get(verdict), verdict).toBeGreaterThan(0)
    for (const type of ['acknowledged', 'read', 'store', 'money', 'insurance', 'payment', 'sample'])
      expect(typesOf(run), type).toContain(type)
    const again = await simulatedEngine(calm, { ...options, seed: 7 })
    expect(again.traceHash).toBe(run.traceHash)
    expect(again.history).toEqual(run.history)
    expect((await simulatedEngine(calm, { ...options, seed: 8 })).traceHash).not.toBe(run.traceHash)
  })

  test('stops when it is told to', async () => {
    const stopping = new AbortController()
    stopping.abort()
    await expect(simulatedEngine(calm, { ...options, seed: 1, signal: stopping.signal })).rejects.toThrow('stopped')
  })
})

/** Every fault of a file, as it may stand there. */
const faults: Record<(typeof actionNames)[number], object> = {
  delay: { links: { of: 'v1' }, by: '50ms', jitter: '20ms' },
  throttle: { kilobytesPerSecond: 10 },
  loss: { rate: 0.2 },
  duplicate: { rate: 0.2 },
  reorder: { rate: 0.2 },
  reset: { links: { between: ['v1', 'v2'] } },
  halfOpen: { links: { of: 'v2' } },
  flap: { links: { of: 'v3' }, down: '50ms', up: '50ms' },
  cut: { from: 'v1', to: ['v2', 'v3'] },
  partition: { groups: [['v1', 'v2'], ['v3']] },
  isolate: { nodes: 'leader' },
  bridge: { via: 'v1', sides: [['v2'], ['v3', 'v4']] },
  followLeader: { every: '100ms' },
  kill: { nodes: ['v1', 'bank', 'auditor', 'vendor-1'] },
  killAtBoundary: { nodes: 'v2' },
  pause: { nodes: ['v1', 'bank'] },
  restart: { nodes: 'validators', rolling: true },
  slowCpu: { nodes: ['v1', 'auditor'] },
  littleHeap: { nodes: 'v1', megabytes: 64 },
  noDescriptors: { nodes: 'v1', limit: 64 },
  powerLoss: { nodes: 'all' },
  tornTail: { nodes: 'v1' },
  flipBit: { nodes: 'v1' },
  diskFull: { nodes: 'v1' },
  ioError: { nodes: 'v1' },
  oldSnapshot: { nodes: 'v1' },
  wipe: { nodes: 'v1', rejoin: false },
  clockSkew: { nodes: 'v1', by: '+200ms' },
  clockJump: { nodes: 'v1', by: '-5s' },
  clockDrift: { nodes: 'v1', rate: 0.1 },
  flood: { by: 'auditor', perSecond: 100 },
  revoke: { member: 'auditor' },
}
const skipped = ['littleHeap', 'noDescriptors', 'diskFull', 'ioError']

test.for(actionNames)('fault %s runs, and every rule holds', name => {
  const fault = { at: '100ms', for: '300ms', [name]: faults[name] }
  const run = new SimulatedRun(manifestOf({ load: { users: 2 }, phases: short, faults: [fault] }), { seed: 3 }).run()
  expect(broken(run)).toEqual([])
  const edges = run.history.flatMap(event => (event.type === 'fault' ? [event.edge] : []))
  expect(edges[0]).toBe(skipped.includes(name) ? 'skipped' : 'begins')
})

/** A seed that brings each bug out; when rules change and it no longer does, the search goes on from there. */
const knownSeeds: Readonly<Record<string, number>> = {
  'pending-block-forgotten': 1,
  'altered-token-burns-serial': 1,
  'revoked-auditor-accepted': 1,
  'expiry-not-checked': 2,
  'records-reordered': 1,
  'last-block-lost-at-start': 1,
  'redeemed-twice': 4,
  'refund-before-verdict': 30,
  'publication-not-persisted': 4,
  'own-judgement': 1,
  'waiting-payment-forgotten': 1,
  'settled-again': 1,
  'trust-ignored': 1,
  'session-overpaid': 1,
  'close-unanswered': 1,
}
const searchedMax = 200

describe('planted bugs are found', () => {
  test('each bug has a seed here', () => {
    expect(plantedBugs.map(({ name }) => name).sort()).toEqual(Object.keys(knownSeeds).sort())
  })

  test.for(plantedBugs.map(bug => [bug.name, bug] as const))('%s', { timeout: 120_000 }, ([name, bug]) => {
    for (let seed = knownSeeds[name]!; seed < knownSeeds[name]! + searchedMax; seed++) {
      const found = runLedgerSchedule(seed, { check: checkSimulated, bug })
      if (found.outcome !== 'fail') continue
      // it is the bug that was found: the same schedule is clean without it
      const { ledger: _ledger, bank: _bank, auditor: _auditor, till: _till, ...wished } = bug
      expect(runLedgerSchedule(seed, { check: checkSimulated, bug: wished }).violations).toEqual([])
      return
    }
    expect.fail(`${bug.summary}: not found in ${searchedMax} schedules`)
  })
})

test('schedules of the vote keep every rule on the ledger too', () => {
  const application = createPlannedLedger()
  for (let seed = 1; seed <= 20; seed++)
    expect(runSchedule(seed, { application }).violations, `seed ${seed}`).toEqual([])
})

test('a state root says what all rows hold, however they came there', () => {
  const key = (name: string): Uint8Array => Buffer.from(name)
  const at = { digest: '', height: 1, time: 1, outcome: '', result: undefined }
  let state: LedgerState | undefined
  for (let block = 0; block < 30; block++) {
    const draft = new LedgerDraft(state)
    draft.put(key(`row ${block % 7}`), key(`${block}`))
    state = draft.seal(at)
  }
  const whole = new LedgerDraft(undefined)
  for (let row = 0; row < 7; row++) whole.put(key(`row ${row}`), key(`${row < 2 ? 28 + row : 21 + row}`))
  const once = whole.seal(at)
  expect(state!.root).toBe(once.root)
  expect(state!.contentDigest()).toBe(once.contentDigest())
  const other = new LedgerDraft(state)
  other.put(key('row 3'), key('24 '))
  expect(other.root()).not.toBe(once.root)
  expect(state).toBeInstanceOf(LedgerState)
})
