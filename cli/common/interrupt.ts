// Ctrl-C and its kin for commands that have something to clean up: the work hears of it by a signal, and ends in good order.
import { MupibError } from '../../proto/errors.ts'

const interrupts = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/** Runs work that ends early when the process is interrupted: its signal aborts with a `stopped` error, once. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const abort = new AbortController()
  const onInterrupt = (name: string): void => abort.abort(new MupibError('stopped', `interrupted by ${name}`))
  for (const name of interrupts) process.on(name, onInterrupt)
  // work that only waits for its signal keeps nothing else open, and Node would end under it
  const alive = setInterval(() => {}, 2 ** 30)
  try {
    return await work(abort.signal)
  } finally {
    clearInterval(alive)
    for (const name of interrupts) process.off(name, onInterrupt)
  }
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** The work's result, or the signal's reason as soon as it aborts; what the work does afterwards is ignored. */
export async function unlessAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  const stop = new AbortController()
  const abort = aborted(AbortSignal.any([signal, stop.signal])).then((): never => {
    throw signal.reason
  })
  try {
    return await Promise.race([work, abort])
  } finally {
    abort.catch(() => {})
    stop.abort()
  }
}
