// Smaller scenarios out of larger ones: without some validators, with shorter phases, with a simpler network. All pure.
import type { Fault, Scenario, Submission } from '../../consensus/simulator/scenario.ts'
import { faultsBorne } from '../../proto/chain.ts'

/** Without these, nothing is left of a network that bears a fault. */
export const validatorsMin = 4

/** Validators that are faulty in a way of which the protocol bears f. */
function heavyFaults({ byzantine, deadAtEnd, rotsAt, skewMs, timing, faults }: Scenario): number {
  const heavy = new Set([...byzantine.keys(), ...deadAtEnd, ...rotsAt.keys()])
  for (const [node, skew] of skewMs.entries()) if (Math.abs(skew) > timing.driftMs) heavy.add(node)
  for (const fault of faults) if (fault.type === 'replaceStore') heavy.add(fault.node)
  return heavy.size
}

/** True where no more validators are faulty than the protocol bears. */
export const isBearable = (scenario: Scenario): boolean => heavyFaults(scenario) <= faultsBorne(scenario.validators)

type Rename = (node: number) => number | undefined

function renameAll(nodes: readonly number[], rename: Rename): number[] {
  return nodes.map(rename).filter(node => node !== undefined)
}

/** The same fault among those who are left; undefined where it concerns none of them any more. */
function renameFault(fault: Fault, rename: Rename): Fault | undefined {
  switch (fault.type) {
    case 'crash': {
      const nodes = renameAll(fault.nodes, rename)
      return nodes.length > 0 ? { ...fault, nodes } : undefined
    }
    case 'cut': {
      const from = renameAll(fault.from, rename)
      const to = renameAll(fault.to, rename)
      return from.length > 0 && to.length > 0 ? { ...fault, from, to } : undefined
    }
    case 'breakStream': {
      const [a, b] = fault.nodes.map(rename)
      return a === undefined || b === undefined ? undefined : { ...fault, nodes: [a, b] }
    }
    case 'slow': {
      const from = rename(fault.from)
      const to = rename(fault.to)
      return from === undefined || to === undefined ? undefined : { ...fault, from, to }
    }
    case 'crashAtBoundary':
    case 'jumpClock':
    case 'replaceStore': {
      const node = rename(fault.node)
      return node === undefined ? undefined : { ...fault, node }
    }
    case 'followLeader':
      return fault
  }
}

function renameKeys<T>(map: ReadonlyMap<number, T>, rename: Rename): Map<number, T> {
  const renamed = new Map<number, T>()
  for (const [node, value] of map) {
    const now = rename(node)
    if (now !== undefined) renamed.set(now, value)
  }
  return renamed
}

/** The scenario among these validators only, numbered anew in their order. */
export function amongValidators(scenario: Scenario, kept: readonly number[]): Scenario {
  const numbers = new Map(kept.map((node, index) => [node, index]))
  const rename: Rename = node => numbers.get(node)
  const { byzantine, rotsAt, deadAtEnd, skewMs, diskMs, faults, submissions } = scenario
  return {
    ...scenario,
    validators: kept.length,
    byzantine: renameKeys(byzantine, rename),
    rotsAt: renameKeys(rotsAt, rename),
    deadAtEnd: renameAll(deadAtEnd, rename),
    skewMs: kept.map(node => skewMs[node] ?? 0),
    diskMs: kept.map(node => diskMs[node] ?? 0),
    faults: faults.map(fault => renameFault(fault, rename)).filter(fault => fault !== undefined),
    submissions: submissions.map((submission): Submission => {
      const nodes = renameAll(submission.nodes, rename)
      return { ...submission, nodes: nodes.length > 0 ? nodes : [0] }
    }),
  }
}

/** The scenario with an earlier end of its faulty phase, and nothing in it that would come later. */
function endingAt(scenario: Scenario, healMs: number): Scenario {
  const isEarlier = ({ at }: { readonly at: number }): boolean => at < healMs
  return {
    ...scenario,
    healMs,
    warmUpMs: Math.min(scenario.warmUpMs, healMs),
    faults: scenario.faults.filter(isEarlier),
    submissions: scenario.submissions.filter(isEarlier),
  }
}

/** One place after the other made simpler; each is tried for itself. */
export function simplifications(scenario: Scenario): Scenario[] {
  const { healMs, warmUpMs, network, faultRates, skewMs, diskMs } = scenario
  const shorter = [0.25, 0.5, 0.75, 0.9].map(share => endingAt(scenario, Math.ceil(healMs * share)))
  const calmer = Object.entries(faultRates)
    .filter(([, rate]) => rate > 0)
    .map(([name]) => ({ ...scenario, faultRates: { ...faultRates, [name]: 0 } }))
  const simpler: Scenario[] = [
    { ...scenario, network: { ...network, jitterMs: 0 } },
    { ...scenario, network: { ...network, delayMs: 1 } },
    { ...scenario, skewMs: skewMs.map(() => 0) },
    { ...scenario, diskMs: diskMs.map(() => 0) },
    { ...scenario, executeMs: 0 },
    { ...scenario, submissions: scenario.submissions.map(submission => ({ ...submission, gossips: false })) },
    { ...scenario, submissions: scenario.submissions.map(one => ({ ...one, nodes: one.nodes.slice(0, 1) })) },
  ]
  const earlier = warmUpMs > 0 ? [{ ...scenario, warmUpMs: 0 }] : []
  return [...shorter, ...calmer, ...earlier, ...simpler].filter(other => !isSame(other, scenario))
}

/** Each fault with fewer validators in it, or shorter. */
export function simplerFaults(scenario: Scenario): Scenario[] {
  const variants = (fault: Fault): Fault[] => {
    const shorter = fault.lastsMs > 100 ? [{ ...fault, lastsMs: Math.ceil(fault.lastsMs / 4) }] : []
    if (fault.type !== 'crash' || fault.nodes.length < 2) return shorter
    return [...shorter, ...fault.nodes.map(node => ({ ...fault, nodes: fault.nodes.filter(other => other !== node) }))]
  }
  return scenario.faults.flatMap((fault, index) =>
    variants(fault).map(other => ({ ...scenario, faults: scenario.faults.with(index, other) })),
  )
}

const isSame = (a: Scenario, b: Scenario): boolean => JSON.stringify(a) === JSON.stringify(b)

/** How much there is to read in a scenario: validators, faults, records and faulty validators. */
export function sizeOf({ validators, faults, submissions, byzantine, deadAtEnd, rotsAt }: Scenario): number {
  return validators + faults.length + submissions.length + byzantine.size + deadAtEnd.length + rotsAt.size
}
