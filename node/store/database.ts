// The storage port: an ordered map of bytes with atomic batches. level-database.ts is the real one, memory-database.ts its twin.
// Every value is stored with a checksum over its key and itself, so that a damaged or misplaced value is never answered with.
import { crc32 } from 'node:zlib'
import { corruptValue } from './errors.ts'
import type { KeyRange } from './keys.ts'

/** One change of a batch. The bytes must not be changed by the caller until the write is done. */
export type WriteOp =
  | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: Uint8Array }

export interface IterateOptions extends KeyRange {
  readonly reverse?: boolean
  readonly limit?: number
}

/** Values returned are the reader's to keep, and not to change. */
export interface Database {
  /** The value, or undefined. Throws CorruptionError where what is stored fails its checksum. */
  get(key: Uint8Array): Uint8Array | undefined
  /** The same for many keys, read outside the main thread. */
  getMany(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]>
  /** The rows of a range in key order, as they stood at the first step. Throws CorruptionError at the first damaged row. */
  iterate(options: IterateOptions): AsyncIterable<[Uint8Array, Uint8Array]>
  /**
   * Applies all changes or none; done and visible when the promise resolves, in the order of the calls.
   * `sync: true` survives a power loss, and with it every write before it. After a failed write (`disk_full`,
   * `store_write_failed`) the store refuses every later one with the same error, so that nothing is built on what was not stored.
   */
  write(ops: readonly WriteOp[], options: { readonly sync: boolean }): Promise<void>
  /** Gives the space of overwritten and deleted rows back. */
  compact(range?: KeyRange): Promise<void>
  /** Bytes on disk, roughly; what was written last may not be counted yet. */
  approximateSize(range?: KeyRange): Promise<number>
  /** Waits for the writes under way. Later calls throw `stopped`. */
  close(): Promise<void>
}

/** Every key there can be: prefixes stay below 0xff. */
export const wholeRange: KeyRange = { gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) }

/** Bytes that the checksum adds to a value. */
export const checksumBytes = 4

/** The value as it is stored: payload, then CRC-32 of key ‖ payload. */
export function toStored(key: Uint8Array, payload: Uint8Array): Uint8Array {
  const stored = Buffer.allocUnsafe(payload.length + checksumBytes)
  stored.set(payload)
  stored.writeUInt32LE(crc32(payload, crc32(key)), payload.length)
  return stored
}

/** The payload of a stored value; throws CorruptionError where the checksum does not match. */
export function fromStored(key: Uint8Array, stored: Uint8Array): Uint8Array {
  const length = stored.length - checksumBytes
  if (length < 0) throw corruptValue(key)
  const payload = new Uint8Array(stored.buffer, stored.byteOffset, length)
  const expected =
    (stored[length]! | (stored[length + 1]! << 8) | (stored[length + 2]! << 16) | (stored[length + 3]! << 24)) >>> 0
  if (crc32(payload, crc32(key)) !== expected) throw corruptValue(key)
  return payload
}

/** Reads the whole store, so that every checksum is verified; returns the number of rows. Throws CorruptionError. */
export async function verifyValues(database: Database): Promise<number> {
  let rows = 0
  for await (const _row of database.iterate(wholeRange)) rows++
  return rows
}
