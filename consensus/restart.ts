// Rule 8: what a core takes over from its journal, when it may sign after a start, and what it sends again.
import type { Block, Certificate, Proposal, Vote } from '../proto/chain.ts'
import {
  bounds,
  type Core,
  entryCertificates,
  finalView,
  journal,
  noVotes,
  type OwnRecord,
  report,
  roundOf,
  sameBallot,
  sizesOf,
  type Turn,
} from './state.ts'
import { storeCertificate } from './tally.ts'
import type { CoreConfig, HeldVotes, JournalEntry, Message, Restored } from './types.ts'
import { nextRepeat } from './work.ts'

/** A core as it stood when the journal was written. It signs nothing before its `start` and what follows from it (rule 8). */
export function createCore(config: CoreConfig, restored: Restored): Core {
  const { tip, certificate, rejoin } = restored
  const tipView = tip.block.header.view
  const core: Core = {
    config,
    ...sizesOf(config.validators),
    final: { ...tip, certificate },
    view: tipView + 1,
    witnessedFrom: tipView + 1,
    rounds: new Map(),
    blocks: new Map(),
    certified: new Map(),
    fetching: new Set(),
    askedAt: new Map(),
    catchUpView: 0,
    newest: new Map(),
    unsaved: new Set(),
    heard: new Map(),
    assistedAt: new Map(),
    signing: 'asking',
    signFrom: 0,
    muteView: undefined,
    rejoin,
    answered: new Set(),
    ownAtStart: ownRecordOf(restored),
    pending: new Set(),
    recentlyFinal: new Set(),
    revision: 0,
    outside: undefined,
    elapsed: 0,
    lastNow: undefined,
    enteredAt: 0,
    workSince: undefined,
    repeat: undefined,
    building: undefined,
    heldUntil: undefined,
    armedAt: undefined,
  }
  for (const entry of restored.journal) restoreEntry(core, entry)
  core.witnessedFrom = core.view
  return core
}

/** A copy that goes its own way: for a twin, or for a search over schedules. */
export function cloneCore(core: Core): Core {
  const { config, ...state } = core
  return { config, ...structuredClone(state) }
}

/** Rule 8f: which journal entries a shell must keep once a tip is stored; the others may be pruned. */
export function journalKeep(tip: Block): (entry: JournalEntry) => boolean {
  const { view, height } = tip.header
  return entry => {
    switch (entry.type) {
      // Of the tip's own view too: others may hold these as this node's newest, and ask whether it knows them.
      case 'ownVote':
        return entry.vote.view >= view
      case 'ownProposal':
        return entry.proposal.block.header.view >= view
      case 'block':
        return entry.block.header.height > height
      case 'certificate':
        return entry.certificate.view > view
      case 'newestVotes':
      case 'signFrom':
      case 'mute':
        return true
    }
  }
}

function ownRecordOf({ tip, journal: entries }: Restored): OwnRecord {
  const ballots = entries.flatMap(entry => (entry.type === 'ownVote' ? [entry.vote] : []))
  const proposals = entries.flatMap(entry => (entry.type === 'ownProposal' ? [entry.proposal.block.digest] : []))
  return { decidedView: tip.block.header.view, ballots, proposals }
}

/** Views at or below the tip are decided, whatever the journal says of them: the store's state may be ahead of the journal. */
function restoreEntry(core: Core, entry: JournalEntry): void {
  switch (entry.type) {
    case 'ownVote':
      restoreOwnVote(core, entry.vote)
      break
    case 'ownProposal':
      restoreOwnProposal(core, entry.proposal)
      break
    case 'block':
      restoreBlock(core, entry.block)
      break
    case 'certificate':
      restoreCertificate(core, entry.certificate)
      break
    case 'newestVotes':
      core.newest.set(entry.validator, entry.held)
      break
    case 'signFrom':
      core.signFrom = Math.max(core.signFrom, entry.view)
      break
    case 'mute':
      core.muteView = Math.max(core.muteView ?? 0, entry.view)
  }
}

function restoreOwnVote(core: Core, vote: Vote): void {
  if (vote.view <= finalView(core)) return
  const round = roundOf(core, vote.view)
  round.own[vote.kind] = vote
  const counted = round.votes.get(vote.signer) ?? noVotes()
  round.votes.set(vote.signer, { ...counted, [vote.kind]: vote })
  // A Finalize is sent on leaving its view.
  core.view = Math.max(core.view, vote.kind === 'finalize' ? vote.view + 1 : vote.view)
}

function restoreOwnProposal(core: Core, proposal: Proposal): void {
  const { view } = proposal.block.header
  if (view <= finalView(core)) return
  const round = roundOf(core, view)
  round.own.proposal = proposal
  round.proposal = proposal
  restoreBlock(core, proposal.block)
  core.view = Math.max(core.view, view)
}

