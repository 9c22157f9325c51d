// What a wallet decides by itself, without clock, store or network.
// U1 a token is in one state: free, unchecked (after a restore), pledged to a payment, or returning to the bank; then it is gone;
// U2 a payment takes free tokens that make up exactly its price, none of which the vendor may refuse before the payment's deadline; those
//    that run out first go first;
// U3 tokens pledged to a payment come free again only by the auditor's signed `rejected` or `not_queued`; a vendor's word frees none;
// U4 a payment that the auditor says to deliver, or for which the vendor signed a delivery, is spent; without the vendor's receipt it stays a
//    claim against the vendor;
// U5 tokens on their way back to the bank never come free again: what the ledger says of them ends them;
// U6 a restored wallet pays with no token before auditor and bank have said that they know of no use of it, and that counts only once every
//    payment that was signed before the restore has run out. So it is with tokens that come free, or come in, by what began before it.

import type { LooseToken } from '../../node/ledger/form.ts'
import { assert, MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { AnswerName, Receipt } from '../../proto/statements.ts'

export type TokenState =
  | { readonly kind: 'free' }
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'pledged'; readonly to: Digest }
  | { readonly kind: 'returning'; readonly to: Digest }

/** A token that the wallet has not lost. */
export interface OwnToken extends LooseToken {
  readonly state: TokenState
}

/** Names a token within a wallet: bank, publication, index. */
export type TokenName = string

export const tokenName = ({ group, index }: LooseToken): TokenName => `${group.bank}-${group.publication}-${index}`

/** What happens to tokens. */
export type WalletEvent =
  | { readonly type: 'receive'; readonly tokens: readonly LooseToken[]; readonly as: 'free' | 'unchecked' }
  | {
      readonly type: 'free'
      readonly to: Digest
      readonly tokens: readonly LooseToken[]
      readonly as: 'free' | 'unchecked'
    }
  | { readonly type: 'pledge' | 'spend' | 'return'; readonly to: Digest; readonly tokens: readonly LooseToken[] }
  | {
      readonly type: 'returned'
      readonly to: Digest
      readonly tokens: readonly LooseToken[]
      readonly refunded: number
    }
  | { readonly type: 'check'; readonly free: readonly LooseToken[]; readonly used: readonly LooseToken[] }

/** A token's next state; undefined: it is gone. */
export interface TokenChange {
  readonly name: TokenName
  readonly token: LooseToken
  readonly state: TokenState | undefined
}

/** Tokens that came in and went out, ever. */
export interface Totals {
  readonly received: number
  readonly spent: number
  readonly returned: number
  /** Given back and not refunded, or found to be used when the wallet was restored. */
  readonly lost: number
}

export const noTotals: Totals = { received: 0, spent: 0, returned: 0, lost: 0 }

type Tokens = ReadonlyMap<TokenName, OwnToken>

function changed(
  tokens: Tokens,
  which: readonly LooseToken[],
  from: (state: TokenState) => boolean,
  state: TokenState | undefined,
): TokenChange[] {
  return which.map(token => {
    const name = tokenName(token)
    const own = tokens.get(name)
    assert(own && from(own.state), `token ${name} is not in the state that this begins with`)
    return { name, token: own, state }
  })
}

/** What an event does to the tokens (U1); a state from which it cannot begin is a bug. */
export function changesOf(tokens: Tokens, event: WalletEvent): TokenChange[] {
  switch (event.type) {
    case 'receive':
      return event.tokens.map(token => {
        const name = tokenName(token)
        assert(!tokens.has(name), `token ${name} is there already`)
        return { name, token, state: { kind: event.as } }
      })
    case 'pledge':
      return changed(tokens, event.tokens, ({ kind }) => kind === 'free', { kind: 'pledged', to: event.to })
    case 'return':
      return changed(tokens, event.tokens, ({ kind }) => kind === 'free', { kind: 'returning', to: event.to })
    case 'spend':
    case 'free': {
      const isPledged = (state: TokenState): boolean => state.kind === 'pledged' && state.to === event.to
      return changed(tokens, event.tokens, isPledged, event.type === 'free' ? { kind: event.as } : undefined)
    }
    case 'returned': {
      const isReturning = (state: TokenState): boolean => state.kind === 'returning' && state.to === event.to
      return changed(tokens, event.tokens, isReturning, undefined)
    }
    case 'check': {
      const isUnchecked = ({ kind }: TokenState): boolean => kind === 'unchecked'
      return [
        ...changed(tokens, event.free, isUnchecked, { kind: 'free' }),
        ...changed(tokens, event.used, isUnchecked, undefined),
      ]
    }
  }
}

