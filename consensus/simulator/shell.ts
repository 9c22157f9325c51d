// One simulated validator around a machine: verifies what comes in, performs effects in their order, keeps a disk, answers peers.
// It does what the node's loop does, and can lose power between any two effects.
import { leaderOf } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Observed } from '../invariants/invariant.ts'
import type { Effect, FinalBlock, Input, Message } from '../types.ts'
import type { Application } from './application.ts'
import { Clock } from './clock.ts'
import { Disk, emptyStore, type Store } from './disk.ts'
import { Exchange } from './exchange.ts'
import { Executor } from './executor.ts'
import { LastSent } from './last-sent.ts'
import type { Machine } from './machine.ts'
import type { Wire } from './network.ts'
import type { Random } from './random.ts'
import { type CrashKind, createVerifier, type ShellOptions, type ShellWorld, type Verifier } from './shell-world.ts'
import type { Part } from './trace.ts'
import { traceInput } from './trace-input.ts'

const questionsPerLife = 1_000_000

export class Shell {
  readonly index: number
  readonly disk: Disk
  readonly random: Random
  readonly #world: ShellWorld
  readonly #options: ShellOptions
  readonly #verifier: Verifier
  readonly #clock: Clock
  #machine: Machine | undefined
  #executor: Executor | undefined
  #exchange: Exchange | undefined
  /** Rises with every crash: what was to happen before does not. */
  #life = 0
  #isBusy = false
  #queue: (() => void)[] = []
  #isDraining = false
  /** While paused: what time brought meanwhile. */
  #asleep: (() => void)[] | undefined
  /** On top of what a write and an execution take. */
  #slownessMs = 0
  /** What left this node in the newest view in which it signed something. */
  readonly lastSent = new LastSent()
  /** Persists and sends left until the planned crash. */
  #boundariesLeft: number | undefined
  #plannedCrash: ((node: Shell) => void) | undefined

