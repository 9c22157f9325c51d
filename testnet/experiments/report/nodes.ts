// What became of validators and of faults over time, as a report has it.
import { mendedOf } from '../checkers/healing.ts'
import { type EventOf, endOf, eventsOf, phaseAt } from '../checkers/inquiry.ts'
import type { Run } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import type { ReportedFault, ReportedNode } from '../report.ts'

/** So many points of a node's heights are kept. */
const heightsMax = 160

const stateNames: Readonly<Record<EventOf<'life'>['state'], string>> = {
  starts: 'starting',
  ready: 'following',
  votes: 'voting',
  mute: 'mute',
  refuses: 'refuses',
  ends: 'down',
  paused: 'paused',
  resumed: '',
}

function statesOf(run: Run, name: string): ReportedNode['states'] {
  const states: { fromMs: number; state: string }[] = []
  let running = 'voting'
  for (const { at, node, state } of eventsOf(run, 'life')) {
    if (node !== name) continue
    const next = state === 'resumed' ? running : stateNames[state]
    if (next !== 'paused') running = next
    if (states.at(-1)?.state === next) continue
    states.push({ fromMs: at, state: next })
  }
  // where nobody watched, it is taken to have voted
  if (states[0]?.fromMs !== 0) states.unshift({ fromMs: 0, state: states.length === 0 ? 'voting' : 'following' })
  return states
}

const thinned = <T>(points: readonly T[]): T[] => {
  const step = Math.ceil(points.length / heightsMax)
  return points.filter((_, at) => at % step === 0 || at === points.length - 1)
}

/** Validators in their order. */
export function nodesOf(run: Run): ReportedNode[] {
  const adversaries = new Set(run.adversaries)
  return run.validators.map(name => {
    const finals = [...eventsOf(run, 'final')].filter(({ node }) => node === name)
    const store = [...eventsOf(run, 'store')].find(({ node }) => node === name)
    const top = finals.reduce<EventOf<'final'> | undefined>(
      (best, one) => (!best || one.height >= best.height ? one : best),
      undefined,
    )
    let height = 0
    const heights = finals.flatMap(final => {
      if (final.height <= height) return []
      height = final.height
      return [{ atMs: final.at, height }]
    })
    return {
      name,
      role: adversaries.has(name) ? 'adversary' : 'honest',
      height: Math.max(top?.height ?? 0, store?.height ?? 0),
      stateRoot: store?.stateRoot ?? top?.stateRoot ?? '',
      states: statesOf(run, name),
      heights: thinned(heights),
    }
  })
}

/** Every stretch in which something was broken; a fault that comes again has one for each time. */
export function faultsOf(manifest: Manifest, run: Run): ReportedFault[] {
  const until = phaseAt(run, 'healed') ?? endOf(run)
  const open = new Map<number, EventOf<'fault'>>()
  const faults: ReportedFault[] = []
  const close = ({ fault, action, nodes, text, at }: EventOf<'fault'>, toMs: number, skipped?: string): void =>
    void faults.push({ fault, action, text, nodes, fromMs: at, toMs, skipped })
  for (const event of eventsOf(run, 'fault')) {
    const began = open.get(event.fault)
    if (event.edge === 'skipped') close(event, event.at, event.text)
    else if (event.edge === 'begins') {
      if (began) close(began, event.at)
      open.set(event.fault, event)
    } else if (began) {
      close(began, event.at)
      open.delete(event.fault)
    }
  }
  for (const event of open.values()) {
    // without an end it is over at once, or lasts until the phase ends
    const lasts = manifest.faults[event.fault]?.lasts
    close(
      event,
      lasts === undefined ? Math.max(event.at, until) : Math.min(event.at + lasts, Math.max(event.at, until)),
    )
  }
  const mended = mendedOf(run)
  return faults
    .sort((a, b) => a.fromMs - b.fromMs || a.fault - b.fault)
    .map(reported => {
      const recovery = mended.find(({ fault, at }) => fault === reported.fault && at === reported.toMs)?.recovery
      return recovery ? { ...reported, recovery } : reported
    })
}
