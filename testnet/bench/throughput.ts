// How many tokens a network finalizes in a second: token blocks signed beforehand, many in flight, over many users.

import { rounded } from '../../cli/common/statistics.ts'
import { decodeRecord } from '../../proto/records.ts'
import type { Progress } from '../network.ts'
import { assertAllValid, type BenchNetwork, onBenchNetwork } from './bench-network.ts'
import type { PreparedUser } from './prepared-user.ts'
import { type BenchRow, latencyRows } from './row.ts'

export interface ThroughputOptions {
  readonly seconds: number
  readonly validators: number
  /** Tokens that are prepared for each second; where the network is faster, the measurement ends sooner. */
  readonly tokensPerSecondMax: number
  readonly blocksInFlight: number
}

export const defaultThroughput: ThroughputOptions = {
  seconds: 30,
  validators: 4,
  tokensPerSecondMax: 30_000,
  blocksInFlight: 256,
}

const users = 64
const tokensPerBlock = 100

/** The users' blocks in the order in which they go out: the users take turns. */
export function takingTurns(prepared: readonly PreparedUser[]): Uint8Array[] {
  const longest = Math.max(...prepared.map(({ blocks }) => blocks.length))
  const blocks: Uint8Array[] = []
  for (let number = 0; number < longest; number++)
    for (const user of prepared) {
      const block = user.blocks[number]
      if (block) blocks.push(block)
    }
  return blocks
}

/** Keeps so many blocks in flight until the time is over or none is left; latencies in ms of those decided in time. */
async function drive(
  bench: BenchNetwork,
  blocks: readonly Uint8Array[],
  options: ThroughputOptions,
  signal: AbortSignal,
): Promise<number[]> {
  const deadline = performance.now() + options.seconds * 1000
  const latencies: number[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < deadline) {
      signal.throwIfAborted()
      const bytes = blocks[next++]
      if (!bytes) return
      const submitted = performance.now()
      assertAllValid(await bench.auditor.submit(decodeRecord(bytes)))
      const decided = performance.now()
      if (decided <= deadline) latencies.push(decided - submitted)
    }
  }
  await Promise.all(Array.from({ length: options.blocksInFlight }, lane))
  return latencies
}

/** Rows: tokens finalized per second, with the CPU time of all and of each process, and latencies under this load. */
export async function benchThroughput(
  options: ThroughputOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<BenchRow[]> {
  return onBenchNetwork(options.validators, progress, signal, async bench => {
    const blocksPerUser = Math.ceil((options.seconds * options.tokensPerSecondMax) / (tokensPerBlock * users))
    const blocks = takingTurns(await bench.prepare(users, blocksPerUser, tokensPerBlock, progress))
    progress(`submitting for ${options.seconds} s, ${options.blocksInFlight} blocks in flight`)
    const end = bench.measure()
    const latencies = await drive(bench, blocks, options, signal)
    const { seconds: total, cpu } = end()
    const seconds = Math.min(total, options.seconds)
    const tokens = latencies.length * tokensPerBlock
    const perMillion = (cpuSeconds: number): number => rounded((cpuSeconds / tokens) * 1e6, 2)
    const detail = `${options.validators} validators, ${tokens} tokens in blocks of ${tokensPerBlock}, ${rounded(seconds)} s, synced storage`
    const sum = [...cpu.values()].reduce((all, one) => all + one, 0)
    return [
      {
        operation: 'tokens finalized',
        value: rounded(tokens / seconds),
        unit: 'tokens/s',
        cpuSecondsPerMillionTokens: perMillion(sum),
        detail,
      },
      ...[...cpu].map(([name, used]) => ({
        operation: `CPU of ${name} under load`,
        value: rounded((used / total) * 100),
        unit: '% of a core',
        cpuSecondsPerMillionTokens: perMillion(used),
      })),
      ...latencyRows('verdict under load', latencies, `${options.blocksInFlight} blocks in flight`),
    ]
  })
}
