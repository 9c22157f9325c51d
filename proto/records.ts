// The records that a ledger orders. A record is its canonical content followed by the signer's signature over the content's digest;
// the digest names the record, signature bytes never do. Each signer numbers its records within a stream.
import { bytesOfHex, concatBytes, Reader, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Digest, digestOf } from './hash.ts'
import { type SigningKey, sign, signatureBytes, verify } from './keys.ts'
import { limits } from './limits.ts'
import { readClaim, type SessionClaim, writeClaim } from './session/claims.ts'
import { encodeTerms, readTerms, type SessionSignatures, type SessionTerms } from './session/terms.ts'
import { groupBytes, type Payment, readGroup, type Token, type TokenGroup, writeGroup } from './token.ts'

/** Record kinds, in the order in which a ledger block runs them. */
export const recordKinds = {
  membership: 1,
  revocation: 2,
  publication: 3,
  return: 4,
  tokenBlock: 5,
  sessionOpen: 6,
  sessionClose: 7,
} as const
export type RecordKind = keyof typeof recordKinds

export const roles = { authority: 1, bank: 2, auditor: 3, vendor: 4, user: 5, validator: 6 } as const
export type Role = keyof typeof roles

export const trustModels = { neutral: 0, optimistic: 1, pessimistic: 2 } as const
export type TrustModel = keyof typeof trustModels

export const roundings = { floor: 0, carry: 1 } as const
export type Rounding = keyof typeof roundings

/** What every record carries. */
interface Heading {
  /** Genesis hash of the network it is meant for. */
  readonly network: Digest
  /** Fingerprint of the certificate under which it is signed. */
  readonly signer: Digest
  /** Its place in the signer's stream, from 1. */
  readonly number: number
  /** Digest of the stream's record before it; zeros for the first. */
  readonly previous: Digest
}

/** Admits a bank or an auditor, renews its certificate, or ends it. Signed by the authority. */
export interface Membership extends Heading {
  readonly kind: 'membership'
  readonly action: 'admit' | 'end'
  readonly name: string
  readonly role: 'bank' | 'auditor'
  /** Fields of the certificate, taken out once by the authority so that validators parse no X.509. */
  readonly certificate: CertificateFacts
  /** What a bank's tokens are worth each, in minor units; 0 for an auditor. */
  readonly tokenValue: bigint
}

/** What the ledger needs to know of a certificate. Times in milliseconds. */
export interface CertificateFacts {
  readonly fingerprint: Digest
  readonly publicKey: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
}

/** Declares a certificate dead from the height at which the record is decided. Signed by the authority. */
export interface Revocation extends Heading {
  readonly kind: 'revocation'
  readonly certificate: Digest
  readonly reason: string
}

/** A bank's batch of tokens: one hash for each. */
export interface Publication extends Heading {
  readonly kind: 'publication'
  readonly value: bigint
  readonly issuedAt: number
  readonly payBy: number
  readonly expiry: number
  /** 32 bytes for each token, one after the other. */
  readonly hashes: Uint8Array
}

/** Unspent tokens that a bank takes back from one holder. */
export interface Return extends Heading {
  readonly kind: 'return'
  readonly user: Uint8Array
  readonly groups: readonly TokenGroup[]
  readonly payment: Payment
}

/** The terms by which an auditor folds a user's trust; fixed by its first block for the user. */
export interface TrustTerms {
  readonly w0: number
  readonly model: TrustModel
  readonly rounding: Rounding
}

/** An auditor's block of one user's whole transactions. */
export interface TokenBlock extends Heading {
  readonly kind: 'tokenBlock'
  /** The user's Ed25519 public key. */
  readonly user: Uint8Array
  /** True where the last transaction waits for the verdict. */
  readonly pending: boolean
  /** Present in the auditor's first block for the user, and only there. */
  readonly terms: TrustTerms | undefined
  readonly groups: readonly TokenGroup[]
  readonly transactions: readonly Payment[]
}

