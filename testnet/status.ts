// What the processes of a network say of themselves, the dead and the paused ones included.
import { type RunInfo, readRunFile } from '../cli/common/run-file.ts'
import { type ClockShift, clockShiftOf } from './clock/clock.ts'
import type { Actor, NetworkFiles } from './folders.ts'
import { listProcesses, type ProcessEntry, processesOf } from './process-table.ts'

/** Milliseconds that a process gets to answer for its status. */
const answerLimitMs = 2_000

/** One process; what follows `state` is the process's own word and there only while it answers. */
export interface ActorStatus {
  readonly name: string
  /** `dead`: no such process. `starting`: not ready yet. `paused`: stopped by a signal. `silent`: it runs but does not answer. */
  readonly state: string
  readonly pid?: number
  readonly http?: string
  /** Where its clock was set wrong. */
  readonly clock?: ClockShift
  readonly [field: string]: unknown
}

export interface NetworkStatus {
  readonly dir: string
  readonly validators: readonly ActorStatus[]
  readonly bank: ActorStatus
  readonly auditor: ActorStatus
  /** The others, where there are more. */
  readonly auditors: readonly ActorStatus[]
  readonly vendors: readonly ActorStatus[]
  readonly relay?: ActorStatus
}

function runOf(actor: Actor): RunInfo | undefined {
  try {
    return readRunFile(actor.runFile)
  } catch {
    return undefined
  }
}

async function actorStatus(actor: Actor, processes: readonly ProcessEntry[]): Promise<ActorStatus> {
  const entry = processesOf(actor, processes)[0]
  if (!entry) return { name: actor.name, state: 'dead' }
  const run = runOf(actor)
  const clock = clockShiftOf(actor)
  const known = {
    name: actor.name,
    pid: entry.pid,
    ...(run ? { http: run.http } : {}),
    ...(clock ? { clock } : {}),
  }
  if (entry.paused) return { ...known, state: 'paused' }
  if (run?.pid !== entry.pid) return { ...known, state: 'starting' }
  try {
    const response = await fetch(new URL('/status', run.http), { signal: AbortSignal.timeout(answerLimitMs) })
    const told = (await response.json()) as Record<string, unknown>
    return { state: 'running', ...told, ...known }
  } catch {
    return { ...known, state: 'silent' }
  }
}

/** Asks every process of the network at once. */
export async function networkStatus(network: NetworkFiles): Promise<NetworkStatus> {
  const processes = listProcesses()
  const of = (actors: readonly Actor[]): Promise<ActorStatus[]> =>
    Promise.all(actors.map(actor => actorStatus(actor, processes)))
  const [validators, [bank], [auditor, ...auditors], vendors, [relay]] = await Promise.all([
    of(network.validators),
    of([network.bank]),
    of(network.auditors),
    of(network.vendors),
    of(network.relay ? [network.relay] : []),
  ])
  const services = { bank: bank!, auditor: auditor!, auditors, vendors }
  return { dir: network.dir, validators, ...services, ...(relay ? { relay } : {}) }
}
