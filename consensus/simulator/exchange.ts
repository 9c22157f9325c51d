// What one node asks others and answers them: missing blocks, records and certificates, final blocks to catch up, votes of its key. It
// lives from a start to the next crash; answers are checked here before the machine sees them.
import type { Certificate } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { FinalBlock, Input } from '../types.ts'
import type { Application } from './application.ts'
import { checkChain } from './catch-up.ts'
import type { Disk } from './disk.ts'
import type { Machine } from './machine.ts'
import type { Answer, Ask, Wire } from './network.ts'
import type { Random } from './random.ts'
import type { ShellOptions, ShellWorld, Verifier } from './shell-world.ts'
import { Tasks } from './tasks.ts'
import type { Part } from './trace.ts'

/** Final blocks in one answer, unless one certificate finalizes a longer run. */
const chainAnswerMax = 8
/** Times that an announced record is asked for before the next announcement. */
const announcedAttemptsMax = 40

/** What the exchange needs of the shell around it. */
export interface ExchangeHost {
  readonly disk: Disk
  readonly random: Random
  readonly machine: Machine
  readonly app: Application
  readonly verifier: Verifier
  /** True while effects wait for the disk. */
  isBusy(): boolean
  send(to: number, wire: Wire): void
  later(ms: number, run: () => void): void
  input(input: Input, origin: number | undefined): void
  takeRecord(bytes: Uint8Array): void
  commit(blocks: readonly FinalBlock[], certificate: Certificate): void
  trace(kind: string, first?: Part, second?: Part, third?: Part): void
}

export class Exchange {
  readonly #world: ShellWorld
  readonly #options: ShellOptions
  readonly #host: ExchangeHost
  readonly #tasks: Tasks
  readonly #answered = new Set<number>()
  readonly #asked = new Map<number, { readonly ask: Ask; readonly peer: number }>()
  #askId: number
  #isHalted = false

  /** Questions are numbered from `firstId` on, so that answers to an earlier life are told apart. */
  constructor(world: ShellWorld, options: ShellOptions, host: ExchangeHost, firstId: number) {
    this.#world = world
    this.#options = options
    this.#host = host
    this.#askId = firstId
    const later = (ms: number, run: () => void): void => host.later(ms, run)
    this.#tasks = new Tasks({ ask: (ask, hint) => this.#ask(ask, hint), later }, world.retryMs)
  }

