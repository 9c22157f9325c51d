// Replays a trace: every user's purchases in their order, the users side by side, as fast as the auditor answers or at the trace's pace.
import { randomBytes } from 'node:crypto'
import { informationDigest } from '../../cli/common/information.ts'
import type { PresentedPayment } from '../../cli/common/payment.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Purchase } from '../trace/trace.ts'
import type { PaymentAnswer, Services } from './services.ts'
import { Wallet } from './wallet.ts'

/** How a purchase ended. */
export interface PurchaseOutcome {
  readonly purchase: Purchase
  readonly tokens: number
  readonly result: 'delivered at once' | 'delivered after waiting' | 'rejected'
  readonly reason: string | undefined
  /** It had to wait for its block's verdict. */
  readonly waited: boolean
  /** From presenting the payment to the last word on it, in milliseconds. */
  readonly waitMs: number
}

export interface ReplayOptions {
  /** How many times as fast as the trace's own clock; left out, as fast as the auditor answers. */
  readonly speed?: number
  /** Told after each purchase. */
  readonly onOutcome: (outcome: PurchaseOutcome, done: number) => void
}

/** A replayed user: name, key and wallet. */
export interface ReplayUser {
  readonly name: string
  readonly wallet: Wallet
  readonly purchases: readonly Purchase[]
}

/** How long after its signature a payment is good: no replay on a laptop should run into it. */
const deadlineMs = 3_600_000

/** Tokens that a price takes. Throws `bad_input` where it is no multiple of a token's value. */
function tokensFor(purchase: Purchase, tokenValue: bigint): number {
  if (purchase.price % tokenValue !== 0n)
    throw new MupibError(
      'bad_input',
      `the price ${purchase.price} of ${purchase.item} is no multiple of ${tokenValue}`,
      {
        hint: `a token of this bank is worth ${tokenValue}`,
      },
    )
  return Number(purchase.price / tokenValue)
}

/** The users of a trace, each with an empty wallet and the purchases in order. */
export function usersOf(purchases: readonly Purchase[], services: Services): ReplayUser[] {
  const byName = new Map<string, Purchase[]>()
  for (const purchase of purchases) {
    const own = byName.get(purchase.user)
    if (own) own.push(purchase)
    else byName.set(purchase.user, [purchase])
  }
  return [...byName].map(([name, own]) => ({ name, wallet: new Wallet(services.network), purchases: own }))
}

/** Buys every user the tokens that the trace needs. */
export async function fillWallets(users: readonly ReplayUser[], services: Services): Promise<number> {
  const counts = await Promise.all(
    users.map(async ({ wallet, purchases }) => {
      const count = purchases.reduce((sum, purchase) => sum + tokensFor(purchase, services.tokenValue), 0)
      wallet.add(await services.issue(wallet.key.publicKey, count))
      return count
    }),
  )
  return counts.reduce((sum, count) => sum + count, 0)
}

async function buy(user: ReplayUser, purchase: Purchase, services: Services): Promise<PurchaseOutcome> {
  const time = Date.now()
  const tokens = tokensFor(purchase, services.tokenValue)
  const details = {
    vendor: purchase.vendor,
    auditor: services.auditor,
    item: purchase.item,
    price: purchase.price,
    nonce: toHex(randomBytes(16)),
    deadline: time + deadlineMs,
  }
  const digest = informationDigest(services.network, details)
  const { payment, taken } = user.wallet.pay(purchase.behaviour, tokens, digest, time)
  const request: PresentedPayment = { ...payment, holder: user.wallet.key.publicKey, details }
  const start = performance.now()
  const first = await services.pay(request)
  // a replaying vendor presents the payment once more: the auditor must give the answer that it gave
  const again = purchase.behaviour === 'replay' ? await services.pay(request) : first
  const last: PaymentAnswer = again.answer === 'wait' ? await services.settled(payment.digest) : again
  const waitMs = performance.now() - start
  if (last.answer === 'deliver') user.wallet.noteSpent(taken)
  else user.wallet.add(taken)
  const delivered = first.answer === 'wait' ? 'delivered after waiting' : 'delivered at once'
  return {
    purchase,
    tokens,
    result: last.answer === 'deliver' ? delivered : 'rejected',
    reason: last.reason,
    waited: again.answer === 'wait',
    waitMs,
  }
}

async function whenDue(purchase: Purchase, first: Purchase, start: number, speed: number): Promise<void> {
  const due = start + (purchase.time - first.time) / speed
  const left = due - performance.now()
  if (left > 0) await new Promise(resolve => setTimeout(resolve, left))
}

/** Replays the users' purchases, their wallets filled before. Outcomes come in the order in which purchases ended. */
export async function replay(
  users: readonly ReplayUser[],
  services: Services,
  options: ReplayOptions,
  signal: AbortSignal,
): Promise<PurchaseOutcome[]> {
  const outcomes: PurchaseOutcome[] = []
  const first = users.flatMap(({ purchases }) => purchases[0] ?? []).reduce((a, b) => (b.time < a.time ? b : a))
  const start = performance.now()
  await Promise.all(
    users.map(async user => {
      for (const purchase of user.purchases) {
        if (options.speed !== undefined) await whenDue(purchase, first, start, options.speed)
        signal.throwIfAborted()
        const outcome = await buy(user, purchase, services)
        outcomes.push(outcome)
        options.onOutcome(outcome, outcomes.length)
      }
    }),
  )
  return outcomes
}
