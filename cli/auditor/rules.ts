// The auditor's queue of one user, as a pure state machine: step(state, event) → state and effects. No clock, store or network.
// Q1 upon a payment while nothing is awaited: queue it and say "deliver"; where it brings the queue to W tokens, close a block with it as
//    the pending last one, and say "wait";
// Q2 upon a payment while a pending one is awaited, or behind one that is held: hold it, in order, up to a limit; say "wait";
// Q3 upon a payment that would close a block while a flush block is awaited, or that no longer fits into one record: hold it as well;
// Q4 upon the verdict: the pending payment is delivered where its tokens were consumed whole, else rejected; nothing else decides it;
// Q5 then the held ones in their order: each is checked again, and rejected or placed as in Q1 to Q3;
// Q6 upon a flush: close a block in which nothing is pending; while one is awaited, or payments are held, as soon as that is over;
// Q7 upon a refusal of the block: its number is free again, the pending payment is rejected, the delivered ones go back to the queue's
//    front, and nothing is taken until a flush tries again;
// Q8 W = 0: the user is blocked, and nothing is taken.
// Persist every effect of a step in one write before any answer or block goes out.
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { Refusal, TransactionVerdict } from '../../proto/verdict.ts'
import type { PresentedPayment } from '../common/payment.ts'
import type { Head } from '../common/stream.ts'
import { type RefusalReason, timeRefusal } from './check.ts'

/** What a vendor is told of a payment; `wait` is followed by one of the others. */
export interface Answer {
  readonly answer: 'deliver' | 'wait' | 'rejected'
  readonly reason?: RefusalReason
  /** Number of the user's block that decided it, or waits to. */
  readonly block?: number
}

/** A payment that was taken and not decided by a block yet. */
export interface OpenPayment {
  /** Order of arrival among the user's payments. */
  readonly sequence: number
  readonly digest: Digest
  readonly payment: PresentedPayment
}

/** A block that awaits its verdict. */
export interface OpenBlock {
  readonly number: number
  readonly previous: Digest
  /** The last payment waits for the verdict. */
  readonly pending: boolean
  readonly payments: readonly OpenPayment[]
}

export interface UserState {
  /** The last decided block of this auditor for the user. */
  readonly last: Head
  /** W. */
  readonly blockSize: number
  readonly queue: readonly OpenPayment[]
  readonly held: readonly OpenPayment[]
  readonly block: OpenBlock | undefined
  readonly nextSequence: number
  /** A flush was asked for and is not through yet. */
  readonly isFlushing: boolean
  /** Why the ledger refused the last block; cleared by the next flush, which tries again. */
  readonly refusal: Refusal | undefined
}

export type UserEvent =
  | { readonly type: 'present'; readonly digest: Digest; readonly payment: PresentedPayment; readonly now: number }
  | {
      readonly type: 'decided'
      readonly digest: Digest
      readonly transactions: readonly TransactionVerdict[]
      readonly now: number
    }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly now: number }
  | { readonly type: 'flush'; readonly now: number }

export type Effect =
  /** Keep the payment until a block decides it. */
  | { readonly type: 'keep'; readonly payment: OpenPayment }
  /** Decided, or rejected: it is kept no longer. */
  | { readonly type: 'drop'; readonly payment: OpenPayment }
  | { readonly type: 'answer'; readonly digest: Digest; readonly answer: Answer }
  | { readonly type: 'submit'; readonly block: OpenBlock }
  /** The block is the newest decided one. */
  | { readonly type: 'advance'; readonly block: OpenBlock; readonly last: Head }
  /** The block never was: its number is free. */
  | { readonly type: 'discard'; readonly block: OpenBlock }
  /** Too many payments are held: nothing was taken, the vendor may try again. */
  | { readonly type: 'full' }

/** Payments of one user that may be held. */
export const heldMax = 256

export interface Step {
  readonly state: UserState
  readonly effects: readonly Effect[]
}

export function createUserState(last: Head, blockSize: number): UserState {
  return {
    last,
    blockSize,
    queue: [],
    held: [],
    block: undefined,
    nextSequence: 0,
    isFlushing: false,
    refusal: undefined,
  }
}

/** Tokens of the payments together. */
export const tokensOf = (payments: readonly OpenPayment[]): number =>
  payments.reduce((sum, { payment }) => sum + payment.tokens.length, 0)

function groupNames(payments: readonly OpenPayment[]): Set<string> {
  const names = new Set<string>()
  for (const { payment } of payments) {
    let last: unknown
    for (const { group } of payment.tokens) {
      // a payment's tokens mostly share their group: its name is put together once
      if (group === last) continue
      last = group
      names.add(`${group.bank}/${group.publication}/${group.value}/${group.issuedAt}/${group.payBy}/${group.expiry}`)
    }
  }
  return names
}

/** True where one record can hold all of them. */
function fitsRecord(payments: readonly OpenPayment[]): boolean {
  return (
    payments.length <= limits.blockTransactions &&
    tokensOf(payments) <= limits.blockTokens &&
    groupNames(payments).size <= limits.blockGroups
  )
}

export function step(state: UserState, event: UserEvent): Step {
  switch (event.type) {
    case 'present':
      return present(state, event)
    case 'decided':
      return decided(state, event)
    case 'refused':
      return refused(state, event)
    case 'flush': {
      const flushing = { ...state, isFlushing: true, refusal: undefined }
      return state.block ? { state: flushing, effects: [] } : drain(flushing, event.now)
    }
  }
}

