// Small simulated runs by the thousand: a seed draws an experiment, and whatever checks it says what was wrong.
import { adversaryNames } from '../../../consensus/adversaries/index.ts'
import { Random } from '../../../consensus/simulator/random.ts'
import { faultsBorne } from '../../../proto/chain.ts'
import type { EngineRun } from '../engine.ts'
import type { Finding, Run } from '../history.ts'
import { type Manifest, manifestSchema } from '../manifest.ts'
import type { PlantedBug } from './planted.ts'
import { SimulatedRun } from './simulated-run.ts'

export interface LedgerScheduleOptions {
  /** Says what holds of a run. */
  readonly check: (run: Run) => readonly Finding[]
  readonly bug?: PlantedBug | undefined
  /** Takes the place of the experiment that the seed draws. */
  readonly manifest?: Manifest | undefined
  readonly print?: ((line: string) => void) | undefined
}

export interface LedgerScheduleResult {
  readonly seed: number
  /** Unknown where no token was decided, so that nothing was put to the test. */
  readonly outcome: 'pass' | 'fail' | 'unknown'
  readonly violations: readonly { readonly invariant: string; readonly text: string }[]
  readonly traceHash: string
  readonly manifest: Manifest
  readonly run: EngineRun
}

/** Runs one schedule with bank, auditors and users to its end. */
export function runLedgerSchedule(seed: number, options: LedgerScheduleOptions): LedgerScheduleResult {
  const { bug, print } = options
  const drawn = options.manifest ?? drawManifest(seed)
  const manifest = options.manifest === undefined && bug?.wish ? bug.wish(drawn) : drawn
  // in one schedule of four tokens expire while it runs
  const isShortLived = bug?.isShortLived ?? seed % 4 === 0
  const lifetime = isShortLived ? { payByMs: 1_500, settlementMs: 500 } : undefined
  const run = new SimulatedRun(manifest, { seed, bug, print, lifetime }).run()
  const broken = options.check(run).filter(({ verdict }) => verdict === 'broken')
  const bugs = run.history.flatMap(event => (event.type === 'bug' ? [`${event.node}: ${event.text}`] : []))
  const violations = [
    ...broken.map(({ invariant, evidence }) => ({ invariant: invariant as string, text: evidence[0] ?? '' })),
    ...bugs.map(text => ({ invariant: 'bug', text })),
  ]
  const isTested = run.history.some(event => event.type === 'record' && event.kind === 'tokenBlock')
  const outcome = violations.length > 0 ? 'fail' : isTested ? 'pass' : 'unknown'
  return { seed, outcome, violations, traceHash: run.traceHash!, manifest, run }
}

const asText = (ms: number): string => `${ms}ms`

/** Draws a small experiment: a handful of validators and users, few seconds, mixed faults, at most f of them heavy. */
function drawManifest(seed: number): Manifest {
  const random = new Random(seed).fork(77)
  const validators = random.pick([4, 4, 4, 5, 7])
  const auditors = random.pick([1, 2])
  const names = Array.from({ length: validators }, (_, index) => `v${index + 1}`)
  const heavy = random.shuffle(names).slice(0, faultsBorne(validators))
  const byzantine = random.chance(0.4) ? Object.fromEntries(heavy.map(name => [name, random.pick(adversaryNames)])) : {}
  const faultsMs = random.between(1_000, 2_500)
  const cheat = (): number => (random.chance(0.5) ? random.pick([0.05, 0.15]) : 0)
  const count = random.between(1, 5)
  const light = Array.from({ length: count }, () => drawFault(random, names, faultsMs, auditors))
  const store = Object.keys(byzantine).length === 0 && random.chance(0.4) ? drawStoreFault(random, heavy, faultsMs) : []
  return manifestSchema.parse({
    name: `schedule-${seed}`,
    title: `Schedule ${seed}`,
    network: {
      validators,
      auditors,
      byzantine,
      delay: asText(random.pick([1, 5, 20])),
      jitter: asText(random.pick([0, 5])),
    },
    load: {
      users: random.between(2, 3),
      vendors: 2,
      rate: random.between(6, 14),
      tokens: 3,
      blockSize: random.pick([4, 8, 16]),
      cheats: {
        doubleSpend: cheat(),
        altered: cheat(),
        forged: cheat(),
        doubleSelling: cheat(),
        twoVendors: cheat(),
      },
    },
    phases: { warmUp: '500ms', faults: asText(faultsMs), settle: '500ms' },
    faults: [...light, ...store],
  })
}

function drawStoreFault(random: Random, heavy: readonly string[], faultsMs: number): object[] {
  const at = asText(random.between(0, Math.floor(faultsMs / 2)))
  const nodes = heavy.slice(0, 1)
  const rejoin = random.chance(0.7)
  return [
    random.pick([
      { at, for: '800ms', wipe: { nodes, rejoin } },
      { at, for: '800ms', oldSnapshot: { nodes, rejoin } },
      { at, for: '800ms', flipBit: { nodes } },
    ]),
  ]
}

function drawFault(random: Random, names: readonly string[], faultsMs: number, auditors: number): object {
  const when = { at: asText(random.below(faultsMs)), for: asText(random.pick([60, 300, 1_000, 2_000])) }
  const node = random.pick(names)
  const shuffled = random.shuffle(names)
  const split = random.between(1, names.length - 1)
  const party = random.pick(['bank', 'auditor', auditors > 1 ? 'auditor-2' : 'auditor', 'vendor-1'])
  const rate = random.pick([0.02, 0.1, 0.3])
  const by = asText(random.pick([20, 200, 900]))
  return {
    ...when,
    ...random.pick([
      { kill: { nodes: party } },
      { kill: { nodes: party } },
      { powerLoss: { nodes: party } },
      { powerLoss: { nodes: party } },
      { powerLoss: { nodes: random.pick(['all', 'validators']) } },
      { pause: { nodes: random.pick([party, node]) } },
      { kill: { nodes: shuffled.slice(0, split) } },
      { killAtBoundary: { nodes: [node] } },
      { tornTail: { nodes: [node] } },
      { restart: { nodes: 'validators', rolling: random.chance(0.5) } },
      { loss: { rate } },
      { duplicate: { rate } },
      { reorder: { rate } },
      { delay: { by, jitter: '30ms', links: { of: [node] } } },
      { throttle: { links: 'all', kilobytesPerSecond: 20 } },
      { reset: { links: { of: [node] } } },
      { halfOpen: { links: { of: [node] } } },
      { flap: { links: { of: [node] }, down: '100ms', up: '150ms' } },
      { cut: { from: [node], to: shuffled.slice(0, split) } },
      { partition: { groups: [shuffled.slice(0, split), shuffled.slice(split)] } },
      { isolate: { nodes: [node] } },
      { bridge: { via: [shuffled[0]], sides: [shuffled.slice(1, split), shuffled.slice(split)] } },
      { followLeader: { every: '500ms' } },
      { slowCpu: { nodes: [node], share: 0.2 } },
      { clockSkew: { nodes: [node], by: random.pick(['+300ms', '-300ms']) } },
      { clockJump: { nodes: [node], by: random.pick(['+5s', '-5s']) } },
      { clockDrift: { nodes: [node], rate: 0.1 } },
      { revoke: { member: random.pick(['auditor', 'auditor', 'bank']) } },
      { flood: { by: random.pick(['auditor', 'stranger', 'validator']), perSecond: 60 } },
    ]),
  }
}
