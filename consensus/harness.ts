// For tests: n real cores that exchange effects on a virtual clock, with a toy application, a disk that forgets what was not synced,
// and a trace in words. Nothing is random: events run in order of time, then of arrival.
import { type Block, type Certificate, genesisBlock, outcomeOf, type Vote } from '../proto/chain.ts'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { certificatesFor, heldVotesOf, isBlockMissing, isCertificateMissing } from './queries.ts'
import { type Core, createCore, journalKeep, step } from './simplex.ts'
import type { CoreConfig, Effect, FinalBlock, Input, JournalEntry, Message, Restored, Timing } from './types.ts'

export interface HarnessOptions {
  readonly validators?: number
  readonly timing?: Timing
  /** Milliseconds from one node to another. */
  readonly latencyMs?: number
}

/** What a node's store holds. */
export interface Disk {
  tip: FinalBlock
  certificate: Certificate | undefined
  journal: JournalEntry[]
  /** Written, but not synced: lost when the power goes. */
  unsynced: JournalEntry[]
  chain: FinalBlock[]
}

export interface HarnessNode {
  readonly index: number
  core: Core
  isUp: boolean
  disk: Disk
  /** Bumped by a crash: events meant for the life before are void. */
  life: number
  timerAt: number | undefined
  readonly pool: Set<Digest>
  readonly blocks: Map<Digest, Block>
  readonly log: Effect[]
}

export type Interference = (from: number, to: number, message: Message, at: number) => boolean

export const defaultTiming: Timing = { timeoutMs: 1000, idleMs: 10_000, driftMs: 500 }
export const network: Digest = 'ab'.repeat(32)
const epoch = 1_700_000_000_000
export const genesis: FinalBlock = genesisBlock(network, zeroDigest, epoch)

/** The toy application: an outcome depends on the block and all before it. */
export const toyOutcome = (block: Block): Digest => outcomeOf(block.digest, block.header.parentOutcome)

