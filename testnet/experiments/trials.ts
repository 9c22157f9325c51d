// Many trials of one experiment: simulated ones on all cores, real ones one after the other, for each of them needs the machine for itself.
import { mkdirSync, rmSync } from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import { streamOnCores } from '../worker-pool.ts'
import { type Measures, measuresOf } from './measures.ts'
import { runTrial } from './run.ts'
import type { Trial } from './trial.ts'
import type { WorkAnswer, WorkOrder } from './worker.ts'

export interface TrialsOptions {
  /** Exists; what the runs write into it is removed. */
  readonly folder: string
  readonly progress: (line: string) => void
  readonly signal: AbortSignal
  /** End with the first one that fails: the same one on every machine. */
  readonly endsAtFailure: boolean
}

const workerFile = new URL('./worker.ts', import.meta.url)
/** Progress is told so often and at the end. */
const toldEvery = 20

/** What each trial came to, in their order; fewer where it ends at a failure. All of them are of one engine. */
export async function runTrials(trials: readonly Trial[], options: TrialsOptions): Promise<Measures[]> {
  const scratch = path.join(options.folder, 'scratch')
  mkdirSync(scratch)
  try {
    return await (trials[0]?.engine === 'real' ? inTurn(trials, scratch, options) : onCores(trials, scratch, options))
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

async function onCores(trials: readonly Trial[], scratch: string, options: TrialsOptions): Promise<Measures[]> {
  const { progress, signal, endsAtFailure } = options
  const answers: WorkAnswer[] = []
  let next = 0
  let done = 0
  // orders are given in their order: all before the end are answered, however long each takes
  let end = trials.length
  await streamOnCores<WorkOrder, WorkAnswer>(workerFile, {
    jobs: Math.min(os.availableParallelism(), trials.length),
    signal,
    next: () => (next < end ? { trial: trials[next++]!, scratch } : undefined),
    onAnswer: (answer, number) => {
      answers[number] = answer
      const isLast = 'failure' in answer || (endsAtFailure && answer.measures.outcome === 'fail')
      if (isLast) end = Math.min(end, number + 1)
      done += 1
      if (done % toldEvery === 0 || done === trials.length) progress(`${done} of ${trials.length} runs done`)
    },
  })
  return answers.slice(0, end).map((answer, at) => {
    if ('measures' in answer) return answer.measures
    const { code, message, ...fields } = answer.failure
    throw new MupibError(code as ErrorCode, `${message} (${trials[at]!.command})`, fields)
  })
}

async function inTurn(trials: readonly Trial[], scratch: string, options: TrialsOptions): Promise<Measures[]> {
  const { progress, signal, endsAtFailure } = options
  const all: Measures[] = []
  for (const [at, trial] of trials.entries()) {
    progress(`run ${at + 1} of ${trials.length}: ${trial.command}`)
    const folder = path.join(scratch, String(at + 1))
    mkdirSync(folder)
    const { report } = await runTrial(trial, { folder, progress, signal, isRepeated: false })
    rmSync(folder, { recursive: true, force: true })
    all.push(measuresOf(report))
    if (endsAtFailure && report.outcome === 'fail') break
  }
  return all
}
