// Runs `mupib …`, or another program, as a process of its own and gives what it printed.
import { spawn } from 'node:child_process'
import { programFile } from './process-table.ts'

export interface ProgramResult {
  readonly exitCode: number | null
  /** What it wrote on stdout. */
  readonly output: string
  readonly errors: string
}

/** Runs `mupib` with arguments. Resolves when the process ended; a signal ends it early. */
export const runProgram = (args: readonly string[], signal?: AbortSignal): Promise<ProgramResult> =>
  runToEnd(process.execPath, [programFile, ...args], signal)

/** Runs any program. Resolves when the process ended; a signal ends it early. */
export function runToEnd(file: string, args: readonly string[], signal?: AbortSignal): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal ? { signal } : {}),
    })
    let output = ''
    let errors = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.once('error', reject)
    child.once('close', exitCode => resolve({ exitCode, output, errors }))
  })
}
