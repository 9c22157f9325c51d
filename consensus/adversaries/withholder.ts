// Withholder: behaves well towards some and keeps from others what it sends, so that few know of a quorum.
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect, Message } from '../types.ts'

export const withholder: Wrap = (machine, { config, random }) => {
  const { self, validators } = config
  const kindOf = (message: Message): string => (message.type === 'vote' ? message.vote.kind : message.type)
  let favoured = new Set<number>()
  let view = -1
  let withheld: readonly string[] = []
  return withEffects(machine, effects => {
    if (machine.view() !== view) {
      view = machine.view()
      favoured = new Set([...Array(validators).keys()].filter(() => random.chance(0.5)))
      withheld = random
        .shuffle(['proposal', 'notarize', 'nullify', 'finalize', 'certificate'])
        .slice(0, random.between(1, 5))
    }
    const goesTo = (to: number, message: Message): boolean => favoured.has(to) || !withheld.includes(kindOf(message))
    return effects.flatMap((effect): readonly Effect[] => {
      if (effect.type === 'send') return goesTo(effect.to, effect.message) ? [effect] : []
      if (effect.type !== 'broadcast') return [effect]
      const { message } = effect
      const peers = [...Array(validators).keys()].filter(peer => peer !== self && goesTo(peer, message))
      return peers.map((to): Effect => ({ type: 'send', to, message }))
    })
  })
}
