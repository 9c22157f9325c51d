// Direct streams between validators: each side writes on a stream of its own, in order. Between up and down a link loses nothing; a peer that
// reads too slowly has its link cut (its queue is bounded), and whoever uses links brings the peer up to date when the link is up again.

import { limits } from '../../proto/limits.ts'
import { FramedStream, isPeersFault, type StreamEnd } from './framed-stream.ts'
import type { Host } from './host.ts'
import { networkLimits } from './limits.ts'
import { createOutgoing } from './outgoing.ts'

export interface LinksOptions {
  host: Host
  /** Uniform in [0, 1). */
  random: () => number
  /** One frame from a peer, in order. A promise holds back the peer once many are open; a throw cuts the stream and costs the peer points. */
  onFrame: (peerId: string, frame: Uint8Array) => void | Promise<void>
  /** From now on `send` to this peer works; nothing sent before has to have arrived. */
  onLinkUp?: (peerId: string) => void
  onLinkDown?: (peerId: string, end: StreamEnd) => void
  frameBytesMax?: number
  queueBytesMax?: number
  queueFramesMax?: number
}

export interface Links {
  /** Queues a frame (which must not change afterwards); false when there is no link or it has just been cut. */
  send(peerId: string, frame: Uint8Array): boolean
  /** Sends to all linked peers; returns to how many. */
  broadcast(frame: Uint8Array): number
  linkedPeers(): string[]
  /** Bytes that wait for a peer. */
  bufferedBytes(peerId: string): number
  /** Links cut because the peer read too slowly, since the start. */
  overflows(): number
  stop(): Promise<void>
}

export async function createLinks(options: LinksOptions): Promise<Links> {
  const { host, frameBytesMax = limits.frameBytes } = options
  const { queueBytesMax = networkLimits.linkQueueBytes, queueFramesMax = networkLimits.linkQueueFrames } = options
  const protocol = host.protocol('link')
  const incoming = new Map<string, FramedStream>()
  let overflows = 0

  await host.handle(protocol, ['validator'], (raw, peerId) => {
    const stream = new FramedStream(raw, {
      frameBytesMax,
      queueBytesMax: 0,
      queueFramesMax: 0,
      inFlightMax: networkLimits.linkInFlight,
      onFrame: frame => options.onFrame(peerId, frame),
      onEnd(end, error) {
        if (incoming.get(peerId) === stream) incoming.delete(peerId)
        if (isPeersFault(end) || end === 'handler') {
          host.log({ kind: 'link_refused', peerId, reason: error?.message ?? end })
          host.penalize(
            peerId,
            end === 'truncated' ? networkLimits.penaltyTruncated : networkLimits.penaltyMalformed,
            `link_${end}`,
          )
        }
      },
    })
    // a peer has one outgoing link: a second one means that the first is dead
    const earlier = incoming.get(peerId)
    incoming.set(peerId, stream)
    earlier?.abort('local')
  })

  const outgoing = createOutgoing({
    host,
    protocol,
    random: options.random,
    isWanted: peerId => host.roleOf(peerId) === 'validator',
    framing: () => ({ frameBytesMax, queueBytesMax, queueFramesMax }),
    onUp(peerId) {
      host.log({ kind: 'link_up', peerId })
      options.onLinkUp?.(peerId)
    },
    onDown(peerId, end) {
      if (end === 'overflow') overflows += 1
      host.log({ kind: 'link_down', peerId, reason: end })
      if (isPeersFault(end)) host.penalize(peerId, networkLimits.penaltyMalformed, `link_${end}`)
      options.onLinkDown?.(peerId, end)
    },
  })

  return {
    send: (peerId, frame) => outgoing.get(peerId)?.send(frame) ?? false,
    broadcast(frame) {
      let sent = 0
      for (const [, stream] of [...outgoing.entries()]) if (stream.send(frame)) sent += 1
      return sent
    },
    linkedPeers: () => [...outgoing.entries()].map(([peerId]) => peerId),
    bufferedBytes: peerId => outgoing.get(peerId)?.bufferedBytes ?? 0,
    overflows: () => overflows,
    async stop() {
      await host.unhandle(protocol)
      await outgoing.stop()
      for (const stream of [...incoming.values()]) stream.abort('local')
    },
  }
}
