// Twins (Bano et al., arXiv 2004.10617): some validators run twice under one key, and in each view the processes are parted into sides. A
// message of a view is delivered within a side only, until that view's parting ends; at last all hear all, and must decide. The copies
// are honest cores: whatever they sign between them, no two honest validators may finalize different blocks while at most f are twins.
import { createAgreement } from '../../consensus/invariants/agreement.ts'
import type { Invariant, Observed } from '../../consensus/invariants/invariant.ts'
import { createOutcomes } from '../../consensus/invariants/outcomes.ts'
import { createVotes } from '../../consensus/invariants/votes.ts'
import { Events } from '../../consensus/simulator/events.ts'
import { createMachine, type Wrap } from '../../consensus/simulator/machine.ts'
import { Random } from '../../consensus/simulator/random.ts'
import { epoch } from '../../consensus/simulator/shell-world.ts'
import type { CoreConfig, FinalBlock, Message } from '../../consensus/types.ts'
import { type Block, genesisBlock, type Vote } from '../../proto/chain.ts'
import { type Digest, digestOf, zeroDigest } from '../../proto/hash.ts'
import { recordOf, type TwinsHost, TwinsProcess } from './twins-process.ts'

const network = digestOf('genesis', Buffer.from('twins'))
const genesis: FinalBlock = genesisBlock(network, zeroDigest, epoch - 1000)
const timing = { timeoutMs: 1000, idleMs: 1_000_000, driftMs: 500 }
const latencyMs = 10
/** For how long the parting of one view lasts beyond that of the view before: a timeout to give up, and one to go on. */
const partingMs = 2 * timing.timeoutMs
const probe = recordOf(0)

/** A case: who runs twice, and on which side each process is in each view (from 1 on). Second copies come after all validators. */
export interface TwinsCase {
  readonly validators: number
  readonly twins: readonly number[]
  readonly sides: readonly (readonly number[])[]
}

export interface TwinsResult {
  /** What broke first, if anything did. */
  readonly violation: { readonly invariant: string; readonly text: string } | undefined
  /** Highest final height of an honest process when all partings were over, and at the end. */
  readonly heightParted: number
  readonly height: number
  /** Honest processes held proof that a twin signed two things. */
  readonly isCaught: boolean
  /** Milliseconds from the end of all partings to the probe being final everywhere. */
  readonly recoveryMs: number | undefined
  readonly inputs: number
}

/** The dead or lying leaders in a row that twins may be, two more timeouts, and time for messages and fetches. */
const boundMsOf = ({ validators, twins }: TwinsCase): number => {
  let longest = 0
  for (let first = 0; first < validators; first++) {
    let run = 0
    while (run < validators && twins.includes((first + run) % validators)) run++
    longest = Math.max(longest, run)
  }
  return (longest + 2) * timing.timeoutMs + 1000
}

/** Runs one case on real cores. A planted bug wraps every honest core. */
export function runTwins(said: TwinsCase, wrap?: Wrap): TwinsResult {
  return new TwinsWorld(said, wrap).run()
}

class TwinsWorld implements TwinsHost {
  readonly blocks = new Map<Digest, Block>([[genesis.block.digest, genesis.block]])
  readonly #case: TwinsCase
  readonly #events = new Events()
  readonly #processes: TwinsProcess[] = []
  readonly #honest: TwinsProcess[]
  readonly #invariants: readonly Invariant[] = [createAgreement(), createOutcomes(), createVotes()]
  #violation: TwinsResult['violation']
  #isCaught = false
  #inputs = 0
  /** Views up to this one are parted no more. */
  #liftedView = 0

  constructor(said: TwinsCase, wrap: Wrap | undefined) {
    this.#case = said
    const { validators, twins } = said
    for (const [position, index] of [...Array(validators).keys(), ...twins].entries()) {
      const isTwin = twins.includes(index)
      this.#processes.push(this.#createProcess(position, index, isTwin ? undefined : wrap))
    }
    this.#honest = this.#processes.filter(({ index }) => !twins.includes(index))
  }

