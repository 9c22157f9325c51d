// The report of a run, as JSON: what was done, what came of it, and how to do it again. The page is made from this and from nothing else.
import type { Recovery } from './checkers/healing.ts'
import type { Finding } from './history.ts'
import type { Manifest } from './manifest.ts'

export const reportFormat = 'mupib-experiment/1'

export interface Percentiles {
  readonly count: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly max: number
}

export interface ReportedFault {
  readonly fault: number
  readonly action: string
  readonly text: string
  readonly nodes: readonly string[]
  readonly fromMs: number
  readonly toMs: number
  /** Why this engine did not give it. */
  readonly skipped: string | undefined
  /** Of one that kept validators apart, where nothing else was broken as it ended: the time to the next verdict, and what was allowed (I9). */
  readonly recovery?: Recovery
}

export interface ReportedNode {
  readonly name: string
  readonly role: 'honest' | 'adversary'
  readonly height: number
  readonly stateRoot: string
  /** In order; the last one lasts to the end. */
  readonly states: readonly { readonly fromMs: number; readonly state: string }[]
  /** Heights over time. */
  readonly heights: readonly { readonly atMs: number; readonly height: number }[]
}

export interface Expectation {
  readonly text: string
  readonly holds: boolean
}

export interface ExperimentReport {
  readonly format: typeof reportFormat
  readonly engine: 'simulated' | 'real'
  readonly seed: number
  readonly outcome: 'pass' | 'fail' | 'unknown'
  /** Why it is not a pass; empty for one. */
  readonly reasons: readonly string[]
  readonly manifest: Manifest
  /** Of a network that somebody runs by hand: without load, phases and faults of a file. */
  readonly isByHand?: boolean
  /** Repeats the run. */
  readonly command: string
  readonly startedAt: string | undefined
  readonly durationMs: number
  readonly version: { readonly mupib: string; readonly node: string; readonly platform: string }
  /** Of a simulation: the same for the same seed everywhere. */
  readonly traceHash: string | undefined
  readonly findings: readonly Finding[]
  readonly expectations: readonly Expectation[]
  readonly phases: readonly { readonly phase: string; readonly atMs: number }[]
  readonly faults: readonly ReportedFault[]
  readonly nodes: readonly ReportedNode[]
  /** One value for each stretch of `everyMs`. */
  readonly series: {
    readonly everyMs: number
    readonly tokens: readonly number[]
    readonly blocks: readonly number[]
    /** Views used up for each final block. */
    readonly viewsPerBlock: readonly (number | undefined)[]
    readonly latencyP50: readonly (number | undefined)[]
    readonly latencyP99: readonly (number | undefined)[]
  }
  /** From handing a record in to its verified verdict, in milliseconds. */
  readonly latency: Percentiles | undefined
  /** Of payments that had to wait for a verdict. */
  readonly waiting:
    | (Percentiles & { readonly payments: number; readonly delivered: number; readonly rejected: number })
    | undefined
  readonly verdicts: Readonly<Record<string, number>>
  readonly insurance: readonly {
    readonly auditor: string
    readonly loss: string
    readonly withheld: string
    readonly deficit: string
  }[]
  /** From the end of all faults to the next verdict, and what was allowed (I9). */
  readonly recovery: Recovery | undefined
}
