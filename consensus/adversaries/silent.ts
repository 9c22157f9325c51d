// Silent: follows the vote and says nothing, now and then for good.
import { type Wrap, withEffects } from '../simulator/machine.ts'

export const silent: Wrap = (machine, { random }) => {
  const isSilentForGood = random.chance(0.5)
  return withEffects(machine, effects =>
    isSilentForGood || machine.view() % 8 < 5
      ? effects.filter(({ type }) => type !== 'broadcast' && type !== 'send')
      : effects,
  )
}
