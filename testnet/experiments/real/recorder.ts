// Writes down what is seen of a run, each with its time on a clock that nobody sets.
import type { HistoryEvent, Seen } from '../history.ts'

export class Recorder {
  readonly #start = performance.now()
  readonly #events: HistoryEvent[] = []

  /** Milliseconds since the run began. */
  get now(): number {
    return Math.round((performance.now() - this.#start) * 10) / 10
  }

  see(seen: Seen, at: number = this.now): void {
    this.#events.push({ at, ...seen })
  }

  /** Everything seen so far, in the order of its time. */
  get history(): readonly HistoryEvent[] {
    return this.#events.toSorted((a, b) => a.at - b.at)
  }

  some(condition: (event: HistoryEvent) => boolean): boolean {
    return this.#events.some(condition)
  }
}
