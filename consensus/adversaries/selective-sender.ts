// Selective sender: sends its votes and proposals to some peers only, and takes others into favour as time goes by.
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect, Message } from '../types.ts'

export const selectiveSender: Wrap = (machine, { config, random }) => {
  const { self, validators, timing } = config
  const peers = [...Array(validators).keys()].filter(peer => peer !== self)
  let favoured = new Set<number>()
  let changesAt = Number.NEGATIVE_INFINITY

  const choose = (now: number): void => {
    if (now < changesAt) return
    favoured = new Set(random.shuffle(peers).slice(0, random.between(0, peers.length - 1)))
    // Within a view now and then, so that a vote and its repetition reach different peers
    changesAt = now + random.between(1, 3 * timing.timeoutMs)
  }

  /** Certificates it passes on to all: what others signed is known without it anyway. */
  const goesTo = (peer: number, message: Message): boolean => message.type === 'certificate' || favoured.has(peer)

  return withEffects(machine, (effects, _input, now) => {
    choose(now)
    return effects.flatMap((effect): readonly Effect[] => {
      if (effect.type === 'send') return goesTo(effect.to, effect.message) ? [effect] : []
      if (effect.type !== 'broadcast' || effect.message.type === 'certificate') return [effect]
      const { message } = effect
      return peers.filter(peer => goesTo(peer, message)).map((to): Effect => ({ type: 'send', to, message }))
    })
  })
}
