// Acting on the processes of a network: stop, kill, pause, resume, restart. Each finds its process by its command line.
import { removeFile } from '../cli/common/files.ts'
import { MupibError } from '../proto/errors.ts'
import type { Actor, NetworkFiles } from './folders.ts'
import {
  isEnding,
  listProcesses,
  type ProcessEntry,
  processesOf,
  processesUntil,
  signalProcess,
} from './process-table.ts'
import { type Launch, type StartedProcess, startProcess } from './start-process.ts'

/** Milliseconds that a process gets to end in good order before it is killed. */
const stopLimitMs = 8_000

/** Milliseconds within which a signal has had its effect; more means that the system itself hangs. */
const signalLimitMs = 5_000

/** Milliseconds that one process gets to become ready while `count` start together on few cores. */
export const startLimitMs = (count: number): number => 30_000 + 2_000 * count

/** How a process was ended: it was not there, it went by itself when asked, or it had to be killed. */
export type Ending = 'absent' | 'stopped' | 'killed'

function pidsOf(actor: Actor, processes?: readonly ProcessEntry[]): number[] {
  return processesOf(actor, processes).map(entry => entry.pid)
}

function runningPids(actor: Actor): number[] {
  const pids = pidsOf(actor)
  if (pids.length === 0)
    throw new MupibError('stopped', `${actor.name} is not running`, {
      hint: `start it with "mupib testnet restart ${actor.name}"`,
    })
  return pids
}

const gone = (actor: Actor, pids: readonly number[], limitMs: number): Promise<boolean> =>
  processesUntil(actor, entries => !entries.some(({ pid }) => pids.includes(pid)) && !pids.some(isEnding), limitMs)

/** Ends a process in good order, or by force after a bound. Ending one that is not there is no error. */
export async function stopActor(
  actor: Actor,
  processes?: readonly ProcessEntry[],
  limitMs: number = stopLimitMs,
): Promise<Ending> {
  const pids = pidsOf(actor, processes)
  for (const pid of pids) {
    signalProcess(pid, 'SIGTERM')
    // a paused process hears of nothing until it is continued
    signalProcess(pid, 'SIGCONT')
  }
  const stopped = await gone(actor, pids, limitMs)
  if (!stopped) await killPids(actor, pids)
  removeFile(actor.runFile)
  if (pids.length === 0) return 'absent'
  return stopped ? 'stopped' : 'killed'
}

/** kill -9. Throws `stopped` where it does not run. */
export async function killActor(actor: Actor): Promise<void> {
  await killPids(actor, runningPids(actor))
  removeFile(actor.runFile)
}

async function killPids(actor: Actor, pids: readonly number[]): Promise<void> {
  for (const pid of pids) signalProcess(pid, 'SIGKILL')
  if (!(await gone(actor, pids, signalLimitMs)))
    throw new MupibError('timeout', `${actor.name} (process ${pids.join(', ')}) does not go away`)
}

/** Stops a process where it stands; its sockets stay open. */
export async function pauseActor(actor: Actor): Promise<void> {
  for (const pid of runningPids(actor)) signalProcess(pid, 'SIGSTOP')
  await processesUntil(actor, entries => entries.every(({ paused }) => paused), signalLimitMs)
}

/** Lets a paused process go on. */
export async function resumeActor(actor: Actor): Promise<void> {
  for (const pid of runningPids(actor)) signalProcess(pid, 'SIGCONT')
  await processesUntil(actor, entries => !entries.some(({ paused }) => paused), signalLimitMs)
}

/** Stops the process if it runs, and starts it (again). */
export async function restartActor(actor: Actor, launch?: Launch, signal?: AbortSignal): Promise<StartedProcess> {
  await stopActor(actor)
  return startProcess(actor, startLimitMs(1), signal, launch)
}

/** Ends every process of the network, each kind before what it relies on. Safe to repeat. */
export async function stopNetwork(network: NetworkFiles): Promise<ReadonlyMap<string, Ending>> {
  const endings = new Map<string, Ending>()
  const relay = network.relay ? [network.relay] : []
  for (const group of [network.vendors, network.auditors, [network.bank], [...network.validators, ...relay]]) {
    const processes = listProcesses()
    await Promise.all(group.map(async actor => endings.set(actor.name, await stopActor(actor, processes))))
  }
  return endings
}
