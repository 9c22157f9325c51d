// Guilt of users and banks, by tokens and by what the ledger decided about them.

import type { LooseToken } from '../../node/ledger/form.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { verifyToken } from '../../proto/token.ts'
import { isoTime, short } from '../common/output.ts'
import type { ClaimOf, Guilt } from './claims.ts'
import {
  type Court,
  certifiedToken,
  digestOf,
  fail,
  guiltyOf,
  hashesOf,
  isHolderSigned,
  partyOf,
  serialOf,
  userOf,
} from './court.ts'

/**
 * Both payments are the holder's and hold one token, and the ledger charged the second because the first (a payment or a return) had
 * consumed it. A user to whom an auditor had given the first up answers with `broken_ruling`.
 */
export function doubleSpending(court: Court, claim: ClaimOf<'double_spending'>): Guilt {
  const { kind, first, second, proof } = claim
  const { transaction, verdict, token, proved } = certifiedToken(court, proof, second)
  const { firstUse } = verdict
  if (verdict.verdict !== '10' || !firstUse) return fail(`the token is no duplicate (${verdict.verdict})`)
  const [one, other] = [digestOf(court, first), transaction.payload]
  if (one === other || firstUse.payload === other)
    fail('the payment itself was its first use: a repeat, not another spending')
  if (firstUse.payload !== one) fail('the token was first used by another payment than the first given')
  if (!verdict.charged) fail('the ledger did not charge the token to the user')
  const { token: hash } = hashesOf(court, token)
  if (!first.tokens.some(candidate => hashesOf(court, candidate).token === hash))
    fail('the first payment lacks the token')
  if (!isHolderSigned(court, first)) fail('the holder did not sign the first payment')
  if (!isHolderSigned(court, second)) fail('the holder did not sign the second payment')
  const user = userOf(court, token.group.holder)
  const statement =
    `user ${user.name} spent token ${serialOf(court, token)} in payment ${short(one)} and again in payment ${short(other)}, ` +
    `block of ${isoTime(proved.time)}; the auditor is to blame instead where it had signed that it gave the first one up`
  return { kind, guilty: guiltyOf(user), charged: true, statement, payload: other }
}

/** The bank that signed a token. */
function signerOfToken(court: Court, token: LooseToken): Certificate {
  const bank = partyOf(court, token.group.bank, 'bank')
  const isGood = verifyToken(hashesOf(court, token).group, { ...token, group: 0 }, bank.facts.publicKey)
  return isGood ? bank : fail(`${bank.name} did not sign the token`)
}

/** The validators found no such token published: none of this serial, or another than this one. */
export function bankUnpublished(court: Court, claim: ClaimOf<'bank_unpublished'>): Guilt {
  const { kind, payment, proof } = claim
  const { verdict, token, transaction } = certifiedToken(court, proof, payment)
  if (verdict.reason !== 'unpublished' && verdict.reason !== 'other_published')
    fail(`the validators did not miss its publication (${verdict.reason})`)
  const bank = signerOfToken(court, token)
  const published = verdict.reason === 'unpublished' ? 'did not publish it' : 'published another one'
  const statement = `bank ${bank.name} signed token ${serialOf(court, token)} and ${published}`
  return { kind, guilty: guiltyOf(bank), charged: verdict.charged, statement, payload: transaction.payload }
}

export function bankTwoTokens(court: Court, claim: ClaimOf<'bank_two_tokens'>): Guilt {
  const { kind, first, second } = claim
  const serials = [first, second].map(({ group, index }) => `${group.bank}-${group.publication}-${index}`)
  if (serials[0] !== serials[1]) fail('the tokens have two serials')
  if (hashesOf(court, first).token === hashesOf(court, second).token) fail('one token twice')
  const bank = signerOfToken(court, first)
  signerOfToken(court, second)
  const statement = `bank ${bank.name} signed two different tokens under the serial ${serialOf(court, first)}`
  return { kind, guilty: guiltyOf(bank), charged: false, statement, payload: undefined }
}
