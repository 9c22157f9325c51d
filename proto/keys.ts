// Ed25519 (RFC 8032) through node:crypto: the one verifier on every path whose answer nodes must agree on.
import type { KeyObject } from 'node:crypto'
import { bytesEqual, bytesOfHex, concatBytes } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Domain, domainPrefix } from './hash.ts'
import { nodeCrypto } from './platform.ts'

/** Loads outside Node, for proof verifiers that bring a check of their own, but does not sign or verify there. */
function native(): typeof import('node:crypto') {
  if (!nodeCrypto) throw new MupibError('bug', 'node:crypto is missing here')
  return nodeCrypto
}

/** Checks a signature over a domain's tag and a message; `verify` on every path on which nodes must agree. */
export type SignatureCheck = typeof verify

/** Bytes of an Ed25519 seed, public key and signature. */
export const seedBytes = 32
export const publicKeyBytes = 32
export const signatureBytes = 64

// PKCS#8 and SPKI headers of an Ed25519 key (RFC 8410): the raw key follows them.
const pkcs8Header = bytesOfHex('302e020100300506032b657004220420')
const spkiHeader = bytesOfHex('302a300506032b6570032100')

/** A key that signs: its public half and the node:crypto handle. */
export interface SigningKey {
  readonly publicKey: Uint8Array
  readonly handle: KeyObject
}

/** The signing key of a 32-byte seed. */
export function signingKeyFromSeed(seed: Uint8Array): SigningKey {
  if (seed.length !== seedBytes) throw new MupibError('bad_key', 'a seed is 32 bytes')
  const handle = native().createPrivateKey({
    key: Buffer.from(concatBytes(pkcs8Header, seed)),
    format: 'der',
    type: 'pkcs8',
  })
  return { publicKey: rawPublicKey(native().createPublicKey(handle)), handle }
}

/** A fresh random seed. */
export function randomSeed(): Uint8Array {
  return new Uint8Array(native().randomBytes(seedBytes))
}

/** A public key in SubjectPublicKeyInfo (RFC 8410). */
export function spkiOf(publicKey: Uint8Array): Uint8Array {
  if (publicKey.length !== publicKeyBytes) throw new MupibError('bad_key', 'an Ed25519 public key is 32 bytes')
  return concatBytes(spkiHeader, publicKey)
}

/** The public key in a SubjectPublicKeyInfo; throws `bad_key` where it is no Ed25519 key. */
export function publicKeyOfSpki(spki: Uint8Array): Uint8Array {
  if (
    spki.length !== spkiHeader.length + publicKeyBytes ||
    !bytesEqual(spki.subarray(0, spkiHeader.length), spkiHeader)
  )
    throw new MupibError('bad_key', 'not an Ed25519 key')
  return new Uint8Array(spki.subarray(spkiHeader.length))
}

/** The raw 32 bytes of an Ed25519 public key handle. */
function rawPublicKey(handle: KeyObject): Uint8Array {
  return publicKeyOfSpki(handle.export({ format: 'der', type: 'spki' }))
}

// Making a key handle costs about as much as a quarter of a verification; the keys in use are few and long-lived.
const handles = new Map<string, KeyObject>()
const handlesMax = 4096

function verifyingHandle(publicKey: Uint8Array): KeyObject {
  const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1')
  const known = handles.get(name)
  if (known) return known
  const handle = native().createPublicKey({ key: Buffer.from(spkiOf(publicKey)), format: 'der', type: 'spki' })
  if (handles.size >= handlesMax) handles.clear()
  handles.set(name, handle)
  return handle
}

/** Signs bytes as they are: only for formats that others define (X.509), never for a message of ours. */
export function signUntagged(message: Uint8Array, key: SigningKey): Uint8Array {
  return new Uint8Array(native().sign(null, message, key.handle))
}

// The y coordinates of the eight points of small order, those beyond p included, little-endian. As a public key each lets one signature
// fit many messages. OpenSSL 3.0 (Node 20) takes them as keys and as R, OpenSSL 3.5 (Node 26) does not: a network of both would split.
const smallOrderY = [
  `${'00'.repeat(32)}`,
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(bytesOfHex)

/** True where the first 32 bytes encode a point of small order, in any encoding that a verifier might take. */
export function isSmallOrder(point: Uint8Array): boolean {
  return smallOrderY.some(y => {
    if (point[0] !== y[0] || (point[31]! & 0x7f) !== y[31]) return false
    for (let i = 1; i < 31; i++) if (point[i] !== y[i]) return false
    return true
  })
}

/**
 * The counterpart of `signUntagged`, with the same answer on every Node: keys and R of small order are refused here, and OpenSSL decides
 * the rest. Never throws.
 */
export function verifyUntagged(message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== publicKeyBytes || signature.length !== signatureBytes) return false
  if (isSmallOrder(publicKey) || isSmallOrder(signature)) return false
  try {
    return native().verify(null, message, verifyingHandle(publicKey), signature)
  } catch {
    return false
  }
}

/** Signs the domain's tag followed by the message. */
export function sign(domain: Domain, message: Uint8Array, key: SigningKey): Uint8Array {
  return signUntagged(concatBytes(domainPrefix(domain), message), key)
}

/** True where the signature over the domain's tag and the message holds under the public key. Never throws. */
export function verify(domain: Domain, message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array): boolean {
  return verifyUntagged(concatBytes(domainPrefix(domain), message), publicKey, signature)
}
