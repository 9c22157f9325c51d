// What both engines are: they take an experiment and a seed, and give what was seen.
import type { Run } from './history.ts'
import type { Manifest } from './manifest.ts'

export interface EngineOptions {
  readonly seed: number
  /** Everything that the run writes stays in here; it exists and is empty. */
  readonly folder: string
  /** Tells, line by line, how far it is. */
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
}

export interface EngineRun extends Run {
  readonly seed: number
  /** Of a simulation. */
  readonly traceHash: string | undefined
  /** Of a second run of the same seed, where the runner made one (I13). */
  readonly repeatedTraceHash?: string | undefined
  /** Real ones; undefined in a simulation. */
  readonly startedAt: string | undefined
  readonly durationMs: number
}

/**
 * Runs an experiment to its end and leaves nothing running. Throws `usage` where the experiment cannot be run by this engine at all (a
 * single fault that it cannot give is skipped, and the history says so), `stopped` where the signal came.
 */
export type Engine = (manifest: Manifest, options: EngineOptions) => Promise<EngineRun>
