// Which tokens a purchase spends a second time: one rule for simulated purchases and for the wallets of a replay. A token can be spent again
// only once the user had something for it, so only tokens that a delivered payment was the first to spend come into question, the newest
// first, and none of them twice in one payment.

/** How many tokens a payment of `tokens` spends again where `wanted` are asked for and `spent` come into question. */
export const spentAgainCount = (spent: number, wanted: number, tokens: number): number =>
  Math.min(spent, wanted, tokens)

/** The tokens themselves; `spent` holds, oldest first, those that delivered payments were the first to spend. */
export function tokensSpentAgain<T>(spent: readonly T[], wanted: number, tokens: number): readonly T[] {
  return spent.slice(spent.length - spentAgainCount(spent.length, wanted, tokens))
}
