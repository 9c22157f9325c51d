// The tree is that of RFC 9162, section 2.1, written there recursively; paths lead from every leaf to its root and from no other.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { concatBytes, toHex } from './bytes.ts'
import { sha256 } from './hash.ts'
import { leafHash, merklePath, merkleRoot, rootFromPath } from './merkle.ts'

const node = (left: Uint8Array, right: Uint8Array) => sha256(concatBytes(Uint8Array.of(1), left, right))

/** The largest power of two below n. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1))

function rootByDefinition(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leaves[0]!
  const k = split(leaves.length)
  return node(rootByDefinition(leaves.slice(0, k)), rootByDefinition(leaves.slice(k)))
}

function pathByDefinition(leaves: readonly Uint8Array[], index: number): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = split(leaves.length)
  return index < k
    ? [...pathByDefinition(leaves.slice(0, k), index), rootByDefinition(leaves.slice(k))]
    : [...pathByDefinition(leaves.slice(k), index - k), rootByDefinition(leaves.slice(0, k))]
}

const leavesOf = (count: number) => Array.from({ length: count }, (_, i) => leafHash(Uint8Array.of(i, i >> 8)))

it('has the roots and paths of RFC 9162 for 1 to 40 leaves', () => {
  for (let count = 1; count <= 40; count++) {
    const leaves = leavesOf(count)
    const root = toHex(rootByDefinition(leaves))
    expect(toHex(merkleRoot(leaves))).toBe(root)
    for (let i = 0; i < count; i++) {
      const path = merklePath(leaves, i)
      expect(path.map(toHex)).toEqual(pathByDefinition(leaves, i).map(toHex))
      expect(toHex(rootFromPath(leaves[i]!, i, count, path))).toBe(root)
    }
  }
})

it('an empty tree has a root of zeros, and no leaf has a path in it', () => {
  expect(toHex(merkleRoot([]))).toBe('00'.repeat(32))
  expect(() => rootFromPath(leafHash(new Uint8Array()), 0, 0, [])).toThrow(
    expect.objectContaining({ code: 'bad_proof' }),
  )
  expect(() => merklePath(leavesOf(3), 3)).toThrow(expect.objectContaining({ code: 'bug' }))
})

it('no other content, and no inner node, has a path to the root', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 40 }), fc.nat(), fc.nat(), (count, pick, at) => {
      const leaves = leavesOf(count)
      const i = pick % count
      const path = merklePath(leaves, i)
      const root = toHex(merkleRoot(leaves))
      expect(toHex(rootFromPath(leafHash(Uint8Array.of(9, 9, 9)), i, count, path))).not.toBe(root)
      expect(toHex(rootFromPath(leafHash(concatBytes(leaves[0]!, leaves[1]!)), i, count, path))).not.toBe(root)
      const bent = path.map(hash => hash.slice())
      bent[at % bent.length]![at % 32]! ^= 1
      expect(toHex(rootFromPath(leaves[i]!, i, count, bent))).not.toBe(root)
    }),
  )
})

it('refuses paths of a wrong shape', () => {
  const leaves = leavesOf(5)
  const path = merklePath(leaves, 1)
  const bad = { code: 'bad_proof' }
  const refused = (index: number, count: number, hashes: Uint8Array[]) =>
    expect(() => rootFromPath(leaves[1]!, index, count, hashes)).toThrow(expect.objectContaining(bad))
  refused(1, 5, path.slice(1))
  refused(1, 5, [...path, path[0]!])
  refused(5, 5, path)
  refused(-1, 5, path)
  refused(0.5, 5, path)
  // a sibling that is too short must not be filled up with what an earlier call left behind
  refused(1, 5, [path[0]!.subarray(1), ...path.slice(1)])
  refused(1, 5, [concatBytes(path[0]!, path[0]!), ...path.slice(1)])
})
