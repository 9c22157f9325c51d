// Keys of the actors' stores. Every prefix of theirs stands here; below 0x10 are those of the store itself (node/store/keys.ts).

import type { KeyRange } from '../../node/store/keys.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'

/** prefix // key → value. Numbers in keys are big-endian. A bank's store and an auditor's are two stores. */
export const actorPrefixes = {
  publication: 0x10, // number (8) → a publication of the bank with its tokens' signatures
  publicationAnswer: 0x11, // number (8) → what the ledger answered to it
  return: 0x12, // number (8) → a return record of the bank
  returnAnswer: 0x13, // number (8) → what the ledger answered to it
  publishUpTo: 0x14, // nothing → number up to which publications are to be submitted

  user: 0x20, // user (32) → where the auditor stands with a user
  openPayment: 0x21, // user (32), sequence (8) → a payment that is queued or held
  payment: 0x22, // payload digest (32) → the auditor's answer to a payment
  block: 0x23, // user (32), number (8) → a token block and the payments in it
  blockAnswer: 0x24, // user (32), number (8) → what the ledger answered to it
  blockByPublication: 0x25, // bank (32), publication (8), user (32), number (8) → nothing: the block holds such tokens
} as const

type Prefix = (typeof actorPrefixes)[keyof typeof actorPrefixes]
type Part = Uint8Array | number | Digest

/** A key: digests as hex, numbers as 8 bytes. */
export function actorKey(prefix: Prefix, ...parts: readonly Part[]): Uint8Array {
  const encoded = parts.map(part => {
    if (typeof part === 'string') return bytesOfHex(part)
    if (typeof part !== 'number') return part
    const number = Buffer.alloc(8)
    number.writeBigUInt64BE(BigInt(part))
    return number
  })
  return new Uint8Array(Buffer.concat([Uint8Array.of(prefix), ...encoded]))
}

/** All keys that begin like this. */
export function actorRange(prefix: Prefix, ...parts: readonly Part[]): KeyRange {
  const gte = actorKey(prefix, ...parts)
  const lt = new Uint8Array(gte)
  for (let at = lt.length - 1; at >= 0; at--) {
    if (lt[at]! < 0xff) {
      lt[at]! += 1
      return { gte, lt: lt.subarray(0, at + 1) }
    }
  }
  return { gte, lt: Uint8Array.of(0xff) }
}

/** The number in the last eight bytes of a key. */
export const numberOfKey = (key: Uint8Array): number =>
  Number(Buffer.from(key.buffer, key.byteOffset, key.byteLength).readBigUInt64BE(key.length - 8))