  constructor(world: ShellWorld, options: ShellOptions) {
    this.#world = world
    this.#options = options
    this.#verifier = createVerifier(world.keyring, options.switches)
    this.index = options.index
    this.random = options.random
    this.#clock = new Clock({
      events: world.events,
      skewMs: options.skewMs,
      later: (ms, run) => this.#later(ms, run),
      ring: () => this.#enqueue(() => this.#input({ type: 'timer' }, undefined)),
    })
    this.disk = new Disk(emptyStore(world.genesis, world.factory.genesis.state))
  }

  get isUp(): boolean {
    return this.#machine !== undefined
  }

  /** What an empty store begins with. */
  get genesisState(): object {
    return this.#world.factory.genesis.state
  }

  get tip(): FinalBlock {
    return this.disk.synced.tip
  }

  get signing(): ReturnType<Machine['signing']> | 'down' {
    return this.#machine?.signing() ?? 'down'
  }

  get view(): number {
    return this.#machine?.view() ?? 0
  }

  /** True where the record stands in this node's final chain. */
  hasDecided(record: Digest): boolean {
    return this.disk.synced.chain.some(({ block }) => block.records.includes(record))
  }

  #later(ms: number, run: () => void): void {
    const life = this.#life
    this.#world.events.after(ms, () => {
      if (this.#life !== life || !this.isUp) return
      if (this.#asleep) this.#asleep.push(run)
      else run()
    })
  }

  readonly #trace = (kind: string, first?: Part, second?: Part, third?: Part, fourth?: Part): void =>
    this.#world.trace.event(this.#world.events.now, this.index, kind, first, second, third, fourth)

  #observe(observation: Observed): void {
    if (!this.#world.isHonest(this.index)) return
    this.#world.observe({ ...observation, at: this.#world.events.now, node: this.index })
  }

  /** Starts from what the disk holds. */
  start(rejoin: boolean): void {
    const { synced } = this.disk
    const { tip, certificate, journal, state, records } = synced
    const restored = { tip, certificate, journal: [...journal], rejoin }
    const app = this.#world.factory.create({
      tip,
      state,
      records: records.values(),
      rotsAt: this.#options.rotsAt,
      node: this.index,
    })
    const machine = this.#options.create(this.#options.config, restored)
    const executor = this.#createExecutor(app)
    this.#machine = machine
    this.#executor = executor
    this.#exchange = this.#createExchange(machine, app, executor)
    this.#trace('starts', tip.block.header.height, rejoin ? 'rejoin' : '')
    this.#observe({ type: 'restarts' })
    this.#enqueue(() => this.#input({ type: 'start' }, undefined))
    this.#enqueue(() => this.#executor?.tellWork())
    this.#world.network.nodeUp(this.index)
  }

  #createExecutor(app: Application): Executor {
    return new Executor(this.#world, this.#options, {
      disk: this.disk,
      app,
      send: (to, wire) => this.#send(to, wire),
      later: (ms, run) => this.#later(ms, run),
      queue: run => this.#queue.push(run),
      input: (input, origin) => this.#input(input, origin),
      fetchRecord: (digest, hint) => this.#exchange?.fetchRecord(digest, hint),
      trace: this.#trace,
      observe: observation => this.#observe(observation),
    })
  }

  #createExchange(machine: Machine, app: Application, executor: Executor): Exchange {
    const { disk, random } = this
    return new Exchange(
      this.#world,
      this.#options,
      {
        disk,
        random,
        machine,
        app,
        verifier: this.#verifier,
        isBusy: () => this.#isBusy,
        send: (to, wire) => this.#send(to, wire),
        later: (ms, run) => this.#later(ms, run),
        input: (input, origin) => this.#input(input, origin),
        takeRecord: bytes => executor.takeRecord(bytes),
        commit: (blocks, certificate) => executor.commit(blocks, certificate),
        trace: this.#trace,
      },
      this.#life * questionsPerLife,
    )
  }

  /** Ends at once. Power loss takes unsynced writes with it, a killed process leaves them to the system. */
  crash(kind: CrashKind): void {
    if (!this.isUp) return
    this.#trace('crashes', kind)
    this.#observe({ type: 'crashes' })
    this.#life++
    this.#machine = undefined
    this.#executor?.end()
    this.#executor = undefined
    this.#exchange = undefined
    this.#clock.arm(undefined)
    this.#isBusy = false
    this.#asleep = undefined
    this.#queue = []
    this.#boundariesLeft = undefined
    this.#world.network.nodeDown(this.index)
    if (kind === 'power') this.disk.losePower(this.random)
    else this.disk.sync()
  }

  /** Puts an old or empty store in place of the one that is there. Only while down. */
  replaceStore(store: Store): void {
    this.disk.replace(store)
    this.#observe({ type: 'forgets' })
  }

  /** Calls back after so many more persists and sends, between two effects. */
  planCrash(boundaries: number, crash: (node: Shell) => void): void {
    this.#boundariesLeft = boundaries
    this.#plannedCrash = crash
  }

  /** True where the node is down now. */
  #crossesBoundary(): boolean {
    if (this.#boundariesLeft === undefined || this.#boundariesLeft-- > 0) return !this.isUp
    this.#boundariesLeft = undefined
    this.#plannedCrash?.(this)
    return true
  }

  /** Records that wait to be decided. */
  get pendingRecords(): number {
    return this.#executor?.pendingRecords ?? 0
  }

  get isPaused(): boolean {
    return this.#asleep !== undefined
  }

  /** Stops in its tracks: what comes in waits, timers included. */
  pause(): void {
    if (this.isUp) this.#asleep ??= []
  }

  /** Goes on, with everything that waited at once. */
  resume(): void {
    const runs = this.#asleep ?? []
    const life = this.#life
    this.#asleep = undefined
    for (const run of runs) if (this.#life === life) run()
    this.#drain()
  }

  /** Makes every synced write and every execution take so much longer from now on. */
  slow(ms: number): void {
    this.#slownessMs = ms
  }

  /** Sets the local clock forward or back. */
  jumpClock(ms: number): void {
    this.#clock.jump(ms)
  }

  /** A client's record arrives here: kept, told to the machine, and gossiped on. */
  submit(bytes: Uint8Array, gossips: boolean): void {
    if (!this.isUp) return
    this.#enqueue(() => {
      this.#executor?.takeRecord(bytes)
      if (!gossips) return
      for (let peer = 0; peer < this.#world.size; peer++) this.#send(peer, { type: 'record', bytes })
    })
  }

  linkUp(peer: number): void {
    this.#enqueue(() => this.#input({ type: 'linkUp', peer }, peer))
  }

  receive(from: number, wire: Wire): void {
    this.#enqueue(() => this.#take(from, wire))
  }

  #enqueue(run: () => void): void {
    this.#queue.push(run)
    this.#drain()
  }

  #drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    const life = this.#life
    while (this.isUp && this.#life === life && !this.#isBusy && !this.#asleep) {
      const run = this.#queue.shift()
      if (!run) break
      try {
        run()
      } catch (error) {
        this.#world.complain(this.index, error)
      }
    }
    this.#isDraining = false
  }

  #take(from: number, wire: Wire): void {
    switch (wire.type) {
      case 'message':
        this.#takeMessage(from, wire.message)
        break
      case 'announce':
        for (const digest of wire.digests) this.#exchange?.fetchRecord(digest, from)
        break
      case 'record':
        this.#executor?.takeRecord(wire.bytes)
        break
      case 'ask':
        this.#exchange?.answer(from, wire.id, wire.ask)
        break
      case 'answer':
        this.#exchange?.takeAnswer(from, wire.id, wire.answer)
    }
  }

  #takeMessage(from: number, message: Message): void {
    if (!this.#machine?.isWanted(message)) return
    switch (message.type) {
      case 'proposal':
        if (this.#verifier.proposal(message.proposal)) {
          this.#input({ type: 'proposal', from, proposal: message.proposal }, from)
        }
        break
      case 'vote':
        if (this.#world.keyring.vote(message.vote)) this.#input({ type: 'vote', vote: message.vote }, from)
        break
      case 'certificate':
        if (this.#verifier.certificate(message.certificate)) {
          this.#input({ type: 'certificate', certificate: message.certificate }, from)
        }
    }
  }

  #input(input: Input, origin: number | undefined): void {
    const machine = this.#machine
    if (!machine) return
    if (this.#isBusy) {
      this.#queue.push(() => this.#input(input, origin))
      return
    }
    traceInput(this.#trace, input)
    const effects = machine.step(input, this.#clock.now, origin)
    this.#perform(effects, 0)
  }

  #perform(effects: readonly Effect[], first: number): void {
    const life = this.#life
    for (let i = first; i < effects.length; i++) {
      const effect = effects[i] as Effect
      if (effect.type === 'persist') {
        if (this.#crossesBoundary()) return
        const isUrgent = this.#write(effect)
        const diskMs = this.#options.diskMs + this.#slownessMs
        if (isUrgent && diskMs > 0) {
          this.#isBusy = true
          this.#later(diskMs, () => {
            this.#isBusy = false
            this.disk.sync()
            if (!this.#crossesBoundary()) this.#perform(effects, i + 1)
            this.#drain()
          })
          return
        }
        if (isUrgent) this.disk.sync()
        if (this.#crossesBoundary()) return
      } else this.#performOne(effect)
      if (this.#life !== life) return
    }
  }

  #write({ entries: wanted, urgent: wantedUrgent }: Extract<Effect, { type: 'persist' }>): boolean {
    const { persist, omitsBodies } = this.#options.switches
    const { entries, urgent } = persist?.(wanted, wantedUrgent) ?? { entries: wanted, urgent: wantedUrgent }
    const written = omitsBodies ? [] : entries.flatMap(entry => (entry.type === 'block' ? entry.block.records : []))
    const records = this.#executor?.bodiesOf(written) ?? []
    this.disk.write({ entries, records, commit: undefined })
    return urgent
  }

  #performOne(effect: Exclude<Effect, { type: 'persist' }>): void {
    switch (effect.type) {
      case 'send':
        this.#observeMessage(effect.message)
        this.#sendMessage(effect.to, effect.message)
        break
      case 'broadcast':
        this.#broadcast(effect.message)
        break
      case 'timer':
        this.#clock.arm(effect.at)
        break
      case 'build':
        this.#enqueueOwn(() => this.#executor?.build(effect.view, effect.parent))
        break
      case 'execute':
        this.#enqueueOwn(() => this.#executor?.execute(effect))
        break
      case 'fetchBlock':
        this.#exchange?.fetchBlock(effect.digest)
        break
      case 'fetchCertificate':
        this.#exchange?.fetchCertificate(effect.view)
        break
      case 'catchUp':
        this.#exchange?.catchUp(effect.certificate.view)
        break
      case 'commit':
        this.#executor?.commit(effect.blocks, effect.certificate)
        break
      case 'abandon':
        if (this.#world.isHonest(this.index)) this.#executor?.abandon(effect.digests)
        break
      case 'askHeldVotes':
        this.#exchange?.askHeldVotes()
        break
      case 'evidence':
        this.#trace('evidence', effect.evidence.validator)
        this.#observe({ type: 'accuses', validator: effect.evidence.validator })
        break
      case 'report':
        this.#trace(effect.event.type, 'view' in effect.event ? effect.event.view : undefined)
        this.#observe({ type: 'reports', event: effect.event })
    }
  }

  /** The shell's own answers come after the effects of the step that asked. */
  #enqueueOwn(run: () => void): void {
    const executeMs = this.#options.executeMs + this.#slownessMs
    if (executeMs > 0) this.#later(executeMs, () => this.#enqueue(run))
    else this.#queue.push(run)
  }

  #broadcast(message: Message): void {
    this.#observeMessage(message)
    const { size } = this.#world
    for (let step = 1; step < size; step++) {
      this.#sendMessage((this.index + step) % size, message)
      if (!this.isUp) return
    }
  }

  #sendMessage(to: number, message: Message): void {
    if (this.#crossesBoundary()) return
    this.#send(to, { type: 'message', message })
  }

  #send(to: number, wire: Wire): void {
    if (to !== this.index) this.#world.network.send(this.index, to, wire)
  }

  #observeMessage(message: Message): void {
    if (message.type === 'vote' && message.vote.signer === this.index) {
      const { kind, view, digest } = message.vote
      this.#trace(`> ${kind}`, view, digest)
      this.lastSent.vote(message.vote)
      this.#observe({ type: 'votes', vote: message.vote })
    } else if (
      message.type === 'proposal' &&
      leaderOf(message.proposal.block.header.view, this.#world.size) === this.index
    ) {
      this.lastSent.proposal(message.proposal)
      this.#trace('> proposal', message.proposal.block.header.view, message.proposal.block.digest)
      this.#observe({ type: 'proposes', proposal: message.proposal })
    }
  }
}
