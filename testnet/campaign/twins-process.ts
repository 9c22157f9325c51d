// One process of a Twins case: a real core with a toy application whose blocks carry one record each. It has no disk, since nothing crashes.

import type { Observed } from '../../consensus/invariants/invariant.ts'
import type { Machine } from '../../consensus/simulator/machine.ts'
import type { CoreConfig, Effect, FinalBlock, Input, Message } from '../../consensus/types.ts'
import { type Block, type Certificate, outcomeOf } from '../../proto/chain.ts'
import { type Digest, digestOf } from '../../proto/hash.ts'

const fetchRetryMs = 200

/** What a process needs of the case around it. Times are in virtual milliseconds. */
export interface TwinsHost {
  readonly now: () => number
  after(ms: number, run: () => void): void
  /** Sends to all copies of a validator, or of all others. */
  send(from: TwinsProcess, to: number | undefined, message: Message): void
  /** Processes that answer this one now. */
  peersOf(process: TwinsProcess): TwinsProcess[]
  /** A block of the case, wherever it is. */
  blocks: Map<Digest, Block>
  observe(process: TwinsProcess, observation: Observed): void
}

export class TwinsProcess {
  /** Position among the processes, and index of the validator that it is a copy of. */
  readonly position: number
  readonly index: number
  /** The second copy of a validator builds other blocks than the first. */
  readonly isSecond: boolean
  readonly machine: Machine
  readonly chain: FinalBlock[]
  readonly held = new Set<Digest>()
  readonly #host: TwinsHost
  readonly #validators: number
  readonly #pending = new Set<Digest>()
  certificate: Certificate | undefined
  #timerToken = 0

  constructor(
    host: TwinsHost,
    options: {
      readonly position: number
      readonly isSecond: boolean
      readonly config: CoreConfig
      readonly machine: Machine
    },
  ) {
    this.#host = host
    this.position = options.position
    this.isSecond = options.isSecond
    this.machine = options.machine
    this.index = options.config.self
    this.#validators = options.config.validators
    this.chain = [options.config.genesis]
  }

  get tip(): FinalBlock {
    return this.chain.at(-1) as FinalBlock
  }

  /** Begins with nothing on record anywhere. */
  start(): void {
    this.input({ type: 'start' })
    for (let from = 0; from < this.#validators; from++) {
      if (from !== this.index) this.input({ type: 'heldVotes', from, held: undefined })
    }
  }

  submit(records: readonly Digest[]): void {
    for (const record of records) this.#pending.add(record)
    this.input({ type: 'work', records })
  }

  hasDecided(record: Digest): boolean {
    return this.chain.some(({ block }) => block.records.includes(record))
  }

  receive(from: TwinsProcess, message: Message): void {
    if (!this.machine.isWanted(message)) return
    if (message.type === 'proposal') {
      this.input({ type: 'proposal', from: from.index, proposal: message.proposal })
    } else if (message.type === 'vote') this.input({ type: 'vote', vote: message.vote })
    else this.input({ type: 'certificate', certificate: message.certificate })
  }

  input(input: Input): void {
    const answers: Input[] = [input]
    for (let next = answers.shift(); next; next = answers.shift()) {
      // Two copies must not propose the same block.
      const now = this.#host.now() + (this.isSecond ? 1 : 0)
      for (const effect of this.machine.step(next, now, undefined)) this.#perform(effect, answers)
    }
  }

