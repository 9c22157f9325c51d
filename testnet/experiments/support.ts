// Which engine gives which fault. docs/experiments.md has the same as a table, with what each of them makes of it.
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

/** Engines that give every fault of an experiment; the other one leaves out what it cannot, and says so in its report. */
export const enginesFor = ({ faults }: Manifest): EngineName[] =>
  engineNames.filter(engine => faults.every(({ action }) => givesFault(engine, action)))
