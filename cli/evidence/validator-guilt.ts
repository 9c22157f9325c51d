// Guilt of validators, and of clients towards them, by what validators keep of each other (rule 9 of consensus/simplex.ts, R5 of the
// protocol).
import { toHex } from '../../proto/bytes.ts'
import { decodeProposal, decodeVote, leaderOf, verifyProposal, verifyVote } from '../../proto/chain.ts'
import { validatorKeys } from '../../proto/genesis.ts'
import type { ClaimOf, Guilt } from './claims.ts'
import { type Court, fail, proving } from './court.ts'

function validatorGuilt({ genesis }: Court, kind: Guilt['kind'], index: number, what: string): Guilt {
  const { name, publicKey } = genesis.validators[index]!
  const guilty = { name, role: 'validator', key: toHex(publicKey) } as const
  return { kind, guilty, charged: false, statement: `validator ${name} signed ${what}`, payload: undefined }
}

/** Two different votes of one kind in one view, or a Nullify and a Finalize. */
export function twoVotes(court: Court, claim: ClaimOf<'two_votes'>): Guilt {
  const [first, second] = [claim.first, claim.second].map(bytes => proving('vote', () => decodeVote(bytes)))
  if (!first || !second || first.signer !== second.signer) return fail('the votes are of two validators')
  if (first.view !== second.view) fail('the votes are of two views')
  const kinds = new Set([first.kind, second.kind])
  const isSame = first.digest === second.digest && first.outcome === second.outcome
  if (kinds.size === 1 ? isSame : kinds.has('notarize')) fail('the votes do not contradict each other')
  const keys = validatorKeys(court.genesis)
  for (const vote of [first, second])
    if (!verifyVote(court.network, vote, keys)) fail('the validator did not sign the votes')
  const what = `${first.kind} and ${second.kind} of two contents in view ${first.view}`
  return validatorGuilt(court, claim.kind, first.signer, what)
}

export function twoProposals(court: Court, claim: ClaimOf<'two_proposals'>): Guilt {
  const [first, second] = [claim.first, claim.second].map(bytes => proving('proposal', () => decodeProposal(bytes)))
  if (!first || !second || first.block.header.view !== second.block.header.view)
    return fail('the proposals are of two views')
  if (first.block.digest === second.block.digest) fail('the proposals are of one block')
  const keys = validatorKeys(court.genesis)
  for (const proposal of [first, second])
    if (!verifyProposal(court.network, proposal, keys)) fail('the leader of the view did not sign the proposals')
  const { view } = first.block.header
  return validatorGuilt(court, claim.kind, leaderOf(view, keys.length), `two proposals in view ${view}`)
}

/** Digests without the signed records prove nothing to others. */
export function numberReuse(_: Court, { signer, record, number }: ClaimOf<'number_reuse'>): Guilt {
  return fail(
    `validators say that ${signer.slice(0, 12)}… signed two records (${record} ${number}) and name them by digest only: their word, not a proof`,
  )
}
