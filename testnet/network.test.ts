// What a network of real processes survives: the death of any validator, of two, of all; a wiped store; a revoked auditor; garbage.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { VerifiedAnswer } from '../node/client/types.ts'
import { killActor, restartActor, stopActor } from './control.ts'
import { failureLimitMs, Load, TestNetwork, within } from './testing.ts'

const names = ['v1', 'v2', 'v3', 'v4']
const users = 8
const tokensPerBlock = 5
const blocksPerUser = 1_500

let network: TestNetwork
/** Blocks in turn of every user; each load takes from the front, so that the users' chains go on. */
let queue: Uint8Array[]

beforeAll(async () => {
  network = await TestNetwork.open(4)
  const prepared = await network.bench.prepare(users, blocksPerUser, tokensPerBlock, () => {})
  queue = prepared[0]!.blocks.flatMap((_, number) => prepared.map(user => user.blocks[number]!))
}, 2 * failureLimitMs)

afterAll(() => network?.close(), failureLimitMs)

let running: Load | undefined

function startLoad(inFlight: number): Load {
  running = new Load(network.bench, queue, inFlight)
  return running
}

// a test that fails leaves no load behind for the next
afterEach(() => running?.stop().catch(() => {}), failureLimitMs)

const essence = ({ digest, height, verdict }: VerifiedAnswer): unknown => ({
  digest,
  height,
  root: verdict.transactionsRoot,
})

/** Every acknowledged verdict is what each of these nodes answers now. */
async function expectKept(acknowledged: readonly VerifiedAnswer[], on: readonly string[]): Promise<void> {
  for (const name of on)
    for (const answer of acknowledged) {
      const kept = await network.get<{ height: number; transactionsRoot: string }>(name, `/records/${answer.digest}`)
      expect({ digest: answer.digest, height: kept.height, root: kept.transactionsRoot }).toEqual(essence(answer))
    }
}

const restart = async (name: string): Promise<void> => void (await restartActor(network.actor(name)))

test(
  'kill -9 of any one under load loses nothing, stops nothing, and the killed one catches up',
  async () => {
    const load = startLoad(8)
    await load.more(20, 'verdicts before the first kill')
    for (const name of names) {
      await killActor(network.actor(name))
      await load.more(30, `verdicts while ${name} is dead`)
      await restart(name)
      await network.status(name, 'votes again', status => status.state === 'voting')
      await load.more(10, `verdicts after ${name} is back`)
    }
    await load.stop()
    await network.agreedBlocks(names)
    await expectKept(load.acknowledged.slice(-200), names)
  },
  3 * failureLimitMs,
)

test(
  'two dead: it stops deciding, says so, and goes on by itself when one returns',
  async () => {
    const load = startLoad(4)
    await load.more(8, 'verdicts of four')
    await Promise.all(['v3', 'v4'].map(name => killActor(network.actor(name))))
    const stalled = await network.status('v1', 'it says that it stalls', status => status.state === 'stalled')
    expect(stalled.notVoted).toEqual(expect.arrayContaining(['v3', 'v4']))
    const count = load.acknowledged.length
    await restart('v3')
    await load.more(8, 'verdicts of three')
    expect(load.acknowledged.length).toBeGreaterThan(count)
    await network.status('v1', 'it votes', status => status.state === 'voting')
    await restart('v4')
    await load.stop()
    await network.agreedBlocks(names)
    await expectKept(load.acknowledged, names)
  },
  3 * failureLimitMs,
)

test(
  'all four killed at once: restarted, it goes on, and nothing acknowledged is lost',
  async () => {
    const load = startLoad(8)
    await load.more(30, 'verdicts before')
    await Promise.all(names.map(name => killActor(network.actor(name))))
    const before = [...load.acknowledged]
    await Promise.all(names.map(restart))
    await load.more(30, 'verdicts after')
    await load.stop()
    await network.agreedBlocks(names)
    await expectKept(before, names)
  },
  3 * failureLimitMs,
)

test(
  'a wiped store refuses to vote and says why; `node rejoin` brings it back',
  async () => {
    const load = startLoad(4)
    await load.more(8, 'verdicts before')
    const actor = network.actor('v2')
    await stopActor(actor)
    fs.rmSync(path.join(actor.folder, 'store'), { recursive: true })
    await restart('v2')
    const mute = await network.status('v2', 'it refuses to vote', status => status.state === 'mute')
    expect(JSON.stringify(mute)).toMatch(/rejoin/)
    await load.more(8, 'verdicts while it follows')
    await stopActor(actor)
    const rejoin = await network.mupib('node', 'rejoin', '--config', actor.configFile, '--yes')
    expect(rejoin).toMatchObject({ exitCode: 0 })
    await restart('v2')
    await load.more(8, 'verdicts while it rejoins')
    await network.status('v2', 'it votes again', status => status.state === 'voting')
    await load.stop()
    await network.agreedBlocks(names)
    const evidence = await Promise.all(names.map(name => network.get<unknown[]>(name, '/evidence')))
    expect(evidence.flat()).toEqual([])
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
