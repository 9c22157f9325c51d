// What one seed of a campaign plays: a scenario of the simulator with other timings and with faulty validators of mixed kinds.
import { Random } from '../../consensus/simulator/random.ts'
import { createScenario, type Scenario, type ScenarioWish } from '../../consensus/simulator/scenario.ts'

/** Most schedules are small ones, where more of what can happen happens in the same time. */
function drawValidators(random: Random, sizes: readonly number[]): number {
  if (sizes.length > 0) return random.pick(sizes)
  const part = random.below(100)
  if (part < 70) return random.between(4, 7)
  return part < 92 ? random.between(8, 13) : random.between(14, 31)
}

/** Times in the proportion to the view timeout that the simulator draws them in. */
function withTimings(random: Random, scenario: Scenario): Scenario {
  const timeoutMs = random.pick([500, 1000, 1000, 2000])
  const scaled = (ms: number): number => Math.round((ms * timeoutMs) / scenario.timing.timeoutMs)
  const { delayMs, jitterMs } = scenario.network
  return {
    ...scenario,
    timing: { ...scenario.timing, timeoutMs, idleMs: Math.round(timeoutMs * random.pick([0.3, 1, 2])) },
    network: { ...scenario.network, delayMs: Math.max(1, scaled(delayMs)), jitterMs: scaled(jitterMs) },
  }
}

/** Some of several adversaries become validators that are dead at the end, or whose execution goes wrong. */
function withMixedRoles(random: Random, scenario: Scenario): Scenario {
  if (scenario.byzantine.size < 2 || random.chance(0.4)) return scenario
  const byzantine = new Map(scenario.byzantine)
  const deadAtEnd = [...scenario.deadAtEnd]
  const rotsAt = new Map(scenario.rotsAt)
  for (const node of [...byzantine.keys()].slice(1)) {
    const part = random.below(10)
    if (part >= 4) continue
    byzantine.delete(node)
    if (part < 3) deadAtEnd.push(node)
    else rotsAt.set(node, random.between(1, 8))
  }
  return { ...scenario, byzantine, deadAtEnd, rotsAt }
}

/** The scenario of a seed; `sizes` are the numbers of validators to choose from (4 to 31 where there are none). */
export function drawScenario(seed: number, sizes: readonly number[], wish: ScenarioWish = {}): Scenario {
  const random = new Random(seed).fork(100)
  const validators = drawValidators(random, sizes)
  const drawn = createScenario(random.fork(1), { validators, ...wish })
  return withMixedRoles(random.fork(2), withTimings(random.fork(3), drawn))
}
