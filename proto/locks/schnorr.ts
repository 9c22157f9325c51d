// The default suite: Schnorr signatures s·G = R + e·P on edwards25519, of which R is shown at once and s is locked. With S_i = R_i + e_i·P
// the lock ℓk_i = s_{i-1} - s_i (mod q) is checked on arrival by ℓk_i·G = S_{i-1} - S_i, and s_{i-1} = ℓk_i + s_i opens it.
// Every equation is taken times the cofactor 8, single and batched alike (as RFC 8032 and ZIP 215 do), so that both always agree.
// Ed25519's curve, not ristretto255 or secp256k1: its points decode, encode and multiply at half their cost in @noble/curves.
import { mulAddUnsafe } from '@noble/curves/abstract/curve.js'
import { ed25519 } from '@noble/curves/ed25519.js'
import { bytesEqual, concatBytes, Writer } from '../bytes.ts'
import { type Domain, hashParts } from '../hash.ts'
import { publicKeyFault } from '../public-key.ts'
import { type LockedStep, type LockLink, type LockSuite, type LockVerifier, messageBytes } from './lock-suite.ts'

const Point = ed25519.Point
type Point = InstanceType<typeof Point>
const order = Point.Fn.ORDER
const mod = (value: bigint): bigint => ((value % order) + order) % order

const scalarBytes = 32

// A window of 6 bits: a table of 1,408 points (290 kB) for each session that is checked, against 4,096 of noble's 8 bits for its base point.
const tableWindowBits = 6
// The table costs as much as it saves in 12 multiplications. Before, nothing says that there will be more: an offer needs none, evidence two.
const tableAfter = 12

/** Little-endian, as Ed25519 writes its scalars. */
function numberOf(bytes: Uint8Array): bigint {
  let hex = ''
  for (let at = bytes.length - 1; at >= 0; at--) hex += bytes[at]!.toString(16).padStart(2, '0')
  return BigInt(`0x${hex}`)
}

const scalarToBytes = (scalar: bigint): Uint8Array => Point.Fn.toBytes(scalar)

/** Undefined where the number is q or more: a scalar has one encoding. */
function scalarOf(bytes: Uint8Array): bigint | undefined {
  if (bytes.length !== scalarBytes) return undefined
  const scalar = numberOf(bytes)
  return scalar < order ? scalar : undefined
}

/** 512 bits of hash modulo q: as good as uniform. */
function hashToScalar(domain: Domain, ...parts: Uint8Array[]): bigint {
  const halves = [0, 1].map(half => hashParts(domain, Uint8Array.of(half), ...parts))
  return numberOf(concatBytes(...halves)) % order
}

const challengeOf = (publicKey: Uint8Array, { commitment, message }: LockedStep): bigint =>
  hashToScalar('lockChallenge', commitment, publicKey, message)

/** The point, where the bytes are its canonical encoding. */
function pointOf(bytes: Uint8Array): Point | undefined {
  try {
    return Point.fromBytes(bytes)
  } catch {
    return undefined
  }
}

const times = (point: Point, scalar: bigint): Point => (scalar === 0n ? Point.ZERO : point.multiplyUnsafe(scalar))

/** What is known of a step: R, e, and S once it was wanted. */
interface Opened {
  readonly step: LockedStep
  readonly commitment: Point
  readonly challenge: bigint
}

class SchnorrVerifier implements LockVerifier {
  readonly #publicKey: Uint8Array
  readonly #point: Point
  #multiplications = 0
  // The step before, with its S: a chain asks for each step twice.
  #last: { readonly step: LockedStep; readonly target: Point } | undefined

  constructor(publicKey: Uint8Array) {
    this.#publicKey = publicKey
    this.#point = Point.fromBytes(publicKey)
  }

