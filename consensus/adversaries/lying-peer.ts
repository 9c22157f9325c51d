// Lying peer: takes part in the vote as it should, but answers every question of those who fetch or catch up with something else.
import { createBlock } from '../../proto/chain.ts'
import { zeroDigest } from '../../proto/hash.ts'
import type { Wrap } from '../simulator/machine.ts'
import type { Answer } from '../simulator/network.ts'
import type { Random } from '../simulator/random.ts'
import type { FinalBlock } from '../types.ts'

type Chain = Extract<Answer, { type: 'chain' }>

function falseChain(honest: Chain, random: Random): Chain {
  const { blocks } = honest
  const changed = (change: (final: FinalBlock) => FinalBlock): Chain => {
    const at = random.below(blocks.length + 1)
    return { ...honest, blocks: blocks.map((final, index) => (index === at ? change(final) : final)) }
  }
  switch (random.below(5)) {
    case 0:
      return changed(final => ({ ...final, outcome: random.digest() }))
    case 1:
      return changed(({ block, outcome }) => ({
        block: createBlock({ ...block.header, time: block.header.time + 1 }, []),
        outcome,
      }))
    case 2:
      return changed(({ block, outcome }) => ({ block: { ...block, records: [] }, outcome }))
    case 3:
      return { ...honest, blocks: blocks.slice(0, -1) }
    default:
      return { ...honest, blocks: [], certificate: undefined }
  }
}

export const lyingPeer: Wrap = (machine, { random }) => ({
  ...machine,
  answer(_ask, honest) {
    switch (honest.type) {
      case 'block': {
        if (!honest.block || random.chance(0.5)) return { type: 'block', block: undefined }
        const { header, digest } = honest.block
        return { type: 'block', block: { ...createBlock({ ...header, time: header.time + 1 }, []), digest } }
      }
      case 'certificate': {
        const certificates = honest.certificates.map(certificate =>
          random.chance(0.5)
            ? { ...certificate, view: certificate.view + 1 }
            : { ...certificate, kind: 'nullify' as const, digest: zeroDigest, outcome: zeroDigest },
        )
        return { type: 'certificate', certificates }
      }
      case 'heldVotes': {
        const { held } = honest
        if (!held || random.chance(0.5)) return { type: 'heldVotes', held: undefined }
        const votes = held.votes.map(vote => ({ ...vote, view: held.view + 1000 }))
        return { type: 'heldVotes', held: { view: held.view + 1000, votes, proposal: undefined } }
      }
      case 'records':
        return { type: 'records', records: honest.records.map(bytes => bytes.map(byte => byte ^ 1)) }
      case 'chain':
        return falseChain(honest, random)
    }
  },
})
