// Money: whole minor units (cents, say) in a bigint, never a float. One constructor, so that every amount is in range.
import { MupibError } from './errors.ts'
import { limits } from './limits.ts'

declare const unit: unique symbol

/** From 0 to 2^63 - 1 minor units. */
export type Amount = bigint & { readonly [unit]: 'minor units' }

/** Makes an amount of a whole number of minor units; throws `bad_input` where it is negative or too large. */
export function createAmount(value: bigint): Amount {
  if (value < 0n || value > limits.amount)
    throw new MupibError('bad_input', `an amount of ${value} minor units`, { hint: `from 0 to ${limits.amount}` })
  return value as Amount
}

export const zeroAmount: Amount = createAmount(0n)

/** Reads a decimal string of minor units, without sign, point or leading zeros; throws `bad_input`. */
export function parseAmount(text: string): Amount {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text))
    throw new MupibError('bad_input', 'not an amount', { hint: 'minor units as a decimal string, such as "1250"' })
  return createAmount(BigInt(text))
}

/** The decimal string of minor units that `parseAmount` reads. */
export const formatAmount = (amount: Amount): string => amount.toString()

/** The sum; throws `bad_input` where it is too large. */
export function sumAmounts(...amounts: readonly Amount[]): Amount {
  let sum = 0n
  for (const amount of amounts) sum += amount
  return createAmount(sum)
}

/** So many times the amount; throws `bad_input` where that is negative or too large. */
export const multiplyAmount = (amount: Amount, times: number | bigint): Amount => createAmount(amount * BigInt(times))
