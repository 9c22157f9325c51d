// How a session goes on for whoever keeps it, bank or auditor, by what the ledger certifies, and what is due with it. Pure.
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
import { type Refusal, type SessionStanding, sessionStage } from '../../proto/verdict.ts'

/** Where on the ledger something was decided. */
export interface Place {
  readonly height: number
  /** Of the record in its block. */
  readonly index: number
}

/** A session as it is kept. */
export interface SessionFile {
  readonly session: Digest
  readonly terms: SessionTerms
  readonly signatures: SessionSignatures
  /** As far as it is known here; undefined until the ledger opened it. */
  readonly standing: SessionStanding | undefined
  /** Where the ledger certified that. */
  readonly place: Place | undefined
  /** Why it never opened; the escrow went back. */
  readonly refusal: Refusal | undefined
  /**
   * When its bank asks the ledger what became of it, in milliseconds of its own clock; undefined once the escrow has left, and for everybody
   * else.
   */
  readonly due: number | undefined
}

/** Where an escrow goes; public keys in hex. */
export interface Payout {
  readonly vendor: string
  readonly paid: Amount
  readonly client: string
  readonly returned: Amount
}

/** How a session goes on: with the money that moves, if any does. */
export interface SessionStep {
  readonly file: SessionFile
  readonly payout: Payout | undefined
}

/** Checks terms and signatures that somebody brings. Throws `wrong_network`, `session_terms`, `bad_signature`. */
export function checkTerms(
  network: Digest,
  terms: SessionTerms,
  signatures: Pick<SessionSignatures, 'client' | 'vendor'>,
): void {
  if (terms.network !== network)
    throw new MupibError('wrong_network', 'a session of another network', { field: 'terms' })
  const fault = termsFault(terms)
  if (fault)
    throw new MupibError('session_terms', `${fault.field} of the terms is wrong`, { field: 'terms', hint: fault.hint })
  const session = sessionDigest(terms)
  for (const party of ['client', 'vendor'] as const)
    if (!verifySession(session, party, terms[party], signatures[party]))
      throw new MupibError('bad_signature', `the ${party} did not sign these terms`, { field: party })
}

/** A session before the ledger has said anything of it. */
export const signedFile = (
  session: Digest,
  terms: SessionTerms,
  signatures: SessionSignatures,
  due: number | undefined,
): SessionFile => ({
  session,
  terms,
  signatures,
  standing: undefined,
  place: undefined,
  refusal: undefined,
  due,
})

/** The escrow has left. */
export const isPaidOut = ({ standing, refusal }: SessionFile): boolean =>
  refusal !== undefined || standing?.state === 'settled'

/** Where the escrow of a session goes, once that is known. */
export function payoutOf({ terms, standing, refusal }: SessionFile): Payout | undefined {
  const parties = { client: toHex(terms.client), vendor: toHex(terms.vendor) }
  if (refusal !== undefined) return { ...parties, paid: zeroAmount, returned: createAmount(sessionEscrow(terms)) }
  if (standing?.state !== 'settled') return undefined
  return { ...parties, paid: createAmount(standing.paid), returned: createAmount(standing.returned) }
}

/** The client's and the vendor's public keys in hex. */
export const partiesOf = ({ terms }: SessionFile): readonly string[] => [toHex(terms.client), toHex(terms.vendor)]

const stepTo = (file: SessionFile): SessionStep => ({ file, payout: payoutOf(file) })

/** The ledger certified how a session stands. Undefined where that is nothing new (E4), `contradiction` where it cannot be. */
export function learn(file: SessionFile, standing: SessionStanding): SessionStep | 'contradiction' | undefined {
  if (file.refusal !== undefined) return 'contradiction'
  if (sessionStage(standing.state) <= sessionStage(file.standing?.state)) return undefined
  if (standing.state !== 'settled')
    return stepTo({ ...file, standing, due: file.due === undefined ? undefined : standing.windowEnd })
  if (standing.paid + standing.returned !== sessionEscrow(file.terms)) return 'contradiction'
  return stepTo({ ...file, standing, due: undefined })
}

/** An own record of the opening was refused (E2, E3). Undefined where the session may still open. */
export function openingRefused(file: SessionFile, refusal: Refusal): SessionStep | undefined {
  if (refusal !== 'too_late' || file.standing || file.refusal !== undefined) return undefined
  return stepTo({ ...file, refusal, due: undefined })
}

/** The session's name of a request that gives it as terms or not at all. Throws `conflict`. */
export function checkNamed(session: Digest, terms: SessionTerms): void {
  if (sessionDigest(terms) !== session)
    throw new MupibError('conflict', 'these are the terms of another session', { field: 'terms' })
}
