// Confidence intervals: Student's quantiles as tables have them, and how often an interval holds the true mean.
import { describe, expect, test } from 'vitest'
import { SeededRandom } from '../random.ts'
import { estimate, studentQuantile } from './statistics.ts'

describe('studentQuantile', () => {
  test.each([
    [0.975, 1, 12.706],
    [0.975, 4, 2.776],
    [0.975, 29, 2.045],
    [0.995, 9, 3.25],
    [0.9995, 19, 3.883],
    [0.975, 10_000, 1.96],
  ])('of %f with %i degrees of freedom is %f', (probability, freedom, expected) => {
    expect(studentQuantile(probability, freedom)).toBeCloseTo(expected, 2)
  })
})

describe('estimate', () => {
  test('holds the true mean about as often as it says', () => {
    const random = new SeededRandom(5)
    let held = 0
    for (let i = 0; i < 2_000; i++) {
      const { low, high } = estimate(Array.from({ length: 8 }, () => random.fraction() + random.fraction()))
      if (low <= 1 && 1 <= high) held++
    }
    expect(held / 2_000).toBeGreaterThan(0.935)
    expect(held / 2_000).toBeLessThan(0.965)
  })

  test('knows nothing from one value', () => {
    expect(estimate([3]).high).toBe(Number.POSITIVE_INFINITY)
  })
})
