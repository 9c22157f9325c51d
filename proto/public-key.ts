// Which Ed25519 public keys may be registered: canonical encodings of points in the prime-order subgroup (RFC 8032, section 5.1.3).
// Verifiers differ on every other key, and a difference would split the vote.
import { ed25519 } from '@noble/curves/ed25519.js'
import { publicKeyBytes } from './keys.ts'

/** Why a key must not be registered; undefined where it may. About a millisecond. */
export function publicKeyFault(publicKey: Uint8Array): string | undefined {
  if (publicKey.length !== publicKeyBytes) return 'an Ed25519 public key of 32 bytes'
  try {
    const point = ed25519.Point.fromBytes(publicKey)
    if (!point.isSmallOrder() && point.isTorsionFree()) return undefined
  } catch {
    return 'the canonical encoding of a point on Ed25519'
  }
  return 'an Ed25519 key in the prime-order subgroup'
}
