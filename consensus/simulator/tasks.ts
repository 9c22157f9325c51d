// What a node fetches: each thing from one random peer after the other, until it is here or no longer wanted.
import type { Ask } from './network.ts'

export interface TaskOptions {
  readonly ask: Ask
  /** False once the thing is here or no longer wanted. */
  readonly isOpen: () => boolean
  /** A peer that should know: asked every other time, or always where it alone can tell. */
  readonly hint?: number
  readonly onlyHint?: boolean
  readonly attemptsMax?: number
}

export interface TaskHost {
  /** Sends the question to the hinted peer, or to a random one. */
  ask(ask: Ask, hint: number | undefined): void
  /** Runs later, unless the node restarts meanwhile. */
  later(ms: number, run: () => void): void
}

interface Task extends TaskOptions {
  attempts: number
}

/** Open fetches by name. Asking again for the same starts its attempts anew, and tells of a better peer. */
export class Tasks {
  readonly #tasks = new Map<string, { current: Task }>()
  readonly #host: TaskHost
  readonly #retryMs: number

  constructor(host: TaskHost, retryMs: number) {
    this.#host = host
    this.#retryMs = retryMs
  }

  open(name: string, options: TaskOptions): void {
    const open = this.#tasks.get(name)
    if (open) {
      open.current = { ...options, attempts: 0 }
      return
    }
    const opened = { current: { ...options, attempts: 0 } }
    this.#tasks.set(name, opened)
    this.#try(name, opened)
  }

  close(name: string): void {
    this.#tasks.delete(name)
  }

  #try(name: string, opened: { current: Task }): void {
    if (this.#tasks.get(name) !== opened) return
    const task = opened.current
    if (!task.isOpen() || task.attempts >= (task.attemptsMax ?? Number.POSITIVE_INFINITY)) {
      this.#tasks.delete(name)
      return
    }
    this.#host.ask(task.ask, task.onlyHint || task.attempts % 2 === 0 ? task.hint : undefined)
    task.attempts++
    this.#host.later(this.#retryMs, () => this.#try(name, opened))
  }
}
