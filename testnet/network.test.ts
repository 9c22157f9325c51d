// What a network of real processes survives: the death of any validator, of two, of all, of one for good.
import * as fs from 'node:fs'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { killActor, stopActor } from './control.ts'
import { failureLimitMs, TestNetwork, within } from './testing.ts'

const names = ['v1', 'v2', 'v3', 'v4']

let network: TestNetwork

beforeAll(async () => {
  network = await TestNetwork.openForLoads()
}, 2 * failureLimitMs)

afterAll(() => network?.close(), failureLimitMs)

afterEach(() => network?.endLoad(), failureLimitMs)

test(
  'kill -9 of any one under load loses nothing, stops nothing, and the killed one catches up',
  async () => {
    const load = network.startLoad(8)
    await load.more(20, 'verdicts before the first kill')
    for (const name of names) {
      await killActor(network.actor(name))
      await load.more(30, `verdicts while ${name} is dead`)
      await network.restart(name)
      await network.status(name, 'votes again', status => status.state === 'voting')
      await load.more(10, `verdicts after ${name} is back`)
    }
    await load.stop()
    await network.agreedBlocks(names)
    await network.expectKept(load.acknowledged.slice(-200), names)
  },
  3 * failureLimitMs,
)

test(
  'two dead: it stops deciding, says so, and goes on by itself when one returns',
  async () => {
    const load = network.startLoad(4)
    await load.more(8, 'verdicts of four')
    await Promise.all(['v3', 'v4'].map(name => killActor(network.actor(name))))
    const stalled = await network.status('v1', 'it says that it stalls', status => status.state === 'stalled')
    expect(stalled.notVoted).toEqual(expect.arrayContaining(['v3', 'v4']))
    const count = load.acknowledged.length
    await network.restart('v3')
    await load.more(8, 'verdicts of three')
    expect(load.acknowledged.length).toBeGreaterThan(count)
    await network.status('v1', 'it votes', status => status.state === 'voting')
    await network.restart('v4')
    await load.stop()
    await network.agreedBlocks(names)
    await network.expectKept(load.acknowledged, names)
  },
  3 * failureLimitMs,
)

test(
  'all four killed at once: restarted, it goes on, and nothing acknowledged is lost',
  async () => {
    const load = network.startLoad(8)
    await load.more(30, 'verdicts before')
    await Promise.all(names.map(name => killActor(network.actor(name))))
    const before = [...load.acknowledged]
    await Promise.all(names.map(name => network.restart(name)))
    await load.more(30, 'verdicts after')
    await load.stop()
    await network.agreedBlocks(names)
    await network.expectKept(before, names)
  },
  3 * failureLimitMs,
)

test(
  'one dead for good: once n views have passed without it, its views are skipped and none waits for a timeout',
  async () => {
    const [dead, ...survivors] = names.toReversed()
    const load = network.startLoad(4)
    await load.more(8, 'verdicts of four')
    await killActor(network.actor(dead!))
    const views = await Promise.all(survivors.map(name => network.get<{ view: number }>(name, '/status')))
    // it may have voted one view ahead of them
    const lastVoted = Math.max(...views.map(({ view }) => view)) + 1
    const endsOfItsViews = async (name: string): Promise<string[]> => {
      const ends: string[] = []
      await network.event(name, `how the views led by ${dead} end`, ({ type, leader, view }) => {
        if (leader !== dead || Number(view) <= lastVoted + names.length) return false
        if (type === 'leader_skipped' || type === 'view_timed_out') ends.push(type)
        return ends.length === 5
      })
      return ends
    }
    const ends = await Promise.all(survivors.map(endsOfItsViews))
    expect(ends.flat()).toEqual(Array(5 * survivors.length).fill('leader_skipped'))
    await network.restart(dead!)
    await load.stop()
    await network.agreedBlocks(names)
  },
  3 * failureLimitMs,
)

test(
  'an idle network decides only heartbeat blocks',
  async () => {
    await network.agreedBlocks(names)
    const { height } = await network.get<{ height: number }>('v1', '/status')
    await network.height('v1', height + 1)
    const [heartbeat] = await network.blocks('v1', height + 1)
    expect(heartbeat!.records).toEqual([])
  },
  2 * failureLimitMs,
)

test(
  'the processes stop in good order when asked',
  async () => {
    const endings = await within('all stop', Promise.all(network.validators.map(actor => stopActor(actor))))
    expect(endings).toEqual(names.map(() => 'stopped'))
    for (const actor of network.validators) expect(fs.existsSync(actor.runFile)).toBe(false)
  },
  failureLimitMs,
)
