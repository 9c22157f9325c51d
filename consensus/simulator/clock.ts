// A node's own clock, which may be off and may jump, and the one timer that its machine sets by it.
import type { Events } from './events.ts'
import { epoch } from './shell-world.ts'

export interface ClockOptions {
  readonly events: Events
  readonly skewMs: number
  /** Runs later, unless the node goes down meanwhile. */
  later(ms: number, run: () => void): void
  /** The timer ran out. */
  ring(): void
}

export class Clock {
  readonly #options: ClockOptions
  #skewMs: number
  #timerAt: number | undefined
  #timerToken = 0

  constructor(options: ClockOptions) {
    this.#options = options
    this.#skewMs = options.skewMs
  }

  get now(): number {
    return epoch + this.#options.events.now + this.#skewMs
  }

  /** Sets the clock forward or back; a timer still rings at the time that it was set to. */
  jump(ms: number): void {
    this.#skewMs += ms
    if (this.#timerAt !== undefined) this.arm(this.#timerAt)
  }

  /** Sets the timer, in place of what it was set to; undefined stops it. */
  arm(at: number | undefined): void {
    this.#timerAt = at
    if (at === undefined) return
    const token = ++this.#timerToken
    this.#options.later(Math.max(0, at - this.now), () => {
      if (this.#timerToken !== token || this.#timerAt === undefined) return
      this.#timerAt = undefined
      this.#options.ring()
    })
  }
}
