// Vanishing client: once half of its units have arrived, it says nothing any more, to anybody.
import { type DishonestClient, turningPoint } from './behaviour.ts'

export const vanishingClient: DishonestClient = honest => (context, state, event) =>
  state.served >= turningPoint(context.terms) ? { state, effects: [] } : honest(context, state, event)
