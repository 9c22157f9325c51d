// All faults of real runs by name, and the clock by which they begin and end.
import { MupibError } from '../../../../proto/errors.ts'
import type { Action, ActionName, Fault } from '../../manifest.ts'
import { type Stretch, stretchesOf, whenPassed } from '../schedule.ts'
import { clockDrift, clockJump, clockSkew } from './clocks.ts'
import { type Begin, type Begun, type FaultContext, Skipped } from './fault.ts'
import * as links from './links.ts'
import { flood, revoke } from './parties.ts'
import * as processes from './processes.ts'
import * as stores from './stores.ts'

const begins: { readonly [Name in ActionName]: Begin<Name> } = {
  delay: links.delay,
  throttle: links.throttle,
  loss: links.loss,
  duplicate: links.duplicate,
  reorder: links.reorder,
  reset: links.reset,
  halfOpen: links.halfOpen,
  flap: links.flap,
  cut: links.cut,
  partition: links.partition,
  isolate: links.isolate,
  bridge: links.bridge,
  followLeader: links.followLeader,
  kill: processes.kill,
  killAtBoundary: processes.killAtBoundary,
  pause: processes.pause,
  restart: processes.restart,
  slowCpu: processes.slowCpu,
  littleHeap: processes.littleHeap,
  noDescriptors: processes.noDescriptors,
  powerLoss: stores.powerLoss,
  tornTail: stores.tornTail,
  flipBit: stores.flipBit,
  diskFull: stores.diskFull,
  ioError: stores.ioError,
  oldSnapshot: stores.oldSnapshot,
  wipe: stores.wipe,
  clockSkew,
  clockJump,
  clockDrift,
  flood,
  revoke,
}

/** Begins a fault, whatever it is. Throws `Skipped` where it cannot be given here. */
export const beginFault = (context: FaultContext, action: Action): Promise<Begun> =>
  (begins[action.action] as (context: FaultContext, action: Action) => Promise<Begun>)(context, action)

/** Targets that a fault names, as the file has them. */
export const targetsOf = (action: Action): readonly string[] => ('nodes' in action ? action.nodes : [])

/** Gives the faults of a phase their time; resolves when the phase is over and all of them have ended. Throws the signal's reason. */
export async function runFaults(context: FaultContext, faults: readonly Fault[], phaseMs: number): Promise<void> {
  const start = performance.now()
  const skipped = new Set<number>()
  // a fault that begins anew has ended before, however long that took
  const turns = new Map<number, Promise<void>>()
  for (const stretch of stretchesOf(faults, phaseMs)) {
    const before = turns.get(stretch.fault) ?? Promise.resolve()
    turns.set(
      stretch.fault,
      before.then(() => runStretch(context, faults[stretch.fault]!, stretch, start, skipped)),
    )
  }
  const all = Promise.all(turns.values())
  all.catch(() => {})
  await whenPassed(start, phaseMs, context.signal)
  await all
}

async function runStretch(
  context: FaultContext,
  fault: Fault,
  { fault: place, from, to }: Stretch,
  start: number,
  skipped: Set<number>,
): Promise<void> {
  const { recorder, progress, signal } = context
  if (skipped.has(place)) return
  await whenPassed(start, from, signal)
  const { action } = fault
  const began = recorder.now
  let begun: Begun
  try {
    begun = await beginFault(context, fault)
  } catch (error) {
    if (!(error instanceof Skipped)) throw failure(error, `${action} could not begin`)
    skipped.add(place)
    progress(`${action} is skipped: ${error.message}`)
    recorder.see({ type: 'fault', fault: place, action, edge: 'skipped', nodes: [], text: error.message })
    return
  }
  const { nodes, text, end } = begun
  progress(`fault: ${text}`)
  // it was there from when it was asked for, whatever it took to have all of it
  recorder.see({ type: 'fault', fault: place, action, edge: 'begins', nodes, text }, began)
  await whenPassed(start, to, signal).catch(() => {})
  try {
    await end()
  } catch (error) {
    if (!signal.aborted) throw failure(error, `${action} could not end`)
  }
  recorder.see({ type: 'fault', fault: place, action, edge: 'ends', nodes, text })
  signal.throwIfAborted()
}

const failure = (cause: unknown, what: string): MupibError =>
  new MupibError('refused', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
