// Rules 2 and 3: which parent a leader extends, and whether a leader's block may be voted for.
import { type Block, type Certificate, createBlock, type Proposal } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import {
  bounds,
  broadcast,
  type Core,
  type FinalTip,
  fetchCertificate,
  finalView,
  journal,
  leaderAt,
  maySign,
  roundOf,
  type Turn,
} from './state.ts'
import { addBlock, chainTo, settledOutcome } from './tree.ts'
import { idleProposalAt } from './work.ts'

/** A parent with the proof that a child may extend it. */
interface Extension {
  readonly parent: Block
  readonly outcome: Digest
  readonly certificate: Certificate | undefined
  /** One for each view after the parent's, ascending. */
  readonly nullifications: readonly Certificate[]
}

/** Rule 2, first half: the shell chooses records for the parent. */
export function askToBuild(turn: Turn): void {
  const { core } = turn
  const own = core.rounds.get(core.view)?.own
  if (leaderAt(core, core.view) !== core.config.self || !maySign(core, core.view)) return
  if (core.building !== undefined || own?.proposal || own?.nullify) return
  if (core.workSince === undefined && core.elapsed < idleProposalAt(core)) return
  const extension = findExtension(turn)
  if (!extension) return
  core.building = extension.parent.digest
  turn.effects.push({ type: 'build', view: core.view, parent: core.building })
}

/** Rule 2, second half. A choice for a parent that has been overtaken is dropped, and asked for anew. */
export function propose(turn: Turn, view: number, parent: Digest, records: readonly Digest[]): void {
  const { core } = turn
  if (view !== core.view || parent !== core.building) return
  core.building = undefined
  const round = roundOf(core, view)
  if (round.own.proposal || round.own.nullify || !maySign(core, view)) return
  const extension = findExtension(turn)
  if (extension?.parent.digest !== parent) return
  const proposal = createProposal(turn, extension, records)
  round.own.proposal = proposal
  round.proposal = proposal
  addBlock(turn, proposal.block)
  const node = core.blocks.get(proposal.block.digest)
  if (node) node.journaled = true
  journal(turn, { type: 'block', block: proposal.block }, true)
  journal(turn, { type: 'ownProposal', proposal }, true)
  broadcast(turn, { type: 'proposal', proposal })
}

/**
 * Rule 2a: the newest notarized block that is here, executed to the certified outcome, and followed by nullified views only. Undefined
 * while a certificate or the block is missing; what is missing is asked for.
 */
function findExtension(turn: Turn): Extension | undefined {
  const { core } = turn
  const nullifications: Certificate[] = []
  for (let view = core.view - 1; view > finalView(core); view--) {
    const round = core.rounds.get(view)
    const certificate = round?.finalization ?? round?.notarization
    const node = certificate && core.blocks.get(certificate.digest)
    if (certificate && node && settledOutcome(core, certificate.digest) === certificate.outcome) {
      return { parent: node.block, outcome: certificate.outcome, certificate, nullifications: nullifications.reverse() }
    }
    if (!round?.nullification) {
      if (!certificate) fetchCertificate(turn, view)
      return undefined
    }
    nullifications.push(round.nullification)
  }
  const { block, outcome, certificate }: FinalTip = core.final
  return { parent: block, outcome, certificate, nullifications: nullifications.reverse() }
}

/** Rule 2b: the block of the current view on that parent. Its time grows, and follows this leader's clock. */
function createProposal(turn: Turn, extension: Extension, records: readonly Digest[]): Proposal {
  const { core, now } = turn
  const { parent, outcome, certificate, nullifications } = extension
  const taken = new Set(chainTo(core, parent.digest).nodes.flatMap(({ block }) => block.records))
  const fresh = [...new Set(records)].filter(record => !taken.has(record)).slice(0, limits.proposalRecords)
  const header = {
    network: core.config.network,
    height: parent.header.height + 1,
    view: core.view,
    parent: parent.digest,
    parentOutcome: outcome,
    time: Math.max(parent.header.time + 1, now),
  }
  const block = createBlock(header, fresh)
  return {
    block,
    signature: core.config.signer.proposal(block),
    parentCertificate: certificate,
    // Voters hold older ones, or fetch them: a proposal stays within its limit however long a network was nullifying.
    nullifications: nullifications.slice(-limits.proposalGap),
  }
}

/** What is to be done with a proposal of the current view. */
export type Judgement =
  /** Something is missing and has been asked for, or its time has not come. */
  | { readonly verdict: 'hold'; readonly until?: number }
  /** It can never be valid. */
  | { readonly verdict: 'refuse'; readonly reason: string }
  /** Nothing stands against it but its execution. */
  | { readonly verdict: 'accept' }

const hold: Judgement = { verdict: 'hold' }
const refuse = (reason: string): Judgement => ({ verdict: 'refuse', reason })

/**
 * Rule 3: judges the block alone, which the leader signed. The certificates sent with it were counted like any others: attached or
 * held before makes no difference, and a proposal that somebody stripped of them is held, not refused.
 */
export function judge(turn: Turn, { digest, header, records }: Block): Judgement {
  const { core, now } = turn
  const parentView = viewOfParent(core, header.parent)
  if (parentView === undefined) return askForParent(turn, header.parent)
  if (header.parentOutcome !== certifiedOutcome(core, header.parent)) return refuse('not the certified parent outcome')
  if (!areGapsNullified(turn, parentView, header.view)) return hold
  const parent = header.parent === core.final.block.digest ? core.final.block : core.blocks.get(header.parent)?.block
  if (!parent) return hold
  if (header.network !== core.config.network) return refuse('of another network')
  if (header.height !== parent.header.height + 1) return refuse('its height does not follow its parent')
  if (header.time <= parent.header.time) return refuse('its time is not after its parent')
  const ancestry = chainTo(core, header.parent)
  if (!ancestry.complete) return hold
  const taken = new Set(ancestry.nodes.flatMap(({ block }) => block.records))
  for (const record of records) {
    if (taken.has(record)) return refuse('it repeats a record')
    taken.add(record)
  }
  const failure = core.blocks.get(digest)?.failure
  if (failure !== undefined) return refuse(failure)
  const { driftMs } = core.config.timing
  if (header.time > now + driftMs) return { verdict: 'hold', until: header.time - driftMs }
  return { verdict: 'accept' }
}

/** View of a parent that is the tip or certified, hence not older than the tip and older than the current view; else undefined. */
function viewOfParent(core: Core, parent: Digest): number | undefined {
  return parent === core.final.block.digest ? finalView(core) : core.certified.get(parent)?.view
}

function certifiedOutcome(core: Core, parent: Digest): Digest | undefined {
  return parent === core.final.block.digest ? core.final.outcome : core.certified.get(parent)?.outcome
}

function askForParent(turn: Turn, parent: Digest): Judgement {
  const known = turn.core.blocks.get(parent)
  if (known) fetchCertificate(turn, known.block.header.view)
  return hold
}

/** True where every view between parent and child is known to be nullified; missing nullifications are asked for, some at a time. */
function areGapsNullified(turn: Turn, parentView: number, childView: number): boolean {
  let missing = 0
  for (let view = parentView + 1; view < childView && missing < bounds.gapFetches; view++) {
    if (turn.core.rounds.get(view)?.nullification) continue
    fetchCertificate(turn, view)
    missing++
  }
  return missing === 0
}
