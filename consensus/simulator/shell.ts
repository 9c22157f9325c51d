// One simulated validator around a machine: verifies what comes in, performs effects in their order, keeps a disk, answers peers.
// It does what the node's loop does, and can lose power between any two effects.
import { type Certificate, leaderOf, type Proposal } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Observation } from '../invariants/invariant.ts'
import type { CoreConfig, Effect, FinalBlock, Input, JournalEntry, Message, Restored } from '../types.ts'
import type { Application, ApplicationFactory } from './application.ts'
import { checkChain } from './catch-up.ts'
import { Disk, emptyStore, type Store } from './disk.ts'
import type { Events } from './events.ts'
import type { Keyring } from './keyring.ts'
import type { Machine } from './machine.ts'
import type { Answer, Ask, Network, Wire } from './network.ts'
import type { Random } from './random.ts'
import { Tasks } from './tasks.ts'
import type { Part, Trace } from './trace.ts'

/** What clocks show when a schedule begins. */
export const epoch = 1_700_000_000_000

const chainAnswerMax = 8

/** Test-only ways in which a shell can be made to do its duty wrongly: the planted bugs. */
export interface ShellSwitches {
  /** Changes what is written, and whether it is synced. */
  readonly persist?: (
    entries: readonly JournalEntry[],
    urgent: boolean,
  ) => { entries: readonly JournalEntry[]; urgent: boolean }
  /** Records' bytes are not written with a block. */
  readonly omitsBodies?: boolean
  /** A final block's state is synced at once, the block itself with the next sync. */
  readonly storesStateFirst?: boolean
  /** Pending records are not announced. */
  readonly isSilentOnRecords?: boolean
  /** Everything is fetched from this one peer. */
  readonly fetchesOnlyFrom?: (self: number) => number
  /** Signatures that a certificate needs. */
  readonly certificateQuorum?: number
  /** Certificates are taken unverified. */
  readonly takesAnyCertificate?: boolean
  /** Blocks answered to a catch-up are not checked against their certificate. */
  readonly takesAnyChain?: boolean
  /** The machine is told the outcome that others came to. */
  readonly trustsOutcomes?: boolean
}

/** What all nodes of a schedule share. */
export interface ShellWorld {
  readonly events: Events
  readonly network: Network
  readonly keyring: Keyring
  readonly trace: Trace
  readonly factory: ApplicationFactory
  readonly genesis: FinalBlock
  readonly size: number
  readonly retryMs: number
  readonly announceMs: number
  observe(observation: Observation): void
  /** An honest node broke its contract with the shell. */
  complain(node: number, error: unknown): void
  isHonest(node: number): boolean
  /** What an application without fault came to, for the switch `trustsOutcomes`. */
  trueOutcomes: Map<Digest, Digest>
}

export interface ShellOptions {
  readonly index: number
  readonly config: CoreConfig
  readonly random: Random
  readonly create: (config: CoreConfig, restored: Restored) => Machine
  readonly switches: ShellSwitches
  readonly skewMs: number
  /** How long a synced write and an execution take, in milliseconds. */
  readonly diskMs: number
  readonly executeMs: number
  readonly rotsAt: number | undefined
}

export type CrashKind = 'power' | 'kill'

export class Shell {
  readonly index: number
  readonly disk: Disk
  readonly random: Random
  readonly #world: ShellWorld
  readonly #options: ShellOptions
  #machine: Machine | undefined
  #app: Application | undefined
  #tasks: Tasks
  /** Rises with every crash: what was to happen before does not. */
  #life = 0
  #skewMs: number
  #timerAt: number | undefined
  #timerToken = 0
  #isBusy = false
  #queue: (() => void)[] = []
  #isDraining = false
  #isAnnouncing = false
  #isHalted = false
  /** What left this node in the newest view in which it signed something. */
  lastSent = { view: 0, votes: 0, proposed: false }
  readonly #waiting = new Map<Digest, () => void>()
  readonly #answered = new Set<number>()
  #askId = 0
  readonly #asked = new Map<number, { readonly ask: Ask; readonly peer: number }>()
  /** Persists and sends left until the planned crash. */
  #boundariesLeft: number | undefined
  #plannedCrash: ((node: Shell) => void) | undefined

