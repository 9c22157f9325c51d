// Lying vendor: it takes the payment after the middle, serves nothing for it, and claims all payments of the session with the last w that it has.
import { heldIndex } from '../../cli/channel/vendor-rules.ts'
import { signClose } from '../../proto/session/claims.ts'
import { type DishonestVendor, turningPoint } from './behaviour.ts'

export const lyingVendor: DishonestVendor = honest => (context, state, event) => {
  const { terms, session, key } = context
  if (heldIndex(state) > turningPoint(terms)) return { state, effects: [] }
  const step = honest(context, state, event)
  if (heldIndex(step.state) <= turningPoint(terms)) return step
  const index = terms.paymentsMax
  const value = step.state.last!.word
  const claim = { form: 'vendor', index, value, vendor: signClose(session, 'vendor', index, key) } as const
  return { ...step, effects: [...step.effects.filter(({ type }) => type === 'persist'), { type: 'claim', claim }] }
}