/** Opens a session between a user and a vendor: valid by the signatures inside it, whichever bank or auditor carries it. */
export interface SessionOpen extends Heading {
  readonly kind: 'sessionOpen'
  /** Makes another record of the same opening: one that was refused is answered so for ever (R4). */
  readonly attempt: number
  readonly terms: SessionTerms
  readonly signatures: SessionSignatures
}

/** Closes a session, or begins to; carried by any bank or auditor. */
export interface SessionClose extends Heading {
  readonly kind: 'sessionClose'
  /** Digest of the session's terms. */
  readonly session: Digest
  /** As of an opening. */
  readonly attempt: number
  readonly claim: SessionClaim
}

export type LedgerRecord = Membership | Revocation | Publication | Return | TokenBlock | SessionOpen | SessionClose

/** A record with its digest and signature. `bytes` is content ‖ signature, as it travels. */
export interface SignedRecord<T extends LedgerRecord = LedgerRecord> {
  readonly record: T
  readonly digest: Digest
  readonly signature: Uint8Array
  readonly bytes: Uint8Array
}

const kindNames = new Map(Object.entries(recordKinds).map(([name, tag]) => [tag as number, name as RecordKind]))

function named<T extends string>(table: Readonly<Record<T, number>>, value: number, what: string): T {
  for (const [name, tag] of Object.entries(table)) if (tag === value) return name as T
  throw new MupibError('malformed', `no ${what} has the number ${value}`)
}

function writePayment(writer: Writer, payment: Payment): void {
  writer
    .u64(payment.time)
    .digest(payment.information)
    .fixed(payment.signature, signatureBytes)
    .u32(payment.tokens.length)
  for (const token of payment.tokens) writer.u8(token.group).u32(token.index).fixed(token.signature, signatureBytes)
}

function readPayment(reader: Reader, groupCount: number, tokensLeft: number): Payment {
  const time = reader.u64()
  const information = reader.digest()
  const signature = reader.fixed(signatureBytes)
  const count = reader.count(tokensLeft)
  if (count === 0) throw new MupibError('malformed', 'a payment without tokens')
  const tokens: Token[] = []
  for (let i = 0; i < count; i++) {
    const group = reader.u8()
    if (group >= groupCount) throw new MupibError('malformed', `no token group ${group}`)
    tokens.push({ group, index: reader.u32(), signature: reader.fixed(signatureBytes) })
  }
  return { time, information, signature, tokens }
}

function writeGroups(writer: Writer, groups: readonly TokenGroup[]): void {
  writer.u16(groups.length)
  for (const group of groups) writeGroup(writer, group)
}

function readGroups(reader: Reader): TokenGroup[] {
  const count = reader.u16()
  if (count > limits.blockGroups || count * groupBytes > reader.remaining)
    throw new MupibError('too_large', `${count} token groups where at most ${limits.blockGroups} are allowed`)
  const groups: TokenGroup[] = []
  for (let i = 0; i < count; i++) groups.push(readGroup(reader))
  return groups
}

