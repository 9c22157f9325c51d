// Reads a file in LevelDB's log format (write-ahead logs and MANIFEST; LevelDB doc/log_format.md) and verifies every byte of it.
// LevelDB itself drops damaged records of a write-ahead log without a word; here only what a power loss leaves behind passes.
import { crc32c, prefixWithCrc32c, unmaskCrc32c } from './crc32c.ts'

const blockBytes = 32_768
const headerBytes = 7
// A record that a batch of ours closes ends in a batch number and a checksum, never in this many zeros.
const zeroTailBytes = 16

const fullType = 1
const firstType = 2
const lastType = 4 // 3 is a middle part

/** What a log file holds: its records, and where its last record breaks off, if it does. */
export interface LogScan {
  readonly records: number
  /** Offset of a last record that is incomplete (power loss while it was written), or undefined. */
  readonly tornAt: number | undefined
}

/** A complete record that is not what was written. */
export class LogDamage extends Error {
  readonly offset: number

  constructor(offset: number, reason: string) {
    super(reason)
    this.name = 'LogDamage'
    this.offset = offset
  }
}

/** Offset from which a file is zero to its end. */
function zerosFrom(bytes: Uint8Array): number {
  let offset = bytes.length
  while (offset > 0 && bytes[offset - 1] === 0) offset--
  return offset
}

/**
 * Verifies a whole log file.
 * Allowed at its end: a record cut short, or (some file systems, after a power loss) zeros in place of the last record's bytes.
 * @param onRecord receives each complete record
 * @throws LogDamage at the first byte that neither LevelDB nor a power loss can have left there
 */
export function scanLog(bytes: Uint8Array, onRecord?: (record: Uint8Array) => void): LogScan {
  const size = bytes.length
  let fragments: Uint8Array[] | undefined
  let recordStart = 0
  let records = 0
  let offset = 0

  const finish = (record: Uint8Array): void => {
    records++
    onRecord?.(record)
  }

  while (offset < size) {
    const blockLeft = blockBytes - (offset % blockBytes)
    if (blockLeft < headerBytes) {
      const end = Math.min(offset + blockLeft, size)
      for (; offset < end; offset++) {
        if (bytes[offset] !== 0) throw new LogDamage(offset, 'the filling at the end of a block is not zero')
      }
      continue
    }
    if (fragments === undefined) recordStart = offset
    const fragment = readFragment(bytes, offset, blockLeft)
    if (fragment === undefined) return { records, tornAt: recordStart }
    const { type, payload } = fragment
    const opens = type === fullType || type === firstType
    if (opens === (fragments !== undefined)) {
      throw new LogDamage(offset, opens ? 'a record without its end' : 'a record without its beginning')
    }
    if (type === fullType) finish(payload)
    else if (type === firstType) fragments = [payload]
    else fragments!.push(payload)
    if (type === lastType) {
      finish(Buffer.concat(fragments!))
      fragments = undefined
    }
    offset += headerBytes + payload.length
  }
  return { records, tornAt: fragments === undefined ? undefined : recordStart }
}

/** One physical record, or undefined where the file ends in it; throws LogDamage. */
function readFragment(
  bytes: Uint8Array,
  offset: number,
  blockLeft: number,
): { type: number; payload: Uint8Array } | undefined {
  const size = bytes.length
  if (size - offset < headerBytes) return undefined
  const stored = unmaskCrc32c(
    (bytes[offset]! | (bytes[offset + 1]! << 8) | (bytes[offset + 2]! << 16) | (bytes[offset + 3]! << 24)) >>> 0,
  )
  const length = bytes[offset + 4]! | (bytes[offset + 5]! << 8)
  const type = bytes[offset + 6]!
  const end = offset + headerBytes + length

  const damage = (reason: string): undefined => {
    const zeros = zerosFrom(bytes)
    if (zeros < end && size - zeros >= zeroTailBytes) return undefined
    throw new LogDamage(offset, reason)
  }

  if (headerBytes + length > blockLeft) return damage('a record longer than its block')
  if (end > size) {
    // Cut short, unless it is the length that was damaged: then a shorter one fits the checksum.
    const fits = prefixWithCrc32c(bytes, offset + 6, size, stored)
    return fits === undefined ? undefined : damage('the length of a record is damaged')
  }
  if (crc32c(bytes, offset + 6, end) !== stored) return damage('a record fails its checksum')
  if (type < fullType || type > lastType) return damage(`a record of unknown type ${type}`)
  return { type, payload: bytes.subarray(offset + headerBytes, end) }
}
