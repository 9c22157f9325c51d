// Bad lock: the payment in the middle is good in every way but that its lock opens nothing.
import { sign, signatureBytes } from '../../proto/keys.ts'
import { encodePayment, type Payment } from '../../proto/session/payment.ts'
import { type DishonestClient, turningPoint } from './behaviour.ts'

export const badLock: DishonestClient = honest => (context, state, event) => {
  const step = honest(context, state, event)
  const spoiled = (payment: Payment): Payment => {
    if (payment.index !== turningPoint(context.terms)) return payment
    const unsigned = { ...payment, lock: payment.lock.map((byte, at) => (at === 1 ? byte ^ 1 : byte)) }
    const content = encodePayment(unsigned).subarray(0, -signatureBytes)
    return { ...unsigned, signature: sign('sessionPayment', content, context.key) }
  }
  const effects = step.effects.map(effect => {
    if (effect.type === 'persist' && effect.payment) return { ...effect, payment: spoiled(effect.payment) }
    if (effect.type !== 'send' || effect.message.type !== 'payment') return effect
    return { ...effect, message: { ...effect.message, payment: spoiled(effect.message.payment) } }
  })
  return { ...step, effects }
}
