// I9's bound: one block waits for the faulty leaders in a row, a backlog for all that come in between.
import { expect, test } from 'vitest'
import { Random } from '../simulator/random.ts'
import { createScenario } from '../simulator/scenario.ts'
import { boundOf } from './liveness.ts'

test.for([
  [1, 1],
  [2, 2],
  [4, 3],
  [7, 3],
] as const)('%i blocks wait for %i of the faulty leaders 3, 6 and 8 of ten', ([blocks, wasted]) => {
  const drawn = createScenario(new Random(1), { validators: 10, isHonest: true })
  const quiet = { ...drawn, skewMs: [], diskMs: [0], executeMs: 0, deadAtEnd: [], rotsAt: new Map(), faults: [] }
  const network = { delayMs: 0, jitterMs: 0, redialMs: 0 }
  const scenario = { ...quiet, network, byzantine: new Map([3, 6, 8].map(node => [node, 'silent'] as const)) }
  const { announceMs, retryMs, timing } = scenario
  expect(boundOf(scenario, blocks) - announceMs - 2 * retryMs).toBe((wasted + 2) * timing.timeoutMs)
})
