// For tests: what arbitrary values of every kind are made of.
import fc from 'fast-check'
import { toHex } from './bytes.ts'
import type { Digest } from './hash.ts'
import { limits } from './limits.ts'

export const arbitraryBytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length })
export const arbitraryDigest: fc.Arbitrary<Digest> = arbitraryBytes(32).map(toHex)
/** Times and numbers: whatever is exact. */
export const safe = fc.maxSafeNat()
export const amount = fc.bigInt(0n, limits.amount)
