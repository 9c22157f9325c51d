// What a vendor decides by itself, without clock, store or network.
// V1 a payment is taken where it names this vendor and an auditor that the vendor accepts, the certificate is of the holder's key, and every
//    token is that holder's;
// V2 its price is more than 0, the sum of its tokens' values, and the catalogue's where the item stands in it; no token stands in it twice;
// V3 its deadline lies ahead, and no token's payBy has passed;
// V4 the holder signed it, and, unless the vendor leaves that to the ledger, the bank signed each token;
// V5 a sale is presented, then perhaps waiting, then delivered or refused for good, as the auditor rules; a receipt says what it became;
// V6 a vendor signs one presentation of a payment and repeats its bytes: a second one would be double selling;
// V7 an error is no ruling: the payment is presented again. Only where its deadline has passed, so that nobody will queue it any more, and the
//    auditor says that it holds no such payment, a sale is refused without a ruling.
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import type { GenesisMember } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { AnswerName } from '../../proto/statements.ts'
import { groupDigest, type TokenGroup, verifyPayload, verifyToken } from '../../proto/token.ts'
import type { PresentedPayment } from '../common/payment.ts'

/** Why a vendor does not present a payment. Scripts rely on these words. */
export type TakeRefusal =
  | 'wrong_vendor'
  | 'wrong_auditor'
  | 'holder_mismatch'
  | 'unknown_bank'
  | 'too_many_tokens'
  | 'token_twice'
  | 'price'
  | 'catalogue_price'
  | 'deadline_passed'
  | 'pay_by_passed'
  | 'holder_signature'
  | 'token_signature'

/** What checks need to know of a vendor. */
export interface TakeContext {
  readonly network: Digest
  readonly vendor: string
  /** Names of the auditors that it accepts. */
  readonly auditors: readonly string[]
  /** Banks of genesis. */
  readonly banks: readonly GenesisMember[]
  readonly prices: ReadonlyMap<string, bigint>
  readonly checkTokens: boolean
}

/** Tokens in one payment: an auditor takes half of what a block may hold. */
const paymentTokensMax: number = limits.blockTokens / 2

/** What is wrong with a payment (V1 to V4); undefined where nothing is. `certified` is the key of the user's certificate. */
export function refusalOf(
  payment: PresentedPayment,
  digest: Digest,
  certified: Uint8Array,
  context: TakeContext,
  now: number,
): TakeRefusal | undefined {
  const { details, holder, tokens, signature } = payment
  if (details.vendor !== context.vendor) return 'wrong_vendor'
  if (!context.auditors.includes(details.auditor)) return 'wrong_auditor'
  if (!bytesEqual(certified, holder)) return 'holder_mismatch'
  if (!tokens.every(({ group }) => bytesEqual(group.holder, holder))) return 'holder_mismatch'
  if (tokens.length > paymentTokensMax) return 'too_many_tokens'
  const places = new Set(tokens.map(({ group, index }) => `${group.bank}-${group.publication}-${index}`))
  if (places.size < tokens.length) return 'token_twice'
  const refusal = priceRefusal(payment, context)
  if (refusal) return refusal
  if (now > details.deadline) return 'deadline_passed'
  if (tokens.some(({ group }) => now > group.payBy)) return 'pay_by_passed'
  if (!verifyPayload(digest, holder, signature)) return 'holder_signature'
  return context.checkTokens ? tokenRefusal(payment, context) : undefined
}

function priceRefusal(
  { details, tokens }: PresentedPayment,
  { prices, banks }: TakeContext,
): 'price' | 'catalogue_price' | undefined {
  const values = banks.map(({ tokenValue }) => tokenValue)
  if (!tokens.every(({ group }) => values.includes(group.value))) return 'price'
  const worth = tokens.reduce((sum, { group }) => sum + group.value, 0n)
  if (details.price <= 0n || details.price !== worth) return 'price'
  const listed = prices.get(details.item)
  return listed === undefined || listed === details.price ? undefined : 'catalogue_price'
}

function tokenRefusal(
  { tokens }: PresentedPayment,
  { network, banks }: TakeContext,
): 'unknown_bank' | 'token_signature' | undefined {
  const networkBytes = bytesOfHex(network)
  let last: { group: TokenGroup; digest: Uint8Array; issuers: readonly GenesisMember[] } | undefined
  for (const token of tokens) {
    const { group } = token
    if (last?.group !== group)
      last = { group, digest: groupDigest(networkBytes, group), issuers: issuersOf(group, banks) }
    const { digest, issuers } = last
    if (issuers.length === 0) return 'unknown_bank'
    if (!issuers.some(({ certificate }) => verifyToken(digest, { ...token, group: 0 }, certificate.publicKey)))
      return 'token_signature'
  }
  return undefined
}

/** Banks that may have issued a group: a fingerprint that genesis lacks is of a renewed certificate, and the key of a bank stays. */
function issuersOf({ bank, value }: TokenGroup, banks: readonly GenesisMember[]): readonly GenesisMember[] {
  const named = banks.filter(({ certificate }) => certificate.fingerprint === bank)
  return (named.length > 0 ? named : banks).filter(({ tokenValue }) => tokenValue === value)
}

export type SaleState = 'presented' | 'waiting' | 'delivered' | 'refused'

export const isOpen = (state: SaleState): boolean => state === 'presented' || state === 'waiting'

/** Where a ruling takes an open sale (V5). */
export function stateAfter(answer: AnswerName): SaleState {
  switch (answer) {
    case 'deliver':
      return 'delivered'
    case 'wait':
      return 'waiting'
    case 'rejected':
    case 'not_queued':
      return 'refused'
  }
}
