// Replayed session: the client pays in each session with what it signed in the one before, at once with a payment that is good, and has the claim
// that ended that one carried again.
import type { Digest } from '../../proto/hash.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { Payment } from '../../proto/session/payment.ts'
import type { DishonestClient } from './behaviour.ts'

interface Ended {
  readonly session: Digest
  readonly payment: Payment
  readonly claim: SessionClaim
}

export const replayedSession: DishonestClient = honest => {
  let before: Ended | undefined
  let replayedIn: Digest | undefined
  return (context, state, event) => {
    const step = honest(context, state, event)
    const { session } = context
    const claimed = step.effects.find(effect => effect.type === 'claim')
    if (claimed?.type === 'claim') before = { session, payment: step.state.last.payment, claim: claimed.claim }
    // that the vendor refuses what it knows to be old does not keep it from paying
    const effects = step.effects.filter(effect => effect.type !== 'fault' || effect.reason !== 'wrong_session')
    const isPaid = event.type === 'pay' && step.state.isAnswered
    if (!before || before.session === session || replayedIn === session || !isPaid) return { ...step, effects }
    replayedIn = session
    const { payment, claim } = before
    return {
      ...step,
      effects: [{ type: 'send', message: { type: 'payment', payment } }, ...effects, { type: 'claim', claim }],
    }
  }
}
