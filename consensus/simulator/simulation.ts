// One schedule from one seed: warm-up, faults, then all faults stop and the network must decide a new record in time (I9). Everything
// that happens is decided by the seed; the trace hash tells whether it was (I13).
import { faultsBorne, genesisBlock } from '../../proto/chain.ts'
import { type Digest, digestOf } from '../../proto/hash.ts'
import { adversaries } from '../adversaries/index.ts'
import { createAgreement } from '../invariants/agreement.ts'
import type { Invariant, Observation, Violation } from '../invariants/invariant.ts'
import { boundOf, livenessText } from '../invariants/liveness.ts'
import { createOutcomes } from '../invariants/outcomes.ts'
import { createVotes } from '../invariants/votes.ts'
import type { CoreConfig, Restored } from '../types.ts'
import type { ApplicationFactory } from './application.ts'
import { Events } from './events.ts'
import { FaultInjector } from './fault-injector.ts'
import { Keyring } from './keyring.ts'
import { createMachine, type Machine, type Wrap, type WrapContext } from './machine.ts'
import { Network } from './network.ts'
import { Random } from './random.ts'
import { createScenario, type Scenario, type ScenarioWish } from './scenario.ts'
import { Shell } from './shell.ts'
import { epoch, type ShellSwitches, type ShellWorld } from './shell-world.ts'
import { toyApplication } from './toy.ts'
import { Trace } from './trace.ts'

/** A planted bug: what makes honest nodes misbehave, and what brings it out. */
export interface Bug {
  readonly name: string
  /** One line: what is wrong. */
  readonly summary: string
  readonly switches?: (validators: number) => ShellSwitches
  readonly wrap?: Wrap
  readonly wish?: ScenarioWish
}

export interface ScheduleOptions {
  readonly wish?: ScenarioWish
  /** Taken as it is instead of one that the seed draws; the seed still decides delays, losses, keys and what adversaries do. */
  readonly scenario?: Scenario
  readonly bug?: Bug
  /** Ed25519 instead of short keyed hashes. */
  readonly hasRealKeys?: boolean
  readonly application?: ApplicationFactory
  /** Gets each line of the trace. */
  readonly print?: (line: string) => void
}

export interface ScheduleResult {
  readonly seed: number
  /** Unknown where nothing was finalized before faults stopped, so that nothing was put to the test. */
  readonly outcome: 'pass' | 'fail' | 'unknown'
  readonly violations: readonly Violation[]
  readonly traceHash: string
  readonly events: number
  /** Highest height and view that an honest node reached. */
  readonly height: number
  readonly view: number
  /** Milliseconds from healing to the probe being final everywhere, and how many were allowed. */
  readonly recoveryMs: number | undefined
  readonly boundMs: number
  readonly scenario: Scenario
}

const probeClient = 1_000_000
/** How often it is looked whether the network has recovered, within the time for one block. */
const livenessSteps = 40
/** Messages, and with them events, grow with the square of the network. */
const eventsMaxOf = (validators: number): number => 300_000 * Math.max(1, Math.ceil((validators / 7) ** 2))

/** Runs one schedule to its end. */
export function runSchedule(seed: number, options: ScheduleOptions = {}): ScheduleResult {
  return new Simulation(seed, options).run()
}

class Simulation {
  readonly #seed: number
  readonly #random: Random
  readonly #scenario: Scenario
  readonly #events = new Events()
  readonly #trace: Trace
  readonly #network: Network
  readonly #factory: ApplicationFactory
  readonly #nodes: Shell[] = []
  readonly #faults: FaultInjector
  readonly #invariants: readonly Invariant[] = [createAgreement(), createOutcomes(), createVotes()]
  readonly #violations: Violation[] = []
  readonly #isOverloaded: boolean
  readonly #eventsMax: number
  #heightAtHealing = 0
  #recoveryMs: number | undefined
  #boundMs: number
  #ran = 0

