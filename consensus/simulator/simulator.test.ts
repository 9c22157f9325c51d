// The vote under simulation: no schedule breaks an invariant, every planted bug is found, more liars than the protocol bears split it.
import { describe, expect, test } from 'vitest'
import { faultsBorne } from '../../proto/chain.ts'
import { adversaryNames } from '../adversaries/index.ts'
import { runTwice } from '../invariants/determinism.ts'
import { bugs } from './bugs.ts'
import { type Bug, runSchedule, type ScheduleOptions, type ScheduleResult } from './simulation.ts'

const patience = { timeout: 120_000 }

/** Seeds to look through before a bug counts as not found; it is usually the first one. */
const searchedMax = 600

/** A seed that brings each bug out. When rules change and it no longer does, the search goes on from there. */
const knownSeeds: Readonly<Record<string, number>> = {
  'quorum-one-short': 193,
  'vote-not-persisted': 1,
  'proposal-not-persisted': 1,
  'journal-unsynced': 3,
  'body-not-persisted': 27,
  'state-ahead-of-journal': 12,
  'gaps-not-checked': 17,
  'parent-not-checked': 124,
  'outcome-not-compared': 1,
  'nullify-and-finalize': 7,
  'notarize-twice': 1,
  'held-votes-not-asked': 35,
  'nullify-without-repeat': 27,
  'late-notarization-ignored': 29,
  'fetch-pinned': 11,
  'records-not-announced': 38,
  'certificates-unverified': 1,
  'catch-up-unverified': 15,
}

function* seedsFrom(first: number, count: number): Generator<number> {
  for (let seed = first; seed < first + count; seed++) yield seed
}

function firstFailure(first: number, count: number, options: ScheduleOptions): ScheduleResult | undefined {
  for (const seed of seedsFrom(first, count)) {
    const result = runSchedule(seed, options)
    if (result.outcome === 'fail') return result
  }
  return undefined
}

describe('the core keeps every invariant', () => {
  test.for([
    [4, 200],
    [7, 100],
  ] as const)('%i validators, %i schedules', patience, ([validators, count]) => {
    const outcomes = { pass: 0, fail: 0, unknown: 0 }
    for (const seed of seedsFrom(1, count)) {
      const { outcome, violations } = runSchedule(seed, { wish: { validators } })
      expect(violations, `seed ${seed}`).toEqual([])
      outcomes[outcome]++
    }
    // A schedule in which nothing became final puts nothing to the test: few may be so.
    expect(outcomes.pass).toBeGreaterThan(count * 0.8)
  })

  test.for(adversaryNames)('with the adversary %s', patience, adversary => {
    for (const seed of seedsFrom(1, 8)) {
      expect(runSchedule(seed, { wish: { adversary, byzantine: 1 } }).violations, `seed ${seed}`).toEqual([])
    }
  })

  test('with Ed25519 keys', patience, () => {
    for (const seed of seedsFrom(5, 2)) {
      const real = runSchedule(seed, { hasRealKeys: true })
      const short = runSchedule(seed)
      expect(real.violations).toEqual([])
      // Nothing that happens may depend on signature bytes.
      expect(real.traceHash).toBe(short.traceHash)
    }
  })
})

describe('the simulator is deterministic (I13)', () => {
  test('the same seed gives the same trace', () => {
    const hashes = [...seedsFrom(1, 10)].map(seed => {
      const result = runTwice(seed)
      expect(result.violations).toEqual([])
      return result.traceHash
    })
    expect(new Set(hashes).size).toBe(hashes.length)
  })

  test('the readable trace does not change what happens', () => {
    const lines: string[] = []
    const traced = runSchedule(3, { print: line => lines.push(line) })
    expect(traced.traceHash).toBe(runSchedule(3).traceHash)
    expect(lines.some(line => line.includes('commits'))).toBe(true)
  })
})

test.for([4, 7])('more twins than %i validators bear split the chain, and I1 says so', patience, validators => {
  const wish = { validators, adversary: 'twin', byzantine: faultsBorne(validators) + 1 } as const
  const split = firstFailure(3, 100, { wish })
  expect(split?.violations[0]?.invariant).toBe('I1')
})

describe('planted bugs are found', () => {
  test('each bug has a seed here', () => {
    expect(bugs.map(({ name }) => name).sort()).toEqual(Object.keys(knownSeeds).sort())
  })

  test.for(bugs.map((bug): [string, Bug] => [bug.name, bug]))('%s', patience, ([name, bug]) => {
    const found = firstFailure(knownSeeds[name] ?? 1, searchedMax, { bug })
    expect(found, `${bug.summary}: not found in ${searchedMax} schedules`).toBeDefined()
    // The same schedule without the bug is clean: it was the bug that was found.
    const clean = runSchedule(found?.seed ?? 1, bug.wish ? { wish: bug.wish } : {})
    expect(clean.violations).toEqual([])
  })
})
