// Which processes of this machine belong to a network: told by their command line, so that a process id that the system gave
// to somebody else is never signalled, and one that no file names any more is still found.
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { MupibError } from '../proto/errors.ts'
import type { Actor } from './folders.ts'

/** The program that every process of a network runs. */
export const programFile: string = fileURLToPath(new URL('../cli/mupib.js', import.meta.url))

export interface ProcessEntry {
  readonly pid: number
  readonly commandLine: string
  readonly paused: boolean
}

// In /proc the arguments are separated by NUL; joined by blanks they read as in the output of ps.
function procEntry(pid: number): ProcessEntry | undefined {
  try {
    const commandLine = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').replace(/\0$/, '').replaceAll('\0', ' ')
    if (commandLine === '') return undefined
    const state = procState(pid)
    return state === undefined || state === 'Z' ? undefined : { pid, commandLine, paused: state === 'T' }
  } catch {
    return undefined
  }
}

// The second field of stat, the program's name in brackets, may hold blanks and brackets itself: read after the last one.
function procFields(pid: number): string[] {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

const procState = (pid: number): string | undefined => procFields(pid)[0]

/**
 * True while a process that ends may still hold files, sockets and disks: its memory goes first, and with it its command line, by which it is
 * known; its first thread may be gone before the others. Always false where there is no /proc.
 */
export function isEnding(pid: number): boolean {
  try {
    if (fs.readFileSync(`/proc/${pid}/cmdline`).length > 0) return false
    return procState(pid) !== 'Z' || fs.readdirSync(`/proc/${pid}/task`).length > 1
  } catch {
    return false
  }
}

/** All processes that this user may see. */
export function listProcesses(): ProcessEntry[] {
  if (fs.existsSync('/proc/self/cmdline')) {
    return fs
      .readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => procEntry(Number(name)) ?? [])
  }
  const output = execFileSync('ps', ['-axo', 'pid=,state=,args='], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  return output.split('\n').flatMap(line => {
    const match = /^\s*(\d+)\s+(\S+)\s+(.*)$/.exec(line)
    if (!match || match[2]!.startsWith('Z')) return []
    return [{ pid: Number(match[1]), commandLine: match[3]!, paused: match[2]!.startsWith('T') }]
  })
}

function isOf(entry: ProcessEntry, actor: Actor): boolean {
  return (
    entry.commandLine.endsWith(` ${actor.command.join(' ')}`) && entry.commandLine.includes(path.basename(programFile))
  )
}

/** The processes that run this actor: none, one, or more where two runners started it. */
export function processesOf(actor: Actor, processes: readonly ProcessEntry[] = listProcesses()): ProcessEntry[] {
  return processes.filter(entry => isOf(entry, actor))
}

/** Signals a process and the helpers it started (it leads a process group of its own). False where it is gone. */
export function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  for (const target of [-pid, pid]) {
    try {
      process.kill(target, signal)
      return true
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined
      if (code === 'EPERM')
        throw new MupibError('permission', `no permission to signal process ${pid}`, {
          hint: 'the network was started by another user',
        })
    }
  }
  return false
}

// The system reports the end (or the pause) of a process only to its parent, which may be a runner long gone: so this asks again and again.
const checkMs = 15

/** Resolves true when the condition holds of the actor's processes, false when the limit (milliseconds) passes first. */
export async function processesUntil(
  actor: Actor,
  condition: (processes: readonly ProcessEntry[]) => boolean,
  limitMs: number,
): Promise<boolean> {
  const deadline = performance.now() + limitMs
  while (!condition(processesOf(actor))) {
    if (performance.now() >= deadline) return false
    await new Promise(resolve => setTimeout(resolve, checkMs))
  }
  return true
}

/** CPU time that a process used so far, in seconds; undefined where the system does not tell. */
export function cpuSeconds(pid: number): number | undefined {
  try {
    const fields = procFields(pid)
    // utime and stime, fields 14 and 15 of proc(5), in ticks of 1/100 s on every Linux that Node runs on
    return (Number(fields[11]) + Number(fields[12])) / 100
  } catch {
    return undefined
  }
}
