// Replays a trace: every user's purchases in their order, the users side by side, as fast as they are answered or at the trace's pace.
import type { Purchase } from '../trace/trace.ts'
import { type Buyer, tokensFor } from './buyers.ts'

/** How a purchase ended. */
export interface PurchaseOutcome {
  readonly purchase: Purchase
  readonly tokens: number
  readonly result: 'delivered at once' | 'delivered after waiting' | 'rejected'
  readonly reason: string | undefined
  /** It had to wait for its block's verdict. */
  readonly waited: boolean
  /** From the wish to buy to the last word on it, in milliseconds. */
  readonly waitMs: number
  /** The user's standing after it, where that was asked for. */
  readonly standing: { readonly gamma: number; readonly blockSize: number } | undefined
}

export interface ReplayOptions {
  /** How many times as fast as the trace's own clock; left out, as fast as it goes. */
  readonly speed?: number
  /** Ask the auditor for the user's trust after every purchase. */
  readonly watchTrust?: boolean
  /** Told after each purchase. */
  readonly onOutcome: (outcome: PurchaseOutcome, done: number) => void
}

async function buy(
  buyer: Buyer,
  purchase: Purchase,
  tokenValue: bigint,
  watchTrust: boolean,
): Promise<PurchaseOutcome> {
  const tokens = tokensFor(purchase, tokenValue)
  const start = performance.now()
  const { delivered, waited, reason } = await buyer.buy(purchase, tokens)
  const waitMs = performance.now() - start
  const result = delivered ? (waited ? 'delivered after waiting' : 'delivered at once') : 'rejected'
  const { gamma, blockSize } = watchTrust ? await buyer.trust() : { gamma: 0, blockSize: 0 }
  const standing = watchTrust ? { gamma, blockSize } : undefined
  return { purchase, tokens, result, reason, waited, waitMs, standing }
}

async function whenDue(purchase: Purchase, first: Purchase, start: number, speed: number): Promise<void> {
  const due = start + (purchase.time - first.time) / speed
  const left = due - performance.now()
  if (left > 0) await new Promise(resolve => setTimeout(resolve, left))
}

/** Replays the buyers' purchases. Outcomes come in the order in which purchases ended. */
export async function replay(
  buyers: readonly Buyer[],
  tokenValue: bigint,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<PurchaseOutcome[]> {
  const outcomes: PurchaseOutcome[] = []
  const first = buyers.flatMap(({ purchases }) => purchases[0] ?? []).reduce((a, b) => (b.time < a.time ? b : a))
  const start = performance.now()
  await Promise.all(
    buyers.map(async buyer => {
      for (const purchase of buyer.purchases) {
        if (options.speed !== undefined) await whenDue(purchase, first, start, options.speed)
        signal.throwIfAborted()
        const outcome = await buy(buyer, purchase, tokenValue, options.watchTrust === true)
        outcomes.push(outcome)
        options.onOutcome(outcome, outcomes.length)
      }
    }),
  )
  return outcomes
}
