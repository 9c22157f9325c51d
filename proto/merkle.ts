// Merkle trees over verdicts, shaped and domain-separated as in RFC 9162, section 2.1.
import { bytesOfHex, concatBytes } from './bytes.ts'
import { assert, MupibError } from './errors.ts'
import { sha256, zeroDigest } from './hash.ts'
import { limits } from './limits.ts'

const leafPrefix = Uint8Array.of(0)

/** Hash of a leaf's content: the 0x00 prefix keeps leaves and nodes apart. */
export function leafHash(content: Uint8Array): Uint8Array {
  return sha256(concatBytes(leafPrefix, content))
}

const nodeBuffer = new Uint8Array(65)

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  nodeBuffer[0] = 1
  nodeBuffer.set(left, 1)
  nodeBuffer.set(right, 33)
  return sha256(nodeBuffer)
}

const emptyRoot = bytesOfHex(zeroDigest)

// Pairing level by level and passing an odd last node up unchanged gives the same tree as RFC 9162's recursive split.
function levelAbove(level: readonly Uint8Array[]): Uint8Array[] {
  const above: Uint8Array[] = []
  for (let i = 0; i + 1 < level.length; i += 2) above.push(nodeHash(level[i]!, level[i + 1]!))
  if (level.length % 2 === 1) above.push(level[level.length - 1]!)
  return above
}

/** Root of the tree over the leaf hashes; 32 zero bytes where there are none. */
export function merkleRoot(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 0) return emptyRoot
  let level = leaves
  while (level.length > 1) level = levelAbove(level)
  return level[0]!
}

/** The siblings from a leaf to the root, lowest first. */
export function merklePath(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  assert(index >= 0 && index < leaves.length, 'a path to a leaf that is there')
  const path: Uint8Array[] = []
  let level = leaves
  for (let at = index; level.length > 1; at >>= 1, level = levelAbove(level)) {
    const sibling = level[at ^ 1]
    if (sibling) path.push(sibling)
  }
  return path
}

/**
 * The root that a leaf hash at `index` of `count` leaves has with this path. It proves that the leaf is in the tree; index and count
 * are proved only as far as the path's shape depends on them. Throws `bad_proof` where the path has a wrong length.
 */
export function rootFromPath(leaf: Uint8Array, index: number, count: number, path: readonly Uint8Array[]): Uint8Array {
  const isPlace = Number.isInteger(index) && index >= 0 && index < count && count < 2 ** 31
  if (!isPlace || path.length > limits.merkleDepth) throw new MupibError('bad_proof', 'no such place in the tree')
  let hash = leaf
  let used = 0
  for (let at = index, width = count; width > 1; at >>= 1, width = (width + 1) >> 1) {
    if ((at ^ 1) >= width) continue
    const sibling = path[used++]
    if (!sibling) throw new MupibError('bad_proof', 'the path is too short')
    if (sibling.length !== 32) throw new MupibError('bad_proof', 'the path holds something else than digests')
    hash = at % 2 === 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash)
  }
  if (used !== path.length) throw new MupibError('bad_proof', 'the path is too long')
  return hash
}
