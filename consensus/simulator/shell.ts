// One simulated validator around a machine: verifies what comes in, performs effects in their order, keeps a disk, answers peers.
// It does what the node's loop does, and can lose power between any two effects.
import { type Certificate, leaderOf } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Observation } from '../invariants/invariant.ts'
import type { Effect, FinalBlock, Input, Message } from '../types.ts'
import type { Application } from './application.ts'
import { Disk, emptyStore, type Store } from './disk.ts'
import { Exchange } from './exchange.ts'
import { LastSent } from './last-sent.ts'
import type { Machine } from './machine.ts'
import type { Wire } from './network.ts'
import type { Random } from './random.ts'
import {
  type CrashKind,
  createVerifier,
  epoch,
  type ShellOptions,
  type ShellWorld,
  type Verifier,
} from './shell-world.ts'
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
  #machine: Machine | undefined
  #app: Application | undefined
  #exchange: Exchange | undefined
  /** Rises with every crash: what was to happen before does not. */
  #life = 0
  #skewMs: number
  #timerAt: number | undefined
  #timerToken = 0
  #isBusy = false
  #queue: (() => void)[] = []
  #isDraining = false
  #isAnnouncing = false
  /** What left this node in the newest view in which it signed something. */
  readonly lastSent = new LastSent()
  readonly #waiting = new Map<Digest, () => void>()
  /** Persists and sends left until the planned crash. */
  #boundariesLeft: number | undefined
  #plannedCrash: ((node: Shell) => void) | undefined

  constructor(world: ShellWorld, options: ShellOptions) {
    this.#world = world
    this.#options = options
    this.#verifier = createVerifier(world.keyring, options.switches)
    this.index = options.index
    this.random = options.random
    this.#skewMs = options.skewMs
    this.disk = new Disk(emptyStore(world.genesis, world.factory.genesis.state))
  }

  get isUp(): boolean {
    return this.#machine !== undefined
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

  get #now(): number {
    return epoch + this.#world.events.now + this.#skewMs
  }

  #later(ms: number, run: () => void): void {
    const life = this.#life
    this.#world.events.after(ms, () => {
      if (this.#life === life && this.isUp) run()
    })
  }

  readonly #trace = (kind: string, first?: Part, second?: Part, third?: Part, fourth?: Part): void =>
    this.#world.trace.event(this.#world.events.now, this.index, kind, first, second, third, fourth)

  #observe(observation: DistributedOmit<Observation>): void {
    if (!this.#world.isHonest(this.index)) return
    this.#world.observe({ ...observation, at: this.#world.events.now, node: this.index })
  }

  /** Starts from what the disk holds. */
  start(rejoin: boolean): void {
    const { synced } = this.disk
    const { tip, certificate, journal, state, records } = synced
    const restored = { tip, certificate, journal: [...journal], rejoin }
    this.#app = this.#world.factory.create({ tip, state, records: records.values(), rotsAt: this.#options.rotsAt })
    this.#machine = this.#options.create(this.#options.config, restored)
    this.#exchange = this.#createExchange(this.#machine, this.#app)
    this.#trace('starts', tip.block.header.height, rejoin ? 'rejoin' : '')
    this.#observe({ type: 'restarts' })
    this.#enqueue(() => this.#input({ type: 'start' }, undefined))
    this.#enqueue(() => this.#tellWork())
    this.#world.network.nodeUp(this.index)
  }

  #createExchange(machine: Machine, app: Application): Exchange {
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
        takeRecord: bytes => this.#takeRecord(bytes),
        commit: (blocks, certificate) => this.#commit(blocks, certificate),
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
    this.#app = undefined
    this.#exchange = undefined
    this.#timerAt = undefined
    this.#isBusy = false
    this.#isAnnouncing = false
    this.#queue = []
    this.#waiting.clear()
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

  /** Sets the local clock forward or back. */
  jumpClock(ms: number): void {
    this.#skewMs += ms
    if (this.#timerAt !== undefined) this.#arm(this.#timerAt)
  }

  /** A client's record arrives here: kept, told to the machine, and gossiped on. */
  submit(bytes: Uint8Array, gossips: boolean): void {
    if (!this.isUp) return
    this.#enqueue(() => {
      this.#takeRecord(bytes)
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
    while (this.isUp && this.#life === life && !this.#isBusy) {
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
        this.#takeRecord(wire.bytes)
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
    const effects = machine.step(input, this.#now, origin)
    this.#perform(effects, 0)
  }

  #perform(effects: readonly Effect[], first: number): void {
    const life = this.#life
    for (let i = first; i < effects.length; i++) {
      const effect = effects[i] as Effect
      if (effect.type === 'persist') {
        if (this.#crossesBoundary()) return
        const isUrgent = this.#write(effect)
        if (isUrgent && this.#options.diskMs > 0) {
          this.#isBusy = true
          this.#later(this.#options.diskMs, () => {
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
    const records: [Digest, Uint8Array][] = []
    for (const entry of entries) {
      if (entry.type !== 'block' || omitsBodies) continue
      for (const digest of entry.block.records) {
        const bytes = this.#app?.record(digest)
        if (bytes) records.push([digest, bytes])
      }
    }
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
        if (effect.at === undefined) this.#timerAt = undefined
        else this.#arm(effect.at)
        break
      case 'build':
        this.#enqueueOwn(() => this.#build(effect.view, effect.parent))
        break
      case 'execute':
        this.#enqueueOwn(() => this.#execute(effect))
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
        this.#commit(effect.blocks, effect.certificate)
        break
      case 'abandon':
        if (this.#world.isHonest(this.index)) this.#app?.abandon(effect.digests)
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
    if (this.#options.executeMs > 0) this.#later(this.#options.executeMs, () => this.#enqueue(run))
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

  #arm(at: number): void {
    this.#timerAt = at
    const token = ++this.#timerToken
    this.#later(Math.max(0, at - this.#now), () => {
      if (this.#timerToken !== token || this.#timerAt === undefined) return
      this.#timerAt = undefined
      this.#enqueue(() => this.#input({ type: 'timer' }, undefined))
    })
  }

  #build(view: number, parent: Digest): void {
    const records = this.#app?.hasExecuted(parent) ? this.#app.build(parent) : []
    this.#input({ type: 'built', view, parent, records }, undefined)
  }

  #execute(effect: Extract<Effect, { type: 'execute' }>): void {
    const { block } = effect
    const app = this.#app
    if (!app) return
    if (!app.hasExecuted(block.header.parent) && block.header.height <= this.tip.block.header.height) return
    const execution = app.execute(block)
    if (execution.type === 'missing') {
      this.#trace('lacks', execution.records.length, execution.records[0])
      this.#waiting.set(block.digest, () => this.#execute(effect))
      for (const digest of execution.records)
        this.#exchange?.fetchRecord(digest, leaderOf(block.header.view, this.#world.size))
      return
    }
    this.#waiting.delete(block.digest)
    if (execution.type === 'invalid') {
      this.#input({ type: 'unexecutable', digest: block.digest, reason: execution.reason }, undefined)
      return
    }
    let { outcome } = execution
    if (this.#options.rotsAt === undefined) this.#world.trueOutcomes.set(block.digest, outcome)
    else if (this.#options.switches.trustsOutcomes) outcome = this.#world.trueOutcomes.get(block.digest) ?? outcome
    this.#input({ type: 'executed', digest: block.digest, outcome }, undefined)
  }

  #commit(blocks: readonly FinalBlock[], certificate: Certificate): void {
    const app = this.#app
    if (!app) return
    const state = app.commit(blocks)
    const records = blocks.flatMap(({ block }) => this.#bodiesOf(block.records))
    this.disk.write({ entries: [], records, commit: { blocks, certificate, state } })
    if (this.#options.switches.storesStateFirst) this.disk.synced.state = state
    else this.disk.sync()
    for (const final of blocks) {
      const { digest, header } = final.block
      this.#trace('commits', header.height, digest, final.outcome)
      this.#observe({ type: 'finalizes', final, own: app.outcomeOf(digest) })
    }
    this.#queue.push(() => this.#tellWork())
  }

  #bodiesOf(records: readonly Digest[]): [Digest, Uint8Array][] {
    return records.flatMap(digest => {
      const bytes = this.#app?.record(digest)
      return bytes ? [[digest, bytes] as [Digest, Uint8Array]] : []
    })
  }

  #takeRecord(bytes: Uint8Array): void {
    const app = this.#app
    if (!app || app.record(this.#world.factory.digestOf(bytes))) return
    const digest = app.receive(bytes)
    if (digest === undefined) return
    if (!this.#options.switches.omitsBodies) {
      this.disk.write({ entries: [], records: [[digest, bytes]], commit: undefined })
    }
    for (const retry of [...this.#waiting.values()]) retry()
    this.#tellWork()
  }

  /** Tells the machine what became work or ceased to be, and keeps announcing what is pending. */
  #tellWork(): void {
    const change = this.#app?.workChange()
    if (!change) return
    if (change.dropped.length > 0) this.#input({ type: 'dropped', records: change.dropped }, undefined)
    if (change.work.length > 0) this.#input({ type: 'work', records: change.work }, undefined)
    this.#announce()
  }

  #announce(): void {
    if (this.#isAnnouncing || this.#options.switches.isSilentOnRecords) return
    const digests = this.#app?.pending() ?? []
    if (digests.length === 0) return
    this.#isAnnouncing = true
    for (let peer = 0; peer < this.#world.size; peer++) this.#send(peer, { type: 'announce', digests })
    this.#later(this.#world.announceMs, () => {
      this.#isAnnouncing = false
      this.#announce()
    })
  }
}

type DistributedOmit<T> = T extends unknown ? Omit<T, 'at' | 'node'> : never
