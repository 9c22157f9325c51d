// What a vendor decides in a session that the ledger has opened, without clock, store or network: step(state, event) → next state and effects.
// V1 payment 0 shows what the first lock is checked against: signed by the client, no money, w_0 of the terms' first anchor; there is one;
// V2 payments come in order: the index after the last, the amount that belongs to it, w one step from the last w and, at each 1,024th, the terms'
//    anchor (claims above it rest on it), commitment and lock of the suite's lengths, the client's signature over all of it. What fails is refused
//    and changes nothing, not for those that came in the same turn either;
// V3 a payment that comes again is the same bytes, and is answered again; another one under a known index is evidence, and ends the session;
// V4 a unit is served only after its payment is checked and on the disk: the vendor has nothing at risk beyond the unit it is serving. What is
//    held is paid; units that a client lacks after a cut are delivered again, also of a session that is closed, at most as many as a client
//    may pay ahead;
// V5 with `lockBatch` 1 each lock is checked before its unit is served. Otherwise locks wait, at most `lockBatch` of them and a stated time, and are
//    checked before any close. w and signature never wait, so no money is exposed: only the receipts of as many payments as wait;
// V6 a bad lock is evidence (payment i - 1 and payment i) and ends the session; the vendor claims what it holds;
// V7 a joint close is signed at what was served, once the released signature opens the locks; where client and vendor disagree, the vendor
//    claims alone what it holds, with w, and loses nothing;
// V8 shortly before expiry, or when the vendor wants to end it, nothing more is taken, and what is held is claimed;
// V9 once the ledger says that the session closes, nothing more is taken. Where the client closed it below what is held, that is claimed.
import { bytesEqual } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SignatureCheck, SigningKey } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import type { LockVerifier } from '../../proto/locks/lock-suite.ts'
import { firstBadLock } from '../../proto/locks/suites.ts'
import { type SessionClaim, signClose, verifyClose } from '../../proto/session/claims.ts'
import type { Misconduct } from '../../proto/session/misconduct.ts'
import {
  hasLockForm,
  isSamePayment,
  linkOf,
  type Payment,
  type Release,
  verifyPaymentSignature,
} from '../../proto/session/payment.ts'
import { type PaywordHashes, paywordHashes } from '../../proto/session/payword.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import type { SessionState } from '../../proto/verdict.ts'
import { channelLimits, isExpired } from './limits.ts'
import type { ChannelRefusal, ClientMessage, VendorMessage } from './messages.ts'

/** What does not change in a session. */
export interface VendorContext {
  readonly terms: SessionTerms
  readonly session: Digest
  readonly key: SigningKey
  readonly verifier: LockVerifier
  /** Payments whose locks are checked together; 1 checks each before it is served. */
  readonly lockBatch: number
  readonly expiryMarginMs: number
  /** A stored payment. */
  readonly paymentAt: (index: number) => Payment | undefined
  /** Checks the client's signatures (default: `verify`). */
  readonly check?: SignatureCheck
  /** What the chain is checked with (default: `paywordHashes`). */
  readonly hashes?: PaywordHashes
}

/** `open`: takes payments. `closed`: a claim was made. `stopped`: the client was caught, and a claim was made. */
export type VendorPhase = 'open' | 'closed' | 'stopped'

export interface VendorState {
  readonly phase: VendorPhase
  /** The last payment on the disk; undefined before payment 0. */
  readonly last: Payment | undefined
  readonly served: number
  /** Payments whose locks are good up to here. */
  readonly checked: number
  /** What the session was claimed at; the joint answer is repeated. */
  readonly claim: SessionClaim | undefined
}

export type VendorEvent =
  | { readonly type: 'hello'; readonly message: Extract<ClientMessage, { type: 'hello' }> }
  /** All payments that arrived in one turn. */
  | { readonly type: 'payments'; readonly payments: readonly Payment[]; readonly now: number }
  | { readonly type: 'locks_due' }
  /** A unit was delivered. */
  | { readonly type: 'delivered'; readonly index: number; readonly content: Uint8Array }
  | { readonly type: 'close'; readonly release: Release; readonly signature: Uint8Array }
  /** Block time, as far as the vendor knows. */
  | { readonly type: 'time'; readonly now: number }
  /** The vendor wants to end the session. */
  | { readonly type: 'end' }
  /** What the ledger certified of the session. */
  | { readonly type: 'ledger'; readonly state: SessionState; readonly index: number }

