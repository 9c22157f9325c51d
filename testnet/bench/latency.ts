// How long a verdict takes on an idle network, one record at a time, and what an idle network costs.

import { rounded } from '../../cli/common/statistics.ts'
import { decodeRecord } from '../../proto/records.ts'
import type { Progress } from '../network.ts'
import { assertAllValid, onBenchNetwork } from './bench-network.ts'
import { type BenchRow, latencyRows } from './row.ts'

export interface IdleOptions {
  readonly seconds: number
  readonly validators: number
}

/** Records whose latency is measured at most. */
const recordsMax = 2_000
const tokensPerBlock = 100
const users = 8

/** The first records find cold code everywhere; they are not counted. */
const warmUpRecords = 40

/** Rows: submit to verified proof at the client, on a network that has nothing else to do. */
export async function benchLatency(options: IdleOptions, progress: Progress, signal: AbortSignal): Promise<BenchRow[]> {
  return onBenchNetwork(options.validators, progress, signal, async bench => {
    const perUser = Math.ceil(Math.min(recordsMax, 40 * options.seconds + warmUpRecords) / users)
    const prepared = await bench.prepare(users, perUser, tokensPerBlock, progress)
    const blocks = prepared.flatMap(user => user.blocks)
    const times: number[] = []
    let deadline = Number.POSITIVE_INFINITY
    progress(`submitting one record at a time for ${options.seconds} s`)
    for (const [index, bytes] of blocks.entries()) {
      signal.throwIfAborted()
      if (index === warmUpRecords) deadline = performance.now() + options.seconds * 1000
      if (performance.now() >= deadline) break
      const record = decodeRecord(bytes)
      const submitted = performance.now()
      assertAllValid(await bench.auditor.submit(record))
      if (index >= warmUpRecords) times.push(performance.now() - submitted)
    }
    const detail = `${options.validators} validators, idle, ${times.length} records of ${tokensPerBlock} tokens`
    return latencyRows('verdict, submit to verified proof', times, detail)
  })
}

/** Rows: CPU of each validator of a network on which nothing happens. */
export async function benchIdle(options: IdleOptions, progress: Progress, signal: AbortSignal): Promise<BenchRow[]> {
  return onBenchNetwork(options.validators, progress, signal, async bench => {
    progress(`doing nothing for ${options.seconds} s`)
    const end = bench.measure()
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, options.seconds * 1000)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
    signal.throwIfAborted()
    const { seconds, cpu } = end()
    return [...cpu].map(([name, used]) => ({
      operation: `CPU of ${name}, idle`,
      value: rounded((used / seconds) * 100, 2),
      unit: '% of a core',
      detail: `${rounded(seconds)} s`,
    }))
  })
}
