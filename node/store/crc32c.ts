// CRC-32C (Castagnoli, RFC 3720 appendix B.4), eight bytes a step, with the mask that LevelDB stores it under (its util/crc32c.h).

function buildTables(): Uint32Array[] {
  const tables = Array.from({ length: 8 }, () => new Uint32Array(256))
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    tables[0]![byte] = crc
  }
  for (let slice = 1; slice < 8; slice++) {
    for (let byte = 0; byte < 256; byte++) {
      const crc = tables[slice - 1]![byte]!
      tables[slice]![byte] = (crc >>> 8) ^ tables[0]![crc & 0xff]!
    }
  }
  return tables
}

const [t0, t1, t2, t3, t4, t5, t6, t7] = buildTables() as [
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
  Uint32Array,
]

/** CRC-32C of bytes[start, end). */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1
  let i = start
  for (; i + 8 <= end; i += 8) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24)
    crc =
      t7[crc & 0xff]! ^
      t6[(crc >>> 8) & 0xff]! ^
      t5[(crc >>> 16) & 0xff]! ^
      t4[crc >>> 24]! ^
      t3[bytes[i + 4]!]! ^
      t2[bytes[i + 5]!]! ^
      t1[bytes[i + 6]!]! ^
      t0[bytes[i + 7]!]!
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}

/**
 * The shortest length of at most `end - start` bytes after `start` for which bytes[start, start + length) has the given CRC-32C,
 * or undefined.
 */
export function prefixWithCrc32c(bytes: Uint8Array, start: number, end: number, wanted: number): number | undefined {
  let crc = -1
  for (let i = start; i < end; i++) {
    crc = (crc >>> 8) ^ t0[(crc ^ bytes[i]!) & 0xff]!
    if (~crc >>> 0 === wanted) return i + 1 - start
  }
  return undefined
}

/** LevelDB stores checksums rotated and shifted by a constant; this takes that away. */
export function unmaskCrc32c(masked: number): number {
  const rotated = (masked - 0xa282ead8) >>> 0
  return ((rotated >>> 17) | (rotated << 15)) >>> 0
}
