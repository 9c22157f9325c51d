// The certified answers: one leaf for each record of a ledger block, and under a token block's leaf one leaf for each transaction
// that says of every token what the validators decided. A transaction's tokens share a leaf, so that hashing stays cheap per token.
import { concatBytes, Reader, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Digest, domainPrefix } from './hash.ts'
import { limits } from './limits.ts'
import { leafHash } from './merkle.ts'
import { type RecordKind, recordKinds } from './records.ts'

/** 11 valid, 01 altered, 10 duplicate, 00 never published. */
export type Verdict = '11' | '01' | '10' | '00'

/** Why a token got its verdict. */
export const reasons = [
  'valid',
  'altered',
  'duplicate',
  'repeated_in_block',
  'bank_unknown',
  'unpublished',
  'bank_dead',
  'other_published',
  'expired',
  'payload_decided',
] as const
export type Reason = (typeof reasons)[number]

/** What became of a token: consumed by this transaction, released (valid but spendable again), or neither. */
export type Use = 'consumed' | 'released' | 'none'

/** Where a consumed token was used first. */
export interface FirstUse {
  readonly record: Digest
  readonly transaction: number
  readonly payload: Digest
}

export interface TokenVerdict {
  /** Fingerprint of the bank certificate that the token names. */
  readonly bank: Digest
  readonly publication: number
  readonly index: number
  readonly verdict: Verdict
  readonly reason: Reason
  readonly use: Use
  /** True where the user answers for it (it counts in β). */
  readonly charged: boolean
  /** Only with verdict 10. */
  readonly firstUse: FirstUse | undefined
}

/** Whether the holder's signature was looked at: validators check it only where some token is not 11. */
export type HolderCheck = 'unchecked' | 'valid' | 'invalid'

/** The certified answer to one transaction (or to a return's single payment). */
export interface TransactionVerdict {
  readonly record: Digest
  readonly index: number
  readonly payload: Digest
  readonly pending: boolean
  readonly holder: HolderCheck
  readonly tokens: readonly TokenVerdict[]
}

/** Why a record was refused; certified like a verdict. */
export const refusals = [
  'number_used',
  'previous_mismatch',
  'certificate_dead',
  'wrong_role',
  'holder_mismatch',
  'trust_terms',
  'times',
  'token_value',
  'bad_signature',
  'already_known',
  'not_found',
  'too_many',
  'unknown_signer',
  'too_early',
  'too_late',
  'already_settled',
  'bad_proof',
  'claim_low',
] as const
export type Refusal = (typeof refusals)[number]

/** The certified answer to one record. */
export interface RecordVerdict {
  readonly record: Digest
  readonly kind: RecordKind
  readonly signer: Digest
  readonly number: number
  /** Undefined where the record was decided. A refused record changes nothing and uses up no number. */
  readonly refusal: Refusal | undefined
  /** Token blocks only: the user, which block of that user this is over all auditors, and γ before and after it. */
  readonly user: UserStanding | undefined
  /** Session records only: how the session stands after the record. */
  readonly session: SessionStanding | undefined
  readonly transactions: number
  /** Merkle root over the transactions' leaves; zeros where there are none. */
  readonly transactionsRoot: Digest
}

export interface UserStanding {
  readonly key: Uint8Array
  /** 1 for the user's first token block on the ledger. */
  readonly sequence: number
  readonly gammaBefore: number
  readonly gammaAfter: number
}

export const sessionStates = ['open', 'closing', 'settled'] as const
/** `open`: service goes on. `closing`: the client said where it ends, and the vendor may prove more. `settled`: what is due is final. */
export type SessionState = (typeof sessionStates)[number]
/** How far a session is, to be compared: 0 before the ledger has opened it. */
export const sessionStage = (state: SessionState | undefined): number =>
  state === undefined ? 0 : sessionStates.indexOf(state) + 1

export const settledBy = ['none', 'joint', 'vendor', 'client', 'expiry'] as const
/** Whose word the index is; `expiry` where nobody gave one in time. */
export type SettledBy = (typeof settledBy)[number]

