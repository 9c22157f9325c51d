// The vote of the ledger: Simplex (Chan and Pass, "Simplex Consensus", eprint 2023/463) as a pure state machine, with an outcome voted on
// beside each block. n validators, f = ⌊(n−1)/3⌋, quorum q = ⌊2n/3⌋+1, one leader per view by rotation.
//
//  1. Upon entering view v: the timer starts at the later of entry and work appearing, and runs out one timeout later. Work is
//     a. a well-formed record held here that is neither final nor in the notarized chain being extended;
//     b. a notarized block in that chain that carries records not yet final: one timeout after its notarization;
//     c. f+1 Nullify of this view: then join them at once (5).
//     d. Without work the leader proposes an empty block at the idle interval, and the timer is interval + timeout.
//  2. Upon leading v with work, or at the idle interval: propose, never twice in a view, also after a restart.
//     a. Extend a notarized parent p < v such that every view between is nullified, with those certificates attached.
//     b. Block time is max(parent + 1 ms, own clock); no record twice in a chain.
//  3. Upon the leader's first proposal for v: Notarize it once it is valid and executed, and never two blocks of a view.
//     a. Its parent is notarized (or final), it names the parent's certified outcome, and every view between is nullified.
//     b. Height is the parent's + 1, time is later than the parent's, no record repeats within it or its unfinalized ancestry.
//     c. A block time further ahead of the clock than the drift limit is held until the clock allows.
//     d. What is missing is fetched while the proposal is held; only what can never become valid is nullified (5).
//  4. Upon a notarization of v, whether from votes or received, also when v is past: store it and pass it on.
//     a. If v is the current view or later, enter v+1.
//     b. Send Finalize(v), unless Nullify(v) was sent or v is nullified.
//     c. If the own execution gave another outcome: sign nothing any more, and say so.
//  5. Upon the timer, f+1 Nullify, or a proposal that can never be valid: send Nullify(v), unless Finalize(v) was sent.
//     a. A leader that was not heard in the last n views, while a quorum was, is nullified at once until it is heard again.
//     b. Repeat with a pause that doubles up to eight timeouts, with the certificates by which v can be entered.
//     c. Upon a repeated Nullify: send its signer what it may lack (8e), at most once per timeout.
//  6. Upon a nullification of v: store it and pass it on.
//     a. If v is the current view or later, enter v+1.
//     b. Upon votes of f+1 validators for later views: fetch the certificate that led there.
//     c. Upon a notarization of a block that is not here: fetch it, and its ancestors.
//  7. Upon a finalization of v: its block and all ancestors are final, whatever the current view; enter v+1 if v is not past.
//     a. Commit, parents first, once all are executed to their certified outcomes.
//     b. If blocks are missing: pass it on, lest those who hold them do not know it, and catch up by fetching final blocks.
//  8. Upon a start: take over what the journal holds, follow at once, but sign nothing
//     a. until q−1 others told what they hold of the own key in its newest view (nobody to ask where n = 1);
//     b. then sign; stored votes of undecided views are sent again as stored, none is signed anew;
//     c. if they hold one that the journal lacks: mute, which is written down;
//     d. until an operator allows it and a view beyond is final: then sign in later views only, which is written down.
//     e. Upon a new link to a peer: send it the newest certificates, and own messages that are not decided.
//     f. The journal keeps what is above the final view (journalKeep).
//  9. Upon two different Notarize, Finalize or proposals, or Nullify and Finalize, of one validator in one view: evidence.
//     Notarize and Nullify is legal: whoever voted may still run out of time.
//
// Everything that an effect of a step relies on is written before it: each step's own votes, proposals and blocks stand in its first effect.
// Votes and certificates: tally.ts; blocks: tree.ts; proposals: proposal.ts; work and timer: work.ts; start: restart.ts.
import type { Ballot, Block, Certificate, Proposal, Vote } from '../proto/chain.ts'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { askToBuild, judge, propose } from './proposal.ts'
import { askHeldVotes, mayStartSigning, stayMute, takeHeldVotes, whatPeersMayLack } from './restart.ts'
import {
  broadcast,
  type Core,
  finalView,
  isInWindow,
  journal,
  leaderAt,
  maySign,
  type Round,
  report,
  roundOf,
  type Turn,
} from './state.ts'
import {
  accuseLeader,
  completed,
  countSignatures,
  countVote,
  fetchIfBehind,
  isLeaderSilent,
  noteNewest,
  silentIn,
  storeCertificate,
  votersOf,
} from './tally.ts'
import {
  addBlock,
  checkOutcomes,
  commitFinal,
  execute,
  executeNeeded,
  forgetOldRounds,
  moveTip,
  needBlock,
  stopIfOutcomeDiffers,
} from './tree.ts'
import type { Effect, FinalBlock, Input } from './types.ts'
import { addWork, armTimer, dropWork, nextRepeat, observeWork, repeatNullify, viewDeadline } from './work.ts'

