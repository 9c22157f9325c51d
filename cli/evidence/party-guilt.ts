// Guilt of vendors and auditors, by what they signed about a payment.
import { bytesEqual } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import type { AnswerName, Presentation, SignedStatement } from '../../proto/statements.ts'
import { isoTime, short } from '../common/output.ts'
import type { HolderPayment } from '../common/payment.ts'
import type { ClaimOf, Guilt } from './claims.ts'
import {
  type Court,
  certifiedToken,
  certifiedTransaction,
  digestOf,
  fail,
  guiltyOf,
  isHolderSigned,
  isSameParty,
  serialOf,
  signerOf,
} from './court.ts'

const uncharged = (
  { kind }: { readonly kind: Guilt['kind'] },
  party: Certificate,
  payload: Guilt['payload'],
  what: string,
): Guilt => ({
  kind,
  guilty: guiltyOf(party),
  charged: false,
  statement: `${party.role} ${party.name} ${what}`,
  payload,
})

/** The same content again is a repeat, as a till sends it for ever, whatever bytes the signature over it has. */
export function doubleSelling(court: Court, claim: ClaimOf<'double_selling'>): Guilt {
  const [first, second] = claim.presentations
  const [vendor, again] = [signerOf(court, first, 'vendor'), signerOf(court, second, 'vendor')]
  if (!isSameParty(vendor, again)) fail('the presentations are of two vendors')
  const { payload, auditor } = first.statement
  if (second.statement.payload !== payload) fail('the presentations are of two payments')
  if (bytesEqual(first.content, second.content)) fail('one presentation twice is a repeat')
  const to = auditor === second.statement.auditor ? `to ${auditor}` : `to ${auditor} and to ${second.statement.auditor}`
  return uncharged(claim, vendor, payload, `presented payment ${short(payload)} in two ways, ${to}: double selling`)
}

/** The vendor whose word a presentation is about the payment beside it. */
function presenterOf(court: Court, presentation: SignedStatement<Presentation>, payment: HolderPayment): Certificate {
  const vendor = signerOf(court, presentation, 'vendor')
  const { payload, holderSignature } = presentation.statement
  if (digestOf(court, payment) !== payload) fail('the presentation is of another payment')
  // a payment's digest does not cover it: only the signature inside the presentation is what the vendor presented
  if (!bytesEqual(payment.signature, holderSignature))
    fail("the holder's signature beside the presentation is not the one that the vendor presented")
  return vendor
}

export function stolenPayload(court: Court, claim: ClaimOf<'stolen_payload'>): Guilt {
  const { presentation, payment } = claim
  const vendor = presenterOf(court, presentation, payment)
  if (!isHolderSigned(court, payment)) fail('the holder did not sign the payment: that would be a forgery')
  if (payment.details.vendor === vendor.name) fail(`the payment names ${vendor.name}`)
  const { payload } = presentation.statement
  return uncharged(claim, vendor, payload, `presented payment ${short(payload)}, which is to ${payment.details.vendor}`)
}

export function forgery(court: Court, claim: ClaimOf<'forgery'>): Guilt {
  if ('presentation' in claim) {
    const vendor = presenterOf(court, claim.presentation, claim.payment)
    if (isHolderSigned(court, claim.payment)) fail('the holder did sign the payment')
    const { payload } = claim.presentation.statement
    return uncharged(claim, vendor, payload, `presented payment ${short(payload)}, which its holder did not sign`)
  }
  const { transaction, auditor } = certifiedTransaction(court, claim.proof)
  if (transaction.holder === 'valid') fail("the validators found the holder's signature good")
  if (transaction.holder !== 'invalid') fail("the validators did not look at the holder's signature")
  const { payload } = transaction
  return uncharged(claim, auditor, payload, `put payment ${short(payload)} into a block, which its holder did not sign`)
}