  constructor(seed: number, { wish, scenario, bug, hasRealKeys, application, print }: ScheduleOptions) {
    this.#seed = seed
    this.#random = new Random(seed)
    const drawing = this.#random.fork(1)
    this.#scenario = scenario ?? createScenario(drawing, { ...bug?.wish, ...wish })
    this.#trace = new Trace(print)
    this.#factory = application ?? toyApplication
    const { validators, network } = this.#scenario
    this.#eventsMax = eventsMaxOf(validators)
    this.#boundMs = boundOf(this.#scenario)
    this.#isOverloaded = this.#scenario.byzantine.size > faultsBorne(validators)
    this.#network = new Network(this.#events, this.#random.fork(2), this.#host(), validators, network)
    this.#createNodes(bug, hasRealKeys ?? false)
    this.#faults = new FaultInjector({
      scenario: this.#scenario,
      events: this.#events,
      network: this.#network,
      nodes: this.#nodes,
      random: this.#random.fork(4),
      note: (kind, first, second) => this.#trace.event(this.#events.now, -1, kind, first, second),
    })
  }

  #host(): ConstructorParameters<typeof Network>[2] {
    return {
      isUp: node => this.#nodes[node]?.isUp ?? false,
      deliver: (from, to, wire) => this.#nodes[to]?.receive(from, wire),
      linkUp: (node, peer) => this.#nodes[node]?.linkUp(peer),
      note: (node, kind, peer) => this.#trace.event(this.#events.now, node, kind, peer),
    }
  }

  #createNodes(bug: Bug | undefined, hasRealKeys: boolean): void {
    const { validators, timing, skewMs, diskMs, executeMs, rotsAt, byzantine } = this.#scenario
    const networkId = digestOf('genesis', Buffer.from(`simulation ${this.#seed}`))
    const genesis = genesisBlock(networkId, this.#factory.genesis.stateRoot, epoch - 10_000)
    const keyring = new Keyring(networkId, validators, this.#random.fork(3), hasRealKeys)
    const switches = bug?.switches?.(validators) ?? {}
    const conspiracy = new WeakMap<object, 0 | 1>()
    const halves = [...Array(validators).keys()].map(() => (this.#random.chance(0.5) ? 1 : 0))
    const world: ShellWorld = {
      events: this.#events,
      network: this.#network,
      keyring,
      trace: this.#trace,
      factory: this.#factory,
      genesis,
      size: validators,
      retryMs: this.#scenario.retryMs,
      announceMs: this.#scenario.announceMs,
      observe: observation => this.#observe(observation),
      complain: (node, error) => {
        if (this.#isHonest(node)) this.#violate('contract', error instanceof Error ? error.message : String(error))
      },
      isHonest: node => this.#isHonest(node),
      trueOutcomes: new Map(),
    }
    for (let index = 0; index < validators; index++) {
      const adversary = byzantine.get(index)
      const wrap = adversary ? adversaries[adversary] : bug?.wrap
      const random = this.#random.fork(10 + index)
      const context = {
        random: random.fork(1),
        accomplices: new Set([...byzantine.keys()].filter(other => other !== index)),
        conspiracy,
        side: (peer: number) => halves[peer] as 0 | 1,
        create: createMachine,
      }
      this.#nodes.push(
        new Shell(world, {
          index,
          config: { network: networkId, validators, self: index, timing, signer: keyring.signer(index), genesis },
          random,
          create: wrap ? wrapped(wrap, context) : createMachine,
          switches: adversary ? {} : switches,
          skewMs: skewMs[index] ?? 0,
          diskMs: diskMs[index] ?? 0,
          executeMs,
          rotsAt: rotsAt.get(index),
        }),
      )
    }
  }

  #isHonest(node: number): boolean {
    return !this.#scenario.byzantine.has(node)
  }

  #observe(observation: Observation): void {
    if (observation.type === 'accuses' && !this.#isHonest(observation.validator)) return
    for (const invariant of this.#invariants) {
      const text = invariant.observe(observation)
      if (text !== undefined) this.#violate(invariant.name, text)
    }
  }

  #violate(invariant: string, text: string): void {
    this.#trace.event(this.#events.now, -1, 'VIOLATION', invariant, text)
    this.#violations.push({ invariant, at: this.#events.now, text })
  }

  run(): ScheduleResult {
    const { healMs, submissions } = this.#scenario
    for (const node of this.#nodes) node.start(false)
    for (const { at, client, number, salt, nodes, gossips } of submissions) {
      const bytes = this.#factory.createRecord(client, number, salt)
      for (const node of nodes) this.#events.at(at, () => this.#nodes[node]?.submit(bytes, gossips))
    }
    this.#faults.schedule()
    const isBroken = (): boolean => this.#violations.length > 0
    this.#ran += this.#events.runUntil(healMs, isBroken, this.#eventsMax)
    this.#heightAtHealing = this.#height()
    if (!isBroken()) this.#checkLiveness()
    if (this.#ran >= this.#eventsMax) this.#violate('bounded', `more than ${this.#eventsMax} events`)
    return this.#result()
  }

  #height(): number {
    return Math.max(
      ...this.#nodes.filter(({ index }) => this.#isHonest(index)).map(node => node.tip.block.header.height),
    )
  }

  /** Faults stop; a new record is submitted to one node; all honest nodes that are up must have it final in time, and sign. */
  #checkLiveness(): void {
    const { deadAtEnd, rotsAt, byzantine, submissions, clientsRepeat } = this.#scenario
    this.#faults.healAll()
    const sound = this.#nodes.filter(
      ({ index }) => !byzantine.has(index) && !deadAtEnd.includes(index) && !rotsAt.has(index),
    )
    if (clientsRepeat) {
      for (const { client, number, salt } of submissions) {
        this.#random.pick(sound).submit(this.#factory.createRecord(client, number, salt), false)
      }
    }
    const probe = this.#factory.createRecord(probeClient, 1, 0)
    const digest = this.#factory.digestOf(probe)
    this.#random.pick(sound).submit(probe, this.#random.chance(0.5))
    this.#awaitProbe(sound, digest)
  }

  /** The first block after healing has the time of one; the probe, where a backlog comes before it, that of several. */
  #awaitProbe(sound: readonly Shell[], probe: Digest): void {
    const { healMs } = this.#scenario
    const nextMs = this.#boundMs
    this.#boundMs = boundOf(this.#scenario, this.#blocksOf(sound))
    const isBroken = (): boolean => this.#violations.length > 0
    const isDone = (): boolean =>
      sound.every(node => node.hasDecided(probe) && (node.signing === 'may' || this.#faults.mayStayMute(node.index)))
    const isStuck = (): boolean => sound.some(({ tip }) => tip.block.header.height <= this.#heightAtHealing)
    for (let i = 1; ; i++) {
      const waitedMs = Math.ceil((nextMs * i) / livenessSteps)
      this.#ran += this.#events.runUntil(healMs + waitedMs, isBroken, this.#eventsMax - this.#ran)
      if (isDone()) this.#recoveryMs = waitedMs
      if (isBroken() || isDone()) return
      if (waitedMs < this.#boundMs && !(i === livenessSteps && isStuck())) continue
      if (!this.#isOverloaded) this.#violate('I9', livenessText(waitedMs, sound, probe))
      return
    }
  }

  /** Blocks that it may take until the probe is in one: whatever clients submitted and the most advanced node lacks may come first. */
  #blocksOf(sound: readonly Shell[]): number {
    const { createRecord, digestOf, blockRecordsMax } = this.#factory
    if (blockRecordsMax === undefined) return 1
    const decided = new Set<Digest>()
    for (const { disk } of sound) {
      for (const { block } of disk.synced.chain) for (const record of block.records) decided.add(record)
    }
    const records = this.#scenario.submissions.map(({ client, number, salt }) =>
      digestOf(createRecord(client, number, salt)),
    )
    const waiting = new Set(records.filter(record => !decided.has(record))).size
    return Math.ceil((waiting + 1) / blockRecordsMax)
  }

  #result(): ScheduleResult {
    const isUntested = this.#heightAtHealing === 0
    return {
      seed: this.#seed,
      outcome: this.#violations.length > 0 ? 'fail' : isUntested ? 'unknown' : 'pass',
      violations: this.#violations,
      traceHash: this.#trace.digest(),
      events: this.#ran,
      height: this.#height(),
      view: Math.max(...this.#nodes.filter(({ index }) => this.#isHonest(index)).map(({ view }) => view)),
      recoveryMs: this.#recoveryMs,
      boundMs: this.#boundMs,
      scenario: this.#scenario,
    }
  }
}

/** A machine factory whose every machine is wrapped anew. */
function wrapped(
  wrap: Wrap,
  context: Omit<WrapContext, 'config' | 'restored'>,
): (config: CoreConfig, restored: Restored) => Machine {
  return (config, restored) => wrap(context.create(config, restored), { ...context, config, restored })
}
