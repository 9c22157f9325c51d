// Who may sign records: members and their certificates as the ledger's state knows them, from genesis and from the authority's records.
// A record of the authority takes effect from the height after its own, so that one block is judged by one set of members.
import { bytesEqual } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { CertificateFacts, Membership, Revocation, Role } from '../../proto/records.ts'
import type { Refusal } from '../../proto/verdict.ts'
import {
  type CertificateRow,
  certificateRow,
  getRow,
  keyRow,
  ledgerRow,
  type MemberRow,
  memberRow,
  nameRow,
  putRow,
  reserved,
  revokedRow,
} from './rows.ts'
import type { StateDraft, StateReader } from './state.ts'

/** Where a record is judged: height and time (milliseconds) of the ledger block that holds it. */
export interface Moment {
  readonly height: number
  readonly time: number
}

/** What the ledger takes from genesis. */
export interface LedgerFacts {
  readonly authority: { readonly fingerprint: Digest; readonly publicKey: Uint8Array }
  /** Their names and keys are never given to members. */
  readonly validators: readonly { readonly name: string; readonly publicKey: Uint8Array }[]
  readonly members: readonly {
    readonly name: string
    readonly role: 'bank' | 'auditor'
    readonly certificate: CertificateFacts
    /** Minor units; 0 for an auditor. */
    readonly tokenValue: bigint
  }[]
}

/** The authority is the first member: it stands in no name row. */
export const authorityMember = 0

/** Writes the state that genesis describes. */
export function initialState({ authority, validators, members }: LedgerFacts, draft: StateDraft): void {
  for (const { name, publicKey } of validators) {
    putRow(draft, nameRow, reserved, name)
    putRow(draft, keyRow, reserved, publicKey)
  }
  const { fingerprint } = authority
  const authorityRow = { role: 'authority', name: 'authority', tokenValue: 0n, endedFrom: 0 } as const
  putRow(draft, memberRow, { ...authorityRow, certificates: [fingerprint] }, authorityMember)
  // The authority stands as long as the network does: genesis gives it no end.
  const always = { ...authority, notBefore: 0, notAfter: Number.MAX_SAFE_INTEGER }
  putCertificate(draft, always, authorityMember, 'authority', 0)
  members.forEach((member, index) => {
    putMember(draft, member, index + 1, 0)
  })
  putRow(draft, ledgerRow, { decisions: 0, members: members.length + 1 })
}

function putMember(draft: StateDraft, facts: LedgerFacts['members'][number], member: number, knownFrom: number): void {
  const { name, role, tokenValue, certificate } = facts
  putRow(draft, nameRow, member, name)
  putRow(draft, memberRow, { role, name, tokenValue, endedFrom: 0, certificates: [certificate.fingerprint] }, member)
  putCertificate(draft, certificate, member, role, knownFrom)
}

function putCertificate(
  draft: StateDraft,
  { fingerprint, publicKey, notBefore, notAfter }: CertificateFacts,
  member: number,
  role: Role,
  knownFrom: number,
): void {
  putRow(draft, certificateRow, { member, role, publicKey, notBefore, notAfter, knownFrom, deadFrom: 0 }, fingerprint)
  putRow(draft, keyRow, member, publicKey)
}

/** A signer as state knows it. */
export interface Signer {
  readonly certificate: CertificateRow
  readonly member: MemberRow
}

/** The certificate's signer; undefined where the certificate is unknown at this height. */
export function signerOf(state: StateReader, fingerprint: Digest, height: number): Signer | undefined {
  const certificate = getRow(state, certificateRow, fingerprint)
  if (certificate === undefined || certificate.knownFrom > height) return undefined
  const member = getRow(state, memberRow, certificate.member)
  return member && { certificate, member }
}

/**
 * The key under which the records of a certificate are signed, dead or alive; undefined where the certificate is unknown,
 * or becomes known only after `height`.
 */
export function signerKey(
  state: StateReader,
  fingerprint: Digest,
  height = Number.MAX_SAFE_INTEGER,
): Uint8Array | undefined {
  const certificate = getRow(state, certificateRow, fingerprint)
  return certificate !== undefined && certificate.knownFrom <= height ? certificate.publicKey : undefined
}

