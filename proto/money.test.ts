import fc from 'fast-check'
import { expect, it } from 'vitest'
import { limits } from './limits.ts'
import { createAmount, formatAmount, multiplyAmount, parseAmount, sumAmounts, zeroAmount } from './money.ts'

const bad = expect.objectContaining({ code: 'bad_input' })

it('amounts go through text unchanged', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, limits.amount), value => {
      expect(parseAmount(formatAmount(createAmount(value)))).toBe(value)
    }),
  )
})

it.each(['', '-1', '+1', '01', '1.0', '1e3', ' 1', '0x10', '9223372036854775808', '99999999999999999999', '１'])(
  'refuses %j',
  text => {
    expect(() => parseAmount(text)).toThrow(bad)
  },
)

it('stays in range', () => {
  const most = createAmount(limits.amount)
  expect(parseAmount('9223372036854775807')).toBe(most)
  expect(() => createAmount(-1n)).toThrow(bad)
  expect(() => createAmount(limits.amount + 1n)).toThrow(bad)
  expect(() => sumAmounts(most, createAmount(1n))).toThrow(bad)
  expect(() => multiplyAmount(most, 2)).toThrow(bad)
  expect(() => multiplyAmount(createAmount(1n), -1)).toThrow(bad)
  expect(sumAmounts(createAmount(2n), createAmount(3n))).toBe(5n)
  expect(sumAmounts()).toBe(zeroAmount)
  expect(multiplyAmount(createAmount(5n), 3n)).toBe(15n)
})