function restoreBlock(core: Core, block: Block): void {
  if (block.header.height <= core.final.block.header.height || core.blocks.has(block.digest)) return
  core.blocks.set(block.digest, {
    block,
    needed: false,
    execution: 'none',
    outcome: undefined,
    failure: undefined,
    journaled: true,
  })
}

function restoreCertificate(core: Core, certificate: Certificate): void {
  if (certificate.view <= finalView(core)) return
  storeCertificate(core, certificate)
  core.view = Math.max(core.view, certificate.view + 1)
}

/** Rule 8a: asks for the votes held of the own key. A single validator has nobody to ask. */
export function askHeldVotes(turn: Turn): void {
  if (turn.core.config.validators > 1) turn.effects.push({ type: 'askHeldVotes' })
}

/** Rule 8c: muteness outlasts a restart. */
export function stayMute(turn: Turn): void {
  const { core } = turn
  if (core.muteView === undefined || core.muteView < core.signFrom) return
  core.signing = 'mute'
  report(turn, { type: 'mute', view: core.muteView })
}

/** Rule 8b and 8c: an answer counts, and what it holds beyond the journal makes this node mute. */
export function takeHeldVotes(turn: Turn, from: number, held: HeldVotes | undefined): void {
  const { core } = turn
  if (from !== core.config.self) core.answered.add(from)
  if (!held || !isUnknownToJournal(core, held) || held.view <= (core.muteView ?? 0)) return
  core.muteView = held.view
  if (core.signing !== 'stopped') core.signing = 'mute'
  journal(turn, { type: 'mute', view: held.view }, true)
  report(turn, { type: 'mute', view: held.view })
}

function isUnknownToJournal(core: Core, held: HeldVotes): boolean {
  const { decidedView, ballots, proposals } = core.ownAtStart
  if (held.view < Math.max(decidedView, core.signFrom)) return false
  // What was signed since the start is forgotten once its view is decided.
  if (core.signing === 'may' && held.view <= finalView(core)) return false
  const own = core.rounds.get(held.view)?.own
  const isKnown = (vote: Vote): boolean => {
    const since = own?.[vote.kind]
    return (since !== undefined && sameBallot(since, vote)) || ballots.some(ballot => sameBallot(ballot, vote))
  }
  const proposed = held.proposal?.block.digest
  const isProposalKnown =
    proposed === undefined || proposed === own?.proposal?.block.digest || proposals.includes(proposed)
  return !isProposalKnown || !held.votes.every(isKnown)
}

/** Rules 8b and 8d: true on becoming entitled to sign. */
export function mayStartSigning(turn: Turn): boolean {
  const { core } = turn
  if (core.signing === 'may' || core.signing === 'stopped' || core.answered.size < core.quorum - 1) return false
  if (core.signing === 'mute' && core.muteView !== undefined) {
    if (!core.rejoin || finalView(core) <= core.muteView) return false
    core.signFrom = finalView(core) + 1
    journal(turn, { type: 'signFrom', view: core.signFrom }, true)
  }
  core.signing = 'may'
  // Time spent on asking is nobody's timeout.
  core.enteredAt = core.elapsed
  core.workSince = undefined
  if (core.rounds.get(core.view)?.own.nullify) core.repeat = nextRepeat(core)
  report(turn, { type: 'maySign', fromView: Math.max(core.signFrom, finalView(core) + 1) })
  return true
}

/**
 * Rule 8e: what a peer may lack, bounded: the newest certificates, then the own proposal and votes of the current view and own Finalize
 * votes that are not decided yet.
 */
export function whatPeersMayLack(core: Core): Message[] {
  const certified = [...core.certified.values()].sort((a, b) => b.view - a.view)
  const newest = [certified.find(({ kind }) => kind === 'finalize'), certified[0]]
  const certificates = new Set([core.final.certificate, ...newest, ...entryCertificates(core, core.view)])
  const messages: Message[] = []
  for (const certificate of certificates) if (certificate) messages.push({ type: 'certificate', certificate })
  if (core.signing !== 'may') return messages
  const own = core.rounds.get(core.view)?.own
  if (own?.proposal) messages.push({ type: 'proposal', proposal: own.proposal })
  const undecided = [...core.rounds.values()].filter(round => round.own.finalize && round.view < core.view)
  undecided.sort((a, b) => b.view - a.view)
  const votes = undecided.slice(0, bounds.resentFinalizes).map(round => round.own.finalize)
  for (const vote of [...votes, own?.notarize, own?.nullify]) if (vote) messages.push({ type: 'vote', vote })
  return messages
}
