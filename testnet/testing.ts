// What tests with real processes share: a network under load, waiting for what nodes tell of themselves, comparing their blocks.
import { readRunFile } from '../cli/common/run-file.ts'
import type { VerifiedAnswer } from '../node/client/types.ts'
import type { ListedBlock } from '../node/http.ts'
import { assert, MupibError } from '../proto/errors.ts'
import { decodeRecord } from '../proto/records.ts'
import { assertAllValid, type BenchNetwork, openBenchNetwork } from './bench/bench-network.ts'
import { takingTurns } from './bench/throughput.ts'
import { restartActor } from './control.ts'
import { type NodeEvent, nodeEvents } from './events.ts'
import { type Actor, actorNamed } from './folders.ts'
import type { UpOptions } from './network.ts'
import { listProcesses, processesOf, signalProcess } from './process-table.ts'
import { runProgram } from './run-program.ts'

/** Bound for failure only: nothing that works takes nearly as long, on a machine shared with other tests. */
export const failureLimitMs = 60_000

/** Rejects with `timeout` where the promise takes longer than the bound for failure. */
export async function within<T>(what: string, promise: Promise<T>, limitMs: number = failureLimitMs): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new MupibError('timeout', `not within ${limitMs / 1000} s: ${what}`)), limitMs)
  })
  try {
    return await Promise.race([promise, limit])
  } finally {
    clearTimeout(timer)
  }
}

/** A network of validators for tests. Close it in afterAll; should the test process end first, its processes are killed with it. */
export class TestNetwork {
  readonly bench: BenchNetwork
  readonly #onExit: () => void
  #queue: Uint8Array[] = []
  #load: Load | undefined

  private constructor(bench: BenchNetwork, onExit: () => void) {
    this.bench = bench
    this.#onExit = onExit
  }

  static async open(validators: number, options: Pick<UpOptions, 'relay' | 'byzantine'> = {}): Promise<TestNetwork> {
    const bench = await openBenchNetwork(validators, () => {}, new AbortController().signal, options)
    const onExit = (): void => {
      const processes = listProcesses()
      for (const actor of bench.network.files.actors)
        for (const { pid } of processesOf(actor, processes)) signalProcess(pid, 'SIGKILL')
    }
    process.on('exit', onExit)
    return new TestNetwork(bench, onExit)
  }

