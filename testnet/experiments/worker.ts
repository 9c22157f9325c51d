// One core's worker for many simulated runs: takes trials, gives the numbers by which they are compared.
import { mkdtempSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { MupibError } from '../../proto/errors.ts'
import type { Measures } from './measures.ts'
import { measuresOf } from './measures.ts'
import { runTrial } from './run.ts'
import type { Trial } from './trial.ts'

export interface WorkOrder {
  readonly trial: Trial
  /** Where the run may write; what it leaves there is removed. */
  readonly scratch: string
}

/** What a trial came to, or why it could not be run. */
export type WorkAnswer = { readonly measures: Measures } | { readonly failure: ReturnType<MupibError['toJSON']> }

// a Ctrl-C goes to all processes of a terminal; whoever gave the orders ends this one
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => {})

async function answer({ trial, scratch }: WorkOrder): Promise<WorkAnswer> {
  const folder = mkdtempSync(path.join(scratch, 'run-'))
  try {
    const options = { folder, progress: () => {}, signal: new AbortController().signal, isRepeated: false }
    const { report } = await runTrial(trial, options)
    return { measures: measuresOf(report) }
  } catch (error) {
    if (error instanceof MupibError) return { failure: error.toJSON() }
    throw error
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

process.on('message', (order: WorkOrder) => {
  void answer(order).then(done => process.send!(done))
})
