// The chain of hashes that carries a session's money: PayWord (Rivest and Shamir, 1996), read from its end. The client draws w_n and computes
// w_{i-1} = H(i, w_i); payment i reveals w_i, which nobody can compute from what was revealed before.
// The terms commit to H'(w_0), H'(w_1024), … and never to a w itself: w_1024 in the open would be 1,024 payments.
import { bytesEqual, Writer } from '../bytes.ts'
import { hashParts } from '../hash.ts'
import { limits } from '../limits.ts'
import type { SessionTerms } from './terms.ts'

/** Bytes of each value of the chain, and of an anchor. */
export const paywordBytes = 32

const span = limits.sessionAnchorSpan

/** w_{index - 1} of w_index: bound to the session's nonce and to its place, so that a value fits one place of one session. */
export function paywordStep(nonce: Uint8Array, index: number, value: Uint8Array): Uint8Array {
  return hashParts('payword', new Writer(68).fixed(nonce, 32).u32(index).fixed(value, paywordBytes).finish())
}

/** What the terms commit to for w_index, where index is a multiple of 1,024. */
export function paywordAnchor(nonce: Uint8Array, index: number, value: Uint8Array): Uint8Array {
  return hashParts('paywordAnchor', new Writer(68).fixed(nonce, 32).u32(index).fixed(value, paywordBytes).finish())
}

/** The two hashes of a chain, as whoever makes or checks one is given them. */
export interface PaywordHashes {
  readonly step: typeof paywordStep
  readonly anchor: typeof paywordAnchor
}

export const paywordHashes: PaywordHashes = { step: paywordStep, anchor: paywordAnchor }

/** Anchors in the terms of a session of so many payments: for w_0, w_1024, … up to the last payment. */
export const anchorCount = (paymentsMax: number): number => Math.floor(paymentsMax / span) + 1

/** True where `value` is w_index of the chain that the terms commit to: at most 1,024 hashes. Index from 1 to `paymentsMax`. */
export function checkClaim(
  terms: Pick<SessionTerms, 'nonce' | 'paymentsMax' | 'anchors'>,
  index: number,
  value: Uint8Array,
): boolean {
  if (!Number.isSafeInteger(index) || index < 1 || index > terms.paymentsMax) return false
  if (value.length !== paywordBytes) return false
  const { nonce, anchors } = terms
  const place = Math.floor(index / span)
  const anchor = anchors[place]
  if (!anchor) return false
  let at = value
  for (let i = index; i > place * span; i--) at = paywordStep(nonce, i, at)
  return bytesEqual(paywordAnchor(nonce, place * span, at), anchor)
}
