// Seeded pseudo-random numbers for traces and loads: xoshiro128** (Blackman and Vigna 2018), its state filled by splitmix32.
// Only 32-bit integer operations, so that one seed gives the same numbers on every machine.

/** A stream of numbers that its seed determines. Not for keys. */
export class SeededRandom {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let word = seed >>> 0
    for (let i = 0; i < 4; i++) {
      word = (word + 0x9e3779b9) >>> 0
      let mixed = Math.imul(word ^ (word >>> 16), 0x21f0aaad)
      mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
      this.#state[i] = mixed ^ (mixed >>> 15)
    }
  }

  /** A whole number from 0 to 2^32 − 1. */
  word(): number {
    const s = this.#state
    const scrambled = Math.imul(rotateLeft(Math.imul(s[1]!, 5), 7), 9) >>> 0
    const shifted = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= shifted
    s[3] = rotateLeft(s[3]!, 11)
    return scrambled
  }

  /** A number from 0 up to, but not including, 1. */
  fraction(): number {
    return this.word() / 2 ** 32
  }

  /** A whole number from `min` to `max`, both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.fraction() * (max - min + 1))
  }

  /** One of the entries of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.integer(0, list.length - 1)]!
  }
}

function rotateLeft(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0
}