  #createProcess(position: number, self: number, wrap: Wrap | undefined): TwinsProcess {
    const { validators } = this.#case
    // No message comes from anybody but a core, so that nobody need look at signatures.
    const signature = new Uint8Array([self])
    const signer = {
      vote: (ballot: object) => ({ ...ballot, signer: self, signature }) as Vote,
      proposal: () => signature,
    }
    const config: CoreConfig = { network, validators, self, timing, signer, genesis }
    const restored = { tip: genesis, certificate: undefined, journal: [], rejoin: false }
    const honest = createMachine(config, restored)
    const machine = wrap
      ? wrap(honest, {
          config,
          restored,
          random: new Random(position),
          accomplices: new Set(),
          conspiracy: new WeakMap(),
          side: () => 0,
          create: createMachine,
        })
      : honest
    return new TwinsProcess(this, { position, isSecond: position >= validators, config, machine })
  }

  readonly now = (): number => epoch + this.#events.now

  after(ms: number, run: () => void): void {
    this.#events.after(ms, run)
  }

  #areTogether(a: TwinsProcess, b: TwinsProcess, view: number): boolean {
    if (view <= this.#liftedView) return true
    const sides = this.#case.sides[view - 1]
    return sides === undefined || sides[a.position] === sides[b.position]
  }

  send(from: TwinsProcess, to: number | undefined, message: Message): void {
    const view = viewOf(message)
    for (const peer of this.#processes) {
      if (peer.index === from.index || (to !== undefined && peer.index !== to)) continue
      if (!this.#areTogether(from, peer, view)) continue
      this.#inputs++
      this.#events.after(latencyMs, () => peer.receive(from, message))
    }
  }

  peersOf(process: TwinsProcess): TwinsProcess[] {
    const view = process.machine.view()
    return this.#processes.filter(peer => peer.index !== process.index && this.#areTogether(process, peer, view))
  }

  observe(process: TwinsProcess, observation: Observed): void {
    if (this.#case.twins.includes(process.index) || this.#violation) return
    if (observation.type === 'accuses' && this.#case.twins.includes(observation.validator)) {
      this.#isCaught = true
      return
    }
    for (const invariant of this.#invariants) {
      const text = invariant.observe({ ...observation, at: this.#events.now, node: process.index })
      if (text !== undefined) this.#violation = { invariant: invariant.name, text }
    }
  }

  /** The parting of a view ends: who was parted is linked anew, and says again what is undecided (rule 8e). */
  #lift(view: number): void {
    const sides = this.#case.sides[view - 1] ?? []
    this.#liftedView = view
    for (const a of this.#processes) {
      for (const b of this.#processes) {
        if (a.index !== b.index && sides[a.position] !== sides[b.position]) a.input({ type: 'linkUp', peer: b.index })
      }
    }
  }

  run(): TwinsResult {
    const views = this.#case.sides.length
    // One record for each view and two more, so that there is work throughout, and then none.
    const records = Array.from({ length: views + 2 }, (_, at) => recordOf(at + 1))
    for (const process of this.#processes) process.start()
    for (const process of this.#processes) process.submit(records)
    for (let view = 1; view <= views; view++) this.#events.at(view * partingMs, () => this.#lift(view))
    const isBroken = (): boolean => this.#violation !== undefined
    this.#events.runUntil(views * partingMs, isBroken, Number.POSITIVE_INFINITY)
    const heightParted = this.#height()
    const recoveryMs = isBroken() ? undefined : this.#recover(views * partingMs)
    return {
      violation: this.#violation,
      heightParted,
      height: this.#height(),
      isCaught: this.#isCaught,
      recoveryMs,
      inputs: this.#inputs,
    }
  }

  #height(): number {
    return Math.max(...this.#honest.map(({ tip }) => tip.block.header.height))
  }

  #recover(healedAt: number): number | undefined {
    for (const process of this.#processes) process.submit([probe])
    const isDone = (): boolean => this.#violation !== undefined || this.#honest.every(one => one.hasDecided(probe))
    const boundMs = boundMsOf(this.#case)
    for (let waitedMs = 50; waitedMs <= boundMs; waitedMs += 50) {
      this.#events.runUntil(healedAt + waitedMs, () => this.#violation !== undefined, Number.POSITIVE_INFINITY)
      if (isDone()) return this.#violation ? undefined : waitedMs
    }
    const where = this.#honest.map(
      ({ index, machine, tip }) => `n${index} view ${machine.view()} height ${tip.block.header.height}`,
    )
    this.#violation = { invariant: 'I9', text: `not decided within ${boundMs} ms: ${where.join(', ')}` }
    return undefined
  }
}

function viewOf(message: Message): number {
  if (message.type === 'vote') return message.vote.view
  return message.type === 'proposal' ? message.proposal.block.header.view : message.certificate.view
}