/** Signatures of the toy: the core never looks at them. */
export function configOf(self: number, validators: number, timing: Timing = defaultTiming): CoreConfig {
  return {
    network,
    validators,
    self,
    timing,
    genesis,
    signer: {
      vote: (ballot): Vote => ({ ...ballot, signer: self, signature: new Uint8Array([self]) }),
      proposal: () => new Uint8Array([self]),
    },
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

export class Harness {
  readonly nodes: HarnessNode[] = []
  readonly timing: Timing
  readonly latencyMs: number
  /** Messages for which one of these says true are lost. */
  readonly interferences: Interference[] = []
  readonly trace: { readonly at: number; readonly node: number; readonly text: string }[] = []
  /** Replaces the application's answer of one node. */
  outcomeOf: (node: number, block: Block) => Digest | 'unexecutable' | 'never' = (_, block) => toyOutcome(block)
  /** Added to a node's clock. */
  readonly skewMs: number[]
  elapsed = 0
  #events: Event[] = []
  #order = 0
  readonly #names = new Map<Digest, string>([[genesis.block.digest, 'genesis']])
  readonly #cuts = new Set<string>()

  constructor({ validators = 4, timing = defaultTiming, latencyMs = 10 }: HarnessOptions = {}) {
    this.timing = timing
    this.latencyMs = latencyMs
    this.skewMs = Array(validators).fill(0)
    for (let index = 0; index < validators; index++) {
      const disk: Disk = { tip: genesis, certificate: undefined, journal: [], unsynced: [], chain: [] }
      this.nodes.push({
        index,
        core: createCore(configOf(index, validators, timing), restoredOf(disk, false)),
        isUp: false,
        disk,
        life: 0,
        timerAt: undefined,
        pool: new Set(),
        blocks: new Map(),
        log: [],
      })
    }
  }

  node(index: number): HarnessNode {
    const node = this.nodes[index]
    if (!node) throw new Error(`no node ${index}`)
    return node
  }

  /** Starts the given nodes, or all. */
  start(indices = this.nodes.map(({ index }) => index)): this {
    for (const index of indices) this.node(index).isUp = true
    for (const index of indices) this.input(index, { type: 'start' })
    return this
  }

  /** Runs all events up to and including that time, in milliseconds since the harness began. */
  run(until: number): this {
    for (;;) {
      const next = this.#events[0]
      if (!next || next.at > until) break
      this.#events.shift()
      this.elapsed = next.at
      next.run()
    }
    this.elapsed = until
    return this
  }

  /** Feeds an input now and performs what comes of it. */
  input(index: number, input: Input): void {
    const node = this.node(index)
    if (!node.isUp) return
    for (const effect of step(node.core, input, epoch + this.elapsed + (this.skewMs[index] ?? 0))) {
      node.log.push(effect)
      this.#perform(node, effect)
      if (!node.isUp) return
    }
  }

  /** Gives records to nodes as their shell would once it holds them. */
  submit(names: readonly string[], indices = this.nodes.map(({ index }) => index)): void {
    const records = names.map(name => this.record(name))
    for (const index of indices) {
      for (const record of records) this.node(index).pool.add(record)
      this.input(index, { type: 'work', records })
    }
  }

  /** The digest that stands for a record with a readable name. */
  record(name: string): Digest {
    const digest = outcomeOf(
      'ee'.repeat(32),
      [...name]
        .map(c => c.charCodeAt(0).toString(16))
        .join('')
        .padEnd(64, '0'),
    )
    this.#names.set(digest, name)
    return digest
  }

  /** Power off. What was not synced is lost. */
  crash(index: number): void {
    const node = this.node(index)
    node.isUp = false
    node.life++
    node.disk.unsynced = []
    this.say(index, 'crashes')
  }

  /** Comes back with what the disk holds, or an empty or older one. */
  restart(index: number, { disk, rejoin = false }: { disk?: Disk; rejoin?: boolean } = {}): void {
    const node = this.node(index)
    if (disk) node.disk = disk
    node.blocks.clear()
    for (const entry of node.disk.journal) if (entry.type === 'block') node.blocks.set(entry.block.digest, entry.block)
    node.core = createCore(configOf(index, this.nodes.length, this.timing), restoredOf(node.disk, rejoin))
    node.isUp = true
    this.say(index, 'restarts')
    this.input(index, { type: 'start' })
    this.input(index, { type: 'work', records: [...node.pool].filter(record => !isFinal(node, record)) })
    for (const peer of this.nodes) if (peer !== node) this.#link(index, peer.index)
  }

  /** Takes links down: what is sent meanwhile is lost. */
  cut(a: number, b: number): void {
    this.#cuts.add(linkName(a, b))
  }

  heal(a: number, b: number): void {
    if (this.#cuts.delete(linkName(a, b))) this.#link(a, b)
  }

  /** A copy of a disk as an old backup would be. */
  backup(index: number): Disk {
    return structuredClone(this.node(index).disk)
  }

  say(node: number, text: string): void {
    this.trace.push({ at: this.elapsed, node, text })
  }

  /** Final blocks of a node by name. */
  finalNames(index: number): string[] {
    return this.node(index).disk.chain.map(({ block }) => this.nameOf(block))
  }

  nameOf(block: Block): string {
    const known = this.#names.get(block.digest)
    if (known) return known
    const base = `b${block.header.view}`
    const taken = new Set(this.#names.values())
    let name = base
    while (taken.has(name)) name += "'"
    this.#names.set(block.digest, name)
    return name
  }

  /** The name of a digest seen before. */
  digestName(digest: Digest): string {
    return this.#names.get(digest) ?? digest.slice(0, 8)
  }

  /** Runs something for a node after some milliseconds, unless it crashed meanwhile. */
  later(index: number, ms: number, run: () => void): void {
    const { life } = this.node(index)
    this.#at(this.elapsed + ms, () => {
      if (this.node(index).life === life) run()
    })
  }

  /** Sends a message as if the node had. */
  send(from: number, to: number, message: Message): void {
    if (this.#isLost(from, to, message)) return
    this.later(to, this.latencyMs, () => this.input(to, messageInput(from, message)))
  }

  #isLost(from: number, to: number, message: Message): boolean {
    if (this.#cuts.has(linkName(from, to)) || !this.node(to).isUp) return true
    return this.interferences.some(loses => loses(from, to, message, this.elapsed))
  }

  #link(a: number, b: number): void {
    if (this.#cuts.has(linkName(a, b)) || !this.node(a).isUp || !this.node(b).isUp) return
    this.input(a, { type: 'linkUp', peer: b })
    this.input(b, { type: 'linkUp', peer: a })
  }

  #at(at: number, run: () => void): void {
    const event = { at, order: this.#order++, run }
    const index = this.#events.findIndex(other => other.at > at)
    this.#events.splice(index < 0 ? this.#events.length : index, 0, event)
  }

  #perform(node: HarnessNode, effect: Effect): void {
    const { index } = node
    switch (effect.type) {
      case 'persist':
        write(node.disk, effect.entries, effect.urgent)
        for (const entry of effect.entries) if (entry.type === 'block') node.blocks.set(entry.block.digest, entry.block)
        break
      case 'send':
        this.send(index, effect.to, effect.message)
        break
      case 'broadcast':
        this.#sayMessage(index, effect.message)
        for (const { index: to } of this.nodes) if (to !== index) this.send(index, to, effect.message)
        break
      case 'timer':
        this.#arm(node, effect.at)
        break
      case 'build':
        this.later(index, 0, () => this.#build(node, effect.view, effect.parent))
        break
      case 'execute':
        node.blocks.set(effect.block.digest, effect.block)
        this.later(index, 0, () => this.#execute(node, effect.block))
        break
      case 'commit':
        this.#commit(node, effect.blocks, effect.certificate)
        break
      case 'fetchBlock':
        this.say(index, `fetches block ${this.digestName(effect.digest)}`)
        this.#fetchBlock(node, effect.digest)
        break
      case 'fetchCertificate':
        this.say(index, `fetches certificate of view ${effect.view}`)
        this.#fetchCertificate(node, effect.view)
        break
      case 'catchUp':
        this.say(index, `catches up to view ${effect.certificate.view}`)
        this.#catchUp(node, effect.certificate)
        break
      case 'askHeldVotes':
        this.#askHeldVotes(node)
        break
      case 'abandon':
        this.say(index, `abandons ${effect.digests.map(digest => this.digestName(digest)).join(' ')}`)
        break
      case 'evidence':
        this.say(index, `has evidence of two ${effect.evidence.type} of n${effect.evidence.validator}`)
        break
      case 'report':
        this.#sayEvent(index, effect)
    }
  }

  #arm(node: HarnessNode, at: number | undefined): void {
    node.timerAt = at
    if (at === undefined) return
    const wait = at - (epoch + this.elapsed + (this.skewMs[node.index] ?? 0))
    this.later(node.index, Math.max(0, wait), () => {
      if (node.timerAt === at) this.input(node.index, { type: 'timer' })
    })
  }

  #build(node: HarnessNode, view: number, parent: Digest): void {
    const taken = new Set<Digest>()
    for (let block = node.blocks.get(parent); block; block = node.blocks.get(block.header.parent)) {
      for (const record of block.records) taken.add(record)
    }
    const records = [...node.pool].filter(record => !taken.has(record) && !isFinal(node, record))
    this.input(node.index, { type: 'built', view, parent, records })
  }

  #execute(node: HarnessNode, block: Block): void {
    const outcome = this.outcomeOf(node.index, block)
    const { digest } = block
    if (outcome === 'never') return
    if (outcome === 'unexecutable') this.input(node.index, { type: 'unexecutable', digest, reason: 'toy' })
    else this.input(node.index, { type: 'executed', digest, outcome })
  }

  #commit({ index, disk }: HarnessNode, blocks: readonly FinalBlock[], certificate: Certificate): void {
    const last = blocks.at(-1)
    if (!last) return
    disk.chain.push(...blocks)
    disk.tip = last
    disk.certificate = certificate
    disk.journal = [...disk.journal, ...disk.unsynced].filter(journalKeep(last.block))
    disk.unsynced = []
    this.say(index, `commits ${blocks.map(({ block }) => this.#describe(block)).join(' ')}`)
  }

  #fetchBlock(node: HarnessNode, digest: Digest): void {
    this.later(node.index, 2 * this.latencyMs, () => {
      const peer = this.#peers(node.index).find(({ blocks }) => blocks.has(digest))
      const block = peer?.blocks.get(digest)
      if (block) this.input(node.index, { type: 'block', block })
      else if (isBlockMissing(node.core, digest)) this.#fetchBlock(node, digest)
    })
  }

  #fetchCertificate(node: HarnessNode, view: number): void {
    this.later(node.index, 2 * this.latencyMs, () => {
      const found = this.#peers(node.index).flatMap(({ core }) => certificatesFor(core, view))
      for (const certificate of found.slice(0, 2)) this.input(node.index, { type: 'certificate', certificate })
      if (found.length === 0 && isCertificateMissing(node.core, view)) this.#fetchCertificate(node, view)
    })
  }

  #catchUp(node: HarnessNode, certificate: Certificate): void {
    this.later(node.index, 2 * this.latencyMs, () => {
      const { disk, core } = node
      if (core.final.block.header.view >= certificate.view) return
      const ahead = ({ disk: other }: HarnessNode): boolean => other.tip.block.header.view >= certificate.view
      const peer = this.#peers(node.index).find(ahead)?.disk
      if (!peer?.certificate) return this.#catchUp(node, certificate)
      disk.chain = [...peer.chain]
      disk.tip = peer.tip
      disk.certificate = peer.certificate
      disk.journal = [...disk.journal, ...disk.unsynced].filter(journalKeep(peer.tip.block))
      disk.unsynced = []
      this.input(node.index, { type: 'advanced', tip: peer.tip, certificate: peer.certificate })
      this.input(node.index, { type: 'dropped', records: [...node.pool].filter(record => isFinal(node, record)) })
      this.say(node.index, `caught up to ${this.nameOf(peer.tip.block)}`)
    })
  }

  #askHeldVotes(node: HarnessNode): void {
    this.later(node.index, 2 * this.latencyMs, () => {
      for (const { index: from, core } of this.#peers(node.index)) {
        this.input(node.index, { type: 'heldVotes', from, held: heldVotesOf(core, node.index) })
      }
      if (node.core.signing === 'asking') this.#askHeldVotes(node)
    })
  }

  #peers(index: number): HarnessNode[] {
    return this.nodes.filter(peer => peer.isUp && peer.index !== index && !this.#cuts.has(linkName(index, peer.index)))
  }

  #describe(block: Block): string {
    const records = block.records.map(record => this.digestName(record))
    return `${this.nameOf(block)}[${records.join(' ')}]`
  }

  #sayMessage(index: number, message: Message): void {
    if (message.type === 'proposal') {
      const { block, nullifications } = message.proposal
      const gaps = nullifications.length > 0 ? ` over ${nullifications.map(({ view }) => view).join(' ')}` : ''
      this.say(index, `proposes ${this.#describe(block)} on ${this.digestName(block.header.parent)}${gaps}`)
    } else if (message.type === 'vote') {
      const { kind, view, digest } = message.vote
      this.say(index, kind === 'nullify' ? `nullifies ${view}` : `${kind.slice(0, -1)}es ${this.digestName(digest)}`)
    }
  }

  #sayEvent(index: number, { event }: Extract<Effect, { type: 'report' }>): void {
    if (event.type === 'entered') this.say(index, `enters ${event.view} by ${event.by}`)
    else if (event.type === 'timedOut') this.say(index, `times out in ${event.view}`)
    else if (event.type === 'skipped') this.say(index, `skips silent leader n${event.leader} of ${event.view}`)
    else if (event.type === 'rejected') this.say(index, `rejects the proposal of ${event.view}: ${event.reason}`)
    else if (event.type === 'maySign') this.say(index, `may sign from ${event.fromView}`)
    else if (event.type === 'mute') this.say(index, `is mute: others hold its votes of ${event.view}`)
    else if (event.type === 'outcomeDiffers') this.say(index, `stops: own outcome of ${this.digestName(event.digest)}`)
    else if (event.type === 'split') this.say(index, 'stops: the final chain is split')
  }
}

const linkName = (a: number, b: number): string => `${Math.min(a, b)}-${Math.max(a, b)}`

const isFinal = ({ disk }: HarnessNode, record: Digest): boolean =>
  disk.chain.some(({ block }) => block.records.includes(record))

function restoredOf({ tip, certificate, journal }: Disk, rejoin: boolean): Restored {
  return { tip, certificate, journal, rejoin }
}

function write(disk: Disk, entries: readonly JournalEntry[], isUrgent: boolean): void {
  disk.unsynced.push(...entries)
  if (!isUrgent) return
  const replaced = new Set(disk.unsynced.flatMap(entry => (entry.type === 'newestVotes' ? [entry.validator] : [])))
  const kept = disk.journal.filter(entry => entry.type !== 'newestVotes' || !replaced.has(entry.validator))
  disk.journal = [...kept, ...disk.unsynced]
  disk.unsynced = []
}

function messageInput(from: number, message: Message): Input {
  if (message.type === 'proposal') return { type: 'proposal', from, proposal: message.proposal }
  if (message.type === 'vote') return { type: 'vote', vote: message.vote }
  return { type: 'certificate', certificate: message.certificate }
}
