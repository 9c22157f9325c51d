// I9: after healing, with a quorum up, the next verdict comes within (dead leaders in a row + 2) view timeouts and the longest pause between two
// dials, and every sound node has caught up at the end.
import type { Checker, Run } from '../history.ts'
import type { ActionName } from '../manifest.ts'
import { counted, endOf, eventsOf, honestOf, Inquiry, phaseAt, soundOf } from './inquiry.ts'

/** How a run came back after its faults, or one of them; in milliseconds. */
export interface Recovery {
  /** From healing, or from the first call after it where nobody waited, to the next verdict; undefined where none came. */
  readonly ms: number | undefined
  readonly boundMs: number
}

/** Validators that cannot lead at a moment: adversaries, the lost, and whoever is down, paused, mute or not ready yet. */
function deadLeaders(run: Run, at: number): Set<string> {
  const dead = new Set([...run.adversaries, ...run.lost])
  const states = new Map<string, string>()
  for (const event of eventsOf(run, 'life')) if (event.at <= at) states.set(event.node, event.state)
  for (const [node, state] of states)
    if (['starts', 'ends', 'paused', 'mute', 'refuses'].includes(state)) dead.add(node)
  return dead
}

/** Validators lead in their order, round and round. */
function longestRow(validators: readonly string[], dead: ReadonlySet<string>): number {
  let longest = 0
  let row = 0
  for (const name of [...validators, ...validators]) {
    row = dead.has(name) ? row + 1 : 0
    longest = Math.max(longest, Math.min(row, validators.length))
  }
  return longest
}

/** The time in which the next verdict has to come where so many leaders in a row are dead, in milliseconds. */
export const verdictBoundMs = ({ timeoutMs, redialCapMs }: Run, deadInRow: number): number =>
  (deadInRow + 2) * timeoutMs + redialCapMs

/** When each block that holds records became final for the first time at an honest node. */
export function decisionTimes(run: Run): number[] {
  const honest = new Set(honestOf(run))
  const seen = new Set<number>()
  const times: number[] = []
  for (const { at, node, height, records } of eventsOf(run, 'final')) {
    if (!honest.has(node) || seen.has(height)) continue
    seen.add(height)
    if (records.length > 0) times.push(at)
  }
  return times
}

/**
 * When the first record that waits for a verdict at or after `from` was waiting; of those that get one, where there are any: a record that nobody can
 * decide is no measure. Undefined where nobody asks for anything.
 */
function waitingSince(run: Run, from: number): number | undefined {
  const handedIn = new Map<string, number>()
  const records = new Map<number, string>()
  const decidedAt = new Map<string, number>()
  const closed = new Set<string>()
  const decide = (record: string, at: number): void => {
    decidedAt.set(record, Math.min(at, decidedAt.get(record) ?? at))
  }
  for (const event of run.history) {
    if (event.type === 'invoke') {
      records.set(event.call, event.record)
      if (!handedIn.has(event.record)) handedIn.set(event.record, event.at)
    } else if (event.type === 'return') {
      const record = records.get(event.call) ?? ''
      if (event.result === 'ok') decide(record, event.at)
      else if (event.result === 'refused' || event.at < from) closed.add(record)
    } else if (event.type === 'final') for (const record of event.records) decide(record, event.at)
  }
  const decided: number[] = []
  const open: number[] = []
  for (const [record, at] of handedIn) {
    const end = decidedAt.get(record)
    if (end === undefined ? closed.has(record) : end < from) continue
    ;(end === undefined ? open : decided).push(Math.max(at, from))
  }
  const starts = decided.length > 0 ? decided : open
  return starts.length === 0 ? undefined : starts.reduce((first, at) => Math.min(first, at))
}

/** Honest validators that are well at the end make a quorum. */
const hasQuorum = (run: Run): boolean => soundOf(run).length > (2 * run.validators.length) / 3

/** Undefined where there was nothing to heal or no quorum left, or nobody asked for anything afterwards. */
export function recoveryOf(run: Run): Recovery | undefined {
  const healedAt = phaseAt(run, 'healed')
  return healedAt === undefined ? undefined : recoveryFrom(run, healedAt)
}

