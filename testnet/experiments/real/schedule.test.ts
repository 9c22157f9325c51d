// When faults begin and end.
import { expect, test } from 'vitest'
import type { Fault } from '../manifest.ts'
import { parseManifest } from '../parse.ts'
import { atMost, stretchesOf } from './schedule.ts'

const kill = (more: Partial<Fault>): Fault =>
  ({ at: 0, lasts: undefined, every: undefined, action: 'kill', nodes: ['v1'], ...more }) as Fault

test('a fault is held for as long as it says, to the next one of its kind, or to the end of the phase', () => {
  const faults = [
    kill({ at: 2_000, lasts: 500 }),
    kill({ at: 1_000 }),
    kill({ at: 0, every: 4_000, lasts: 1_500 }),
    kill({ at: 9_000, lasts: 5_000 }),
    kill({ at: 10_000 }),
  ]
  expect(stretchesOf(faults, 10_000)).toEqual([
    { fault: 2, from: 0, to: 1_500 },
    { fault: 1, from: 1_000, to: 10_000 },
    { fault: 0, from: 2_000, to: 2_500 },
    { fault: 2, from: 4_000, to: 5_500 },
    { fault: 2, from: 8_000, to: 9_500 },
    { fault: 3, from: 9_000, to: 10_000 },
  ])
})

test('what is done in a moment is over at once, unless it says for how long', () => {
  const wipe = { ...kill({ at: 1_000, every: 3_000 }), action: 'wipe', rejoin: true } as Fault
  expect(stretchesOf([wipe], 5_000).map(({ from, to }) => [from, to])).toEqual([
    [1_000, 1_000],
    [4_000, 4_000],
  ])
  expect(stretchesOf([{ ...wipe, every: undefined, lasts: 700 } as Fault], 5_000)).toEqual([
    { fault: 0, from: 1_000, to: 1_700 },
  ])
})

test('how often the leader is looked for is not how often the fault begins anew', () => {
  const stretches = (fault: string): unknown =>
    stretchesOf(parseManifest(`name: x\ntitle: x\nfaults: [${fault}]`, 'x.yaml').faults, 10_000)
  expect(stretches('{for: 2s, followLeader: {every: 300ms}}')).toEqual([{ fault: 0, from: 0, to: 2_000 }])
  expect(stretches('{for: 2s, every: 6s, followLeader: {every: 300ms}}')).toEqual([
    { fault: 0, from: 0, to: 2_000 },
    { fault: 0, from: 6_000, to: 8_000 },
  ])
})

test('a limit gives way to what is in time and to failures', async () => {
  expect(await atMost(5_000, Promise.resolve(1))).toBe(1)
  expect(await atMost(5, new Promise(() => {}))).toBeUndefined()
  await expect(atMost(5_000, Promise.reject(new Error('failed')))).rejects.toThrow('failed')
})