/** The totals after an event. What is held is always received − spent − returned − lost. */
export function totalsAfter(totals: Totals, event: WalletEvent): Totals {
  switch (event.type) {
    case 'receive':
      return { ...totals, received: totals.received + event.tokens.length }
    case 'spend':
      return { ...totals, spent: totals.spent + event.tokens.length }
    case 'returned': {
      const lost = totals.lost + event.tokens.length - event.refunded
      return { ...totals, returned: totals.returned + event.refunded, lost }
    }
    case 'check':
      return { ...totals, lost: totals.lost + event.used.length }
    default:
      return totals
  }
}

/** Tokens in one payment: an auditor takes half of what a block may hold. */
const paymentTokensMax = limits.blockTokens / 2

/** What runs out first comes first, and what was issued together stays together. */
export function byAge(a: OwnToken, b: OwnToken): number {
  return a.group.payBy - b.group.payBy || a.group.publication - b.group.publication || a.index - b.index
}

/**
 * Tokens for a payment (U2). `value` is what a token is worth. Throws `bad_input` for a price that is 0 or no multiple of the value,
 * `too_many`, `insufficient_tokens`.
 */
export function chooseTokens(
  tokens: Iterable<OwnToken>,
  price: bigint,
  value: bigint,
  deadline: number,
): readonly OwnToken[] {
  if (price <= 0n || price % value !== 0n)
    throw new MupibError('bad_input', `a price of ${price} cannot be paid with tokens worth ${value}`, {
      hint: `a multiple of ${value}, more than 0`,
      field: 'price',
    })
  const count = price / value
  if (count > paymentTokensMax)
    throw new MupibError('too_many', `${count} tokens in one payment where at most ${paymentTokensMax} are taken`, {
      hint: 'pay in parts',
    })
  const held = [...tokens]
  const fit = held.filter(
    ({ state, group }) => state.kind === 'free' && group.payBy > deadline && group.value === value,
  )
  if (BigInt(fit.length) < count) throw shortOf(count, fit.length, held)
  const chosen = fit.sort(byAge).slice(0, Number(count))
  if (new Set(chosen.map(({ group }) => group)).size > limits.blockGroups)
    throw new MupibError(
      'too_many',
      `the oldest ${count} tokens come from more than ${limits.blockGroups} withdrawals`,
      {
        hint: 'pay in parts, or give some back first: mupib user return',
      },
    )
  return chosen
}

function shortOf(count: bigint, fit: number, held: readonly OwnToken[]): MupibError {
  const inState = (kind: TokenState['kind']): number => held.filter(({ state }) => state.kind === kind).length
  const unchecked = inState('unchecked')
  const pledged = inState('pledged')
  const hint =
    unchecked > 0
      ? `${unchecked} tokens of the restored wallet are not checked yet: mupib user recover`
      : pledged > 0
        ? `${pledged} tokens are in open payments: mupib user recover`
        : 'mupib user withdraw gets more'
  return new MupibError('insufficient_tokens', `${count} tokens are needed and ${fit} are free`, {
    hint,
    unchecked,
    pledged,
  })
}

/** What a wallet knows of a payment once somebody has answered. */
export interface Heard {
  readonly answer: AnswerName | undefined
  readonly outcome: Receipt['outcome'] | undefined
}

export type PaymentState = 'open' | 'delivered' | 'rejected' | 'claim'

/** What becomes of a payment (U3, U4). */
export function paymentState({ answer, outcome }: Heard): PaymentState {
  if (outcome === 'delivered') return 'delivered'
  if (answer === 'deliver') return 'claim'
  return answer === 'rejected' || answer === 'not_queued' ? 'rejected' : 'open'
}

/** What that does to its tokens, where they were still pledged. */
export function eventOf(state: PaymentState): 'spend' | 'free' | undefined {
  if (state === 'open') return undefined
  return state === 'rejected' ? 'free' : 'spend'
}
