// Stolen w: whoever has stolen a w that the vendor was paid with tries to make money of it, beside a vendor who serves as it should: with a key of
// its own, and, as a vendor, in another session.
import { heldIndex } from '../../cli/channel/vendor-rules.ts'
import { type Digest, sha256 } from '../../proto/hash.ts'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { type SessionClaim, signClose } from '../../proto/session/claims.ts'
import { type DishonestVendor, turningPoint } from './behaviour.ts'

export const stolenWord: DishonestVendor = honest => {
  const thief = signingKeyFromSeed(sha256(Buffer.from('a thief')))
  const stolen = new Map<Digest, Uint8Array>()
  return (context, state, event) => {
    const step = honest(context, state, event)
    const { session, terms, key } = context
    const index = turningPoint(terms)
    if (heldIndex(state) >= index || heldIndex(step.state) < index) return step
    const claimed = (value: Uint8Array, by: typeof key): SessionClaim => ({
      form: 'vendor',
      index,
      value,
      vendor: signClose(session, 'vendor', index, by),
    })
    const own = step.state.last!.word
    const [other] = [...stolen].flatMap(([of, word]) => (of === session ? [] : [word]))
    stolen.set(session, own)
    const claims = [claimed(own, thief), ...(other ? [claimed(other, key)] : [])]
    return { ...step, effects: [...step.effects, ...claims.map(claim => ({ type: 'claim', claim }) as const)] }
  }
}
