// Two payments: from the middle on, the client signs every payment twice, for another item the second time.
import { sha256Hex } from '../../proto/hash.ts'
import { signPayment } from '../../proto/session/payment.ts'
import { type DishonestClient, turningPoint } from './behaviour.ts'

export const twoPayments: DishonestClient = honest => (context, state, event) => {
  const step = honest(context, state, event)
  const { terms, lockKey, key } = context
  const sent = step.effects.find(effect => effect.type === 'send' && effect.message.type === 'payment')
  if (sent?.type !== 'send' || sent.message.type !== 'payment') return step
  const { payment } = sent.message
  if (payment.index < turningPoint(terms)) return step
  const content = { ...payment, item: sha256Hex(Buffer.from(`instead of ${payment.item}`)) }
  const other = signPayment(content, state.last.secret, lockKey, key).payment
  return { ...step, effects: [...step.effects, { type: 'send', message: { type: 'payment', payment: other } }] }
}
