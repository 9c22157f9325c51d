// Which Twins cases there are: all of four validators, one of them twice, in four views; and deeper ones drawn from seeds.
import { Random } from '../../consensus/simulator/random.ts'
import { faultsBorne } from '../../proto/chain.ts'
import type { TwinsCase } from './twins.ts'

const exhaustiveViews = 4
/** Ways to part five processes into two sides, one of which may be empty. */
const partings = 16
/** Cases of the exhaustive run: one parting for each view. */
export const exhaustiveCases = partings ** exhaustiveViews

/** The first process stands on side 0; a bit for each of the others. */
function sidesOf(parting: number): number[] {
  return [0, 1, 2, 3, 4].map(process => (process === 0 ? 0 : (parting >> (process - 1)) & 1))
}

/** One case of the exhaustive run, 0 to exhaustiveCases − 1: four bits for each view. The twin leads the third of its four views. */
export function exhaustiveCase(number: number): TwinsCase {
  const sides = Array.from({ length: exhaustiveViews }, (_, view) => sidesOf((number >> (4 * view)) & (partings - 1)))
  return { validators: 4, twins: [3], sides }
}

/** A random parting: mostly two sides of any sizes, now and then three, or none. */
function drawSides(random: Random, processes: number): number[] {
  if (random.chance(0.15)) return Array<number>(processes).fill(0)
  const order = random.shuffle([...Array(processes).keys()])
  const cuts = [random.between(1, processes - 1), random.chance(0.25) ? random.between(1, processes - 1) : processes]
  const sides = Array<number>(processes).fill(0)
  for (const [rank, process] of order.entries()) sides[process] = cuts.filter(cut => rank >= cut).length
  return sides
}

/** A deeper case: 8 to 12 views, 4 or 7 validators, f of them twice (or as many as asked for). A parting may last for several views. */
export function sampledCase(seed: number, twinCount?: number): TwinsCase {
  const random = new Random(seed).fork(200)
  const validators = twinCount === undefined ? random.pick([4, 4, 7]) : 4
  const all = [...Array(validators).keys()]
  const twins = random.shuffle(all).slice(0, twinCount ?? faultsBorne(validators))
  const sides: number[][] = []
  const views = random.between(8, 12)
  for (let view = 0; view < views; view++) {
    const before = sides.at(-1)
    sides.push(before && random.chance(0.25) ? before : drawSides(random, validators + twins.length))
  }
  return { validators, twins, sides }
}