/** The canonical content of a record: what is hashed. */
export function recordContent(record: LedgerRecord): Uint8Array {
  const writer = new Writer(1024)
    .u8(recordKinds[record.kind])
    .digest(record.network)
    .digest(record.signer)
    .u64(record.number)
    .digest(record.previous)
  switch (record.kind) {
    case 'membership':
      return writer
        .u8(record.action === 'admit' ? 1 : 2)
        .text(record.name)
        .u8(roles[record.role])
        .digest(record.certificate.fingerprint)
        .fixed(record.certificate.publicKey, 32)
        .u64(record.certificate.notBefore)
        .u64(record.certificate.notAfter)
        .u64(record.tokenValue)
        .finish()
    case 'revocation':
      return writer.digest(record.certificate).text(record.reason).finish()
    case 'publication':
      return writer
        .u64(record.value)
        .u64(record.issuedAt)
        .u64(record.payBy)
        .u64(record.expiry)
        .bytes(record.hashes)
        .finish()
    case 'return':
      writer.fixed(record.user, 32)
      writeGroups(writer, record.groups)
      writePayment(writer, record.payment)
      return writer.finish()
    case 'tokenBlock':
      writer
        .fixed(record.user, 32)
        .boolean(record.pending)
        .boolean(record.terms !== undefined)
      if (record.terms) {
        writer.u32(record.terms.w0).u8(trustModels[record.terms.model]).u8(roundings[record.terms.rounding])
      }
      writeGroups(writer, record.groups)
      writer.u16(record.transactions.length)
      for (const payment of record.transactions) writePayment(writer, payment)
      return writer.finish()
    case 'sessionOpen': {
      const terms = encodeTerms(record.terms)
      writer.u32(record.attempt).fixed(terms, terms.length)
      const { client, vendor, bank } = record.signatures
      for (const signature of [client, vendor, bank]) writer.fixed(signature, signatureBytes)
      return writer.finish()
    }
    case 'sessionClose':
      return writeClaim(writer.digest(record.session).u32(record.attempt), record.claim).finish()
  }
}

function readMembership(reader: Reader, heading: Heading): Membership {
  const action = reader.u8()
  if (action !== 1 && action !== 2) throw new MupibError('malformed', 'no such membership action')
  const name = reader.text(limits.nameBytes)
  if (!isName(name)) throw new MupibError('malformed', 'a name holds lower-case letters, digits, dots and dashes')
  const role = named(roles, reader.u8(), 'role')
  if (role !== 'bank' && role !== 'auditor') throw new MupibError('malformed', `a ${role} is no member`)
  const certificate = {
    fingerprint: reader.digest(),
    publicKey: reader.fixed(32),
    notBefore: reader.u64(),
    notAfter: reader.u64(),
  }
  const tokenValue = reader.amount(limits.amount)
  return { kind: 'membership', ...heading, action: action === 1 ? 'admit' : 'end', name, role, certificate, tokenValue }
}

function readPublication(reader: Reader, heading: Heading): Publication {
  const value = reader.amount(limits.amount)
  const issuedAt = reader.u64()
  const payBy = reader.u64()
  const expiry = reader.u64()
  const hashes = reader.bytes(limits.publicationTokens * 32)
  if (hashes.length === 0 || hashes.length % 32 !== 0)
    throw new MupibError('malformed', 'a publication holds 32 bytes for each token, and at least one token')
  return { kind: 'publication', ...heading, value, issuedAt, payBy, expiry, hashes }
}

function readTokenBlock(reader: Reader, heading: Heading): TokenBlock {
  const user = reader.fixed(32)
  const pending = reader.boolean()
  const terms = reader.boolean()
    ? {
        w0: reader.u32(),
        model: named(trustModels, reader.u8(), 'trust model'),
        rounding: named(roundings, reader.u8(), 'rounding'),
      }
    : undefined
  const groups = readGroups(reader)
  const count = reader.u16()
  if (count > limits.blockTransactions) throw new MupibError('too_large', `${count} transactions in a token block`)
  if (count === 0) throw new MupibError('malformed', 'a token block without transactions')
  const transactions: Payment[] = []
  let tokensLeft: number = limits.blockTokens
  for (let i = 0; i < count; i++) {
    const payment = readPayment(reader, groups.length, tokensLeft)
    tokensLeft -= payment.tokens.length
    transactions.push(payment)
  }
  return { kind: 'tokenBlock', ...heading, user, pending, terms, groups, transactions }
}

/** Digest of a record as it travels, without reading it: to see whether it is known already. Says nothing of its form. */
export function digestOfRecordBytes(bytes: Uint8Array): Digest {
  return digestOf('record', bytes.subarray(0, Math.max(0, bytes.length - signatureBytes)))
}

