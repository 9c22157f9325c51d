// What a validator does whose store is not what it was: wiped, restored from an old copy, or on a full disk.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { openLevelDatabase } from '../node/store/level-database.ts'
import { bytesOfHex } from '../proto/bytes.ts'
import { genesisHash } from '../proto/genesis.ts'
import { stopActor } from './control.ts'
import type { Actor } from './folders.ts'
import { programFile } from './process-table.ts'
import { type ProgramResult, runToEnd } from './run-program.ts'
import { failureLimitMs, type Load, TestNetwork, within } from './testing.ts'

const names = ['v1', 'v2', 'v3', 'v4']

let network: TestNetwork

beforeAll(async () => {
  network = await TestNetwork.openForLoads()
}, 2 * failureLimitMs)

afterAll(() => network?.close(), failureLimitMs)

afterEach(() => network?.endLoad(), failureLimitMs)

const storeOf = (actor: Actor): string => path.join(actor.folder, 'store')

/** LevelDB moves its write-ahead log into a table when it opens: with that done, the log begins at nothing. */
async function emptyWriteAheadLog(actor: Actor): Promise<void> {
  const database = await openLevelDatabase(storeOf(actor), {
    genesisHash: bytesOfHex(genesisHash(network.bench.genesis)),
  })
  await database.close()
}

/** Runs a validator until it ends; no file that it writes may grow beyond the limit (setrlimit, RLIMIT_FSIZE), as on a full disk. */
function runWithFileLimit(actor: Actor, limitKiB: number): Promise<ProgramResult> {
  const limited = `ulimit -f ${limitKiB}; exec "$0" "$@"`
  return runToEnd('bash', ['-c', limited, process.execPath, programFile, ...actor.command])
}

/** Starts a stopped validator whose store lacks votes that it cast, sees that it refuses to vote, and lets it rejoin. */
async function expectRejoin(name: string, load: Load): Promise<void> {
  const actor = network.actor(name)
  await network.restart(name)
  const mute = await network.status(name, 'it refuses to vote', status => status.state === 'mute')
  expect(JSON.stringify(mute)).toMatch(/rejoin/)
  await load.more(8, 'verdicts while it follows')
  await stopActor(actor)
  const rejoin = await network.mupib('node', 'rejoin', '--config', actor.configFile, '--yes')
  expect(rejoin).toMatchObject({ exitCode: 0 })
  await network.restart(name)
  await load.more(8, 'verdicts while it rejoins')
  await network.status(name, 'it votes again', status => status.state === 'voting')
  await load.stop()
  await network.agreedBlocks(names)
  // nobody saw it sign twice
  const evidence = await Promise.all(names.map(node => network.get<unknown[]>(node, '/evidence')))
  expect(evidence.flat()).toEqual([])
}

test(
  'a wiped store refuses to vote and says why; `node rejoin` brings it back',
  async () => {
    const load = network.startLoad(4)
    await load.more(8, 'verdicts before')
    const actor = network.actor('v2')
    await stopActor(actor)
    fs.rmSync(storeOf(actor), { recursive: true })
    await expectRejoin('v2', load)
  },
  3 * failureLimitMs,
)

test(
  'a store restored from an old copy refuses to vote and says why; `node rejoin` brings it back',
  async () => {
    const load = network.startLoad(4)
    await load.more(8, 'verdicts before')
    const actor = network.actor('v3')
    await stopActor(actor)
    const copy = path.join(actor.folder, 'old-copy')
    fs.cpSync(storeOf(actor), copy, { recursive: true })
    await network.restart('v3')
    await network.status('v3', 'it votes on', status => status.state === 'voting')
    // with one of the four away every verdict takes the votes of all others: those that it casts now, the copy lacks
    await stopActor(network.actor('v4'))
    await load.more(8, 'verdicts that the copy knows nothing of')
    await network.restart('v4')
    await stopActor(actor)
    fs.rmSync(storeOf(actor), { recursive: true })
    fs.renameSync(copy, storeOf(actor))
    await expectRejoin('v3', load)
  },
  3 * failureLimitMs,
)

test(
  'a full disk ends a validator with one clear line; with space again it has all that was acknowledged, and catches up',
  async () => {
    const load = network.startLoad(16)
    await load.more(8, 'verdicts before')
    const actor = network.actor('v1')
    await stopActor(actor)
    await emptyWriteAheadLog(actor)
    const failed = await within('it runs into the limit', runWithFileLimit(actor, 512))
    const [ready, line, ...more] = failed.errors.trimEnd().split('\n')
    // it had been up: what ended it was a write, not its start
    expect(ready).toMatch(/answers at/)
    expect(more).toEqual([])
    expect(JSON.parse(line!)).toEqual({
      error: expect.objectContaining({ code: 'disk_full', hint: expect.stringMatching(/start the node again/) }),
    })
    expect(failed.exitCode).toBe(1)
    expect(fs.existsSync(actor.runFile)).toBe(false)
    await load.more(8, 'verdicts without it')
    await network.restart('v1')
    await network.status('v1', 'it votes again', status => status.state === 'voting')
    await load.stop()
    await network.agreedBlocks(names)
    await network.expectKept(load.acknowledged.slice(-300), ['v1'])
  },
  3 * failureLimitMs,
)
