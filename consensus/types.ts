// The boundary of the consensus core: what comes in, what goes out, what is kept. Everything is data; a shell (the validator's loop
// or the simulator) verifies signatures before an input and performs the effects after a step, in their order.
import type { Ballot, Block, Certificate, Proposal, Vote } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'

/** Times in milliseconds. All three stand in genesis: nodes must agree on them. */
export interface Timing {
  /** How long a view may take once there is work. */
  readonly timeoutMs: number
  /** How often a leader without work proposes an empty block. */
  readonly idleMs: number
  /** How far a block's time may be ahead of a voter's clock. */
  readonly driftMs: number
}

/** Makes this validator's signatures; a pure function of its arguments (Ed25519 is deterministic). */
export interface Signer {
  vote(ballot: Ballot): Vote
  proposal(block: Block): Uint8Array
}

/** A final block with what proves and what followed from it. */
export interface FinalBlock {
  readonly block: Block
  readonly outcome: Digest
}

export interface CoreConfig {
  readonly network: Digest
  /** Number of validators, n. */
  readonly validators: number
  /** This validator's index in genesis. */
  readonly self: number
  readonly timing: Timing
  readonly signer: Signer
  /** Height 0: final by definition. */
  readonly genesis: FinalBlock
}

/** Messages on the validators' direct streams that the core itself sends and understands. */
export type Message =
  | { readonly type: 'proposal'; readonly proposal: Proposal }
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }

/** All signed votes (and the proposal) of one validator in one view: what others hold of a key that starts anew. */
export interface HeldVotes {
  readonly view: number
  readonly votes: readonly Vote[]
  readonly proposal: Proposal | undefined
}

/**
 * What comes in. `now` is the local clock at the step, in milliseconds since 1970.
 * Proposals, votes, certificates and held votes are verified (signatures, signers, network) before they come in.
 */
export type Input =
  /** First input after creation or restart. */
  | { readonly type: 'start' }
  /** The armed timer ran out. */
  | { readonly type: 'timer' }
  | { readonly type: 'proposal'; readonly from: number; readonly proposal: Proposal }
  | { readonly type: 'vote'; readonly vote: Vote }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  /** A fetched block (its digest is right; nothing else is known of it). */
  | { readonly type: 'block'; readonly block: Block }
  /** Well-formed records held here whose predecessors are held or decided: work, until they are final. */
  | { readonly type: 'work'; readonly records: readonly Digest[] }
  /** Records that can no longer be decided (their stream went another way), or that a catch-up found decided: work no more. */
  | { readonly type: 'dropped'; readonly records: readonly Digest[] }
  /** Answer to `build`. */
  | { readonly type: 'built'; readonly view: number; readonly parent: Digest; readonly records: readonly Digest[] }
  /** Answer to `execute`: the outcome, or why the block can never be valid. Nothing comes while something is missing. */
  | { readonly type: 'executed'; readonly digest: Digest; readonly outcome: Digest }
  | { readonly type: 'unexecutable'; readonly digest: Digest; readonly reason: string }
  /** A direct stream to a validator came up (again): it may have missed anything sent before. */
  | { readonly type: 'linkUp'; readonly peer: number }
  /** Answer of one validator to `askHeldVotes`; undefined where it holds none. */
  | { readonly type: 'heldVotes'; readonly from: number; readonly held: HeldVotes | undefined }
  /** The shell fetched, verified, executed and stored final blocks up to this one on its own (answer to `catchUp`). */
  | { readonly type: 'advanced'; readonly tip: FinalBlock; readonly certificate: Certificate }

/** What must be on disk before any later effect is performed. */
export type JournalEntry =
  /** An own vote: never signed again, re-sent as stored. */
  | { readonly type: 'ownVote'; readonly vote: Vote }
  | { readonly type: 'ownProposal'; readonly proposal: Proposal }
  /** A block that this node votes for; the shell adds the bytes of its records to the same write. */
  | { readonly type: 'block'; readonly block: Block }
  | { readonly type: 'certificate'; readonly certificate: Certificate }
  /** Newest votes of another validator: written with the next batch, never urgent. */
  | { readonly type: 'newestVotes'; readonly validator: number; readonly held: HeldVotes }
  /** From which view on this node may sign (set when an operator lets a wiped or old store rejoin). */
  | { readonly type: 'signFrom'; readonly view: number }
  /** Others hold a vote of this view that the journal lacks: no signing until an operator lets the node rejoin. */
  | { readonly type: 'mute'; readonly view: number }

