// Work on all cores of the machine: one process for each, which answers every order that it is sent.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import * as os from 'node:os'
import { fileURLToPath } from 'node:url'
import { MupibError } from '../proto/errors.ts'

/** Starts a TypeScript file as a process to exchange messages with. */
export function forkTypeScript(file: URL, args: readonly string[], options: ForkOptions): ChildProcess {
  // Node 20 runs TypeScript through tsx, newer Node by itself
  const native = 'typescript' in process.features && process.features.typescript !== false
  const execArgv = native ? [] : ['--import', import.meta.resolve('tsx')]
  return fork(fileURLToPath(file), [...args], { ...options, execArgv })
}

const startWorker = (file: URL): ChildProcess =>
  forkTypeScript(file, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

/**
 * The answers to the orders, in their order; told after each how many there are. `file` is a program that answers on its `message` events.
 * Workers are gone when it settles.
 */
export async function runOnCores<Order, Answer>(
  file: URL,
  orders: readonly Order[],
  onDone: (count: number) => void = () => {},
): Promise<Answer[]> {
  const answers: Answer[] = []
  let next = 0
  let done = 0
  const serve = (worker: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let at = -1
      const give = (): void => {
        at = next++
        if (at < orders.length) worker.send(orders[at] as object)
        else resolve()
      }
      worker.on('message', (answer: Answer) => {
        answers[at] = answer
        onDone(++done)
        give()
      })
      worker.once('exit', code => reject(new MupibError('bug', `a working process ended with exit code ${code}`)))
      worker.once('error', reject)
      give()
    })
  const workers = Array.from({ length: Math.min(os.availableParallelism(), orders.length) }, () => startWorker(file))
  try {
    await Promise.all(workers.map(serve))
  } finally {
    for (const worker of workers) {
      worker.removeAllListeners()
      worker.kill('SIGKILL')
    }
  }
  return answers
}
