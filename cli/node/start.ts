// `node start`: a validator as a process of its own.
import { readGenesis, readValidatorConfig } from '../../node/config.ts'
import type { StandInFor } from '../../node/stand-in.ts'
import type { RunningValidator } from '../../node/validator.ts'
import { removeRunFile, writeRunFile } from '../common/run-file.ts'

const stopSignals = ['SIGINT', 'SIGTERM'] as const

/** Resolves at the first signal to stop. The next one ends the process at once, as without us. */
function signalToStop(): { readonly stopped: Promise<void>; release(): void } {
  let release = (): void => {}
  const stopped = new Promise<void>(resolve => {
    const onSignal = (): void => {
      release()
      resolve()
    }
    release = () => {
      for (const name of stopSignals) process.removeListener(name, onSignal)
    }
    for (const name of stopSignals) process.on(name, onSignal)
  })
  return { stopped, release: () => release() }
}

/**
 * Runs the validator until SIGINT or SIGTERM. Throws why it could not start (`store_locked` where it runs already) or go on.
 * @param standInFor what misbehaves in the core's place, in tests of a network
 */
export async function startNode(
  configFile: string,
  progress: (line: string) => void,
  standInFor?: StandInFor,
): Promise<void> {
  const { runFile, genesis } = readValidatorConfig(configFile)
  // read first, so that what is wrong with them is said before the network's libraries are loaded
  readGenesis(genesis)
  const { startValidator } = await import('../../node/validator.ts')
  const { stopped, release } = signalToStop()
  try {
    const validator = await startValidator(configFile, standInFor)
    await runUntil(stopped, validator, runFile, progress)
  } finally {
    release()
  }
}

async function runUntil(
  stopped: Promise<void>,
  validator: RunningValidator,
  runFile: string,
  progress: (line: string) => void,
): Promise<void> {
  try {
    const { peerId, multiaddrs, http, name } = validator
    writeRunFile(runFile, { pid: process.pid, startedAt: new Date().toISOString(), peerId, multiaddrs, http })
    progress(`validator ${name} answers at ${http}; Ctrl-C stops it`)
    await Promise.race([stopped, validator.ended])
  } catch (error) {
    removeRunFile(runFile)
    // what ended the node is what to tell, whatever else its stop may find
    await validator.stop().catch(() => {})
    throw error
  }
  removeRunFile(runFile)
  await validator.stop()
}
