// I9: after healing, with a quorum up, the next record is final everywhere within (faulty leaders in a row + 2) timeouts and the redial
// cap. The allowance on top is for what takes time without being anybody's fault: messages, writes, fetches and slow clocks.
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

function longestRun(faulty: ReadonlySet<number>, validators: number): number {
  let longest = 0
  for (let first = 0; first < validators; first++) {
    let run = 0
    while (run < validators && faulty.has((first + run) % validators)) run++
    longest = Math.max(longest, run)
  }
  return longest
}

/** Milliseconds from healing within which the probe must be final on every sound node. */
export function boundOf(scenario: Scenario): number {
  const { timing, network, announceMs, retryMs, diskMs, executeMs, validators } = scenario
  const views = longestRun(faultyLeaders(scenario), validators) + 2
  const hopMs = network.delayMs + network.jitterMs
  const workMs = Math.max(...diskMs) + executeMs
  // Hops: announce, ask, answer, propose, two votes, and nearly as much again for whoever has to catch up.
  return views * timing.timeoutMs + network.redialMs + 10 * (hopMs + workMs) + announceMs + 2 * retryMs
}

/** Where everybody stands, for people. */
export function livenessText(scenario: Scenario, sound: readonly Shell[], probe: Digest): string {
  const nodes = sound.map(node => {
    const { height } = node.tip.block.header
    return `n${node.index} ${node.signing} view ${node.view} height ${height}${node.hasDecided(probe) ? ' decided' : ''}`
  })
  return `not decided everywhere within ${boundOf(scenario)} ms of healing: ${nodes.join(', ')}`
}
