// I9: after healing, with a quorum up, the next record is final everywhere within (faulty leaders in a row + 2) timeouts and the redial
// cap; behind a backlog of more than a block, within as many rounds as that takes. The allowance on top is for what takes time without being anybody's fault: messages, writes, fetches and slow clocks.
import type { Digest } from '../../proto/hash.ts'
import type { Scenario } from '../simulator/scenario.ts'
import type { Shell } from '../simulator/shell.ts'

/** Validators that may cost a timeout each time they lead. */
function faultyLeaders({ byzantine, deadAtEnd, rotsAt, skewMs, timing, faults }: Scenario): Set<number> {
  const faulty = new Set([...byzantine.keys(), ...deadAtEnd, ...rotsAt.keys()])
  for (const [node, skew] of skewMs.entries()) if (Math.abs(skew) > timing.driftMs) faulty.add(node)
  for (const fault of faults) if (fault.type === 'replaceStore') faulty.add(fault.node)
  return faulty
}

/** Views of faulty leaders, in the worst place of the rotation, before so many views with sound leaders are over. */
function viewsWasted(faulty: ReadonlySet<number>, validators: number, blocks: number): number {
  let most = 0
  for (let first = 0; first < validators; first++) {
    let wasted = 0
    let sound = 0
    for (let view = first; sound < blocks && wasted < validators; view++) {
      if (faulty.has(view % validators)) wasted++
      else sound++
    }
    most = Math.max(most, wasted)
  }
  return most
}

/**
 * Milliseconds from healing within which the probe must be final on every sound node. It stands in the last of so many blocks: records
 * that waited before it come first, and blocks are limited.
 */
export function boundOf(scenario: Scenario, blocks = 1): number {
  const { timing, network, announceMs, retryMs, diskMs, executeMs, validators } = scenario
  const views = viewsWasted(faultyLeaders(scenario), validators, blocks) + 2
  const hopMs = network.delayMs + network.jitterMs
  const workMs = Math.max(...diskMs) + executeMs
  // Hops: announce, ask, answer, propose, two votes, and nearly as much again for whoever has to catch up. A block before takes three.
  const hops = 10 + 3 * (blocks - 1)
  return views * timing.timeoutMs + network.redialMs + hops * (hopMs + workMs) + announceMs + 2 * retryMs
}

/** Where everybody stands, for people. */
export function livenessText(boundMs: number, sound: readonly Shell[], probe: Digest): string {
  const nodes = sound.map(node => {
    const { height } = node.tip.block.header
    return `n${node.index} ${node.signing} view ${node.view} height ${height}${node.hasDecided(probe) ? ' decided' : ''}`
  })
  return `not decided everywhere within ${boundMs} ms of healing: ${nodes.join(', ')}`
}
