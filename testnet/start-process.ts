// Starting one process of a network: detached, its output in its log, and awaited by the run.json that it writes when it is ready.
import { type ChildProcess, spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { toMupibError } from '../cli/common/errors.ts'
import { type RunInfo, readRunFile } from '../cli/common/run-file.ts'
import { type ErrorCode, errorCodes, MupibError } from '../proto/errors.ts'
import { clockArguments } from './clock/clock.ts'
import type { Actor } from './folders.ts'
import { programFile, signalProcess } from './process-table.ts'

export interface StartedProcess {
  readonly actor: Actor
  readonly run: RunInfo
  /** Settles when the process ends, however it ends. */
  readonly ended: Promise<ProcessEnd>
}

export interface ProcessEnd {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
}

/** What differs from the usual way of starting a process. */
export interface Launch {
  /** Arguments of Node, before the program's own. */
  readonly nodeOptions?: readonly string[]
  /** How many descriptors it may have open. */
  readonly descriptors?: number
}

const logTailBytes = 16 * 1024

/** The last lines of a log, oldest first. */
export function lastLogLines(actor: Actor, count: number, fromByte = 0): string[] {
  let handle: number
  try {
    handle = fs.openSync(actor.logFile, 'r')
  } catch {
    return []
  }
  try {
    const { size } = fs.fstatSync(handle)
    const start = Math.max(fromByte, size - logTailBytes)
    const buffer = Buffer.alloc(Math.max(0, size - start))
    fs.readSync(handle, buffer, 0, buffer.length, start)
    return buffer
      .toString('utf8')
      .split('\n')
      .filter(line => line !== '')
      .slice(-count)
  } finally {
    fs.closeSync(handle)
  }
}

// A program that refuses to start says why as {"error": {"code", "message", "hint"}} on its last line.
export function errorInLog(
  lines: readonly string[],
): { code: ErrorCode; message: string; hint: string | undefined } | undefined {
  for (const line of lines.toReversed()) {
    try {
      const { error } = JSON.parse(line) as { error?: { code?: unknown; message?: unknown; hint?: unknown } }
      const code = errorCodes.find(known => known === error?.code)
      if (code)
        return { code, message: String(error?.message), hint: typeof error?.hint === 'string' ? error.hint : undefined }
    } catch {
      // a line of another kind
    }
  }
  return undefined
}

function startFailure(actor: Actor, reason: string, fallback: ErrorCode, lines: readonly string[]): MupibError {
  const told = errorInLog(lines)
  const log = lines.slice(-8)
  if (told)
    return new MupibError(told.code, `${actor.name} did not start: ${told.message}`, {
      ...(told.hint === undefined ? {} : { hint: told.hint }),
      log,
    })
  const shown = log.length === 0 ? 'it wrote nothing' : `its last lines:\n  ${log.join('\n  ')}`
  return new MupibError(fallback, `${actor.name} did not start: ${reason}; ${shown}`, {
    hint: `its whole log is ${actor.logFile}`,
    log,
  })
}

function whenEnded(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise(resolve => {
    child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
    child.once('error', () => resolve({ exitCode: null, signal: null }))
  })
}

function commandOf(actor: Actor, { nodeOptions = [], descriptors }: Launch): [string, readonly string[]] {
  const args = [...nodeOptions, ...clockArguments(actor), programFile, ...actor.command]
  if (descriptors === undefined) return [process.execPath, args]
  return ['sh', ['-c', `ulimit -n ${descriptors}; exec "$0" "$@"`, process.execPath, ...args]]
}

/**
 * Starts the actor's process and resolves when it is ready. The process outlives this one.
 * Rejects with the process's own error where it gave one, else with `refused` (it ended) or `timeout` (after `limitMs`; it is killed then).
 */
export async function startProcess(
  actor: Actor,
  limitMs: number,
  signal?: AbortSignal,
  launch: Launch = {},
): Promise<StartedProcess> {
  signal?.throwIfAborted()
  let log: number
  try {
    fs.rmSync(actor.runFile, { force: true })
    log = fs.openSync(actor.logFile, 'a')
  } catch (error) {
    throw toMupibError(error)
  }
  const logStart = fs.fstatSync(log).size
  // the watcher is there before the process: nothing it writes can be missed
  const watcher = fs.watch(actor.folder)
  const child = spawn(...commandOf(actor, launch), {
    detached: true,
    stdio: ['ignore', log, log],
  })
  fs.closeSync(log)
  const ended = whenEnded(child)
  const failure = (reason: string, code: ErrorCode): MupibError =>
    startFailure(actor, reason, code, lastLogLines(actor, 40, logStart))
  let timer: NodeJS.Timeout | undefined
  const settled = new AbortController()
  try {
    const run = await new Promise<RunInfo>((resolve, reject) => {
      const look = (): void => {
        try {
          const found = readRunFile(actor.runFile)
          if (found && found.pid === child.pid) resolve(found)
        } catch (error) {
          reject(toMupibError(error))
        }
      }
      watcher.on('change', look)
      watcher.on('error', reject)
      timer = setTimeout(() => reject(failure(`not ready after ${limitMs / 1000} s`, 'timeout')), limitMs)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true, signal: settled.signal })
      void ended.then(({ exitCode, signal: cause }) =>
        reject(failure(cause === null ? `it ended with exit code ${exitCode}` : `it was ended by ${cause}`, 'refused')),
      )
      look()
    })
    child.unref()
    return { actor, run, ended }
  } catch (error) {
    if (child.pid !== undefined) signalProcess(child.pid, 'SIGKILL')
    throw error
  } finally {
    clearTimeout(timer)
    settled.abort()
    watcher.close()
  }
}
