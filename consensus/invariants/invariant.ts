// What checkers see of a simulated network, and what a checker is. They look at what happened, never into a core.
import type { Proposal, Vote } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { CoreEvent, FinalBlock } from '../types.ts'

/** Something that an honest node did or that was done to it. */
export type Observed =
  | { readonly type: 'votes'; readonly vote: Vote }
  | { readonly type: 'proposes'; readonly proposal: Proposal }
  /** Final for this node, with the outcome that its own application came to. */
  | { readonly type: 'finalizes'; readonly final: FinalBlock; readonly own: Digest | undefined }
  | { readonly type: 'reports'; readonly event: CoreEvent }
  /** It holds evidence against a validator. */
  | { readonly type: 'accuses'; readonly validator: number }
  | { readonly type: 'crashes' | 'restarts' }
  /** Its store was replaced by an old copy or an empty one. */
  | { readonly type: 'forgets' }

/** What was observed, of whom and when: `at` is virtual time in milliseconds. */
export type Observation = { readonly at: number; readonly node: number } & Observed

/** A rule that was broken. */
export interface Violation {
  readonly invariant: string
  readonly at: number
  readonly text: string
}

/** Watches a schedule. Each call returns what is wrong with this observation, if anything. */
export interface Invariant {
  readonly name: string
  observe(observation: Observation): string | undefined
}