export { cloneCore, createCore, journalKeep } from './restart.ts'
export type { Core } from './state.ts'

/**
 * Works off one input at local time `now` (milliseconds since 1970) and returns the effects, which a shell performs in their order.
 * A `persist`, where there is one, comes first.
 */
export function step(core: Core, input: Input, now: number): Effect[] {
  const turn: Turn = { core, now, entries: [], urgent: false, effects: [] }
  core.elapsed += Math.max(0, now - (core.lastNow ?? now))
  core.lastNow = now
  absorb(turn, input)
  settle(turn)
  armTimer(turn)
  return [...persisted(turn), ...turn.effects]
}

function absorb(turn: Turn, input: Input): void {
  const { core } = turn
  switch (input.type) {
    case 'start':
      start(turn)
      break
    case 'timer':
      core.armedAt = undefined
      break
    case 'proposal':
      takeProposal(turn, input.proposal)
      break
    case 'vote':
      takeVote(turn, input.vote)
      break
    case 'certificate':
      takeCertificate(turn, input.certificate)
      break
    case 'block':
      takeBlock(turn, input.block)
      break
    case 'work':
      addWork(core, input.records)
      break
    case 'dropped':
      dropWork(core, input.records)
      break
    case 'built':
      propose(turn, input.view, input.parent, input.records)
      break
    case 'executed':
      takeOutcome(turn, input.digest, { outcome: input.outcome })
      break
    case 'unexecutable':
      takeOutcome(turn, input.digest, { failure: input.reason })
      break
    case 'linkUp':
      resendTo(turn, input.peer)
      break
    case 'heldVotes':
      takeHeldVotes(turn, input.from, input.held)
      break
    case 'advanced':
      advance(turn, input.tip, input.certificate)
      break
  }
}

/** Applies the rules until none has anything left to do. */
function settle(turn: Turn): void {
  let isDone: boolean
  do {
    isDone = !commitFinal(turn)
    if (mayStartSigning(turn)) startSigning(turn)
    executeNeeded(turn)
    observeWork(turn.core)
    if (voteOnProposal(turn) || giveUpOnView(turn)) isDone = false
  } while (!isDone)
  repeatNullify(turn)
  fetchIfBehind(turn)
  askToBuild(turn)
}

/** The step's one write, first of all effects. Newest votes of others go with it where it is urgent anyway (rule 8a for their sake). */
function persisted({ core, entries, urgent }: Turn): Effect[] {
  // A final view needs no certificates in the journal: the commit stores the one that counts.
  const kept = entries.filter(entry => entry.type !== 'certificate' || entry.certificate.view > finalView(core))
  if (urgent) {
    for (const validator of core.unsaved) {
      const held = core.newest.get(validator)
      if (held) kept.push({ type: 'newestVotes', validator, held })
    }
    core.unsaved.clear()
  }
  return kept.length > 0 ? [{ type: 'persist', entries: kept, urgent }] : []
}

/** Rule 8. */
function start(turn: Turn): void {
  const { core } = turn
  core.enteredAt = core.elapsed
  report(turn, { type: 'entered', view: core.view, leader: leaderAt(core, core.view), by: 'start' })
  askHeldVotes(turn)
  stayMute(turn)
  for (const digest of core.certified.keys()) needBlock(turn, digest)
}

