// I12: memory, descriptors and queues stay bounded while somebody floods. What a node may take on top of what it had when the flood began follows
// from its own limits, each of which bounds one thing that a client or a stranger can make it hold.
import { networkLimits } from '../../../node/network/limits.ts'
import { limits } from '../../../proto/limits.ts'
import type { Checker } from '../history.ts'
import { counted, type EventOf, honestOf, Inquiry } from './inquiry.ts'

const MiB = 1024 * 1024

/** Records of the one that floods, and as many again of everybody else. */
const pendingMax = 2 * limits.poolRecordsPerClient

/**
 * A client's records, messages under validation, and the queues of its sessions and of one gossip stream; twice, because what was freed is not given
 * back at once; and as much again for what the node does anyway while it is busy (state pages, LevelDB's caches).
 */
const rssGrowthBytesMax =
  4 *
  (limits.poolBytesPerClient +
    networkLimits.gossipValidatingBytes +
    networkLimits.sessionsPerPeer * networkLimits.sessionQueueBytes +
    networkLimits.gossipCutBytes)

/** Connections that have not shown who they are, sessions of one client; and as many again for links that come back and tables of the store. */
const descriptorGrowthMax = 2 * (networkLimits.pendingConnections + networkLimits.sessionsPerPeer)

type Sample = EventOf<'sample'>

function excessOf(sample: Sample, before: Sample | undefined): string | undefined {
  const { rssBytes, descriptors, pending } = sample
  if (pending !== undefined && pending > pendingMax) return `${pending} records pend, where ${pendingMax} may`
  const rssMax = (before?.rssBytes ?? 0) + rssGrowthBytesMax
  if (rssBytes !== undefined && rssBytes > rssMax)
    return `${Math.round(rssBytes / MiB)} MiB resident, where ${Math.round(rssMax / MiB)} MiB are allowed`
  const descriptorsMax = (before?.descriptors ?? 0) + descriptorGrowthMax
  if (descriptors !== undefined && descriptors > descriptorsMax)
    return `${descriptors} descriptors open, where ${descriptorsMax} may be`
  return undefined
}

/** Looks at samples from the first flood on: what it made a node hold may not grow later either. */
export const boundedUnderFlood: Checker = run => {
  const inquiry = new Inquiry('I12', 'memory, descriptors and queues stay bounded while a flood is on')
  const honest = new Set(honestOf(run))
  const before = new Map<string, Sample>()
  const peaks = { rssBytes: 0, descriptors: 0, pending: 0 }
  let isFlooded = false
  for (const event of run.history) {
    if (event.type === 'fault' && event.action === 'flood' && event.edge === 'begins') isFlooded = true
    if (event.type !== 'sample' || !honest.has(event.node)) continue
    if (!isFlooded) {
      before.set(event.node, event)
      continue
    }
    const { rssBytes, descriptors, pending } = event
    if (rssBytes === undefined && descriptors === undefined && pending === undefined) continue
    inquiry.checked += 1
    peaks.rssBytes = Math.max(peaks.rssBytes, rssBytes ?? 0)
    peaks.descriptors = Math.max(peaks.descriptors, descriptors ?? 0)
    peaks.pending = Math.max(peaks.pending, pending ?? 0)
    const excess = excessOf(event, before.get(event.node))
    if (excess) inquiry.broken(`${event.node} at ${Math.round(event.at)} ms: ${excess}`)
  }
  inquiry.restsOn(`${counted(inquiry.checked, 'sample')} from the beginning of the flood on`)
  if (peaks.rssBytes > 0) inquiry.restsOn(`at most ${Math.round(peaks.rssBytes / MiB)} MiB resident`)
  if (peaks.descriptors > 0) inquiry.restsOn(`at most ${peaks.descriptors} descriptors`)
  inquiry.restsOn(`at most ${peaks.pending} records pending`)
  return inquiry.finding()
}
