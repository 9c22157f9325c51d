// Guilt of the clients of sessions, by what they signed, and by what the ledger certified (rule C12). Terms need no signature of their own here:
// payments are signed over their digest, and the ledger opens no session whose client did not sign.
import { bytesEqual, toHex } from '../../proto/bytes.ts'
import { verify } from '../../proto/keys.ts'
import { verifyProof } from '../../proto/proof.ts'
import { verifyMisconduct } from '../../proto/session/misconduct.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import { short } from '../common/output.ts'
import type { ClaimOf, Guilt, Guilty } from './claims.ts'
import { type Court, fail } from './court.ts'

/** Whoever signed with the client's key, named where a certificate is at hand. */
function clientOf({ certificates }: Court, { client }: SessionTerms): Guilty {
  const key = toHex(client)
  const known = [...certificates.values()].find(
    ({ role, facts }) => role === 'user' && bytesEqual(facts.publicKey, client),
  )
  return { name: known?.name ?? short(key), role: 'user', key }
}

function guiltOf(court: Court, { kind, terms }: ClaimOf<SessionClaimKind>, what: (session: string) => string): Guilt {
  if (terms.network !== court.network) fail('the session is of another network')
  const guilty = clientOf(court, terms)
  const statement = `user ${guilty.name} ${what(short(sessionDigest(terms)))}`
  return { kind, guilty, charged: false, statement, payload: undefined }
}

type SessionClaimKind = 'conflicting_payments' | 'bad_lock' | 'contested_close'

/** Two signed payments of one index that say different things, or a payment whose lock does not open the one before. */
export function sessionMisconduct(court: Court, claim: ClaimOf<'conflicting_payments' | 'bad_lock'>): Guilt {
  const { kind, terms, first, second } = claim
  const { index } = second
  const guilt = guiltOf(court, claim, session =>
    kind === 'conflicting_payments'
      ? `signed two different payments ${index} of session ${session}`
      : `signed payment ${index} of session ${session} with a lock that does not open the payment before it`,
  )
  return verifyMisconduct(terms, { kind, first, second })
    ? guilt
    : fail(`the payments do not prove ${kind.replaceAll('_', ' ')}`)
}

/** The client said that fewer payments were made than the vendor then proved. */
export function contestedClose(court: Court, claim: ClaimOf<'contested_close'>): Guilt {
  const { session } = verifyProof(claim.proof, court.genesis, verify).record
  if (session?.session !== sessionDigest(claim.terms)) return fail('the proof is not about the session of these terms')
  const { contestedAt, index } = session
  if (contestedAt === undefined) return fail('nobody contested how the session was closed')
  return guiltOf(
    court,
    claim,
    name => `closed session ${name} at payment ${contestedAt}, and the vendor proved ${index} payments`,
  )
}
