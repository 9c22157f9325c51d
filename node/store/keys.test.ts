import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { blockKey, numberOfKey, prefixes, statePageKey } from './keys.ts'

test('no prefix is defined twice, and each is one byte below 0xff', () => {
  const values = Object.values(prefixes)
  expect(new Set(values).size).toBe(values.length)
  for (const value of values) expect(value > 0 && value < 0xff && Number.isInteger(value)).toBe(true)
})

test('keys sort as their numbers do, and give them back', () => {
  const numbers = [0, 1, 255, 256, 2 ** 32, 2 ** 40 + 1, Number.MAX_SAFE_INTEGER]
  const keys = numbers.map(blockKey)
  expect(keys.toSorted(Buffer.compare)).toEqual(keys)
  expect(keys.map(numberOfKey)).toEqual(numbers)
  expect(() => blockKey(-1)).toThrow(RangeError)
})

test('page keys keep the nibbles of their depth and no more', () => {
  const hash = '\xab\xcd'.padEnd(32, '\xff')
  const hex = (depth: number): string => Buffer.from(statePageKey(depth, hash)).toString('hex')
  expect([0, 1, 2, 3, 4, 5].map(hex)).toEqual(['1100', '1101a0', '1102ab', '1103abc0', '1104abcd', '1105abcdf0'])
})

test('no other file of the store makes keys from bytes of its own', () => {
  const folder = dirname(fileURLToPath(import.meta.url))
  const files = readdirSync(folder).filter(name => name.endsWith('.ts') && !/(^keys|\.test|\.bench)/.test(name))
  const offenders = files.filter(name =>
    /keyOf\(0x|Uint8Array\.of\(0x[1-9]/.test(readFileSync(join(folder, name), 'utf8')),
  )
  expect(offenders).toEqual([])
})
