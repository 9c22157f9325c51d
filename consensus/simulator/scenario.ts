// What one seed decides before a schedule begins: sizes, times, who is faulty, and which faults come when.
import { faultsBorne } from '../../proto/chain.ts'
import { type AdversaryName, adversaryNames } from '../adversaries/index.ts'
import type { Timing } from '../types.ts'
import type { NetworkFaults, NetworkSettings } from './network.ts'
import type { Random } from './random.ts'
import type { CrashKind } from './shell-world.ts'

/** A fault of the safety phase. `at` is in virtual milliseconds; a fault that lasts ends after `lastsMs`, or with the phase. */
export type Fault = { readonly at: number; readonly lastsMs: number } & (
  | { readonly type: 'crash'; readonly nodes: readonly number[]; readonly kind: CrashKind }
  /** Crashes after so many more persists and sends of the node. */
  | { readonly type: 'crashAtBoundary'; readonly node: number; readonly boundaries: number; readonly kind: CrashKind }
  /** Cuts every direction from the first group to the second, and back unless one-way. */
  | { readonly type: 'cut'; readonly from: readonly number[]; readonly to: readonly number[]; readonly oneWay: boolean }
  /** Cuts the leader of the view that most nodes are in, whoever that is, each half timeout anew. */
  | { readonly type: 'followLeader' }
  | { readonly type: 'breakStream'; readonly nodes: readonly [number, number] }
  | { readonly type: 'slow'; readonly from: number; readonly to: number; readonly extraMs: number }
  | { readonly type: 'jumpClock'; readonly node: number; readonly ms: number }
  /** The store becomes an old copy of itself, or empty; an operator lets the node rejoin at the end of the fault, or never. */
  | { readonly type: 'replaceStore'; readonly node: number; readonly isEmpty: boolean; readonly rejoins: boolean }
)

/** One record of a client: number, when it is submitted, and to which nodes. */
export interface Submission {
  readonly at: number
  readonly client: number
  readonly number: number
  readonly salt: number
  readonly nodes: readonly number[]
  readonly gossips: boolean
}

export interface Scenario {
  readonly validators: number
  readonly timing: Timing
  readonly network: NetworkSettings
  readonly faultRates: NetworkFaults
  /** Adversaries by validator. */
  readonly byzantine: ReadonlyMap<number, AdversaryName>
  /** At most f of these together with the adversaries: they cost a timeout each time they lead. */
  readonly deadAtEnd: readonly number[]
  readonly rotsAt: ReadonlyMap<number, number>
  readonly skewMs: readonly number[]
  readonly diskMs: readonly number[]
  readonly executeMs: number
  readonly retryMs: number
  readonly announceMs: number
  /** Ends of warm-up and of the safety phase, in virtual milliseconds. */
  readonly warmUpMs: number
  readonly healMs: number
  readonly faults: readonly Fault[]
  readonly submissions: readonly Submission[]
  /** Clients repeat what is undecided once faults are over. Without, what no node kept is lost. */
  readonly clientsRepeat: boolean
}

/** What a caller may fix; all else comes from the seed. */
export interface ScenarioWish {
  readonly validators?: number | undefined
  /** All faulty validators play this adversary. */
  readonly adversary?: AdversaryName | undefined
  /** Validators that are adversaries; more than f are beyond what the protocol bears. */
  readonly byzantine?: number | undefined
  /** No adversary: crashes, network and clocks only. */
  readonly isHonest?: boolean | undefined
  /** Prefer this fault. */
  readonly fault?: Fault['type'] | undefined
  readonly clientsRepeat?: boolean | undefined
  /** One validator's execution goes wrong. */
  readonly rots?: boolean | undefined
}

/** Draws a scenario. */
export function createScenario(random: Random, wish: ScenarioWish): Scenario {
  const validators = wish.validators ?? random.pick([4, 4, 4, 4, 5, 6, 7])
  const all = [...Array(validators).keys()]
  const budget = faultsBorne(validators)
  const timing: Timing = { timeoutMs: 1000, idleMs: random.pick([300, 2000]), driftMs: 500 }
  const { byzantine, deadAtEnd, rotsAt, skewed, replaced } = drawRoles(random, all, budget, wish)
  const warmUpMs = random.pick([0, 500, 1500])
  const healMs = warmUpMs + random.between(2000, 7000)
  const delayMs = random.pick([1, 5, 20, 50])
  const isLossy = random.chance(0.5)
  const rate = (most: number): number => (isLossy && random.chance(0.5) ? (most * random.below(100)) / 100 : 0)
  const clocks = random.fork(1)
  const skew = random.pick([0, 0, 20, timing.driftMs / 2])
  return {
    validators,
    timing,
    network: { delayMs, jitterMs: random.pick([0, delayMs, 2 * delayMs]), redialMs: random.pick([20, 200, 1000]) },
    faultRates: {
      breakRate: rate(0.02),
      lossRate: rate(0.1),
      duplicateRate: rate(0.1),
      reorderRate: rate(0.05),
    },
    byzantine,
    deadAtEnd,
    rotsAt,
    skewMs: all.map(node =>
      skewed.has(node) ? clocks.pick([-5000, -1000, 1000, 5000]) : clocks.below(2 * skew + 1) - skew,
    ),
    diskMs: random.chance(0.7) ? all.map(() => 0) : all.map(() => random.pick([0, 1, 5, 20])),
    executeMs: random.pick([0, 0, 0, 2, 10]),
    retryMs: random.pick([50, 100, 200]),
    announceMs: random.pick([200, 400]),
    warmUpMs,
    healMs,
    faults: drawFaults(random.fork(2), all, warmUpMs, healMs, replaced, wish.fault),
    submissions: drawSubmissions(random.fork(3), validators, healMs),
    clientsRepeat: wish.clientsRepeat ?? random.chance(0.6),
  }
}

