// Tokens and payments as simulated parties make them: signed as real ones are.
import type { LooseToken } from '../../../node/ledger/form.ts'
import { type Digest, digestOf } from '../../../proto/hash.ts'
import type { SigningKey } from '../../../proto/keys.ts'
import {
  groupDigest,
  payloadDigest,
  signPayload,
  signToken,
  type TokenGroup,
  TokenHasher,
} from '../../../proto/token.ts'
import { certificateOf, keyOf, ledgerNetworkBytes } from './parties.ts'

const hasher = new TokenHasher()

/** The hash that a bank publishes for a token. */
export function hashOf({ group, index, signature }: LooseToken): Uint8Array {
  hasher.group(groupDigest(ledgerNetworkBytes, group))
  return hasher.hash(index, signature)
}

/** Tokens that a key signed, from an index on. */
export function issueTokens(group: TokenGroup, start: number, count: number, bank: SigningKey): LooseToken[] {
  const digest = groupDigest(ledgerNetworkBytes, group)
  return Array.from({ length: count }, (_, i) => {
    const index = start + i
    return { group, index, signature: signToken(digest, index, bank) }
  })
}

/** A token with another bank signature than it had. */
export function alterToken(token: LooseToken): LooseToken {
  const signature = Uint8Array.from(token.signature)
  signature[5] = signature[5]! ^ 1
  return { ...token, signature }
}

/** A token that no bank signed, of a publication that never was. */
export function forgeToken(like: LooseToken, index: number): LooseToken {
  const group = { ...like.group, publication: like.group.publication + 1_000_000 }
  return issueTokens(group, index, 1, keyOf('a forger'))[0]!
}

/** BANK-PUBLICATION-INDEX. */
export function serialOf({ group, index }: Pick<LooseToken, 'group' | 'index'>): string {
  const bank = group.bank === certificateOf('bank').fingerprint ? 'bank' : group.bank.slice(0, 8)
  return `${bank}-${group.publication}-${index}`
}

/** A payment of a holder for something named by a text. */
export function plainPayment(holder: string, tokens: readonly LooseToken[], item: string, time: number) {
  const information: Digest = digestOf('information', Buffer.from(item))
  const digest = payloadDigest(time, information, tokens.map(hashOf))
  return { tokens, time, information, signature: signPayload(digest, keyOf(holder)) }
}
