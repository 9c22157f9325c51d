// Handles what arrives one turn after the other: everything that came while a turn was under way makes up the next one, so that one check
// and one synced write serve all of it.

interface Waiting<Event> {
  readonly event: Event
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

export class Turns<Event> {
  readonly #handle: (events: readonly Event[]) => Promise<void>
  readonly #eventsMax: number
  #waiting: Waiting<Event>[] = []
  #running: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined

  /** After `handle` has failed once everything is refused with the same error: what is stored is not known any more. */
  constructor(eventsMax: number, handle: (events: readonly Event[]) => Promise<void>) {
    this.#eventsMax = eventsMax
    this.#handle = handle
  }

  /** Resolves when the event's turn is done. */
  push(event: Event): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error)
    return new Promise((resolve, reject) => {
      this.#waiting.push({ event, resolve, reject })
      this.#running ??= this.#run()
    })
  }

  /** Waits for what was pushed. */
  async settled(): Promise<void> {
    await this.#running
  }

  async #run(): Promise<void> {
    // what else arrives in this tick belongs to the first turn
    await Promise.resolve()
    while (this.#waiting.length > 0) {
      const turn = this.#waiting.splice(0, this.#eventsMax)
      if (!this.#failure)
        await this.#handle(turn.map(({ event }) => event)).catch((error: unknown) => {
          this.#failure = { error }
        })
      for (const { resolve, reject } of turn) {
        if (this.#failure) reject(this.#failure.error)
        else resolve()
      }
    }
    this.#running = undefined
  }
}