interface Roles {
  readonly byzantine: ReadonlyMap<number, AdversaryName>
  readonly deadAtEnd: readonly number[]
  readonly rotsAt: ReadonlyMap<number, number>
  readonly skewed: ReadonlySet<number>
  readonly replaced: readonly number[]
}

/** Deals out at most f heavy faults, one for each validator concerned. */
function drawRoles(random: Random, all: readonly number[], budget: number, wish: ScenarioWish): Roles {
  const byzantine = new Map<number, AdversaryName>()
  const deadAtEnd: number[] = []
  const rotsAt = new Map<number, number>()
  const skewed = new Set<number>()
  const replaced: number[] = []
  const isByzantine = random.chance(0.6) && !wish.isHonest
  const heavy = random.shuffle(all).slice(0, wish.byzantine ?? (random.chance(0.2) ? 0 : budget))
  for (const node of heavy) {
    if (wish.byzantine !== undefined || wish.adversary || (isByzantine && !wish.fault && !wish.rots)) {
      byzantine.set(node, wish.adversary ?? random.pick(adversaryNames))
    } else if (wish.fault === 'replaceStore') replaced.push(node)
    else if (wish.rots) rotsAt.set(node, random.between(1, 4))
    else {
      const part = random.below(10)
      if (part < 3) deadAtEnd.push(node)
      else if (part < 4) rotsAt.set(node, random.between(1, 8))
      else if (part < 5) skewed.add(node)
      else if (part < 8) replaced.push(node)
    }
  }
  return { byzantine, deadAtEnd, rotsAt, skewed, replaced }
}

const faultTypes: readonly Fault['type'][] = [
  'crash',
  'crash',
  'crashAtBoundary',
  'crashAtBoundary',
  'crashAtBoundary',
  'cut',
  'cut',
  'followLeader',
  'breakStream',
  'slow',
  'jumpClock',
]

function drawFaults(
  random: Random,
  all: readonly number[],
  from: number,
  until: number,
  replaced: readonly number[],
  wished: Fault['type'] | undefined,
): Fault[] {
  const faults: Fault[] = []
  for (const node of replaced) {
    const at = from + Math.floor((until - from) * (0.2 + random.below(50) / 100))
    const lastsMs = random.between(500, 3000)
    faults.push({ type: 'replaceStore', at, lastsMs, node, isEmpty: random.chance(0.5), rejoins: random.chance(0.7) })
  }
  const themes = random.shuffle(faultTypes).slice(0, random.between(1, 4))
  if (wished && wished !== 'replaceStore') themes.push(wished, wished, wished)
  const count = random.between(1, 8)
  for (let i = 0; i < count; i++) {
    const at = random.between(from, until - 1)
    faults.push(drawFault(random, random.pick(themes), at, all))
  }
  return faults.sort((a, b) => a.at - b.at)
}

function drawFault(random: Random, type: Fault['type'], at: number, all: readonly number[]): Fault {
  const when = { at, lastsMs: random.pick([50, 300, 1000, 3000]) }
  const node = random.pick(all)
  const shuffled = random.shuffle(all)
  const kind: CrashKind = random.chance(0.7) ? 'power' : 'kill'
  switch (type) {
    case 'crash': {
      const count = random.pick([1, 1, 2, all.length - 1, all.length, all.length])
      return { ...when, type, nodes: shuffled.slice(0, count), kind }
    }
    case 'cut': {
      const split = random.between(1, all.length - 1)
      return { ...when, type, from: shuffled.slice(0, split), to: shuffled.slice(split), oneWay: random.chance(0.3) }
    }
    case 'followLeader':
      return { ...when, type }
    case 'breakStream':
      return { ...when, type, nodes: [shuffled[0] as number, shuffled[1] as number] }
    case 'slow':
      return {
        ...when,
        type,
        from: shuffled[0] as number,
        to: shuffled[1] as number,
        extraMs: random.between(50, 2000),
      }
    case 'jumpClock':
      return { ...when, type, node, ms: random.between(-200, 200) }
    case 'crashAtBoundary':
    case 'replaceStore':
      return { ...when, type: 'crashAtBoundary', node, boundaries: random.below(60), kind }
  }
}

/** A few clients with numbered records; some arrive before their predecessors, some numbers are used twice. */
function drawSubmissions(random: Random, validators: number, until: number): Submission[] {
  const clients = random.between(1, 3)
  const count = random.between(8, 24)
  const times = Array.from({ length: count }, () => random.between(0, until - 1)).sort((a, b) => a - b)
  for (let i = 0; i + 1 < count; i++) {
    if (random.chance(0.15)) [times[i], times[i + 1]] = [times[i + 1] as number, times[i] as number]
  }
  const next = Array<number>(clients).fill(1)
  const salt = random.uint32()
  return times.flatMap(at => {
    const client = random.below(clients)
    const number = next[client] as number
    next[client] = number + 1
    const nodes = random.shuffle([...Array(validators).keys()]).slice(0, random.pick([1, 1, 2, validators]))
    const first: Submission = { at, client, number, salt, nodes, gossips: random.chance(0.5) }
    if (!random.chance(0.03)) return [first]
    return [first, { ...first, at: at + random.below(500), salt: (salt + 1) >>> 0, gossips: false }]
  })
}