/** What a shell reads from its store when it starts: the state, and the journal above it in the order of writing. */
export interface Restored {
  readonly tip: FinalBlock
  /** Finalizes the tip; absent only where the tip is the genesis block. */
  readonly certificate: Certificate | undefined
  readonly journal: readonly JournalEntry[]
  /** An operator lets a store that lost votes sign again. */
  readonly rejoin: boolean
}

/** A proof that a validator signed two things of which it may sign only one (rule 7's note). */
export type Evidence =
  | { readonly type: 'votes'; readonly validator: number; readonly first: Vote; readonly second: Vote }
  | { readonly type: 'proposals'; readonly validator: number; readonly first: Proposal; readonly second: Proposal }

/** What goes out, in this order. A shell finishes each `persist` before any later effect. */
export type Effect =
  | { readonly type: 'persist'; readonly entries: readonly JournalEntry[]; readonly urgent: boolean }
  | { readonly type: 'send'; readonly to: number; readonly message: Message }
  | { readonly type: 'broadcast'; readonly message: Message }
  /** Re-arms the one timer to this time; undefined disarms it. */
  | { readonly type: 'timer'; readonly at: number | undefined }
  /** Choose records for an own proposal on top of `parent` (a notarized or final block). Answer: `built`. */
  | { readonly type: 'build'; readonly view: number; readonly parent: Digest }
  /** Execute on the parent's state (executed before, or final). Answer: `executed` or `unexecutable`, once. */
  | { readonly type: 'execute'; readonly block: Block }
  /** Ask any peer for a block by digest; repeat with other peers until `block` comes or it is no longer wanted. */
  | { readonly type: 'fetchBlock'; readonly digest: Digest }
  /** Ask any peer for a nullification or notarization of a view. Answer: `certificate`. */
  | { readonly type: 'fetchCertificate'; readonly view: number }
  /** This node is behind: fetch final blocks up to (at least) the one this certificate finalizes. Answer: `advanced`. */
  | { readonly type: 'catchUp'; readonly certificate: Certificate }
  /** These blocks are final, parents first; the certificate finalizes the last. Store state and answer the clients. */
  | { readonly type: 'commit'; readonly blocks: readonly FinalBlock[]; readonly certificate: Certificate }
  /** Blocks that lost and will never be final: their overlays may go. */
  | { readonly type: 'abandon'; readonly digests: readonly Digest[] }
  /** Ask all validators for the votes they hold of this node's key. Answers: `heldVotes`. Repeat until enough answered. */
  | { readonly type: 'askHeldVotes' }
  | { readonly type: 'evidence'; readonly evidence: Evidence }
  | { readonly type: 'report'; readonly event: CoreEvent }

/** For logs, metrics and status; nothing depends on them. */
export type CoreEvent =
  | {
      readonly type: 'entered'
      readonly view: number
      readonly leader: number
      readonly by: 'notarize' | 'nullify' | 'start' | 'final'
    }
  | { readonly type: 'timedOut'; readonly view: number; readonly leader: number; readonly silent: readonly number[] }
  | { readonly type: 'skipped'; readonly view: number; readonly leader: number }
  | { readonly type: 'nullified'; readonly view: number }
  | { readonly type: 'notarized'; readonly view: number; readonly digest: Digest }
  | { readonly type: 'rejected'; readonly view: number; readonly reason: string }
  /** May sign now: enough validators told what they hold of this key. */
  | { readonly type: 'maySign'; readonly fromView: number }
  /** The journal lacks votes that others hold of this key: follows without signing. */
  | { readonly type: 'mute'; readonly view: number }
  /** The own outcome differs from the certified one: votes no more. */
  | { readonly type: 'outcomeDiffers'; readonly digest: Digest; readonly own: Digest; readonly certified: Digest }
  /** A finalization contradicts the own final chain: more than f validators lie. Votes no more. */
  | { readonly type: 'split'; readonly certificate: Certificate }
