// For tests: scripts that run in a process of their own.
import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** Starts a script from its source; `shell` is what a shell does first, such as setting a limit. */
export function startScript(
  file: URL,
  args: readonly string[] = [],
  shell?: string,
): ChildProcessByStdio<null, Readable, null> {
  const node = [process.execPath, '--import', 'tsx', fileURLToPath(file), ...args]
  const [command, ...rest] = shell === undefined ? node : ['sh', '-c', `${shell}; exec "$@"`, 'sh', ...node]
  return spawn(command!, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
}

/** Runs a script to its end, or the test's; what it wrote on stdout is whole. */
export async function runScript(
  file: URL,
  shell?: string,
): Promise<{ readonly code: ChildProcess['exitCode']; readonly output: string }> {
  const child = startScript(file, [], shell)
  onTestFinished(() => void child.kill())
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await once(child, 'close')
  return { code: child.exitCode, output }
}
