// One outgoing framed stream per peer, kept open for as long as the peer is connected and opened anew, after a pause, when it ends.

import { createBackoff } from './backoff.ts'
import { FramedStream, type FramedStreamOptions, type StreamEnd } from './framed-stream.ts'
import type { Host } from './host.ts'
import { networkLimits } from './limits.ts'

export interface OutgoingOptions {
  host: Host
  protocol: string
  /** Which connected peers get a stream. */
  isWanted: (peerId: string) => boolean
  /** Uniform in [0, 1). */
  random: () => number
  /** Framing of a stream to this peer; `onEnd` is added here. */
  framing: (peerId: string) => Omit<FramedStreamOptions, 'onEnd'>
  onUp: (peerId: string, stream: FramedStream) => void
  onDown: (peerId: string, end: StreamEnd, error?: Error) => void
}

export interface Outgoing {
  /** The open stream to a peer. */
  get(peerId: string): FramedStream | undefined
  /** All open streams. */
  entries(): IterableIterator<[string, FramedStream]>
  /** Closes all streams, what is queued being written first. */
  stop(): Promise<void>
}

/** Starts with the peers that are connected already. */
export function createOutgoing(options: OutgoingOptions): Outgoing {
  const { host } = options
  const streams = new Map<string, FramedStream>()
  const opening = new Set<string>()
  const backoffs = new Map<string, { next(): number; reset(): void }>()
  const timers = new Map<string, NodeJS.Timeout>()
  let isStopped = false

  const backoffOf = (peerId: string) => {
    const known = backoffs.get(peerId)
    if (known !== undefined) return known
    const backoff = createBackoff({
      firstMs: networkLimits.reopenFirstMs,
      capMs: networkLimits.reopenCapMs,
      random: options.random,
    })
    backoffs.set(peerId, backoff)
    return backoff
  }

  const openLater = (peerId: string): void => {
    if (isStopped || timers.has(peerId) || !host.isConnected(peerId)) return
    const timer = setTimeout(() => {
      timers.delete(peerId)
      open(peerId)
    }, backoffOf(peerId).next())
    timers.set(peerId, timer)
  }

  const open = (peerId: string): void => {
    if (
      isStopped ||
      streams.has(peerId) ||
      opening.has(peerId) ||
      !host.isConnected(peerId) ||
      !options.isWanted(peerId)
    )
      return
    opening.add(peerId)
    host.openStream(peerId, options.protocol).then(
      raw => {
        opening.delete(peerId)
        const openedAt = performance.now()
        const stream: FramedStream = new FramedStream(raw, {
          ...options.framing(peerId),
          onEnd(end, error) {
            if (streams.get(peerId) !== stream) return
            streams.delete(peerId)
            if (performance.now() - openedAt >= networkLimits.reopenCapMs) backoffOf(peerId).reset()
            options.onDown(peerId, end, error)
            openLater(peerId)
          },
        })
        if (isStopped) {
          stream.abort('local')
          return
        }
        streams.set(peerId, stream)
        options.onUp(peerId, stream)
      },
      () => {
        opening.delete(peerId)
        openLater(peerId)
      },
    )
  }

  const stopListening = host.onPeers({
    onConnect: open,
    onDisconnect(peerId) {
      clearTimeout(timers.get(peerId))
      timers.delete(peerId)
      backoffs.delete(peerId)
    },
  })
  for (const peerId of host.connectedPeers()) open(peerId)

  return {
    get: peerId => streams.get(peerId),
    entries: () => streams.entries(),
    async stop() {
      isStopped = true
      stopListening()
      for (const timer of timers.values()) clearTimeout(timer)
      timers.clear()
      await Promise.all([...streams.values()].map(stream => stream.close()))
    },
  }
}
