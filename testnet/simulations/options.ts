// Options of the purchase model on the command line.
import { InvalidArgumentError, Option } from 'commander'
import { MupibError } from '../../proto/errors.ts'

/** A probability. */
export function upToOne(text: string): number {
  const value = /^(\d+(\.\d+)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN
  if (!(value <= 1)) throw new InvalidArgumentError('A number from 0 to 1.')
  return value
}

/** Costs of products in tokens, for one vendor or, with commas, several. */
export function tokenCounts(text: string): number[] {
  return text.split(',').map(part => {
    const value = /^\d{1,4}$/.test(part) ? Number(part) : 0
    if (value < 1) throw new InvalidArgumentError('A whole number of tokens from 1 to 9999, or several with commas.')
    return value
  })
}

/** One cost for each vendor: where there are more vendors than costs, the costs begin again. */
export function costsOf(costs: readonly number[], vendors = costs.length): number[] {
  if (vendors < costs.length)
    throw new MupibError('usage', `${costs.length} costs for ${vendors} vendors`, { hint: 'give at most one a vendor' })
  return Array.from({ length: vendors }, (_, at) => costs[at % costs.length]!)
}

export const perOption = (description: string): Option =>
  new Option('--per <what>', description).choices(['token', 'transaction'])