/** Rules 8b and 8e: stored votes go out again, and count here too; then what was missed while not signing is made good. */
function startSigning(turn: Turn): void {
  const { core } = turn
  for (const message of whatPeersMayLack(core)) broadcast(turn, message)
  for (const round of [...core.rounds.values()].sort((a, b) => a.view - b.view)) {
    for (const vote of [round.own.notarize, round.own.nullify, round.own.finalize]) {
      const certificate = vote && completed(core, round, vote)
      if (certificate) takeCertificate(turn, certificate)
    }
    sendFinalize(turn, round)
  }
}

/** Rule 8e, and 5c. */
function resendTo(turn: Turn, peer: number): void {
  for (const message of whatPeersMayLack(turn.core)) turn.effects.push({ type: 'send', to: peer, message })
}

function takeVote(turn: Turn, vote: Vote): void {
  if (vote.signer === turn.core.config.self) return
  if (isRepeatedNullify(turn.core, vote)) assist(turn, vote.signer)
  count(turn, vote)
}

function count(turn: Turn, vote: Vote): void {
  const certificate = countVote(turn, vote)
  if (certificate) takeCertificate(turn, certificate)
}

/** Rule 5c. */
function isRepeatedNullify(core: Core, { kind, view, signer }: Vote): boolean {
  return kind === 'nullify' && (view <= finalView(core) || !!core.rounds.get(view)?.votes.get(signer)?.nullify)
}

function assist(turn: Turn, peer: number): void {
  const { core } = turn
  const assistedAt = core.assistedAt.get(peer)
  if (assistedAt !== undefined && core.elapsed < assistedAt + core.config.timing.timeoutMs) return
  core.assistedAt.set(peer, core.elapsed)
  resendTo(turn, peer)
}

/** Rules 4, 6 and 7, up to the commit. */
function takeCertificate(turn: Turn, certificate: Certificate): void {
  const { core } = turn
  const { kind, view, digest } = certificate
  if (isSplit(core, certificate)) {
    if (core.signing !== 'stopped') report(turn, { type: 'split', certificate })
    core.signing = 'stopped'
  }
  if (view <= finalView(core) || !storeCertificate(core, certificate)) return
  journal(turn, { type: 'certificate', certificate }, false)
  countSignatures(turn, certificate)
  if (kind !== 'finalize') broadcast(turn, { type: 'certificate', certificate })
  if (kind === 'nullify') report(turn, { type: 'nullified', view })
  else {
    if (kind === 'notarize') report(turn, { type: 'notarized', view, digest })
    needBlock(turn, digest)
    checkOutcomes(turn, digest)
    sendFinalize(turn, roundOf(core, view))
  }
  enter(turn, view + 1, kind === 'finalize' ? 'final' : kind)
}

/** Two finalizations in one view for different blocks: the fault bound is broken, and no rule can mend it. */
function isSplit(core: Core, { kind, view, digest }: Certificate): boolean {
  if (kind !== 'finalize') return false
  if (view === finalView(core)) return digest !== core.final.block.digest
  const held = core.rounds.get(view)?.finalization
  return held !== undefined && held.digest !== digest
}

/** Rules 4a, 6a and 7: views may be jumped over, since a certificate proves that a quorum was there. */
function enter(turn: Turn, view: number, by: 'notarize' | 'nullify' | 'final'): void {
  const { core } = turn
  if (view <= core.view) return
  if (view > core.view + 1) core.witnessedFrom = view
  core.view = view
  core.enteredAt = core.elapsed
  core.workSince = undefined
  core.repeat = undefined
  core.building = undefined
  core.heldUntil = undefined
  forgetOldRounds(turn)
  report(turn, { type: 'entered', view, leader: leaderAt(core, view), by })
}

/** Signs, writes down, sends and counts a vote. The caller has checked that no earlier vote stands against it. */
function cast(turn: Turn, ballot: Ballot): void {
  const { core } = turn
  const vote = core.config.signer.vote(ballot)
  roundOf(core, ballot.view).own[ballot.kind] = vote
  journal(turn, { type: 'ownVote', vote }, true)
  broadcast(turn, { type: 'vote', vote })
  count(turn, vote)
}

