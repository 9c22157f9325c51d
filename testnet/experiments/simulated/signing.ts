// Signatures of simulated parties: real ones, but what was signed in this process need not be verified in it. Only the holder of a key calls this.
import type { PresentedPayment } from '../../../cli/common/payment.ts'
import type { Digest } from '../../../proto/hash.ts'
import { type LedgerRecord, type SignedRecord, signRecord, verifyRecord } from '../../../proto/records.ts'
import { signPayload, verifyPayload } from '../../../proto/token.ts'
import { keyOf } from './parties.ts'

// By object: whoever changes a byte makes another object.
const recordBytes = new WeakMap<Uint8Array, Uint8Array>()
const payments = new WeakSet<object>()

/** Signs a record with the key of a name. */
export function signRecordAs<T extends LedgerRecord>(name: string, record: T): SignedRecord<T> {
  const key = keyOf(name)
  const signed = signRecord(record, key)
  recordBytes.set(signed.bytes, key.publicKey)
  return signed
}

export function isRecordSigned(signed: SignedRecord, publicKey: Uint8Array): boolean {
  const by = recordBytes.get(signed.bytes)
  return by !== undefined ? Buffer.compare(by, publicKey) === 0 : verifyRecord(signed, publicKey)
}

/** Signs a payment with the key of a name. */
export function signPaymentAs<T extends object>(
  name: string,
  payment: T,
  digest: Digest,
): T & { readonly signature: Uint8Array } {
  const signed = { ...payment, signature: signPayload(digest, keyOf(name)) }
  payments.add(signed)
  return signed
}

export const isPaymentSigned = (payment: PresentedPayment, digest: Digest): boolean =>
  payments.has(payment) || verifyPayload(digest, payment.holder, payment.signature)