export type VendorEffect =
  /** On the disk before any later effect. */
  | {
      readonly type: 'persist'
      readonly payments?: readonly Payment[]
      readonly checked: number
      readonly phase: VendorPhase
      readonly claim?: SessionClaim
      readonly release?: Release
      readonly misconduct?: Misconduct
    }
  | { readonly type: 'serve'; readonly index: number; readonly item: Digest }
  | { readonly type: 'send'; readonly message: VendorMessage }
  | { readonly type: 'claim'; readonly claim: SessionClaim }
  | { readonly type: 'misconduct'; readonly misconduct: Misconduct }
  /** Locks wait: `locks_due` has to come within the stated time. */
  | { readonly type: 'locks_wait' }

export interface VendorStep {
  readonly state: VendorState
  readonly effects: readonly VendorEffect[]
}

export const newVendor: VendorState = { phase: 'open', last: undefined, served: 0, checked: 0, claim: undefined }

/** Index of the last payment on the disk. */
export const heldIndex = ({ last }: VendorState): number => last?.index ?? 0

const still = (state: VendorState, ...effects: VendorEffect[]): VendorStep => ({ state, effects })
const refused = (index: number, reason: ChannelRefusal): VendorEffect => ({
  type: 'send',
  message: { type: 'refused', index, reason },
})

export function stepVendor(context: VendorContext, state: VendorState, event: VendorEvent): VendorStep {
  switch (event.type) {
    case 'hello':
      return hello(context, state, event.message)
    case 'payments':
      return take(context, state, event.payments, event.now)
    case 'locks_due':
      return checkLocks(context, state) ?? still(state)
    case 'delivered':
      return still(
        { ...state, served: Math.max(state.served, event.index) },
        { type: 'send', message: { type: 'served', index: event.index, content: event.content } },
      )
    case 'close':
      return close(context, state, event.release, event.signature)
    case 'time':
      return state.phase === 'open' && isExpired(context, event.now) ? end(context, state) : still(state)
    case 'end':
      return state.phase === 'open' ? end(context, state) : still(state)
    case 'ledger':
      return onLedger(context, state, event)
  }
}

function onLedger(
  context: VendorContext,
  state: VendorState,
  { state: certified, index }: Extract<VendorEvent, { type: 'ledger' }>,
): VendorStep {
  if (certified === 'open' || state.phase !== 'open') return still(state)
  if (certified === 'closing' && index < heldIndex(state)) return end(context, state)
  return unlessBadLock(context, state, next =>
    still({ ...next, phase: 'closed' }, { type: 'persist', checked: next.checked, phase: 'closed' }),
  )
}

function hello(
  context: VendorContext,
  state: VendorState,
  { session, start, served }: Extract<ClientMessage, { type: 'hello' }>,
): VendorStep {
  if (session !== context.session) return still(state, refused(0, 'wrong_session'))
  const known = context.paymentAt(0)
  const misplaced = start.session !== session ? 'wrong_session' : start.index !== 0 ? 'out_of_order' : undefined
  if (known && !misplaced && !isSamePayment(known, start)) return conflict(context, state, known, start)
  const fault = misplaced ?? (known ? undefined : startFault(context, start))
  if (fault) return still(state, refused(0, fault))
  const { checked, phase } = state
  const index = heldIndex(state)
  const answer: VendorEffect = { type: 'send', message: { type: 'held', index } }
  if (!known) return still({ ...state, last: start }, { type: 'persist', payments: [start], checked, phase }, answer)
  if (phase === 'stopped') return still(state, answer)
  const effects: VendorEffect[] = [answer]
  const arrived = Math.min(index, Math.max(served, index - channelLimits.ahead))
  for (let lacking = arrived + 1; lacking <= index; lacking++)
    effects.push({ type: 'serve', index: lacking, item: context.paymentAt(lacking)!.item })
  return still({ ...state, served: arrived }, ...effects)
}

/** True where the terms have an anchor for this payment, and w_index is not what it stands for. */
function missesAnchor({ terms, hashes = paywordHashes }: VendorContext, { index, word }: Payment): boolean {
  if (index % limits.sessionAnchorSpan !== 0) return false
  return !bytesEqual(hashes.anchor(terms.nonce, index, word), terms.anchors[index / limits.sessionAnchorSpan]!)
}

function startFault(context: VendorContext, start: Payment): ChannelRefusal | undefined {
  const { terms, check } = context
  if (start.amount !== 0n) return 'bad_amount'
  if (missesAnchor(context, start)) return 'bad_word'
  if (!hasLockForm(terms, start)) return 'bad_lock'
  return verifyPaymentSignature(start, terms.client, check) ? undefined : 'bad_signature'
}

