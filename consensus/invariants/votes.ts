// I7: no honest key ever signs two conflicting votes, crashes included, and no store that was left alone lacks what its key signed.
// Conflicting: two different Notarize, two different Finalize, two proposals, or Nullify and Finalize, in one view (rule 9).
import type { Vote } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Invariant } from './invariant.ts'

interface Signed {
  notarize?: Vote
  nullify?: Vote
  finalize?: Vote
  proposed?: Digest
}

const differ = (a: Vote, b: Vote): boolean => a.digest !== b.digest || a.outcome !== b.outcome

function conflictOf(signed: Signed, vote: Vote): string | undefined {
  const before = signed[vote.kind]
  if (before && differ(before, vote)) return `two different ${vote.kind} votes`
  if (vote.kind === 'finalize' && signed.nullify) return 'Finalize after Nullify'
  if (vote.kind === 'nullify' && signed.finalize) return 'Nullify after Finalize'
  return undefined
}

export function createVotes(): Invariant {
  const nodes = new Map<number, Map<number, Signed>>()
  const replaced = new Set<number>()
  const signedBy = (node: number, view: number): Signed => {
    const views = nodes.get(node) ?? new Map<number, Signed>()
    nodes.set(node, views)
    const signed = views.get(view) ?? {}
    views.set(view, signed)
    return signed
  }
  return {
    name: 'I7',
    observe(observation) {
      const { node } = observation
      if (observation.type === 'votes') {
        const { vote } = observation
        const signed = signedBy(node, vote.view)
        const conflict = conflictOf(signed, vote)
        signed[vote.kind] ??= vote
        return conflict && `n${node} in view ${vote.view}: ${conflict}`
      }
      if (observation.type === 'proposes') {
        const { digest, header } = observation.proposal.block
        const signed = signedBy(node, header.view)
        signed.proposed ??= digest
        return signed.proposed === digest ? undefined : `n${node} in view ${header.view}: two proposals`
      }
      if (observation.type === 'accuses') return `n${node} holds evidence against honest n${observation.validator}`
      if (observation.type === 'forgets') replaced.add(node)
      else if (observation.type === 'reports' && observation.event.type === 'mute' && !replaced.has(node)) {
        return `n${node} lost votes of view ${observation.event.view} from a store that nobody touched`
      }
      return undefined
    },
  }
}
