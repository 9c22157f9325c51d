// The folder that a run leaves: its report as JSON and as a page, what was seen of it, and the experiment as it was run.
import { mkdirSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import * as path from 'node:path'
import { statOf, writeAtomic } from '../../cli/common/files.ts'
import { toJson } from '../../cli/common/output.ts'
import { MupibError } from '../../proto/errors.ts'
import type { HistoryEvent } from './history.ts'
import type { ExperimentReport } from './report.ts'

/** Where runs go unless a folder is named. */
const defaultParent = 'experiments-out'

/**
 * Makes the folder of a run: the one that was asked for, which must be empty where it is there, or a new one of the given name. Throws `usage`.
 */
function createFolder(asked: string | undefined, name: string): string {
  if (asked !== undefined) {
    const found = statOf(asked)
    if (found && (!found.isDirectory() || readdirSync(asked).length > 0))
      throw new MupibError('usage', `${asked} is there already`, { hint: 'name a folder that is new or empty' })
    mkdirSync(asked, { recursive: true })
    return asked
  }
  for (let copy = 1; ; copy++) {
    const folder = path.join(defaultParent, copy === 1 ? name : `${name}-${copy}`)
    if (statOf(folder)) continue
    mkdirSync(folder, { recursive: true })
    return folder
  }
}

/** Does work in a folder of its own. Where it is interrupted, all that it left goes with it. */
export async function inFolder<T>(
  asked: string | undefined,
  name: string,
  work: (folder: string) => Promise<T>,
): Promise<T> {
  const isFound = asked !== undefined && statOf(asked) !== undefined
  const folder = createFolder(asked, name)
  try {
    return await work(folder)
  } catch (error) {
    if (error instanceof MupibError && error.code === 'stopped') {
      for (const inner of readdirSync(folder)) rmSync(path.join(folder, inner), { recursive: true, force: true })
      if (!isFound) removeIfEmpty(folder)
      if (asked === undefined) removeIfEmpty(defaultParent)
    }
    throw error
  }
}

/** Removes a folder in which nothing is, if it is there. */
export function removeIfEmpty(folder: string): void {
  if (statOf(folder)?.isDirectory() && readdirSync(folder).length === 0) rmdirSync(folder)
}

/** Names of the files in a run's folder. */
export const runFiles = {
  report: 'report.json',
  page: 'report.html',
  history: 'history.jsonl',
  manifest: 'manifest.yaml',
} as const

export interface RunRecord {
  readonly report: ExperimentReport
  readonly page: string
  readonly history: readonly HistoryEvent[]
  /** The experiment file. */
  readonly text: string
}

/** Writes what a run left into its folder. */
export function writeRun(folder: string, { report, page, history, text }: RunRecord): void {
  writeAtomic(path.join(folder, runFiles.manifest), text)
  writeAtomic(path.join(folder, runFiles.history), history.map(event => `${toJson(event)}\n`).join(''))
  writeAtomic(path.join(folder, runFiles.page), page)
  // last, for a folder with a report is complete
  writeAtomic(path.join(folder, runFiles.report), `${toJson(report, 2)}\n`)
}
