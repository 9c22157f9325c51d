// A token (eq. 1 of the first paper) and a payment with tokens (eq. 2), as the ledger sees them.
// What tokens issued together share stands once, in their group; a token adds its index and the bank's signature.
import { bytesOfHex, type Reader, Writer } from './bytes.ts'
import { type Digest, digestOf, domainPrefix, hashParts, sha256, sha256Hex } from './hash.ts'
import { type SigningKey, sign, signatureBytes, verify } from './keys.ts'
import { limits } from './limits.ts'

/** What the tokens of one publication and one holder share. Times in milliseconds since 1970, value in minor units. */
export interface TokenGroup {
  /** SHA-256 fingerprint of the bank's certificate. */
  readonly bank: Digest
  /** The publication's number in the bank's stream. */
  readonly publication: number
  readonly value: bigint
  readonly issuedAt: number
  /** A vendor and an auditor refuse the token after this. */
  readonly payBy: number
  /** The ledger refuses the token after this. */
  readonly expiry: number
  /** The holder's Ed25519 public key. */
  readonly holder: Uint8Array
}

/** One token: a reference to its group, its index in the publication, the bank's signature. */
export interface Token {
  readonly group: number
  readonly index: number
  readonly signature: Uint8Array
}

/** A holder-signed payment: when, for what (hash of the information), with which tokens. */
export interface Payment {
  readonly time: number
  readonly information: Digest
  readonly signature: Uint8Array
  readonly tokens: readonly Token[]
}

export const groupBytes = 32 + 8 + 8 + 8 + 8 + 8 + 32

export function writeGroup(writer: Writer, group: TokenGroup): Writer {
  return writer
    .digest(group.bank)
    .u64(group.publication)
    .u64(group.value)
    .u64(group.issuedAt)
    .u64(group.payBy)
    .u64(group.expiry)
    .fixed(group.holder, 32)
}

export function readGroup(reader: Reader): TokenGroup {
  return {
    bank: reader.digest(),
    publication: reader.u64(),
    value: reader.amount(limits.amount),
    issuedAt: reader.u64(),
    payBy: reader.u64(),
    expiry: reader.u64(),
    holder: reader.fixed(32),
  }
}

/** Digest of a group on a network (given as 32 bytes): what every token of the group is bound to. */
export function groupDigest(network: Uint8Array, group: TokenGroup): Uint8Array {
  return hashParts('tokenGroup', network, writeGroup(new Writer(groupBytes), group).finish())
}

function tokenMessage(groupDigestBytes: Uint8Array, index: number): Uint8Array {
  return new Writer(36).fixed(groupDigestBytes, 32).u32(index).finish()
}

/** The bank's signature over one token. */
export function signToken(groupDigestBytes: Uint8Array, index: number, bank: SigningKey): Uint8Array {
  return sign('tokenSignature', tokenMessage(groupDigestBytes, index), bank)
}

export function verifyToken(groupDigestBytes: Uint8Array, token: Token, bankKey: Uint8Array): boolean {
  return verify('tokenSignature', tokenMessage(groupDigestBytes, token.index), bankKey, token.signature)
}

const tokenPrefix = domainPrefix('token')

/**
 * The hash that the bank publishes for a token: over the whole token, signature included, so that nobody can guess a match.
 * One hasher serves many tokens without allocating; this is the hottest function of the ledger.
 */
export class TokenHasher {
  readonly #buffer = new Uint8Array(tokenPrefix.length + 32 + 4 + signatureBytes)
  readonly #view = new DataView(this.#buffer.buffer)
  readonly #at = tokenPrefix.length

  constructor() {
    this.#buffer.set(tokenPrefix, 0)
  }

  /** Sets the group of the tokens that follow. */
  group(groupDigestBytes: Uint8Array): void {
    this.#buffer.set(groupDigestBytes, this.#at)
  }

  #fill(index: number, signature: Uint8Array): void {
    this.#view.setUint32(this.#at + 32, index)
    this.#buffer.set(signature, this.#at + 36)
  }

  hash(index: number, signature: Uint8Array): Uint8Array {
    this.#fill(index, signature)
    return sha256(this.#buffer)
  }

  hex(index: number, signature: Uint8Array): Digest {
    this.#fill(index, signature)
    return sha256Hex(this.#buffer)
  }
}

/**
 * Digest of a payment: time, information and the hash of each whole token, in order. It names the payment everywhere
 * (decided payloads, first uses, evidence); the holder's signature is not part of it.
 */
export function payloadDigest(time: number, information: Digest, tokenHashes: readonly Uint8Array[]): Digest {
  const writer = new Writer(44 + tokenHashes.length * 32).u64(time).digest(information).u32(tokenHashes.length)
  for (const hash of tokenHashes) writer.fixed(hash, 32)
  return digestOf('payload', writer.finish())
}

/** The holder's signature over a payment. */
export function signPayload(payload: Digest, holder: SigningKey): Uint8Array {
  return sign('payloadSignature', bytesOfHex(payload), holder)
}

export function verifyPayload(payload: Digest, holder: Uint8Array, signature: Uint8Array): boolean {
  return verify('payloadSignature', bytesOfHex(payload), holder, signature)
}

/** What holders sign as the information of a return to a bank: there is no vendor and no item. */
export function returnInformation(network: Uint8Array, bank: Digest): Digest {
  return digestOf('information', new TextEncoder().encode('return'), network, bytesOfHex(bank))
}