/** How a session stands on the ledger. */
export interface SessionStanding {
  /** Digest of its terms. */
  readonly session: Digest
  readonly state: SessionState
  /** Payments that count: 0 while open, the client's word while closing, final once settled. */
  readonly index: number
  readonly by: SettledBy
  /** What the vendor is due, in minor units; 0 until settled. */
  readonly paid: bigint
  /** What goes back to the client, in minor units; 0 until settled. */
  readonly returned: bigint
  /** Block time up to which the vendor may prove what it is due, in milliseconds; 0 once settled. */
  readonly windowEnd: number
  /** The index at which the client had closed although the vendor proved a later payment: evidence against the client. */
  readonly contestedAt: number | undefined
}

const verdicts: readonly Verdict[] = ['00', '01', '10', '11']
const uses: readonly Use[] = ['none', 'consumed', 'released']
const holderChecks: readonly HolderCheck[] = ['unchecked', 'valid', 'invalid']

function at<T>(table: readonly T[], index: number, what: string): T {
  const entry = table[index]
  if (entry === undefined) throw new MupibError('malformed', `no ${what} has the number ${index}`)
  return entry
}

// A token's flags: verdict in bits 0-1, use in bits 2-3, charged in bit 4, a first use in bit 5, another serial than the token before's in bit 6.
const flagCharged = 16
const flagFirstUse = 32
const flagSerial = 64

export function encodeTransactionVerdict(leaf: TransactionVerdict): Uint8Array {
  const writer = new Writer(128 + leaf.tokens.length * 8)
    .digest(leaf.record)
    .u16(leaf.index)
    .digest(leaf.payload)
    .boolean(leaf.pending)
    .u8(holderChecks.indexOf(leaf.holder))
    .u32(leaf.tokens.length)
  let before: TokenVerdict | undefined
  for (const token of leaf.tokens) {
    const sameGroup = before !== undefined && before.bank === token.bank && before.publication === token.publication
    const flags =
      verdicts.indexOf(token.verdict) |
      (uses.indexOf(token.use) << 2) |
      (token.charged ? flagCharged : 0) |
      (token.firstUse ? flagFirstUse : 0) |
      (sameGroup ? 0 : flagSerial)
    writer.u8(flags).u8(reasons.indexOf(token.reason)).u32(token.index)
    if (!sameGroup) writer.digest(token.bank).u64(token.publication)
    if (token.firstUse)
      writer.digest(token.firstUse.record).u16(token.firstUse.transaction).digest(token.firstUse.payload)
    before = token
  }
  return writer.finish()
}

function readTokenVerdict(reader: Reader, before: TokenVerdict | undefined): TokenVerdict {
  const flags = reader.u8()
  if (flags > 127) throw new MupibError('malformed', 'unknown flags of a token verdict')
  const reason = at(reasons, reader.u8(), 'reason')
  const index = reader.u32()
  const ownSerial = (flags & flagSerial) !== 0
  if (!ownSerial && !before) throw new MupibError('malformed', 'the first token names its publication')
  const bank = ownSerial ? reader.digest() : before!.bank
  const publication = ownSerial ? reader.u64() : before!.publication
  if (ownSerial && before && before.bank === bank && before.publication === publication)
    throw new MupibError('malformed', 'a publication named twice in a row')
  const firstUse =
    (flags & flagFirstUse) !== 0
      ? { record: reader.digest(), transaction: reader.u16(), payload: reader.digest() }
      : undefined
  const verdict = at(verdicts, flags & 3, 'verdict')
  const use = at(uses, (flags >> 2) & 3, 'use')
  const charged = (flags & flagCharged) !== 0
  if (firstUse && verdict !== '10') throw new MupibError('malformed', `a first use with verdict ${verdict}`)
  if (use !== 'none' && verdict !== '11') throw new MupibError('malformed', `a token ${use} with verdict ${verdict}`)
  if (charged && verdict === '11') throw new MupibError('malformed', 'a valid token that is charged')
  return { bank, publication, index, verdict, reason, use, charged, firstUse }
}

