// I4 and I5: what honest nodes hold. A node that crashed equals one that did not, to the byte, and state roots are equal at every height.
import type { Checker, Run } from '../history.ts'
import type { ActionName } from '../manifest.ts'
import { brief, counted, type EventOf, eventsOf, honestOf, Inquiry, soundOf } from './inquiry.ts'

/** What ends a process without its knowing. */
const crashing: ReadonlySet<ActionName> = new Set(['kill', 'killAtBoundary', 'powerLoss', 'tornTail'])

/** Nodes that a fault ended, or that were started more than once. */
function crashedNodes(run: Run): Set<string> {
  const crashed = new Set<string>()
  const started = new Set<string>()
  for (const event of run.history) {
    if (event.type === 'fault' && event.edge === 'begins' && crashing.has(event.action))
      for (const node of event.nodes) crashed.add(node)
    else if (event.type === 'life' && event.state === 'starts') {
      if (started.has(event.node)) crashed.add(event.node)
      started.add(event.node)
    }
  }
  return crashed
}

/** Compares stores that are at the same height; nothing is tested where no node crashed. */
export const crashedEqualOthers: Checker = run => {
  const inquiry = new Inquiry('I4', 'a node that crashed equals, byte for byte, one that did not')
  const crashed = crashedNodes(run)
  const sound = new Set(soundOf(run))
  const byHeight = new Map<number, EventOf<'store'>[]>()
  for (const store of eventsOf(run, 'store')) {
    if (!sound.has(store.node)) continue
    if (store.check === 'damaged') inquiry.broken(`the store of ${store.node} is damaged`)
    else if (store.check === 'sound') byHeight.set(store.height, [...(byHeight.get(store.height) ?? []), store])
  }
  for (const [height, stores] of byHeight) {
    const [reference] = stores
    for (const { node, content } of stores.slice(1)) {
      if (content !== reference!.content)
        inquiry.broken(
          `height ${height}: ${node} holds ${brief(content)}, ${reference!.node} ${brief(reference!.content)}`,
        )
      if (crashed.has(node) || crashed.has(reference!.node)) inquiry.checked += 1
    }
    inquiry.restsOn(`${counted(stores.length, 'equal store')} at height ${height}: ${brief(reference!.content)}`)
  }
  if (inquiry.checked > 0) inquiry.restsOn(`crashed: ${[...crashed].filter(node => sound.has(node)).join(', ')}`)
  return inquiry.finding()
}

/** Compares the roots after each final block, and those of the stores at the end. */
export const equalStateRoots: Checker = run => {
  const inquiry = new Inquiry('I5', 'state roots are equal at every height')
  const honest = new Set(honestOf(run))
  const first = new Map<number, { readonly root: string; readonly node: string }>()
  const verdictRoots = new Map<number, string>()
  const compare = (node: string, height: number, root: string, where: string): void => {
    const other = first.get(height)
    if (!other) {
      first.set(height, { root, node })
      return
    }
    if (other.node !== node) inquiry.checked += 1
    if (other.root !== root)
      inquiry.broken(`height ${height}: state ${brief(other.root)} at ${other.node}, ${brief(root)} ${where} ${node}`)
  }
  for (const event of run.history) {
    if (event.type === 'final' && honest.has(event.node)) {
      compare(event.node, event.height, event.stateRoot, 'at')
      const verdictRoot = verdictRoots.get(event.height)
      if (verdictRoot === undefined) verdictRoots.set(event.height, event.verdictRoot)
      else if (verdictRoot !== event.verdictRoot)
        inquiry.broken(`height ${event.height}: ${event.node} has other verdicts than the nodes before it`)
    } else if (
      event.type === 'store' &&
      event.check !== 'unread' &&
      honest.has(event.node) &&
      !run.lost.includes(event.node)
    )
      compare(event.node, event.height, event.stateRoot, 'in the store of')
  }
  inquiry.restsOn(`${counted(first.size, 'height')}, each at every node that came to it`)
  return inquiry.finding()
}
