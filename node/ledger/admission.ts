// Which records the ledger takes. The pool asks before it holds a record as work, execution asks again on the parent's state:
// A1 a signer that is unknown at this height, or a number beyond last + 1: ahead, to wait for what must come first;
// A2 a record decided or refused before, byte for byte: a repeat, answered as before;
// A3 a role that may not sign this kind, a dead certificate: refused;
// A4 other bytes under a used number: refused, and evidence against the signer (a refused record uses no number);
// A5 another predecessor than the stream's last: refused, and so is whatever follows a refused record, which can never be decided;
// A6 what the kind itself demands.
import { assert } from '../../proto/errors.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import type { LedgerRecord, RecordKind, Role, SignedRecord } from '../../proto/records.ts'
import type { Refusal } from '../../proto/verdict.ts'
import { isAlive, type Moment, membershipRefusal, revocationRefusal, type Signer, signerOf } from './members.ts'
import { getRow, type Place, recordRow, refusedRow, type Stream, type StreamHead, streamRow } from './rows.ts'
import { closeRefusal, openRefusal } from './sessions.ts'
import type { StateReader } from './state.ts'

/** Two different records of one signer under one number: the first was decided, the second is refused. */
export interface NumberReuse {
  readonly signer: Digest
  readonly kind: RecordKind
  readonly number: number
  readonly first: Digest
  readonly second: Digest
}

/** Where a repeated record was answered. */
interface Decided extends Place {
  readonly refusal: Refusal | undefined
}

/**
 * `ready`: belongs into the next block. `ahead`: waits, is no work. `repeat`: has its answer already. `refused`: belongs into
 * the next block too, for its certified refusal.
 */
export type Admission =
  | 'ready'
  | 'ahead'
  | { readonly repeat: Decided }
  | { readonly refused: Refusal; readonly evidence: NumberReuse | undefined }

/** Who may sign which kind. */
export const signingRoles: Readonly<Record<RecordKind, readonly Role[]>> = {
  membership: ['authority'],
  revocation: ['authority'],
  publication: ['bank'],
  return: ['bank'],
  tokenBlock: ['auditor'],
  sessionOpen: ['bank', 'auditor'],
  sessionClose: ['bank', 'auditor'],
}

/** The stream to which a member's record belongs. */
export function streamOf(record: LedgerRecord, member: number): Stream {
  return { kind: record.kind, member, user: record.kind === 'tokenBlock' ? record.user : undefined }
}

/** What was looked up on the way to an admission. */
export interface Examined {
  readonly admission: Admission
  /** Set where the admission is `ready`. */
  readonly found: { readonly signer: Signer; readonly stream: Stream } | undefined
}

const outcome = (admission: Admission): Examined => ({ admission, found: undefined })
const refuse = (refused: Refusal, evidence?: NumberReuse): Examined => outcome({ refused, evidence })

/** The admission of a record with what was found out on the way. */
export function examine(state: StateReader, { record, digest }: SignedRecord, at: Moment): Examined {
  const signer = signerOf(state, record.signer, at.height)
  if (!signer) return outcome('ahead')
  const refused = getRow(state, refusedRow, digest)
  if (refused) return outcome({ repeat: refused })
  if (!signingRoles[record.kind].includes(signer.member.role)) return refuse('wrong_role')
  const stream = streamOf(record, signer.certificate.member)
  const last: StreamHead = getRow(state, streamRow, stream) ?? { number: 0, digest: zeroDigest }
  const earlier = record.number <= last.number ? getRow(state, recordRow, stream, record.number) : undefined
  if (earlier?.digest === digest)
    return outcome({ repeat: { height: earlier.height, place: earlier.place, refusal: undefined } })
  if (!isAlive(signer, at)) return refuse('certificate_dead')
  if (earlier) {
    const { kind, number } = record
    return refuse('number_used', { signer: record.signer, kind, number, first: earlier.digest, second: digest })
  }
  assert(record.number > last.number, 'a used number without its record')
  if (record.number !== last.number + 1)
    return getRow(state, refusedRow, record.previous) ? refuse('previous_mismatch') : outcome('ahead')
  if (record.previous !== last.digest) return refuse('previous_mismatch')
  const refusal = kindRefusal(state, record, signer, at)
  return refusal ? refuse(refusal) : { admission: 'ready', found: { signer, stream } }
}

function kindRefusal(state: StateReader, record: LedgerRecord, { member }: Signer, at: Moment): Refusal | undefined {
  switch (record.kind) {
    case 'membership':
      return membershipRefusal(state, record, at)
    case 'revocation':
      return revocationRefusal(state, record)
    case 'publication':
      if (record.value !== member.tokenValue) return 'token_value'
      return record.expiry < at.time ? 'times' : undefined
    case 'return':
      return undefined
    case 'tokenBlock':
      return (record.terms !== undefined) === (record.number === 1) ? undefined : 'trust_terms'
    case 'sessionOpen':
      return openRefusal(state, record, at)
    case 'sessionClose':
      return closeRefusal(state, record, at)
  }
}

/**
 * What the ledger would do with a record in a block of this height and time. A `ready` token block, return or session record may
 * still be refused by execution, which alone looks at tokens and at signatures inside a record.
 */
export function admission(state: StateReader, signed: SignedRecord, at: Moment): Admission {
  return examine(state, signed, at).admission
}
