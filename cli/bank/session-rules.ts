// What a bank decides of sessions by itself, without clock, store or network. The ledger certifies what is due, the bank moves the money.
// E1 the client's money is in escrow, on disk, before the bank's signature leaves: the signature says so;
// E2 the escrow leaves once: where the ledger's certified settlement says, or back to the client where the session never opened;
// E3 that it never will is proved by a refusal of its opening as too late, and by no other (rules C1 and C2);
// E4 a session only goes on: signed, open, closing, settled; an answer that tells of an earlier state changes nothing.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Amount, createAmount, zeroAmount } from '../../proto/money.ts'
import {
  type SessionSignatures,
  type SessionTerms,
  sessionDigest,
  sessionEscrow,
  termsFault,
  verifySession,
} from '../../proto/session/terms.ts'
import type { Refusal, SessionStanding } from '../../proto/verdict.ts'
import type { AccountId } from './accounts.ts'

/** A session as its bank keeps it. */
export interface SessionFile {
  readonly session: Digest
  readonly terms: SessionTerms
  readonly signatures: SessionSignatures
  /** As far as the bank knows; undefined until the ledger opened it. */
  readonly standing: SessionStanding | undefined
  /** Why it never opened; the escrow went back. */
  readonly refusal: Refusal | undefined
  /** When the bank asks the ledger what became of it, in milliseconds of its own clock; undefined once the escrow has left. */
  readonly due: number | undefined
}

/** Where an escrow goes. */
export interface Payout {
  readonly vendor: AccountId
  readonly paid: Amount
  readonly client: AccountId
  readonly returned: Amount
}

/** How a session goes on: with the money that moves, if any does. */
export interface SessionStep {
  readonly file: SessionFile
  readonly payout: Payout | undefined
}

/** What a client brings to have a session opened. */
export interface OpeningRequest {
  readonly terms: SessionTerms
  readonly signatures: Pick<SessionSignatures, 'client' | 'vendor'>
}

/** Checks what is asked of a bank whatever its books say. Throws `wrong_network`, `bad_input`, `session_terms`, `bad_signature`, `too_late`. */
export function checkOpening(
  { terms, signatures }: OpeningRequest,
  bank: { readonly network: Digest; readonly fingerprint: Digest },
  now: number,
): void {
  if (terms.network !== bank.network)
    throw new MupibError('wrong_network', 'a session of another network', { field: 'terms' })
  if (terms.bank !== bank.fingerprint)
    throw new MupibError('bad_input', 'the terms name another bank, or an older certificate of this one', {
      field: 'terms',
      hint: bank.fingerprint,
    })
  const fault = termsFault(terms)
  if (fault)
    throw new MupibError('session_terms', `${fault.field} of the terms is wrong`, { field: 'terms', hint: fault.hint })
  const session = sessionDigest(terms)
  for (const party of ['client', 'vendor'] as const)
    if (!verifySession(session, party, terms[party], signatures[party]))
      throw new MupibError('bad_signature', `the ${party} did not sign these terms`, { field: party })
  if (now > terms.openBy)
    throw new MupibError('too_late', 'the session had to be open by now', { field: 'terms', hint: 'a later openBy' })
}

/** A session whose escrow is being booked. The bank asks what became of it after openBy, if nothing else told it before. */
export const signedFile = (session: Digest, terms: SessionTerms, signatures: SessionSignatures): SessionFile => ({
  session,
  terms,
  signatures,
  standing: undefined,
  refusal: undefined,
  due: terms.openBy,
})

const stages = { open: 1, closing: 2, settled: 3 } as const
const stageOf = ({ standing }: SessionFile): number => (standing ? stages[standing.state] : 0)

/** The escrow has left. */
export const isPaidOut = ({ standing, refusal }: SessionFile): boolean =>
  refusal !== undefined || standing?.state === 'settled'

const payoutOf = ({ client, vendor }: SessionTerms, paid: Amount, returned: Amount): Payout => ({
  client: toHex(client),
  vendor: toHex(vendor),
  paid,
  returned,
})

/** The ledger certified how a session stands. Undefined where that is nothing new (E4), `contradiction` where it cannot be. */
export function learn(file: SessionFile, standing: SessionStanding): SessionStep | 'contradiction' | undefined {
  if (file.refusal !== undefined) return 'contradiction'
  if (stages[standing.state] <= stageOf(file)) return undefined
  if (standing.state !== 'settled') return { file: { ...file, standing, due: standing.windowEnd }, payout: undefined }
  if (standing.paid + standing.returned !== sessionEscrow(file.terms)) return 'contradiction'
  const payout = payoutOf(file.terms, createAmount(standing.paid), createAmount(standing.returned))
  return { file: { ...file, standing, due: undefined }, payout }
}

/** The bank's own record of an opening was refused (E2, E3). Undefined where the session may still open. */
export function openingRefused(file: SessionFile, refusal: Refusal): SessionStep | undefined {
  if (refusal !== 'too_late' || file.standing || file.refusal !== undefined) return undefined
  const payout = payoutOf(file.terms, zeroAmount, createAmount(sessionEscrow(file.terms)))
  return { file: { ...file, refusal, due: undefined }, payout }
}

/** When to ask again after a question that came too early, or whose answer comes another way. Times in milliseconds. */
export function askAgainAt({ terms, standing }: SessionFile, blockTime: number, now: number): number {
  const deadline = standing?.windowEnd ?? terms.openBy
  return now + (blockTime > 0 && blockTime <= deadline ? deadline - blockTime + 1 : askAgainMs)
}

/** Whoever else settled a session, the ledger tells the bank of it long before this. */
const askAgainMs = 60_000

/** The session's name of a request that gives it as terms or not at all. Throws `conflict`. */
export function checkNamed(session: Digest, terms: SessionTerms): void {
  if (sessionDigest(terms) !== session)
    throw new MupibError('conflict', 'these are the terms of another session', { field: 'terms' })
}
