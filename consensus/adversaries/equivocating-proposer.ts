// Equivocating proposer: signs two blocks for a view in which it leads, shows one to each half, and votes for both.
import { type Block, createBlock, type Proposal } from '../../proto/chain.ts'
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect, Message } from '../types.ts'

export const equivocatingProposer: Wrap = (machine, { config, random, side }) => {
  const { self, signer, validators } = config
  /** The second block of each view in which this validator led. */
  const seconds = new Map<number, Block>()
  const others = [...Array(validators).keys()].filter(peer => peer !== self)
  const splits = (first: Message, second: Message): Effect[] =>
    others.flatMap(to => {
      const shown: Effect = { type: 'send', to, message: side(to) === 0 ? first : second }
      const late: Effect = { type: 'send', to, message: side(to) === 0 ? second : first }
      // Now and then somebody sees both, in either order.
      return random.chance(0.2) ? [shown, late] : [shown]
    })

  const propose = (proposal: Proposal): Effect[] => {
    const { header, records } = proposal.block
    const isShorter = records.length > 0 && random.chance(0.5)
    const block = createBlock({ ...header, time: header.time + 1 }, isShorter ? records.slice(1) : records)
    seconds.set(header.view, block)
    const second = { ...proposal, block, signature: signer.proposal(block) }
    return splits({ type: 'proposal', proposal }, { type: 'proposal', proposal: second })
  }

  return withEffects(machine, effects =>
    effects.flatMap((effect): readonly Effect[] => {
      if (effect.type !== 'broadcast') return [effect]
      const { message } = effect
      if (message.type === 'proposal') return propose(message.proposal)
      if (message.type !== 'vote' || message.vote.kind === 'nullify') return [effect]
      const second = seconds.get(message.vote.view)
      if (!second) return [effect]
      const { kind, view, outcome } = message.vote
      return splits(message, { type: 'vote', vote: signer.vote({ kind, view, digest: second.digest, outcome }) })
    }),
  )
}
