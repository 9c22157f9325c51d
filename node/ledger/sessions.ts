// Sessions: what the ledger makes of openings and of claims to close. It sees no accounts: the bank's signature says that it holds the
// escrow, the ledger certifies what is due to whom, the bank pays. Every deadline counts in block time and includes its last millisecond.
// C1 an opening is decided once: else already_known;
// C2 it is decided up to openBy: else too_late, which by C1 proves that the session is not open and never will be;
// C3 it names the certificate of a bank that is alive: else unknown_signer, wrong_role, certificate_dead;
// C4 client, vendor and bank signed it: else bad_signature.
// C5 a claim names a session that is open: else not_found; one that is settled stays as it is: already_settled.
// C6 of no more payments than the terms allow: else too_many; C7 and every signature in it holds: else bad_signature.
// C8 joint: settles at its index, at any time.
// C9 vendor: proves its index by w_index (else bad_proof), up to the window's end (else too_late), and no less than the client conceded
//    (else claim_low); settles at once. The window of a session that nobody closes ends windowMs after expiry.
// C10 client: up to expiry (else too_late), once (else already_known); begins a window of windowMs.
// C11 settle: after the window's end (else too_early); at the client's index, or at 0 by expiry.
// C12 a vendor that proves more than the client conceded contests it: the certified standing says so, and at which index the client lied.
// C13 paid is unit × index and returned is the rest of the escrow: together always unit × paymentsMax.
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClose, SessionOpen } from '../../proto/records.ts'
import { type SessionClaim, verifyClaim } from '../../proto/session/claims.ts'
import { checkClaim } from '../../proto/session/payword.ts'
import { type SessionTerms, sessionDigest, sessionEscrow, verifySession } from '../../proto/session/terms.ts'
import type { Refusal, SessionStanding } from '../../proto/verdict.ts'
import { isAlive, type Moment, signerOf } from './members.ts'
import { getRow, putRow, sessionRow, sessionTermsRow } from './rows.ts'
import { SignatureMemo, signatureMemoOf } from './signature-memo.ts'
import type { StateDraft, StateReader } from './state.ts'

/** A session as the ledger knows it. */
export interface KnownSession {
  readonly terms: SessionTerms
  readonly standing: SessionStanding
}

/** A session by its digest. */
export function sessionOf(state: StateReader, session: string): KnownSession | undefined {
  const standing = getRow(state, sessionRow, session)
  if (!standing) return undefined
  const terms = getRow(state, sessionTermsRow, session)
  assert(terms, 'a session without its terms')
  return { terms, standing }
}

/** How a session stands once it is open. */
export function openedSession(session: string, { expiry, windowMs }: SessionTerms): SessionStanding {
  const nothing = { index: 0, by: 'none', paid: 0n, returned: 0n, contestedAt: undefined } as const
  return { session, state: 'open', ...nothing, windowEnd: expiry + windowMs }
}

/** Why an opening is refused whatever its signatures (C1, C2, C3); undefined where only they are left to check. */
export function openRefusal(state: StateReader, { terms }: SessionOpen, at: Moment): Refusal | undefined {
  if (getRow(state, sessionRow, sessionDigest(terms))) return 'already_known'
  if (at.time > terms.openBy) return 'too_late'
  const bank = signerOf(state, terms.bank, at.height)
  if (!bank) return 'unknown_signer'
  if (bank.member.role !== 'bank') return 'wrong_role'
  return isAlive(bank, at) ? undefined : 'certificate_dead'
}

/** Opens a session that `openRefusal` lets open, where its signatures hold (C4). */
export function applyOpen(draft: StateDraft, record: SessionOpen, at: Moment): SessionStanding | Refusal {
  const { terms, signatures } = record
  const session = sessionDigest(terms)
  const bank = signerOf(draft, terms.bank, at.height)!.certificate.publicKey
  const hold = (): boolean =>
    verifySession(session, 'bank', bank, signatures.bank) &&
    verifySession(session, 'client', terms.client, signatures.client) &&
    verifySession(session, 'vendor', terms.vendor, signatures.vendor)
  if (!signatureMemoOf(record).recall(0, hold)) return 'bad_signature'
  const standing = openedSession(session, terms)
  putRow(draft, sessionTermsRow, terms, session)
  putRow(draft, sessionRow, standing, session)
  return standing
}

/** Settles a session at an index (C13). */
function settled(
  { terms, standing }: KnownSession,
  index: number,
  by: Exclude<SessionStanding['by'], 'none'>,
): SessionStanding {
  const paid = terms.unit * BigInt(index)
  const contestedAt =
    by === 'vendor' && standing.state === 'closing' && index > standing.index ? standing.index : undefined
  const money = { paid, returned: sessionEscrow(terms) - paid }
  return { session: standing.session, state: 'settled', index, by, ...money, windowEnd: 0, contestedAt }
}

/** Why a claim is refused at this block time whatever it proves (C5, C6, C8 to C11); undefined where its proof is left to check. */
export function claimRefusal(
  { terms, standing }: KnownSession,
  claim: SessionClaim,
  time: number,
): Refusal | undefined {
  if (standing.state === 'settled') return 'already_settled'
  if (claim.form === 'settle') return time > standing.windowEnd ? undefined : 'too_early'
  if (claim.index > terms.paymentsMax) return 'too_many'
  if (claim.form === 'vendor') {
    if (time > standing.windowEnd) return 'too_late'
    return claim.index < standing.index ? 'claim_low' : undefined
  }
  if (claim.form === 'joint') return undefined
  if (time > terms.expiry) return 'too_late'
  return standing.state === 'closing' ? 'already_known' : undefined
}

/** Why a claim does not prove what it says (C7, C9); independent of state and time. */
export function proofRefusal(
  { session, terms }: { readonly session: Digest; readonly terms: SessionTerms },
  claim: SessionClaim,
  memo: SignatureMemo = new SignatureMemo(),
): Refusal | undefined {
  if (!memo.recall(0, () => verifyClaim(session, terms, claim))) return 'bad_signature'
  if (claim.form !== 'vendor') return undefined
  return memo.recall(1, () => checkClaim(terms, claim.index, claim.value)) ? undefined : 'bad_proof'
}

/** How a session stands after a claim that is not refused (C8 to C12). `time` is the block's. */
export function closedBy(known: KnownSession, claim: SessionClaim, time: number): SessionStanding {
  const { terms, standing } = known
  switch (claim.form) {
    case 'joint':
    case 'vendor':
      return settled(known, claim.index, claim.form)
    case 'client':
      return { ...standing, state: 'closing', index: claim.index, by: 'client', windowEnd: time + terms.windowMs }
    case 'settle':
      return settled(known, standing.index, standing.state === 'closing' ? 'client' : 'expiry')
  }
}

/** Why a close is refused whatever it proves (C5 to C11). */
export function closeRefusal(state: StateReader, { session, claim }: SessionClose, at: Moment): Refusal | undefined {
  const known = sessionOf(state, session)
  return known ? claimRefusal(known, claim, at.time) : 'not_found'
}

/** Carries out a close that `closeRefusal` lets pass, where it proves what it says (C7, C9). */
export function applyClose(draft: StateDraft, record: SessionClose, at: Moment): SessionStanding | Refusal {
  const known = sessionOf(draft, record.session)!
  const refusal = proofRefusal({ session: record.session, terms: known.terms }, record.claim, signatureMemoOf(record))
  if (refusal) return refusal
  const standing = closedBy(known, record.claim, at.time)
  putRow(draft, sessionRow, standing, record.session)
  return standing
}
