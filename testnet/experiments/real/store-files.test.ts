// Damage that is done to stores on purpose: exactly what was asked for, the same for the same seed.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { SeededRandom } from '../../random.ts'
import { type FileType, flipBit, tearTail, typesIn } from './store-files.ts'

let store: string
const content = new Map<string, Buffer>()

beforeEach(() => {
  store = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-damage-'))
  for (const [name, size] of [
    ['000003.log', 300],
    ['000005.log', 10],
    ['000007.log', 0],
    ['000004.ldb', 900],
    ['MANIFEST-000002', 60],
    ['CURRENT', 16],
    ['LOCK', 5],
    ['LOG', 5],
  ] as const) {
    content.set(name, Buffer.from(Uint8Array.from({ length: size }, (_, index) => name.length + index)))
    fs.writeFileSync(path.join(store, name), content.get(name)!)
  }
})

afterEach(() => fs.rmSync(store, { recursive: true }))

const changed = (): string[] =>
  fs.readdirSync(store).filter(name => !fs.readFileSync(path.join(store, name)).equals(content.get(name)!))

test.each(['log', 'table', 'manifest', 'current', 'any'] as const)('one bit of a file of the type: %s', type => {
  const damage = flipBit(store, type, new SeededRandom(7))!
  expect(changed()).toEqual([damage.file])
  const [before, after] = [content.get(damage.file)!, fs.readFileSync(path.join(store, damage.file))]
  const bits = [...after].map((byte, at) => byte ^ before[at]!).filter(difference => difference !== 0)
  expect(bits).toHaveLength(1)
  expect(Math.log2(bits[0]!) % 1).toBe(0)
  // the same seed takes it back
  expect(flipBit(store, type, new SeededRandom(7))).toEqual(damage)
  expect(changed()).toEqual([])
})

test('a type of which there is no file is left alone', () => {
  fs.rmSync(path.join(store, '000004.ldb'))
  expect(typesIn(store)).toEqual(['log', 'manifest', 'current'] satisfies FileType[])
  expect(flipBit(store, 'table', new SeededRandom(1))).toBeUndefined()
  expect(changed()).toEqual([])
})

test('a tail is torn off the newest log that holds something', () => {
  const damage = tearTail(store, new SeededRandom(3))!
  expect(damage.file).toBe('000005.log')
  const left = fs.readFileSync(path.join(store, '000005.log'))
  expect(left.length).toBeLessThan(10)
  expect(content.get('000005.log')!.subarray(0, left.length).equals(left)).toBe(true)
  expect(changed()).toEqual(['000005.log'])
})