/** What is wrong with the payment after `last` (V2), the cheap checks first. */
function paymentFault(context: VendorContext, last: Payment, payment: Payment): ChannelRefusal | undefined {
  const { terms, session, check, hashes = paywordHashes } = context
  const { index } = payment
  if (payment.session !== session) return 'wrong_session'
  if (index !== last.index + 1) return 'out_of_order'
  if (index > terms.paymentsMax) return 'too_many'
  if (payment.amount !== terms.unit * BigInt(index)) return 'bad_amount'
  if (!bytesEqual(hashes.step(terms.nonce, index, payment.word), last.word)) return 'bad_word'
  if (missesAnchor(context, payment)) return 'bad_word'
  return verifyPaymentSignature(payment, terms.client, check) ? undefined : 'bad_signature'
}

function take(context: VendorContext, state: VendorState, payments: readonly Payment[], now: number): VendorStep {
  const first = payments[0]
  if (!first) return still(state)
  if (state.phase !== 'open') return still(state, refused(first.index, 'closed'))
  if (isExpired(context, now)) {
    const step = end(context, state)
    return { ...step, effects: [...step.effects, refused(first.index, 'expired')] }
  }
  if (!state.last) return still(state, refused(first.index, 'unknown_session'))
  let last = state.last
  const taken: Payment[] = []
  const after: VendorEffect[] = []
  for (const payment of payments) {
    if (payment.index <= last.index && payment.session === context.session) {
      const known = taken.find(({ index }) => index === payment.index) ?? context.paymentAt(payment.index)
      if (known && isSamePayment(known, payment)) {
        if (payment.index === heldIndex(state)) after.push({ type: 'serve', index: payment.index, item: payment.item })
        continue
      }
      // what was taken before it in this turn is dropped with the session: it is not on the disk, and nothing of it was served
      if (known && verifyPaymentSignature(payment, context.terms.client, context.check))
        return conflict(context, state, known, payment)
    }
    const fault = paymentFault(context, last, payment)
    if (fault) {
      after.push(refused(payment.index, fault))
      continue
    }
    taken.push(payment)
    last = payment
  }
  return hold(context, state, taken, after)
}

/** Checks the locks that are due, then keeps and serves what was taken (V4, V5). */
function hold(
  context: VendorContext,
  state: VendorState,
  taken: readonly Payment[],
  after: readonly VendorEffect[],
): VendorStep {
  const last = taken.at(-1)
  if (!last) return still(state, ...after)
  const waiting = last.index - state.checked
  const isDue = waiting >= context.lockBatch
  if (isDue) {
    const bad = firstBad(context, state, taken)
    if (bad !== undefined) return badLock(context, state, taken, bad)
  }
  const checked = isDue ? last.index : state.checked
  return still(
    { ...state, last, checked },
    { type: 'persist', payments: taken, checked, phase: state.phase },
    ...taken.map(({ index, item }) => ({ type: 'serve', index, item }) as const),
    ...(isDue ? [] : [{ type: 'locks_wait' } as const]),
    ...after,
  )
}

/** The payments whose locks wait, in order, before those that were just taken. */
function waitingPayments(context: VendorContext, state: VendorState): Payment[] {
  const waiting: Payment[] = []
  for (let index = state.checked + 1; index <= heldIndex(state); index++) waiting.push(context.paymentAt(index)!)
  return waiting
}

/** The first payment whose lock is bad, of those that wait and those taken. */
function firstBad(context: VendorContext, state: VendorState, taken: readonly Payment[]): number | undefined {
  const { verifier, lockBatch, terms } = context
  const payments = [...waitingPayments(context, state), ...taken]
  const first = context.paymentAt(state.checked)!
  const malformed = payments.findIndex(payment => !hasLockForm(terms, payment))
  const formed = malformed < 0 ? payments : payments.slice(0, malformed)
  const links = formed.map(linkOf)
  const bad =
    lockBatch > 1
      ? firstBadLock(verifier, linkOf(first), links)
      : links.findIndex((link, at) => !verifier.verifyLock(links[at - 1] ?? linkOf(first), link, link.lock))
  if (bad !== undefined && bad >= 0) return payments[bad]!.index
  return malformed < 0 ? undefined : payments[malformed]!.index
}

/** V6: what came before the bad one is kept. */
function badLock(context: VendorContext, state: VendorState, taken: readonly Payment[], bad: number): VendorStep {
  const all = (index: number): Payment => taken.find(payment => payment.index === index) ?? context.paymentAt(index)!
  const misconduct: Misconduct = { kind: 'bad_lock', first: all(bad - 1), second: all(bad) }
  const kept = taken.filter(({ index }) => index < bad)
  const next = { ...state, last: kept.at(-1) ?? state.last, checked: bad - 1 }
  const step = caught(context, next, misconduct, kept)
  return { ...step, effects: [...step.effects, refused(bad, 'bad_lock')] }
}

