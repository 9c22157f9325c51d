// Old close: once half of its units have arrived, the client closes alone, at half of what it paid.
import { signClose } from '../../proto/session/claims.ts'
import { type DishonestClient, turningPoint } from './behaviour.ts'

export const oldClose: DishonestClient = honest => (context, state, event) => {
  const { terms, session, key } = context
  if (state.phase !== 'open' || state.served < turningPoint(terms)) return honest(context, state, event)
  const index = Math.floor(state.made / 2)
  const claim = { form: 'client', index, client: signClose(session, 'client', index, key) } as const
  return {
    state: { ...state, phase: 'closed' },
    effects: [
      { type: 'persist', served: state.served, phase: 'closed', claim },
      { type: 'claim', claim },
    ],
  }
}
