// Bounds and sizes of a validator's store. Local settings: nodes need not agree on them.

const KiB = 1024
const MiB = 1024 * KiB

export const storeLimits = {
  /** Batch numbers that the ring of markers remembers; two bytes of key. */
  batchRing: 65_536,
  /**
   * Table bytes whose checksums are verified at every open (about one second per GiB), newest files first; the rest by `check`.
   * Beyond it a damaged value is still never answered with, but damage between the values may make LevelDB abort the process.
   */
  tableBytesVerifiedAtOpen: 2048 * MiB,
  /** LevelDB's log and memory table: larger means fewer rewrites of hot pages, and more to replay at open. */
  writeBufferBytes: 32 * MiB,
  /** LevelDB's cache of table blocks. */
  blockCacheBytes: 32 * MiB,
  /** Size of one table file. */
  tableFileBytes: 16 * MiB,
  /** Bytes read ahead by an iterator. */
  readAheadBytes: 256 * KiB,
  /** Bytes of waiting writes that are joined into one batch. */
  joinedBatchBytes: 8 * MiB,
  /** Inner pages of the state tree kept verified in memory (about 0.7 kB each). */
  innerPagesCached: 65_536,
  /** Buckets of the state tree kept verified in memory (about 0.9 kB each). */
  bucketPagesCached: 32_768,
  /** Bytes of verified state rows kept in memory. */
  rowBytesCached: 32 * MiB,
} as const
