// Every row of the ledger's state: its key prefix, its key, and its value's canonical encoding.
// A row that the duplicate check or a repeat does not need is not kept.
import { Reader, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import {
  type CertificateFacts,
  type RecordKind,
  type Role,
  type Rounding,
  recordKinds,
  roles,
  roundings,
  type TrustModel,
  type TrustTerms,
  trustModels,
} from '../../proto/records.ts'
import { encodeTerms, readTerms, type SessionTerms } from '../../proto/session/terms.ts'
import {
  type FirstUse,
  type Refusal,
  readStanding,
  refusals,
  type SessionStanding,
  writeStanding,
} from '../../proto/verdict.ts'
import type { StateDraft, StateReader } from './state.ts'

/** First byte of every state key. */
export const statePrefixes = {
  /** → counters of decisions and members */
  ledger: 1,
  /** member u16 → role, name, token value, ended-from height, certificates */
  member: 2,
  /** name → member, or reserved for a validator */
  name: 3,
  /** fingerprint → member, key, validity, known-from and dead-from heights */
  certificate: 4,
  /** fingerprint of a certificate that is no member's → dead-from height */
  revoked: 5,
  /** stream → last number and digest */
  stream: 6,
  /** stream, number → digest, height, place, decision */
  record: 7,
  /** digest of a refused record → refusal, height, place */
  refused: 8,
  /** decision u48 → the decided token block or return, and its payloads */
  decision: 9,
  /** bank fingerprint, number → value, times, count */
  publication: 10,
  /** bank fingerprint, number, segment → published token hashes; never changes */
  hashes: 11,
  /** bank fingerprint, number, segment → digest of the hashes, place of first use of each token */
  uses: 12,
  /** payload digest → place at which it was decided without being consumed whole */
  payload: 13,
  /** user key → token blocks, γ, whether a payload with the user's tokens was decided without being consumed whole */
  user: 14,
  /** auditor member, user key → trust terms */
  terms: 15,
  /** public key → member, or reserved for a validator */
  key: 16,
  /** session digest → how the session stands */
  session: 17,
  /** session digest → its terms; never changes */
  sessionTerms: 18,
} as const

/** A row kind: how its key is made from K and its value from V. */
export interface Row<K extends readonly unknown[], V> {
  key(...parts: K): Uint8Array
  encode(value: V): Uint8Array
  decode(bytes: Uint8Array): V
}

export function getRow<K extends readonly unknown[], V>(state: StateReader, row: Row<K, V>, ...key: K): V | undefined {
  const bytes = state.get(row.key(...key))
  return bytes === undefined ? undefined : row.decode(bytes)
}

export function putRow<K extends readonly unknown[], V>(draft: StateDraft, row: Row<K, V>, value: V, ...key: K): void {
  draft.put(row.key(...key), row.encode(value))
}

function reading<V>(read: (reader: Reader) => V): (bytes: Uint8Array) => V {
  return bytes => {
    const reader = new Reader(bytes)
    const value = read(reader)
    reader.end()
    return value
  }
}

function nameOf<T extends string>(table: Readonly<Record<T, number>>, value: number): T {
  for (const [name, tag] of Object.entries(table)) if (tag === value) return name as T
  throw new RangeError(`no such number in a state row: ${value}`)
}

const u48 = (writer: Writer, value: number): Writer => writer.u16(Math.floor(value / 2 ** 32)).u32(value % 2 ** 32)
const readU48 = (reader: Reader): number => reader.u16() * 2 ** 32 + reader.u32()

export interface LedgerCounters {
  /** Token blocks and returns decided so far; the next one gets this plus 1. */
  readonly decisions: number
  /** Members ever admitted, the authority included. */
  readonly members: number
}

export const ledgerRow: Row<[], LedgerCounters> = {
  key: () => Uint8Array.of(statePrefixes.ledger),
  encode: row => u48(new Writer(8), row.decisions).u16(row.members).finish(),
  decode: reading(reader => ({ decisions: readU48(reader), members: reader.u16() })),
}

export interface MemberRow {
  readonly role: Role
  readonly name: string
  /** Minor units each token of a bank is worth; 0 for others. */
  readonly tokenValue: bigint
  /** Height from which it is no member; 0 for never. */
  readonly endedFrom: number
  /** Fingerprints of its certificates, oldest first. */
  readonly certificates: readonly Digest[]
}

export const memberRow: Row<[member: number], MemberRow> = {
  key: member => new Writer(3).u8(statePrefixes.member).u16(member).finish(),
  encode: row => {
    const writer = new Writer(128).u8(roles[row.role]).text(row.name).u64(row.tokenValue).u64(row.endedFrom)
    writer.u16(row.certificates.length)
    for (const fingerprint of row.certificates) writer.digest(fingerprint)
    return writer.finish()
  },
  decode: reading(reader => {
    const role = nameOf(roles, reader.u8())
    const name = reader.text(limits.nameBytes)
    const tokenValue = reader.amount(limits.amount)
    const endedFrom = reader.u64()
    const certificates: Digest[] = []
    for (let left = reader.u16(); left > 0; left--) certificates.push(reader.digest())
    return { role, name, tokenValue, endedFrom, certificates }
  }),
}

/** Stands for a validator where a row names the member that a name or a key belongs to. */
export const reserved = 0xffff

/** The member (or `reserved`) to which a name belongs: names are given once, whatever the role. */
export const nameRow: Row<[name: string], number> = {
  key: name => new Writer(40).u8(statePrefixes.name).text(name).finish(),
  encode: member => new Writer(2).u16(member).finish(),
  decode: reading(reader => reader.u16()),
}

/** The member (or `reserved`) to which a public key belongs: a key is also a peer id, so nobody shares one. */
export const keyRow: Row<[publicKey: Uint8Array], number> = {
  key: publicKey => new Writer(33).u8(statePrefixes.key).fixed(publicKey, 32).finish(),
  encode: nameRow.encode,
  decode: nameRow.decode,
}

export interface CertificateRow extends Omit<CertificateFacts, 'fingerprint'> {
  readonly member: number
  readonly role: Role
  /** First height at which it can sign. */
  readonly knownFrom: number
  /** Height from which it is revoked; 0 for never. */
  readonly deadFrom: number
}

export const certificateRow: Row<[fingerprint: Digest], CertificateRow> = {
  key: fingerprint => new Writer(33).u8(statePrefixes.certificate).digest(fingerprint).finish(),
  encode: row =>
    new Writer(67)
      .u16(row.member)
      .u8(roles[row.role])
      .fixed(row.publicKey, 32)
      .u64(row.notBefore)
      .u64(row.notAfter)
      .u64(row.knownFrom)
      .u64(row.deadFrom)
      .finish(),
  decode: reading(reader => ({
    member: reader.u16(),
    role: nameOf(roles, reader.u8()),
    publicKey: reader.fixed(32),
    notBefore: reader.u64(),
    notAfter: reader.u64(),
    knownFrom: reader.u64(),
    deadFrom: reader.u64(),
  })),
}

export const revokedRow: Row<[fingerprint: Digest], number> = {
  key: fingerprint => new Writer(33).u8(statePrefixes.revoked).digest(fingerprint).finish(),
  encode: deadFrom => new Writer(8).u64(deadFrom).finish(),
  decode: reading(reader => reader.u64()),
}

/** A sequence of records: one kind of one member, and for token blocks of one user. */
export interface Stream {
  readonly kind: RecordKind
  readonly member: number
  /** The user's key; undefined except for token blocks. */
  readonly user: Uint8Array | undefined
}

function writeStream(writer: Writer, stream: Stream): Writer {
  writer.u8(recordKinds[stream.kind]).u16(stream.member)
  return stream.user ? writer.fixed(stream.user, 32) : writer
}

export interface StreamHead {
  readonly number: number
  readonly digest: Digest
}

export const streamRow: Row<[Stream], StreamHead> = {
  key: stream => writeStream(new Writer(36).u8(statePrefixes.stream), stream).finish(),
  encode: row => new Writer(40).u64(row.number).digest(row.digest).finish(),
  decode: reading(reader => ({ number: reader.u64(), digest: reader.digest() })),
}

/** Where a record was decided: the block's height and the record's place in it. */
export interface Place {
  readonly height: number
  readonly place: number
}

export interface RecordRow extends Place {
  readonly digest: Digest
  /** Of a token block or return; 0 for other kinds. */
  readonly decision: number
}

export const recordRow: Row<[Stream, number: number], RecordRow> = {
  key: (stream, number) => writeStream(new Writer(44).u8(statePrefixes.record), stream).u64(number).finish(),
  encode: row => u48(new Writer(48).digest(row.digest).u64(row.height).u16(row.place), row.decision).finish(),
  decode: reading(reader => ({
    digest: reader.digest(),
    height: reader.u64(),
    place: reader.u16(),
    decision: readU48(reader),
  })),
}

export interface RefusedRow extends Place {
  readonly refusal: Refusal
}

export const refusedRow: Row<[digest: Digest], RefusedRow> = {
  key: digest => new Writer(33).u8(statePrefixes.refused).digest(digest).finish(),
  encode: row => new Writer(11).u64(row.height).u16(row.place).u8(refusals.indexOf(row.refusal)).finish(),
  decode: reading(reader => {
    const height = reader.u64()
    const place = reader.u16()
    const refusal = refusals[reader.u8()]
    if (refusal === undefined) throw new RangeError('no such refusal in a state row')
    return { height, place, refusal }
  }),
}

export interface DecisionRow extends Place {
  readonly record: Digest
  readonly signer: Digest
  readonly kind: 'return' | 'tokenBlock'
  readonly user: Uint8Array
  readonly number: number
  /** Payload digest of each transaction: 32 bytes each, one after the other. */
  readonly payloads: Uint8Array
}

// Bytes of a decision's row before the payloads.
const decisionHeadBytes = 32 + 32 + 1 + 32 + 8 + 8 + 2 + 4

export const decisionRow: Row<[decision: number], DecisionRow> = {
  key: decision => u48(new Writer(7).u8(statePrefixes.decision), decision).finish(),
  encode: row =>
    new Writer(decisionHeadBytes + row.payloads.length)
      .digest(row.record)
      .digest(row.signer)
      .u8(recordKinds[row.kind])
      .fixed(row.user, 32)
      .u64(row.number)
      .u64(row.height)
      .u16(row.place)
      .bytes(row.payloads)
      .finish(),
  decode: reading(reader => {
    const record = reader.digest()
    const signer = reader.digest()
    const kind = nameOf(recordKinds, reader.u8()) === 'return' ? 'return' : 'tokenBlock'
    const user = reader.fixed(32)
    const number = reader.u64()
    const height = reader.u64()
    const place = reader.u16()
    const payloads = reader.bytes(limits.blockTransactions * 32)
    return { record, signer, kind, user, number, height, place, payloads }
  }),
}

/** Record and payload of one transaction of a decision's row, without decoding the rest: a block may hold thousands of duplicates. */
export function firstUseOf(bytes: Uint8Array, transaction: number): FirstUse {
  const digestAt = (start: number): Digest => Buffer.from(bytes.buffer, bytes.byteOffset + start, 32).toString('hex')
  return { record: digestAt(0), transaction, payload: digestAt(decisionHeadBytes + transaction * 32) }
}

export interface PublicationRow {
  readonly value: bigint
  readonly issuedAt: number
  readonly payBy: number
  readonly expiry: number
  /** Tokens in it. */
  readonly count: number
}

export const publicationRow: Row<[bank: Digest, number: number], PublicationRow> = {
  key: (bank, number) => new Writer(41).u8(statePrefixes.publication).digest(bank).u64(number).finish(),
  encode: row => new Writer(36).u64(row.value).u64(row.issuedAt).u64(row.payBy).u64(row.expiry).u32(row.count).finish(),
  decode: reading(reader => ({
    value: reader.amount(limits.amount),
    issuedAt: reader.u64(),
    payBy: reader.u64(),
    expiry: reader.u64(),
    count: reader.u32(),
  })),
}

/** Tokens whose hashes (and whose first uses) share a row. */
export const segmentTokens = 128
/** Bytes of one token's place of first use: decision u48, transaction u16; zeros for unspent. */
export const useBytes = 8
/** Bytes before the first place in a row of uses: the digest of the hashes beside it. */
export const usesHeadBytes = 32

/** Key of a segment's published hashes or of its uses. The values are columns, read and written in place. */
export function segmentKey(prefix: 'hashes' | 'uses', bank: Digest, publication: number, segment: number): Uint8Array {
  return new Writer(45).u8(statePrefixes[prefix]).digest(bank).u64(publication).u32(segment).finish()
}

/** A transaction of a decision: the place of a token's first use. */
export interface UsePlace {
  readonly decision: number
  readonly transaction: number
}

export const payloadRow: Row<[payload: Uint8Array], UsePlace> = {
  key: payload => new Writer(33).u8(statePrefixes.payload).fixed(payload, 32).finish(),
  encode: row => u48(new Writer(8), row.decision).u16(row.transaction).finish(),
  decode: reading(reader => ({ decision: readU48(reader), transaction: reader.u16() })),
}

export interface UserRow {
  /** Token blocks of the user decided so far, over all auditors. */
  readonly blocks: number
  /** γ: tokens charged so far. */
  readonly gamma: number
  /** True once a payload that holds tokens of this holder was decided without being consumed whole: only then can
   * a payload of authentic tokens have a payload row, which spares a look-up for each transaction of everybody else. */
  readonly partial: boolean
}

export const userRow: Row<[user: Uint8Array], UserRow> = {
  key: user => new Writer(33).u8(statePrefixes.user).fixed(user, 32).finish(),
  encode: row => new Writer(17).u64(row.blocks).u64(row.gamma).boolean(row.partial).finish(),
  decode: reading(reader => ({ blocks: reader.u64(), gamma: reader.u64(), partial: reader.boolean() })),
}

export const termsRow: Row<[auditor: number, user: Uint8Array], TrustTerms> = {
  key: (auditor, user) => new Writer(35).u8(statePrefixes.terms).u16(auditor).fixed(user, 32).finish(),
  encode: row => new Writer(6).u32(row.w0).u8(trustModels[row.model]).u8(roundings[row.rounding]).finish(),
  decode: reading(reader => ({
    w0: reader.u32(),
    model: nameOf<TrustModel>(trustModels, reader.u8()),
    rounding: nameOf<Rounding>(roundings, reader.u8()),
  })),
}

/** First byte of a session's row: how the rest is written. */
const sessionRowVersion = 1

export const sessionRow: Row<[session: Digest], SessionStanding> = {
  key: session => new Writer(33).u8(statePrefixes.session).digest(session).finish(),
  encode: row => writeStanding(new Writer(80).u8(sessionRowVersion), row).finish(),
  decode: reading(reader => {
    if (reader.u8() !== sessionRowVersion) throw new RangeError('a session row of another version')
    return readStanding(reader)
  }),
}

export const sessionTermsRow: Row<[session: Digest], SessionTerms> = {
  key: session => new Writer(33).u8(statePrefixes.sessionTerms).digest(session).finish(),
  encode: encodeTerms,
  decode: reading(readTerms),
}
