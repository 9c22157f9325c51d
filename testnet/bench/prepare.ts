// Signs the load of a benchmark on all cores: one worker process for each.
import { type ChildProcess, fork } from 'node:child_process'
import * as os from 'node:os'
import { fileURLToPath } from 'node:url'
import { MupibError } from '../../proto/errors.ts'
import type { PreparedUser, UserOrder } from './prepared-user.ts'

const workerFile = fileURLToPath(new URL('./prepare-worker.ts', import.meta.url))

function startWorker(): ChildProcess {
  // Node 20 runs TypeScript through tsx, newer Node by itself
  const native = 'typescript' in process.features && process.features.typescript !== false
  const execArgv = native ? [] : ['--import', import.meta.resolve('tsx')]
  return fork(workerFile, { execArgv, serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** Prepares all users; tells after each how many are done. Workers are gone when it settles. */
export async function prepareUsers(
  orders: readonly UserOrder[],
  onDone: (count: number) => void = () => {},
): Promise<PreparedUser[]> {
  const prepared: PreparedUser[] = []
  const queue = [...orders]
  const workers = Array.from({ length: Math.min(os.availableParallelism(), orders.length) }, startWorker)
  const serve = (worker: ChildProcess): Promise<void> =>
    new Promise((resolve, reject) => {
      const next = (): void => {
        const order = queue.shift()
        if (order) worker.send(order)
        else resolve()
      }
      worker.on('message', (user: PreparedUser) => {
        prepared.push(user)
        onDone(prepared.length)
        next()
      })
      worker.once('exit', code => reject(new MupibError('bug', `a signing worker ended with exit code ${code}`)))
      worker.once('error', reject)
      next()
    })
  try {
    await Promise.all(workers.map(serve))
  } finally {
    for (const worker of workers) {
      worker.removeAllListeners()
      worker.kill('SIGKILL')
    }
  }
  return prepared.sort((a, b) => a.publication - b.publication)
}
