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
  /** How long a wallet leaves for the opening to be decided. */
  openWithinMs: 300_000,
} as const

interface Ending {
  readonly terms: { readonly expiry: number }
  readonly expiryMarginMs: number
}

/** True from when on both sides end a session. */
export const isExpired = ({ terms, expiryMarginMs }: Ending, now: number): boolean =>
  now >= terms.expiry - expiryMarginMs

/** What one step of an answer may take of a dispute window, in milliseconds: a tenth, within bounds. */
export const windowPartMs = (windowMs: number, { min, max }: { readonly min: number; readonly max: number }): number =>
  Math.min(max, Math.max(min, windowMs / 10))
