// Writes transaction leaves straight from the columns of a judgement: byte for byte what `encodeTransactionVerdict` of
// proto/verdict.ts writes, without an object for each token.
import { type Digest, domainPrefix, sha256 } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { Payment, TokenGroup } from '../../proto/token.ts'
import type { FirstUse, HolderCheck, Reason, Verdict } from '../../proto/verdict.ts'
import { type Judgement, type Presented, reasonCodes, verdictOf } from './judgement.ts'

// RFC 9162 puts a 0x00 before a leaf's content, the leaf's domain follows.
const leafPrefix = Buffer.concat([Uint8Array.of(0), domainPrefix('transactionLeaf')])
const headBytes = 32 + 2 + 32 + 1 + 1 + 4
const tokenBytesMax = 1 + 1 + 4 + 40 + 66
const buffer = Buffer.alloc(leafPrefix.length + headBytes + limits.blockTokens * tokenBytesMax)
buffer.set(leafPrefix)

const verdictBits: Readonly<Record<Verdict, number>> = { '00': 0, '01': 1, '10': 2, '11': 3 }
const bitsOfReason = new Uint8Array(Object.keys(reasonCodes).length)
for (const [reason, code] of Object.entries(reasonCodes)) bitsOfReason[code] = verdictBits[verdictOf[reason as Reason]]
const holderCodes: Readonly<Record<HolderCheck, number>> = { unchecked: 0, valid: 1, invalid: 2 }
const flagCharged = 16
const flagFirstUse = 32
const flagSerial = 64

const putDigest = (digest: Digest, at: number): number => at + buffer.write(digest, at, 32, 'hex')

function putSerial({ bank, publication }: TokenGroup, start: number): number {
  let at = putDigest(bank, start)
  at = buffer.writeUInt32BE(Math.floor(publication / 2 ** 32), at)
  return buffer.writeUInt32BE(publication % 2 ** 32, at)
}

function putFirstUse({ record, transaction, payload }: FirstUse, start: number): number {
  const at = buffer.writeUInt16BE(transaction, putDigest(record, start))
  return putDigest(payload, at)
}

/** A transaction's leaf and its hash in the record's tree. */
export interface TransactionLeaf {
  readonly encoded: Uint8Array
  readonly hash: Uint8Array
}

export function writeTransactionLeaf(presented: Presented, judgement: Judgement, transaction: number): TransactionLeaf {
  const { record, payments, pending } = presented
  const { start, count, holder } = judgement.payments[transaction]!
  let at = putDigest(record, leafPrefix.length)
  at = buffer.writeUInt16BE(transaction, at)
  buffer.set(judgement.payloadBytes(transaction), at)
  at = buffer.writeUInt8(pending && transaction === payments.length - 1 ? 1 : 0, at + 32)
  at = buffer.writeUInt8(holderCodes[holder], at)
  at = buffer.writeUInt32BE(count, at)
  at = putTokens(presented.groups, payments[transaction]!, judgement, start, at)
  return {
    encoded: new Uint8Array(buffer.subarray(leafPrefix.length, at)),
    hash: sha256(buffer.subarray(0, at)),
  }
}

function putTokens(
  groups: readonly TokenGroup[],
  { tokens }: Payment,
  judgement: Judgement,
  start: number,
  from: number,
): number {
  let at = from
  let before: TokenGroup | undefined
  for (let i = 0; i < tokens.length; i++) {
    const { group: number, index } = tokens[i]!
    const group = groups[number]!
    const place = start + i
    const reason = judgement.reason[place]!
    const ownSerial = group !== before && (before?.bank !== group.bank || before.publication !== group.publication)
    const firstUse = judgement.firstUses.size === 0 ? undefined : judgement.firstUses.get(place)
    buffer[at] =
      bitsOfReason[reason]! |
      (judgement.use[place]! << 2) |
      (judgement.charged[place] === 1 ? flagCharged : 0) |
      (firstUse ? flagFirstUse : 0) |
      (ownSerial ? flagSerial : 0)
    buffer[at + 1] = reason
    at = buffer.writeUInt32BE(index, at + 2)
    if (ownSerial) at = putSerial(group, at)
    if (firstUse) at = putFirstUse(firstUse, at)
    before = group
  }
  return at
}
