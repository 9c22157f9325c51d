// Records spread over gossipsub between validators. Nothing depends on it: what is lost here is announced on the links and fetched.

import './with-resolvers.ts'
import { createHash } from 'node:crypto'
import { type GossipSub, type GossipsubOpts, gossipsub, TopicValidatorResult } from '@chainsafe/libp2p-gossipsub'
import { type Connection, type Stream, start, stop } from '@libp2p/interface'
import { MupibError } from '../../proto/errors.ts'
import type { Host } from './host.ts'
import { networkLimits } from './limits.ts'

/** `accept`: deliver and pass on; `ignore`: neither; `reject`: neither, and it costs the sender points. */
export type Verdict = 'accept' | 'ignore' | 'reject'
export type GossipValidator = (peerId: string, bytes: Uint8Array) => Verdict | Promise<Verdict>

export interface GossipOptions {
  host: Host
  /** Short names of the topics; on the wire each carries the network's tag. */
  topics: readonly string[]
  /** An accepted message of another validator. */
  onMessage: (topic: string, peerId: string, bytes: Uint8Array) => void
  messageBytesMax?: number
  skipBytes?: number
}

export interface GossipCounts {
  published: number
  /** Own messages not published: too much was queued to a peer. */
  skipped: number
  delivered: number
  ignored: number
  rejected: number
  /** Messages ignored because too many were under validation. */
  overloaded: number
}

export interface Gossip {
  /** Publishes, unless too much is queued already: then the message is skipped and counted. False when skipped. Never throws for a repeated message. */
  publish(topic: string, bytes: Uint8Array): boolean
  /** Sets what is checked before a message is delivered and passed on; without it everything is accepted. */
  setValidator(topic: string, validator: GossipValidator): void
  /** Validators known to take a topic. */
  subscribers(topic: string): string[]
  counts(): GossipCounts
  /** Starts once the host has started. */
  start(): Promise<void>
  stop(): Promise<void>
}

type Components = Parameters<ReturnType<typeof gossipsub>>[0]
type Topology = Parameters<Components['registrar']['register']>[1]

/** No peer's score suffers from sharing an address, being quiet, or being late: only from invalid messages and broken promises. */
function scoring(topics: readonly string[]): NonNullable<Partial<GossipsubOpts>['scoreParams']> {
  const topic = {
    topicWeight: 1,
    timeInMeshWeight: 0.01,
    timeInMeshQuantum: 1_000,
    timeInMeshCap: 300,
    firstMessageDeliveriesWeight: 0.1,
    firstMessageDeliveriesDecay: 0.97,
    firstMessageDeliveriesCap: 50,
    meshMessageDeliveriesWeight: 0,
    meshMessageDeliveriesDecay: 0.5,
    meshMessageDeliveriesCap: 1,
    meshMessageDeliveriesThreshold: 1,
    meshMessageDeliveriesWindow: 10,
    meshMessageDeliveriesActivation: 1_000,
    meshFailurePenaltyWeight: 0,
    meshFailurePenaltyDecay: 0.5,
    // squared: five at once are -25 and out of the mesh, ten -100 and unheard; gone after some minutes
    invalidMessageDeliveriesWeight: -1,
    invalidMessageDeliveriesDecay: 0.98,
  }
  return {
    topics: Object.fromEntries(topics.map(name => [name, topic])),
    topicScoreCap: 20,
    IPColocationFactorWeight: 0,
    behaviourPenaltyWeight: -1,
    // on a machine under load promises are broken without bad will
    behaviourPenaltyThreshold: 20,
    behaviourPenaltyDecay: 0.9,
    retainScore: 600_000,
  }
}

function toMessageId(topic: string, data: Uint8Array): Uint8Array {
  return createHash('sha256').update(topic).update('\0').update(data).digest().subarray(0, 20)
}

/**
 * Stands between gossipsub and libp2p's registrar. Gossipsub there waits for identify to say that a peer speaks it, and never renews a stream
 * that was lost on a standing connection. Here every validator is known to speak it, so it is told directly, and told again.
 */
