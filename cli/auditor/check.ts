// Whether an auditor takes a payment at all, before any queue: pure, apart from the signature that it verifies.
import { bytesEqual } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { verifyPayload } from '../../proto/token.ts'
import type { PresentedPayment } from '../common/payment.ts'

/** Why a payment is not delivered. Scripts and vendors rely on these words. */
export const refusalReasons = [
  'wrong_auditor',
  'holder_mismatch',
  'too_many_tokens',
  'price',
  'holder_signature',
  'deadline_passed',
  'pay_by_passed',
  'blocked',
  'invalid_tokens',
  'block_invalid',
  'block_refused',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** What checks need to know. */
export interface CheckContext {
  /** The auditor's own name. */
  readonly auditor: string
  /** What a token of the bank with this certificate is worth; undefined for a bank that genesis does not name. */
  readonly tokenValue: (bank: Digest) => bigint | undefined
}

/** Tokens in one payment: with a queue just below it, a block stays within what a record holds. */
export const paymentTokensMax: number = limits.blockTokens / 2

/**
 * What can never be right with a payment; undefined where nothing is. A token's own verdict is the ledger's: neither its bank signature
 * nor what its group says of value and times is looked at here.
 */
export function staticRefusal(
  payment: PresentedPayment,
  digest: Digest,
  { auditor, tokenValue }: CheckContext,
): RefusalReason | undefined {
  const { details, holder, tokens, signature } = payment
  if (details.auditor !== auditor) return 'wrong_auditor'
  if (tokens.length > paymentTokensMax) return 'too_many_tokens'
  if (!tokens.every(({ group }) => bytesEqual(group.holder, holder))) return 'holder_mismatch'
  let worth: bigint | undefined = 0n
  for (const { group } of tokens) {
    const value = tokenValue(group.bank)
    worth = value === undefined || worth === undefined ? undefined : worth + value
  }
  if (details.price === 0n || (worth !== undefined && worth !== details.price)) return 'price'
  return verifyPayload(digest, holder, signature) ? undefined : 'holder_signature'
}

/** When the first of a payment's tokens must be paid with, in milliseconds. */
export const earliestPayBy = ({ tokens }: PresentedPayment): number =>
  tokens.reduce((earliest, { group }) => Math.min(earliest, group.payBy), Number.MAX_SAFE_INTEGER)

/** What is wrong with a payment at a time; asked again for one that was held. */
export function timeRefusal(payment: PresentedPayment, now: number): RefusalReason | undefined {
  if (now > payment.details.deadline) return 'deadline_passed'
  return now > earliestPayBy(payment) ? 'pay_by_passed' : undefined
}