function present(state: UserState, { digest, payment, now }: UserEvent & { type: 'present' }): Step {
  const reason = timeRefusal(payment, now) ?? standingRefusal(state)
  if (reason) return { state, effects: [{ type: 'answer', digest, answer: { answer: 'rejected', reason } }] }
  const open: OpenPayment = { sequence: state.nextSequence, digest, payment }
  const numbered = { ...state, nextSequence: state.nextSequence + 1 }
  const placed = state.held.length > 0 ? undefined : place(numbered, open)
  if (placed) return { state: placed.state, effects: [{ type: 'keep', payment: open }, ...placed.effects] }
  if (state.held.length >= heldMax) return { state, effects: [{ type: 'full' }] }
  const wait: Effect = { type: 'answer', digest, answer: { answer: 'wait' } }
  const held = { ...numbered, held: [...state.held, open] }
  return hold(held, [{ type: 'keep', payment: open }, wait])
}

/** Why nothing of this user is taken (Q7, Q8). */
function standingRefusal({ blockSize, refusal }: UserState): RefusalReason | undefined {
  if (blockSize === 0) return 'blocked'
  return refusal === undefined ? undefined : 'block_refused'
}

/** A payment that does not fit into a record with the queue makes room for itself (Q3). */
function hold(state: UserState, effects: readonly Effect[]): Step {
  if (state.block || state.queue.length === 0) return { state, effects }
  const closed = close(state, state.queue, false)
  return { state: closed.state, effects: [...effects, ...closed.effects] }
}

/** Queues a payment or closes a block with it (Q1); undefined where it has to be held (Q2, Q3). */
function place(state: UserState, open: OpenPayment): Step | undefined {
  if (state.block?.pending) return undefined
  const queue = [...state.queue, open]
  if (state.queue.length > 0 && !fitsRecord(queue)) return undefined
  if (tokensOf(queue) < state.blockSize) {
    const answer: Effect = { type: 'answer', digest: open.digest, answer: { answer: 'deliver' } }
    return { state: { ...state, queue }, effects: [answer] }
  }
  if (state.block) return undefined
  const closed = close(state, queue, true)
  const answer: Answer = { answer: 'wait', block: closed.state.block!.number }
  return { state: closed.state, effects: [{ type: 'answer', digest: open.digest, answer }, ...closed.effects] }
}

function close(state: UserState, payments: readonly OpenPayment[], pending: boolean): Step {
  assert(state.block === undefined, 'one block of a user at a time')
  const block = { number: state.last.number + 1, previous: state.last.digest, pending, payments }
  return { state: { ...state, queue: [], block }, effects: [{ type: 'submit', block }] }
}

function decided(state: UserState, { digest, transactions, now }: UserEvent & { type: 'decided' }): Step {
  const { block } = state
  assert(block !== undefined && transactions.length === block.payments.length, 'a verdict on the open block')
  const last: Head = { number: block.number, digest }
  const effects: Effect[] = [{ type: 'advance', block, last }]
  for (const payment of block.payments) effects.push({ type: 'drop', payment })
  if (block.pending) {
    const answer = pendingAnswer(transactions.at(-1)!, block.number)
    effects.push({ type: 'answer', digest: block.payments.at(-1)!.digest, answer })
  }
  const drained = drain({ ...state, last, block: undefined }, now)
  return { state: drained.state, effects: [...effects, ...drained.effects] }
}

/** Q4. */
function pendingAnswer({ tokens }: TransactionVerdict, block: number): Answer {
  if (tokens.every(({ use }) => use === 'consumed')) return { answer: 'deliver', block }
  const isOwnFault = tokens.some(({ verdict }) => verdict !== '11')
  return { answer: 'rejected', reason: isOwnFault ? 'invalid_tokens' : 'block_invalid', block }
}

/** Q5, and then the flush that waits (Q6). */
function drain(state: UserState, now: number): Step {
  const effects: Effect[] = []
  let current = state
  while (current.held.length > 0) {
    const [first, ...rest] = current.held
    const open = first!
    const reason = timeRefusal(open.payment, now) ?? standingRefusal(current)
    if (reason) {
      effects.push({ type: 'drop', payment: open })
      effects.push({ type: 'answer', digest: open.digest, answer: { answer: 'rejected', reason } })
      current = { ...current, held: rest }
      continue
    }
    const placed = place({ ...current, held: rest }, open)
    if (!placed) break
    current = placed.state
    effects.push(...placed.effects)
  }
  const after = current.held.length > 0 ? hold(current, []) : flush(current)
  return { state: after.state, effects: [...effects, ...after.effects] }
}

/** Q6. */
function flush(state: UserState): Step {
  if (!state.isFlushing || state.block) return { state, effects: [] }
  if (state.queue.length > 0) return close(state, state.queue, false)
  return { state: state.held.length > 0 ? state : { ...state, isFlushing: false }, effects: [] }
}

/** Q7. */
function refused(state: UserState, { refusal }: UserEvent & { type: 'refused' }): Step {
  const { block } = state
  assert(block !== undefined, 'a refusal of the open block')
  const effects: Effect[] = [{ type: 'discard', block }]
  const kept = block.pending ? block.payments.slice(0, -1) : block.payments
  const pending = block.pending ? block.payments.at(-1) : undefined
  if (pending) {
    effects.push({ type: 'drop', payment: pending })
    effects.push({ type: 'answer', digest: pending.digest, answer: { answer: 'rejected', reason: 'block_refused' } })
  }
  // what is held stays held until a flush tries again: whatever made the ledger refuse would make it refuse the next block too
  const queue = [...kept, ...state.queue]
  return { state: { ...state, block: undefined, queue, isFlushing: false, refusal }, effects }
}
