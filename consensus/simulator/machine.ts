// What stands around a machine: adversaries and planted bugs, as wrappers of its step.
import { createMachine, type Machine } from '../machine.ts'
import type { CoreConfig, Effect, Input, Restored } from '../types.ts'
import type { Random } from './random.ts'

export { createMachine, type Machine }

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
