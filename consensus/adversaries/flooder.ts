// Flooder: takes part in the vote as it should, and floods its peers besides with messages that are well-formed and rightly signed but of no
// use: repeated, old, of others, or its own for views that are long over or far ahead.
import { type Ballot, leaderOf, type VoteKind } from '../../proto/chain.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { type Wrap, withEffects, withInputs } from '../simulator/machine.ts'
import type { Effect, Input, Message } from '../types.ts'

/** Messages to one peer or another: at most so many in a second, and so many at once. */
export const floodLimits = { messagesPerSecond: 400, burst: 40 } as const
const keptMax = 200
const farViews = 2_000

const messageOf = (input: Input): Message | undefined => {
  if (input.type === 'vote') return { type: 'vote', vote: input.vote }
  if (input.type === 'proposal') return { type: 'proposal', proposal: input.proposal }
  return input.type === 'certificate' ? { type: 'certificate', certificate: input.certificate } : undefined
}

export const flooder: Wrap = (machine, { config, random }) => {
  const { self, signer, validators } = config
  const kept: Message[] = []
  let allowance: number = floodLimits.burst
  let refilledAt: number | undefined

  const keep = (message: Message | undefined): void => {
    if (message) kept[kept.length < keptMax ? kept.length : random.below(keptMax)] = message
  }

  const refill = (now: number): void => {
    const elapsedMs = Math.max(0, now - (refilledAt ?? now))
    allowance = Math.min(floodLimits.burst, allowance + (elapsedMs * floodLimits.messagesPerSecond) / 1000)
    refilledAt = now
  }

  /** A vote of its own that no honest node waits for. In the views at hand it votes as its core does. */
  const uselessVote = (): Message => {
    const view = machine.view() + random.between(2, farViews) * (random.chance(0.7) ? 1 : -1)
    const kind: VoteKind = random.pick(['notarize', 'nullify', 'finalize'])
    const isNullify = kind === 'nullify'
    const ballot: Ballot = {
      kind,
      view: Math.max(1, view),
      digest: isNullify ? zeroDigest : random.digest(),
      outcome: isNullify ? zeroDigest : random.digest(),
    }
    return { type: 'vote', vote: signer.vote(ballot) }
  }

  /** One of its own proposals, old or not, under a signature that holds. */
  const isOwnProposal = (message: Message): boolean =>
    message.type === 'proposal' && leaderOf(message.proposal.block.header.view, validators) === self

  const flood = (): Effect[] => {
    const sends: Effect[] = []
    const count = Math.min(Math.floor(allowance), random.between(0, floodLimits.burst))
    const favourites = kept.filter(isOwnProposal)
    for (let i = 0; i < count; i++) {
      const message =
        kept.length === 0 || random.chance(0.3)
          ? uselessVote()
          : random.pick(favourites.length > 0 && random.chance(0.2) ? favourites : kept)
      sends.push({ type: 'send', to: (self + 1 + random.below(validators - 1)) % validators, message })
    }
    allowance -= count
    return sends
  }

  // Peers hold far votes of its key that its own core never cast, and would be mute over after a restart.
  const unworried = withInputs(machine, input => (input.type === 'heldVotes' ? { ...input, held: undefined } : input))
  return withEffects(unworried, (effects, input, now) => {
    keep(messageOf(input))
    for (const effect of effects) if (effect.type === 'broadcast') keep(effect.message)
    refill(now)
    return [...effects, ...flood()]
  })
}
