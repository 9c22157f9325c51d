// The slotted simulation: in each slot users buy, then the ledger decides every block that waits, so that a verdict is there before the next slot.
import { Account, type AccountPurchase, type AccountRules, type DecidedBlock } from './account.ts'
import { type DrawnPurchase, Shopper } from './purchases.ts'
import type { RunResult, Setting } from './setting.ts'

const rulesOf = ({ model, initialBlockSize, withholdingBp, earlyBp }: Setting): AccountRules => ({
  terms: { model, w0: initialBlockSize, rounding: 'floor' },
  withholdingBp,
  earlyBp,
})

/** Sums over a run's accounts. */
class Tally {
  readonly #purchases: AccountPurchase[] = []
  /** Purchases that are not made because their user is blocked for good. */
  #skipped = 0
  #blocks = 0
  #tokens = 0
  #risk = 0n
  #grossLoss = 0n
  #blockSizes = 0
  #largestExposure = 0

  buy(account: Account, { tokens, doubleSpends }: DrawnPurchase): void {
    if (account.standing.blockSize === 0) this.#skipped++
    else this.#purchases.push(account.buy(tokens, doubleSpends))
  }

  decide(account: Account): void {
    account.decide(block => this.#add(block))
    this.#blockSizes += account.standing.blockSize
    this.#largestExposure = Math.max(this.#largestExposure, account.largestExposure)
  }

  #add({ tokens, risk, grossLoss }: DecidedBlock): void {
    this.#blocks++
    this.#tokens += tokens
    this.#risk += risk
    this.#grossLoss += grossLoss
  }

  /** `accountSlots`: over how many ends of a slot W is averaged. */
  result(accountSlots: number): RunResult {
    const count = (is: (purchase: AccountPurchase) => boolean): number => this.#purchases.filter(is).length
    const delivered = (hasWaited: boolean): number =>
      count(purchase => purchase.answer === 'deliver' && purchase.hasWaited === hasWaited)
    const risk = Number(this.#risk) / 10_000
    return {
      meanBlockSize: this.#blockSizes / accountSlots,
      blocks: this.#blocks,
      tokens: this.#tokens,
      meanRisk: this.#blocks === 0 ? 0 : risk / this.#blocks,
      totalRisk: risk,
      grossLoss: Number(this.#grossLoss) / 10_000,
      largestExposure: this.#largestExposure,
      purchases: this.#purchases.length + this.#skipped,
      deliveredAtOnce: delivered(false),
      deliveredAfterWaiting: delivered(true),
      waited: count(({ hasWaited }) => hasWaited),
      rejected: count(({ answer }) => answer === 'rejected') + this.#skipped,
      blocked: count(({ reason }) => reason === 'blocked') + this.#skipped,
    }
  }
}

/** One run of a setting. The same seed gives the same result on every machine. */
export function runSetting(setting: Setting, slots: number, seed: number): RunResult {
  const tally = new Tally()
  const shoppers = Array.from({ length: setting.users }, (_, user) => new Shopper(setting, seed, user))
  // users that have nothing in common can be run one after the other
  const groups = setting.sharing === 'shared' ? [shoppers] : shoppers.map(shopper => [shopper])
  for (const group of groups) {
    const account = new Account(rulesOf(setting))
    for (let slot = 0; slot < slots; slot++) {
      for (const shopper of group) {
        const purchase = shopper.next()
        if (purchase) tally.buy(account, purchase)
      }
      tally.decide(account)
    }
  }
  return tally.result(slots * groups.length)
}
