// Payment i of a session, signed by its client: w_i, what is paid in all, what for, and the lock of the signature before. Payment 0 moves no
// money: it shows what the first lock is checked against. The signature that is locked is over `lockedMessage`, with the session's own key.
import { bytesEqual, Reader, Writer } from '../bytes.ts'
import { MupibError } from '../errors.ts'
import { type Digest, hashParts } from '../hash.ts'
import { type SignatureCheck, type SigningKey, sign, signatureBytes, verify } from '../keys.ts'
import { limits } from '../limits.ts'
import type { LockKey, LockLink, SecretSignature } from '../locks/lock-suite.ts'
import { lockSuite } from '../locks/suites.ts'
import { paywordBytes } from './payword.ts'
import type { SessionTerms } from './terms.ts'

/** What a payment says, without how it is locked. */
export interface PaymentContent {
  readonly session: Digest
  /** From 0 to `paymentsMax`. */
  readonly index: number
  /** w_index: the money. */
  readonly word: Uint8Array
  /** All that is paid with this payment, in minor units: index times the session's unit. */
  readonly amount: bigint
  /** Digest of what is bought with it. */
  readonly item: Digest
}

export interface Payment extends PaymentContent {
  /** The part of the locked signature that is shown at once; empty for suites that have none. */
  readonly commitment: Uint8Array
  /** Gives the signature of payment index - 1 to whoever has that of this one; empty in payment 0. */
  readonly lock: Uint8Array
  /** The client's Ed25519 signature over all of it. */
  readonly signature: Uint8Array
}

/** m_i: what the session's key signs and locks. */
export const lockedMessage = (content: PaymentContent): Uint8Array =>
  hashParts('paymentContent', writeContent(new Writer(128), content).finish())

function writeContent(writer: Writer, { session, index, word, amount, item }: PaymentContent): Writer {
  return writer.digest(session).u32(index).fixed(word, paywordBytes).u64(amount).digest(item)
}

function writeSigned(payment: Omit<Payment, 'signature'>): Writer {
  return writeContent(new Writer(384), payment).bytes(payment.commitment).bytes(payment.lock)
}

/** The canonical encoding of a payment: a few hundred bytes, the same number for every index above 0. */
export const encodePayment = (payment: Payment): Uint8Array =>
  writeSigned(payment).fixed(payment.signature, signatureBytes).finish()

/** Bytes of the longest commitment, and of the longest lock, of any suite. */
const commitmentBytesMax = 32
const lockBytesMax = 96

/** Reads a payment: form and limits only. Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodePayment(bytes: Uint8Array): Payment {
  const reader = new Reader(bytes)
  const payment: Payment = {
    session: reader.digest(),
    index: reader.count(limits.sessionPayments),
    word: reader.fixed(paywordBytes),
    amount: reader.amount(limits.amount),
    item: reader.digest(),
    commitment: reader.bytes(commitmentBytesMax),
    lock: reader.bytes(lockBytesMax),
    signature: reader.fixed(signatureBytes),
  }
  reader.end()
  return payment
}

/** A payment with the secret that later opens its lock. */
export interface SignedPayment {
  readonly payment: Payment
  readonly secret: SecretSignature
}

/**
 * Makes payment i of a session: signed with the session's key, locked to the signature before it, signed with the client's key. `previous` is
 * the secret of payment i - 1; undefined for payment 0 alone.
 */
export function signPayment(
  content: PaymentContent,
  previous: SecretSignature | undefined,
  lockKey: LockKey,
  client: SigningKey,
): SignedPayment {
  if ((content.index === 0) !== (previous === undefined))
    throw new MupibError('bug', 'payment 0, and no other, follows no payment')
  const secret = lockKey.sign(lockedMessage(content))
  const lock = previous ? lockKey.lock(previous, secret) : new Uint8Array(0)
  const unsigned = { ...content, commitment: secret.commitment, lock }
  const signature = sign('sessionPayment', writeSigned(unsigned).finish(), client)
  return { payment: { ...unsigned, signature }, secret }
}

/** True where both say the same, byte for byte; the signatures are not looked at. */
export const isSamePayment = (a: Payment, b: Payment): boolean =>
  bytesEqual(writeSigned(a).finish(), writeSigned(b).finish())

/** True where the client signed these bytes: what makes a payment evidence, good or bad. */
export function verifyPaymentSignature(payment: Payment, client: Uint8Array, check: SignatureCheck = verify): boolean {
  return check('sessionPayment', writeSigned(payment).finish(), client, payment.signature)
}

/** The payment as a link of the chain of locks. */
export const linkOf = (payment: Payment): LockLink => ({
  message: lockedMessage(payment),
  commitment: payment.commitment,
  lock: payment.lock,
})

/** True where commitment and lock have the lengths of the session's suite: without them payment and lock have no meaning. */
export function hasLockForm(terms: Pick<SessionTerms, 'suite'>, { index, commitment, lock }: Payment): boolean {
  const { commitmentBytes, lockBytes } = lockSuite(terms.suite)
  return commitment.length === commitmentBytes && lock.length === (index === 0 ? 0 : lockBytes)
}

/** σ_n of a session's last payment, which opens every earlier signature: given out once. */
export interface Release {
  readonly session: Digest
  readonly index: number
  readonly signature: Uint8Array
}

export const encodeRelease = ({ session, index, signature }: Release): Uint8Array =>
  new Writer(160).digest(session).u32(index).bytes(signature).finish()

/** Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeRelease(bytes: Uint8Array): Release {
  const reader = new Reader(bytes)
  const release = {
    session: reader.digest(),
    index: reader.count(limits.sessionPayments),
    signature: reader.bytes(lockBytesMax),
  }
  reader.end()
  return release
}
