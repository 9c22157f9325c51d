// Performs the faults of a scenario at their times, and ends all of them at once.
import { leaderOf } from '../../proto/chain.ts'
import type { Store } from './disk.ts'
import { emptyStore } from './disk.ts'
import type { Events } from './events.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import { isRemembered } from './remembered.ts'
import type { Fault, Scenario } from './scenario.ts'
import type { Shell } from './shell.ts'
import type { CrashKind } from './shell-world.ts'

export interface InjectorOptions {
  readonly scenario: Scenario
  readonly events: Events
  readonly network: Network
  readonly nodes: readonly Shell[]
  readonly random: Random
  readonly note: (kind: string, first?: number | string, second?: number | string) => void
}

const replaceRetryMs = 50

export class FaultInjector {
  readonly #options: InjectorOptions
  #isHealed = false
  /** Nodes that an operator lets rejoin: so they start from then on. */
  readonly #rejoining = new Set<number>()
  /** Nodes whose store was replaced, and those of them for which an operator will do so. */
  readonly #replaced = new Set<number>()
  readonly #toRejoin = new Set<number>()
  readonly #jumped = new Map<number, number>()

  constructor(options: InjectorOptions) {
    this.#options = options
  }

  /** True where a node may rightly refuse to sign for good. */
  mayStayMute(index: number): boolean {
    return this.#replaced.has(index) && !this.#toRejoin.has(index)
  }

  schedule(): void {
    const { scenario, events, network } = this.#options
    events.at(scenario.warmUpMs, () => {
      if (!this.#isHealed) network.faults = scenario.faultRates
    })
    for (const fault of scenario.faults) {
      if (fault.type === 'replaceStore') this.#planReplacement(fault)
      else this.#at(fault.at, () => this.#begin(fault))
    }
  }

  /** Faults that would begin or end later than healing do nothing. */
  #at(time: number, run: () => void): void {
    this.#options.events.at(time, () => {
      if (!this.#isHealed) run()
    })
  }

  #later(ms: number, run: () => void): void {
    this.#at(this.#options.events.now + ms, run)
  }

  #node(index: number): Shell {
    return this.#options.nodes[index] as Shell
  }

  #begin(fault: Exclude<Fault, { type: 'replaceStore' }>): void {
    const { network, note } = this.#options
    note(`fault ${fault.type}`, fault.lastsMs)
    switch (fault.type) {
      case 'crash':
        for (const node of fault.nodes) this.#crash(this.#node(node), fault.kind, fault.lastsMs)
        break
      case 'crashAtBoundary':
        this.#node(fault.node).planCrash(fault.boundaries, node => this.#crash(node, fault.kind, fault.lastsMs))
        break
      case 'cut': {
        const pairs = fault.from.flatMap(a => fault.to.map(b => [a, b] as const))
        const cuts = fault.oneWay ? pairs : pairs.flatMap(([a, b]) => [[a, b] as const, [b, a] as const])
        for (const [a, b] of cuts) network.cut(a, b)
        this.#later(fault.lastsMs, () => {
          for (const [a, b] of cuts) network.heal(a, b)
        })
        break
      }
      case 'followLeader':
        this.#followLeader(Math.ceil(fault.lastsMs / this.#options.scenario.timing.timeoutMs) * 2)
        break
      case 'breakStream':
        network.breakStream(...fault.nodes)
        break
      case 'slow':
        network.slow(fault.from, fault.to, fault.extraMs)
        this.#later(fault.lastsMs, () => network.slow(fault.from, fault.to, 0))
        break
      case 'jumpClock':
        this.#jumped.set(fault.node, (this.#jumped.get(fault.node) ?? 0) + fault.ms)
        this.#node(fault.node).jumpClock(fault.ms)
    }
  }

  #crash(node: Shell, kind: CrashKind, downMs: number): void {
    if (!node.isUp) return
    node.crash(kind)
    this.#later(downMs, () => this.#start(node))
  }

  #start(node: Shell): void {
    if (!node.isUp) node.start(this.#rejoining.has(node.index))
  }

  #followLeader(times: number): void {
    const { nodes, network, scenario } = this.#options
    if (times === 0) return
    const leader = leaderOf(Math.max(...nodes.map(({ view }) => view)), nodes.length)
    const others = nodes.filter(({ index }) => index !== leader)
    for (const { index } of others) {
      network.cut(leader, index)
      network.cut(index, leader)
    }
    this.#later(scenario.timing.timeoutMs / 2, () => {
      for (const { index } of others) {
        network.heal(leader, index)
        network.heal(index, leader)
      }
      this.#followLeader(times - 1)
    })
  }

  #planReplacement(fault: Extract<Fault, { type: 'replaceStore' }>): void {
    const node = this.#node(fault.node)
    let copy: Store = emptyStore(node.tip, node.disk.synced.state)
    if (!fault.isEmpty) {
      const takenAt = Math.max(0, fault.at - 1500 + this.#options.random.below(1500))
      this.#at(takenAt, () => {
        copy = node.disk.snapshot()
      })
    }
    this.#at(fault.at, () => this.#replaceStore(fault, node, () => copy))
  }

  #replaceStore(fault: Extract<Fault, { type: 'replaceStore' }>, node: Shell, copy: () => Store): void {
    if (!node.isUp || !this.#isRemembered(node)) {
      this.#later(replaceRetryMs, () => this.#replaceStore(fault, node, copy))
      return
    }
    this.#options.note('fault replaceStore', node.index, fault.isEmpty ? 'empty' : 'old')
    node.crash('power')
    node.replaceStore(copy())
    this.#replaced.add(node.index)
    if (fault.rejoins) this.#toRejoin.add(node.index)
    this.#later(Math.floor(fault.lastsMs / 2), () => this.#start(node))
    if (!fault.rejoins) return
    this.#later(fault.lastsMs, () => {
      this.#rejoining.add(node.index)
      if (node.isUp) this.#crash(node, 'kill', 10)
    })
  }

  #isRemembered(node: Shell): boolean {
    const { nodes, scenario } = this.#options
    const { byzantine, faults } = scenario
    const replaced = faults.flatMap(fault => (fault.type === 'replaceStore' ? [fault.node] : []))
    return isRemembered(node, nodes, index => !byzantine.has(index) && !replaced.includes(index))
  }

  /** Ends every fault: links and clocks are mended, whoever is down starts, but for those that stay dead. */
  healAll(): void {
    const { nodes, network, scenario, note } = this.#options
    this.#isHealed = true
    note('all faults end')
    for (const index of this.#toRejoin) {
      this.#rejoining.add(index)
      this.#node(index).crash('kill')
    }
    for (const node of nodes) {
      node.planCrash(Number.POSITIVE_INFINITY, () => {})
      if (scenario.deadAtEnd.includes(node.index)) node.crash('power')
      else this.#start(node)
      node.jumpClock(-(this.#jumped.get(node.index) ?? 0))
    }
    network.healAll()
  }
}
