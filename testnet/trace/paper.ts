// Purchases drawn after the paper's model as a trace, so that the same ones run in a simulation and through a network.
import { type DrawnPurchase, drawPurchases, type PurchaseModel } from '../simulations/purchases.ts'
import type { Purchase } from './trace.ts'

export interface PaperTrace extends PurchaseModel {
  readonly seed: number
  readonly users: number
  readonly slots: number
  /** What a token is worth, in minor units. */
  readonly tokenValue: bigint
}

/** Time of the first slot, in milliseconds since 1970, and length of a slot. */
const start = Date.UTC(2026, 2, 2)
const slotMs = 60_000

const numbered = (kind: string, at: number): string => `${kind}-${String(at + 1).padStart(2, '0')}`

function toPurchase({ slot, user, vendor, tokens, doubleSpends }: DrawnPurchase, tokenValue: bigint): Purchase {
  return {
    time: start + slot * slotMs,
    user: numbered('user', user),
    vendor: numbered('vendor', vendor),
    item: 'product',
    price: BigInt(tokens) * tokenValue,
    ...(doubleSpends === 0 ? { behaviour: 'honest' } : { behaviour: 'double-spend', doubleSpends }),
  }
}

/** A trace in order of time. The same model gives the same purchases on every machine. */
export function generatePaperTrace(model: PaperTrace): Purchase[] {
  const drawn = drawPurchases(model, model.users, model.slots, model.seed)
  return drawn.map(purchase => toPurchase(purchase, model.tokenValue))
}
