// The first paper's purchase model (section 7.1): in every slot of time each user buys with a fixed probability one product of one vendor,
// and each of its tokens, or each whole transaction in one of its tokens, is a double spend with probability q.
import { SeededRandom } from '../random.ts'

export interface PurchaseModel {
  /** Probability that a user buys in a slot (f). */
  readonly frequency: number
  /** What each vendor's product costs, in tokens; a buyer goes to each of them alike. */
  readonly costs: readonly number[]
  /** q. */
  readonly doubleSpendRate: number
  /** What q counts: every token, or transactions of which then one token is spent again (Proposition 2). */
  readonly per: 'token' | 'transaction'
}

export interface DrawnPurchase {
  readonly slot: number
  /** Numbered from 0, as vendors are. */
  readonly user: number
  readonly vendor: number
  readonly tokens: number
  /** Tokens that the buyer would spend again, had enough of them been spent before. */
  readonly doubleSpends: number
}

// Odd constants that keep the streams of neighbouring seeds and users apart; the generator scrambles the sum.
const streamSeed = (seed: number, user: number): number =>
  (Math.imul(seed, 0x9e3779b1) + Math.imul(user + 1, 0x85ebca77)) >>> 0

/**
 * One user's purchases, slot by slot. What is drawn depends on seed and user alone, not on W, trust model or rate, so that runs with one seed
 * differ only by what is compared.
 */
export class Shopper {
  readonly #model: PurchaseModel
  readonly #user: number
  readonly #random: SeededRandom
  #slot = 0

  constructor(model: PurchaseModel, seed: number, user: number) {
    this.#model = model
    this.#user = user
    this.#random = new SeededRandom(streamSeed(seed, user))
  }

  /** What is bought in the next slot, if anything. */
  next(): DrawnPurchase | undefined {
    const slot = this.#slot++
    const { frequency, costs } = this.#model
    if (this.#random.fraction() >= frequency) return undefined
    const vendor = this.#random.integer(0, costs.length - 1)
    const tokens = costs[vendor]!
    return { slot, user: this.#user, vendor, tokens, doubleSpends: this.#doubleSpends(tokens) }
  }

  #doubleSpends(tokens: number): number {
    const { doubleSpendRate, per } = this.#model
    let count = 0
    for (let draw = per === 'token' ? tokens : 1; draw > 0; draw--)
      if (this.#random.fraction() < doubleSpendRate) count++
    return count
  }
}

/** All purchases of so many users, slot by slot. */
export function drawPurchases(model: PurchaseModel, users: number, slots: number, seed: number): DrawnPurchase[] {
  const shoppers = Array.from({ length: users }, (_, user) => new Shopper(model, seed, user))
  const purchases: DrawnPurchase[] = []
  for (let slot = 0; slot < slots; slot++)
    for (const shopper of shoppers) {
      const purchase = shopper.next()
      if (purchase) purchases.push(purchase)
    }
  return purchases
}
