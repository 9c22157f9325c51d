// What one node does with its application: builds and executes blocks, commits them, takes records in and tells what is work. It lives from
// a start to the next crash.
import { type Certificate, leaderOf } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Observed } from '../invariants/invariant.ts'
import type { Effect, FinalBlock, Input } from '../types.ts'
import type { Application } from './application.ts'
import type { Disk } from './disk.ts'
import type { Wire } from './network.ts'
import type { ShellOptions, ShellWorld } from './shell-world.ts'
import type { Part } from './trace.ts'

/** What the executor needs of the shell around it. */
export interface ExecutorHost {
  readonly disk: Disk
  readonly app: Application
  send(to: number, wire: Wire): void
  later(ms: number, run: () => void): void
  /** Runs after what waits already. */
  queue(run: () => void): void
  input(input: Input, origin: number | undefined): void
  fetchRecord(digest: Digest, hint: number): void
  trace(kind: string, first?: Part, second?: Part, third?: Part): void
  observe(observation: Observed): void
}

export class Executor {
  readonly #world: ShellWorld
  readonly #options: ShellOptions
  readonly #host: ExecutorHost
  /** Gone with the node's power, which may go in the midst of what runs here. */
  #app: Application | undefined
  readonly #waiting = new Map<Digest, () => void>()
  readonly #abandoned = new Set<Digest>()
  #isAnnouncing = false

  constructor(world: ShellWorld, options: ShellOptions, host: ExecutorHost) {
    this.#world = world
    this.#options = options
    this.#host = host
    this.#app = host.app
  }

  get pendingRecords(): number {
    return this.#app?.pending().length ?? 0
  }

  /** The node is down: nothing is done any more. */
  end(): void {
    this.#app = undefined
  }

  build(view: number, parent: Digest): void {
    const records = this.#app?.hasExecuted(parent) ? this.#app.build(parent) : []
    this.#host.input({ type: 'built', view, parent, records }, undefined)
  }

  execute(effect: Extract<Effect, { type: 'execute' }>): void {
    const { block } = effect
    const { tip } = this.#host.disk.synced
    const app = this.#app
    if (!app) return
    // lost while it waited to be executed: nobody asks for it any more. Any other parent has to be there
    const isLost = this.#abandoned.has(block.digest) || block.header.height <= tip.block.header.height
    if (isLost && !app.hasExecuted(block.header.parent)) return
    const execution = app.execute(block)
    if (execution.type === 'missing') {
      this.#host.trace('lacks', execution.records.length, execution.records[0])
      this.#waiting.set(block.digest, () => this.execute(effect))
      for (const digest of execution.records)
        this.#host.fetchRecord(digest, leaderOf(block.header.view, this.#world.size))
      return
    }
    this.#waiting.delete(block.digest)
    if (execution.type === 'invalid') {
      this.#host.input({ type: 'unexecutable', digest: block.digest, reason: execution.reason }, undefined)
      return
    }
    let { outcome } = execution
    if (this.#options.rotsAt === undefined) this.#world.trueOutcomes.set(block.digest, outcome)
    else if (this.#options.switches.trustsOutcomes) outcome = this.#world.trueOutcomes.get(block.digest) ?? outcome
    this.#host.input({ type: 'executed', digest: block.digest, outcome }, undefined)
  }

  commit(blocks: readonly FinalBlock[], certificate: Certificate): void {
    const app = this.#app
    if (!app) return
    const state = app.commit(blocks)
    const records = blocks.flatMap(({ block }) => this.bodiesOf(block.records))
    this.#host.disk.write({ entries: [], records, commit: { blocks, certificate, state } })
    if (this.#options.switches.storesStateFirst) this.#host.disk.synced.state = state
    else this.#host.disk.sync()
    for (const final of blocks) {
      const { digest, header } = final.block
      this.#host.trace('commits', header.height, digest, final.outcome)
      this.#host.observe({ type: 'finalizes', final, own: app.outcomeOf(digest) })
    }
    this.#host.queue(() => this.tellWork())
  }

  abandon(digests: readonly Digest[]): void {
    for (const digest of digests) this.#abandoned.add(digest)
    this.#app?.abandon(digests)
  }

  /** The bytes of those records that are held. */
  bodiesOf(records: readonly Digest[]): [Digest, Uint8Array][] {
    return records.flatMap(digest => {
      const bytes = this.#app?.record(digest)
      return bytes ? [[digest, bytes] as [Digest, Uint8Array]] : []
    })
  }

  takeRecord(bytes: Uint8Array): void {
    const app = this.#app
    if (!app || app.record(this.#world.factory.digestOf(bytes))) return
    const digest = app.receive(bytes)
    if (digest === undefined) return
    if (!this.#options.switches.omitsBodies) {
      this.#host.disk.write({ entries: [], records: [[digest, bytes]], commit: undefined })
    }
    for (const retry of [...this.#waiting.values()]) retry()
    this.tellWork()
  }

  /** Tells the machine what became work or ceased to be, and keeps announcing what is pending. */
  tellWork(): void {
    const change = this.#app?.workChange()
    if (!change) return
    if (change.dropped.length > 0) this.#host.input({ type: 'dropped', records: change.dropped }, undefined)
    if (change.work.length > 0) this.#host.input({ type: 'work', records: change.work }, undefined)
    this.#announce()
  }

  #announce(): void {
    if (this.#isAnnouncing || this.#options.switches.isSilentOnRecords) return
    const digests = this.#app?.pending() ?? []
    if (digests.length === 0) return
    this.#isAnnouncing = true
    for (let peer = 0; peer < this.#world.size; peer++) this.#host.send(peer, { type: 'announce', digests })
    this.#host.later(this.#world.announceMs, () => {
      this.#isAnnouncing = false
      this.#announce()
    })
  }
}
