// The outbox's worker: what cannot go through does not hold up the rest, and is tried again whatever comes meanwhile.
import { afterEach, expect, it, vi } from 'vitest'
import { Worker } from './worker.ts'

const ending = new AbortController()
afterEach(() => ending.abort())

it('tries again in time what was stuck, under a stream of items that go through', async () => {
  let isBankUp = false
  const tries: number[] = []
  const worker = new Worker<string>({
    open: new Map([[1, 'stuck']]),
    signal: ending.signal,
    onFailure: () => {},
    send: async items => {
      if (items.has(1)) tries.push(performance.now())
      return new Set([...items.keys()].filter(number => number !== 1 || isBankUp))
    },
  })
  worker.start()
  let number = 2
  const stream = setInterval(() => worker.add(number++, 'good'), 20)
  await vi.waitFor(() => expect(tries.length).toBeGreaterThan(1), { timeout: 5_000 })
  isBankUp = true
  await vi.waitFor(() => expect(worker.open.has(1)).toBe(false), { timeout: 5_000 })
  clearInterval(stream)
  // whoever waits for it has it tried at once
  isBankUp = false
  worker.add(1, 'stuck again')
  await vi.waitFor(() => expect(worker.open.has(1)).toBe(true))
  isBankUp = true
  await worker.settled()
  expect(worker.open.size).toBe(0)
})
