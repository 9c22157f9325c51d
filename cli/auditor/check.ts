// Whether an auditor takes a payment at all, before any queue. A token's own verdict is the ledger's: neither its bank signature nor what its
// group says of value and times is looked at here.
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { PresentedPayment } from '../common/payment.ts'
import type { PaymentFacts, RefusalReason } from './rules.ts'

/** What checks need to know. */
export interface CheckContext {
  /** The auditor's own name. */
  readonly auditor: string
  /** What a token of the bank with this certificate is worth; undefined for a bank that the ledger does not know. */
  readonly tokenValue: (bank: Digest) => bigint | undefined
}

/** Tokens in one payment: with a queue just below it, a block stays within what a record holds. */
export const paymentTokensMax: number = limits.blockTokens / 2

/** What a payment's tokens are worth together, in minor units; undefined where a bank is unknown. */
export function worthOf({ tokens }: PresentedPayment, { tokenValue }: CheckContext): bigint | undefined {
  let worth = 0n
  for (const { group } of tokens) {
    const value = tokenValue(group.bank)
    if (value === undefined) return undefined
    worth += value
  }
  return worth
}

/** What can never be right with an authentic payment; undefined where nothing is. */
export function staticRefusal(payment: PresentedPayment, context: CheckContext): RefusalReason | undefined {
  const { details, tokens } = payment
  if (details.auditor !== context.auditor) return 'wrong_auditor'
  if (tokens.length > paymentTokensMax) return 'too_many_tokens'
  // the ledger charges nobody for a token that is a duplicate within its own payment: taken here, it would be paid for each time it stands there
  const serials = new Set(tokens.map(({ group, index }) => `${group.bank}/${group.publication}/${index}`))
  if (serials.size < tokens.length) return 'token_twice'
  const worth = worthOf(payment, context)
  if (worth === undefined) return 'bank_unknown'
  return details.price === 0n || worth !== details.price ? 'price' : undefined
}

/** What the queue looks at. */
export function factsOf({ tokens, details }: PresentedPayment): PaymentFacts {
  const groups: string[] = []
  let payBy = Number.MAX_SAFE_INTEGER
  let last: unknown
  for (const { group } of tokens) {
    // a payment's tokens mostly share their group: its name is put together once
    if (group === last) continue
    last = group
    payBy = Math.min(payBy, group.payBy)
    const name = `${group.bank}/${group.publication}/${group.value}/${group.issuedAt}/${group.payBy}/${group.expiry}`
    if (!groups.includes(name)) groups.push(name)
  }
  return { tokens: tokens.length, groups, deadline: details.deadline, payBy }
}
