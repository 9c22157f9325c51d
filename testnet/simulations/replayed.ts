// A trace through the simulated auditor: what a network that replays the same trace has to answer, purchase by purchase.
import { MupibError } from '../../proto/errors.ts'
import type { Purchase } from '../trace/trace.ts'
import { Account, type AccountRules, type DecidedBlock } from './account.ts'

/** What a purchase was answered, and where its user stood once the block that it closed, if it closed one, was decided. */
export interface SimulatedAnswer {
  readonly purchase: Purchase
  readonly answer: 'at once' | 'after waiting' | 'rejected'
  /** Before the last word on it the buyer was told to wait. */
  readonly hasWaited: boolean
  /** Of its tokens, those that the ledger will find invalid and charge. */
  readonly charged: number
  readonly gamma: number
  readonly blockSize: number
}

export interface TraceRules extends AccountRules {
  /** In minor units. */
  readonly tokenValue: bigint
}

export interface SimulatedTrace {
  readonly answers: readonly SimulatedAnswer[]
  /** Each user's decided blocks, in order. */
  readonly blocks: ReadonlyMap<string, readonly DecidedBlock[]>
}

/**
 * Runs a trace, every verdict there before its user's next purchase. Answers are in the trace's order; users do not bear on each other.
 * Throws `bad_input` where a price is no multiple of the token's value.
 */
export function simulateTrace(purchases: readonly Purchase[], rules: TraceRules): SimulatedTrace {
  const accounts = new Map<string, Account>()
  const blocks = new Map<string, DecidedBlock[]>()
  const answers = purchases.map((purchase): SimulatedAnswer => {
    const { user } = purchase
    const account = accounts.get(user) ?? new Account(rules)
    accounts.set(user, account)
    const decided = blocks.get(user) ?? []
    blocks.set(user, decided)
    const bought = account.buy(...tokensOf(purchase, rules.tokenValue))
    account.decide(block => decided.push(block))
    const { answer, hasWaited, invalid } = bought
    const delivered = hasWaited ? 'after waiting' : 'at once'
    return {
      purchase,
      answer: answer === 'deliver' ? delivered : 'rejected',
      hasWaited,
      charged: invalid,
      ...account.standing,
    }
  })
  return { answers, blocks }
}

/** Tokens of a purchase, those to be spent again, and those bad in another way. */
function tokensOf(purchase: Purchase, tokenValue: bigint): [tokens: number, doubleSpends: number, bad: number] {
  if (purchase.price % tokenValue !== 0n)
    throw new MupibError('bad_input', `the price ${purchase.price} is no multiple of ${tokenValue}`)
  const tokens = Number(purchase.price / tokenValue)
  switch (purchase.behaviour) {
    // a vendor's replay is answered as it was before
    case 'honest':
    case 'replay':
      return [tokens, 0, 0]
    case 'double-spend':
      return [tokens, purchase.doubleSpends ?? tokens, 0]
    case 'altered':
    case 'forged':
      return [tokens, 0, 1]
  }
}
