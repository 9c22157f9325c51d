// How adversaries split those to whom they tell different stories: as evenly as can be, for with all of them on one side there is one story.
import type { Random } from './random.ts'

/** Draws the half that each honest validator belongs to. */
export function evenSides(validators: number, faulty: ReadonlySet<number>, random: Random): (peer: number) => 0 | 1 {
  const honest = random.shuffle([...Array(validators).keys()].filter(peer => !faulty.has(peer)))
  const second = new Set(honest.slice(Math.ceil(honest.length / 2)))
  return peer => (second.has(peer) ? 1 : 0)
}
