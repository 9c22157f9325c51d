// One of four validators misbehaves, each a process of its own: it is found out or harmless, and the network goes on.
import { afterEach, expect, test } from 'vitest'
import { killActor } from '../control.ts'
import { failureLimitMs, TestNetwork } from '../testing.ts'

let network: TestNetwork | undefined

afterEach(async () => {
  await network?.endLoad()
  await network?.close()
  network = undefined
}, failureLimitMs)

test(
  'an equivocating voter is accused with what it signed, and nothing stops',
  async () => {
    network = await TestNetwork.openForLoads({ byzantine: { v4: 'equivocating-voter' } }, 100)
    const load = network.startLoad(4)
    await load.more(25, 'verdicts beside an equivocating voter')
    await load.stop()
    const honest = ['v1', 'v2', 'v3']
    await network.agreedBlocks(honest)
    await network.expectKept(load.acknowledged.slice(-20), honest)
    for (const name of honest) {
      const evidence = await network.get<{ type: string; guilty: string }[]>(name, '/evidence')
      expect(evidence.length).toBeGreaterThan(0)
      expect(new Set(evidence.map(({ type, guilty }) => `${type} ${guilty}`))).toEqual(new Set(['two_votes v4']))
    }
    // it is a process like any other
    await killActor(network.actor('v4'))
  },
  3 * failureLimitMs,
)

test(
  'one that was dead catches up although a peer answers with lies',
  async () => {
    network = await TestNetwork.openForLoads({ byzantine: { v1: 'lying-peer' } }, 100)
    const load = network.startLoad(4)
    await load.more(10, 'verdicts of four')
    await killActor(network.actor('v4'))
    await load.more(20, 'verdicts while v4 is dead')
    // it asks the first one first
    await network.restart('v4')
    await network.status('v4', 'it votes again', status => status.state === 'voting')
    await load.more(10, 'verdicts after v4 is back')
    await load.stop()
    const honest = ['v2', 'v3', 'v4']
    await network.agreedBlocks(honest)
    await network.expectKept(load.acknowledged, honest)
  },
  3 * failureLimitMs,
)
