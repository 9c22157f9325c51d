// run.json: what a running process tells others about itself. It is there from readiness to the graceful stop.
import { MupibError } from '../../proto/errors.ts'
import { readJson, removeFile, statOf, writeAtomic } from './files.ts'

export interface RunInfo {
  readonly pid: number
  readonly startedAt: string
  readonly peerId: string
  readonly multiaddrs: readonly string[]
  readonly http: string
}

/** True where a process of this id exists. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** What stands in a run.json; undefined where there is none or nobody of that process id lives. */
export function readRunFile(file: string): RunInfo | undefined {
  if (statOf(file) === undefined) return undefined
  const value = readJson(file, 'bad_config') as Partial<RunInfo> | null
  if (typeof value?.pid !== 'number' || typeof value.http !== 'string')
    throw new MupibError('bad_config', `${file} is not what a running process writes`, { hint: 'remove it' })
  if (!isAlive(value.pid)) return undefined
  return {
    pid: value.pid,
    startedAt: value.startedAt ?? '',
    peerId: value.peerId ?? '',
    multiaddrs: value.multiaddrs ?? [],
    http: value.http,
  }
}

export function writeRunFile(file: string, info: RunInfo): void {
  writeAtomic(file, `${JSON.stringify(info)}\n`)
}

/** Removes the run.json of this process; another's is left alone. */
export function removeRunFile(file: string): void {
  if (statOf(file) === undefined) return
  const { pid } = readJson(file, 'bad_config') as { pid?: unknown }
  if (pid === process.pid) removeFile(file)
}
