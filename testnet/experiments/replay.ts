// A report run again: the same experiment, engine and seed. A simulation has to give the same trace, to the byte.

import * as path from 'node:path'
import * as z from 'zod'
import { readJson, statOf } from '../../cli/common/files.ts'
import { MupibError } from '../../proto/errors.ts'
import { runFiles } from './folder.ts'
import { formatManifest } from './format.ts'
import type { Manifest } from './manifest.ts'
import { parseManifest } from './parse.ts'
import { type ExperimentReport, reportFormat } from './report.ts'
import { engineNames } from './support.ts'
import type { Trial } from './trial.ts'

/** What is needed of a report to run it again. */
const reportSchema = z.object({
  format: z.literal(reportFormat),
  engine: z.enum(engineNames),
  seed: z.number().int().min(0),
  outcome: z.enum(['pass', 'fail', 'unknown']),
  traceHash: z.string().optional(),
  command: z.string(),
  manifest: z.unknown(),
})

/** A run that is to be repeated, and what it came to. */
export interface Recorded {
  readonly trial: Trial
  readonly outcome: ExperimentReport['outcome']
  readonly traceHash: string | undefined
}

/** Whether a run came out as the one before. */
export interface ReplayReport {
  readonly format: 'mupib-replay/1'
  readonly same: boolean
  readonly outcome: { readonly before: string; readonly now: string }
  readonly traceHash: { readonly before: string | undefined; readonly now: string | undefined }
  readonly report: ExperimentReport
}

/** Reads a report, or the one in the folder of a run. Throws `bad_input`. */
export function readRecorded(name: string): Recorded {
  const file = statOf(name)?.isDirectory() ? path.join(name, runFiles.report) : name
  const read = reportSchema.safeParse(readJson(file, 'bad_input', 'name a report.json, or the folder that it is in'))
  if (!read.success)
    throw new MupibError('bad_input', `${file} is no report of an experiment: ${z.prettifyError(read.error)}`, {
      hint: `its format is "${reportFormat}"`,
    })
  const { engine, seed, command, outcome, traceHash, manifest } = read.data
  const text = textOf(manifest, file)
  return { trial: { text, file: `${file} (its manifest)`, engine, seed, command }, outcome, traceHash }
}

/** The file that an experiment in a report stands for; held against all rules for files. */
function textOf(manifest: unknown, file: string): string {
  let text: string
  try {
    text = formatManifest(manifest as Manifest)
  } catch (error) {
    throw new MupibError('bad_input', `${file} holds no experiment: ${(error as Error).message}`)
  }
  parseManifest(text, `${file} (its manifest)`)
  return text
}

/** Compares a run with the one that it repeats: simulations by their trace, real ones by their outcome. */
export function compared({ trial, outcome, traceHash }: Recorded, report: ExperimentReport): ReplayReport {
  const isSame = trial.engine === 'simulated' ? traceHash === report.traceHash : outcome === report.outcome
  return {
    format: 'mupib-replay/1',
    same: isSame,
    outcome: { before: outcome, now: report.outcome },
    traceHash: { before: traceHash, now: report.traceHash },
    report,
  }
}
