// Ed25519 for verifiers outside Node, with the answers of node:crypto: @noble/curves checks the cofactored equation of RFC 8032, OpenSSL
// the one without cofactor. They agree where neither the key nor R has a torsion component, so such signatures are refused here.
import { ed25519 } from '@noble/curves/ed25519.js'
import { concatBytes } from './bytes.ts'
import { type Domain, domainPrefix } from './hash.ts'
import { isSmallOrder, publicKeyBytes, signatureBytes } from './keys.ts'

/** As `verify` of keys.ts, for registered (torsion-free) keys: some 3 ms. Never throws. */
export function verifyPortably(
  domain: Domain,
  message: Uint8Array,
  publicKey: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) return false
  if (isSmallOrder(publicKey) || isSmallOrder(signature)) return false
  try {
    if (!ed25519.Point.fromBytes(signature.slice(0, 32)).isTorsionFree()) return false
    return ed25519.verify(signature, concatBytes(domainPrefix(domain), message), publicKey, { zip215: false })
  } catch {
    return false
  }
}
