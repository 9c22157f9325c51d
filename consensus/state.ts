// What the core remembers, and the turn in which one input is worked off. Plain data throughout, so that a core can be copied.
// Rules that change it stand in simplex.ts and the files it lists.
import {
  type Ballot,
  type Block,
  type Certificate,
  faultsBorne,
  leaderOf,
  type Proposal,
  quorumOf,
  type Vote,
} from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import type { CoreConfig, CoreEvent, Effect, HeldVotes, JournalEntry, Message } from './types.ts'

/** Bounds of what the core keeps and sends. */
export const bounds = {
  /** Views on either side of the current one of which votes and proposals are kept. */
  voteWindow: 128,
  /** Votes of one validator kept as its newest: one of each kind, and one more if it equivocates. */
  newestVotes: 4,
  /** Own undecided Finalize votes that are sent again, newest first. */
  resentFinalizes: 16,
  /** Missing nullifications that are asked for at once. */
  gapFetches: 16,
  /** The longest pause between two repeats of a Nullify, in view timeouts. */
  repeatTimeouts: 8,
  /** Records known to have become final lately: an announcement of one of them is no work. */
  recentRecords: 8192,
} as const

/** The votes of one validator in one view: the first of each kind. */
export interface Votes {
  notarize: Vote | undefined
  nullify: Vote | undefined
  finalize: Vote | undefined
}

/** All that is known of one view above the final one. */
export interface Round {
  readonly view: number
  /** The leader's first proposal, and why it can never be valid. */
  proposal: Proposal | undefined
  refused: string | undefined
  /** Votes counted, own ones included, by validator. */
  readonly votes: Map<number, Votes>
  notarization: Certificate | undefined
  nullification: Certificate | undefined
  finalization: Certificate | undefined
  /** When the notarization was first seen, on the core's clock. */
  notarizedAt: number | undefined
  /** What this node signed. Kept while the view is undecided: every promise is checked against it. */
  readonly own: Votes & { proposal: Proposal | undefined }
  /** Validators whose equivocation in this view was told. */
  readonly accused: Set<number>
}

/** A block above the final tip. */
export interface BlockNode {
  readonly block: Block
  /** Certified, or an ancestor of a certified block: executed in whatever view. */
  needed: boolean
  execution: 'none' | 'running' | 'done' | 'failed'
  /** The own outcome, once executed. */
  outcome: Digest | undefined
  /** Why it can never be executed. */
  failure: string | undefined
  /** The block stands in the journal. */
  journaled: boolean
}

/** The newest final block. The certificate is absent only for genesis. */
export interface FinalTip {
  readonly block: Block
  readonly outcome: Digest
  readonly certificate: Certificate | undefined
}

/**
 * Whether this node may sign (rules 8 and 4c): it still asks what others hold of its key, may, is mute because its journal lacks some
 * of that, or has stopped because its outcome or its final chain is not the certified one.
 */
export type Signing = 'asking' | 'may' | 'mute' | 'stopped'

/** Own signed content as the journal had it at the start. `decidedView`: nothing of an earlier view need stand in it. */
export interface OwnRecord {
  readonly decidedView: number
  readonly ballots: readonly Ballot[]
  readonly proposals: readonly Digest[]
}

