// Votes to certificates and evidence. Votes are kept in a window of views; of all other views one newest set per validator.
import type { Ballot, Certificate, Proposal, Vote } from '../proto/chain.ts'
import {
  bounds,
  type Core,
  fetchCertificate,
  finalView,
  isInWindow,
  noVotes,
  type Round,
  roundOf,
  sameBallot,
  type Turn,
} from './state.ts'
import type { HeldVotes } from './types.ts'

/** Counts a vote. Returns the certificate that it completes, if any. Conflicting votes become evidence and do not count. */
export function countVote(turn: Turn, vote: Vote): Certificate | undefined {
  const { core } = turn
  noteNewest(core, vote.signer, vote.view, vote, undefined)
  if (!isInWindow(core, vote.view)) return undefined
  const round = roundOf(core, vote.view)
  const votes = round.votes.get(vote.signer) ?? noVotes()
  round.votes.set(vote.signer, votes)
  const before = votes[vote.kind]
  if (before) {
    if (!sameBallot(before, vote)) accuse(turn, round, before, vote)
    return undefined
  }
  votes[vote.kind] = vote
  const { nullify, finalize } = votes
  if (nullify && finalize) accuse(turn, round, nullify, finalize)
  return completed(core, round, vote)
}

/** The certificate for a ballot once a quorum has cast it and none is held yet. */
export function completed(core: Core, round: Round, ballot: Ballot): Certificate | undefined {
  if (certificateOf(round, ballot.kind)) return undefined
  const signatures: { signer: number; signature: Uint8Array }[] = []
  for (const [signer, votes] of round.votes) {
    const vote = votes[ballot.kind]
    if (vote && sameBallot(vote, ballot)) signatures.push({ signer, signature: vote.signature })
  }
  if (signatures.length < core.quorum) return undefined
  signatures.sort((a, b) => a.signer - b.signer)
  const { kind, view, digest, outcome } = ballot
  return { kind, view, digest, outcome, signatures }
}

export function certificateOf(round: Round, kind: Ballot['kind']): Certificate | undefined {
  if (kind === 'notarize') return round.notarization
  return kind === 'nullify' ? round.nullification : round.finalization
}

/** Files a certificate. False where one of the kind is held for its view. A finalization also serves as a block's notarization. */
export function storeCertificate(core: Core, certificate: Certificate): boolean {
  const round = roundOf(core, certificate.view)
  if (certificateOf(round, certificate.kind)) return false
  if (certificate.kind === 'nullify') {
    round.nullification = certificate
    return true
  }
  if (!round.notarization && !round.finalization) round.notarizedAt = core.elapsed
  if (certificate.kind === 'notarize') round.notarization = certificate
  else round.finalization = certificate
  if (certificate.kind === 'finalize' || !core.certified.has(certificate.digest)) {
    core.certified.set(certificate.digest, certificate)
  }
  core.revision++
  return true
}

/** Counts the votes inside a certificate: they may be news of their signers, and may convict one. */
export function countSignatures(turn: Turn, certificate: Certificate): void {
  const { kind, view, digest, outcome, signatures } = certificate
  for (const { signer, signature } of signatures) {
    if (signer !== turn.core.config.self) countVote(turn, { kind, view, digest, outcome, signer, signature })
  }
}

/** Rule 9: two proposals of one leader for one view. */
export function accuseLeader(turn: Turn, round: Round, leader: number, first: Proposal, second: Proposal): void {
  if (round.accused.has(leader)) return
  round.accused.add(leader)
  turn.effects.push({ type: 'evidence', evidence: { type: 'proposals', validator: leader, first, second } })
}

/** Rule 9: two different votes of one kind, or Nullify and Finalize. Once per validator and view. */
function accuse(turn: Turn, round: Round, first: Vote, second: Vote): void {
  if (round.accused.has(second.signer)) return
  round.accused.add(second.signer)
  turn.effects.push({ type: 'evidence', evidence: { type: 'votes', validator: second.signer, first, second } })
}

/** Keeps what a validator signed in the newest view heard from it, and marks it for the next write. */
export function noteNewest(
  core: Core,
  validator: number,
  view: number,
  vote: Vote | undefined,
  proposal: Proposal | undefined,
): void {
  if (validator === core.config.self) return
  // A vote for a view far ahead says only that its signer is alive now.
  core.heard.set(validator, Math.max(core.heard.get(validator) ?? 0, Math.min(view, core.view)))
  const known = core.newest.get(validator)
  if (known && known.view > view) return
  const before: HeldVotes = known?.view === view ? known : { view, votes: [], proposal: undefined }
  const votes =
    vote && before.votes.length < bounds.newestVotes && !before.votes.some(held => sameBallot(held, vote))
      ? [...before.votes, vote]
      : before.votes
  // The leader's signature covers the block alone: what was attached need not be kept.
  const bare = before.proposal ?? (proposal && { ...proposal, parentCertificate: undefined, nullifications: [] })
  if (votes === before.votes && bare === before.proposal && known?.view === view) return
  core.newest.set(validator, { view, votes, proposal: bare })
  core.unsaved.add(validator)
}

/** Rule 5a. What happened in views that this node did not live through says nothing about a leader. */
export function isLeaderSilent(core: Core, leader: number): boolean {
  const since = core.view - core.config.validators
  if (leader === core.config.self || since < core.witnessedFrom) return false
  if ((core.heard.get(leader) ?? 0) >= since) return false
  let heard = 1
  for (const newest of core.heard.values()) if (newest >= since) heard++
  return heard >= core.quorum
}

/** Other validators of which no vote came in the round. */
export function silentIn(core: Core, round: Round | undefined): number[] {
  const others = [...Array(core.config.validators).keys()].filter(validator => validator !== core.config.self)
  return others.filter(validator => !round?.votes.has(validator))
}

/** Distinct validators that voted so in the view. */
export function votersOf(round: Round | undefined, kind: Ballot['kind']): number[] {
  const voters: number[] = []
  for (const [signer, votes] of round?.votes ?? []) if (votes[kind]) voters.push(signer)
  return voters.sort((a, b) => a - b)
}

/**
 * Rule 6b: f+1 validators ahead include an honest one, and it entered its view by a certificate. The view asked for is the highest
 * that f+1 validators have reached, less one.
 */
export function fetchIfBehind(turn: Turn): void {
  const { core } = turn
  const ahead: number[] = []
  for (const { view } of core.newest.values()) if (view > core.view) ahead.push(view)
  if (ahead.length <= core.faults) return
  ahead.sort((a, b) => b - a)
  fetchCertificate(turn, ahead[core.faults]! - 1)
}

/** Drops every view that the final tip decides. */
export function forgetFinalViews(core: Core): void {
  const view = finalView(core)
  for (const key of core.rounds.keys()) if (key <= view) core.rounds.delete(key)
  for (const key of core.askedAt.keys()) if (key <= view) core.askedAt.delete(key)
  for (const [digest, certificate] of core.certified) if (certificate.view <= view) core.certified.delete(digest)
}