  constructor(world: ShellWorld, options: ShellOptions) {
    this.#world = world
    this.#options = options
    this.index = options.index
    this.random = options.random
    this.#skewMs = options.skewMs
    this.disk = new Disk(emptyStore(world.genesis, world.factory.genesis.state))
    this.#tasks = this.#createTasks()
  }

  #createTasks(): Tasks {
    return new Tasks(
      { ask: (ask, hint) => this.#ask(ask, hint), later: (ms, run) => this.#later(ms, run) },
      this.#world.retryMs,
    )
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

  #trace(kind: string, first?: Part, second?: Part, third?: Part, fourth?: Part): void {
    this.#world.trace.event(this.#world.events.now, this.index, kind, first, second, third, fourth)
  }

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
    this.#trace('starts', tip.block.header.height, rejoin ? 'rejoin' : '')
    this.#observe({ type: 'restarts' })
    this.#enqueue(() => this.#input({ type: 'start' }, undefined))
    this.#enqueue(() => this.#tellWork())
    this.#world.network.nodeUp(this.index)
  }

  /** Ends at once. Power loss takes unsynced writes with it, a killed process leaves them to the system. */
  crash(kind: CrashKind): void {
    if (!this.isUp) return
    this.#trace('crashes', kind)
    this.#observe({ type: 'crashes' })
    this.#life++
    this.#machine = undefined
    this.#app = undefined
    this.#timerAt = undefined
    this.#isBusy = false
    this.#isAnnouncing = false
    this.#isHalted = false
    this.#queue = []
    this.#waiting.clear()
    this.#answered.clear()
    this.#asked.clear()
    this.#tasks = this.#createTasks()
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
        for (const digest of wire.digests) this.#fetchRecord(digest, from)
        break
      case 'record':
        this.#takeRecord(wire.bytes)
        break
      case 'ask':
        this.#answer(from, wire.id, wire.ask)
        break
      case 'answer':
        this.#takeAnswer(from, wire.id, wire.answer)
    }
  }

  #takeMessage(from: number, message: Message): void {
    if (!this.#machine?.isWanted(message)) return
    switch (message.type) {
      case 'proposal':
        if (this.#holdsProposal(message.proposal)) {
          this.#input({ type: 'proposal', from, proposal: message.proposal }, from)
        }
        break
      case 'vote':
        if (this.#world.keyring.vote(message.vote)) this.#input({ type: 'vote', vote: message.vote }, from)
        break
      case 'certificate':
        if (this.#holdsCertificate(message.certificate)) {
          this.#input({ type: 'certificate', certificate: message.certificate }, from)
        }
    }
  }

  #holdsCertificate(certificate: Certificate): boolean {
    const { certificateQuorum, takesAnyCertificate } = this.#options.switches
    return takesAnyCertificate || this.#world.keyring.certificate(certificate, certificateQuorum)
  }

  #holdsProposal(proposal: Proposal): boolean {
    const { parentCertificate, nullifications } = proposal
    return (
      this.#world.keyring.proposalSignature(proposal) &&
      (parentCertificate === undefined || this.#holdsCertificate(parentCertificate)) &&
      nullifications.every(certificate => certificate.kind === 'nullify' && this.#holdsCertificate(certificate))
    )
  }

  #input(input: Input, origin: number | undefined): void {
    const machine = this.#machine
    if (!machine) return
    if (this.#isBusy) {
      this.#queue.push(() => this.#input(input, origin))
      return
    }
    this.#traceInput(input)
    const effects = machine.step(input, this.#now, origin)
    this.#perform(effects, 0)
  }

  #traceInput(input: Input): void {
    const { type } = input
    switch (type) {
      case 'proposal':
        return this.#trace(type, input.proposal.block.header.view, input.proposal.block.digest)
      case 'vote': {
        const { signer, kind, view, digest } = input.vote
        return this.#trace(type, signer, kind, view, digest)
      }
      case 'certificate':
        return this.#trace(type, input.certificate.kind, input.certificate.view, input.certificate.digest)
      case 'block':
        return this.#trace(type, input.block.digest)
      case 'work':
      case 'dropped':
      case 'built':
        return this.#trace(type, input.records.length, input.records[0])
      case 'executed':
      case 'unexecutable':
        return this.#trace(type, input.digest)
      case 'linkUp':
        return this.#trace(type, input.peer)
      case 'heldVotes':
        return this.#trace(type, input.from, input.held?.view)
      case 'advanced':
        return this.#trace(type, input.tip.block.header.height)
      case 'start':
      case 'timer':
        return this.#trace(type)
    }
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
      case 'fetchBlock': {
        const { digest } = effect
        const isOpen = (): boolean => this.#machine?.wantsBlock(digest) ?? false
        this.#tasks.open(`block:${digest}`, { ask: { type: 'block', digest }, isOpen })
        break
      }
      case 'fetchCertificate': {
        const { view } = effect
        const isOpen = (): boolean => (this.#machine?.finalView() ?? view) < view
        this.#tasks.open(`certificate:${view}`, {
          ask: { type: 'certificate', view },
          isOpen,
          attemptsMax: 2 * this.#world.size,
        })
        break
      }
      case 'catchUp':
        this.#catchUp(effect.certificate.view)
        break
      case 'commit':
        this.#commit(effect.blocks, effect.certificate)
        break
      case 'abandon':
        if (this.#world.isHonest(this.index)) this.#app?.abandon(effect.digests)
        break
      case 'askHeldVotes':
        this.#askHeldVotes()
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
      this.#noteSent(view, `${kind} ${digest}`)
      this.#observe({ type: 'votes', vote: message.vote })
    } else if (
      message.type === 'proposal' &&
      leaderOf(message.proposal.block.header.view, this.#world.size) === this.index
    ) {
      this.#noteSent(message.proposal.block.header.view, undefined)
      this.#trace('> proposal', message.proposal.block.header.view, message.proposal.block.digest)
      this.#observe({ type: 'proposes', proposal: message.proposal })
    }
  }

  readonly #sentVotes = new Set<string>()

  #noteSent(view: number, vote: string | undefined): void {
    if (view < this.lastSent.view) return
    if (view > this.lastSent.view) {
      this.#sentVotes.clear()
      this.lastSent = { view, votes: 0, proposed: false }
    }
    if (vote === undefined) this.lastSent.proposed = true
    else this.#sentVotes.add(vote)
    this.lastSent.votes = this.#sentVotes.size
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
      for (const digest of execution.records) this.#fetchRecord(digest, leaderOf(block.header.view, this.#world.size))
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

  #fetchRecord(digest: Digest, hint: number): void {
    if (this.#app?.record(digest)) return
    const isOpen = (): boolean => this.#app?.record(digest) === undefined
    this.#tasks.open(`record:${digest}`, { ask: { type: 'records', digests: [digest] }, isOpen, hint, attemptsMax: 40 })
  }

  #askHeldVotes(): void {
    for (let peer = 0; peer < this.#world.size; peer++) {
      if (peer === this.index) continue
      const isOpen = (): boolean => !this.#answered.has(peer) && ['asking', 'mute'].includes(this.signing)
      this.#tasks.open(`held:${peer}`, { ask: { type: 'heldVotes' }, isOpen, hint: peer, onlyHint: true })
    }
  }

  #catchUp(view: number): void {
    const isOpen = (): boolean => !this.#isHalted && (this.#machine?.finalView() ?? view) < view
    this.#tasks.open(`chain:${view}`, { ask: { type: 'chain', from: 0 }, isOpen })
  }

  #ask(ask: Ask, hint: number | undefined): void {
    const { size } = this.#world
    const other = (this.index + 1 + this.random.below(size - 1)) % size
    const pinned = ask.type === 'heldVotes' ? undefined : this.#options.switches.fetchesOnlyFrom?.(this.index)
    const peer = pinned ?? (hint === undefined || hint === this.index ? other : hint)
    const id = this.#askId++
    const whole: Ask = ask.type === 'chain' ? { type: 'chain', from: this.tip.block.header.height + 1 } : ask
    this.#asked.set(id, { ask: whole, peer })
    this.#send(peer, { type: 'ask', id, ask: whole })
  }

  #answer(from: number, id: number, ask: Ask): void {
    const honest = this.#honestAnswer(from, ask)
    const answer = this.#machine?.answer?.(ask, honest, from) ?? honest
    this.#send(from, { type: 'answer', id, answer })
  }

  #honestAnswer(from: number, ask: Ask): Answer {
    const { chain, certificates, journal } = this.disk.synced
    switch (ask.type) {
      case 'block': {
        const written = journal.find(entry => entry.type === 'block' && entry.block.digest === ask.digest)
        const block = written?.type === 'block' ? written.block : undefined
        return { type: 'block', block: block ?? chain.find(final => final.block.digest === ask.digest)?.block }
      }
      case 'certificate':
        return { type: 'certificate', certificates: this.#machine?.certificates(ask.view) ?? [] }
      case 'heldVotes':
        return { type: 'heldVotes', held: this.#machine?.heldVotes(from) }
      case 'records':
        return { type: 'records', records: this.#bodiesOf(ask.digests).map(([, bytes]) => bytes) }
      case 'chain': {
        let last = ask.from - 1
        for (let height = ask.from; height < chain.length && height < ask.from + chainAnswerMax; height++) {
          if (certificates.has(height)) last = height
        }
        // A run of blocks under one certificate may be longer than an answer should be.
        for (let height = last + 1; last < ask.from && height < chain.length; height++) {
          if (certificates.has(height)) last = height
        }
        const blocks = chain.slice(ask.from, last + 1)
        const records = blocks.flatMap(({ block }) => this.#bodiesOf(block.records).map(([, bytes]) => bytes))
        return { type: 'chain', blocks, certificate: certificates.get(last), records }
      }
    }
  }

  #takeAnswer(from: number, id: number, answer: Answer): void {
    const asked = this.#asked.get(id)
    if (!asked || asked.peer !== from || asked.ask.type !== answer.type) return
    this.#asked.delete(id)
    switch (answer.type) {
      case 'block': {
        const wanted = asked.ask.type === 'block' ? asked.ask.digest : undefined
        if (answer.block?.digest !== wanted || !answer.block || !this.#world.keyring.block(answer.block)) return
        this.#input({ type: 'block', block: answer.block }, from)
        break
      }
      case 'certificate':
        this.#takeCertificates(from, asked.ask, answer.certificates)
        break
      case 'heldVotes':
        if (answer.held && !this.#world.keyring.heldVotes(answer.held, this.index)) return
        this.#answered.add(from)
        this.#input({ type: 'heldVotes', from, held: answer.held }, from)
        break
      case 'records': {
        const wanted = asked.ask.type === 'records' ? asked.ask.digests : []
        for (const bytes of answer.records) {
          if (wanted.includes(this.#world.factory.digestOf(bytes))) this.#takeRecord(bytes)
        }
        break
      }
      case 'chain':
        this.#takeChain(from, answer)
    }
  }

  #takeCertificates(from: number, ask: Ask, certificates: readonly Certificate[]): void {
    for (const certificate of certificates.slice(0, 2)) {
      if (!this.#holdsCertificate(certificate)) continue
      if (ask.type === 'certificate' && certificate.view >= ask.view) this.#tasks.close(`certificate:${ask.view}`)
      this.#input({ type: 'certificate', certificate }, from)
    }
  }

  #takeChain(from: number, answer: Extract<Answer, { type: 'chain' }>): void {
    const app = this.#app
    const { certificate } = answer
    if (!app || !certificate || this.#isHalted) return
    const blocks = answer.blocks.filter(({ block }) => block.header.height > this.tip.block.header.height)
    const isSound =
      this.#options.switches.takesAnyChain || checkChain(this.tip, blocks, certificate, this.#world.keyring)
    if (!isSound || blocks.length === 0) return
    const wanted = new Set(blocks.flatMap(({ block }) => block.records))
    for (const bytes of answer.records) if (wanted.has(this.#world.factory.digestOf(bytes))) this.#takeRecord(bytes)
    // Effects that wait for the disk come first; this is asked for again.
    if (this.#isBusy || blocks[0]?.block.header.parent !== this.tip.block.digest) return
    for (const { block, outcome } of blocks) {
      if (app.hasExecuted(block.digest) && app.outcomeOf(block.digest) === outcome) continue
      const execution = app.execute(block)
      if (execution.type === 'missing') {
        for (const digest of execution.records) this.#fetchRecord(digest, from)
        return
      }
      const own = execution.type === 'outcome' ? execution.outcome : undefined
      if (own === outcome || this.#options.switches.trustsOutcomes) continue
      this.#trace('halts', block.header.height, own, outcome)
      this.#isHalted = true
      return
    }
    this.#commit(blocks, certificate)
    const tip = blocks.at(-1)
    if (tip) this.#input({ type: 'advanced', tip, certificate }, undefined)
  }
}

type DistributedOmit<T> = T extends unknown ? Omit<T, 'at' | 'node'> : never
