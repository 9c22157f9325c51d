// An auditor's rulings: signed, persisted with the step that makes them, told when they are on disk, and the same for whoever asks again.
import type { Digest } from '../../proto/hash.ts'
import { type AnswerName, type Ruling, type SignedStatement, signStatement } from '../../proto/statements.ts'
import type { Change, Desk } from './desk.ts'

export type SignedRuling = SignedStatement<Ruling>

/** What is ruled; `reason` and `block` where there are any. */
export interface RulingParts {
  readonly answer: AnswerName
  readonly reason?: string
  readonly block?: number
  /** Milliseconds since 1970: where the clock lags behind the block that it follows, a rejection would seem to be broken by it. */
  readonly notBefore?: number
}

export class Rulings {
  readonly #desk: Desk
  /** Whose write is under way: newer than the store. */
  readonly #recent = new Map<Digest, { readonly ruling: SignedRuling; readonly stored: Promise<void> }>()
  readonly #waiters = new Map<Digest, Set<(ruling: SignedRuling) => void>>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** The last ruling, which may not be on disk yet: it is not to be told. */
  known(payment: Digest): SignedRuling | undefined {
    return this.#recent.get(payment)?.ruling ?? this.#desk.store.payments.ruling(payment)
  }

  /** The last ruling once it is on disk. */
  async told(payment: Digest): Promise<SignedRuling | undefined> {
    await this.#recent.get(payment)?.stored
    return this.#desk.store.payments.ruling(payment)
  }

  /** Signs a ruling: it counts at once, and is heard of once it is on disk. */
  rule(payload: Digest, { answer, reason = '', block = 0, notBefore = 0 }: RulingParts): Change {
    const { network, fingerprint: signer, key } = this.#desk.home
    const heading = { network, signer, payload, time: Math.max(Date.now(), notBefore) }
    const ruling = signStatement({ kind: 'ruling', ...heading, answer, reason, block }, key)
    let isStored!: () => void
    const stored = new Promise<void>(resolve => {
      isStored = resolve
    })
    this.#recent.set(payload, { ruling, stored })
    const done = (): void => {
      if (this.#recent.get(payload)?.ruling === ruling) this.#recent.delete(payload)
      isStored()
      if (answer === 'wait') return
      for (const tell of this.#waiters.get(payload) ?? []) tell(ruling)
      this.#waiters.delete(payload)
    }
    return { operations: [this.#desk.store.payments.putRuling(ruling)], done }
  }

  /** The last ruling; where that is to wait, the one after it, unless that takes longer than `forMs`. */
  async after(payment: Digest, forMs: number): Promise<SignedRuling | undefined> {
    const told = await this.told(payment)
    if (told?.statement.answer !== 'wait') return told
    return new Promise(resolve => {
      const waiters = this.#waiters.get(payment) ?? new Set()
      this.#waiters.set(payment, waiters)
      const tell = (ruling: SignedRuling): void => {
        clearTimeout(timer)
        waiters.delete(tell)
        resolve(ruling)
      }
      const timer = setTimeout(() => tell(told), forMs)
      waiters.add(tell)
    })
  }

  /** Those who wait get what there is. */
  close(): void {
    for (const [payment, waiters] of this.#waiters) {
      const known = this.#desk.store.payments.ruling(payment)
      if (known) for (const tell of waiters) tell(known)
    }
  }
}
