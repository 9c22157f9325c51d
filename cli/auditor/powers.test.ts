import { expect, it } from 'vitest'
import { powersOf } from './powers.ts'

it.each([4n, 12n, 64n])('holds every power within its interval at %d bits, and closely', bits => {
  for (const w0 of [1, 2, 3, 5, 8, 15, 24, 31, 50, 63, 80, 99, 100]) {
    const exponent = BigInt(w0)
    for (const [at, { low, high }] of powersOf(w0, bits).entries()) {
      // low ≤ 2^bits·r^at ≤ high, each to the power of W0
      const value = (BigInt(1 + w0) ** BigInt(at)) << (bits * exponent)
      if (!(low ** exponent <= value && value <= high ** exponent)) expect.fail(`W0 ${w0}, power ${at}`)
      // an error of one unit in r grows to no more than this
      if (bits === 64n) expect(high - low).toBeLessThan(BigInt((w0 + 1) ** 3))
    }
  }
})

it('holds whole powers exactly, and no others', () => {
  const wholeOf = (w0: number): [exponent: number, power: bigint][] =>
    powersOf(w0, 64n).flatMap(({ low, high }, at) => (low === high ? [[at, low >> 64n]] : []))
  expect(wholeOf(100)).toEqual([
    [0, 1n],
    [100, 101n],
  ])
  expect(wholeOf(1)).toEqual([
    [0, 1n],
    [1, 2n],
  ])
  // 81 = 3^4
  expect(wholeOf(80)).toEqual([
    [0, 1n],
    [20, 3n],
    [40, 9n],
    [60, 27n],
    [80, 81n],
  ])
})
