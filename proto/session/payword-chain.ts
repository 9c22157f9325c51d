// The client's side of PayWord: all values of one session's chain from one secret, without holding them all.
import { limits } from '../limits.ts'
import { anchorCount, type PaywordHashes, paywordHashes } from './payword.ts'

const span = limits.sessionAnchorSpan

/** A chain that its client can read. Making one costs a hash for each payment; a value after that at most 1,024, in order less than one. */
export class PaywordChain {
  readonly #nonce: Uint8Array
  readonly #paymentsMax: number
  readonly #hashes: PaywordHashes
  /** w_0, w_1024, … and w_n at the end. */
  readonly #marks: Uint8Array[]
  /** Values from `#from` on, in order. */
  #block: Uint8Array[] = []
  #from = 0

  /** `top` is w_n: 32 random bytes that stay secret. */
  constructor(nonce: Uint8Array, top: Uint8Array, paymentsMax: number, hashes: PaywordHashes = paywordHashes) {
    this.#nonce = nonce
    this.#paymentsMax = paymentsMax
    this.#hashes = hashes
    this.#marks = new Array<Uint8Array>(anchorCount(paymentsMax) + 1)
    this.#marks[this.#marks.length - 1] = top
    let value = top
    for (let index = paymentsMax; ; index--) {
      if (index % span === 0) this.#marks[index / span] = value
      if (index === 0) break
      value = hashes.step(nonce, index, value)
    }
  }

  /** What the terms commit to. */
  anchors(): Uint8Array[] {
    return this.#marks.slice(0, -1).map((value, at) => this.#hashes.anchor(this.#nonce, at * span, value))
  }

  /** w_index; index from 0 to `paymentsMax`. */
  value(index: number): Uint8Array {
    if (!Number.isSafeInteger(index) || index < 0 || index > this.#paymentsMax)
      throw new RangeError(`no value of the chain has the index ${index}`)
    const found = this.#block[index - this.#from]
    if (index >= this.#from && found) return found
    this.#from = Math.floor(index / span) * span
    const to = Math.min(this.#from + span, this.#paymentsMax)
    let value = to === this.#paymentsMax ? this.#marks.at(-1)! : this.#marks[to / span]!
    const block = new Array<Uint8Array>(to - this.#from + 1)
    for (let at = to; at >= this.#from; at--) {
      block[at - this.#from] = value
      if (at > this.#from) value = this.#hashes.step(this.#nonce, at, value)
    }
    this.#block = block
    return block[index - this.#from]!
  }
}