  /** A network of four that has, for all loads of a test file together, enough blocks prepared. */
  static async openForLoads(
    options: Pick<UpOptions, 'relay' | 'byzantine'> = {},
    blocksPerUser = 900,
  ): Promise<TestNetwork> {
    const network = await TestNetwork.open(4, options)
    try {
      network.#queue = await network.blocksToSubmit(8, blocksPerUser, 5)
      return network
    } catch (error) {
      await network.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await this.bench.close()
    process.off('exit', this.#onExit)
  }

  get validators(): readonly Actor[] {
    return this.bench.network.files.validators
  }

  actor(name: string): Actor {
    return actorNamed(this.bench.network.files, name)
  }

  http(name: string): string {
    const run = readRunFile(this.actor(name).runFile)
    assert(run, `${name} runs`)
    return run.http
  }

  async get<T>(name: string, path: string): Promise<T> {
    const response = await fetch(new URL(path, this.http(name)))
    return (await response.json()) as T
  }

  /** The first event of a node for which the condition holds; its status is the first of all events. */
  async event(name: string, what: string, condition: (event: NodeEvent) => boolean): Promise<NodeEvent> {
    const stop = new AbortController()
    const seek = async (): Promise<NodeEvent> => {
      for await (const event of nodeEvents(this.http(name), stop.signal)) if (condition(event)) return event
      throw new MupibError('unreachable', `${name} ended before this was seen: ${what}`)
    }
    try {
      return await within(`${name}: ${what}`, seek())
    } finally {
      stop.abort()
    }
  }

  /** Asks for the status at every event of a node until the condition holds of it. */
  async status(
    name: string,
    what: string,
    condition: (status: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    let found: Record<string, unknown> | undefined
    const stop = new AbortController()
    const seek = async (): Promise<void> => {
      for await (const event of nodeEvents(this.http(name), stop.signal)) {
        const status = event.type === 'status' ? event : await this.get<Record<string, unknown>>(name, '/status')
        if (!condition(status)) continue
        found = status
        return
      }
    }
    try {
      await within(`${name}: ${what}`, seek())
    } finally {
      stop.abort()
    }
    if (!found) throw new MupibError('unreachable', `${name} ended before this was seen: ${what}`)
    return found
  }

  /** Resolves when the node's final height is at least this. */
  async height(name: string, height: number): Promise<void> {
    await this.status(name, `height ${height}`, status => Number(status.height) >= height)
  }

  async blocks(name: string, from: number): Promise<ListedBlock[]> {
    const blocks: ListedBlock[] = []
    for (;;) {
      const page = await this.get<ListedBlock[]>(name, `/blocks?from=${from + blocks.length}&limit=100`)
      blocks.push(...page)
      if (page.length === 0) return blocks
    }
  }

  /** Waits until all named nodes have the highest of their heights, and returns their common blocks. Throws where two differ. */
  async agreedBlocks(names: readonly string[], from = 1): Promise<ListedBlock[]> {
    const statuses = await Promise.all(names.map(name => this.get<{ height: number }>(name, '/status')))
    const height = Math.max(...statuses.map(status => status.height))
    await Promise.all(names.map(name => this.height(name, height)))
    const lists = await Promise.all(names.map(name => this.blocks(name, from)))
    const upTo = (list: readonly ListedBlock[]): string =>
      JSON.stringify(
        list
          .filter(block => block.height <= height)
          .map(({ height: at, digest, stateRoot }) => [at, digest, stateRoot]),
      )
    const first = upTo(lists[0]!)
    for (const [index, list] of lists.entries())
      assert(upTo(list) === first, `${names[index]} holds the same blocks as ${names[0]}`)
    return lists[0]!.filter(block => block.height <= height)
  }

  /** Makes users with tokens and signs their blocks: the users' first blocks, then their second ones, and so on. */
  async blocksToSubmit(users: number, blocksPerUser: number, tokensPerBlock: number): Promise<Uint8Array[]> {
    return takingTurns(await this.bench.prepare(users, blocksPerUser, tokensPerBlock, () => {}))
  }

  /** Submits what earlier loads left of the prepared blocks. */
  startLoad(inFlight: number): Load {
    this.#load = new Load(this.bench, this.#queue, inFlight)
    return this.#load
  }

  /** Ends the load, whatever came of it: a test that fails leaves none behind for the next. */
  async endLoad(): Promise<void> {
    await this.#load?.stop().catch(() => {})
  }

  /** Starts a validator that was stopped or killed; resolves when it is up. */
  async restart(name: string): Promise<void> {
    await restartActor(this.actor(name))
  }

  /** Throws unless every acknowledged verdict is what each of these nodes answers now. */
  async expectKept(acknowledged: readonly VerifiedAnswer[], on: readonly string[]): Promise<void> {
    for (const name of on)
      for (const { digest, height, verdict } of acknowledged) {
        const kept = await this.get<{ height: number; transactionsRoot: string }>(name, `/records/${digest}`)
        const same = kept.height === height && kept.transactionsRoot === verdict.transactionsRoot
        assert(same, `${name} holds record ${digest} as acknowledged, at height ${height}: ${JSON.stringify(kept)}`)
      }
  }

  /** Runs `mupib …` and gives what it said. */
  mupib(...args: string[]): Promise<{ exitCode: number | null; output: string; errors: string }> {
    return within(`mupib ${args.join(' ')}`, runProgram(args))
  }
}

/** Least time from one block of a lane to its next, in milliseconds. */
const laneMs = 200

/** Submits the blocks of a queue all the time, so many in flight, and keeps every acknowledged answer. What it leaves is for the next load. */
export class Load {
  readonly acknowledged: VerifiedAnswer[] = []
  readonly #bench: BenchNetwork
  readonly #queue: Uint8Array[]
  readonly #lanes: Promise<void>[]
  #stopped = false
  #waiting: { count: number; resolve: () => void }[] = []

  constructor(bench: BenchNetwork, queue: Uint8Array[], inFlight: number) {
    this.#bench = bench
    this.#queue = queue
    this.#lanes = Array.from({ length: inFlight }, () => this.#lane())
    // a failure shows where the load is waited for
    for (const lane of this.#lanes) lane.catch(() => {})
  }

  async #lane(): Promise<void> {
    while (!this.#stopped) {
      // paced, so that slow restarts on a busy machine do not use up what was prepared
      const pace = new Promise(resolve => setTimeout(resolve, laneMs))
      const bytes = this.#queue.shift()
      assert(bytes, 'enough blocks were prepared')
      const answer = await this.#bench.auditor.submit(decodeRecord(bytes))
      assertAllValid(answer)
      this.acknowledged.push(answer)
      this.#waiting = this.#waiting.filter(({ count, resolve }) => {
        if (this.acknowledged.length < count) return true
        resolve()
        return false
      })
      await pace
    }
  }

  /** Resolves when so many more blocks than now are acknowledged. */
  async more(count: number, what: string): Promise<void> {
    const target = this.acknowledged.length + count
    const reached = new Promise<void>(resolve => this.#waiting.push({ count: target, resolve }))
    const failed = Promise.all(this.#lanes).then(() => reached)
    await within(what, Promise.race([reached, failed]))
  }

  /** Lets what is in flight end; all of it must be acknowledged. */
  async stop(): Promise<void> {
    this.#stopped = true
    await within('the blocks in flight are decided', Promise.all(this.#lanes))
  }
}
