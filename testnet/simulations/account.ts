// One user's account at a simulated auditor: the auditor's own rules, trust and risk. The ledger is a rule of three lines: a token spent again is a
// duplicate that is charged, every other one is valid, consumed unless its transaction is pending in a block that holds an invalid one.

import { type BlockRisk, blockRisk } from '../../cli/auditor/risk.ts'
import {
  createUserState,
  type Effect,
  type OpenBlock,
  type PaymentFacts,
  step,
  type UserEvent,
  type UserState,
} from '../../cli/auditor/rules.ts'
import { applyBlock, initialStanding, type Standing } from '../../cli/auditor/trust.ts'
import { zeroDigest } from '../../proto/hash.ts'
import type { TrustTerms } from '../../proto/records.ts'
import type { TokenVerdict, TransactionVerdict } from '../../proto/verdict.ts'
import { spentAgainCount } from '../trace/double-spend.ts'

/** A purchase as the account keeps it. */
export interface AccountPurchase {
  readonly tokens: number
  /** Of these, spent again or bad in another way: the ledger will find them invalid, and charge them. */
  readonly invalid: number
  answer: 'deliver' | 'rejected' | undefined
  hasWaited: boolean
  reason: string | undefined
}

/** A block's verdict, as far as a simulation counts it; risk and loss in ten-thousandths of a token's value. */
export interface DecidedBlock extends BlockRisk {
  readonly tokens: number
}

/** How the auditor treats a user. */
export interface AccountRules {
  readonly terms: TrustTerms
  /** ρ in basis points. */
  readonly withholdingBp: number
  /** Share of W in basis points at which a queue is checked early; 10,000 checks at W alone. */
  readonly earlyBp: number
}

export class Account {
  readonly #rules: AccountRules
  readonly #purchases: AccountPurchase[] = []
  #state: UserState<AccountPurchase>
  #standing: Standing
  /** Tokens that delivered payments were the first to spend. */
  #spent = 0
  #exposure = 0
  #largestExposure = 0

  constructor(rules: AccountRules) {
    this.#rules = rules
    this.#standing = initialStanding(rules.terms)
    const early = rules.earlyBp < wholeBp ? { shareBp: rules.earlyBp } : undefined
    this.#state = createUserState({ number: 0, digest: zeroDigest }, this.#standing.blockSize, early)
  }

  get standing(): Standing {
    return this.#standing
  }

  /** The most tokens that were ever delivered for and not yet decided: what the auditor could have lost at once. */
  get largestExposure(): number {
    return this.#largestExposure
  }

  /** Presents a payment of so many tokens, of which `doubleSpends` are to be spent again, and `bad` are altered or forged. */
  buy(tokens: number, doubleSpends: number, bad = 0): AccountPurchase {
    const invalid = bad + spentAgainCount(this.#spent, doubleSpends, tokens)
    const purchase: AccountPurchase = { tokens, invalid, answer: undefined, hasWaited: false, reason: undefined }
    const digest = String(this.#purchases.push(purchase) - 1)
    const facts: PaymentFacts = { tokens, groups, deadline: Number.MAX_SAFE_INTEGER, payBy: Number.MAX_SAFE_INTEGER }
    this.#apply({ type: 'present', digest, facts, payment: purchase, now: 0 })
    this.#noteExposure()
    return purchase
  }

  /** Lets the ledger decide what awaits a verdict, and what follows from it, until nothing does. */
  decide(onBlock: (block: DecidedBlock) => void): void {
    for (let block = this.#state.block; block; block = this.#state.block) onBlock(this.#decideBlock(block))
  }

  #decideBlock({ pending, payments, tokens }: OpenBlock<AccountPurchase>): DecidedBlock {
    const purchases = payments.map(({ payment }) => payment)
    const charged = sum(purchases, ({ invalid }) => invalid)
    const isReleased = pending && charged > 0
    const transactions = purchases.map((purchase, at) =>
      verdictOn(purchase, at, isReleased && at === purchases.length - 1),
    )
    this.#standing = applyBlock(this.#rules.terms, this.#standing, charged)
    this.#apply({ type: 'decided', digest: zeroDigest, transactions, now: 0 })
    const settled = purchases.filter(({ answer }) => answer === 'deliver')
    this.#exposure -= sum(settled, purchase => purchase.tokens)
    this.#apply({ type: 'trust', blockSize: this.#standing.blockSize, now: 0 })
    this.#noteExposure()
    return { tokens, ...blockRisk(settled, { tokenValue: 1n, withholdingBp: this.#rules.withholdingBp }) }
  }

  #apply(event: UserEvent<AccountPurchase>): void {
    const { state, effects } = step(this.#state, event)
    this.#state = state
    for (const effect of effects) this.#note(effect)
  }

  #note(effect: Effect<AccountPurchase>): void {
    if (effect.type === 'settle') {
      const { tokens, invalid } = effect.payment.payment
      this.#spent += tokens - invalid
      this.#exposure += tokens
    }
    if (effect.type !== 'answer') return
    const purchase = this.#purchases[Number(effect.digest)]!
    const { answer, reason } = effect.answer
    if (answer === 'wait') {
      purchase.hasWaited = true
      return
    }
    purchase.answer = answer
    purchase.reason = reason
  }

  #noteExposure(): void {
    this.#largestExposure = Math.max(this.#largestExposure, this.#exposure)
  }
}

const wholeBp = 10_000
const groups: readonly string[] = ['tokens']

const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0)

const place = { bank: zeroDigest, publication: 1, index: 0 } as const
const valid = { ...place, verdict: '11', reason: 'valid', charged: false, firstUse: undefined } as const
const consumed: TokenVerdict = { ...valid, use: 'consumed' }
const released: TokenVerdict = { ...valid, use: 'released' }
const duplicate: TokenVerdict = {
  ...place,
  verdict: '10',
  reason: 'duplicate',
  use: 'none',
  charged: true,
  firstUse: { record: zeroDigest, transaction: 0, payload: zeroDigest },
}

function verdictOn({ tokens, invalid }: AccountPurchase, index: number, isReleased: boolean): TransactionVerdict {
  const good = isReleased ? released : consumed
  return {
    record: zeroDigest,
    index,
    payload: zeroDigest,
    pending: isReleased,
    holder: invalid > 0 ? 'valid' : 'unchecked',
    tokens: Array.from({ length: tokens }, (_, at) => (at < invalid ? duplicate : good)),
  }
}