export interface Core {
  readonly config: CoreConfig
  readonly quorum: number
  readonly faults: number
  final: FinalTip
  view: number
  /** First view of the unbroken run of views that this node has entered one after the other. */
  witnessedFrom: number
  readonly rounds: Map<number, Round>
  readonly blocks: Map<Digest, BlockNode>
  /** Notarization or finalization of each block above the tip that has one. */
  readonly certified: Map<Digest, Certificate>
  /** Blocks asked for and not here yet. */
  readonly fetching: Set<Digest>
  /** When each certificate was last asked for, by view. */
  readonly askedAt: Map<number, number>
  /** Highest view of a finalization for which a catch-up was asked. */
  catchUpView: number
  /** Newest votes of each other validator, and whose are not written yet. */
  readonly newest: Map<number, HeldVotes>
  readonly unsaved: Set<number>
  /** Newest view, not beyond the current one, in which each other validator was heard since the start. */
  readonly heard: Map<number, number>
  readonly assistedAt: Map<number, number>
  signing: Signing
  /** No vote in an earlier view (rule 8d). */
  signFrom: number
  /** Newest view in which others hold own votes that the journal lacks. */
  muteView: number | undefined
  readonly rejoin: boolean
  /** Validators that told what they hold of the own key, and what the journal held of it at the start. */
  readonly answered: Set<number>
  readonly ownAtStart: OwnRecord
  /** Well-formed records held here that are not final. */
  readonly pending: Set<Digest>
  readonly recentlyFinal: Set<Digest>
  /** Grows whenever the pending records or the tree change; `outside` is the answer for that revision. */
  revision: number
  outside: { readonly revision: number; readonly head: Digest; readonly found: boolean } | undefined
  /** Milliseconds since the start that never run backwards, and the local clock at the last step. */
  elapsed: number
  lastNow: number | undefined
  // Of the current view, times on the core's clock:
  enteredAt: number
  workSince: number | undefined
  repeat: { readonly at: number; readonly pauseMs: number } | undefined
  building: Digest | undefined
  /** Local time to which a proposal with a block time ahead of the clock is held. */
  heldUntil: number | undefined
  /** Local time for which the one timer is armed. */
  armedAt: number | undefined
}

/** One step: the core, the local clock, and what has come out so far. */
export interface Turn {
  readonly core: Core
  readonly now: number
  readonly entries: JournalEntry[]
  urgent: boolean
  readonly effects: Effect[]
}

export const noVotes = (): Votes => ({ notarize: undefined, nullify: undefined, finalize: undefined })

/** The round of a view above the final one, made when first touched. */
export function roundOf(core: Core, view: number): Round {
  const known = core.rounds.get(view)
  if (known) return known
  const round: Round = {
    view,
    proposal: undefined,
    refused: undefined,
    votes: new Map(),
    notarization: undefined,
    nullification: undefined,
    finalization: undefined,
    notarizedAt: undefined,
    own: { ...noVotes(), proposal: undefined },
    accused: new Set(),
  }
  core.rounds.set(view, round)
  return round
}

export const finalView = (core: Core): number => core.final.block.header.view

export const leaderAt = (core: Core, view: number): number => leaderOf(view, core.config.validators)

export const sizesOf = (validators: number): { quorum: number; faults: number } => ({
  quorum: quorumOf(validators),
  faults: faultsBorne(validators),
})

/** True where votes and proposals of the view are kept. */
export const isInWindow = (core: Core, view: number): boolean =>
  view > finalView(core) && Math.abs(view - core.view) <= bounds.voteWindow

/** True where this node may sign in the view at all. What it signed there already is checked vote by vote. */
export const maySign = (core: Core, view: number): boolean =>
  core.signing === 'may' && view >= core.signFrom && view > finalView(core)

/** True where two votes or certificates say the same. Signature bytes never identify anything. */
export const sameBallot = (a: Ballot, b: Ballot): boolean =>
  a.kind === b.kind && a.view === b.view && a.digest === b.digest && a.outcome === b.outcome

export function journal(turn: Turn, entry: JournalEntry, urgent: boolean): void {
  turn.entries.push(entry)
  if (urgent) turn.urgent = true
}

export const broadcast = (turn: Turn, message: Message): void => {
  turn.effects.push({ type: 'broadcast', message })
}

export const report = (turn: Turn, event: CoreEvent): void => {
  turn.effects.push({ type: 'report', event })
}

/** Asks for a certificate of the view, at most once per view timeout. */
export function fetchCertificate(turn: Turn, view: number): void {
  const { core } = turn
  const askedAt = core.askedAt.get(view)
  if (askedAt !== undefined && core.elapsed < askedAt + core.config.timing.timeoutMs) return
  core.askedAt.set(view, core.elapsed)
  turn.effects.push({ type: 'fetchCertificate', view })
}

/** The certificates by which a view can have been entered: of the view before, both where both exist. */
export function entryCertificates(core: Core, view: number): Certificate[] {
  const before = core.rounds.get(view - 1)
  if (before) return [before.finalization ?? before.notarization, before.nullification].filter(c => c !== undefined)
  return view - 1 === finalView(core) && core.final.certificate ? [core.final.certificate] : []
}
