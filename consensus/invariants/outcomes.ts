// I5: outcomes, and with them state roots, are equal at every height: those that were certified and those that each node computed.
import type { Digest } from '../../proto/hash.ts'
import type { Invariant } from './invariant.ts'

export function createOutcomes(): Invariant {
  const byBlock = new Map<Digest, Digest>()
  return {
    name: 'I5',
    observe(observation) {
      if (observation.type !== 'finalizes') return undefined
      const { node, own } = observation
      const { block, outcome } = observation.final
      if (own !== outcome) {
        return `n${node} stores ${own?.slice(0, 8)} at height ${block.header.height}, certified is ${outcome.slice(0, 8)}`
      }
      const first = byBlock.get(block.digest)
      if (first === undefined) byBlock.set(block.digest, outcome)
      else if (first !== outcome) return `two certified outcomes at height ${block.header.height}`
      return undefined
    },
  }
}
