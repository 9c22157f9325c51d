// The port through which the ledger's rules see state. What lies below authenticates every value, so that an absent row is
// truly absent; what the rules write stays in a draft until the block that wrote it is final.
import type { Digest } from '../../proto/hash.ts'

/** State as of some block. */
export interface StateReader {
  /** The row's value, undefined where there is no such row. The caller does not change it. */
  get(key: Uint8Array): Uint8Array | undefined
}

/** State of a block that is being executed: its parent's rows beneath what it wrote itself. */
export interface StateDraft extends StateReader {
  /** Keys and values are not changed by the caller afterwards. */
  put(key: Uint8Array, value: Uint8Array): void
  /** Root over every row, including what was put here. */
  root(): Digest
}
