// A stream between a client and the till over a post that loses, doubles and reorders: frames of one connection come in order or not at all. What is
// lost ends the connection, and a new one begins with its first frame.
import type { Frame, StreamMessage } from './session-letters.ts'

export class Wire {
  readonly connection: number
  #sent = 0
  #taken = 0
  readonly #early = new Map<number, StreamMessage>()

  /** Later connections have higher numbers. */
  constructor(connection: number) {
    this.connection = connection
  }

  frame(session: string, message: StreamMessage): Frame {
    return { type: 'frame', session, connection: this.connection, place: this.#sent++, message }
  }

  /** The messages that are next, in order, once this frame is there. */
  take({ place, message }: Frame): StreamMessage[] {
    if (place < this.#taken) return []
    this.#early.set(place, message)
    const next: StreamMessage[] = []
    for (;;) {
      const found = this.#early.get(this.#taken)
      if (!found) return next
      this.#early.delete(this.#taken++)
      next.push(found)
    }
  }
}
