// The benchmarks by name.
import { MupibError } from '../../proto/errors.ts'
import type { Progress } from '../network.ts'
import { benchChannel } from './channel.ts'
import { benchCrypto } from './crypto.ts'
import { benchDegraded } from './degraded.ts'
import { benchIdle, benchLatency } from './latency.ts'
import { benchLocks } from './locks.ts'
import type { BenchRow } from './row.ts'
import { benchThroughput, defaultThroughput } from './throughput.ts'

export interface BenchOptions {
  readonly seconds: number
  readonly validators: number
}

type Bench = (options: BenchOptions, progress: Progress, signal: AbortSignal) => Promise<BenchRow[]>

const benches: Readonly<Record<string, Bench>> = {
  throughput: (options, progress, signal) => benchThroughput({ ...defaultThroughput, ...options }, progress, signal),
  latency: benchLatency,
  idle: benchIdle,
  degraded: benchDegraded,
  locks: async () => benchLocks(),
  channel: ({ seconds }, _progress, signal) => benchChannel(Math.min(seconds, 20), signal),
  crypto: async ({ seconds }) => benchCrypto(Math.min(seconds, 5)),
}

export const benchNames: readonly string[] = Object.keys(benches)

/** Runs one benchmark, or all one after the other. Throws `usage` where none has the name. */
export async function runBenches(
  name: string | undefined,
  options: BenchOptions,
  progress: Progress,
  signal: AbortSignal,
): Promise<BenchRow[]> {
  if (name !== undefined && !benchNames.includes(name))
    throw new MupibError('usage', `no benchmark is called ${name}`, { hint: `there are: ${benchNames.join(', ')}` })
  const rows: BenchRow[] = []
  for (const chosen of name === undefined ? benchNames : [name]) {
    progress(`benchmark ${chosen}`)
    rows.push(...(await benches[chosen]!(options, progress, signal)))
  }
  return rows
}
