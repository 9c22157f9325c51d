// Network faults drawn from a seed, one after the other, none of them such that the network could not go on afterwards.
import type { SeededRandom } from '../../random.ts'
import type { Action, Fault } from '../manifest.ts'

/** How long a fault lasts, and how long nothing is wrong after it, in milliseconds. */
const lastsMs = { least: 1_000, most: 8_000 }
const quietMs = { least: 500, most: 4_000 }

const shuffled = <T>(list: readonly T[], random: SeededRandom): T[] =>
  list
    .map(item => ({ item, rank: random.word() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item)

function drawAction(validators: readonly string[], random: SeededRandom): Action {
  const mixed = shuffled(validators, random)
  const [one, two] = mixed as [string, string]
  const middle = Math.max(1, Math.floor(mixed.length / 2))
  const links = random.pick<Extract<Action, { action: 'delay' }>['links']>([
    'all',
    { of: [one] },
    { between: [one, two] },
  ])
  const draws: readonly (() => Action)[] = [
    () => ({ action: 'delay', links, by: random.integer(20, 600), jitter: random.integer(0, 200) }),
    () => ({ action: 'throttle', links, kilobytesPerSecond: random.integer(4, 200) }),
    () => ({ action: 'reset', links }),
    () => ({ action: 'halfOpen', links }),
    () => ({ action: 'flap', links, down: random.integer(50, 1_500), up: random.integer(50, 1_500) }),
    () => ({ action: 'cut', from: [one], to: [two] }),
    () => ({ action: 'partition', groups: [mixed.slice(0, middle), mixed.slice(middle)] }),
    () => ({ action: 'isolate', nodes: [random.pick([one, 'leader'])] }),
    () => ({ action: 'bridge', via: [one], sides: [mixed.slice(1, middle + 1), mixed.slice(middle + 1)] }),
    () => ({ action: 'followLeader', looksEvery: random.integer(200, 1_000) }),
  ]
  return random.pick(draws)()
}

/** Faults that fill a phase of this length. */
export function randomNetworkFaults(validators: number, phaseMs: number, random: SeededRandom): Fault[] {
  const names = Array.from({ length: validators }, (_, index) => `v${index + 1}`)
  const faults: Fault[] = []
  for (let at = random.integer(quietMs.least, quietMs.most); at < phaseMs; ) {
    const action = drawAction(names, random)
    const lasts = action.action === 'reset' ? undefined : random.integer(lastsMs.least, lastsMs.most)
    faults.push({ at, lasts, every: undefined, ...action } as Fault)
    // some begin while the one before still lasts
    at += random.fraction() < 0.3 ? quietMs.least : (lasts ?? 0) + random.integer(quietMs.least, quietMs.most)
  }
  return faults
}
