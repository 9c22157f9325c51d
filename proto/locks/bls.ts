// BLS signatures (Boneh, Lynn and Shacham) on BLS12-381 with keys in G1: ℓk_i = σ_{i-1} + σ_i is the aggregate of two signatures of one key,
// checked by e(G, ℓk_i) = e(P, H(m_{i-1}) + H(m_i)). The sums give away no single signature: each joins an even index to an odd one, so no
// signed sum of them leaves one signature alone.
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { bytesEqual, concatBytes, toHex, Writer } from '../bytes.ts'
import { hashParts } from '../hash.ts'
import { type LockedStep, type LockLink, type LockSuite, type LockVerifier, messageBytes } from './lock-suite.ts'

// Signatures in G2, hashed to with the tag of RFC 9380's basic scheme: a message is a digest of a domain of ours, and its key of one session.
const scheme = bls12_381.longSignatures
const SignaturePoint = bls12_381.G2.Point
const KeyPoint = bls12_381.G1.Point
type SignaturePoint = InstanceType<typeof SignaturePoint>
type KeyPoint = InstanceType<typeof KeyPoint>

const pointBytes = 96

/** A point of the subgroup other than zero, in its one encoding. */
function pointOf(bytes: Uint8Array): SignaturePoint | undefined {
  if (bytes.length !== pointBytes) return undefined
  try {
    const point = SignaturePoint.fromBytes(bytes)
    return !point.is0() && bytesEqual(point.toBytes(), bytes) && point.isTorsionFree() ? point : undefined
  } catch {
    return undefined
  }
}

function keyOf(bytes: Uint8Array): KeyPoint | undefined {
  try {
    const point = KeyPoint.fromBytes(bytes)
    return !point.is0() && bytesEqual(point.toBytes(), bytes) && point.isTorsionFree() ? point : undefined
  } catch {
    return undefined
  }
}

const isStep = ({ message, commitment }: LockedStep): boolean =>
  message.length === messageBytes && commitment.length === 0

class BlsVerifier implements LockVerifier {
  readonly #publicKey: Uint8Array
  readonly #key: KeyPoint
  // Hashing to G2 costs nearly as much as a pairing, and a chain asks for each message twice.
  #last: { readonly message: Uint8Array; readonly point: SignaturePoint } | undefined

  constructor(publicKey: Uint8Array, key: KeyPoint) {
    this.#publicKey = publicKey
    this.#key = key
  }

  #hash(message: Uint8Array): SignaturePoint {
    if (this.#last && bytesEqual(this.#last.message, message)) return this.#last.point
    return scheme.hash(message)
  }

  verifyLock(previous: LockedStep, next: LockedStep, lock: Uint8Array): boolean {
    const point = pointOf(lock)
    if (!point || !isStep(previous) || !isStep(next)) return false
    const before = this.#hash(previous.message)
    const hashed = scheme.hash(next.message)
    this.#last = { message: next.message, point: hashed }
    return scheme.verify(point, before.add(hashed), this.#key)
  }

  /** e(G, Σ z_i·ℓk_i) = e(P, Σ z_i·(H(m_{i-1}) + H(m_i))), the z_i as for schnorr. */
  verifyLocks(first: LockedStep, links: readonly LockLink[]): boolean {
    if (!isStep(first) || !links.every(isStep)) return false
    const locks = links.map(({ lock }) => pointOf(lock))
    if (!locks.every(lock => lock !== undefined)) return false
    const all = hashParts(
      'lockBatch',
      this.#publicKey,
      first.message,
      ...links.flatMap(({ message, lock }) => [message, lock]),
    )
    const coefficients = links.map((_, at) => coefficientOf(all, at))
    const hashed = [first, ...links].map(({ message }) => this.#hash(message))
    const ofHashes = hashed.map((_, at) => (coefficients[at - 1] ?? 0n) + (coefficients[at] ?? 0n))
    return scheme.verify(
      mulAddUnsafe(SignaturePoint, locks, coefficients),
      mulAddUnsafe(SignaturePoint, hashed, ofHashes),
      this.#key,
    )
  }

  verify(step: LockedStep, signature: Uint8Array): boolean {
    const point = pointOf(signature)
    return !!point && isStep(step) && scheme.verify(point, this.#hash(step.message), this.#key)
  }
}

/** 128 bits. */
const coefficientOf = (all: Uint8Array, at: number): bigint =>
  BigInt(`0x${toHex(hashParts('lockBatch', all, new Writer(4).u32(at).finish()).subarray(0, 16))}`)

export const blsSuite: LockSuite = {
  isVerifiable: true,
  commitmentBytes: 0,
  lockBytes: pointBytes,
  signatureBytes: pointBytes,

  keyGen(seed) {
    const { secretKey, publicKey } = scheme.keygen(
      concatBytes(...[0, 1].map(half => hashParts('lockKey', Uint8Array.of(3, half), seed))).subarray(0, 48),
    )
    return {
      publicKey: publicKey.toBytes(),
      sign(message) {
        if (message.length !== messageBytes) throw new RangeError('a message that is signed is 32 bytes')
        const signature = scheme.sign(scheme.hash(message), secretKey).toBytes()
        return { message, commitment: new Uint8Array(0), signature }
      },
      lock: (previous, next) =>
        SignaturePoint.fromBytes(previous.signature).add(SignaturePoint.fromBytes(next.signature)).toBytes(),
    }
  },

  unlock(lock, next) {
    const sum = pointOf(lock)
    const known = pointOf(next)
    return sum && known && sum.subtract(known).toBytes()
  },

  verifier(publicKey) {
    const key = keyOf(publicKey)
    return key && new BlsVerifier(publicKey, key)
  },
}
