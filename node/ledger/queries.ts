// What others ask of the ledger's state: a token's history, the members, heads of streams. For HTTP, the command line, the pool.
import type { Digest } from '../../proto/hash.ts'
import { zeroDigest } from '../../proto/hash.ts'
import type { LedgerRecord, RecordKind, Role, TrustTerms } from '../../proto/records.ts'
import { signingRoles, streamOf } from './admission.ts'
import { authorityMember } from './members.ts'
import { OpenPublication } from './publications.ts'
import {
  certificateRow,
  type DecisionRow,
  decisionRow,
  getRow,
  ledgerRow,
  memberRow,
  nameRow,
  type PublicationRow,
  publicationRow,
  reserved,
  type Stream,
  type StreamHead,
  segmentTokens,
  streamRow,
  termsRow,
  type UserRow,
  userRow,
} from './rows.ts'
import type { StateReader } from './state.ts'

export interface TokenHistory {
  /** Hash that the bank published. */
  readonly hash: Uint8Array
  readonly publication: PublicationRow
  /** Where the token was consumed; undefined while it is unspent. */
  readonly consumed:
    | { readonly decision: DecisionRow; readonly transaction: number; readonly payload: Digest }
    | undefined
}

/** A token's history by its serial; undefined where no such token was published. */
export function tokenHistory(
  state: StateReader,
  bank: Digest,
  publication: number,
  index: number,
): TokenHistory | undefined {
  const row = getRow(state, publicationRow, bank, publication)
  if (!row || index >= row.count) return undefined
  const segment = new OpenPublication(bank, publication, row, state).segmentOf(index)
  const slot = index % segmentTokens
  const use = segment.useOf(slot)
  const decision = use && getRow(state, decisionRow, use.decision)
  return {
    hash: segment.hashes.slice(slot * 32, slot * 32 + 32),
    publication: row,
    consumed: decision && {
      decision,
      transaction: use.transaction,
      payload: Buffer.from(decision.payloads).toString('hex', use.transaction * 32, use.transaction * 32 + 32),
    },
  }
}

export interface KnownCertificate {
  readonly fingerprint: Digest
  readonly publicKey: Uint8Array
  readonly notBefore: number
  readonly notAfter: number
  /** Heights from which it is known and dead; 0 for genesis and for never. */
  readonly knownFrom: number
  readonly deadFrom: number
}

export interface KnownMember {
  readonly name: string
  readonly role: Role
  readonly tokenValue: bigint
  readonly endedFrom: number
  readonly certificates: readonly KnownCertificate[]
}

/** All members ever admitted, the authority first, in the order of their admission. */
export function listMembers(state: StateReader): KnownMember[] {
  const count = getRow(state, ledgerRow)?.members ?? 0
  return Array.from({ length: count }, (_, number) => {
    const { name, role, tokenValue, endedFrom, certificates } = getRow(state, memberRow, number)!
    return {
      name,
      role,
      tokenValue,
      endedFrom,
      certificates: certificates.map(fingerprint => {
        const { publicKey, notBefore, notAfter, knownFrom, deadFrom } = getRow(state, certificateRow, fingerprint)!
        return { fingerprint, publicKey, notBefore, notAfter, knownFrom, deadFrom }
      }),
    }
  })
}

const noHead: StreamHead = { number: 0, digest: zeroDigest }

/** Last decided record of a stream; number 0 and zeros where there is none. */
export function headOf(state: StateReader, stream: Stream): StreamHead {
  return getRow(state, streamRow, stream) ?? noHead
}

/** The stream that a record belongs to; undefined where its signer is unknown. */
export function streamOfRecord(state: StateReader, record: LedgerRecord): Stream | undefined {
  const certificate = getRow(state, certificateRow, record.signer)
  return certificate && streamOf(record, certificate.member)
}

/**
 * The stream of the member with this certificate. Undefined where it is unknown, does not sign this kind, or where a user is
 * missing or too many.
 */
export function streamOfSigner(
  state: StateReader,
  signer: Digest,
  kind: RecordKind,
  user: Uint8Array | undefined,
): Stream | undefined {
  const certificate = getRow(state, certificateRow, signer)
  if (!certificate || !signingRoles[kind].includes(certificate.role)) return undefined
  return (kind === 'tokenBlock') === (user !== undefined) ? { kind, member: certificate.member, user } : undefined
}

/** A stream as text, for maps. */
export function streamName({ kind, member, user }: Stream): string {
  return user ? `${kind}/${member}/${Buffer.from(user).toString('hex')}` : `${kind}/${member}`
}

/**
 * Head of a member's stream by name (any name for the authority's kinds). Undefined where no such member signs this kind,
 * or where a token block's stream lacks its user.
 */
export function streamHead(
  state: StateReader,
  name: string,
  kind: RecordKind,
  user?: Uint8Array,
): StreamHead | undefined {
  const roles = signingRoles[kind]
  const member = roles.includes('authority') ? authorityMember : getRow(state, nameRow, name)
  const role = member === undefined || member === reserved ? undefined : getRow(state, memberRow, member)?.role
  if (member === undefined || role === undefined || !roles.includes(role)) return undefined
  if ((kind === 'tokenBlock') !== (user !== undefined)) return undefined
  return headOf(state, { kind, member, user })
}

/** A user's token blocks and γ over all auditors. */
export function userStanding(state: StateReader, user: Uint8Array): Pick<UserRow, 'blocks' | 'gamma'> {
  return getRow(state, userRow, user) ?? { blocks: 0, gamma: 0 }
}

/** The terms that an auditor's first block fixed for a user. */
export function trustTerms(state: StateReader, auditor: string, user: Uint8Array): TrustTerms | undefined {
  const member = getRow(state, nameRow, auditor)
  return member === undefined ? undefined : getRow(state, termsRow, member, user)
}
