// A folder of its own for a test, and real processes that use a store in it.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { startScript } from '../../testing-scripts.ts'

/** Runs `use` with the path of an empty folder that is removed afterwards. */
export async function withTempFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'mupib-store-'))
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Runs store-writer.ts on a store; `onLine` gets its output and may end it. Resolves when it is gone. */
export async function runWriter(
  store: string,
  onLine: (line: string, child: ChildProcess) => void | Promise<void>,
  shell?: string,
): Promise<void> {
  const child = startScript(new URL('./store-writer.ts', import.meta.url), [store], shell)
  const exited = once(child, 'exit')
  try {
    for await (const line of createInterface({ input: child.stdout })) await onLine(line, child)
  } finally {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL')
    await exited
  }
}
