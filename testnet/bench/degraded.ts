// What a network is worth when one of its validators is dead for good: its rate before and after, and whether views still wait for the dead.

import { rounded } from '../../cli/common/statistics.ts'
import { decodeRecord } from '../../proto/records.ts'
import { killActor } from '../control.ts'
import type { Progress } from '../network.ts'
import { assertAllValid, type BenchNetwork, onBenchNetwork } from './bench-network.ts'
import type { BenchRow } from './row.ts'
import { takingTurns } from './throughput.ts'

export interface DegradedOptions {
  /** Of each of the two measurements. */
  readonly seconds: number
  readonly validators: number
}

/** Seconds after the death within which the others get over it; they are not measured. */
const recoverySeconds = 5

/** Measuring longer says nothing more, and every second takes tokens that are signed before. */
const secondsMax = 10

const users = 64
const tokensPerBlock = 100
const tokensPerSecondMax = 20_000
const blocksInFlight = 64

const viewEnds = ['timedOut', 'skipped'] as const
type ViewEnds = Readonly<Record<(typeof viewEnds)[number], number>>

/** How views ended so far at a validator, by its metrics (Prometheus text format, version 0.0.4). */
async function viewEndsOf(http: string): Promise<ViewEnds> {
  const lines = (await (await fetch(new URL('/metrics', http))).text()).split('\n')
  const count = (end: string): number => {
    const line = lines.find(candidate => candidate.startsWith(`mupib_views_total{end="${end}"}`))
    return Number(line?.split(' ').at(-1) ?? 0)
  }
  return { timedOut: count('timedOut'), skipped: count('skipped') }
}

/** Blocks kept in flight all the time; `rate` tells how many tokens were decided in a second while a stretch of time passed. */
class SteadyLoad {
  readonly #lanes: Promise<void>[]
  #decided = 0
  #stopped = false

  constructor(bench: BenchNetwork, blocks: readonly Uint8Array[]) {
    let next = 0
    const lane = async (): Promise<void> => {
      while (!this.#stopped) {
        const bytes = blocks[next++]
        if (!bytes) return
        assertAllValid(await bench.auditor.submit(decodeRecord(bytes)))
        this.#decided += 1
      }
    }
    this.#lanes = Array.from({ length: blocksInFlight }, lane)
  }

  /** Lets time pass while the load runs; ends early where a block fails or none is left. */
  async pass(seconds: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const passed = new Promise<void>(resolve => {
      timer = setTimeout(resolve, seconds * 1000)
      signal.addEventListener('abort', () => resolve(), { once: true })
    })
    await Promise.race([passed, Promise.all(this.#lanes)])
    clearTimeout(timer)
    signal.throwIfAborted()
  }

  async rate(seconds: number, signal: AbortSignal): Promise<number> {
    const [start, decided] = [performance.now(), this.#decided]
    await this.pass(seconds, signal)
    return ((this.#decided - decided) * tokensPerBlock * 1000) / (performance.now() - start)
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#lanes)
  }
}

/** Rows: tokens finalized per second with all validators and with one dead, their ratio, and how the survivors' views ended. */
export async function benchDegraded(
  options: DegradedOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<BenchRow[]> {
  const seconds = Math.min(options.seconds, secondsMax)
  return onBenchNetwork(options.validators, progress, signal, async bench => {
    const blocksPerUser = Math.ceil(((2 * seconds + recoverySeconds) * tokensPerSecondMax) / (tokensPerBlock * users))
    const blocks = takingTurns(await bench.prepare(users, blocksPerUser, tokensPerBlock, progress))
    const [dead, ...survivors] = bench.network.files.validators.toReversed()
    const http = (name: string): string => bench.network.processes.get(name)!.run.http
    const endsNow = (): Promise<ViewEnds[]> => Promise.all(survivors.map(({ name }) => viewEndsOf(http(name))))
    const load = new SteadyLoad(bench, blocks)
    progress(`submitting to all for ${seconds} s, ${blocksInFlight} blocks in flight`)
    const whole = await load.rate(seconds, signal)
    progress(`killing ${dead!.name}; measuring again after ${recoverySeconds} s`)
    await killActor(dead!)
    await load.pass(recoverySeconds, signal)
    const before = await endsNow()
    const degraded = await load.rate(seconds, signal)
    const after = await endsNow()
    await load.stop()
    const most = (end: keyof ViewEnds): number =>
      Math.max(...after.map((ends, index) => ends[end] - before[index]![end]))
    const detail = `${options.validators} validators, blocks of ${tokensPerBlock} tokens, ${blocksInFlight} in flight, ${seconds} s`
    const since = `from ${recoverySeconds} s after the death on, ${seconds} s, the most of any survivor`
    return [
      { operation: 'tokens finalized, all alive', value: rounded(whole), unit: 'tokens/s', detail },
      { operation: `tokens finalized, ${dead!.name} dead`, value: rounded(degraded), unit: 'tokens/s', detail },
      { operation: 'rate with one dead, of the whole', value: rounded(degraded / whole, 3), unit: 'ratio' },
      { operation: 'views that timed out', value: most('timedOut'), unit: 'views', detail: since },
      { operation: 'views of the dead skipped', value: most('skipped'), unit: 'views', detail: since },
    ]
  })
}