  /** What the application answers comes after all effects of the step. */
  #perform(effect: Effect, answers: Input[]): void {
    switch (effect.type) {
      case 'send':
        this.#host.send(this, effect.to, effect.message)
        break
      case 'broadcast':
        this.#observeOwn(effect.message)
        this.#host.send(this, undefined, effect.message)
        break
      case 'timer':
        this.#arm(effect.at)
        break
      case 'build':
        answers.push({ ...effect, type: 'built', records: this.#choose(effect.parent) })
        break
      case 'execute':
        this.#hold(effect.block)
        answers.push({ type: 'executed', digest: effect.block.digest, outcome: outcomeAfter(effect.block) })
        break
      case 'commit':
        this.#commit(effect.blocks, effect.certificate)
        break
      case 'fetchBlock':
        this.#fetchBlock(effect.digest)
        break
      case 'fetchCertificate':
        this.#fetchCertificate(effect.view)
        break
      case 'catchUp':
        this.#catchUp(effect.certificate.view)
        break
      case 'evidence':
        this.#host.observe(this, { type: 'accuses', validator: effect.evidence.validator })
        break
      case 'persist':
        for (const entry of effect.entries) if (entry.type === 'block') this.#hold(entry.block)
        break
      case 'report':
      case 'abandon':
      case 'askHeldVotes':
        break
    }
  }

  #observeOwn(message: Message): void {
    if (message.type === 'vote' && message.vote.signer === this.index) {
      this.#host.observe(this, { type: 'votes', vote: message.vote })
    }
  }

  #hold(block: Block): void {
    this.held.add(block.digest)
    this.#host.blocks.set(block.digest, block)
  }

  #arm(at: number | undefined): void {
    const token = ++this.#timerToken
    if (at === undefined) return
    this.#host.after(Math.max(0, at - this.#host.now()), () => {
      if (token === this.#timerToken) this.input({ type: 'timer' })
    })
  }

  /** The first record that is not in the parent's chain; the second copy leaves one out. */
  #choose(parent: Digest): Digest[] {
    const taken = new Set<Digest>(this.chain.flatMap(({ block }) => block.records))
    for (let block = this.#host.blocks.get(parent); block; block = this.#host.blocks.get(block.header.parent)) {
      for (const record of block.records) taken.add(record)
    }
    const free = [...this.#pending].filter(record => !taken.has(record))
    return free.slice(this.isSecond ? 1 : 0).slice(0, 1)
  }

  #commit(blocks: readonly FinalBlock[], certificate: Certificate): void {
    this.certificate = certificate
    for (const final of blocks) {
      this.chain.push(final)
      this.#host.observe(this, { type: 'finalizes', final, own: outcomeAfter(final.block) })
    }
  }

  #later(isOpen: () => boolean, run: () => boolean): void {
    this.#host.after(fetchRetryMs, () => {
      if (isOpen() && !run()) this.#later(isOpen, run)
    })
  }

  #fetchBlock(digest: Digest): void {
    this.#later(
      () => this.machine.wantsBlock(digest),
      () => {
        const block = this.#host.blocks.get(digest)
        if (!block || !this.#host.peersOf(this).some(peer => peer.held.has(digest))) return false
        this.input({ type: 'block', block })
        return true
      },
    )
  }

  /** Once: the core asks again after a timeout. */
  #fetchCertificate(view: number): void {
    this.#host.after(fetchRetryMs, () => {
      const found = this.#host.peersOf(this).flatMap(peer => peer.machine.certificates(view))
      for (const certificate of found.slice(0, 2)) this.input({ type: 'certificate', certificate })
    })
  }

  #catchUp(view: number): void {
    this.#later(
      () => this.machine.finalView() < view,
      () => {
        const ahead = this.#host.peersOf(this).find(peer => peer.tip.block.header.view >= view)
        if (!ahead?.certificate) return false
        const blocks = ahead.chain.slice(this.chain.length)
        // A peer on another chain has nothing that continues the own one.
        if (blocks[0]?.block.header.parent !== this.tip.block.digest) return false
        for (const { block } of blocks) this.#hold(block)
        this.#commit(blocks, ahead.certificate)
        this.input({ type: 'advanced', tip: this.tip, certificate: ahead.certificate })
        this.input({ type: 'dropped', records: blocks.flatMap(({ block }) => block.records) })
        return true
      },
    )
  }
}

// Outcomes by block, which is immutable and shared by the processes of a case.
const outcomes = new WeakMap<Block, Digest>()

function outcomeAfter(block: Block): Digest {
  const known = outcomes.get(block)
  if (known !== undefined) return known
  const outcome = outcomeOf(block.digest, block.header.parentOutcome)
  outcomes.set(block, outcome)
  return outcome
}

/** The record of a number: the toy needs no more of it than its digest. */
export const recordOf = (number: number): Digest => digestOf('record', Buffer.from(`twins ${number}`))
