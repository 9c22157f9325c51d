// The libp2p host of a validator or a client: who may connect (by key, at the gater, before any protocol runs), streams by role, and penalties.

import './with-resolvers.ts'
import { noise } from '@chainsafe/libp2p-noise'
import { yamux } from '@chainsafe/libp2p-yamux'
import { generateKeyPairFromSeed, publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { Connection, Libp2p, PeerId, PrivateKey, Stream } from '@libp2p/interface'
import { peerIdFromPublicKey as libp2pPeerIdFromPublicKey, peerIdFromString } from '@libp2p/peer-id'
import { tcp } from '@libp2p/tcp'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { MupibError } from '../../proto/errors.ts'
import { withJoinedWrites } from './joined-writes.ts'
import { networkLimits } from './limits.ts'
import { createPeerScore, type PeerScore } from './score.ts'

/** `user` and `vendor`: the two ends of a payment session, which are peers of each other and of nobody else. */
export type PeerRole = 'validator' | 'bank' | 'auditor' | 'authority' | 'user' | 'vendor'

/** What the network tells its log; `kind` is stable. */
export interface NetworkEvent {
  kind: string
  peerId?: string
  reason?: string
  [field: string]: unknown
}

export interface HostOptions {
  /** 32-byte Ed25519 seed; the peer id follows from it. */
  privateKey: Uint8Array
  /** Multiaddrs to listen on; none for a client that only dials. */
  listen: readonly string[]
  /** Short text, the same at all nodes of one network: hosts with another one do not get through the handshake. */
  networkTag: string
  /** Role of a peer, asked anew each time; undefined for one that may not connect. */
  isAdmitted: (peerId: string) => PeerRole | undefined
  log?: (event: NetworkEvent) => void
  /** Monotonic milliseconds, for the penalties. */
  now?: () => number
}

export type StreamHandler = (stream: Stream, peerId: string, role: PeerRole) => void

export interface PeerListener {
  onConnect?: (peerId: string) => void
  onDisconnect?: (peerId: string) => void
}

export interface Host {
  readonly peerId: string
  readonly networkTag: string
  /** The node below and its key, for the gossip adapter. */
  readonly libp2p: Libp2p
  readonly privateKey: PrivateKey
  readonly score: PeerScore
  /** Addresses listened on, each with the peer id. */
  multiaddrs(): string[]
  connectedPeers(): string[]
  isConnected(peerId: string): boolean
  /** Open connections to a peer, newest last. */
  connections(peerId: string): Connection[]
  /** Role of an admitted peer that is not in its cool-down. */
  roleOf(peerId: string): PeerRole | undefined
  /** Name of a protocol on this network: `/mupib/<tag>/<name>/1`. */
  protocol(name: string): string
  /** Connects, unless connected. Throws `unreachable`. */
  dial(peerId: string, multiaddrs: readonly string[]): Promise<void>
  /** Opens a stream on the newest connection. Throws `unreachable`. */
  openStream(peerId: string, protocol: string): Promise<Stream>
  /** Accepts streams of a protocol from peers of the given roles; others are penalized. */
  handle(protocol: string, roles: readonly PeerRole[], handler: StreamHandler): Promise<void>
  unhandle(protocol: string): Promise<void>
  /** Tells of first connections and last disconnections; returns a function that ends it. */
  onPeers(listener: PeerListener): () => void
  /** Counts bad behaviour; at the threshold the peer is cut off and refused for a while. */
  penalize(peerId: string, points: number, reason: string): void
  /** Cuts all connections to a peer. */
  dropPeer(peerId: string, reason: string): void
  log(event: NetworkEvent): void
  /** Listens and lets others connect; protocols are best registered before. Throws `port_taken`, `permission`, `bad_config`. */
  start(): Promise<void>
  /** Closes all connections and listeners; nothing stays open. */
  stop(): Promise<void>
}

/** The libp2p peer id of an Ed25519 public key (32 bytes). */
export function peerIdFromPublicKey(publicKey: Uint8Array): string {
  const key = publicKeyFromRaw(publicKey)
  if (key.type !== 'Ed25519') throw new MupibError('bad_key', 'a peer key is an Ed25519 public key of 32 bytes')
  return libp2pPeerIdFromPublicKey(key).toString()
}

/** The Ed25519 public key (32 bytes) in a peer id; undefined where it is none or holds another kind of key. */
export function publicKeyFromPeerId(peerId: string): Uint8Array | undefined {
  try {
    const parsed = peerIdFromString(peerId)
    return parsed.type === 'Ed25519' ? parsed.publicKey.raw : undefined
  } catch {
    return undefined
  }
}

function createNode(
  options: HostOptions,
  privateKey: PrivateKey,
  isRefused: (peerId: PeerId) => boolean,
): Promise<Libp2p> {
  return createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [...options.listen] },
    transports: [
      tcp({
        // noDelay is libp2p's default, said here because a vote that waits for Nagle's algorithm costs 40 ms
        dialOpts: { noDelay: true },
        listenOpts: { noDelay: true },
        inboundSocketInactivityTimeout: networkLimits.socketSilenceMs,
        outboundSocketInactivityTimeout: networkLimits.socketSilenceMs,
      }),
    ],
    // another network's prologue fails the handshake, whatever keys the two have in common
    connectionEncrypters: [
      withJoinedWrites(noise({ prologueBytes: new TextEncoder().encode(`mupib/${options.networkTag}`) })),
    ],
    streamMuxers: [
      yamux({
        keepAliveInterval: networkLimits.pingIntervalMs,
        maxInboundStreams: networkLimits.streamsPerConnection,
        maxOutboundStreams: networkLimits.streamsPerConnection,
        maxEarlyStreams: networkLimits.streamsPerConnection,
        streamOptions: {
          maxStreamWindowSize: networkLimits.streamWindowBytes,
          maxReadBufferLength: networkLimits.streamReadBytes,
        },
      }),
    ],
    connectionManager: {
      maxConnections: networkLimits.connections,
      maxIncomingPendingConnections: networkLimits.pendingConnections,
      inboundConnectionThreshold: networkLimits.connectionsPerSecond,
      maxParallelDials: networkLimits.parallelDials,
      dialTimeout: networkLimits.dialTimeoutMs,
      addressDialTimeout: networkLimits.dialTimeoutMs,
      inboundUpgradeTimeout: networkLimits.upgradeTimeoutMs,
      inboundStreamProtocolNegotiationTimeout: networkLimits.negotiationTimeoutMs,
      outboundStreamProtocolNegotiationTimeout: networkLimits.negotiationTimeoutMs,
      connectionCloseTimeout: networkLimits.closeTimeoutMs,
      // redial.ts does this, without giving up
      reconnectRetries: 0,
    },
    // it opens a stream to every peer every ten seconds; yamux pings and the socket's timeout find the dead as well
    connectionMonitor: { enabled: false },
    connectionGater: {
      denyDialPeer: isRefused,
      denyInboundEncryptedConnection: isRefused,
      denyInboundUpgradedConnection: isRefused,
      denyOutboundEncryptedConnection: isRefused,
      denyOutboundUpgradedConnection: isRefused,
    },
  })
}

