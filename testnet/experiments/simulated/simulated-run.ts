// One simulated run of an experiment: validators, bank, auditors, vendors and users on one virtual clock, through its phases, from one seed.
import { type AdversaryName, isAdversaryName } from '../../../consensus/adversaries/index.ts'
import { Events } from '../../../consensus/simulator/events.ts'
import { Random } from '../../../consensus/simulator/random.ts'
import { Trace } from '../../../consensus/simulator/trace.ts'
import { tokenHistory } from '../../../node/ledger/queries.ts'
import { sha256Hex } from '../../../proto/hash.ts'
import type { EngineRun } from '../engine.ts'
import type { Seen } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import { SimulatedAuditor } from './auditor.ts'
import { Authority } from './authority.ts'
import { SimulatedBank } from './bank.ts'
import { Ending } from './ending.ts'
import { FaultRunner } from './faults.ts'
import { Flood } from './flood.ts'
import { createLedgerFactory } from './ledger-application.ts'
import type { LedgerAccess } from './ledger-client.ts'
import type { LinkFault } from './link-faults.ts'
import { auditorName, membersOf } from './parties.ts'
import type { Letter, Party, PartyWorld } from './party.ts'
import type { PlantedBug } from './planted.ts'
import { nodeName, Recorder } from './recorder.ts'
import { Sessions } from './sessions.ts'
import { type Market, User, Vendor } from './shop.ts'
import { Validators } from './validators.ts'

export interface RunOptions {
  readonly seed: number
  readonly bug?: PlantedBug | undefined
  readonly print?: ((line: string) => void) | undefined
  /** From issue to payBy, and from there to expiry, in milliseconds. */
  readonly lifetime?: { readonly payByMs: number; readonly settlementMs: number } | undefined
}

const hourMs = 3_600_000
const startMoney = 1_000_000_000n
const eventsMax = 50_000_000
const stepMs = 250
/** How long settling may take beyond what the experiment gives it, in milliseconds. */
const settlingMaxMs = 60_000

export class SimulatedRun {
  readonly #manifest: Manifest
  readonly #options: RunOptions
  readonly #events = new Events()
  readonly #random: Random
  readonly #trace: Trace
  readonly #recorder: Recorder
  readonly #validators: Validators
  readonly #faults: FaultRunner
  readonly #parties = new Map<string, Party>()
  readonly #bank: SimulatedBank
  readonly #auditors: readonly SimulatedAuditor[]
  readonly #users: readonly User[]
  readonly #authority: Authority
  readonly #sessions: Sessions | undefined
  readonly #market: Market
  readonly #letterFaults = new Set<LinkFault>()
  readonly #post: Random
  readonly #complaints = new Set<string>()
  #isOpen = true

