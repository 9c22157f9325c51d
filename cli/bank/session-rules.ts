// What a bank decides of sessions by itself, without clock, store or network. The ledger certifies what is due, the bank moves the money.
// E1 the client's money is in escrow, on disk, before the bank's signature leaves: the signature says so. E2 to E4 stand in ../session/rules.ts.
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionSignatures, SessionTerms } from '../../proto/session/terms.ts'
import { checkTerms, type SessionFile } from '../session/rules.ts'

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
  checkTerms(bank.network, terms, signatures)
  if (terms.bank !== bank.fingerprint)
    throw new MupibError('bad_input', 'the terms name another bank, or an older certificate of this one', {
      field: 'terms',
      hint: bank.fingerprint,
    })
  if (now > terms.openBy)
    throw new MupibError('too_late', 'the session had to be open by now', { field: 'terms', hint: 'a later openBy' })
}

/** When to ask again after a question that came too early, or whose answer comes another way. Times in milliseconds. */
export function askAgainAt({ terms, standing }: SessionFile, blockTime: number, now: number): number {
  const deadline = standing?.windowEnd ?? terms.openBy
  return now + (blockTime > 0 && blockTime <= deadline ? deadline - blockTime + 1 : askAgainMs)
}

/** Whoever else settled a session, the ledger tells the bank of it long before this. */
const askAgainMs = 60_000
