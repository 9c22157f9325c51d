// What the single operations cost on this machine: signatures, hashes, certificates.

import { rounded } from '../../cli/common/statistics.ts'
import { hashParts, sha256 } from '../../proto/hash.ts'
import { sign, signingKeyFromSeed, verify } from '../../proto/keys.ts'
import { merkleRoot } from '../../proto/merkle.ts'
import { TokenHasher } from '../../proto/token.ts'
import type { BenchRow } from './row.ts'

/** Repeats an operation for some time and gives how often it ran in a second. */
function perSecond(operation: () => void, seconds: number): number {
  const batch = 64
  for (let i = 0; i < batch; i++) operation()
  const start = performance.now()
  let count = 0
  do {
    for (let i = 0; i < batch; i++) operation()
    count += batch
  } while (performance.now() - start < seconds * 1000)
  return count / ((performance.now() - start) / 1000)
}

/** Rows for the operations on which the ledger's speed rests; `seconds` for all of them together. */
export function benchCrypto(seconds: number): BenchRow[] {
  const key = signingKeyFromSeed(sha256(Buffer.from('a key of a benchmark')))
  const message = sha256(Buffer.from('a message of a benchmark'))
  const signature = sign('tokenSignature', message, key)
  const hasher = new TokenHasher()
  hasher.group(message)
  const block = Buffer.alloc(9_000, 7)
  const leaves = Array.from({ length: 20 }, (_, index) => sha256(Buffer.from([index])))
  const operations: readonly (readonly [string, string, () => unknown])[] = [
    ['Ed25519 signature', 'signatures/s', () => sign('tokenSignature', message, key)],
    ['Ed25519 verification', 'verifications/s', () => verify('tokenSignature', message, key.publicKey, signature)],
    ['token hash', 'tokens/s', () => hasher.hash(7, signature)],
    ['SHA-256 of a token block', 'blocks/s', () => hashParts('record', block)],
    ['Merkle root of 20 leaves', 'roots/s', () => merkleRoot(leaves)],
  ]
  return operations.map(([operation, unit, run]) => ({
    operation,
    value: Math.round(perSecond(run, seconds / operations.length)),
    unit,
    detail: `${rounded(seconds / operations.length, 2)} s, one core`,
  }))
}
