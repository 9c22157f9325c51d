// Client sessions: a long-lived framed stream between a bank, an auditor or the authority and a validator, opened by the client. Users and
// vendors pay over streams of the same kind.

import { FramedStream, isPeersFault, type StreamEnd } from './framed-stream.ts'
import type { Host, PeerRole } from './host.ts'
import { networkLimits } from './limits.ts'
import { createOutgoing } from './outgoing.ts'
import { createRedialer } from './redial.ts'

type ClientRole = Exclude<PeerRole, 'validator' | 'user' | 'vendor'>

/** A validator's end of a session. */
export interface Session {
  readonly peerId: string
  readonly role: PeerRole
  readonly isOpen: boolean
  /** Bytes that wait for the client. */
  readonly bufferedBytes: number
  /** False when the session is closed, or has just been cut because the client reads too slowly. */
  send(frame: Uint8Array): boolean
  /** Resolves when nothing waits to be written, or the session has ended. */
  drained(): Promise<void>
  /** Ends the session after what is queued has been written. */
  close(): Promise<void>
}

export interface SessionHandlers {
  /** Handles one frame. The promise is awaited: with `sessionInFlight` of them open nothing more is read. A throw ends the session and costs points. */
  onFrame: (frame: Uint8Array) => void | Promise<void>
  onClose?: (end: StreamEnd) => void
}

export interface SessionServerOptions {
  host: Host
  /** Says what is done with the frames of a new session. */
  onSession: (session: Session) => SessionHandlers
  /** Name of the protocol (default: that of the validators' clients), and who may use it. */
  protocol?: string
  roles?: readonly PeerRole[]
  inFlightMax?: number
  frameBytesMax?: number
  queueBytesMax?: number
}

export interface SessionServer {
  sessions(): Session[]
  stop(): Promise<void>
}

const clientProtocol = 'client'
const clientRoles: readonly ClientRole[] = ['bank', 'auditor', 'authority']

/** Accepts sessions of clients. */
export async function createSessionServer(options: SessionServerOptions): Promise<SessionServer> {
  const { host, inFlightMax = networkLimits.sessionInFlight, frameBytesMax = networkLimits.sessionFrameBytes } = options
  const { queueBytesMax = networkLimits.sessionQueueBytes } = options
  const protocol = host.protocol(options.protocol ?? clientProtocol)
  const open = new Map<FramedStream, Session>()

  await host.handle(protocol, options.roles ?? clientRoles, (raw, peerId, role) => {
    const ofPeer = [...open.values()].filter(session => session.peerId === peerId).length
    if (ofPeer >= networkLimits.sessionsPerPeer || open.size >= networkLimits.sessionsTotal) {
      host.log({ kind: 'session_refused', peerId, reason: 'too many sessions' })
      raw.abort(new Error('too many sessions'))
      return
    }
    let handlers: SessionHandlers | undefined
    const stream = new FramedStream(raw, {
      frameBytesMax,
      queueBytesMax,
      queueFramesMax: networkLimits.sessionQueueFrames,
      inFlightMax,
      onFrame: frame => handlers!.onFrame(frame),
      onEnd(end, error) {
        open.delete(stream)
        host.log({ kind: 'session_closed', peerId, reason: error?.message ?? end })
        if (isPeersFault(end) || end === 'handler') {
          host.penalize(
            peerId,
            end === 'truncated' ? networkLimits.penaltyTruncated : networkLimits.penaltyMalformed,
            `session_${end}`,
          )
        }
        handlers?.onClose?.(end)
      },
    })
    const session: Session = {
      peerId,
      role,
      get isOpen() {
        return stream.isOpen
      },
      get bufferedBytes() {
        return stream.bufferedBytes
      },
      send: frame => stream.send(frame),
      drained: () => stream.drained(),
      close: () => stream.close(),
    }
    open.set(stream, session)
    host.log({ kind: 'session_opened', peerId, role })
    handlers = options.onSession(session)
  })

  return {
    sessions: () => [...open.values()],
    async stop() {
      await host.unhandle(protocol)
      await Promise.all([...open.keys()].map(stream => stream.close()))
    },
  }
}

export interface ClientSessionOptions {
  host: Host
  /** The validator. */
  peerId: string
  /** Name of the protocol (default: that of the validators' clients). */
  protocol?: string
  multiaddrs: readonly string[]
  /** Uniform in [0, 1). */
  random: () => number
  onFrame: (frame: Uint8Array) => void | Promise<void>
  /** Called each time the session stands; what was sent in an earlier one may not have arrived. */
  onUp?: () => void
  onDown?: (end: StreamEnd) => void
  /** Longest pause between two dials. */
  capMs?: number
  inFlightMax?: number
  frameBytesMax?: number
  queueBytesMax?: number
}

/** A client's end of a session, which comes back by itself for as long as it is not closed. */
export interface ClientSession {
  readonly peerId: string
  readonly isUp: boolean
  readonly bufferedBytes: number
  /** False while the session is down. */
  send(frame: Uint8Array): boolean
  drained(): Promise<void>
  setAddresses(multiaddrs: readonly string[]): void
  close(): Promise<void>
}

/** Connects to a validator and keeps a session with it. */
export function openSession(options: ClientSessionOptions): ClientSession {
  const { host, peerId, frameBytesMax = networkLimits.sessionFrameBytes } = options
  const { queueBytesMax = networkLimits.sessionQueueBytes } = options
  const outgoing = createOutgoing({
    host,
    protocol: host.protocol(options.protocol ?? clientProtocol),
    random: options.random,
    isWanted: other => other === peerId,
    framing: () => ({
      frameBytesMax,
      queueBytesMax,
      queueFramesMax: networkLimits.sessionQueueFrames,
      inFlightMax: options.inFlightMax ?? networkLimits.sessionInFlight,
      onFrame: options.onFrame,
    }),
    onUp: () => options.onUp?.(),
    onDown(_peerId, end) {
      if (isPeersFault(end)) host.penalize(peerId, networkLimits.penaltyMalformed, `session_${end}`)
      options.onDown?.(end)
    },
  })
  const { capMs } = options
  const redialer = createRedialer({
    host,
    peers: [{ peerId, multiaddrs: options.multiaddrs }],
    isMutual: false,
    random: options.random,
    ...(capMs === undefined ? {} : { capMs }),
  })
  return {
    peerId,
    get isUp() {
      return outgoing.get(peerId) !== undefined
    },
    get bufferedBytes() {
      return outgoing.get(peerId)?.bufferedBytes ?? 0
    },
    send: frame => outgoing.get(peerId)?.send(frame) ?? false,
    drained: () => outgoing.get(peerId)?.drained() ?? Promise.resolve(),
    setAddresses: multiaddrs => redialer.setAddresses(peerId, multiaddrs),
    async close() {
      redialer.stop()
      await outgoing.stop()
    },
  }
}
