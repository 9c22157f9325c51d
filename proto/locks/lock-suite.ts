// Lockable signatures (Thyagarajan and Malavolta, 2021), chained as the micropayment paper does: the lock of payment i gives the signature of
// payment i - 1 to whoever has that of payment i. What each suite proves, and what it does not: docs/locks.md.

/** What a signature is for: a digest bound to its session and index, and the part of the signature that is shown at once (may be empty). */
export interface LockedStep {
  /** 32 bytes. */
  readonly message: Uint8Array
  readonly commitment: Uint8Array
}

/** A signature that nobody but its signer has yet. */
export interface SecretSignature extends LockedStep {
  readonly signature: Uint8Array
}

/** A step, with the lock that ties the signature of the step before to its own. */
export interface LockLink extends LockedStep {
  readonly lock: Uint8Array
}

/** A session's signing key. */
export interface LockKey {
  readonly publicKey: Uint8Array
  /** Signs a message; the same message always yields the same bytes. Throws RangeError where it is not 32 bytes. */
  sign(message: Uint8Array): SecretSignature
  /** ℓk: gives the previous signature to whoever has the next. */
  lock(previous: SecretSignature, next: SecretSignature): Uint8Array
}

/** Checks everything under one session's public key. No method throws on what the signer sent. */
export interface LockVerifier {
  /**
   * True where the lock gives the signature of `previous` to whoever has that of `next`: for every lock, on arrival, where the suite is
   * verifiable. Otherwise true says nothing but that the lock has its length.
   */
  verifyLock(previous: LockedStep, next: LockedStep, lock: Uint8Array): boolean
  /** The same for links one after the other, at less cost. False says that one of them at least is bad, not which. */
  verifyLocks(first: LockedStep, links: readonly LockLink[]): boolean
  /** True where the signature of a step holds, which has exactly one encoding. */
  verify(step: LockedStep, signature: Uint8Array): boolean
}

export interface LockSuite {
  /** False where a wrong lock is found only when it is opened. */
  readonly isVerifiable: boolean
  readonly commitmentBytes: number
  readonly lockBytes: number
  readonly signatureBytes: number
  /** The key of 32 secret bytes. */
  keyGen(seed: Uint8Array): LockKey
  /** The previous signature; undefined where the bytes cannot be a lock or a signature. It is not verified. */
  unlock(lock: Uint8Array, next: Uint8Array): Uint8Array | undefined
  /** Undefined where the bytes are no public key of the suite. */
  verifier(publicKey: Uint8Array): LockVerifier | undefined
}

/** Bytes of a message that is signed. */
export const messageBytes = 32
