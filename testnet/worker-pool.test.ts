// Work on all cores: each answer comes with the number of its order, and a signal ends the work at once.
import { expect, test } from 'vitest'
import { MupibError } from '../proto/errors.ts'
import { runOnCores, streamOnCores } from './worker-pool.ts'

const worker = new URL('./worker-pool.fixture.ts', import.meta.url)
const doubled = (value: number): { value: number; afterMs: number } => ({ value, afterMs: value === 3 ? 100 : 0 })

test('answers are those to their orders, whichever is ready first', async () => {
  const counts: number[] = []
  const orders = [1, 2, 3, 4, 5, 6].map(doubled)
  expect(await runOnCores<object, number>(worker, orders, count => counts.push(count))).toEqual([2, 4, 6, 8, 10, 12])
  expect(counts).toEqual([1, 2, 3, 4, 5, 6])
})

test('a signal ends the work at once', async () => {
  const stop = new AbortController()
  const work = streamOnCores(worker, {
    next: () => ({ value: 1, afterMs: 60_000 }),
    onAnswer: () => {},
    jobs: 1,
    signal: stop.signal,
  })
  stop.abort(new MupibError('stopped', 'enough'))
  await expect(work).rejects.toMatchObject({ code: 'stopped' })
})
