// Sizes, counts and times of the stream between a client and a vendor; local settings on which the two may differ.

const KiB = 1024

export const channelLimits = {
  /** Bytes of what a vendor delivers for one unit. */
  contentBytes: 64 * KiB,
  /** Bytes of one frame. */
  frameBytes: 64 * KiB + 512,
  /** Bytes and frames that wait for the peer; over it the stream is cut. */
  queueBytes: 4 * KiB * KiB,
  queueFrames: 4_096,
  /**
   * Payments that a client may make ahead of their service, at most: what it puts at risk is as many units, and what a vendor delivers again
   * to a client that came back and says it lacks them.
   */
  ahead: 64,
  /** Payments whose locks may wait to be checked together, at most, and how long the first of them waits. */
  lockBatch: 256,
  lockWaitMs: 250,
  /** Payments handled together: one check of their locks, one write. */
  turnPayments: 256,
  /** How long before a session's expiry both sides end it, so that their claims are on the ledger in time. */
  expiryMarginMs: 10_000,
} as const
