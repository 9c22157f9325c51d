// The loop that feeds the consensus core and performs its effects. One turn: take all inputs that wait, step, run what needs no
// disk or network (choosing and executing records), write once with one sync, and only then send. Persist before send, by shape.

import type { Effect, FinalBlock, Input, JournalEntry, Message } from '../consensus/types.ts'
import type { Block, Certificate } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import type { WriteOp } from './store/database.ts'

/** What the loop needs of the world. All but `write` answer at once. */
export interface LoopPorts {
  now(): number
  /** `origin`: the validator from whose stream the input came, if from any. */
  step(input: Input, now: number, origin: number | undefined): readonly Effect[]
  /** Write operations that keep these entries. */
  journal(entries: readonly JournalEntry[]): WriteOp[]
  /** One atomic batch, synced. Rejects where the disk fails: then the loop stops for good. */
  write(operations: WriteOp[]): Promise<void>
  build(view: number, parent: Digest): readonly Digest[]
  /** The core's input, or undefined while something is missing: `resume` is called when it has come. */
  execute(block: Block): Input | undefined
  /** Operations that make the blocks' state durable. */
  commit(blocks: readonly FinalBlock[], certificate: Certificate): WriteOp[]
  /** The operations are durable: advance, tell clients. May bring new inputs. */
  committed(blocks: readonly FinalBlock[], certificate: Certificate): void
  abandon(digests: readonly Digest[]): void
  send(to: number, message: Message): void
  broadcast(message: Message): void
  fetchBlock(digest: Digest): void
  fetchCertificate(view: number): void
  catchUp(certificate: Certificate): void
  askHeldVotes(): void
  /** Sees every effect once it is performed: logs, metrics, evidence. */
  observe(effect: Effect): void
  /** The loop cannot go on (a failed write, a bug): the process has to stop. */
  failed(error: unknown): void
}

/** Bytes to be written with the next turn, and what to do once they are durable. */
interface Errand {
  readonly operations: readonly WriteOp[]
  readonly durable: () => void
}

/** An input, and the validator from whose stream it came, if from any. */
interface Received {
  readonly input: Input
  readonly origin: number | undefined
}

const ownInput = (input: Input): Received => ({ input, origin: undefined })

/** Work that must not run beside a turn (storing blocks that were fetched in a run). Returns inputs for the core. */
type Exclusive = () => Promise<readonly Input[]>

export class ConsensusLoop {
  readonly #ports: LoopPorts
  #inputs: Received[] = []
  #errands: Errand[] = []
  #exclusive: Exclusive[] = []
  #later: WriteOp[] = []
  #timer: NodeJS.Timeout | undefined
  #running = false
  #stopped = false
  #idle: (() => void)[] = []

  constructor(ports: LoopPorts) {
    this.#ports = ports
  }

  /** Queues an input; a turn begins as soon as the current one ends. */
  push(...inputs: readonly Input[]): void {
    if (this.#stopped) return
    this.#inputs.push(...inputs.map(ownInput))
    this.#wake()
  }

  /** Queues an input that came from another validator. */
  pushFrom(origin: number, input: Input): void {
    if (this.#stopped) return
    this.#inputs.push({ input, origin })
    this.#wake()
  }

  /** Has operations written in the next turn's batch, synced, and then calls `durable`. */
  write(operations: readonly WriteOp[], durable: () => void = () => {}): void {
    if (this.#stopped) return
    this.#errands.push({ operations, durable })
    this.#wake()
  }

  /** Runs a task between two turns. */
  runExclusive(task: Exclusive): void {
    this.#exclusive.push(task)
    this.#wake()
  }

  /** Ends after the current turn; what waits is not processed. */
  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#timer) clearTimeout(this.#timer)
    if (this.#running) await new Promise<void>(resolve => this.#idle.push(resolve))
  }

  #wake(): void {
    if (this.#running || this.#stopped) return
    this.#running = true
    // Everything that arrived in the same tick shares the turn, and so the sync.
    setImmediate(() => {
      this.#run()
        .catch(error => {
          this.#stopped = true
          this.#ports.failed(error)
        })
        .finally(() => {
          this.#running = false
          for (const resolve of this.#idle.splice(0)) resolve()
          if (!this.#stopped && this.#hasWork()) this.#wake()
        })
    })
  }

  #hasWork(): boolean {
    return this.#inputs.length > 0 || this.#errands.length > 0 || this.#exclusive.length > 0
  }

  async #run(): Promise<void> {
    while (!this.#stopped && this.#hasWork()) {
      // What a task has stored comes first: until the core knows of it, it may want to store the same again.
      for (const task of this.#exclusive.splice(0)) this.#inputs.unshift(...(await task()).map(ownInput))
      await this.#turn()
    }
  }

  async #turn(): Promise<void> {
    const errands = this.#errands.splice(0)
    const effects = this.#stepAll()
    const operations = errands.flatMap(errand => [...errand.operations])
    let urgent = errands.length > 0
    for (const effect of effects) {
      if (effect.type === 'persist') {
        ;(effect.urgent ? operations : this.#later).push(...this.#ports.journal(effect.entries))
        urgent ||= effect.urgent
      } else if (effect.type === 'commit') {
        operations.push(...this.#ports.commit(effect.blocks, effect.certificate))
        urgent = true
      }
    }
    if (urgent) await this.#ports.write([...this.#later.splice(0), ...operations])
    if (this.#stopped) return
    for (const errand of errands) errand.durable()
    for (const effect of effects) this.#perform(effect)
  }

  /** Steps through all inputs; choosing and executing records answer at once, so their answers join the same turn. */
  #stepAll(): Effect[] {
    const effects: Effect[] = []
    const inputs = this.#inputs.splice(0)
    for (let i = 0; i < inputs.length; i++) {
      const { input, origin } = inputs[i]!
      for (const effect of this.#ports.step(input, this.#ports.now(), origin)) {
        if (effect.type === 'build') {
          const records = this.#ports.build(effect.view, effect.parent)
          inputs.push(ownInput({ type: 'built', view: effect.view, parent: effect.parent, records }))
        } else if (effect.type === 'execute') {
          const answer = this.#ports.execute(effect.block)
          if (answer) inputs.push(ownInput(answer))
        }
        effects.push(effect)
      }
    }
    return effects
  }

  #perform(effect: Effect): void {
    const ports = this.#ports
    ports.observe(effect)
    switch (effect.type) {
      case 'send':
        ports.send(effect.to, effect.message)
        break
      case 'broadcast':
        ports.broadcast(effect.message)
        break
      case 'timer':
        this.#arm(effect.at)
        break
      case 'fetchBlock':
        ports.fetchBlock(effect.digest)
        break
      case 'fetchCertificate':
        ports.fetchCertificate(effect.view)
        break
      case 'catchUp':
        ports.catchUp(effect.certificate)
        break
      case 'commit':
        ports.committed(effect.blocks, effect.certificate)
        break
      case 'abandon':
        ports.abandon(effect.digests)
        break
      case 'askHeldVotes':
        ports.askHeldVotes()
        break
      default: // persist, build and execute are done; evidence and report are for observers
        break
    }
  }

  #arm(at: number | undefined): void {
    if (this.#timer) clearTimeout(this.#timer)
    this.#timer = undefined
    if (at === undefined || this.#stopped) return
    const wait = Math.min(Math.max(0, at - this.#ports.now()), 2 ** 31 - 1)
    this.#timer = setTimeout(() => this.push({ type: 'timer' }), wait)
  }
}
