// Capped exponential pauses with jitter, so that a network that lost a peer does not come back at it in step.
import { randomInt } from 'node:crypto'

export interface BackoffOptions {
  firstMs: number
  capMs: number
  /** Uniform in [0, 1). */
  random: () => number
}

export interface Backoff {
  /** The next pause in milliseconds: between half and all of twice the one before, at most the cap. */
  next(): number
  reset(): void
}

export function createBackoff({ firstMs, capMs, random }: BackoffOptions): Backoff {
  let attempt = 0
  return {
    next() {
      const pause = Math.min(capMs, firstMs * 2 ** Math.min(attempt, 30))
      attempt += 1
      return pause * (0.5 + 0.5 * random())
    },
    reset() {
      attempt = 0
    },
  }
}

/** Uniform in [0, 1), from the system. */
export const systemRandom = (): number => randomInt(2 ** 32) / 2 ** 32
