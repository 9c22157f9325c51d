// Work that is done one after the other, up to a stop.
import { MupibError } from '../../proto/errors.ts'

export const stoppedError = (): MupibError => new MupibError('stopped', 'the service stops')

export class Turn {
  #last: Promise<unknown> = Promise.resolve()
  #isClosed = false

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Rejects with `stopped` once closed. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(stoppedError())
    const done = this.#last.then(work)
    this.#last = done.catch(() => {})
    return done
  }

  /** Takes no more work and waits for what there is. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#last
  }
}
