// What a client's own signatures prove against it within one session, without anybody's word. The third proof of the kind, a close below a
// payment that was made, stands on the ledger itself (a contested close).
import { Reader, Writer } from '../bytes.ts'
import { MupibError } from '../errors.ts'
import { limits } from '../limits.ts'
import type { LockVerifier } from '../locks/lock-suite.ts'
import { lockSuite } from '../locks/suites.ts'
import {
  decodePayment,
  encodePayment,
  hasLockForm,
  isSamePayment,
  linkOf,
  type Payment,
  verifyPaymentSignature,
} from './payment.ts'
import { type SessionTerms, sessionDigest } from './terms.ts'

export const misconductKinds = { conflicting_payments: 1, bad_lock: 2 } as const
export type MisconductKind = keyof typeof misconductKinds

/**
 * `conflicting_payments`: two payments with one index that say different things.
 * `bad_lock`: payment i - 1 and payment i, whose lock does not open the signature of the first. Only suites whose locks can be verified.
 */
export interface Misconduct {
  readonly kind: MisconductKind
  readonly first: Payment
  readonly second: Payment
}

/** True where both payments are the client's in the session of these terms, and together are what the kind says. */
export function verifyMisconduct(terms: SessionTerms, { kind, first, second }: Misconduct): boolean {
  const session = sessionDigest(terms)
  if (first.session !== session || second.session !== session) return false
  if (!verifyPaymentSignature(first, terms.client) || !verifyPaymentSignature(second, terms.client)) return false
  if (kind === 'conflicting_payments') return first.index === second.index && !isSamePayment(first, second)
  if (second.index !== first.index + 1 || !lockSuite(terms.suite).isVerifiable) return false
  const verifier = lockSuite(terms.suite).verifier(terms.sessionKey)
  // a session key that is none locks nothing: the client signed it in the terms
  return !verifier || !isLocked(terms, verifier, first, second)
}

function isLocked(terms: SessionTerms, verifier: LockVerifier, first: Payment, second: Payment): boolean {
  if (!hasLockForm(terms, first) || !hasLockForm(terms, second)) return false
  return verifier.verifyLock(linkOf(first), linkOf(second), second.lock)
}

export function encodeMisconduct({ kind, first, second }: Misconduct): Uint8Array {
  return new Writer(1024).u8(misconductKinds[kind]).bytes(encodePayment(first)).bytes(encodePayment(second)).finish()
}

/** Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeMisconduct(bytes: Uint8Array): Misconduct {
  const reader = new Reader(bytes)
  const tag = reader.u8()
  const kind = (Object.keys(misconductKinds) as MisconductKind[]).find(name => misconductKinds[name] === tag)
  if (!kind) throw new MupibError('malformed', `no kind of misconduct has the number ${tag}`)
  const misconduct = {
    kind,
    first: decodePayment(reader.bytes(limits.paymentBytes)),
    second: decodePayment(reader.bytes(limits.paymentBytes)),
  }
  reader.end()
  return misconduct
}
