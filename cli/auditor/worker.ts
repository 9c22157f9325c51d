// A worker that sends items of one kind, in the order of their numbers, until each is done. What was not done is tried again after a pause that grows
// up to a cap, and holds up nothing behind it.
import { setTimeout as pause } from 'node:timers/promises'
import { createBackoff, systemRandom } from '../../node/network/backoff.ts'
import type { MupibError } from '../../proto/errors.ts'
import { toMupibError } from '../common/errors.ts'

/** Pauses between attempts, in milliseconds. */
const retry = { firstMs: 200, capMs: 30_000 } as const

/** What a worker is given: it sends items and says which are done. */
export interface WorkerOptions<T> {
  readonly open: Map<number, T>
  readonly signal: AbortSignal
  readonly send: (items: ReadonlyMap<number, T>) => Promise<ReadonlySet<number>>
  readonly onFailure: (error: MupibError) => void
}

export class Worker<T> {
  readonly open: Map<number, T>
  /** What did not go through and waits for its next attempt. */
  readonly #stuck = new Set<number>()
  /** When that is, by the monotonic clock, however much is added meanwhile; undefined while nothing is stuck. */
  #retryAt: number | undefined
  readonly #options: WorkerOptions<T>
  #wake: () => void = () => {}
  #running: Promise<void> = Promise.resolve()
  readonly #idle: (() => void)[] = []
  /** Why the last attempt left something open. */
  lastFailure: string | undefined

  constructor(options: WorkerOptions<T>) {
    this.open = options.open
    this.#options = options
  }

  start(): void {
    this.#running = this.#run()
  }

  add(number: number, item: T): void {
    this.open.set(number, item)
    this.#wake()
  }

  /** What is stuck may go through now. */
  retry(): void {
    this.#stuck.clear()
    this.#retryAt = undefined
    this.#wake()
  }

  /** Tries what is open once more. Resolves when nothing is left, or what is left is stuck. */
  async settled(): Promise<void> {
    this.retry()
    while (!this.#options.signal.aborted && this.open.size > this.#stuck.size)
      await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  async close(): Promise<void> {
    this.#wake()
    for (const resolve of this.#idle.splice(0)) resolve()
    await this.#running
  }

  async #run(): Promise<void> {
    const backoff = createBackoff({ ...retry, random: systemRandom })
    while (!this.#options.signal.aborted) {
      if (this.#retryAt !== undefined && performance.now() >= this.#retryAt) {
        this.#stuck.clear()
        this.#retryAt = undefined
      }
      const due = new Map([...this.open].filter(([number]) => !this.#stuck.has(number)))
      if (due.size > 0) {
        if (await this.#attempt(due)) backoff.reset()
        if (this.#stuck.size > 0) this.#retryAt ??= performance.now() + backoff.next()
        continue
      }
      for (const resolve of this.#idle.splice(0)) resolve()
      // new items, or a word that stuck ones may go through, end the pause
      await this.#sleep(this.#retryAt === undefined ? undefined : Math.max(0, this.#retryAt - performance.now()))
    }
  }

  /** True where something was done. */
  async #attempt(due: ReadonlyMap<number, T>): Promise<boolean> {
    try {
      const done = await this.#options.send(due)
      for (const number of due.keys())
        if (done.has(number)) this.open.delete(number)
        else this.#stuck.add(number)
      if (done.size === due.size) this.lastFailure = undefined
      return done.size > 0
    } catch (error) {
      if (this.#options.signal.aborted) return false
      const failure = toMupibError(error)
      this.lastFailure = failure.code
      this.#options.onFailure(failure)
      for (const number of due.keys()) this.#stuck.add(number)
      return false
    }
  }

  /** Until something wakes it, or the time is over. */
  async #sleep(forMs?: number): Promise<void> {
    const waking = new AbortController()
    const woken = new Promise<void>(resolve => {
      this.#wake = resolve
      if (this.#options.signal.aborted) resolve()
    })
    if (forMs === undefined) return woken
    const over = pause(forMs, undefined, { signal: AbortSignal.any([waking.signal, this.#options.signal]) })
    await Promise.race([woken, over.catch(() => {})])
    waking.abort()
  }
}
