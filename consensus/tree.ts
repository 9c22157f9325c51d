// The tree of blocks above the final tip: what is fetched, executed, committed (rule 7) and dropped.
import type { Block, Certificate } from '../proto/chain.ts'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { type BlockNode, bounds, broadcast, type Core, report, type Turn } from './state.ts'
import { forgetFinalViews } from './tally.ts'
import type { FinalBlock } from './types.ts'

/** Adds a block above the tip; a block that was waited for becomes needed, and its ancestors with it. */
export function addBlock(turn: Turn, block: Block): void {
  const { core } = turn
  const isWanted = core.fetching.delete(block.digest) || core.certified.has(block.digest)
  if (core.blocks.has(block.digest) || !canBecomeFinal(core, block)) return
  core.blocks.set(block.digest, {
    block,
    needed: false,
    execution: 'none',
    outcome: undefined,
    failure: undefined,
    journaled: false,
  })
  core.revision++
  if (isWanted) needBlock(turn, block.digest)
}

/** Rule 6c: a certified block and its ancestors down to the tip are executed; those not here are fetched. */
export function needBlock(turn: Turn, digest: Digest): void {
  const { core } = turn
  let next = digest
  while (next !== core.final.block.digest) {
    const node = core.blocks.get(next)
    if (!node) {
      // A finalized block comes with the catch-up (rule 7b).
      if (core.fetching.has(next) || core.certified.get(next)?.kind === 'finalize') return
      core.fetching.add(next)
      turn.effects.push({ type: 'fetchBlock', digest: next })
      return
    }
    if (node.needed) return
    node.needed = true
    if (node.block.header.height <= core.final.block.header.height + 1) return
    next = node.block.header.parent
  }
}

/** The block and its ancestors above the tip, parents first; `complete` where they reach the tip. */
export function chainTo(core: Core, digest: Digest): { nodes: BlockNode[]; complete: boolean } {
  const nodes: BlockNode[] = []
  let next = digest
  while (next !== core.final.block.digest) {
    const node = core.blocks.get(next)
    if (!node) return { nodes: nodes.reverse(), complete: false }
    nodes.push(node)
    next = node.block.header.parent
  }
  return { nodes: nodes.reverse(), complete: true }
}

/** The outcome on which a child of this block must build, once this node has executed it to the same; else undefined. */
export function settledOutcome(core: Core, digest: Digest): Digest | undefined {
  if (digest === core.final.block.digest) return core.final.outcome
  const node = core.blocks.get(digest)
  const certified = core.certified.get(digest)?.outcome
  return node?.execution === 'done' && node.outcome === certified ? certified : undefined
}

/** The own outcome of a parent as its child's header names it: true once they agree. */
function isParentReady(core: Core, block: Block): boolean {
  const { parent, parentOutcome } = block.header
  if (parent === core.final.block.digest) return parentOutcome === core.final.outcome
  const node = core.blocks.get(parent)
  return node?.execution === 'done' && node.outcome === parentOutcome
}

/** Emits the execution of a block whose parent's state is there. */
export function execute(turn: Turn, node: BlockNode): void {
  if (node.execution !== 'none' || !isParentReady(turn.core, node.block)) return
  node.execution = 'running'
  turn.effects.push({ type: 'execute', block: node.block })
}

/** Executes every needed block that can be. */
export function executeNeeded(turn: Turn): void {
  if (turn.core.signing === 'stopped') return
  for (const node of turn.core.blocks.values()) if (node.needed) execute(turn, node)
}

/** Rule 4c: the own outcome of a block is not the certified one. Nothing is signed or committed any more. */
export function stopIfOutcomeDiffers(turn: Turn, digest: Digest, certified: Digest): boolean {
  const { core } = turn
  const node = core.blocks.get(digest)
  if (node?.execution !== 'done' && node?.execution !== 'failed') return false
  const own = node.outcome ?? zeroDigest
  if (own === certified) return false
  if (core.signing !== 'stopped') {
    core.signing = 'stopped'
    report(turn, { type: 'outcomeDiffers', digest, own, certified })
  }
  return true
}

/** Checks a block and its parent against what is certified of them, now that one of both is news. */
export function checkOutcomes(turn: Turn, digest: Digest): void {
  const { core } = turn
  const certificate = core.certified.get(digest)
  if (certificate) stopIfOutcomeDiffers(turn, digest, certificate.outcome)
  for (const { needed, block } of core.blocks.values()) {
    // A certified child vouches for the outcome that its header names.
    if (needed && block.header.parent === digest) stopIfOutcomeDiffers(turn, digest, block.header.parentOutcome)
  }
  const node = core.blocks.get(digest)
  if (node?.needed) stopIfOutcomeDiffers(turn, node.block.header.parent, node.block.header.parentOutcome)
}