  get #tip(): FinalBlock {
    return this.#host.disk.synced.tip
  }

  fetchBlock(digest: Digest): void {
    const isOpen = (): boolean => this.#host.machine.wantsBlock(digest)
    this.#tasks.open(`block:${digest}`, { ask: { type: 'block', digest }, isOpen })
  }

  fetchCertificate(view: number): void {
    const isOpen = (): boolean => this.#host.machine.finalView() < view
    const attemptsMax = 2 * this.#world.size
    this.#tasks.open(`certificate:${view}`, { ask: { type: 'certificate', view }, isOpen, attemptsMax })
  }

  fetchRecord(digest: Digest, hint: number): void {
    if (this.#host.app.record(digest)) return
    const isOpen = (): boolean => this.#host.app.record(digest) === undefined
    this.#tasks.open(`record:${digest}`, {
      ask: { type: 'records', digests: [digest] },
      isOpen,
      hint,
      attemptsMax: announcedAttemptsMax,
    })
  }

  askHeldVotes(): void {
    for (let peer = 0; peer < this.#world.size; peer++) {
      if (peer === this.#options.index) continue
      const isOpen = (): boolean =>
        !this.#answered.has(peer) && ['asking', 'mute'].includes(this.#host.machine.signing())
      this.#tasks.open(`held:${peer}`, { ask: { type: 'heldVotes' }, isOpen, hint: peer, onlyHint: true })
    }
  }

  catchUp(view: number): void {
    const isOpen = (): boolean => !this.#isHalted && this.#host.machine.finalView() < view
    this.#tasks.open(`chain:${view}`, { ask: { type: 'chain', from: 0 }, isOpen })
  }

  #ask(ask: Ask, hint: number | undefined): void {
    const { size } = this.#world
    const other = (this.#options.index + 1 + this.#host.random.below(size - 1)) % size
    const pinned = ask.type === 'heldVotes' ? undefined : this.#options.switches.fetchesOnlyFrom?.(this.#options.index)
    const peer = pinned ?? (hint === undefined || hint === this.#options.index ? other : hint)
    const id = this.#askId++
    const whole: Ask = ask.type === 'chain' ? { type: 'chain', from: this.#tip.block.header.height + 1 } : ask
    this.#asked.set(id, { ask: whole, peer })
    this.#host.send(peer, { type: 'ask', id, ask: whole })
  }

  answer(from: number, id: number, ask: Ask): void {
    const honest = this.#honestAnswer(from, ask)
    const answer = this.#host.machine.answer?.(ask, honest, from) ?? honest
    this.#host.send(from, { type: 'answer', id, answer })
  }

  #honestAnswer(from: number, ask: Ask): Answer {
    const { chain, certificates, journal } = this.#host.disk.synced
    switch (ask.type) {
      case 'block': {
        const written = journal.find(entry => entry.type === 'block' && entry.block.digest === ask.digest)
        const block = written?.type === 'block' ? written.block : undefined
        return { type: 'block', block: block ?? chain.find(final => final.block.digest === ask.digest)?.block }
      }
      case 'certificate':
        return { type: 'certificate', certificates: this.#host.machine.certificates(ask.view) }
      case 'heldVotes':
        return { type: 'heldVotes', held: this.#host.machine.heldVotes(from) }
      case 'records':
        return { type: 'records', records: this.#bytesOf(ask.digests) }
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
        const records = blocks.flatMap(({ block }) => this.#bytesOf(block.records))
        return { type: 'chain', blocks, certificate: certificates.get(last), records }
      }
    }
  }

  #bytesOf(records: readonly Digest[]): Uint8Array[] {
    return records.map(digest => this.#host.app.record(digest)).filter(bytes => bytes !== undefined)
  }

  takeAnswer(from: number, id: number, answer: Answer): void {
    const asked = this.#asked.get(id)
    if (!asked || asked.peer !== from || asked.ask.type !== answer.type) return
    this.#asked.delete(id)
    switch (answer.type) {
      case 'block': {
        const wanted = asked.ask.type === 'block' ? asked.ask.digest : undefined
        if (answer.block?.digest !== wanted || !answer.block || !this.#world.keyring.block(answer.block)) return
        this.#host.input({ type: 'block', block: answer.block }, from)
        break
      }
      case 'certificate':
        this.#takeCertificates(from, asked.ask, answer.certificates)
        break
      case 'heldVotes':
        if (answer.held && !this.#world.keyring.heldVotes(answer.held, this.#options.index)) return
        this.#answered.add(from)
        this.#host.input({ type: 'heldVotes', from, held: answer.held }, from)
        break
      case 'records': {
        const wanted = asked.ask.type === 'records' ? asked.ask.digests : []
        for (const bytes of answer.records) {
          if (wanted.includes(this.#world.factory.digestOf(bytes))) this.#host.takeRecord(bytes)
        }
        break
      }
      case 'chain':
        this.#takeChain(from, answer)
    }
  }

  #takeCertificates(from: number, ask: Ask, certificates: readonly Certificate[]): void {
    for (const certificate of certificates.slice(0, 2)) {
      if (!this.#host.verifier.certificate(certificate)) continue
      if (ask.type === 'certificate' && certificate.view >= ask.view) this.#tasks.close(`certificate:${ask.view}`)
      this.#host.input({ type: 'certificate', certificate }, from)
    }
  }

  #takeChain(from: number, answer: Extract<Answer, { type: 'chain' }>): void {
    const { app } = this.#host
    const { certificate } = answer
    if (!certificate || this.#isHalted) return
    const blocks = answer.blocks.filter(({ block }) => block.header.height > this.#tip.block.header.height)
    const isSound =
      this.#options.switches.takesAnyChain || checkChain(this.#tip, blocks, certificate, this.#world.keyring)
    if (!isSound || blocks.length === 0) return
    const wanted = new Set(blocks.flatMap(({ block }) => block.records))
    for (const bytes of answer.records)
      if (wanted.has(this.#world.factory.digestOf(bytes))) this.#host.takeRecord(bytes)
    // Effects that wait for the disk come first; this is asked for again.
    if (this.#host.isBusy() || blocks[0]?.block.header.parent !== this.#tip.block.digest) return
    for (const { block, outcome } of blocks) {
      if (app.hasExecuted(block.digest) && app.outcomeOf(block.digest) === outcome) continue
      const execution = app.execute(block)
      if (execution.type === 'missing') {
        for (const digest of execution.records) this.fetchRecord(digest, from)
        return
      }
      const own = execution.type === 'outcome' ? execution.outcome : undefined
      if (own === outcome || this.#options.switches.trustsOutcomes) continue
      this.#host.trace('halts', block.header.height, own, outcome)
      this.#isHalted = true
      return
    }
    this.#host.commit(blocks, certificate)
    const tip = blocks.at(-1)
    if (tip) this.#host.input({ type: 'advanced', tip, certificate }, undefined)
    // The machine commits nothing here, so it must be told which records are decided.
    this.#host.input({ type: 'dropped', records: blocks.flatMap(({ block }) => block.records) }, undefined)
  }
}
