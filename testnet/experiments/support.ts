// Which engine gives which fault. docs/experiments.md has the same as a table, with what each of them makes of it.
import type { AdversaryName } from '../../consensus/adversaries/index.ts'
import type { ActionName, Manifest } from './manifest.ts'

export const engineNames = ['simulated', 'real'] as const
export type EngineName = (typeof engineNames)[number]

const unsupported: Readonly<Record<EngineName, readonly ActionName[]>> = {
  // no memory, no descriptors and no file system of its own
  simulated: ['littleHeap', 'noDescriptors', 'diskFull', 'ioError'],
  // TCP hides these three, and a process is not to be stopped between two of its own statements
  real: ['loss', 'duplicate', 'reorder', 'killAtBoundary'],
}

export const givesFault = (engine: EngineName, action: ActionName): boolean => !unsupported[engine].includes(action)

/** Adversaries that hold back in an engine, so that what they are to break may stay whole. */
const halfGiven: Readonly<Record<EngineName, readonly AdversaryName[]>> = {
  simulated: [],
  // one that is a process cannot tell which copy of another one spoke to it: they seldom keep two sides apart, and are accused instead
  real: ['twin'],
}

/** What of an experiment an engine does not give, by name: faults, and adversaries that are made to break a rule. */
export function leftOutBy(engine: EngineName, { faults, network, expect }: Manifest): string[] {
  const breaking = expect.broken.length > 0 ? Object.values(network.byzantine) : []
  return [
    ...new Set([
      ...faults.map(({ action }) => action).filter(action => !givesFault(engine, action)),
      ...breaking.filter(name => (halfGiven[engine] as readonly string[]).includes(name)),
    ]),
  ]
}

/** Engines that give all of an experiment; the other one leaves out what it cannot, and says so in its report. */
export const enginesFor = (manifest: Manifest): EngineName[] =>
  engineNames.filter(engine => leftOutBy(engine, manifest).length === 0)
