// I1: no two honest nodes finalize different blocks at a height, and none goes back on what it finalized.
import type { Digest } from '../../proto/hash.ts'
import type { Invariant } from './invariant.ts'

export function createAgreement(): Invariant {
  const byHeight = new Map<number, { readonly digest: Digest; readonly node: number }>()
  return {
    name: 'I1',
    observe(observation) {
      if (observation.type !== 'finalizes') return undefined
      const { digest, header } = observation.final.block
      const first = byHeight.get(header.height)
      if (!first) {
        byHeight.set(header.height, { digest, node: observation.node })
        const parent = byHeight.get(header.height - 1)
        if (parent && parent.digest !== header.parent)
          return `height ${header.height} does not continue the final chain`
      } else if (first.digest !== digest) {
        return `height ${header.height}: n${first.node} finalized ${first.digest.slice(0, 8)}, n${observation.node} ${digest.slice(0, 8)}`
      }
      return undefined
    },
  }
}