function createRegistrar(host: Host) {
  let topology: Topology | undefined
  const unsupported = (): never => {
    throw new MupibError('bug', 'gossipsub asked for a part of the registrar that it is not given')
  }
  const registrar: Components['registrar'] = {
    handle: (protocol, handler, options) =>
      host.libp2p.handle(
        protocol,
        (stream: Stream, connection: Connection) => {
          const peerId = connection.remotePeer.toString()
          if (host.roleOf(peerId) === 'validator') return handler(stream, connection)
          stream.abort(new Error('gossip is for validators'))
          host.penalize(peerId, networkLimits.penaltyWrongRole, 'gossip_wrong_role')
          return undefined
        },
        options,
      ),
    unhandle: protocol => host.libp2p.unhandle(protocol),
    register(_protocol, given) {
      // the same one for each version of the protocol
      topology = given
      return Promise.resolve('gossip')
    },
    unregister() {
      topology = undefined
    },
    getProtocols: unsupported,
    getHandler: unsupported,
    getTopologies: unsupported,
    use: unsupported,
    unuse: unsupported,
    getMiddleware: unsupported,
  }
  return { registrar, topology: () => topology }
}

function outgoingStream(host: Host, peerId: string, protocols: readonly string[]): Stream | undefined {
  for (const connection of host.connections(peerId)) {
    const found = connection.streams.find(
      stream => stream.direction === 'outbound' && stream.status === 'open' && protocols.includes(stream.protocol),
    )
    if (found !== undefined) return found
  }
  return undefined
}

