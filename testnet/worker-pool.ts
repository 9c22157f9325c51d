// Work on all cores of the machine: one process for each, which answers every order that it is sent.
import { type ChildProcess, type ForkOptions, fork } from 'node:child_process'
import * as os from 'node:os'
import { fileURLToPath } from 'node:url'
import { freshBuild } from '../cli/built.js'
import { MupibError } from '../proto/errors.ts'

const root = new URL('..', import.meta.url)

/** Starts a TypeScript file as a process to exchange messages with: what was built of it where that is fresh. */
export function forkTypeScript(file: URL, args: readonly string[], options: ForkOptions): ChildProcess {
  const built = freshBuild(file.href.slice(root.href.length))
  if (built) return fork(fileURLToPath(built), [...args], options)
  // Node 20 runs TypeScript through tsx, newer Node by itself
  const native = 'typescript' in process.features && process.features.typescript !== false
  const execArgv = native ? [] : ['--import', import.meta.resolve('tsx')]
  return fork(fileURLToPath(file), [...args], { ...options, execArgv })
}

const startWorker = (file: URL): ChildProcess =>
  forkTypeScript(file, [], { serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })

export interface CoreWork<Order, Answer> {
  /** The next order; undefined once there is none left. */
  next(): Order | undefined
  /** Told of each answer, with the number of the order (0 first) that it answers. */
  onAnswer(answer: Answer, number: number): void
  /** Processes at most; one for each core where left out. */
  readonly jobs?: number
  /** Ends all workers at once when it aborts. */
  readonly signal?: AbortSignal
}

/**
 * Has orders answered on all cores, handed out one by one as workers come free. `file` is a program that answers on its `message` events.
 * Workers are gone when it settles; rejects with the signal's reason where that aborts.
 */
export async function streamOnCores<Order, Answer>(file: URL, work: CoreWork<Order, Answer>): Promise<void> {
  const { jobs = os.availableParallelism(), signal } = work
  let given = 0
  const serve = (worker: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      let number = -1
      const give = (): void => {
        const order = work.next()
        if (order === undefined) resolve()
        else {
          number = given++
          worker.send(order as object)
        }
      }
      worker.on('message', (answer: Answer) => {
        try {
          work.onAnswer(answer, number)
          give()
        } catch (error) {
          reject(error)
        }
      })
      worker.once('exit', code =>
        reject(
          signal?.aborted ? signal.reason : new MupibError('bug', `a working process ended with exit code ${code}`),
        ),
      )
      worker.once('error', reject)
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      give()
    })
  signal?.throwIfAborted()
  const workers = Array.from({ length: jobs }, () => startWorker(file))
  try {
    await Promise.all(workers.map(serve))
  } finally {
    for (const worker of workers) {
      worker.removeAllListeners()
      worker.kill('SIGKILL')
    }
  }
}

/** The answers to the orders, in their order; told after each how many there are. See streamOnCores. */
export async function runOnCores<Order, Answer>(
  file: URL,
  orders: readonly Order[],
  onDone: (count: number) => void = () => {},
): Promise<Answer[]> {
  const answers: Answer[] = []
  let next = 0
  let done = 0
  await streamOnCores<Order, Answer>(file, {
    jobs: Math.min(os.availableParallelism(), orders.length),
    next: () => orders[next++],
    onAnswer: (answer, number) => {
      answers[number] = answer
      onDone(++done)
    },
  })
  return answers
}