/** Rule 4b. */
function sendFinalize(turn: Turn, { view, notarization, nullification, finalization, own }: Round): void {
  if (!notarization || own.finalize || own.nullify || nullification || finalization) return
  if (!maySign(turn.core, view) || !isInWindow(turn.core, view)) return
  const { digest, outcome } = notarization
  cast(turn, { kind: 'finalize', view, digest, outcome })
}

function takeProposal(turn: Turn, proposal: Proposal): void {
  const { core } = turn
  const { block, parentCertificate, nullifications } = proposal
  const { view } = block.header
  const leader = leaderAt(core, view)
  if (leader === core.config.self) return
  // Attached certificates count like any others, and may lead into the proposal's view.
  if (parentCertificate) takeCertificate(turn, parentCertificate)
  for (const certificate of nullifications) takeCertificate(turn, certificate)
  noteNewest(core, leader, view, undefined, proposal)
  takeBlock(turn, block)
  if (!isInWindow(core, view)) return
  const round = roundOf(core, view)
  if (!round.proposal) {
    round.proposal = { ...proposal, parentCertificate: undefined, nullifications: [] }
    addBlock(turn, block)
  } else if (round.proposal.block.digest !== block.digest) accuseLeader(turn, round, leader, round.proposal, proposal)
}

/** Rule 6c: only what was asked for. */
function takeBlock(turn: Turn, block: Block): void {
  if (!turn.core.fetching.has(block.digest)) return
  addBlock(turn, block)
  checkOutcomes(turn, block.digest)
}

function takeOutcome(turn: Turn, digest: Digest, result: { outcome: Digest } | { failure: string }): void {
  const node = turn.core.blocks.get(digest)
  if (node?.execution !== 'running') return
  node.execution = 'outcome' in result ? 'done' : 'failed'
  if ('outcome' in result) node.outcome = result.outcome
  else node.failure = result.failure
  checkOutcomes(turn, digest)
}

/** Rule 3. */
function voteOnProposal(turn: Turn): boolean {
  const { core } = turn
  core.heldUntil = undefined
  const round = core.rounds.get(core.view)
  if (!round?.proposal || round.refused || round.own.notarize || !maySign(core, core.view)) return false
  const { block } = round.proposal
  const node = core.blocks.get(block.digest)
  if (node?.execution === 'running') return false
  const judgement = judge(turn, block)
  if (judgement.verdict === 'refuse') {
    round.refused = judgement.reason
    report(turn, { type: 'rejected', view: round.view, reason: judgement.reason })
    return true
  }
  if (judgement.verdict === 'hold') core.heldUntil = judgement.until
  if (judgement.verdict === 'hold' || !node) return false
  execute(turn, node)
  if (node.outcome === undefined) return false
  if (!node.journaled) journal(turn, { type: 'block', block }, true)
  node.journaled = true
  cast(turn, { kind: 'notarize', view: round.view, digest: block.digest, outcome: node.outcome })
  return true
}

/** Rules 5 and 5a: casts Nullify for the current view where there is reason to. */
function giveUpOnView(turn: Turn): boolean {
  const { core } = turn
  const { view } = core
  const round = core.rounds.get(view)
  if (!maySign(core, view) || round?.own.nullify || round?.own.finalize) return false
  const leader = leaderAt(core, view)
  if (isLeaderSilent(core, leader)) report(turn, { type: 'skipped', view, leader })
  else if (core.elapsed >= viewDeadline(core)) {
    report(turn, { type: 'timedOut', view, leader, silent: silentIn(core, round) })
  } else if (!round?.refused && votersOf(round, 'nullify').length <= core.faults) return false
  core.repeat = nextRepeat(core)
  cast(turn, { kind: 'nullify', view, digest: zeroDigest, outcome: zeroDigest })
  return true
}

/** Rule 7b: the shell brought the tip forward on its own. */
function advance(turn: Turn, tip: FinalBlock, certificate: Certificate): void {
  const { core } = turn
  if (tip.block.header.height <= core.final.block.header.height) return
  stopIfOutcomeDiffers(turn, tip.block.digest, tip.outcome)
  moveTip(turn, tip, certificate)
  enter(turn, certificate.view + 1, 'final')
}