/** Creates the gossip of a validator's host; it runs between `start` and `stop`. */
export async function createGossip(options: GossipOptions): Promise<Gossip> {
  const {
    host,
    messageBytesMax = networkLimits.gossipMessageBytes,
    skipBytes = networkLimits.gossipSkipBytes,
  } = options
  const fullName = (topic: string): string => `mupib/${host.networkTag}/${topic}`
  const shortNames = new Map(options.topics.map(topic => [fullName(topic), topic]))
  const validators = new Map<string, GossipValidator>()
  const counts: GossipCounts = { published: 0, skipped: 0, delivered: 0, ignored: 0, rejected: 0, overloaded: 0 }
  const { registrar, topology } = createRegistrar(host)

  const sub: GossipSub = gossipsub({
    globalSignaturePolicy: 'StrictNoSign',
    fallbackToFloodsub: false,
    allowPublishToZeroTopicPeers: true,
    ignoreDuplicatePublishError: true,
    emitSelf: false,
    floodPublish: false,
    batchPublish: true,
    doPX: false,
    // Who has a record already does not pass it on (see the validator's answer), so nobody has to be asked not to.
    idontwantMinDataSize: Number.MAX_SAFE_INTEGER,
    tagMeshPeers: false,
    // up to 7 validators all are neighbours; 31 reach each other in two hops
    D: 6,
    Dlo: 4,
    Dhi: 12,
    Dscore: 4,
    Dout: 2,
    Dlazy: 6,
    msgIdFn: message => toMessageId(message.topic, message.data),
    allowedTopics: [...shortNames.keys()],
    maxInboundDataLength: messageBytesMax + (networkLimits.gossipFrameBytes - networkLimits.gossipMessageBytes),
    maxOutboundBufferSize: networkLimits.gossipCutBytes,
    scoreParams: scoring([...shortNames.keys()]),
    scoreThresholds: { gossipThreshold: -10, publishThreshold: -50, graylistThreshold: -80 },
  })({
    privateKey: host.privateKey,
    peerId: host.libp2p.peerId,
    peerStore: host.libp2p.peerStore,
    logger: host.libp2p.logger,
    registrar,
    // only asked to dial direct peers and peers handed on in a prune, and there are neither
    connectionManager: {} as Components['connectionManager'],
  })

  const inValidation = { messages: 0, bytes: 0 }
  const check = async (topic: string, peerId: string, data: Uint8Array): Promise<Verdict> => {
    if (data.byteLength > messageBytesMax) return 'reject'
    const validator = validators.get(topic)
    if (validator === undefined) return 'accept'
    if (
      inValidation.messages >= networkLimits.gossipValidatingMessages ||
      inValidation.bytes >= networkLimits.gossipValidatingBytes
    ) {
      counts.overloaded += 1
      return 'ignore'
    }
    inValidation.messages += 1
    inValidation.bytes += data.byteLength
    try {
      return await validator(peerId, data)
    } catch (error) {
      host.log({ kind: 'gossip_validator_failed', peerId, reason: String(error) })
      return 'ignore'
    } finally {
      inValidation.messages -= 1
      inValidation.bytes -= data.byteLength
    }
  }

  for (const [name, topic] of shortNames) {
    sub.topicValidators.set(name, async (peer, message) => {
      const peerId = peer.toString()
      const verdict = await check(topic, peerId, message.data)
      if (verdict === 'accept') return TopicValidatorResult.Accept
      if (verdict === 'ignore') {
        counts.ignored += 1
        return TopicValidatorResult.Ignore
      }
      counts.rejected += 1
      host.penalize(peerId, networkLimits.penaltyMalformed, 'gossip_rejected')
      return TopicValidatorResult.Reject
    })
  }
  sub.addEventListener('gossipsub:message', event => {
    const topic = shortNames.get(event.detail.msg.topic)
    if (topic === undefined) return
    counts.delivered += 1
    try {
      options.onMessage(topic, event.detail.propagationSource.toString(), event.detail.msg.data)
    } catch (error) {
      host.log({ kind: 'gossip_handler_failed', reason: String(error) })
    }
  })

  const logFailure = (error: unknown): void => host.log({ kind: 'gossip_failed', reason: String(error) })
  const toldAt = new Map<string, number>()
  const tell = (peerId: string): void => {
    const connection = host.connections(peerId).at(-1)
    if (connection === undefined || host.roleOf(peerId) !== 'validator') return
    toldAt.set(peerId, performance.now())
    Promise.resolve(topology()?.onConnect?.(connection.remotePeer, connection)).catch(logFailure)
  }
  const restore = (): void => {
    for (const peerId of host.connectedPeers()) {
      if (performance.now() - (toldAt.get(peerId) ?? 0) < networkLimits.gossipRestoreMs) continue
      if (outgoingStream(host, peerId, sub.protocols) === undefined) tell(peerId)
    }
  }
  sub.addEventListener('gossipsub:heartbeat', restore)

  let stopListening = (): void => {}
  return {
    publish(topic, bytes) {
      if (bytes.byteLength > messageBytesMax)
        throw new MupibError('bug', `a gossip message of ${bytes.byteLength} bytes: at most ${messageBytesMax}`)
      for (const peerId of host.connectedPeers()) {
        if ((outgoingStream(host, peerId, sub.protocols)?.writeBufferLength ?? 0) + bytes.byteLength <= skipBytes)
          continue
        counts.skipped += 1
        return false
      }
      counts.published += 1
      sub
        .publish(fullName(topic), bytes)
        .catch((error: unknown) => host.log({ kind: 'gossip_publish_failed', reason: String(error) }))
      return true
    },
    setValidator: (topic, validator) => validators.set(topic, validator),
    subscribers: topic => sub.getSubscribers(fullName(topic)).map(String),
    counts: () => ({ ...counts }),
    async start() {
      await start(sub)
      for (const topic of options.topics) sub.subscribe(fullName(topic))
      stopListening = host.onPeers({
        onConnect: tell,
        onDisconnect(peerId) {
          toldAt.delete(peerId)
          const peer = sub.getPeers().find(known => known.toString() === peerId)
          if (peer !== undefined) Promise.resolve(topology()?.onDisconnect?.(peer)).catch(logFailure)
        },
      })
      for (const peerId of host.connectedPeers()) tell(peerId)
    },
    async stop() {
      stopListening()
      await stop(sub)
    },
  }
}