  constructor(manifest: Manifest, options: RunOptions) {
    this.#manifest = manifest
    this.#options = options
    this.#random = new Random(options.seed)
    this.#trace = new Trace(options.print)
    this.#post = this.#random.fork(5)
    const { network, load } = manifest
    const auditors = Array.from({ length: network.auditors }, (_, index) => auditorName(index))
    const vendors = Array.from({ length: load.vendors }, (_, index) => `vendor-${index + 1}`)
    this.#recorder = new Recorder({
      now: () => this.#events.now,
      auditors,
      stateOf: node => this.#validators.stateOf(node),
    })
    this.#validators = this.#createValidators()
    this.#market = this.#createMarket(auditors, vendors)
    const world = this.#partyWorld()
    const access: LedgerAccess = {
      keyring: this.#validators.keyring,
      validators: network.validators,
      timeoutMs: network.timeout,
      calls: this.#recorder.calls,
    }
    const { genesis } = this.#validators
    const { bug } = options
    const diskMs = this.#random.pick([1, 4, 12])
    this.#bank = this.#add(
      new SimulatedBank(world, this.#random.fork(100), access, {
        diskMs,
        genesis,
        switches: bug?.bank ?? {},
        ...(options.lifetime ?? { payByMs: hourMs, settlementMs: hourMs }),
      }),
    )
    this.#auditors = auditors.map((name, index) =>
      this.#add(
        new SimulatedAuditor(name, world, this.#random.fork(110 + index), access, {
          diskMs,
          blockSize: load.blockSize,
          genesis,
          switches: bug?.auditor ?? {},
        }),
      ),
    )
    this.#authority = this.#add(new Authority(world, this.#random.fork(101), access, genesis))
    for (const [index, name] of vendors.entries())
      this.#add(new Vendor(name, world, this.#random.fork(200 + index), this.#market))
    this.#users = Array.from({ length: load.users }, (_, index) =>
      this.#add(new User(index, world, this.#random.fork(300 + index), this.#market)),
    )
    this.#sessions = this.#createSessions(world, access, diskMs)
    this.#faults = this.#createFaults()
  }

  #createSessions(world: PartyWorld, access: LedgerAccess, diskMs: number): Sessions | undefined {
    const load = this.#manifest.load.sessions
    if (!load) return undefined
    const book = { load, services: new Map(), see: (seen: Seen) => this.#recorder.see(seen) }
    const options = { diskMs, genesis: this.#validators.genesis, book }
    const sessions = new Sessions(world, this.#random.fork(8), access, options, this.#options.bug?.till ?? {})
    for (const party of sessions.parties) this.#add(party)
    return sessions
  }

  #add<P extends Party>(party: P): P {
    this.#parties.set(party.name, party)
    return party
  }

  #createValidators(): Validators {
    const { network } = this.#manifest
    const { bug, seed } = this.#options
    const byzantine = new Map<number, AdversaryName>()
    for (const [name, adversary] of Object.entries(network.byzantine)) {
      const index = Number(name.slice(1)) - 1
      if (index >= 0 && index < network.validators && isAdversaryName(adversary)) byzantine.set(index, adversary)
    }
    return new Validators({
      seed,
      count: network.validators,
      byzantine,
      timing: { timeoutMs: network.timeout, idleMs: 2_000, driftMs: 500 },
      delayMs: Math.max(1, network.delay),
      jitterMs: network.jitter,
      redialMs: this.#redialMs,
      diskMs: this.#random.pick([0, 0, 1, 3]),
      executeMs: this.#random.pick([0, 0, 1]),
      events: this.#events,
      random: this.#random.fork(1),
      trace: this.#trace,
      factory: createLedgerFactory(membersOf(network.auditors), bug?.ledger ?? {}),
      observe: observation => this.#recorder.observe(observation),
      complain: (node, error) => this.#complain(nodeName(node), error),
      tell: (node, client, certified) => this.#deliver(nodeName(node), client, { type: 'blocks', certified }),
    })
  }

  get #redialMs(): number {
    return Math.min(200, this.#manifest.network.timeout)
  }

  #complain(node: string, error: unknown): void {
    const text = error instanceof Error ? error.message : String(error)
    // what goes wrong again and again is told once
    if (this.#complaints.has(`${node} ${text}`)) return
    this.#complaints.add(`${node} ${text}`)
    this.#recorder.see({ type: 'bug', node, text })
  }

  #createMarket(auditors: readonly string[], vendors: readonly string[]): Market {
    return {
      purchases: new Map(),
      auditors,
      vendors,
      load: this.#manifest.load,
      isOpen: () => this.#isOpen,
      closed: ({ user, vendor, digest, payment, behaviour, waited, outcome, waitedMs }) =>
        this.#recorder.see({
          type: 'payment',
          user,
          vendor,
          payment: digest,
          tokens: payment.tokens.length,
          behaviour,
          outcome: outcome ?? 'unknown',
          waited,
          waitedMs,
        }),
      isUnspent: ({ group, index }) => {
        const known = tokenHistory(this.#bestState(), group.bank, group.publication, index)
        return known !== undefined && known.consumed === undefined
      },
    }
  }

  /** The state of the honest validator that has come furthest. */
  #bestState() {
    const honest = this.#validators.nodes.filter(({ index }) => this.#validators.isHonest(index))
    return honest.map(({ index }) => this.#validators.stateOf(index)).reduce((a, b) => (b.height > a.height ? b : a))
  }

  #partyWorld(): PartyWorld {
    return {
      events: this.#events,
      post: (from, to, letter) => this.#deliver(from, to, letter),
      note: (name, kind, about) => {
        this.#trace.event(this.#events.now, -2, kind, name, about)
        if (kind === 'starts' || kind === 'crashes') {
          const state = kind === 'starts' ? 'starts' : 'ends'
          this.#recorder.see({ type: 'life', node: name, state, code: undefined })
        } else this.#complain(name, `${kind} ${about ?? ''}`)
      },
      complain: (name, error) => this.#complain(name, error),
    }
  }

  /** Letters take a few milliseconds, and come in any order. */
  #deliver(from: string, to: string, letter: Letter): void {
    const faults = [...this.#letterFaults]
    const rate = (of: (fault: LinkFault) => number | undefined): number =>
      Math.max(0, ...faults.map(each => of(each) ?? 0))
    const lossRate = rate(({ lossRate: lost }) => lost)
    const duplicateRate = rate(({ duplicateRate: repeated }) => repeated)
    const extraMs = faults.reduce((sum, each) => sum + (each.extraMs ?? 0), 0)
    if (lossRate > 0 && this.#post.chance(lossRate)) return
    const copies = duplicateRate > 0 && this.#post.chance(duplicateRate) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      const delayMs = 1 + this.#manifest.network.delay + extraMs + this.#post.below(4 + this.#manifest.network.jitter)
      this.#events.after(delayMs, () => this.#arrive(from, to, letter))
    }
  }

  #arrive(from: string, to: string, letter: Letter): void {
    this.#trace.event(this.#events.now, -3, letter.type, from, to)
    const party = this.#parties.get(to)
    if (party) party.receive(from, letter)
    else if (/^v\d+$/.test(to)) {
      const node = Number(to.slice(1)) - 1
      if (letter.type === 'submit') this.#validators.nodes[node]?.submit(letter.bytes, true)
      if (letter.type === 'follow') this.#validators.follow(node, from, letter.from)
    }
  }

  #createFaults(): FaultRunner {
    const { nodes, network } = this.#validators
    return new FaultRunner({
      manifest: this.#manifest,
      events: this.#events,
      network,
      nodes,
      adversaries: new Set(nodes.map(({ index }) => index).filter(index => !this.#validators.isHonest(index))),
      parties: [...this.#parties.values()].filter(
        ({ name }) => name === 'bank' || /^(auditor|vendor|till|client)/.test(name),
      ),
      random: this.#random.fork(4),
      flood: new Flood({
        events: this.#events,
        network,
        validators: nodes.length,
        random: this.#random.fork(6),
        post: (from, to, letter) => this.#deliver(from, to, letter),
      }),
      revoke: member => this.#authority.revoke(member),
      troubleLetters: fault => {
        this.#letterFaults.add(fault)
        return () => this.#letterFaults.delete(fault)
      },
      see: seen => this.#recorder.see(seen),
    })
  }

  /** Runs through all phases to the end at once. */
  run(): EngineRun {
    const steps = this.steps()
    for (;;) {
      const { done, value } = steps.next()
      if (done) return value
    }
  }

  /** Runs through all phases, and says now and then how far it is, in virtual milliseconds. */
  *steps(): Generator<number, EngineRun> {
    const { phases, load } = this.#manifest
    for (const node of this.#validators.nodes) node.start(false)
    for (const party of this.#parties.values()) party.start()
    for (const { name } of [...this.#users, ...this.#auditors]) this.#bank.open(name, startMoney)
    for (const name of this.#market.vendors) this.#bank.open(name, 0n)
    for (const [account, money] of this.#sessions?.deposits ?? []) this.#bank.open(account, money)
    this.#recorder.see({ type: 'phase', phase: 'warmUp' })
    this.#sample()
    this.#returnNowAndThen(load.users)
    yield* this.#until(phases.warmUp)
    this.#recorder.see({ type: 'phase', phase: 'faults' })
    this.#faults.begin()
    yield* this.#until(phases.warmUp + phases.faults)
    this.#faults.healAll()
    this.#recorder.see({ type: 'phase', phase: 'healed' })
    yield* this.#until(phases.warmUp + phases.faults + phases.settle)
    this.#isOpen = false
    const ending = this.#ending()
    yield* this.#settle(ending)
    this.#recorder.see({ type: 'phase', phase: 'settled' })
    this.#catchUp()
    ending.tell()
    this.#recorder.see({ type: 'phase', phase: 'ends' })
    return this.#result()
  }

  *#until(endMs: number): Generator<number, void> {
    while (this.#events.now < endMs) {
      this.#events.runUntil(Math.min(endMs, this.#events.now + stepMs), () => false, eventsMax)
      yield this.#events.now
    }
  }

  /** Some users give tokens back in the midst of it, some of them one that they spent. */
  #returnNowAndThen(users: number): void {
    const chance = this.#random.fork(7)
    const total = this.#manifest.phases.warmUp + this.#manifest.phases.faults
    for (let i = 0; i < Math.min(users, 8); i++)
      this.#events.at(chance.below(total), () => {
        const user = chance.pick(this.#users)
        user.giveBack(chance.between(1, 4), chance.chance(0.3))
      })
  }

  #sample(): void {
    for (const node of this.#validators.nodes) {
      if (!this.#validators.isHonest(node.index)) continue
      const state = node.isPaused ? 'paused' : node.signing
      this.#recorder.see({
        type: 'sample',
        node: nodeName(node.index),
        height: node.tip.block.header.height,
        view: node.view,
        state,
        rssBytes: undefined,
        descriptors: undefined,
        pending: node.pendingRecords,
      })
    }
    this.#events.after(2 * stepMs, () => this.#sample())
  }

  /** Queues are flushed, returns made, redemptions and transfers brought to their end. */
  *#settle(ending: Ending): Generator<number, void> {
    const { each = 0, lasts = 0, window = 0 } = this.#manifest.load.sessions ?? {}
    const end = this.#events.now + settlingMaxMs + each * (lasts + window)
    for (const user of this.#users.slice(0, Math.ceil(this.#users.length / 2))) user.giveBack(6, false)
    let isSettled = false
    while (!isSettled && this.#events.now < end) {
      for (const auditor of this.#auditors) if (auditor.isUp) auditor.flush()
      yield* this.#until(this.#events.now + 2 * stepMs)
      isSettled = ending.isSettled
    }
    this.#bank.expireDue(ending.close())
    yield* this.#until(this.#events.now + stepMs)
  }

  /** Sound nodes come to the same height. */
  #catchUp(): void {
    const sound = this.#soundNodes()
    const heights = () => sound.map(index => this.#validators.nodes[index]!.tip.block.header.height)
    const wanted = Math.max(0, ...heights())
    const end = this.#events.now + 4 * this.#manifest.network.timeout
    const isDone = (): boolean => heights().every(height => height >= wanted && height === heights()[0])
    this.#events.runUntil(end, isDone, eventsMax)
  }

  #soundNodes(): number[] {
    const { lost } = this.#faults
    return this.#validators.nodes
      .map(({ index }) => index)
      .filter(index => this.#validators.isHonest(index) && !lost.includes(nodeName(index)))
  }

  #ending(): Ending {
    return new Ending({
      events: this.#events,
      recorder: this.#recorder,
      validators: this.#validators,
      bank: this.#bank,
      auditors: this.#auditors,
      users: this.#users,
      market: this.#market,
      bestState: () => this.#bestState(),
      sessions: this.#sessions,
    })
  }

  #result(): EngineRun {
    const { nodes } = this.#validators
    const history = this.#recorder.history
    return {
      engine: 'simulated',
      validators: nodes.map(({ index }) => nodeName(index)),
      adversaries: nodes.filter(({ index }) => !this.#validators.isHonest(index)).map(({ index }) => nodeName(index)),
      lost: this.#faults.lost,
      timeoutMs: this.#manifest.network.timeout,
      redialCapMs: this.#redialMs,
      history,
      seed: this.#options.seed,
      traceHash: sha256Hex(Buffer.from(`${this.#trace.digest()}${JSON.stringify(history)}`)),
      startedAt: undefined,
      durationMs: this.#events.now,
    }
  }
}
