// The load of one user of a benchmark, signed beforehand: a bank's tokens for it and the auditor's blocks that spend them.
import { Writer } from '../../proto/bytes.ts'
import { type Digest, digestOf, sha256, zeroDigest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { signRecord, type TokenBlock } from '../../proto/records.ts'
import {
  groupDigest,
  type Payment,
  payloadDigest,
  signPayload,
  signToken,
  type Token,
  type TokenGroup,
  TokenHasher,
} from '../../proto/token.ts'

/** What a worker is asked for. Plain data, so that it can cross to another process. */
export interface UserOrder {
  readonly network: Digest
  readonly bankSeed: Uint8Array
  readonly bankCertificate: Digest
  readonly auditorSeed: Uint8Array
  readonly auditorCertificate: Digest
  readonly user: number
  /** The number that the publication of these tokens will have. */
  readonly publication: number
  readonly tokenValue: bigint
  readonly issuedAt: number
  readonly payBy: number
  readonly expiry: number
  readonly blocks: number
  readonly tokensPerBlock: number
  readonly tokensPerPayment: number
}

export interface PreparedUser {
  readonly user: number
  readonly publication: number
  /** 32 bytes for each token, as the publication holds them. */
  readonly hashes: Uint8Array
  /** The token blocks as they travel, in the order of their numbers. */
  readonly blocks: readonly Uint8Array[]
}

const benchUserKey = (user: number): SigningKey =>
  signingKeyFromSeed(sha256(new Writer(64).text('a user of a benchmark').u32(user).finish()))

function signTokens(order: UserOrder, group: TokenGroup, bank: SigningKey): { tokens: Token[]; hashes: Uint8Array } {
  const count = order.blocks * order.tokensPerBlock
  const digest = groupDigest(Buffer.from(order.network, 'hex'), group)
  const hasher = new TokenHasher()
  hasher.group(digest)
  const hashes = new Uint8Array(count * 32)
  const tokens: Token[] = []
  for (let index = 0; index < count; index++) {
    const signature = signToken(digest, index, bank)
    hashes.set(hasher.hash(index, signature), index * 32)
    tokens.push({ group: 0, index, signature })
  }
  return { tokens, hashes }
}

/** Signs everything: some 45 µs for each token and payment. */
export function prepareUser(order: UserOrder): PreparedUser {
  const bank = signingKeyFromSeed(order.bankSeed)
  const auditor = signingKeyFromSeed(order.auditorSeed)
  const holder = benchUserKey(order.user)
  const { issuedAt, payBy, expiry, publication } = order
  const group = {
    bank: order.bankCertificate,
    publication,
    value: order.tokenValue,
    issuedAt,
    payBy,
    expiry,
    holder: holder.publicKey,
  }
  const { tokens, hashes } = signTokens(order, group, bank)
  const information = digestOf('information', new Writer(16).text('benchmark').finish())
  const payments: Payment[] = []
  for (let at = 0; at < tokens.length; at += order.tokensPerPayment) {
    const spent = tokens.slice(at, Math.min(at + order.tokensPerPayment, tokens.length))
    const tokenHashes = spent.map(({ index }) => hashes.subarray(index * 32, index * 32 + 32))
    const signature = signPayload(payloadDigest(issuedAt, information, tokenHashes), holder)
    payments.push({ time: issuedAt, information, signature, tokens: spent })
  }
  const paymentsPerBlock = order.tokensPerBlock / order.tokensPerPayment
  const blocks: Uint8Array[] = []
  let previous = zeroDigest
  for (let number = 1; number <= order.blocks; number++) {
    const record: TokenBlock = {
      kind: 'tokenBlock',
      network: order.network,
      signer: order.auditorCertificate,
      number,
      previous,
      user: holder.publicKey,
      pending: true,
      terms: number === 1 ? { w0: order.tokensPerBlock, model: 'neutral', rounding: 'floor' } : undefined,
      groups: [group],
      transactions: payments.slice((number - 1) * paymentsPerBlock, number * paymentsPerBlock),
    }
    const signed = signRecord(record, auditor)
    previous = signed.digest
    blocks.push(signed.bytes)
  }
  return { user: order.user, publication, hashes, blocks }
}