function recoveryFrom(run: Run, healedAt: number): Recovery | undefined {
  if (!hasQuorum(run)) return undefined
  const since = waitingSince(run, healedAt)
  if (since === undefined) return undefined
  const answers = [...eventsOf(run, 'return')].filter(({ result }) => result === 'ok').map(({ at }) => at)
  const next = [...answers, ...decisionTimes(run)].reduce(
    (first, at) => (at >= since && at < first ? at : first),
    Infinity,
  )
  const boundMs = verdictBoundMs(run, longestRow(run.validators, deadLeaders(run, healedAt)))
  return { ms: next === Infinity ? undefined : next - since, boundMs }
}

/** Faults that keep validators apart: when they end, links come back. */
const parting: ReadonlySet<string> = new Set<ActionName>([
  'cut',
  'partition',
  'isolate',
  'bridge',
  'followLeader',
  'halfOpen',
  'flap',
])

/** A fault that kept validators apart and is over, and how the run came back from it. */
export interface Mended {
  /** Its place in the experiment file. */
  readonly fault: number
  readonly at: number
  readonly recovery: Recovery
}

/** The ends of all partings within the fault phase, as far as nothing else was broken then or soon after. */
export function mendedOf(run: Run): Mended[] {
  const faults = [...eventsOf(run, 'fault')].filter(({ edge }) => edge !== 'skipped')
  const healedAt = phaseAt(run, 'healed') ?? Number.POSITIVE_INFINITY
  const open = new Set<number>()
  return faults.flatMap(({ edge, fault, action, at }): Mended[] => {
    if (edge === 'begins') open.add(fault)
    else open.delete(fault)
    if (edge !== 'ends' || !parting.has(action) || open.size > 0 || at >= healedAt) return []
    const recovery = recoveryFrom(run, at)
    if (!recovery) return []
    const next = faults.find(other => other.edge === 'begins' && other.at >= at)?.at ?? Number.POSITIVE_INFINITY
    return next - at < Math.min(recovery.ms ?? Number.POSITIVE_INFINITY, recovery.boundMs)
      ? []
      : [{ fault, at, recovery }]
  })
}

/** Height that each node came to, by what it made final and what its store holds, up to a moment. */
function heightsAt(run: Run, until: number): Map<string, number> {
  const heights = new Map<string, number>()
  for (const event of run.history) {
    if (event.at > until || (event.type !== 'final' && event.type !== 'store')) continue
    heights.set(event.node, Math.max(heights.get(event.node) ?? 0, event.height))
  }
  return heights
}

function judge(inquiry: Inquiry, run: Run, healedAt: number, { ms, boundMs }: Recovery): void {
  inquiry.checked += 1
  if (ms === undefined) {
    const text = `no verdict came in the ${Math.round(endOf(run) - healedAt)} ms after healing, where ${boundMs} ms are allowed`
    // a run that ends before the time is over shows nothing
    if (endOf(run) - healedAt > boundMs) inquiry.broken(text)
  } else if (ms > boundMs) inquiry.broken(`the next verdict took ${Math.round(ms)} ms, where ${boundMs} ms are allowed`)
  else inquiry.restsOn(`next verdict after ${Math.round(ms)} ms, ${boundMs} ms allowed`)
}

export const recoversAfterHealing: Checker = run => {
  const inquiry = new Inquiry(
    'I9',
    'after healing the next verdict comes within (dead leaders in a row + 2) timeouts and the redial cap, and all nodes catch up',
  )
  const healedAt = phaseAt(run, 'healed')
  if (healedAt === undefined || !hasQuorum(run)) return inquiry.finding()
  const recovery = recoveryOf(run)
  if (recovery) judge(inquiry, run, healedAt, recovery)
  for (const { at, recovery } of mendedOf(run)) judge(inquiry, run, at, recovery)
  const end = endOf(run)
  const settledAt = phaseAt(run, 'settled') ?? Math.max(healedAt, end - run.timeoutMs)
  const honest = honestOf(run)
  const before = heightsAt(run, settledAt)
  const wanted = Math.max(0, ...honest.map(node => before.get(node) ?? 0))
  const after = heightsAt(run, end)
  if (wanted === 0) return inquiry.finding()
  const sound = soundOf(run)
  for (const node of sound) {
    inquiry.checked += 1
    const height = after.get(node) ?? 0
    if (height < wanted) inquiry.broken(`${node} ends at height ${height}, where the network was at ${wanted} before`)
  }
  inquiry.restsOn(`${counted(sound.length, 'node')} at height ${wanted} or above`)
  return inquiry.finding()
}
