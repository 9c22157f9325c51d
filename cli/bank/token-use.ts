// What became of a publication's tokens at its bank, without clock, store or network.
// U1 each token is redeemed or returned at most once: a bitmap remembers it;
// U2 issued = redeemed + returned + expired + outstanding, none of them below zero;
// U3 a token that the ledger consumed in time counts as redeemed or returned even after it was booked as expired.
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'

export interface TokenCounts {
  readonly issued: number
  readonly redeemed: number
  readonly returned: number
  /** Booked as income, unspent. */
  readonly expired: number
}

/** What the tokens of one publication share. */
export interface IssuedTokens {
  /** Fingerprint of the certificate under which the bank signed them. */
  readonly bank: Digest
  /** Of each, in minor units. */
  readonly value: bigint
  readonly expiry: number
}

export interface TokenUse extends IssuedTokens {
  readonly counts: TokenCounts
  /** A bit for each token that was redeemed or returned. */
  readonly used: Uint8Array
}

export const createTokenUse = (issued: number, { bank, value, expiry }: IssuedTokens): TokenUse => ({
  bank,
  value,
  expiry,
  counts: { issued, redeemed: 0, returned: 0, expired: 0 },
  used: new Uint8Array(Math.ceil(issued / 8)),
})

export const outstandingOf = ({ issued, redeemed, returned, expired }: TokenCounts): number =>
  issued - redeemed - returned - expired

const isUsed = ({ used }: TokenUse, index: number): boolean => ((used[index >> 3] ?? 0) & (1 << (index & 7))) !== 0

/** The first of these tokens that cannot be used: it was before, it stands twice, or there is no such token. */
export function unusableOf(use: TokenUse, indices: readonly number[]): number | undefined {
  const seen = new Set<number>()
  return indices.find(index => {
    if (index >= use.counts.issued || isUsed(use, index) || seen.has(index)) return true
    seen.add(index)
    return false
  })
}

/** Uses tokens that can be used; `revived` says how many of them were booked as expired. */
export function useTokens(
  use: TokenUse,
  indices: readonly number[],
  how: 'redeemed' | 'returned',
): { readonly use: TokenUse; readonly revived: number } {
  assert(unusableOf(use, indices) === undefined, 'a token is redeemed or returned once')
  const used = Uint8Array.from(use.used)
  for (const index of indices) used[index >> 3]! |= 1 << (index & 7)
  const { counts } = use
  const revived = Math.max(0, indices.length - outstandingOf(counts))
  const after = { ...counts, [how]: counts[how] + indices.length, expired: counts.expired - revived }
  assert(after.expired >= 0, 'no more tokens are used than were issued')
  return { use: { ...use, counts: after, used }, revived }
}

/** Books what is outstanding as expired. */
export const expireTokens = (use: TokenUse): TokenUse => ({
  ...use,
  counts: { ...use.counts, expired: use.counts.expired + outstandingOf(use.counts) },
})
