// Sizes, counts and times of the network alone; they are local settings on which nodes may differ. What a message may hold is in proto/limits.ts.

import { limits } from '../../proto/limits.ts'

const KiB = 1024
const MiB = 1024 * KiB

export const networkLimits = {
  /** Connections of all peers together. */
  connections: 2_048,
  /** Inbound connections that have not shown who they are. */
  pendingConnections: 256,
  /** New inbound connections a second from one address: a whole local network comes from one. */
  connectionsPerSecond: 2_048,
  /** Dials under way at once. */
  parallelDials: 256,
  /** One dial, handshake included. */
  dialTimeoutMs: 10_000,
  /** An inbound connection's handshake. */
  upgradeTimeoutMs: 10_000,
  /** Negotiating the protocol of one stream. */
  negotiationTimeoutMs: 10_000,
  /** A graceful close, after which the connection is cut. */
  closeTimeoutMs: 500,
  /** Silence on a socket (pings unanswered included) after which it is taken for dead. */
  socketSilenceMs: 75_000,
  /** Between two pings of an idle connection. */
  pingIntervalMs: 30_000,
  /** Streams that a peer may hold open on one connection. */
  streamsPerConnection: 64,
  /** Bytes that a peer may have sent on one stream while we do not read. */
  streamWindowBytes: 2 * MiB,
  /** Bytes of unread input at which a stream is reset; above the window, so that only a peer that ignores the window meets it. */
  streamReadBytes: 4 * MiB,

  /** Dials that one redialer has under way at once; the rest wait, for a dial that takes longer than this time no more. */
  redialParallel: 8,
  redialSlowMs: 1_000,
  /** First pause between two dials of a peer. */
  redialFirstMs: 50,
  /** Longest pause between two dials of a peer. */
  redialCapMs: 1_000,
  /** Head start of the peer with the smaller id, so that two peers seldom dial each other at once: when it is added, and after a disconnect. */
  redialPoliteStartMs: 500,
  redialPoliteMs: 100,
  /** A connection that lasted less does not reset the back-off. */
  redialStableMs: 1_000,
  /** First and longest pause between two attempts to open a long-lived stream on a standing connection. */
  reopenFirstMs: 20,
  reopenCapMs: 1_000,

  /** Bytes handed to a stream in one write. */
  writeBytes: 256 * KiB,
  /** Bytes and frames that wait for one peer on a direct stream; over it the link is cut. */
  linkQueueBytes: 16 * MiB,
  linkQueueFrames: 65_536,
  /** Frames of one direct stream whose handlers have not finished. */
  linkInFlight: 256,

  /** Bytes of a request. */
  requestBytes: 64 * KiB,
  /** Requests of one peer, and of all, that are being answered. */
  requestsPerPeer: 4,
  requestsTotal: 32,
  /** Requests of ours to one peer that wait for an answer. */
  requestsOutgoing: 256,

  /** Bytes of one frame of a client session: a record and its envelope. */
  sessionFrameBytes: limits.recordBytes + 64 * KiB,
  /** Bytes and frames that wait for one client; over it the session is closed. */
  sessionQueueBytes: 16 * MiB,
  sessionQueueFrames: 65_536,
  /** Frames of one session whose handlers have not finished; over it nothing more is read. */
  sessionInFlight: 8,
  /** Bytes that may wait for a client while more of its requests are read. */
  sessionUnreadBytes: 1 * MiB,
  /** Ledger followings of one session, and requests of one that wait for a record to be decided. */
  sessionFollows: 16,
  sessionWaits: 16_384,
  /** Sessions of one client, and of all clients. */
  sessionsPerPeer: 4,
  sessionsTotal: 1_024,

  /** Bytes of one gossip message, and of the frame that carries it. */
  gossipMessageBytes: Math.ceil(1.2 * MiB),
  gossipFrameBytes: Math.ceil(1.2 * MiB) + 64 * KiB,
  /** Bytes queued to one peer at which own publications are skipped, and at which the peer's gossip stream is cut. */
  gossipSkipBytes: 8 * MiB,
  gossipCutBytes: 32 * MiB,
  /** Bytes and messages under validation; over it messages are ignored. */
  gossipValidatingBytes: 32 * MiB,
  gossipValidatingMessages: 4_096,
  /** Between two attempts to restore a lost gossip stream. */
  gossipRestoreMs: 3_000,

  /** Points at which a peer is disconnected, the time in which points halve, and how long it stays refused. */
  penaltyThreshold: 100,
  penaltyHalfLifeMs: 60_000,
  penaltyCooldownMs: 10_000,
  /** Points of one bad frame, of one stream that ended inside a frame, and of one stream on a protocol not meant for the peer. */
  penaltyMalformed: 25,
  penaltyTruncated: 10,
  penaltyWrongRole: 25,
  /** A request that no honest client makes; it is answered with an error. */
  penaltyBadRequest: 5,
  /** Peers whose points are remembered. */
  penaltyPeers: 4_096,
} as const