export function decodeTransactionVerdict(bytes: Uint8Array): TransactionVerdict {
  const reader = new Reader(bytes)
  const record = reader.digest()
  const index = reader.u16()
  const payload = reader.digest()
  const pending = reader.boolean()
  const holder = at(holderChecks, reader.u8(), 'holder check')
  const count = reader.count(limits.blockTokens)
  const tokens: TokenVerdict[] = []
  for (let i = 0; i < count; i++) tokens.push(readTokenVerdict(reader, tokens[i - 1]))
  reader.end()
  return { record, index, payload, pending, holder, tokens }
}

// What a record's leaf holds besides.
const withUser = 1
const withSession = 2

/** Writes a session's standing among other fields. */
export function writeStanding(writer: Writer, standing: SessionStanding): Writer {
  const { session, state, index, by, paid, returned, windowEnd, contestedAt } = standing
  writer.digest(session).u8(sessionStates.indexOf(state)).u32(index).u8(settledBy.indexOf(by)).u64(paid).u64(returned)
  writer.u64(windowEnd).boolean(contestedAt !== undefined)
  return contestedAt === undefined ? writer : writer.u32(contestedAt)
}

/** Reads it. */
export function readStanding(reader: Reader): SessionStanding {
  const session = reader.digest()
  const state = at(sessionStates, reader.u8(), 'session state')
  const index = reader.count(limits.sessionPayments)
  const by = at(settledBy, reader.u8(), 'closer of a session')
  const money = { paid: reader.amount(limits.amount), returned: reader.amount(limits.amount) }
  const windowEnd = reader.u64()
  const contestedAt = reader.boolean() ? reader.count(limits.sessionPayments) : undefined
  if (contestedAt !== undefined && (by !== 'vendor' || contestedAt >= index))
    throw new MupibError('malformed', 'a session contested by nobody')
  return { session, state, index, by, ...money, windowEnd, contestedAt }
}

export function encodeRecordVerdict(leaf: RecordVerdict): Uint8Array {
  const writer = new Writer(192)
    .digest(leaf.record)
    .u8(recordKinds[leaf.kind])
    .digest(leaf.signer)
    .u64(leaf.number)
    .u8(leaf.refusal === undefined ? 0 : 1 + refusals.indexOf(leaf.refusal))
    .u8(leaf.user ? withUser : leaf.session ? withSession : 0)
  if (leaf.session) writeStanding(writer, leaf.session)
  else if (leaf.user) {
    writer.fixed(leaf.user.key, 32).u64(leaf.user.sequence).u64(leaf.user.gammaBefore).u64(leaf.user.gammaAfter)
  }
  return writer.u16(leaf.transactions).digest(leaf.transactionsRoot).finish()
}

export function decodeRecordVerdict(bytes: Uint8Array): RecordVerdict {
  const reader = new Reader(bytes)
  const record = reader.digest()
  const tag = reader.u8()
  const kind = (Object.keys(recordKinds) as RecordKind[]).find(name => recordKinds[name] === tag)
  if (!kind) throw new MupibError('malformed', `no record kind ${tag}`)
  const signer = reader.digest()
  const number = reader.u64()
  const refused = reader.u8()
  const refusal = refused === 0 ? undefined : at(refusals, refused - 1, 'refusal')
  const more = reader.u8()
  if (more > withSession) throw new MupibError('malformed', 'unknown fields of a record verdict')
  const user =
    more === withUser
      ? { key: reader.fixed(32), sequence: reader.u64(), gammaBefore: reader.u64(), gammaAfter: reader.u64() }
      : undefined
  const session = more === withSession ? readStanding(reader) : undefined
  const transactions = reader.u16()
  const transactionsRoot = reader.digest()
  reader.end()
  return { record, kind, signer, number, refusal, user, session, transactions, transactionsRoot }
}

/** Leaf hashes in the Merkle trees, from a leaf's encoding. The domain keeps the two kinds of leaf apart. */
export const transactionLeafHash = (encoded: Uint8Array): Uint8Array =>
  leafHash(concatBytes(domainPrefix('transactionLeaf'), encoded))
export const recordLeafHash = (encoded: Uint8Array): Uint8Array =>
  leafHash(concatBytes(domainPrefix('recordLeaf'), encoded))
