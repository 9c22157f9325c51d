// The checker of LevelDB's log format against logs made here by the format's own rules.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { crc32c, unmaskCrc32c } from './crc32c.ts'
import { LogDamage, scanLog } from './leveldb-log.ts'

/** LevelDB's log writer (db/log_writer.cc). */
function writeLog(records: readonly Uint8Array[]): Buffer {
  const parts: Buffer[] = []
  let size = 0
  const append = (part: Buffer): void => {
    parts.push(part)
    size += part.length
  }
  for (const record of records) {
    let rest = Buffer.from(record)
    for (let isFirst = true, isLast = false; !isLast; isFirst = false) {
      let left = 32_768 - (size % 32_768)
      if (left < 7) {
        append(Buffer.alloc(left))
        left = 32_768
      }
      const part = rest.subarray(0, left - 7)
      rest = rest.subarray(part.length)
      isLast = rest.length === 0
      const header = Buffer.alloc(7)
      header[6] = isFirst ? (isLast ? 1 : 2) : isLast ? 4 : 3
      const crc = crc32c(Buffer.concat([header.subarray(6), part]))
      header.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0)
      header.writeUInt16LE(part.length, 4)
      append(Buffer.concat([header, part]))
    }
  }
  return Buffer.concat(parts)
}

/** Ends as a batch does: in bytes that are not zero. */
const recordOf = (length: number, seed: number): Buffer => {
  const record = Buffer.alloc(length, seed)
  record.fill(0xa5, Math.max(0, length - 4))
  return record
}

const scanned = (bytes: Uint8Array): { found: Uint8Array[]; tornAt: number | undefined } => {
  const found: Uint8Array[] = []
  const { tornAt } = scanLog(bytes, record => found.push(record))
  return { found, tornAt }
}

test('CRC-32C is that of RFC 3720, and the mask is undone', () => {
  expect(crc32c(Buffer.from('123456789'))).toBe(0xe3069283)
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa)
  expect(crc32c(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43)
  expect(unmaskCrc32c((((0xe3069283 >>> 15) | (0xe3069283 << 17)) + 0xa282ead8) >>> 0)).toBe(0xe3069283)
})

test('records of any size come back as they were written', () => {
  const lengths = fc.oneof(fc.nat(60), fc.integer({ min: 32_740, max: 32_780 }), fc.nat(100_000))
  fc.assert(
    fc.property(fc.array(lengths, { maxLength: 8 }), lengths => {
      const records = lengths.map((length, i) => recordOf(length, i + 1))
      const { found, tornAt } = scanned(writeLog(records))
      expect(tornAt).toBeUndefined()
      expect(Buffer.concat(found).equals(Buffer.concat(records))).toBe(true)
      expect(found.length).toBe(records.length)
    }),
    { numRuns: 50 },
  )
})

describe('what a power loss leaves and what it cannot leave', () => {
  // Crosses a block's end with a record in three parts and with one that leaves a filling.
  const lengths = [40, 0, 32_700, 70_000, 28_176, 300, 12]
  const records = lengths.map((length, i) => recordOf(length, i + 1))
  const log = writeLog(records)
  const ends = lengths.map((_, i) => writeLog(records.slice(0, i + 1)).length)
  const interesting = (size: number): boolean =>
    size % 97 === 0 || ends.some(end => Math.abs(size - end) < 40) || Math.abs((size % 32_768) - 16_384) > 16_340

  test('cut anywhere, the complete records remain and the cut is told', () => {
    for (let size = 0; size <= log.length; size++) {
      if (!interesting(size)) continue
      const { found, tornAt } = scanned(log.subarray(0, size))
      const complete = ends.filter(end => end <= size)
      expect(found.length).toBe(complete.length)
      const rest = size - (complete.at(-1) ?? 0)
      // Up to six zeros at a block's end are no record yet.
      if (rest === 0) expect(tornAt).toBeUndefined()
      else if (rest > 6) expect(tornAt).toBeDefined()
    }
  })

  test('zeros in place of the last bytes pass as a power loss', () => {
    for (const kept of [log.length - 320, log.length - 40, log.length - 16]) {
      const zeroed = Buffer.from(log)
      zeroed.fill(0, kept)
      expect(scanned(zeroed).tornAt).toBeDefined()
      expect(scanned(Buffer.concat([log, Buffer.alloc(5000)])).tornAt).toBe(log.length)
    }
  })

  test('one flipped bit anywhere is damage, in the last record too', () => {
    for (let at = 0; at < log.length; at++) {
      if (!interesting(at)) continue
      const flipped = Buffer.from(log)
      flipped[at]! ^= 1 << (at % 8)
      expect(() => scanLog(flipped)).toThrow(LogDamage)
    }
  })

  test('every wrong length of the last record is damage, not a cut', () => {
    const header = ends.at(-2)!
    for (let length = 0; length < 65_536; length += length < 300 ? 1 : 251) {
      if (length === lengths.at(-1)) continue
      const wrong = Buffer.from(log)
      wrong.writeUInt16LE(length, header + 4)
      expect(() => scanLog(wrong)).toThrow(LogDamage)
    }
  })

  test('a part lost from a long record, or zeros before the end, are damage', () => {
    const long = writeLog([recordOf(100_000, 1), recordOf(50, 2)])
    for (const without of [
      long.subarray(32_768),
      Buffer.concat([long.subarray(0, 98_304), writeLog([recordOf(5, 3)])]),
    ]) {
      expect(() => scanLog(without)).toThrow(LogDamage)
    }
    const zeroed = Buffer.from(long)
    zeroed.fill(0, 1000, 1100)
    expect(() => scanLog(zeroed)).toThrow(LogDamage)
    zeroed.fill(0, 32_768, 65_536)
    expect(() => scanLog(zeroed)).toThrow(LogDamage)
  })
})
