// The simulator's only source of chance: xoshiro128** (Blackman & Vigna) seeded through splitmix32, so that one seed decides everything.
import type { Digest } from '../../proto/hash.ts'

const rotate = (x: number, bits: number): number => (x << bits) | (x >>> (32 - bits))

/** A seeded stream of numbers. `fork` gives independent streams, so that a draw added in one place moves no other. */
export class Random {
  #a: number
  #b: number
  #c: number
  #d: number

  /** The seed is a whole number up to 2^53 − 1. */
  constructor(seed: number) {
    let state = (seed ^ Math.floor(seed / 2 ** 32)) | 0
    let high = Math.floor(seed / 2 ** 32) | 0
    const next = (): number => {
      state = (state + 0x9e3779b9 + high) | 0
      high = 0
      let z = state ^ (state >>> 16)
      z = Math.imul(z, 0x21f0aaad)
      z ^= z >>> 15
      z = Math.imul(z, 0x735a2d97)
      return z ^ (z >>> 15)
    }
    this.#a = next()
    this.#b = next()
    this.#c = next()
    this.#d = next() | 1
  }

  /** A whole number from 0 to 2^32 − 1. */
  uint32(): number {
    const result = Math.imul(rotate(Math.imul(this.#b, 5), 7), 9) >>> 0
    const t = this.#b << 9
    this.#c ^= this.#a
    this.#d ^= this.#b
    this.#b ^= this.#c
    this.#a ^= this.#d
    this.#c ^= t
    this.#d = rotate(this.#d, 11)
    return result
  }

  /** A whole number from 0 to bound − 1. */
  below(bound: number): number {
    return Math.floor((this.uint32() / 2 ** 32) * bound)
  }

  /** A whole number from low to high, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.uint32() / 2 ** 32 < probability
  }

  /** One of the items; the list is not empty. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)]
    if (item === undefined) throw new RangeError('nothing to pick from')
    return item
  }

  /** The items in a random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items]
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      const swapped = result[i] as T
      result[i] = result[j] as T
      result[j] = swapped
    }
    return result
  }

  /** 32 random bytes as hex. */
  digest(): Digest {
    let text = ''
    for (let i = 0; i < 8; i++) text += this.uint32().toString(16).padStart(8, '0')
    return text
  }

  /** Another stream, decided by this one's next draw and the label. */
  fork(label: number): Random {
    return new Random((this.uint32() ^ Math.imul(label + 1, 0x85ebca6b)) >>> 0)
  }
}
