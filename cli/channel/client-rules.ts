// What a client decides in a session, without clock, store or network: step(state, event) → the next state and effects, in order.
// C1 a payment is on the disk before it leaves, made once for its index and sent again as the same bytes;
// C2 payment i is made only where at most `ahead` - 1 units before it are still to be served: with `ahead` 1 the client has at most one unit
//    at risk, and each payment acknowledges the service before it;
// C3 after every connection the client says what it has made and what was served, the vendor what it holds, and the client sends what
//    lies between. A vendor that holds more than was made shows that this store is an old one: nothing is ever signed in the session again;
// C4 service comes in order and for what was paid; what comes twice is dropped, what was not paid is refused;
// C5 a close is at the last payment that was made, for whoever signs less than that has contradicted itself. It is on the disk before it
//    leaves, and no payment is made after it;
// C6 the signature that opens all locks is given out once, with the joint close, at the last index: an earlier one would open all later ones;
// C7 a vendor may sign a joint close below what it was paid, never above: it gives money back, and the client signs the same;
// C8 where the vendor is silent the client closes alone, before expiry, in time for the ledger.
import type { Digest } from '../../proto/hash.ts'
import type { SignatureCheck, SigningKey } from '../../proto/keys.ts'
import type { LockKey } from '../../proto/locks/lock-suite.ts'
import { type SessionClaim, signClose, verifyClose } from '../../proto/session/claims.ts'
import {
  lockedMessage,
  type Payment,
  type Release,
  type SignedPayment,
  signPayment,
} from '../../proto/session/payment.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import { isExpired } from './limits.ts'
import type { ChannelRefusal, ClientMessage, VendorMessage } from './messages.ts'

/** What does not change in a session. */
export interface ClientContext {
  readonly terms: SessionTerms
  readonly session: Digest
  readonly key: SigningKey
  readonly lockKey: LockKey
  /** w_index. */
  readonly word: (index: number) => Uint8Array
  /** Units that may be paid and not served. */
  readonly ahead: number
  readonly expiryMarginMs: number
  /** Checks the vendor's signatures (default: `verify`). */
  readonly check?: SignatureCheck
}

/** `open`: pays. `closing`: the last payment is made. `closed`: the vendor signed the joint close, or the client closed alone. `stopped`: C3. */
export type ClientPhase = 'open' | 'closing' | 'closed' | 'stopped'

export interface ClientState {
  readonly phase: ClientPhase
  /** Payment 0. */
  readonly start: Payment
  /** The last payment made, and what opens its lock; payment 0 at first. */
  readonly last: SignedPayment
  /** Index of the last payment made. */
  readonly made: number
  /** Units that arrived. */
  readonly served: number
  /** The vendor has answered `hello` on the connection there is. */
  readonly isAnswered: boolean
}

/** Why the client does not pay, or does not close: nothing is wrong on the wire. */
export type PayRefusal = 'too_far_ahead' | 'all_paid' | 'closing' | 'expired' | 'stopped'

export type ClientEvent =
  | { readonly type: 'connected' }
  | { readonly type: 'disconnected' }
  /** Somebody wants the next unit. */
  | { readonly type: 'pay'; readonly item: Digest; readonly now: number }
  | { readonly type: 'received'; readonly message: VendorMessage }
  | { readonly type: 'close' }
  | { readonly type: 'close_alone'; readonly now: number }
  /** Block time, as far as the client knows. */
  | { readonly type: 'time'; readonly now: number }

export type ClientEffect =
  /** Everything up to here has to be on the disk before a later effect. */
  | {
      readonly type: 'persist'
      readonly payment?: Payment
      readonly served: number
      readonly phase: ClientPhase
      readonly claim?: SessionClaim
    }
  | { readonly type: 'send'; readonly message: ClientMessage }
  /** Send stored payments `from` to `to` again. */
  | { readonly type: 'resend'; readonly from: number; readonly to: number }
  | { readonly type: 'paid'; readonly index: number }
  | { readonly type: 'refuse'; readonly reason: PayRefusal }
  | { readonly type: 'content'; readonly index: number; readonly content: Uint8Array }
  /** The end of the session, for the ledger. */
  | { readonly type: 'claim'; readonly claim: SessionClaim }
  /** The vendor broke a rule, or does not take a payment. */
  | { readonly type: 'fault'; readonly reason: ChannelRefusal | VendorFault }

export type VendorFault = 'holds_more' | 'served_unpaid' | 'served_out_of_order' | 'bad_close'

export interface ClientStep {
  readonly state: ClientState
  readonly effects: readonly ClientEffect[]
}

const still = (state: ClientState, ...effects: ClientEffect[]): ClientStep => ({ state, effects })

/** Item of payment 0, and of a unit that needs no name. */
export const noItem: Digest = '0'.repeat(64)

/** Payment 0 of a session. */
export function startPayment(context: ClientContext): SignedPayment {
  const content = { session: context.session, index: 0, word: context.word(0), amount: 0n, item: noItem }
  return signPayment(content, undefined, context.lockKey, context.key)
}

/** The state in which nothing but payment 0 was made. */
export function newClient(start: SignedPayment): ClientState {
  return { phase: 'open', start: start.payment, last: start, made: 0, served: 0, isAnswered: false }
}

/** The state of what is stored: the secret of the last payment is made again, for the same message yields the same bytes. */
export function resumedClient(
  { lockKey }: ClientContext,
  start: Payment,
  last: Payment,
  served: number,
  phase: ClientPhase,
): ClientState {
  const signed = { payment: last, secret: lockKey.sign(lockedMessage(last)) }
  return { phase, start, last: signed, made: last.index, served, isAnswered: false }
}