/** True where the certificate is neither revoked nor out of its time, and its member has not ended. */
export function isAlive({ certificate, member }: Signer, at: Moment): boolean {
  if (certificate.deadFrom !== 0 && at.height >= certificate.deadFrom) return false
  if (member.endedFrom !== 0 && at.height >= member.endedFrom) return false
  return certificate.notBefore <= at.time && at.time <= certificate.notAfter
}

/** Height from which a certificate is revoked, member's or not; undefined where it is not. */
function revokedFrom(state: StateReader, fingerprint: Digest): number | undefined {
  const deadFrom = getRow(state, certificateRow, fingerprint)?.deadFrom
  return deadFrom !== undefined ? deadFrom || undefined : getRow(state, revokedRow, fingerprint)
}

/** Checks a membership record against state: why it is refused, or undefined. */
export function membershipRefusal(state: StateReader, record: Membership, at: Moment): Refusal | undefined {
  const number = getRow(state, nameRow, record.name)
  const member = number === undefined ? undefined : getRow(state, memberRow, number)
  const { fingerprint, publicKey, notAfter } = record.certificate
  if (record.action === 'end') {
    if (member?.role !== record.role || member.endedFrom !== 0) return 'not_found'
    const known = member.certificates.includes(fingerprint) ? getRow(state, certificateRow, fingerprint) : undefined
    if (!known || !sameFacts(known, record.certificate)) return 'not_found'
    return member.tokenValue === record.tokenValue ? undefined : 'token_value'
  }
  if (getRow(state, certificateRow, fingerprint) || getRow(state, revokedRow, fingerprint)) return 'already_known'
  const keyOf = getRow(state, keyRow, publicKey)
  if (keyOf !== undefined && keyOf !== number) return 'already_known'
  if (number === reserved) return 'already_known'
  if (notAfter < at.time) return 'times'
  if (!member) return getRow(state, ledgerRow)!.members >= limits.members ? 'too_many' : undefined
  // A member that ended does not come back: its streams and tokens stay those of who it was.
  if (member.role !== record.role || member.endedFrom !== 0) return 'already_known'
  if (member.certificates.length >= limits.memberCertificates) return 'too_many'
  return member.tokenValue === record.tokenValue ? undefined : 'token_value'
}

function sameFacts(known: CertificateRow, facts: CertificateFacts): boolean {
  return (
    bytesEqual(known.publicKey, facts.publicKey) &&
    known.notBefore === facts.notBefore &&
    known.notAfter === facts.notAfter
  )
}

/** Carries out an admissible membership record. */
export function applyMembership(draft: StateDraft, record: Membership, at: Moment): void {
  const { role, name, certificate } = record
  const from = at.height + 1
  const number = getRow(draft, nameRow, name)
  const member = number === undefined ? undefined : getRow(draft, memberRow, number)
  if (number === undefined || !member) {
    const counters = getRow(draft, ledgerRow)!
    putMember(draft, record, counters.members, from)
    putRow(draft, ledgerRow, { ...counters, members: counters.members + 1 })
  } else if (record.action === 'end') {
    putRow(draft, memberRow, { ...member, endedFrom: from }, number)
  } else {
    putRow(draft, memberRow, { ...member, certificates: [...member.certificates, certificate.fingerprint] }, number)
    putCertificate(draft, certificate, number, role, from)
  }
}

/** Certificates of vendors and users, which the ledger does not know, may be revoked too: this is where auditors learn of it. */
export function revocationRefusal(state: StateReader, record: Revocation): Refusal | undefined {
  return revokedFrom(state, record.certificate) === undefined ? undefined : 'already_known'
}

/** Carries out an admissible revocation. */
export function applyRevocation(draft: StateDraft, record: Revocation, at: Moment): void {
  const known = getRow(draft, certificateRow, record.certificate)
  const deadFrom = at.height + 1
  if (known) putRow(draft, certificateRow, { ...known, deadFrom }, record.certificate)
  else putRow(draft, revokedRow, deadFrom, record.certificate)
}
