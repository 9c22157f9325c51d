// I1: no two honest nodes make different blocks final at a height, no node goes back on one, and each block continues the one below it.
import type { Checker } from '../history.ts'
import { brief, counted, eventsOf, honestOf, Inquiry } from './inquiry.ts'

/** Checks a block again for each node that made it final; a single node's word agrees with nobody and counts as nothing. */
export const agreement: Checker = run => {
  const inquiry = new Inquiry('I1', 'no two honest nodes make different blocks final at a height')
  const honest = new Set(honestOf(run))
  const first = new Map<number, { readonly digest: string; readonly parent: string; readonly node: string }>()
  const chains = new Map<string, Map<number, string>>()
  for (const { node, height, digest, parent } of eventsOf(run, 'final')) {
    if (!honest.has(node)) continue
    const chain = chains.get(node) ?? new Map<number, string>()
    chains.set(node, chain)
    const own = chain.get(height)
    if (own !== undefined && own !== digest)
      inquiry.broken(`height ${height}: ${node} made ${brief(own)} final, and ${brief(digest)} later`)
    const below = chain.get(height - 1)
    if (below !== undefined && below !== parent)
      inquiry.broken(`height ${height}: the block of ${node} does not continue its own block below`)
    chain.set(height, digest)
    const other = first.get(height)
    if (!other) {
      first.set(height, { digest, parent, node })
      continue
    }
    if (other.node === node) continue
    inquiry.checked += 1
    if (other.digest !== digest)
      inquiry.broken(`height ${height}: ${other.node} made ${brief(other.digest)} final, ${node} ${brief(digest)}`)
    else if (other.parent !== parent) inquiry.broken(`height ${height}: one block with two parents`)
  }
  const highest = [...first.keys()].reduce((top, height) => Math.max(top, height), 0)
  inquiry.restsOn(`${counted(first.size, 'block')} up to height ${highest}, ${counted(chains.size, 'honest node')}`)
  return inquiry.finding()
}
