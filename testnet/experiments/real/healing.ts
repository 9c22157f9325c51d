// Bringing a process back whatever was done to it: continued, started, and where its store is damaged or lacks votes, emptied and let rejoin.
import { damageCodes } from './damage.ts'
import type { FaultContext } from './faults/fault.ts'

/** Milliseconds that a validator gets to find out from the others whether it may vote. */
const votingLimitMs = 15_000

/**
 * Makes a process run in good order. A validator whose store is damaged, or that says it lacks votes, gets an empty store and the operator's
 * word that it may vote again. What cannot be put right is told and left.
 */
export async function bringBack(context: FaultContext, name: string): Promise<void> {
  const { field, lost, progress } = context
  await field.resume(name)
  // a store that was refused is refused again
  const known = field.problem(name)
  const refusal = known !== undefined && damageCodes.has(known) ? known : (await field.start(name))?.code
  if (!field.validators.includes(name)) {
    if (refusal) progress(`${name} does not start: ${refusal}`)
    return
  }
  if (refusal) {
    if (!damageCodes.has(refusal)) {
      progress(`${name} does not start: ${refusal}`)
      lost.add(name)
      return
    }
    progress(`${name} refuses its store: it gets an empty one and rejoins`)
    await field.stop(name)
    field.wipe(name)
    await rejoin(context, name)
    return
  }
  if (lost.has(name)) return
  const state = await field.untilState(name, ['voting', 'mute', 'halted'], votingLimitMs)
  if (state !== 'mute') return
  progress(`${name} lacks votes: it rejoins`)
  await rejoin(context, name)
}

async function rejoin({ field, progress, lost }: FaultContext, name: string): Promise<void> {
  await field.stop(name)
  const problem = (await field.allowRejoin(name)) ?? (await field.start(name))?.message
  if (problem === undefined) {
    // with a quorum up it votes once a block is final beyond its old votes: only then the next store may be lost
    await field.untilState(name, ['voting', 'halted'], votingLimitMs)
    return
  }
  progress(`${name} does not rejoin: ${problem}`)
  lost.add(name)
}
