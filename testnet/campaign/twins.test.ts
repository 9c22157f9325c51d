// Twins: f of them split nothing and hold nobody up; one more does, and so does a quorum that is one short.
import { describe, expect, test } from 'vitest'
import { bugNamed } from '../../consensus/simulator/bugs.ts'
import { faultsBorne } from '../../proto/chain.ts'
import { runTwins } from './twins.ts'
import { exhaustiveCase, exhaustiveCases, sampledCase } from './twins-cases.ts'
import { addTwinsSums, emptyTwinsSum, runTwinsStretch, type TwinsOrder } from './twins-stretch.ts'

const patience = { timeout: 120_000 }
const order = (kind: TwinsOrder['kind'], from: number, count: number, more: Partial<TwinsOrder> = {}): TwinsOrder => ({
  kind,
  from,
  count,
  twinCount: undefined,
  bug: undefined,
  ...more,
})

test('the exhaustive cases are all ways to part five processes in two, once each', () => {
  expect(exhaustiveCases).toBe(65_536)
  const texts = new Set<string>()
  for (let number = 0; number < exhaustiveCases; number++) {
    const { sides } = exhaustiveCase(number)
    texts.add(sides.map(side => side.join('')).join(' '))
  }
  expect(texts.size).toBe(exhaustiveCases)
  for (const text of texts) expect(text).toMatch(/^(0[01]{4} ?){4}$/)
})

test('sampled cases are deeper, with f twins, and now and then three sides', () => {
  const cases = Array.from({ length: 200 }, (_, at) => sampledCase(at + 1))
  for (const { validators, twins, sides } of cases) {
    expect(twins.length).toBe(faultsBorne(validators))
    expect(sides.length).toBeGreaterThanOrEqual(8)
    for (const side of sides) expect(side.length).toBe(validators + twins.length)
  }
  expect(new Set(cases.map(({ validators }) => validators))).toEqual(new Set([4, 7]))
  expect(cases.some(({ sides }) => sides.some(side => new Set(side).size === 3))).toBe(true)
})

describe('f twins', () => {
  test('break nothing, and the results are the same everywhere', patience, () => {
    // Spread over all cases; a prime step leaves no view out.
    let sum = emptyTwinsSum
    for (let number = 0; number < exhaustiveCases; number += 211) {
      sum = addTwinsSums(sum, runTwinsStretch(order('exhaustive', number, 1)))
    }
    sum = addTwinsSums(sum, runTwinsStretch(order('sampled', 1, 60)))
    expect(sum.violations).toEqual({})
    // They did what twins do: most were convicted, and blocks became final between the partings.
    expect(sum.caught).toBeGreaterThan(sum.cases / 2)
    expect(sum.finalWhileParted).toBeGreaterThan(sum.cases / 2)
    const { cases, messages, checksum } = sum
    expect({ cases, messages, checksum }).toMatchInlineSnapshot(`
      {
        "cases": 371,
        "checksum": 1545851050,
        "messages": 338837,
      }
    `)
  })

  test('a parted majority goes on alone, and nobody does where there is none', () => {
    const alone = runTwins({ validators: 4, twins: [3], sides: Array(4).fill([0, 0, 0, 1, 1]) })
    expect(alone.heightParted).toBeGreaterThan(1)
    const none = runTwins({ validators: 4, twins: [3], sides: Array(4).fill([0, 1, 2, 0, 1]) })
    expect(none).toMatchObject({ heightParted: 0, violation: undefined })
    expect(none.height).toBeGreaterThan(0)
  })
})

describe('the checkers can fail', () => {
  test('two twins of four split the chain', patience, () => {
    const { violations, first } = runTwinsStretch(order('sampled', 1, 60, { twinCount: 2 }))
    expect(violations.I1).toBeGreaterThan(3)
    expect(first?.text).toMatch(/height \d+: n\d finalized/)
  })

  test('one twin splits a chain whose quorum is one short', patience, () => {
    expect(bugNamed('quorum-one-short')).toBeDefined()
    const { violations } = runTwinsStretch(order('exhaustive', 40_000, 150, { bug: 'quorum-one-short' }))
    expect(violations.I1).toBeGreaterThan(3)
  })
})
