// Replayer of old views: keeps everything that it ever sent or received and sends it again, to anybody, at any time.
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect, Message } from '../types.ts'

const keptMax = 400
const repeatChance = 0.3

export const replayer: Wrap = (machine, { config, random }) => {
  const { self, validators } = config
  const kept: Message[] = []
  const keep = (message: Message): void => {
    if (kept.length < keptMax) kept.push(message)
    else kept[random.below(keptMax)] = message
  }
  return withEffects(machine, (effects, input) => {
    if (input.type === 'vote') keep({ type: 'vote', vote: input.vote })
    else if (input.type === 'certificate') keep({ type: 'certificate', certificate: input.certificate })
    else if (input.type === 'proposal') keep({ type: 'proposal', proposal: input.proposal })
    const sends: Effect[] = []
    for (const effect of effects) if (effect.type === 'broadcast') keep(effect.message)
    while (kept.length > 0 && random.chance(repeatChance)) {
      const to = (self + 1 + random.below(validators - 1)) % validators
      sends.push({ type: 'send', to, message: random.pick(kept) })
    }
    return [...effects, ...sends]
  })
}