function conflict(context: VendorContext, state: VendorState, known: Payment, other: Payment): VendorStep {
  if (!verifyPaymentSignature(other, context.terms.client, context.check))
    return still(state, refused(other.index, 'bad_signature'))
  const step = caught(context, state, { kind: 'conflicting_payments', first: known, second: other }, [])
  return { ...step, effects: [...step.effects, refused(other.index, 'conflict')] }
}

/** Evidence is kept and told, the session ends, and what is held is claimed. */
function caught(
  context: VendorContext,
  state: VendorState,
  misconduct: Misconduct,
  payments: readonly Payment[],
): VendorStep {
  const { state: next, effects } = claimAlone(context, state, 'stopped')
  const persist = effects.find(effect => effect.type === 'persist')!
  return still(
    next,
    { ...persist, payments, misconduct },
    { type: 'misconduct', misconduct },
    ...effects.filter(effect => effect.type !== 'persist'),
  )
}

/** Claims what is held, by w: no word of the client is needed (V7, V8). A session in which nothing was paid needs no claim. */
function claimAlone(context: VendorContext, state: VendorState, phase: VendorPhase): VendorStep {
  const { last, checked } = state
  if (state.claim || !last || last.index === 0) {
    return still({ ...state, phase }, { type: 'persist', checked, phase })
  }
  const { index, word: value } = last
  const claim = vendorClaim(context, index, value)
  return still({ ...state, phase, claim }, { type: 'persist', checked, phase, claim }, { type: 'claim', claim })
}

function vendorClaim({ session, key }: VendorContext, index: number, value: Uint8Array): SessionClaim {
  return { form: 'vendor', index, value, vendor: signClose(session, 'vendor', index, key) }
}

/** Checks all locks that wait; undefined where none do or all are good and `state` needs no change. */
function checkLocks(context: VendorContext, state: VendorState): VendorStep | undefined {
  if (state.phase !== 'open' || state.checked >= heldIndex(state)) return undefined
  const bad = firstBad(context, state, [])
  if (bad !== undefined) return badLock(context, state, [], bad)
  const checked = heldIndex(state)
  return still({ ...state, checked }, { type: 'persist', checked, phase: state.phase })
}

/** Checks all locks that wait (V5), and goes on unless one is bad: that one ends the session. */
function unlessBadLock(
  context: VendorContext,
  state: VendorState,
  goOn: (state: VendorState) => VendorStep,
): VendorStep {
  const checks = checkLocks(context, state)
  return checks && checks.state.phase !== 'open' ? checks : goOn(checks?.state ?? state)
}

const end = (context: VendorContext, state: VendorState): VendorStep =>
  unlessBadLock(context, state, checked => claimAlone(context, checked, 'closed'))

function close(context: VendorContext, state: VendorState, release: Release, signature: Uint8Array): VendorStep {
  const { session, terms, check } = context
  const { index } = release
  const held = heldIndex(state)
  if (state.claim?.form === 'joint' && state.claim.index === index)
    return still(state, { type: 'send', message: { type: 'closed', index, signature: state.claim.vendor } })
  if (state.phase !== 'open') return still(state, refused(index, 'closed'))
  if (release.session !== session || !state.last) return still(state, refused(index, 'wrong_session'))
  if (index > held) return still(state, refused(index, 'out_of_order'))
  if (!verifyClose(session, 'joint', index, terms.client, signature, check))
    return still(state, refused(index, 'bad_signature'))
  return unlessBadLock(context, state, checked => agree(context, checked, release, signature))
}

/** A joint close where the release opens every lock; else the vendor claims alone (V7). */
function agree(context: VendorContext, state: VendorState, release: Release, signature: Uint8Array): VendorStep {
  const { session, key, verifier } = context
  const { index } = release
  const held = heldIndex(state)
  const opens = index === held && verifier.verify(linkOf(state.last!), release.signature)
  if (!opens) {
    const step = claimAlone(context, state, 'closed')
    return { ...step, effects: [...step.effects, refused(index, 'bad_release')] }
  }
  const at = Math.min(state.served, index)
  const vendor = signClose(session, 'joint', at, key)
  const claim =
    at === index
      ? ({ form: 'joint', index, client: signature, vendor } as const)
      : at > 0
        ? vendorClaim(context, at, context.paymentAt(at)!.word)
        : undefined
  return still(
    { ...state, phase: 'closed', checked: held, claim },
    { type: 'persist', checked: held, phase: 'closed', release, ...(claim ? { claim } : {}) },
    { type: 'send', message: { type: 'closed', index: at, signature: vendor } },
    ...(claim ? [{ type: 'claim', claim } as const] : []),
  )
}