/** Rule 7: commits the newest finalization whose chain is here and executed to the certified outcomes. */
export function commitFinal(turn: Turn): boolean {
  const { core } = turn
  const finalizations = [...core.certified.values()].filter(({ kind }) => kind === 'finalize')
  finalizations.sort((a, b) => b.view - a.view)
  for (const certificate of finalizations) {
    if (core.signing === 'stopped') return false
    const { nodes, complete } = chainTo(core, certificate.digest)
    if (complete) {
      const blocks = finalBlocks(turn, nodes, certificate)
      if (blocks) {
        commit(turn, blocks, certificate)
        return true
      }
    } else if (certificate.view > core.catchUpView) {
      core.catchUpView = certificate.view
      // Those who could serve the block may not know yet that it is final.
      broadcast(turn, { type: 'certificate', certificate })
      turn.effects.push({ type: 'catchUp', certificate })
    }
  }
  return false
}

/** The blocks with their certified outcomes (each named by its child), once all own outcomes are there and the same. */
function finalBlocks(turn: Turn, nodes: readonly BlockNode[], certificate: Certificate): FinalBlock[] | undefined {
  const blocks: FinalBlock[] = []
  for (const [index, { block, execution }] of nodes.entries()) {
    const outcome = nodes[index + 1]?.block.header.parentOutcome ?? certificate.outcome
    if (stopIfOutcomeDiffers(turn, block.digest, outcome) || execution !== 'done') return undefined
    blocks.push({ block, outcome })
  }
  return blocks
}

function commit(turn: Turn, blocks: readonly FinalBlock[], certificate: Certificate): void {
  const { core } = turn
  const last = blocks.at(-1)
  if (!last) return
  turn.effects.push({ type: 'commit', blocks, certificate })
  for (const { block } of blocks) {
    core.blocks.delete(block.digest)
    forgetRecords(core, block.records)
  }
  moveTip(turn, last, certificate)
}

function forgetRecords(core: Core, records: readonly Digest[]): void {
  for (const record of records) {
    core.pending.delete(record)
    core.recentlyFinal.add(record)
  }
  for (const record of core.recentlyFinal) {
    if (core.recentlyFinal.size <= bounds.recentRecords) break
    core.recentlyFinal.delete(record)
  }
}

/** Makes a block the tip and drops what it decides: older views, and blocks that do not descend from it. */
export function moveTip(turn: Turn, tip: FinalBlock, certificate: Certificate): void {
  const { core } = turn
  core.final = { ...tip, certificate }
  core.revision++
  forgetFinalViews(core)
  const lost = new Set<Digest>()
  const byHeight = [...core.blocks.values()].sort((a, b) => a.block.header.height - b.block.header.height)
  for (const { block } of byHeight) {
    if (canBecomeFinal(core, block) && !lost.has(block.header.parent)) continue
    core.blocks.delete(block.digest)
    if (block.digest !== tip.block.digest) lost.add(block.digest)
  }
  if (lost.size > 0) turn.effects.push({ type: 'abandon', digests: [...lost] })
  const wanted = new Set<Digest>(core.certified.keys())
  for (const { needed, block } of core.blocks.values()) if (needed) wanted.add(block.header.parent)
  for (const digest of core.fetching) if (!wanted.has(digest)) core.fetching.delete(digest)
}

/** False for a block that stands beside or below the tip. Ancestors that are not here yet are given the benefit of the doubt. */
function canBecomeFinal(core: Core, { header }: Block): boolean {
  const tip = core.final.block
  return header.parent === tip.digest || header.height > tip.header.height + 1
}

/** Drops votes, proposals and their blocks that fell out of the window. Certificates and own votes of undecided views stay. */
export function forgetOldRounds({ core, effects }: Turn): void {
  for (const round of core.rounds.values()) {
    if (round.view >= core.view - bounds.voteWindow) continue
    round.votes.clear()
    const digest = round.proposal?.block.digest
    round.proposal = undefined
    if (digest === undefined || core.blocks.get(digest)?.needed !== false) continue
    core.blocks.delete(digest)
    core.revision++
    effects.push({ type: 'abandon', digests: [digest] })
  }
}