/** The connections of all peers, by peer id. */
class Connections {
  readonly #byPeer = new Map<string, Connection[]>()
  readonly #listeners = new Set<PeerListener>()
  readonly #log: (event: NetworkEvent) => void

  constructor(log: (event: NetworkEvent) => void) {
    this.#log = log
  }

  of(peerId: string): Connection[] {
    return (this.#byPeer.get(peerId) ?? []).filter(connection => connection.status === 'open')
  }

  peers(): string[] {
    return [...this.#byPeer.keys()]
  }

  has(peerId: string): boolean {
    return this.#byPeer.has(peerId)
  }

  listen(listener: PeerListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  opened(connection: Connection): void {
    if (connection.status !== 'open') return
    const peerId = connection.remotePeer.toString()
    const known = this.#byPeer.get(peerId) ?? []
    this.#byPeer.set(peerId, [...known, connection])
    // A peer dials only when it has no connection, so an earlier one that it dialled is dead. Two that were dialled from both
    // sides at once both stay: closing one of them is where two peers begin to flap, keeping it costs a ping in 30 s.
    if (connection.direction === 'inbound') {
      for (const earlier of known)
        if (earlier.direction === 'inbound') earlier.abort(new Error('replaced by a newer connection'))
    }
    if (known.length > 0) return
    this.#log({ kind: 'peer_connected', peerId })
    this.#tell(listener => listener.onConnect?.(peerId))
  }

  closed(connection: Connection): void {
    const peerId = connection.remotePeer.toString()
    const known = this.#byPeer.get(peerId)
    if (known === undefined) return
    const rest = known.filter(other => other.id !== connection.id)
    if (rest.length > 0) {
      this.#byPeer.set(peerId, rest)
      return
    }
    this.#byPeer.delete(peerId)
    this.#log({ kind: 'peer_disconnected', peerId })
    this.#tell(listener => listener.onDisconnect?.(peerId))
  }

  #tell(call: (listener: PeerListener) => void): void {
    for (const listener of [...this.#listeners]) {
      try {
        call(listener)
      } catch (error) {
        this.#log({ kind: 'listener_failed', reason: String(error) })
      }
    }
  }
}

function listenError(error: unknown, listen: readonly string[]): MupibError {
  const text = error instanceof Error ? error.message : String(error)
  const where = listen.join(', ')
  if (text.includes('EADDRINUSE'))
    return new MupibError('port_taken', `cannot listen on ${where}: the port is taken`, {
      hint: 'stop what uses it, or choose another port',
      cause: error,
    })
  if (text.includes('EACCES') || text.includes('EPERM'))
    return new MupibError('permission', `cannot listen on ${where}: not permitted`, {
      hint: 'ports below 1024 need privileges',
      cause: error,
    })
  return new MupibError('bad_config', `cannot listen on ${where}`, {
    hint: 'an address looks like /ip4/127.0.0.1/tcp/4001',
    cause: error,
  })
}

/** Throws `bad_config` on what is no multiaddr. */
function toMultiaddr(address: string): Multiaddr {
  try {
    return multiaddr(address)
  } catch (error) {
    throw new MupibError('bad_config', `${address} is no multiaddr`, {
      hint: 'an address looks like /ip4/127.0.0.1/tcp/4001',
      cause: error,
    })
  }
}

/** Creates a host, which neither listens nor dials before its `start`. Throws `bad_config` on an address that is none. */
export async function createHost(options: HostOptions): Promise<Host> {
  const log = options.log ?? (() => {})
  const score = createPeerScore({ now: options.now ?? (() => performance.now()) })
  const roleOf = (peerId: string): PeerRole | undefined =>
    score.isRefused(peerId) ? undefined : options.isAdmitted(peerId)
  const isRefused = (peerId: PeerId): boolean => {
    const id = peerId.toString()
    if (roleOf(id) !== undefined) return false
    log({ kind: 'peer_refused', peerId: id })
    return true
  }
  for (const address of options.listen) toMultiaddr(address)
  const privateKey = await generateKeyPairFromSeed('Ed25519', options.privateKey)
  const node = await createNode(options, privateKey, isRefused)
  const connections = new Connections(log)
  node.addEventListener('connection:open', event => connections.opened(event.detail))
  node.addEventListener('connection:close', event => connections.closed(event.detail))

  const host: Host = {
    peerId: node.peerId.toString(),
    networkTag: options.networkTag,
    libp2p: node,
    privateKey,
    score,
    log,
    roleOf,
    multiaddrs: () => node.getMultiaddrs().map(String),
    connectedPeers: () => connections.peers(),
    isConnected: peerId => connections.has(peerId),
    connections: peerId => connections.of(peerId),
    protocol: name => `/mupib/${options.networkTag}/${name}/1`,
    onPeers: listener => connections.listen(listener),
    async dial(peerId, multiaddrs) {
      if (connections.has(peerId)) return
      try {
        await node.dial(
          multiaddrs.map(address => toMultiaddr(address.includes('/p2p/') ? address : `${address}/p2p/${peerId}`)),
        )
      } catch (error) {
        throw error instanceof MupibError
          ? error
          : new MupibError('unreachable', `${peerId} cannot be reached`, { cause: error })
      }
    },
    async openStream(peerId, protocol) {
      const connection = connections.of(peerId).at(-1)
      if (connection === undefined) throw new MupibError('unreachable', `${peerId} is not connected`)
      try {
        return await connection.newStream(protocol, { signal: AbortSignal.timeout(networkLimits.negotiationTimeoutMs) })
      } catch (error) {
        throw new MupibError('unreachable', `${peerId} does not accept ${protocol}`, { cause: error })
      }
    },
    handle(protocol, roles, handler) {
      return node.handle(protocol, (stream, connection) => {
        const peerId = connection.remotePeer.toString()
        const role = roleOf(peerId)
        if (role === undefined) {
          host.dropPeer(peerId, 'no longer admitted')
        } else if (roles.includes(role)) {
          handler(stream, peerId, role)
        } else {
          stream.abort(new Error(`a ${role} may not use ${protocol}`))
          host.penalize(peerId, networkLimits.penaltyWrongRole, 'wrong_role')
        }
      })
    },
    unhandle: protocol => node.unhandle(protocol),
    penalize(peerId, points, reason) {
      log({ kind: 'peer_penalized', peerId, points, reason })
      if (score.penalize(peerId, points, reason) === 'disconnect') host.dropPeer(peerId, reason)
    },
    dropPeer(peerId, reason) {
      const open = connections.of(peerId)
      if (open.length > 0) log({ kind: 'peer_dropped', peerId, reason })
      for (const connection of open) connection.abort(new Error(reason))
    },
    async start() {
      try {
        await node.start()
      } catch (error) {
        throw listenError(error, options.listen)
      }
    },
    async stop() {
      await node.stop()
    },
  }
  return host
}
