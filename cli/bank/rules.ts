// What a bank decides of its tokens by itself, without clock, store or network.
// B1 tokens are issued in publications; all holders of one publication share its value and times;
// B2 a publication is persisted whole, signatures included, before it is submitted, and its tokens go out only with its finality proof;
// B3 a return is taken where its holder signed it for this bank, the tokens are this bank's, and none stands in it twice.
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { returnInformation, type TokenGroup, verifyPayload } from '../../proto/token.ts'
import { type HolderPayment, paymentDigest } from '../common/payment.ts'

/** How long tokens live, in milliseconds from their issue. */
export interface TokenLifetime {
  readonly payByMs: number
  /** From payBy to the expiry. */
  readonly settlementMs: number
}

const dayMs = 86_400_000
export const defaultLifetime: TokenLifetime = { payByMs: 30 * dayMs, settlementMs: 7 * dayMs }

/** Bytes of an order's name. */
export const orderBytes = 16

/** Tokens that a holder wants. */
export interface TokenOrder {
  readonly holder: Uint8Array
  /** The holder's name for it, 16 bytes in hex: the same order is filled once. */
  readonly order: string
  readonly count: number
}

/** A holder's tokens in a publication: `count` of them from index `start` on. */
export interface HolderShare extends TokenOrder {
  readonly start: number
}

/** Checks an order. Throws `bad_input`, `too_large`. */
export function checkOrder({ count, holder, order }: TokenOrder): void {
  if (!/^[0-9a-f]{32}$/.test(order))
    throw new MupibError('bad_input', 'an order is 16 bytes in lower-case hex', { field: 'order' })
  if (holder.length !== 32)
    throw new MupibError('bad_input', 'a holder is a public key of 32 bytes', { field: 'holder' })
  if (!Number.isSafeInteger(count) || count < 1)
    throw new MupibError('bad_input', 'at least one token', { field: 'count' })
  if (count > limits.publicationTokens)
    throw new MupibError('too_large', `${count} tokens at once where at most ${limits.publicationTokens} are allowed`, {
      field: 'count',
    })
}

/** Takes the oldest orders that fit into one publication; the rest waits for the next. */
export function nextPublication<T extends TokenOrder>(
  orders: readonly T[],
): { readonly taken: readonly (T & HolderShare)[]; readonly rest: readonly T[]; readonly tokens: number } {
  let tokens = 0
  let next = 0
  const taken: (T & HolderShare)[] = []
  for (const order of orders) {
    if (tokens + order.count > limits.publicationTokens) break
    taken.push({ ...order, start: tokens })
    tokens += order.count
    next += 1
  }
  return { taken, rest: orders.slice(next), tokens }
}

/**
 * Checks what a holder gives back (B3) and returns it whole. `bank` is the certificate that the bank signs with now; `isOwn` knows tokens of
 * earlier ones. Throws `bad_input`, `holder_mismatch`, `bad_signature`.
 */
export function checkReturn(
  network: Digest,
  bank: Digest,
  given: Omit<HolderPayment, 'information'>,
  isOwn: (group: TokenGroup) => boolean,
): HolderPayment & { readonly holder: Uint8Array } {
  const [first] = given.tokens
  if (!first) throw new MupibError('bad_input', 'a return without tokens')
  const { holder } = first.group
  const seen = new Set<string>()
  for (const token of given.tokens) checkReturned(token, isOwn, holder, seen)
  for (const named of new Set([bank, first.group.bank])) {
    const payment = { ...given, information: returnInformation(bytesOfHex(network), named), holder }
    if (verifyPayload(paymentDigest(network, payment), holder, given.signature)) return payment
  }
  throw new MupibError('bad_signature', 'the return is not signed by the holder of its tokens', {
    hint: 'the holder signs time, tokens and "return to this bank"',
  })
}

function checkReturned(
  { group, index }: LooseToken,
  isOwn: (group: TokenGroup) => boolean,
  holder: Uint8Array,
  seen: Set<string>,
): void {
  if (!isOwn(group)) throw new MupibError('bad_input', 'a token of another bank', { field: 'bank' })
  if (!bytesEqual(group.holder, holder))
    throw new MupibError('holder_mismatch', 'tokens of two holders in one return', { field: 'holder' })
  const serial = `${group.publication}-${index}`
  if (seen.has(serial)) throw new MupibError('bad_input', `token ${serial} stands twice in the return`)
  seen.add(serial)
}
