// A campaign: seeds on all cores until the time is over, all are through, or one fails, which is then shrunk.
import { runOnCores, streamOnCores } from '../worker-pool.ts'
import type { ShrinkOrder } from './campaign-worker.ts'
import type { Reproduction } from './scenario-file.ts'
import type { Shrunk } from './shrink.ts'
import { addStretches, emptyStretch, type RunOrder, type Stretch } from './stretch.ts'

const worker = new URL('./campaign-worker.ts', import.meta.url)
/** Seeds handed out at once: large networks take a second for some. */
const stretchSeeds = 20

export interface CampaignOptions {
  readonly from: number
  /** Seeds at most. */
  readonly seeds: number
  /** Milliseconds after which no seed is begun any more. */
  readonly lastsMs: number
  readonly sizes: readonly number[]
  readonly bug: string | undefined
  readonly jobs: number
  /** Ends the campaign early; what ran until then counts. */
  readonly signal: AbortSignal
  readonly onProgress: (sum: Stretch) => void
}

export interface CampaignResult {
  readonly sum: Stretch
  /** The first seed that was not begun. */
  readonly until: number
  readonly seconds: number
  readonly isInterrupted: boolean
  readonly shrunk: Shrunk | undefined
}

/** Runs a campaign. A failure is shrunk before it returns. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignResult> {
  const { from, seeds, lastsMs, sizes, bug, jobs, signal, onProgress } = options
  const startedAt = performance.now()
  let sum = emptyStretch
  let next = from
  const nextOrder = (): RunOrder | undefined => {
    const isOver = next >= from + seeds || sum.failure !== undefined || performance.now() - startedAt > lastsMs
    if (isOver) return undefined
    const count = Math.min(stretchSeeds, from + seeds - next)
    next += count
    return { type: 'run', from: next - count, count, sizes, bug }
  }
  const onAnswer = (stretch: Stretch): void => {
    sum = addStretches(sum, stretch)
    onProgress(sum)
  }
  await streamOnCores<RunOrder, Stretch>(worker, { next: nextOrder, onAnswer, jobs, signal }).catch(error => {
    if (!signal.aborted) throw error
  })
  const seconds = (performance.now() - startedAt) / 1000
  const shrunk = sum.failure && !signal.aborted ? await shrinkApart(sum.failure) : undefined
  return { sum, until: next, seconds, isInterrupted: signal.aborted, shrunk }
}

async function shrinkApart(failing: Reproduction): Promise<Shrunk | undefined> {
  const [shrunk] = await runOnCores<ShrinkOrder, Shrunk>(worker, [{ type: 'shrink', failing }])
  return shrunk
}
