// Tokens that expired unspent become the bank's income, once auditors had their time to bring what was spent last. A timer waits for the next
// publication that is due.
import { timerMsUntil } from '../common/timers.ts'
import type { Desk } from './desk.ts'

export class Expiry {
  readonly #desk: Desk
  #timer: NodeJS.Timeout | undefined
  #isStopped = false

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** Books the unspent tokens of every publication that is due at this time; returns the numbers of those that had some. */
  expireDue(now: number): Promise<number[]> {
    return this.#desk.books.run(async () => {
      const { tokens, records, home, log } = this.#desk
      const draft = this.#desk.draft()
      const booked: number[] = []
      for await (const { expiry, publication } of tokens.expiring()) {
        if (expiry + home.own.redemptionMs > now) break
        // not on the ledger: its tokens may never be
        if (!records.answer('publication', publication)) continue
        draft.add(tokens.dropExpiring(expiry, publication))
        const count = draft.expire(publication, now)
        if (count === 0) continue
        booked.push(publication)
        log({ kind: 'expired', publication, tokens: count })
      }
      await this.#desk.write(draft.operations)
      return booked
    })
  }

  /** Waits for the next publication that will be due. Again after a publication became final. */
  async arm(): Promise<void> {
    const { tokens, records, home } = this.#desk
    let due: number | undefined
    for await (const { expiry, publication } of tokens.expiring()) {
      if (!records.answer('publication', publication)) continue
      due = expiry + home.own.redemptionMs
      break
    }
    clearTimeout(this.#timer)
    if (due === undefined || this.#isStopped) return
    this.#timer = setTimeout(() => void this.#expire(), timerMsUntil(due))
    this.#timer.unref()
  }

  async #expire(): Promise<void> {
    try {
      await this.expireDue(Date.now())
      await this.arm()
    } catch (error) {
      // a write that failed stops the bank by itself
      if (!this.#isStopped) this.#desk.log({ kind: 'expiry_failed', reason: String(error) })
    }
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }
}