export function stepClient(context: ClientContext, state: ClientState, event: ClientEvent): ClientStep {
  switch (event.type) {
    case 'connected': {
      const { start, made, served } = state
      const hello: ClientMessage = { type: 'hello', session: context.session, start, made, served }
      return still({ ...state, isAnswered: false }, { type: 'send', message: hello })
    }
    case 'disconnected':
      return still({ ...state, isAnswered: false })
    case 'pay':
      return pay(context, state, event.item, event.now)
    case 'received':
      return receive(context, state, event.message)
    case 'close':
      return close(context, state)
    case 'close_alone':
      return closeAlone(context, state, event.now)
    case 'time':
      return isExpired(context, event.now) && (state.phase === 'open' || state.phase === 'closing')
        ? closeAlone(context, state, event.now)
        : still(state)
  }
}

function pay(context: ClientContext, state: ClientState, item: Digest, now: number): ClientStep {
  const refusal = payRefusal(context, state, now)
  if (refusal) return still(state, { type: 'refuse', reason: refusal })
  const { terms, session, lockKey, key } = context
  const index = state.made + 1
  const content = { session, index, word: context.word(index), amount: terms.unit * BigInt(index), item }
  const last = signPayment(content, state.last.secret, lockKey, key)
  const { payment } = last
  return {
    state: { ...state, last, made: index },
    effects: [
      { type: 'persist', payment, served: state.served, phase: state.phase },
      // before the answer to `hello` the vendor has told no index: what lies between is sent then (C3)
      ...(state.isAnswered ? [{ type: 'send', message: { type: 'payment', payment } } as const] : []),
      { type: 'paid', index },
    ],
  }
}

function payRefusal(context: ClientContext, state: ClientState, now: number): PayRefusal | undefined {
  if (state.phase !== 'open') return state.phase === 'stopped' ? 'stopped' : 'closing'
  if (isExpired(context, now)) return 'expired'
  if (state.made >= context.terms.paymentsMax) return 'all_paid'
  return state.made - state.served >= context.ahead ? 'too_far_ahead' : undefined
}

function receive(context: ClientContext, state: ClientState, message: VendorMessage): ClientStep {
  if (state.phase === 'stopped') return still(state)
  switch (message.type) {
    case 'held':
      return held(context, state, message.index)
    case 'served':
      return served(state, message.index, message.content)
    case 'refused':
      // the ledger's word has not reached the vendor yet: it cuts the stream, and `hello` is said again on the next
      return message.reason === 'not_open' ? still(state) : still(state, { type: 'fault', reason: message.reason })
    case 'closed':
      return closed(context, state, message.index, message.signature)
  }
}

function held(context: ClientContext, state: ClientState, index: number): ClientStep {
  if (index > state.made) {
    const stopped = { ...state, phase: 'stopped', isAnswered: false } as const
    const { served, phase } = stopped
    return still(stopped, { type: 'persist', served, phase }, { type: 'fault', reason: 'holds_more' })
  }
  const effects: ClientEffect[] = []
  if (index < state.made) effects.push({ type: 'resend', from: index + 1, to: state.made })
  if (state.phase === 'closing') effects.push({ type: 'send', message: closeMessage(context, state) })
  return still({ ...state, isAnswered: true }, ...effects)
}

function served(state: ClientState, index: number, content: Uint8Array): ClientStep {
  if (index > state.made) return still(state, { type: 'fault', reason: 'served_unpaid' })
  if (index <= state.served) return still(state)
  if (index > state.served + 1) return still(state, { type: 'fault', reason: 'served_out_of_order' })
  return still({ ...state, served: index }, { type: 'content', index, content })
}

/** The signature of the last payment, with the client's on a joint close there (C5, C6). */
function closeMessage({ session, key }: ClientContext, { made, last }: ClientState): ClientMessage {
  const release: Release = { session, index: made, signature: last.secret.signature }
  return { type: 'close', release, signature: signClose(session, 'joint', made, key) }
}

function close(context: ClientContext, state: ClientState): ClientStep {
  if (state.phase === 'stopped') return still(state, { type: 'refuse', reason: 'stopped' })
  if (state.phase !== 'open') return still(state)
  const closing = { ...state, phase: 'closing' } as const
  return still(
    closing,
    { type: 'persist', served: state.served, phase: 'closing' },
    ...(state.isAnswered ? [{ type: 'send', message: closeMessage(context, closing) } as const] : []),
  )
}

function closed(context: ClientContext, state: ClientState, index: number, vendor: Uint8Array): ClientStep {
  const { session, terms, key, check } = context
  if (state.phase !== 'closing') return still(state)
  if (index > state.made || !verifyClose(session, 'joint', index, terms.vendor, vendor, check))
    return still(state, { type: 'fault', reason: 'bad_close' })
  return settle(state, { form: 'joint', index, client: signClose(session, 'joint', index, key), vendor })
}

function closeAlone({ session, terms, key }: ClientContext, state: ClientState, now: number): ClientStep {
  if (state.phase === 'closed') return still(state)
  if (state.phase === 'stopped') return still(state, { type: 'refuse', reason: 'stopped' })
  // after expiry a close of the client is not taken: what the vendor does not claim by then comes back
  if (now >= terms.expiry) return still(state, { type: 'refuse', reason: 'expired' })
  return settle(state, {
    form: 'client',
    index: state.made,
    client: signClose(session, 'client', state.made, key),
  })
}

/** The claim is on the disk before anybody is told: after a crash it is given to the bank again. */
function settle(state: ClientState, claim: SessionClaim): ClientStep {
  return still(
    { ...state, phase: 'closed' },
    { type: 'persist', served: state.served, phase: 'closed', claim },
    { type: 'claim', claim },
  )
}
