// Tokens on their way back to the bank: signed by their holder, kept, sent until the bank has answered with the ledger's verdict (U5).

import { bytesOfHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { returnInformation, signPayload } from '../../proto/token.ts'
import { paymentDigest, returnToJson } from '../common/payment.ts'
import type { WalletBook } from './book.ts'
import type { Counterparties } from './counterparties.ts'
import type { ReturnEntry } from './entries.ts'
import { byAge, type OwnToken } from './rules.ts'
import type { WalletHome } from './wallet.ts'

/** Tokens in parts that one record may hold: of one certificate of the bank, with so many tokens and groups. */
function partsOf(tokens: readonly OwnToken[]): OwnToken[][] {
  const parts: { bank: string; tokens: OwnToken[]; groups: Set<unknown> }[] = []
  for (const token of tokens) {
    const { group } = token
    let part = parts.find(
      ({ bank, tokens: of, groups }) =>
        bank === group.bank &&
        of.length < limits.blockTokens &&
        (groups.has(group) || groups.size < limits.blockGroups),
    )
    if (!part) {
      part = { bank: group.bank, tokens: [], groups: new Set() }
      parts.push(part)
    }
    part.tokens.push(token)
    part.groups.add(group)
  }
  return parts.map(part => part.tokens)
}

/** Signs free tokens back to the bank and keeps that. Throws `insufficient_tokens`. */
export async function beginReturns(
  home: WalletHome,
  book: WalletBook,
  count: number | undefined,
): Promise<readonly ReturnEntry[]> {
  const now = Date.now()
  const free = [...book.tokens.values()].filter(({ state, group }) => state.kind === 'free' && group.expiry > now)
  if (count !== undefined && free.length < count)
    throw new MupibError('insufficient_tokens', `${count} tokens to give back, and ${free.length} are free`)
  const entries: ReturnEntry[] = []
  for (const part of partsOf(free.sort(byAge).slice(0, count))) {
    const tokens = part.map(({ group, index, signature }) => ({ group, index, signature }))
    const information = returnInformation(bytesOfHex(home.network), tokens[0]!.group.bank)
    const digest = paymentDigest(home.network, { time: now, information, tokens })
    const payment = { time: now, signature: signPayload(digest, home.key), tokens }
    const entry: ReturnEntry = {
      kind: 'return',
      number: book.nextNumber(),
      time: now,
      digest,
      payment,
      refunded: undefined,
    }
    await book.note(entry, { type: 'return', to: digest, tokens })
    entries.push(entry)
  }
  return entries
}

/** Sends a return; the same bytes again are the same return to the bank. */
export async function finishReturn(
  parties: Counterparties,
  book: WalletBook,
  entry: ReturnEntry,
): Promise<ReturnEntry> {
  const { digest, payment } = entry
  const reply = await parties.bank<{ refundedTokens?: unknown }>('POST', '/returns', returnToJson(payment))
  const refunded = Number(reply.refundedTokens)
  if (!Number.isSafeInteger(refunded) || refunded < 0 || refunded > payment.tokens.length)
    throw new MupibError('malformed', 'the bank does not say how many tokens it refunded')
  const done = { ...entry, refunded }
  await book.note(done, { type: 'returned', to: digest, tokens: payment.tokens, refunded })
  return done
}
