// Reading the logs of a network's processes, once or as they grow; of several processes each line is led by the name.
import * as fs from 'node:fs'
import type { Actor } from './folders.ts'
import { lastLogLines } from './start-process.ts'

const chunkBytes = 64 * 1024

/** Hands on the whole lines that a file gained since the last call. */
class LogReader {
  readonly #actor: Actor
  #offset: number
  #rest = ''

  constructor(actor: Actor) {
    this.#actor = actor
    this.#offset = fs.existsSync(actor.logFile) ? fs.statSync(actor.logFile).size : 0
  }

  read(onLine: (line: string) => void): void {
    if (!fs.existsSync(this.#actor.logFile)) return
    const handle = fs.openSync(this.#actor.logFile, 'r')
    try {
      const buffer = Buffer.alloc(chunkBytes)
      for (;;) {
        const count = fs.readSync(handle, buffer, 0, chunkBytes, this.#offset)
        if (count === 0) return
        this.#offset += count
        const lines = (this.#rest + buffer.toString('utf8', 0, count)).split('\n')
        this.#rest = lines.pop() ?? ''
        for (const line of lines) onLine(line)
      }
    } finally {
      fs.closeSync(handle)
    }
  }
}

/** Gives the last `count` log lines of each process; with a signal, also every later one until it aborts. */
export async function readLogs(
  actors: readonly Actor[],
  count: number,
  onLine: (name: string, line: string) => void,
  follow?: AbortSignal,
): Promise<void> {
  const readers = actors.map(actor => ({ actor, reader: new LogReader(actor) }))
  for (const actor of actors) for (const line of lastLogLines(actor, count)) onLine(actor.name, line)
  if (!follow || follow.aborted) return
  const watchers = readers.map(({ actor, reader }) =>
    fs.watch(actor.folder, (_event, file) => {
      if (file === null || actor.logFile.endsWith(file)) reader.read(line => onLine(actor.name, line))
    }),
  )
  await new Promise<void>(resolve => follow.addEventListener('abort', () => resolve(), { once: true }))
  for (const watcher of watchers) watcher.close()
}