export function expiredInQueue(court: Court, claim: ClaimOf<'expired_in_queue'>): Guilt {
  const { ruling, payment, proof } = claim
  const { answer, payload, time } = ruling.statement
  const signer = signerOf(court, ruling, 'auditor')
  const { transaction, auditor, verdict, token, proved } = certifiedToken(court, proof, payment)
  if (!isSameParty(signer, auditor)) fail('the ruling and the block are of two auditors')
  if (payload !== transaction.payload) fail('the ruling is about another payment')
  if (answer !== 'deliver' && answer !== 'wait') fail(`the auditor did not take the payment (${answer})`)
  if (verdict.reason !== 'expired') fail(`the token did not expire (${verdict.reason})`)
  if (time > token.group.expiry) fail('the ruling was signed after the token had expired')
  const what = `took token ${serialOf(court, token)} at ${isoTime(time)} and let it expire at ${isoTime(token.group.expiry)}`
  return uncharged(claim, auditor, payload, `${what}, before its block of ${isoTime(proved.time)}`)
}

/** A challenge: it convicts nobody who can answer it with `shown_payload`. */
export function unshownPayload(court: Court, claim: ClaimOf<'unshown_payload'>): Guilt {
  const { transaction, auditor } = certifiedTransaction(court, claim.proof)
  const { payload, tokens, holder } = transaction
  const consumed = tokens.filter(({ use }) => use === 'consumed').length
  if (consumed === 0) fail('the auditor consumed nothing by this payment')
  if (holder !== 'unchecked') fail(`the validators looked at the holder's signature already (${holder})`)
  const what = `consumed ${consumed} tokens by payment ${short(payload)}, and is guilty unless it shows the signed payload`
  return uncharged(claim, auditor, payload, what)
}

/** Clears the auditor of every `unshown_payload` about the payment. */
export function shownPayload(court: Court, claim: ClaimOf<'shown_payload'>): Guilt {
  const { kind, payment } = claim
  if (!isHolderSigned(court, payment)) fail('the holder did not sign the payment')
  const payload = digestOf(court, payment)
  const statement = `the holder signed payment ${short(payload)}: whoever consumed its tokens by it is cleared`
  return { kind, guilty: undefined, charged: false, statement, payload }
}

/** The holder may spend the tokens elsewhere. */
const isGivenUp = (answer: AnswerName): boolean => answer === 'rejected' || answer === 'not_queued'

/**
 * A rejection that follows from a block's verdict is dated no earlier than the block, and consumes nothing. Consuming what was given up breaks
 * the ruling whatever its date: the auditor wrote that itself.
 */
export function brokenRuling(court: Court, claim: ClaimOf<'broken_ruling'>): Guilt {
  if ('rulings' in claim) return contradictoryRulings(court, claim)
  const { ruling, proof } = claim
  const { answer, payload, time } = ruling.statement
  const signer = signerOf(court, ruling, 'auditor')
  const { transaction, auditor, proved } = certifiedTransaction(court, proof)
  if (!isSameParty(signer, auditor)) fail('the ruling and the block are of two auditors')
  if (payload !== transaction.payload) fail('the ruling is about another payment')
  if (!isGivenUp(answer)) fail(`the ruling did not give the payment up (${answer})`)
  const consumed = transaction.tokens.some(({ use }) => use === 'consumed')
  if (time >= proved.time && !consumed) fail('the ruling follows the block, which consumed nothing by the payment')
  const ruled = `signed ${answer.replace('_', ' ')} for payment ${short(payload)} at ${isoTime(time)}`
  return uncharged(claim, auditor, payload, `${ruled} and put it into a block of ${isoTime(proved.time)}`)
}

function contradictoryRulings(court: Court, claim: Extract<ClaimOf<'broken_ruling'>, { rulings: unknown }>): Guilt {
  const [first, second] = claim.rulings
  const [auditor, again] = [signerOf(court, first, 'auditor'), signerOf(court, second, 'auditor')]
  if (!isSameParty(auditor, again)) fail('the rulings are of two auditors')
  const { payload } = first.statement
  if (second.statement.payload !== payload) fail('the rulings are about two payments')
  const given = [first.statement.answer, second.statement.answer]
  if (!given.includes('deliver') || !given.some(isGivenUp))
    fail(`the rulings do not contradict each other (${given.join(', ')})`)
  const words = given.map(answer => answer.replace('_', ' ')).join(' and ')
  return uncharged(claim, auditor, payload, `signed ${words} for payment ${short(payload)}`)
}
