// What each party computes for a session, counted in sessions that ran: a rule that comes to cost another signature shows here.
import { describe, expect, it } from 'vitest'
import { type Counts, countedCalls } from './counted-session.ts'
import { measureFlatness, measurePhases } from './locks.ts'

/** Those that are not named are none. */
const counts = (named: Partial<Counts>): Counts =>
  Object.fromEntries(countedCalls.map(call => [call, named[call] ?? 0])) as Counts

const expected = (n: number, isVerifiable: boolean) => ({
  setup: {
    // terms and payment 0; the chain is computed down to its anchor, and once more where its client begins to read it
    client: counts({
      'signatures made': 2,
      'signatures verified': 1,
      'locked signatures made': 1,
      'chain hashes': 2 * n + 1,
    }),
    vendor: counts({ 'signatures made': 1, 'signatures verified': 2, 'chain hashes': 1 }),
    bank: counts({ 'signatures made': 1, 'signatures verified': 2 }),
  },
  payments: {
    client: counts({ 'signatures made': n, 'locked signatures made': n, 'locks made': n }),
    vendor: counts({ 'signatures verified': n, 'locks verified': n, 'chain hashes': n }),
    bank: counts({}),
  },
  release: {
    // the client signs its close, and the index that the vendor then signs
    client: counts({ 'signatures made': 2, 'signatures verified': 1 }),
    vendor: counts({
      'signatures made': 1,
      'signatures verified': 1,
      'locked signatures opened': n,
      // the released one at the close and as the chain opens; where locks are not checked, all that opened besides
      'locked signatures verified': isVerifiable ? 2 : n + 2,
    }),
    bank: counts({}),
  },
})

describe.each([
  ['xor', false],
  ['schnorr', true],
  ['bls', true],
] as const)('a session of %s', (suite, isVerifiable) => {
  it.each([10, 20])(
    'costs each party the same calls for each of %i payments, and beside them no more but for chain and receipts',
    n => {
      const { setup, payments, release } = measurePhases(suite, n, 'counted')
      expect({ setup: setup.counts, payments: payments.counts, release: release.counts }).toEqual(
        expected(n, isVerifiable),
      )
    },
  )
})

it('measures the same bytes for a payment wherever it stands in a session', async () => {
  const labels: string[] = []
  const bytes = new Set<number>()
  for await (const cost of measureFlatness('xor', new AbortController().signal, 1_000, 10)) {
    labels.push(cost.label)
    bytes.add(cost.bytes)
  }
  expect(labels).toEqual([
    'the last 10 of 10',
    'the last 10 of 100',
    'the first 10 of 1000',
    '10 in the middle of 1000',
    'the last 10 of 1000',
  ])
  expect([...bytes]).toEqual([258])
})
