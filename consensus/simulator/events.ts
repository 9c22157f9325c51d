// The virtual clock: a binary heap of events by time, ties in the order in which they were scheduled.

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

const before = (a: Event, b: Event): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** What is to happen, and the time that it is now. */
export class Events {
  readonly #heap: Event[] = []
  #order = 0
  /** Virtual milliseconds since the schedule began. */
  now = 0

  /** Runs the function at the time given (now, if that is past). */
  at(time: number, run: () => void): void {
    const heap = this.#heap
    const event = { at: Math.max(time, this.now), order: this.#order++, run }
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const up = (index - 1) >> 1
      const parent = heap[up] as Event
      if (!before(event, parent)) break
      heap[index] = parent
      index = up
    }
    heap[index] = event
  }

  /** Runs the function after so many milliseconds. */
  after(delay: number, run: () => void): void {
    this.at(this.now + delay, run)
  }

  #take(): Event | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Event, heap[child] as Event)) child++
      if (!before(heap[child] as Event, last)) break
      heap[index] = heap[child] as Event
      index = child
    }
    heap[index] = last
    return first
  }

  /** Runs events until the predicate holds, the time is over, or nothing is left. Returns how many ran. */
  runUntil(end: number, stop: () => boolean, eventsMax: number): number {
    let ran = 0
    while (ran < eventsMax && !stop()) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      this.#take()
      this.now = next.at
      next.run()
      ran++
    }
    if (ran < eventsMax && !stop()) this.now = Math.max(this.now, end)
    return ran
  }
}
