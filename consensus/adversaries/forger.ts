// Forger of certificates: too few signatures, signatures of other votes, of nobody, or one's own under several names.
import { type Ballot, type Certificate, quorumOf, type Vote, type VoteKind } from '../../proto/chain.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect } from '../types.ts'

const votesMax = 200
const forgeChance = 0.2

export const forger: Wrap = (machine, { config, random }) => {
  const { self, signer, validators } = config
  const votes: Vote[] = []

  const ballot = (): Ballot => {
    const view = Math.max(1, machine.view() + random.between(-2, 2))
    const kind: VoteKind = random.pick(['notarize', 'nullify', 'finalize'])
    if (kind === 'nullify') return { kind, view, digest: zeroDigest, outcome: zeroDigest }
    const seen = votes.filter(vote => vote.view === view && vote.kind !== 'nullify')
    const model = seen.length > 0 && random.chance(0.7) ? random.pick(seen) : undefined
    return { kind, view, digest: model?.digest ?? random.digest(), outcome: model?.outcome ?? random.digest() }
  }

  /** True signatures where votes were seen, its own, and for the rest whatever comes to hand. */
  const forge = (said: Ballot): Certificate => {
    const count = quorumOf(validators) - random.pick([0, 0, 1])
    const own = signer.vote(said)
    const others = random.shuffle([...Array(validators).keys()].filter(index => index !== self)).slice(0, count - 1)
    const signatures = [self, ...others]
      .sort((a, b) => a - b)
      .map(index => {
        if (index === self) return { signer: index, signature: own.signature }
        const same = (vote: Vote): boolean =>
          vote.signer === index && vote.kind === said.kind && vote.view === said.view && vote.digest === said.digest
        const any = votes.filter(vote => vote.signer === index)
        const found = votes.find(same) ?? (any.length > 0 && random.chance(0.6) ? random.pick(any) : undefined)
        return {
          signer: index,
          signature: found?.signature ?? random.pick([own.signature, new Uint8Array(signatureBytes)]),
        }
      })
    return { ...said, signatures }
  }

  return withEffects(machine, (effects, input) => {
    if (input.type === 'vote') votes[votes.length < votesMax ? votes.length : random.below(votesMax)] = input.vote
    if (!random.chance(forgeChance)) return effects
    const message = { type: 'certificate', certificate: forge(ballot()) } as const
    const forged: Effect = random.chance(0.5)
      ? { type: 'broadcast', message }
      : { type: 'send', to: (self + 1 + random.below(validators - 1)) % validators, message }
    return [...effects, forged]
  })
}
