// Proposer of invalid blocks: when it leads, its block breaks one of the rules that voters must check before they vote.
import { type Block, createBlock, type Header, leaderOf, type Proposal } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Wrap, withEffects } from '../simulator/machine.ts'
import type { Effect } from '../types.ts'

type Fault = 'height' | 'time' | 'future' | 'outcome' | 'ahead' | 'unknown' | 'twice' | 'gap' | 'orphan' | 'bare'
const faults: readonly Fault[] = [
  'height',
  'time',
  'future',
  'outcome',
  'ahead',
  'unknown',
  'twice',
  'gap',
  'gap',
  'orphan',
  'orphan',
  'bare',
]

export const invalidProposer: Wrap = (machine, { config, random }) => {
  const { self, validators, signer, genesis } = config
  const early = new Set<number>()
  /** Most adversaries of this kind have one favourite way. */
  const favourite = random.pick(faults)
  /** Blocks proposed before by anyone, with their final or notarized successors not looked at. */
  const known: Block[] = [genesis.block]
  const outcomes = new Map<Digest, Digest>([[genesis.block.digest, genesis.outcome]])

  /** A child of another block than the one that should be extended, without what would justify it. */
  const extend = (parent: Block, header: Header): Omit<Header, 'body'> => ({
    ...header,
    height: parent.header.height + 1,
    parent: parent.digest,
    parentOutcome: outcomes.get(parent.digest) ?? header.parentOutcome,
    time: Math.max(parent.header.time + 1, header.time),
  })

  const spoil = (proposal: Proposal, fault: Fault): Proposal => {
    const { header, records } = proposal.block
    const remade = (changed: Omit<Header, 'body'>, listed: readonly Digest[], bare: boolean): Proposal => {
      const block = createBlock(changed, listed)
      const proof = bare ? { parentCertificate: undefined, nullifications: [] } : {}
      return { ...proposal, ...proof, block, signature: signer.proposal(block) }
    }
    const older = random.chance(0.7) ? random.pick(known.slice(-3)) : random.pick(known)
    switch (fault) {
      case 'height':
        return remade({ ...header, height: header.height + random.pick([-1, 1, 5]) }, records, false)
      case 'time':
        return remade({ ...header, time: header.time - 100_000 }, records, false)
      case 'future':
        return remade({ ...header, time: header.time + 100_000 }, records, false)
      case 'outcome':
        return remade({ ...header, parentOutcome: random.digest() }, records, false)
      case 'ahead':
        return remade(header, records.slice(1).concat(records.slice(0, 1)), false)
      case 'unknown':
        return remade(header, [...records, random.digest()], false)
      case 'twice':
        return remade(header, [...records, ...(older.records.length > 0 ? older.records : records)], false)
      case 'gap':
        return remade(extend(older, header), records, false)
      case 'orphan':
        return remade(extend(older, header), [], true)
      case 'bare':
        return remade(header, records, true)
    }
  }

  /**
   * Right after seeing the block of the view before: a sibling of it for the own view, as if the view before had been nullified. It is
   * there when voters enter, sooner than the finalization of the block that it passes over.
   */
  const siblingOf = ({ header, records }: Block): Effect => {
    const block = createBlock({ ...header, view: header.view + 1, time: header.time + 1 }, records)
    const proposal = { block, signature: signer.proposal(block), parentCertificate: undefined, nullifications: [] }
    early.add(block.header.view)
    return { type: 'broadcast', message: { type: 'proposal', proposal } }
  }

  return withEffects(machine, (effects, input) => {
    const sent = effects.flatMap((effect): readonly Effect[] => {
      if (effect.type !== 'broadcast' || effect.message.type !== 'proposal') return [effect]
      const { proposal } = effect.message
      if (early.has(proposal.block.header.view)) return []
      const spoilt = spoil(proposal, random.chance(0.7) ? favourite : random.pick(faults))
      return [{ type: 'broadcast', message: { type: 'proposal', proposal: spoilt } }]
    })
    if (input.type === 'vote' && input.vote.kind !== 'nullify') outcomes.set(input.vote.digest, input.vote.outcome)
    if (input.type !== 'proposal') return sent
    const { block } = input.proposal
    known.push(block)
    const isNext = leaderOf(block.header.view + 1, validators) === self
    return isNext && favourite === 'gap' && random.chance(0.7) ? [...sent, siblingOf(block)] : sent
  })
}
