// Whether others could find out what a node signed last, if its store were lost now.
import { quorumOf } from '../../proto/chain.ts'
import type { Shell } from './shell.ts'

/**
 * The protocol can find out what a lost store had signed only where enough others wrote it down: n−q+1 of them, so that q−1 answers
 * include one. A copy that is older than that by an instant is no different from a signer who hid a vote. `counts` leaves out those whose
 * word is worth nothing.
 */
export function isRemembered(node: Shell, nodes: readonly Shell[], counts: (index: number) => boolean): boolean {
  const last = node.lastSent
  if (last.view === 0) return true
  const holders = nodes.filter(({ index, disk }) => {
    if (index === node.index || !counts(index)) return false
    return disk.synced.journal.some(
      entry =>
        entry.type === 'newestVotes' &&
        entry.validator === node.index &&
        entry.held.view === last.view &&
        entry.held.votes.length >= last.votes &&
        (entry.held.proposal !== undefined || !last.hasProposed),
    )
  })
  return holders.length >= nodes.length - quorumOf(nodes.length) + 1
}
