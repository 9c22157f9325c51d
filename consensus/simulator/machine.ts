// What a simulated node runs: the core, or an adversary around one or several cores. The shell asks nothing else of it.
import type { Certificate } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import { certificatesFor, heldVotesOf, isWanted } from '../queries.ts'
import { type Core, createCore, step } from '../simplex.ts'
import type { CoreConfig, Effect, HeldVotes, Input, Message, Restored } from '../types.ts'
import type { Answer, Ask } from './network.ts'
import type { Random } from './random.ts'

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

/** The core as it is. */
export function createMachine(config: CoreConfig, restored: Restored): Machine {
  const core = createCore(config, restored)
  return {
    step: (input, now) => step(core, input, now),
    isWanted: message => isWanted(core, message),
    heldVotes: validator => heldVotesOf(core, validator),
    certificates: view => certificatesFor(core, view),
    wantsBlock: digest => core.fetching.has(digest),
    view: () => core.view,
    finalView: () => core.final.block.header.view,
    signing: () => core.signing,
  }
}

/** What an adversary gets: its own keys, chance, and the means to run cores. Never the keys of others. */
export interface WrapContext {
  readonly config: CoreConfig
  readonly restored: Restored
  readonly random: Random
  /** Other validators that are faulty too. */
  readonly accomplices: ReadonlySet<number>
  /** What adversaries of a schedule tell each other: from which copy of a twin something signed came. */
  readonly conspiracy: WeakMap<object, 0 | 1>
  /** The half of the network that a peer belongs to: all adversaries of a schedule split it alike. */
  readonly side: (peer: number) => 0 | 1
  /** Makes another core of the same validator. */
  readonly create: (config: CoreConfig, restored: Restored) => Machine
}

/** Makes a machine around the honest one. */
export type Wrap = (machine: Machine, context: WrapContext) => Machine

/** A machine whose effects pass through a function; all else stays as it is. */
export function withEffects(
  machine: Machine,
  change: (effects: readonly Effect[], input: Input, now: number, origin: number | undefined) => readonly Effect[],
): Machine {
  return {
    ...machine,
    step: (input, now, origin) => change(machine.step(input, now, origin), input, now, origin),
  }
}

/** A machine whose inputs pass through a function; undefined swallows one. */
export function withInputs(
  machine: Machine,
  change: (input: Input, now: number, origin: number | undefined) => Input | undefined,
): Machine {
  return {
    ...machine,
    step: (input, now, origin) => {
      const changed = change(input, now, origin)
      return changed ? machine.step(changed, now, origin) : []
    },
  }
}