  #timesKey(scalar: bigint): Point {
    this.#multiplications += 1
    if (this.#multiplications === tableAfter) this.#point.precompute(tableWindowBits, false)
    return times(this.#point, scalar)
  }

  #open(step: LockedStep): Opened | undefined {
    if (step.message.length !== messageBytes) return undefined
    const commitment = pointOf(step.commitment)
    return commitment && { step, commitment, challenge: challengeOf(this.#publicKey, step) }
  }

  /** S = R + e·P: what the signature times G has to be. */
  #target(step: LockedStep): Point | undefined {
    if (this.#last && isSame(this.#last.step, step)) return this.#last.target
    const opened = this.#open(step)
    return opened?.commitment.add(this.#timesKey(opened.challenge))
  }

  verifyLock(previous: LockedStep, next: LockedStep, lock: Uint8Array): boolean {
    const scalar = scalarOf(lock)
    const before = this.#target(previous)
    const target = this.#target(next)
    if (scalar === undefined || !before || !target) return false
    this.#last = { step: next, target }
    return isZeroTimesCofactor(times(Point.BASE, scalar).add(target).subtract(before))
  }

  /**
   * Σ z_i·(ℓk_i·G + S_i - S_{i-1}) = 0, in one multi-scalar multiplication. The z_i are 128 bits of a hash of everything that is checked: who
   * wants a bad lock to pass has to find a batch that fits them, at a chance of 2^-128 each try.
   */
  verifyLocks(first: LockedStep, links: readonly LockLink[]): boolean {
    const start = this.#open(first)
    if (!start) return false
    const coefficients = batchCoefficients(this.#publicKey, first, links)
    const points: Point[] = [start.commitment.negate()]
    const scalars: bigint[] = [coefficients[0] ?? 0n]
    let ofBase = 0n
    let ofKey = 0n
    let before = start
    for (const [at, link] of links.entries()) {
      const scalar = scalarOf(link.lock)
      const opened = this.#open(link)
      if (scalar === undefined || !opened) return false
      const z = coefficients[at]!
      ofBase += z * scalar
      ofKey += z * (opened.challenge - before.challenge)
      // R_i stands in two equations: once as S_i, once as S_{i-1} of the next. The difference stays short where its sign goes to the point.
      const both = z - (coefficients[at + 1] ?? 0n)
      points.push(both < 0n ? opened.commitment.negate() : opened.commitment)
      scalars.push(both < 0n ? -both : both)
      before = opened
    }
    const sum = mulAddUnsafe(Point, points, scalars)
      .add(times(Point.BASE, mod(ofBase)))
      .add(this.#timesKey(mod(ofKey)))
    return isZeroTimesCofactor(sum)
  }

  verify(step: LockedStep, signature: Uint8Array): boolean {
    const scalar = scalarOf(signature)
    const target = this.#target(step)
    return scalar !== undefined && !!target && isZeroTimesCofactor(times(Point.BASE, scalar).subtract(target))
  }
}

const isSame = (a: LockedStep, b: LockedStep): boolean =>
  bytesEqual(a.message, b.message) && bytesEqual(a.commitment, b.commitment)

const isZeroTimesCofactor = (point: Point): boolean => point.clearCofactor().is0()

function batchCoefficients(publicKey: Uint8Array, first: LockedStep, links: readonly LockLink[]): bigint[] {
  const parts = links.flatMap(({ message, commitment, lock }) => [message, commitment, lock])
  const all = hashParts('lockBatch', publicKey, first.message, first.commitment, ...parts)
  return links.map((_, at) => {
    const hash = hashParts('lockBatch', all, new Writer(4).u32(at).finish())
    return numberOf(hash.subarray(0, 16))
  })
}

export const schnorrSuite: LockSuite = {
  isVerifiable: true,
  commitmentBytes: 32,
  lockBytes: scalarBytes,
  signatureBytes: scalarBytes,

  keyGen(seed) {
    const secret = hashToScalar('lockKey', Uint8Array.of(2), seed)
    const secretBytes = scalarToBytes(secret)
    const publicKey = Point.BASE.multiply(secret).toBytes()
    return {
      publicKey,
      // The message is a digest that binds session, index and content: another message has another nonce.
      sign(message) {
        if (message.length !== messageBytes) throw new RangeError('a message that is signed is 32 bytes')
        const nonce = hashToScalar('lockNonce', secretBytes, message)
        const commitment = Point.BASE.multiply(nonce).toBytes()
        const challenge = challengeOf(publicKey, { commitment, message })
        return { message, commitment, signature: scalarToBytes(mod(nonce + challenge * secret)) }
      },
      lock: (previous, next) => scalarToBytes(mod(numberOf(previous.signature) - numberOf(next.signature))),
    }
  },

  unlock(lock, next) {
    const difference = scalarOf(lock)
    const scalar = scalarOf(next)
    return difference === undefined || scalar === undefined ? undefined : scalarToBytes(mod(difference + scalar))
  },

  verifier: publicKey => (publicKeyFault(publicKey) === undefined ? new SchnorrVerifier(publicKey) : undefined),
}
