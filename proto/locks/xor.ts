// The paper's suite: ℓk_i = σ_{i-1} ⊕ H(σ_i), here over Ed25519 and with H as long as a signature. A wrong lock is found only at the end,
// and then every earlier signature is lost: kept for comparison.
import { concatBytes } from '../bytes.ts'
import { hashParts } from '../hash.ts'
import { sign, signatureBytes, signingKeyFromSeed, verify } from '../keys.ts'
import { publicKeyFault } from '../public-key.ts'
import type { LockSuite } from './lock-suite.ts'

/** H of the paper: 64 bytes of a signature of 64 bytes. */
const maskOf = (signature: Uint8Array): Uint8Array =>
  concatBytes(hashParts('lockMask', Uint8Array.of(0), signature), hashParts('lockMask', Uint8Array.of(1), signature))

const masked = (bytes: Uint8Array, mask: Uint8Array): Uint8Array => bytes.map((byte, at) => byte ^ mask[at]!)

export const xorSuite: LockSuite = {
  isVerifiable: false,
  commitmentBytes: 0,
  lockBytes: signatureBytes,
  signatureBytes,

  keyGen(seed) {
    const key = signingKeyFromSeed(hashParts('lockKey', Uint8Array.of(1), seed))
    return {
      publicKey: key.publicKey,
      sign: message => ({
        message,
        commitment: new Uint8Array(0),
        signature: sign('lockedMessage', message, key),
      }),
      lock: (previous, next) => masked(previous.signature, maskOf(next.signature)),
    }
  },

  unlock: (lock, next) =>
    lock.length === signatureBytes && next.length === signatureBytes ? masked(lock, maskOf(next)) : undefined,

  verifier(publicKey) {
    if (publicKeyFault(publicKey) !== undefined) return undefined
    return {
      verifyLock: (_previous, next, lock) => lock.length === signatureBytes && next.commitment.length === 0,
      verifyLocks: (_first, links) =>
        links.every(({ lock, commitment }) => lock.length === signatureBytes && commitment.length === 0),
      verify: ({ message, commitment }, signature) =>
        commitment.length === 0 && verify('lockedMessage', message, publicKey, signature),
    }
  },
}
