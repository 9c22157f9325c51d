// The simulated engine: the real core and ledger, the real rules of bank and auditor, on a virtual clock, network and disk, from one seed.
import { MupibError } from '../../../proto/errors.ts'
import type { Engine } from '../engine.ts'
import { SimulatedRun } from './simulated-run.ts'

/** Virtual milliseconds between two words of progress. */
const progressMs = 5_000

/** Runs an experiment. The same manifest and seed give the same history and trace hash everywhere. Throws `stopped`. */
export const simulatedEngine: Engine = async (manifest, { seed, signal, progress }) => {
  const steps = new SimulatedRun(manifest, { seed }).steps()
  let toldAt = 0
  for (;;) {
    const { done, value } = steps.next()
    if (done) return value
    // lets a signal in
    await new Promise(resolve => setImmediate(resolve))
    if (signal.aborted) throw new MupibError('stopped', 'the run was stopped')
    if (value - toldAt < progressMs) continue
    toldAt = value
    progress(`${Math.round(value / 1_000)} s of virtual time`)
  }
}
