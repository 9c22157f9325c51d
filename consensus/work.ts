// Rule 1: what counts as work, and when the one timer runs out.
import type { Digest } from '../proto/hash.ts'
import { bounds, broadcast, type Core, entryCertificates, finalView, leaderAt, maySign, type Turn } from './state.ts'
import { chainTo } from './tree.ts'

/** Well-formed records held here become pending until they are final or dropped. */
export function addWork(core: Core, records: readonly Digest[]): void {
  for (const record of records) if (!core.recentlyFinal.has(record)) core.pending.add(record)
  core.revision++
}

export function dropWork(core: Core, records: readonly Digest[]): void {
  for (const record of records) core.pending.delete(record)
  core.revision++
}

/** The newest certified block: the end of the notarized chain being extended. */
function chainEnd(core: Core): { digest: Digest; view: number } {
  let end = { digest: core.final.block.digest, view: finalView(core) }
  for (const [digest, { view }] of core.certified) if (view > end.view) end = { digest, view }
  return end
}

/** Rule 1a: a pending record stands outside the notarized chain. */
function hasPendingRecord(core: Core): boolean {
  if (core.pending.size === 0) return false
  const { digest: head } = chainEnd(core)
  if (core.outside?.revision !== core.revision || core.outside.head !== head) {
    let inside = 0
    for (const { block } of chainTo(core, head).nodes) {
      for (const record of block.records) if (core.pending.has(record)) inside++
    }
    core.outside = { revision: core.revision, head, found: core.pending.size > inside }
  }
  return core.outside.found
}

/**
 * Rule 1b: when the oldest notarized block with records that are not final becomes work, on the core's clock. A block that is not here
 * yet may carry some. The oldest, not the newest: a child that is notarized too late to help must not put the next one off.
 */
function unfinishedSince(core: Core): number | undefined {
  const end = chainEnd(core)
  if (end.digest === core.final.block.digest) return undefined
  const { nodes, complete } = chainTo(core, end.digest)
  const carrier = nodes.find(({ block }) => block.records.length > 0)
  if (complete && !carrier) return undefined
  const oldest = complete && carrier ? carrier.block.header.view : end.view
  const notarizedAt = core.rounds.get(oldest)?.notarizedAt ?? core.rounds.get(end.view)?.notarizedAt
  return (notarizedAt ?? core.elapsed) + core.config.timing.timeoutMs
}

/** Notes since when the current view has had work. */
export function observeWork(core: Core): void {
  const unfinished = unfinishedSince(core)
  const since = hasPendingRecord(core) ? core.elapsed : unfinished
  if (since === undefined || since > core.elapsed) core.workSince = undefined
  else core.workSince ??= Math.max(core.enteredAt, since)
}

/** When a leader without work proposes an empty block, on the core's clock. */
export const idleProposalAt = (core: Core): number => core.enteredAt + core.config.timing.idleMs

/** When the current view times out: a timeout after the later of entry and work; without work, after the idle interval. */
export function viewDeadline(core: Core): number {
  const { timeoutMs } = core.config.timing
  const idle = idleProposalAt(core) + timeoutMs
  return core.workSince === undefined ? idle : Math.min(idle, core.workSince + timeoutMs)
}

/** Rule 5b: the pauses between repeats double up to a cap. */
export function nextRepeat(core: Core): { at: number; pauseMs: number } {
  const { timeoutMs } = core.config.timing
  const pauseMs = core.repeat ? Math.min(core.repeat.pauseMs * 2, timeoutMs * bounds.repeatTimeouts) : timeoutMs
  return { at: core.elapsed + pauseMs, pauseMs }
}

/** Rule 5b. */
export function repeatNullify(turn: Turn): void {
  const { core } = turn
  const vote = core.rounds.get(core.view)?.own.nullify
  if (!vote || !core.repeat || core.elapsed < core.repeat.at || !maySign(core, core.view)) return
  core.repeat = nextRepeat(core)
  for (const certificate of entryCertificates(core, core.view)) {
    broadcast(turn, { type: 'certificate', certificate })
  }
  broadcast(turn, { type: 'vote', vote })
}

/** Arms the timer for the next moment at which time alone changes something; undefined where none does. */
export function armTimer(turn: Turn): void {
  const at = nextWake(turn)
  if (at === turn.core.armedAt) return
  turn.core.armedAt = at
  turn.effects.push({ type: 'timer', at })
}

function nextWake({ core, now }: Turn): number | undefined {
  if (!maySign(core, core.view)) return undefined
  const round = core.rounds.get(core.view)
  const moments = [round?.own.nullify ? core.repeat?.at : viewDeadline(core)]
  if (core.workSince === undefined) moments.push(unfinishedSince(core))
  if (leaderAt(core, core.view) === core.config.self && !round?.own.proposal && core.building === undefined) {
    moments.push(idleProposalAt(core))
  }
  // The core's clock stands still while the local one is set back: what is left is counted from now.
  const local = moments.filter(moment => moment !== undefined).map(moment => now + moment - core.elapsed)
  if (core.heldUntil !== undefined) local.push(core.heldUntil)
  const later = local.filter(moment => moment > now)
  return later.length > 0 ? Math.min(...later) : undefined
}
