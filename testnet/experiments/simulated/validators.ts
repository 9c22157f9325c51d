// The validators of a simulated run: the consensus simulator's nodes with the ledger as their application, and what each tells clients who follow it.
import { type AdversaryName, adversaries } from '../../../consensus/adversaries/index.ts'
import type { Observation } from '../../../consensus/invariants/invariant.ts'
import type { ApplicationFactory } from '../../../consensus/simulator/application.ts'
import type { Events } from '../../../consensus/simulator/events.ts'
import { Keyring } from '../../../consensus/simulator/keyring.ts'
import { createMachine, type Wrap, type WrapContext } from '../../../consensus/simulator/machine.ts'
import { Network } from '../../../consensus/simulator/network.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { Shell } from '../../../consensus/simulator/shell.ts'
import { epoch, type ShellWorld } from '../../../consensus/simulator/shell-world.ts'
import { evenSides } from '../../../consensus/simulator/sides.ts'
import type { Trace } from '../../../consensus/simulator/trace.ts'
import type { CoreConfig, FinalBlock, Restored, Timing } from '../../../consensus/types.ts'
import { genesisBlock } from '../../../proto/chain.ts'
import { digestOf } from '../../../proto/hash.ts'
import type { LedgerState } from './ledger-state.ts'
import type { AnsweredBlock, CertifiedBlocks } from './party.ts'

/** Final blocks in one letter, unless one certificate finalizes a longer run. */
const blocksMax = 16

export interface ValidatorsOptions {
  readonly seed: number
  readonly count: number
  readonly byzantine: ReadonlyMap<number, AdversaryName>
  readonly timing: Timing
  readonly delayMs: number
  readonly jitterMs: number
  readonly redialMs: number
  /** How long a synced write and an execution take, in milliseconds. */
  readonly diskMs: number
  readonly executeMs: number
  readonly events: Events
  readonly random: Random
  readonly trace: Trace
  readonly factory: ApplicationFactory
  observe(observation: Observation): void
  /** An honest node broke its contract. */
  complain(node: number, error: unknown): void
  /** A client that follows this node is due blocks from this height on. */
  tell(node: number, client: string, certified: CertifiedBlocks): void
}

export class Validators {
  readonly nodes: Shell[] = []
  readonly network: Network
  readonly keyring: Keyring
  readonly genesis: FinalBlock
  readonly #options: ValidatorsOptions
  /** Clients by node, with the height from which they want blocks. */
  readonly #followers = new Map<number, Map<string, number>>()

  constructor(options: ValidatorsOptions) {
    this.#options = options
    const { events, random, count, delayMs, jitterMs, redialMs, seed, factory } = options
    const network = digestOf('genesis', Buffer.from(`experiment ${seed}`))
    this.genesis = genesisBlock(network, factory.genesis.stateRoot, epoch - 10_000)
    this.network = new Network(events, random.fork(2), this.#host(), count, { delayMs, jitterMs, redialMs })
    this.keyring = new Keyring(network, count, random.fork(3), false)
    this.#create()
  }

  #host(): ConstructorParameters<typeof Network>[2] {
    const { events, trace } = this.#options
    return {
      isUp: node => this.nodes[node]?.isUp ?? false,
      deliver: (from, to, wire) => this.nodes[to]?.receive(from, wire),
      linkUp: (node, peer) => this.nodes[node]?.linkUp(peer),
      note: (node, kind, peer) => trace.event(events.now, node, kind, peer),
    }
  }

  isHonest(node: number): boolean {
    return !this.#options.byzantine.has(node)
  }

  #create(): void {
    const { events, random, trace, factory, count, timing, byzantine, diskMs, executeMs } = this.#options
    const world: ShellWorld = {
      events,
      network: this.network,
      keyring: this.keyring,
      trace,
      factory,
      genesis: this.genesis,
      size: count,
      retryMs: 100,
      announceMs: 200,
      observe: observation => this.#observe(observation),
      complain: (node, error) => {
        if (this.isHonest(node)) this.#options.complain(node, error)
      },
      isHonest: node => this.isHonest(node),
      trueOutcomes: new Map(),
    }
    const conspiracy = new WeakMap<object, 0 | 1>()
    const side = evenSides(count, new Set(byzantine.keys()), random)
    for (let index = 0; index < count; index++) {
      const adversary = byzantine.get(index)
      const wrap = adversary ? adversaries[adversary] : undefined
      const own = random.fork(10 + index)
      const context = {
        random: own.fork(1),
        accomplices: new Set([...byzantine.keys()].filter(other => other !== index)),
        conspiracy,
        side,
        create: createMachine,
      }
      const signer = this.keyring.signer(index)
      this.nodes.push(
        new Shell(world, {
          index,
          config: {
            network: this.genesis.block.header.network,
            validators: count,
            self: index,
            timing,
            signer,
            genesis: this.genesis,
          },
          random: own,
          create: wrap ? wrapped(wrap, context) : createMachine,
          switches: {},
          skewMs: 0,
          diskMs,
          executeMs,
          rotsAt: undefined,
        }),
      )
    }
  }

  #observe(observation: Observation): void {
    this.#options.observe(observation)
    if (observation.type === 'crashes') this.#followers.delete(observation.node)
    if (observation.type !== 'finalizes') return
    for (const [client, from] of this.#followers.get(observation.node) ?? []) this.#tell(observation.node, client, from)
  }

  stateOf(node: number): LedgerState {
    return this.nodes[node]!.disk.synced.state as LedgerState
  }

  /** A client wants final blocks from a height on, those to come too. */
  follow(node: number, client: string, from: number): void {
    const shell = this.nodes[node]
    if (!shell?.isUp || shell.isPaused) return
    const followers = this.#followers.get(node) ?? new Map<string, number>()
    followers.set(client, from)
    this.#followers.set(node, followers)
    this.#tell(node, client, from)
  }

  #tell(node: number, client: string, from: number): void {
    const certified = this.#certifiedFrom(node, from)
    if (!certified) return
    const last = certified.blocks.at(-1)!.final.block.header.height
    this.#followers.get(node)?.set(client, last + 1)
    this.#options.tell(node, client, certified)
  }

  #certifiedFrom(node: number, from: number): CertifiedBlocks | undefined {
    const { chain, certificates } = this.nodes[node]!.disk.synced
    let last = from - 1
    for (let height = from; height < chain.length; height++) {
      if (!certificates.has(height)) continue
      if (last >= from && height >= from + blocksMax) break
      last = height
    }
    if (last < from) return undefined
    const answered = new Map<number, AnsweredBlock>()
    for (let result = this.stateOf(node).result; result && result.height >= from; result = result.before) {
      const final = chain[result.height]
      if (!final || final.block.digest !== result.digest) return undefined
      const { stateRoot, answers } = result.executed
      answered.set(result.height, { final, stateRoot, answers })
    }
    const blocks = Array.from({ length: last - from + 1 }, (_, i) => answered.get(from + i))
    if (blocks.includes(undefined)) return undefined
    return { blocks: blocks as AnsweredBlock[], certificate: certificates.get(last)! }
  }
}

/** A machine factory whose every machine is wrapped anew. */
function wrapped(
  wrap: Wrap,
  context: Omit<WrapContext, 'config' | 'restored'>,
): (config: CoreConfig, restored: Restored) => ReturnType<typeof createMachine> {
  return (config, restored) => wrap(context.create(config, restored), { ...context, config, restored })
}
