// Sessions in the simulated engine: every dishonest behaviour that ships ends as its file says, with the honest party losing at most one unit by the
// balances that the bank has; and none of the files passes where nobody is dishonest.
import { describe, expect, test } from 'vitest'
import type { EventOf } from '../checkers/inquiry.ts'
import { eventsOf } from '../checkers/inquiry.ts'
import type { Run } from '../history.ts'
import { shippedExperiments } from '../library.ts'
import { type Manifest, manifestSchema } from '../manifest.ts'
import { buildReport } from '../report/build.ts'
import { checkSimulated } from './checks.ts'
import { SimulatedRun } from './simulated-run.ts'

const shipped = shippedExperiments().filter(({ manifest }) => manifest.load.sessions !== undefined)
const payments = 6
const unit = 5

/** The same with few payments in little time; how many units then arrive is another matter. */
function small(manifest: Manifest): Manifest {
  const { load, expect: expected } = manifest
  const sessions = { ...load.sessions!, payments, rate: 40, lasts: 11_000 }
  const { served: _, ...others } = expected.sessions!
  return {
    ...manifest,
    load: { ...load, users: 1, rate: 2, sessions },
    phases: { warmUp: 500, faults: 3_500, settle: 500 },
    faults: [],
    expect: { ...expected, sessions: others },
  }
}

const accounts = (run: Run): Map<string, EventOf<'account'>> =>
  new Map([...eventsOf(run, 'account')].map(account => [account.party, account]))

/** What each client paid in all and what the till has of all three, in units; and how many units arrived at each client. */
const outcomes: Readonly<Record<string, { readonly paid: number; readonly arrived: number }>> = {
  'session-bad-lock': { paid: 2, arrived: 2 },
  'session-crashes': { paid: 12, arrived: 12 },
  'session-lying-vendor': { paid: 4, arrived: 3 },
  'session-old-close': { paid: 6, arrived: 6 },
  'session-replayed': { paid: 12, arrived: 12 },
  'session-stolen-word': { paid: 6, arrived: 6 },
  'session-two-payments': { paid: 3, arrived: 3 },
  'session-vanishing-client': { paid: 3, arrived: 3 },
  'session-vanishing-vendor': { paid: 4, arrived: 3 },
}

describe('sessions', () => {
  test.each(shipped)('$reference ends as its file says', ({ reference, manifest }) => {
    const run = new SimulatedRun(small(manifest), { seed: 1 }).run()
    expect(buildReport(small(manifest), run, '')).toMatchObject({ reasons: [], outcome: 'pass' })
    expect(checkSimulated(run).filter(({ verdict }) => verdict === 'broken')).toEqual([])
    expect(checkSimulated(run).find(({ invariant }) => invariant === 'F1')).toMatchObject({ verdict: 'holds' })
    const { paid, arrived } = outcomes[reference]!
    const { count, each } = manifest.load.sessions!
    const told = accounts(run)
    expect(told.size).toBe(1 + count)
    for (const { party, deposited, balance } of told.values())
      expect(Number(balance), party).toBe(Number(deposited) + unit * paid * (party === 'till' ? count : -1))
    const sum = (of: 'arrived' | 'delivered'): number =>
      [...eventsOf(run, 'service')].reduce((all, service) => all + service[of], 0)
    expect(sum('arrived')).toBe(arrived * count)
    // of whoever is honest, by the balances alone: never more than a unit for each session
    const bearable = count * each
    if (manifest.load.sessions!.client === 'honest') expect(paid * count - sum('arrived')).toBeLessThanOrEqual(bearable)
    if (manifest.load.sessions!.vendor === 'honest')
      expect(sum('delivered') - paid * count).toBeLessThanOrEqual(bearable)
  })

  test('of a dishonest kind do not pass where nobody is', () => {
    const honest = small(
      manifestSchema.parse({ name: 'x', title: 'x', load: { sessions: { each: 3 } }, expect: { sessions: {} } }),
    )
    const run = new SimulatedRun(honest, { seed: 1 }).run()
    const passing = shipped.filter(({ manifest }) => buildReport(small(manifest), run, '').outcome === 'pass')
    expect(passing.map(({ reference }) => reference)).toEqual(['session-crashes'])
  })

  test('survive the death of everybody, and repeat to the byte', () => {
    const { manifest } = shipped.find(({ reference }) => reference === 'session-crashes')!
    const parsed = manifestSchema.parse({
      name: 'x',
      title: 'x',
      faults: [
        { at: '300ms', every: '700ms', for: '200ms', powerLoss: { nodes: ['till', 'client-1'] } },
        { every: '900ms', for: '300ms', kill: { nodes: ['bank', 'client-2'] } },
        { loss: { rate: 0.1 } },
        { duplicate: { rate: 0.1 } },
      ],
    })
    const rough = { ...small(manifest), faults: parsed.faults }
    for (const seed of [1, 2]) {
      const run = new SimulatedRun(rough, { seed }).run()
      expect(checkSimulated(run).filter(({ verdict }) => verdict === 'broken')).toEqual([])
      expect([...eventsOf(run, 'life')].filter(({ node }) => node === 'till').length).toBeGreaterThan(4)
      expect([...eventsOf(run, 'standing')].filter(({ state }) => state === 'settled').length).toBeGreaterThan(2)
      if (seed === 1) expect(new SimulatedRun(rough, { seed }).run().traceHash).toBe(run.traceHash)
    }
  })
})
