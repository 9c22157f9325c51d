// A validator that misbehaves on purpose, as a process: the adversaries of the simulator around the core of a real node.
import { startNode } from '../../cli/node/start.ts'
import { type AdversaryName, adversaries } from '../../consensus/adversaries/index.ts'
import { createMachine, type Machine } from '../../consensus/machine.ts'
import { withEffects } from '../../consensus/simulator/machine.ts'
import { Random } from '../../consensus/simulator/random.ts'
import { evenSides } from '../../consensus/simulator/sides.ts'
import type { Effect } from '../../consensus/types.ts'
import { readGenesis, readValidatorConfig } from '../../node/config.ts'
import type { StandInFor } from '../../node/stand-in.ts'
import { MupibError } from '../../proto/errors.ts'
import { answersOf } from './answers.ts'

export interface ByzantineOptions {
  readonly adversary: AdversaryName
  /** The same for all adversaries of a network: they split the others alike. */
  readonly seed: number
  /** Names of the other validators that misbehave. */
  readonly accomplices: readonly string[]
}

/** Runs the validator until SIGINT or SIGTERM. Throws `usage` for an accomplice that is no validator, and what starting one throws. */
export async function runByzantine(
  configFile: string,
  { adversary, seed, accomplices }: ByzantineOptions,
  progress: (line: string) => void,
): Promise<void> {
  const { validators } = readGenesis(readValidatorConfig(configFile).genesis)
  const indices = accomplices.map(name => {
    const index = validators.findIndex(validator => validator.name === name)
    if (index < 0) throw new MupibError('usage', `no validator is called ${name}`)
    return index
  })
  await startNode(configFile, progress, standInOf(adversary, seed, new Set(indices)))
}

function standInOf(adversary: AdversaryName, seed: number, accomplices: ReadonlySet<number>): StandInFor {
  return (honest, config, restored) => {
    const lying = adversaries[adversary](honest, {
      config,
      restored,
      random: new Random(seed).fork(config.self),
      accomplices,
      conspiracy: new WeakMap(),
      side: evenSides(config.validators, new Set([...accomplices, config.self]), new Random(seed)),
      create: createMachine,
    })
    return { machine: committingOnce(lying, restored.tip.block.header.height), answer: answersOf(lying) }
  }
}

/**
 * Two cores under one key may both have the same block final, or two different ones at a height; the node below has one ledger. What
 * one core has abandoned the other may still need.
 */
function committingOnce(machine: Machine, height: number): Machine {
  let done = height
  const kept = (effect: Effect): readonly Effect[] => {
    if (effect.type === 'abandon') return []
    if (effect.type !== 'commit') return [effect]
    const blocks = effect.blocks.filter(({ block }) => block.header.height > done)
    done = Math.max(done, ...blocks.map(({ block }) => block.header.height))
    return blocks.length > 0 ? [{ ...effect, blocks }] : []
  }
  return withEffects(machine, (effects, input) => {
    if (input.type === 'advanced') done = Math.max(done, input.tip.block.header.height)
    return effects.flatMap(kept)
  })
}
