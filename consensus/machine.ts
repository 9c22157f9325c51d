// What takes part in the vote: the core, or in tests of the network an adversary around one or several cores. Whoever runs it, a
// validator or the simulator, asks nothing else of it.
import type { Block, Certificate } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import { certificatesFor, heldVotesOf, isBlockMissing, isWanted } from './queries.ts'
import { type Core, createCore, step } from './simplex.ts'
import type { CoreConfig, Effect, FinalBlock, HeldVotes, Input, Message, Restored } from './types.ts'

/** What one node may ask another. */
export type Ask =
  | { readonly type: 'block'; readonly digest: Digest }
  | { readonly type: 'certificate'; readonly view: number }
  | { readonly type: 'heldVotes' }
  | { readonly type: 'records'; readonly digests: readonly Digest[] }
  /** Final blocks from this height on. */
  | { readonly type: 'chain'; readonly from: number }

export type Answer =
  | { readonly type: 'block'; readonly block: Block | undefined }
  | { readonly type: 'certificate'; readonly certificates: readonly Certificate[] }
  | { readonly type: 'heldVotes'; readonly held: HeldVotes | undefined }
  | { readonly type: 'records'; readonly records: readonly Uint8Array[] }
  | {
      readonly type: 'chain'
      readonly blocks: readonly FinalBlock[]
      /** Finalizes the last block. */
      readonly certificate: Certificate | undefined
      readonly records: readonly Uint8Array[]
    }

export interface Machine {
  /** `origin` is the peer from whose stream the input came, if from any: honest cores do not ask. */
  step(input: Input, now: number, origin: number | undefined): readonly Effect[]
  /** False where a message would change nothing. */
  isWanted(message: Message): boolean
  heldVotes(validator: number): HeldVotes | undefined
  certificates(view: number): readonly Certificate[]
  /** True while this block is waited for. */
  wantsBlock(digest: Digest): boolean
  view(): number
  finalView(): number
  signing(): Core['signing']
  /** A chance for adversaries to lie when asked; honest machines leave it out. */
  answer?(ask: Ask, honest: Answer, from: number): Answer
}

/** A core as it is. */
export const machineOf = (core: Core): Machine => ({
  step: (input, now) => step(core, input, now),
  isWanted: message => isWanted(core, message),
  heldVotes: validator => heldVotesOf(core, validator),
  certificates: view => certificatesFor(core, view),
  wantsBlock: digest => isBlockMissing(core, digest),
  view: () => core.view,
  finalView: () => core.final.block.header.view,
  signing: () => core.signing,
})

/** A new core. */
export const createMachine = (config: CoreConfig, restored: Restored): Machine =>
  machineOf(createCore(config, restored))
