// The auditor's queue of one user, as a pure state machine: step(state, event) → state and effects. No clock, store or network; what a payment
// is beside its facts does not matter here.
// Q1 upon a payment while nothing is awaited: queue it and say "deliver"; where it brings the queue to W tokens, close a block with it as
//    the pending last one, and say "wait";
// Q2 upon a payment while a pending one is awaited, or behind one that is held: hold it, in order, up to a limit; say "wait";
// Q3 upon a payment that would close a block while another block is awaited, or that no longer fits into one record: hold it as well;
// Q4 upon the verdict: the pending payment is delivered where its tokens were consumed whole, else rejected; nothing else decides it. The
//    block counts as awaited until the ledger's verdicts give the W after it;
// Q5 upon W after it: the held ones in their order, each checked again, and rejected or placed as in Q1 to Q3;
// Q6 upon a flush: close a block in which nothing is pending; while one is awaited, or payments are held, as soon as that is over;
// Q7 upon a refusal of the block: its number is free again, the pending payment is rejected, the delivered ones go back to the queue's
//    front, and nothing is taken until a flush tries again;
// Q8 W = 0: the user is blocked. What is held is rejected, what is queued is flushed, nothing more is taken;
// Q9 upon a W that is no longer above the queue (another auditor's verdict): flush;
// Q10 a payment becomes its vendor's due when it is delivered: at once, or by the verdict on it as the pending one;
// Q11 with early checking: a queue that reaches its share of W is flushed ahead. What is in flight then counts against W until the verdict,
//    and a payment that would bring both together to W is held: exposure stays below W.
// Persist every effect of a step in one write before any answer or block goes out.
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { Refusal, TransactionVerdict } from '../../proto/verdict.ts'
import type { Head } from '../common/stream.ts'

/** Why a payment is not delivered. Scripts and vendors rely on these words. */
export const refusalReasons = [
  'wrong_auditor',
  'too_many_tokens',
  'price',
  'token_twice',
  'bank_unknown',
  'deadline_passed',
  'pay_by_passed',
  'blocked',
  'invalid_tokens',
  'block_invalid',
  'block_refused',
] as const
export type RefusalReason = (typeof refusalReasons)[number]

/** What a vendor is told of a payment; `wait` is followed by one of the others. */
export interface Answer {
  readonly answer: 'deliver' | 'wait' | 'rejected'
  readonly reason?: RefusalReason
  /** Number of the user's block that decided it, or waits to. */
  readonly block?: number
}

/** What the rules look at. Times in milliseconds since 1970. */
export interface PaymentFacts {
  readonly tokens: number
  /** Names of its tokens' groups, each once: a record holds so many groups at most. */
  readonly groups: readonly string[]
  readonly deadline: number
  /** The earliest of its tokens. */
  readonly payBy: number
}

/** A payment that was taken and not decided by a block yet. */
export interface OpenPayment<P> {
  /** Order of arrival among the user's payments. */
  readonly sequence: number
  readonly digest: Digest
  readonly facts: PaymentFacts
  readonly payment: P
}

/** A block that awaits its verdict. */
export interface OpenBlock<P> {
  readonly number: number
  readonly previous: Digest
  /** The last payment waits for the verdict. */
  readonly pending: boolean
  readonly tokens: number
  readonly payments: readonly OpenPayment<P>[]
}

/** Checks queues before they reach W. */
export interface EarlyChecking {
  /** In basis points of W. */
  readonly shareBp: number
}

export interface UserState<P> {
  /** The last decided block of this auditor for the user. */
  readonly last: Head
  /** W. */
  readonly blockSize: number
  readonly queue: readonly OpenPayment<P>[]
  readonly queuedTokens: number
  readonly held: readonly OpenPayment<P>[]
  readonly block: OpenBlock<P> | undefined
  /** The last block's verdict is there, W after it is not; `pending` as in that block. */
  readonly awaitsTrust: { readonly pending: boolean } | undefined
  readonly nextSequence: number
  /** A flush was asked for and is not through yet. */
  readonly isFlushing: boolean
  /** Why the ledger refused the last block; cleared by the next flush, which tries again. */
  readonly refusal: Refusal | undefined
  readonly early: EarlyChecking | undefined
}

export type UserEvent<P> =
  | {
      readonly type: 'present'
      readonly digest: Digest
      readonly facts: PaymentFacts
      readonly payment: P
      readonly now: number
    }
  | {
      readonly type: 'decided'
      readonly digest: Digest
      readonly transactions: readonly TransactionVerdict[]
      readonly now: number
    }
  /** W after all verdicts up to the last own block's at least. */
  | { readonly type: 'trust'; readonly blockSize: number; readonly now: number }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly now: number }
  | { readonly type: 'flush'; readonly now: number }

