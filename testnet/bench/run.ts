// The benchmarks by name.
import { MupibError } from '../../proto/errors.ts'
import type { Progress } from '../network.ts'
import type { BenchRow } from './row.ts'

export interface BenchOptions {
  readonly seconds: number
  readonly validators: number
}

type Bench = (options: BenchOptions, progress: Progress, signal: AbortSignal) => Promise<BenchRow[]>

// loaded when they run: their names alone are wanted by every help
const benches: Readonly<Record<string, Bench>> = {
  async throughput(options, progress, signal) {
    const { benchThroughput, defaultThroughput } = await import('./throughput.ts')
    return benchThroughput({ ...defaultThroughput, ...options }, progress, signal)
  },
  latency: async (...run) => (await import('./latency.ts')).benchLatency(...run),
  idle: async (...run) => (await import('./latency.ts')).benchIdle(...run),
  degraded: async (...run) => (await import('./degraded.ts')).benchDegraded(...run),
  locks: async (_options, ...run) => (await import('./locks.ts')).benchLocks(...run),
  channel: async ({ seconds }, _progress, signal) => (await import('./channel.ts')).benchChannel(seconds, signal),
  crypto: async ({ seconds }) => (await import('./crypto.ts')).benchCrypto(Math.min(seconds, 5)),
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