/**
 * Reads a record as it travels. Checks form and limits only: the signature is `verifyRecord`'s, admissibility the ledger's.
 * The byte fields of the result are views of `bytes`. Throws `malformed`, `too_large`, `trailing_bytes`, `unknown_kind`.
 */
export function decodeRecord(bytes: Uint8Array): SignedRecord {
  if (bytes.length > limits.recordBytes)
    throw new MupibError(
      'too_large',
      `a record of ${bytes.length} bytes where at most ${limits.recordBytes} are allowed`,
    )
  if (bytes.length < signatureBytes) throw new MupibError('malformed', 'shorter than a signature')
  const content = bytes.subarray(0, bytes.length - signatureBytes)
  const reader = new Reader(content)
  const kind = kindNames.get(reader.u8())
  if (!kind) throw new MupibError('unknown_kind', 'no such kind of record')
  const heading = { network: reader.digest(), signer: reader.digest(), number: reader.u64(), previous: reader.digest() }
  if (heading.number === 0) throw new MupibError('malformed', 'records are numbered from 1')
  const record = readBody(kind, reader, heading)
  reader.end()
  return {
    record,
    digest: digestOf('record', content),
    signature: bytes.subarray(bytes.length - signatureBytes),
    bytes,
  }
}

function readReason(reader: Reader): string {
  const reason = reader.text(limits.reasonBytes)
  // it is shown on terminals and in logs
  if (/\p{Cc}/u.test(reason)) throw new MupibError('malformed', 'a reason with control characters')
  return reason
}

function readBody(kind: RecordKind, reader: Reader, heading: Heading): LedgerRecord {
  switch (kind) {
    case 'membership':
      return readMembership(reader, heading)
    case 'revocation':
      return { kind, ...heading, certificate: reader.digest(), reason: readReason(reader) }
    case 'publication':
      return readPublication(reader, heading)
    case 'return': {
      const user = reader.fixed(32)
      const groups = readGroups(reader)
      return { kind, ...heading, user, groups, payment: readPayment(reader, groups.length, limits.blockTokens) }
    }
    case 'tokenBlock':
      return readTokenBlock(reader, heading)
    case 'sessionOpen': {
      const attempt = reader.u32()
      const terms = readTerms(reader)
      const [client, vendor, bank] = [0, 1, 2].map(() => reader.fixed(signatureBytes)) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ]
      return { kind, ...heading, attempt, terms, signatures: { client, vendor, bank } }
    }
    case 'sessionClose':
      return { kind, ...heading, session: reader.digest(), attempt: reader.u32(), claim: readClaim(reader) }
  }
}

/** Signs a record. */
export function signRecord<T extends LedgerRecord>(record: T, key: SigningKey): SignedRecord<T> {
  const content = recordContent(record)
  const digest = digestOf('record', content)
  const signature = sign('recordSignature', bytesOfHex(digest), key)
  return { record, digest, signature, bytes: concatBytes(content, signature) }
}

/** True where the record's signature holds under the signer's public key. */
export function verifyRecord(signed: SignedRecord, publicKey: Uint8Array): boolean {
  return verify('recordSignature', bytesOfHex(signed.digest), publicKey, signed.signature)
}

/** Tokens that a record presents to be consumed or taken back; a publication's are not counted. */
export function spentTokens(record: LedgerRecord): number {
  if (record.kind === 'return') return record.payment.tokens.length
  if (record.kind !== 'tokenBlock') return 0
  return record.transactions.reduce((sum, { tokens }) => sum + tokens.length, 0)
}

/** What a session record costs to check, in signatures; a claim of a vendor's costs up to 1,024 hashes, which take as long as seven. */
export function sessionChecks(record: LedgerRecord): number {
  if (record.kind === 'sessionOpen') return 3
  if (record.kind !== 'sessionClose') return 0
  return { joint: 2, vendor: 8, client: 1, settle: 1 }[record.claim.form]
}

/** Names of validators, banks and auditors. */
export function isName(name: string): boolean {
  return name.length <= limits.nameBytes && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/.test(name)
}
