// How badly each peer has behaved: points that halve with time. Over the threshold a peer is disconnected and refused for a while, never for ever.

import { networkLimits } from './limits.ts'

export interface PeerScoreOptions {
  /** Monotonic milliseconds. */
  now: () => number
  threshold?: number
  halfLifeMs?: number
  cooldownMs?: number
  /** Peers remembered; beyond it the longest unpunished is forgotten. */
  peersMax?: number
}

export interface PeerScore {
  /** Adds points and says whether the peer has to go now. */
  penalize(peerId: string, points: number, reason: string): 'tolerated' | 'disconnect'
  /** True during the cool-down after a disconnect. */
  isRefused(peerId: string): boolean
  /** Present points of a peer. */
  points(peerId: string): number
  /** Penalties since the start by reason, and disconnects: for metrics. */
  counts(): { byReason: Record<string, number>; disconnects: number }
}

interface Entry {
  points: number
  at: number
  refusedUntil: number
}

/** Creates the score of all peers of one host; it holds no timer. */
export function createPeerScore(options: PeerScoreOptions): PeerScore {
  const { now, threshold = networkLimits.penaltyThreshold, halfLifeMs = networkLimits.penaltyHalfLifeMs } = options
  const { cooldownMs = networkLimits.penaltyCooldownMs, peersMax = networkLimits.penaltyPeers } = options
  const entries = new Map<string, Entry>()
  const byReason = new Map<string, number>()
  let disconnects = 0

  const decayed = (entry: Entry): number => entry.points * 0.5 ** ((now() - entry.at) / halfLifeMs)

  return {
    penalize(peerId, points, reason) {
      byReason.set(reason, (byReason.get(reason) ?? 0) + 1)
      const known = entries.get(peerId)
      const entry: Entry = {
        points: (known === undefined ? 0 : decayed(known)) + points,
        at: now(),
        refusedUntil: known?.refusedUntil ?? 0,
      }
      // deleting first keeps the map in order of the last penalty
      entries.delete(peerId)
      entries.set(peerId, entry)
      if (entries.size > peersMax) {
        const oldest = entries.keys().next()
        if (oldest.done !== true) entries.delete(oldest.value)
      }
      if (entry.points < threshold) return 'tolerated'
      entry.refusedUntil = now() + cooldownMs
      // half of the threshold remains: whoever comes back and goes on is out again sooner
      entry.points = threshold / 2
      disconnects += 1
      return 'disconnect'
    },
    isRefused(peerId) {
      const entry = entries.get(peerId)
      return entry !== undefined && now() < entry.refusedUntil
    },
    points(peerId) {
      const entry = entries.get(peerId)
      return entry === undefined ? 0 : decayed(entry)
    },
    counts() {
      return { byReason: Object.fromEntries(byReason), disconnects }
    },
  }
}
