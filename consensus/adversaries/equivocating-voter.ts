// Equivocating voter: tells different peers different things in one view, among them Nullify and Finalize together.
import type { Ballot, Vote } from '../../proto/chain.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect } from '../types.ts'

export const equivocatingVoter: Wrap = (machine, { config, random }) => {
  const { self, signer, validators } = config
  /** What others voted for, by view: conflicting votes are for things that can win. */
  const seen = new Map<number, Map<Digest, Digest>>()

  const alternatives = (vote: Vote): Ballot[] => {
    const { view } = vote
    const ballots: Ballot[] = [{ kind: 'nullify', view, digest: zeroDigest, outcome: zeroDigest }]
    const known = [...(seen.get(view) ?? []), [random.digest(), random.digest()] as const]
    for (const [digest, outcome] of known) {
      ballots.push({ kind: 'notarize', view, digest, outcome }, { kind: 'finalize', view, digest, outcome })
    }
    return ballots
  }

  return withEffects(machine, (effects, input) => {
    if (input.type === 'vote' && input.vote.kind !== 'nullify') {
      const { view, digest, outcome } = input.vote
      const known = seen.get(view) ?? new Map<Digest, Digest>()
      seen.set(view, known.set(digest, outcome))
    }
    return effects.flatMap((effect): readonly Effect[] => {
      if (effect.type !== 'broadcast' || effect.message.type !== 'vote' || effect.message.vote.signer !== self)
        return [effect]
      const { vote } = effect.message
      const ballots = alternatives(vote)
      const sends: Effect[] = []
      for (let to = 0; to < validators; to++) {
        if (to === self) continue
        const chosen = random.chance(0.4) ? [vote] : random.shuffle(ballots).slice(0, random.between(0, 2))
        for (const ballot of chosen) {
          sends.push({
            type: 'send',
            to,
            message: { type: 'vote', vote: ballot === vote ? vote : signer.vote(ballot) },
          })
        }
      }
      return sends
    })
  })
}
