// Faults that take a validator's store: wiped, replaced by an old copy, or damaged by a flipped bit, which the node finds when it starts and for which
// an operator wipes it. It is let rejoin, or stays mute for good.
import { emptyStore, type Store } from '../../../consensus/simulator/disk.ts'
import { isRemembered } from '../../../consensus/simulator/remembered.ts'
import type { Shell } from '../../../consensus/simulator/shell.ts'
import type { Fault } from '../manifest.ts'
import type { FaultOptions, Victim } from './faults.ts'
import { nodeName } from './recorder.ts'

type StoreFault = Extract<Fault, { action: 'flipBit' | 'oldSnapshot' | 'wipe' }>

const retryMs = 100
/** How often, and so many times, it is asked whether what a node sent has arrived. */
const arrivalMs = 20
const attemptsMax = 40
/** How old a snapshot is. */
const snapshotAgeMs = 1_500

export class StoreFaults {
  readonly #options: Pick<FaultOptions, 'nodes' | 'adversaries' | 'random' | 'events' | 'see'>
  readonly #later: (ms: number, run: () => void) => void
  readonly #replaced = new Set<number>()
  readonly #toRejoin = new Set<number>()
  readonly #rejoining = new Set<number>()
  /** Old copies by node, oldest first. */
  readonly #copies = new Map<number, { readonly at: number; readonly store: Store }[]>()

  constructor(
    options: Pick<FaultOptions, 'manifest' | 'nodes' | 'adversaries' | 'random' | 'events' | 'see'>,
    later: (ms: number, run: () => void) => void,
  ) {
    this.#options = options
    this.#later = later
    if (options.manifest.faults.some(({ action }) => action === 'oldSnapshot')) this.#keepCopies()
  }

  #keepCopies(): void {
    for (const { index, disk } of this.#options.nodes) {
      const copies = this.#copies.get(index) ?? []
      copies.push({ at: this.#options.events.now, store: disk.snapshot() })
      this.#copies.set(index, copies)
    }
    this.#later(snapshotAgeMs / 3, () => this.#keepCopies())
  }

  get lost(): string[] {
    return [...this.#replaced].filter(index => !this.#toRejoin.has(index)).map(nodeName)
  }

  /** A validator as something that can be killed; it starts as its operator would have it. */
  victim(node: Shell): Victim {
    const start = (): void => {
      if (node.isUp) return
      node.start(this.#rejoining.has(node.index))
      // it waits for what others hold of its key, and votes on nothing
      if (this.#replaced.has(node.index) && node.signing !== 'may')
        this.#options.see({ type: 'life', node: nodeName(node.index), state: 'mute', code: 'store_replaced' })
    }
    return {
      name: nodeName(node.index),
      get isUp() {
        return node.isUp
      },
      crash: kind => node.crash(kind),
      start,
      pause: () => node.pause(),
      resume: () => node.resume(),
      slow: ms => node.slow(ms),
    }
  }

  /** Does it to each node as soon as that is borne. `number` is the fault's among those of the experiment. */
  perform(fault: StoreFault, number: number, indices: readonly number[], lastsMs: number): void {
    for (const index of indices) this.#replace(fault, number, this.#options.nodes[index]!, lastsMs)
  }

  /**
   * A store goes only when others could find out what it had signed: more the protocol does not bear. The node stands still until what it sent has
   * arrived and is written down; where that does not happen soon, it goes on, and is tried again.
   */
  #replace(fault: StoreFault, number: number, node: Shell, lastsMs: number, attempts = 0): void {
    const { nodes, adversaries } = this.#options
    const again = (ms: number, next: number): void =>
      this.#later(ms, () => this.#replace(fault, number, node, lastsMs, next))
    if (!node.isUp || (attempts === 0 && node.isPaused)) {
      again(retryMs, 0)
      return
    }
    const counts = (index: number): boolean => !adversaries.has(index) && !this.#replaced.has(index)
    if (isRemembered(node, nodes, counts)) this.#take(fault, number, node, lastsMs)
    else if (attempts < attemptsMax) {
      node.pause()
      again(arrivalMs, attempts + 1)
    } else {
      node.resume()
      again(retryMs, 0)
    }
  }

  #take(fault: StoreFault, number: number, node: Shell, lastsMs: number): void {
    const { see } = this.#options
    const { action } = fault
    const name = nodeName(node.index)
    see({ type: 'fault', fault: number, action, edge: 'begins', nodes: [name], text: '' })
    node.crash('power')
    node.replaceStore(fault.action === 'oldSnapshot' ? this.#oldCopy(node) : this.#empty(node))
    this.#replaced.add(node.index)
    if (fault.action === 'flipBit' || fault.rejoin) this.#toRejoin.add(node.index)
    if (fault.action === 'flipBit') {
      see({
        type: 'damage',
        node: name,
        file: fault.file,
        found: 'at start',
        text: 'a flipped bit: it refuses to start',
      })
      see({ type: 'life', node: name, state: 'refuses', code: 'store_corrupt' })
    }
    this.#later(Math.floor(lastsMs / 2), () => this.victim(node).start())
    if (!this.#toRejoin.has(node.index)) return
    this.#later(lastsMs, () => {
      this.#rejoin(node)
      see({ type: 'fault', fault: number, action, edge: 'ends', nodes: [name], text: '' })
    })
  }

  #rejoin(node: Shell): void {
    this.#rejoining.add(node.index)
    node.crash('kill')
    this.victim(node).start()
  }

  #empty({ disk }: Shell): Store {
    const [genesis] = disk.synced.chain
    return emptyStore(genesis!, this.#options.nodes[0]!.genesisState)
  }

  #oldCopy(node: Shell): Store {
    const { now } = this.#options.events
    const old = (this.#copies.get(node.index) ?? []).filter(({ at }) => at <= now - snapshotAgeMs)
    return old.at(-1)?.store ?? this.#empty(node)
  }

  /** Whoever may rejoin does, whoever is down starts. */
  healAll(): void {
    for (const node of this.#options.nodes) {
      if (this.#toRejoin.has(node.index) && !this.#rejoining.has(node.index)) this.#rejoin(node)
      this.victim(node).start()
    }
  }
}
