// Verifies a LevelDB table file (.ldb; LevelDB doc/table_format.md) byte by byte: blocks with their CRC-32C, one after the other
// without a gap, then the footer.
import { crc32c, unmaskCrc32c } from './crc32c.ts'
import { corruptFile } from './errors.ts'
import { VarintReader } from './varint.ts'

const footerBytes = 48
const trailerBytes = 5
const magic = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb]

interface BlockHandle {
  readonly offset: number
  readonly size: number
}

/** Verifies a whole table; throws CorruptionError at the first damaged byte's block. */
export function verifyTable(file: string, bytes: Uint8Array): void {
  const { metaindex, index } = readFooter(file, bytes)
  let next = 0
  const verifyNext = (handle: BlockHandle): void => {
    if (handle.offset !== next) throw corruptFile(file, next, 'a gap between blocks')
    verifyBlock(file, bytes, handle)
    next += handle.size + trailerBytes
  }
  // Read out of their order, so verified before they are believed.
  verifyBlock(file, bytes, index)
  verifyBlock(file, bytes, metaindex)
  for (const handle of readHandles(file, bytes, index)) verifyNext(handle)
  for (const handle of readHandles(file, bytes, metaindex)) verifyNext(handle)
  verifyNext(metaindex)
  verifyNext(index)
  if (next !== bytes.length - footerBytes) throw corruptFile(file, next, 'a gap before the footer')
}

function readFooter(file: string, bytes: Uint8Array): { metaindex: BlockHandle; index: BlockHandle } {
  const start = bytes.length - footerBytes
  if (start < 0) throw corruptFile(file, 0, 'the file is too short for a table')
  const magicStart = bytes.length - magic.length
  const reader = new VarintReader(bytes, start, magicStart)
  const metaindex = { offset: reader.varint(), size: reader.varint() }
  const index = { offset: reader.varint(), size: reader.varint() }
  const filled = bytes.subarray(reader.offset, magicStart)
  if (reader.failed || filled.some(byte => byte !== 0) || magic.some((byte, i) => bytes[magicStart + i] !== byte)) {
    throw corruptFile(file, start, 'the footer is damaged')
  }
  return { metaindex, index }
}

function verifyBlock(file: string, bytes: Uint8Array, { offset, size }: BlockHandle): void {
  const end = offset + size
  if (end + trailerBytes > bytes.length - footerBytes)
    throw corruptFile(file, offset, 'a block beyond the end of the file')
  const stored = (bytes[end + 1]! | (bytes[end + 2]! << 8) | (bytes[end + 3]! << 16) | (bytes[end + 4]! << 24)) >>> 0
  if (crc32c(bytes, offset, end + 1) !== unmaskCrc32c(stored)) {
    throw corruptFile(file, offset, 'a block fails its checksum')
  }
  if (bytes[end] !== 0) throw corruptFile(file, offset, 'a compressed block, which this program does not write')
}

/** The block handles that an index block lists. */
function readHandles(file: string, bytes: Uint8Array, block: BlockHandle): BlockHandle[] {
  const end = block.offset + block.size
  const damaged = corruptFile.bind(undefined, file, block.offset, 'an index block is damaged')
  if (block.size < 4) throw damaged()
  const restarts = new DataView(bytes.buffer, bytes.byteOffset + end - 4, 4).getUint32(0, true)
  const entriesEnd = end - 4 - 4 * restarts
  if (entriesEnd < block.offset) throw damaged()
  const reader = new VarintReader(bytes, block.offset, entriesEnd)
  const handles: BlockHandle[] = []
  while (!reader.done) {
    reader.varint()
    const keyBytes = reader.varint()
    const valueBytes = reader.varint()
    reader.slice(keyBytes)
    const valueStart = reader.offset
    reader.slice(valueBytes)
    const value = new VarintReader(bytes, valueStart, reader.offset)
    handles.push({ offset: value.varint(), size: value.varint() })
    if (reader.failed || value.failed) throw damaged()
  }
  return handles
}