export type Effect<P> =
  /** Keep the payment until a block decides it. */
  | { readonly type: 'keep'; readonly payment: OpenPayment<P> }
  /** Decided, or rejected: it is open no longer. */
  | { readonly type: 'drop'; readonly payment: OpenPayment<P> }
  | { readonly type: 'answer'; readonly digest: Digest; readonly answer: Answer }
  /** It is the vendor's due from now on, whatever the verdict on its tokens. */
  | { readonly type: 'settle'; readonly payment: OpenPayment<P> }
  | { readonly type: 'submit'; readonly block: OpenBlock<P> }
  /** The block is the newest decided one. */
  | { readonly type: 'advance'; readonly block: OpenBlock<P>; readonly last: Head }
  /** The block never was: its number is free. */
  | { readonly type: 'discard'; readonly block: OpenBlock<P> }
  /** Too many payments are held: nothing was taken, the vendor may try again. */
  | { readonly type: 'full' }

/** Payments of one user that may be held. */
export const heldMax = 256

export interface Step<P> {
  readonly state: UserState<P>
  readonly effects: readonly Effect<P>[]
}

export function createUserState<P>(last: Head, blockSize: number, early?: EarlyChecking): UserState<P> {
  return {
    last,
    blockSize,
    queue: [],
    queuedTokens: 0,
    held: [],
    block: undefined,
    awaitsTrust: undefined,
    nextSequence: 0,
    isFlushing: false,
    refusal: undefined,
    early,
  }
}

/** Tokens of the payments together. */
export const tokensOf = (payments: readonly OpenPayment<unknown>[]): number =>
  payments.reduce((sum, { facts }) => sum + facts.tokens, 0)

/** What is wrong with a payment at a time; asked again for one that was held. */
function timeRefusal({ deadline, payBy }: PaymentFacts, now: number): RefusalReason | undefined {
  if (now > deadline) return 'deadline_passed'
  return now > payBy ? 'pay_by_passed' : undefined
}

export function step<P>(state: UserState<P>, event: UserEvent<P>): Step<P> {
  switch (event.type) {
    case 'present':
      return present(state, event)
    case 'decided':
      return decided(state, event)
    case 'trust':
      return trust(state, event)
    case 'refused':
      return refused(state, event)
    case 'flush': {
      const flushing = { ...state, isFlushing: true, refusal: undefined }
      return awaited(state) ? { state: flushing, effects: [] } : drain(flushing, event.now)
    }
  }
}

/** The block after which W is not known yet. */
const awaited = <P>({ block, awaitsTrust }: UserState<P>): { readonly pending: boolean } | undefined =>
  block ?? awaitsTrust

function present<P>(state: UserState<P>, event: UserEvent<P> & { type: 'present' }): Step<P> {
  const { digest, facts, payment, now } = event
  const reason = timeRefusal(facts, now) ?? standingRefusal(state)
  if (reason) return { state, effects: [{ type: 'answer', digest, answer: { answer: 'rejected', reason } }] }
  const open: OpenPayment<P> = { sequence: state.nextSequence, digest, facts, payment }
  const numbered = { ...state, nextSequence: state.nextSequence + 1 }
  const keep: Effect<P> = { type: 'keep', payment: open }
  const placed = state.held.length > 0 ? undefined : place(numbered, open)
  if (placed) return sendDue(placed.state, [keep, ...placed.effects])
  if (state.held.length >= heldMax) return { state, effects: [{ type: 'full' }] }
  const held = { ...numbered, held: [...state.held, open] }
  return sendDue(held, [keep, { type: 'answer', digest, answer: { answer: 'wait' } }])
}

/** Why nothing of this user is taken (Q7, Q8). */
function standingRefusal<P>({ blockSize, refusal }: UserState<P>): RefusalReason | undefined {
  if (blockSize === 0) return 'blocked'
  return refusal === undefined ? undefined : 'block_refused'
}

/** True where one record can hold the queue and this payment. */
function fitsRecord<P>({ queue, queuedTokens }: UserState<P>, { facts }: OpenPayment<P>): boolean {
  if (queue.length >= limits.blockTransactions || queuedTokens + facts.tokens > limits.blockTokens) return false
  const before = queue.at(-1)?.facts.groups
  // mostly a payment's tokens are of the same group as those of the payment before it
  if (before && facts.groups.every(name => before.includes(name))) return true
  const names = new Set(facts.groups)
  for (const queued of queue) for (const name of queued.facts.groups) names.add(name)
  return names.size <= limits.blockGroups
}

/** Queues a payment or closes a block with it (Q1); undefined where it has to be held (Q2, Q3, Q11). */
function place<P>(state: UserState<P>, open: OpenPayment<P>): Step<P> | undefined {
  const before = awaited(state)
  if (before?.pending) return undefined
  if (state.queue.length > 0 && !fitsRecord(state, open)) return undefined
  const queue = [...state.queue, open]
  const queuedTokens = state.queuedTokens + open.facts.tokens
  const inFlight = state.early && state.block ? state.block.tokens : 0
  if (inFlight + queuedTokens < state.blockSize)
    return {
      state: { ...state, queue, queuedTokens },
      effects: [
        { type: 'answer', digest: open.digest, answer: { answer: 'deliver' } },
        { type: 'settle', payment: open },
      ],
    }
  if (before) return undefined
  const closed = close({ ...state, queue, queuedTokens }, true)
  const answer: Answer = { answer: 'wait', block: closed.state.block!.number }
  return { state: closed.state, effects: [{ type: 'answer', digest: open.digest, answer }, ...closed.effects] }
}

