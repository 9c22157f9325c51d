// Vanishing vendor: it takes the payment after the middle and serves nothing for it, and says nothing any more, to anybody.
import { heldIndex } from '../../cli/channel/vendor-rules.ts'
import { type DishonestVendor, turningPoint } from './behaviour.ts'

export const vanishingVendor: DishonestVendor = honest => (context, state, event) => {
  if (heldIndex(state) > turningPoint(context.terms)) return { state, effects: [] }
  const step = honest(context, state, event)
  const isGone = heldIndex(step.state) > turningPoint(context.terms)
  return isGone ? { ...step, effects: step.effects.filter(({ type }) => type === 'persist') } : step
}