function close<P>(state: UserState<P>, pending: boolean): Step<P> {
  assert(awaited(state) === undefined, 'one block of a user at a time')
  const { last, queue: payments, queuedTokens: tokens } = state
  const block = { number: last.number + 1, previous: last.digest, pending, tokens, payments }
  return { state: { ...state, queue: [], queuedTokens: 0, block }, effects: [{ type: 'submit', block }] }
}

/** Closes a block of what is queued, with nothing pending, where it is time to. */
function sendDue<P>(state: UserState<P>, effects: readonly Effect<P>[]): Step<P> {
  if (awaited(state)) return { state, effects }
  if (state.queue.length === 0) return { state: state.isFlushing ? { ...state, isFlushing: false } : state, effects }
  if (!isDue(state)) return { state, effects }
  const closed = close(state, false)
  return { state: closed.state, effects: [...effects, ...closed.effects] }
}

/** A payment that does not fit makes room for itself (Q3); flushes (Q6); a lower W (Q8, Q9); early checking (Q11). */
function isDue<P>({ held, isFlushing, queuedTokens, blockSize, early }: UserState<P>): boolean {
  if (held.length > 0 || isFlushing || queuedTokens >= blockSize) return true
  return early !== undefined && queuedTokens * 10_000 >= blockSize * early.shareBp
}

function decided<P>(state: UserState<P>, { digest, transactions }: UserEvent<P> & { type: 'decided' }): Step<P> {
  const { block } = state
  assert(block !== undefined && transactions.length === block.payments.length, 'a verdict on the open block')
  const last: Head = { number: block.number, digest }
  const effects: Effect<P>[] = [{ type: 'advance', block, last }]
  for (const payment of block.payments) effects.push({ type: 'drop', payment })
  if (block.pending) {
    const payment = block.payments.at(-1)!
    const answer = pendingAnswer(transactions.at(-1)!, block.number)
    effects.push({ type: 'answer', digest: payment.digest, answer })
    if (answer.answer === 'deliver') effects.push({ type: 'settle', payment })
  }
  return { state: { ...state, last, block: undefined, awaitsTrust: { pending: block.pending } }, effects }
}

/** Q4. */
function pendingAnswer({ tokens }: TransactionVerdict, block: number): Answer {
  if (tokens.every(({ use }) => use === 'consumed')) return { answer: 'deliver', block }
  const isOwnFault = tokens.some(({ verdict }) => verdict !== '11')
  return { answer: 'rejected', reason: isOwnFault ? 'invalid_tokens' : 'block_invalid', block }
}

function trust<P>(state: UserState<P>, { blockSize, now }: UserEvent<P> & { type: 'trust' }): Step<P> {
  const trusted = { ...state, blockSize, awaitsTrust: undefined }
  if (blockSize === 0) {
    const rejected = rejectHeld(trusted)
    return state.refusal ? rejected : sendDue(rejected.state, rejected.effects)
  }
  return state.block || state.refusal ? { state: trusted, effects: [] } : drain(trusted, now)
}

/** Q8: W never rises from 0. */
function rejectHeld<P>(state: UserState<P>): Step<P> {
  const effects = state.held.flatMap(open => rejection(open, 'blocked'))
  return { state: { ...state, held: [] }, effects }
}

const rejection = <P>(open: OpenPayment<P>, reason: RefusalReason): Effect<P>[] => [
  { type: 'drop', payment: open },
  { type: 'answer', digest: open.digest, answer: { answer: 'rejected', reason } },
]

/** Q5, and then whatever is due. */
function drain<P>(state: UserState<P>, now: number): Step<P> {
  const effects: Effect<P>[] = []
  let current = state
  while (current.held.length > 0) {
    const [first, ...rest] = current.held
    const open = first!
    const reason = timeRefusal(open.facts, now) ?? standingRefusal(current)
    if (reason) {
      effects.push(...rejection(open, reason))
      current = { ...current, held: rest }
      continue
    }
    const placed = place({ ...current, held: rest }, open)
    if (!placed) break
    current = placed.state
    effects.push(...placed.effects)
  }
  return sendDue(current, effects)
}

/** Q7. */
function refused<P>(state: UserState<P>, { refusal }: UserEvent<P> & { type: 'refused' }): Step<P> {
  const { block } = state
  assert(block !== undefined, 'a refusal of the open block')
  const effects: Effect<P>[] = [{ type: 'discard', block }]
  const kept = block.pending ? block.payments.slice(0, -1) : block.payments
  const pending = block.pending ? block.payments.at(-1) : undefined
  if (pending) effects.push(...rejection(pending, 'block_refused'))
  // what is held stays held until a flush tries again: whatever made the ledger refuse would make it refuse the next block too
  const queue = [...kept, ...state.queue]
  const queuedTokens = tokensOf(queue)
  return { state: { ...state, block: undefined, queue, queuedTokens, isFlushing: false, refusal }, effects }
}
