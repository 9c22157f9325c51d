// Performs the faults of an experiment file on a simulated network, and ends all of them at once when healing comes.
import type { Events } from '../../../consensus/simulator/events.ts'
import type { Network } from '../../../consensus/simulator/network.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import type { Shell } from '../../../consensus/simulator/shell.ts'
import { leaderOf } from '../../../proto/chain.ts'
import type { Seen } from '../history.ts'
import type { Fault, Manifest } from '../manifest.ts'
import type { Flood } from './flood.ts'
import { between, type Direction, type LinkFault, LinkFaults } from './link-faults.ts'
import { nodeName } from './recorder.ts'
import { StoreFaults } from './store-faults.ts'

/** What may be killed, paused and slowed: a validator or a party. */
export interface Victim {
  readonly name: string
  readonly isUp: boolean
  crash(kind: 'power' | 'kill'): void
  start(): void
  pause(): void
  resume(): void
  slow(ms: number): void
}

export interface FaultOptions {
  readonly manifest: Manifest
  readonly events: Events
  readonly network: Network
  readonly nodes: readonly Shell[]
  readonly adversaries: ReadonlySet<number>
  readonly parties: readonly Victim[]
  readonly random: Random
  readonly flood: Flood
  revoke(member: string): void
  /** Loss and repetition of letters, in whole. */
  troubleLetters(fault: LinkFault): () => void
  see(seen: Seen): void
}

/** How long something is down where the file does not say. */
const downMs = 500
const driftStepMs = 100

type Of<Name extends Fault['action']> = Extract<Fault, { action: Name }>

export class FaultRunner {
  readonly #options: FaultOptions
  readonly #links: LinkFaults
  readonly #stores: StoreFaults
  readonly #ends = new Set<() => void>()
  #isHealed = false

  constructor(options: FaultOptions) {
    this.#options = options
    this.#links = new LinkFaults(options.network)
    this.#stores = new StoreFaults(options, (ms, run) => this.#later(ms, run))
  }

  /** Validators that stay mute: their stores were lost and nobody lets them rejoin. */
  get lost(): string[] {
    return this.#stores.lost
  }

  /** Plans everything, from now on. */
  begin(): void {
    this.#options.manifest.faults.forEach((fault, index) => {
      this.#later(fault.at, () => this.#run(fault, index))
    })
  }

  #later(ms: number, run: () => void): void {
    this.#options.events.after(ms, () => {
      if (!this.#isHealed) run()
    })
  }

  #run(fault: Fault, index: number): void {
    if (fault.every !== undefined) this.#later(fault.every, () => this.#run(fault, index))
    const names = this.#namesOf(fault)
    const see = (edge: 'begins' | 'ends' | 'skipped', text: string): void =>
      this.#options.see({ type: 'fault', fault: index, action: fault.action, edge, nodes: names, text })
    const skipped = this.#skipReason(fault)
    if (skipped !== undefined) {
      see('skipped', skipped)
      return
    }
    if (fault.action === 'flipBit' || fault.action === 'oldSnapshot' || fault.action === 'wipe') {
      this.#stores.perform(fault, index, this.#indices(fault.nodes), fault.lasts ?? 2 * downMs)
      return
    }
    see('begins', '')
    const undo = this.#perform(fault, names)
    const end = (): void => {
      if (!this.#ends.delete(end)) return
      undo?.()
      see('ends', '')
    }
    this.#ends.add(end)
    if (fault.lasts !== undefined) this.#later(fault.lasts, end)
    else if (!undo) end()
  }

  #skipReason(fault: Fault): string | undefined {
    switch (fault.action) {
      case 'littleHeap':
        return 'simulated nodes share one heap'
      case 'noDescriptors':
        return 'simulated nodes open no files'
      case 'diskFull':
      case 'ioError':
        return 'the virtual disk takes every write'
      case 'flood':
        return fault.what === 'connections' ? 'the virtual network knows no connections' : undefined
      default:
        return undefined
    }
  }

  get #all(): number[] {
    return this.#options.nodes.map(({ index }) => index)
  }

  get #leader(): number {
    const { nodes } = this.#options
    return leaderOf(Math.max(...nodes.map(({ view }) => view)), nodes.length)
  }

  /** Processes that a fault concerns, by name, each once. */
  #namesOf(fault: Fault): string[] {
    const named = 'nodes' in fault ? fault.nodes : 'from' in fault ? [...fault.from, ...fault.to] : []
    const more = fault.action === 'partition' ? fault.groups.flat() : fault.action === 'bridge' ? fault.via : []
    const member = fault.action === 'revoke' ? [fault.member] : []
    return this.#resolve([...named, ...more, ...member])
  }

  #resolve(names: readonly string[]): string[] {
    const { parties } = this.#options
    const resolved = names.flatMap(name => {
      if (name === 'leader') return [nodeName(this.#leader)]
      if (name === 'validators') return this.#all.map(nodeName)
      if (name === 'all') return [...this.#all.map(nodeName), ...parties.map(party => party.name)]
      return [name]
    })
    return [...new Set(resolved)]
  }

  #indices(names: readonly string[]): number[] {
    return this.#resolve(names).flatMap(name => {
      const index = /^v\d+$/.test(name) ? Number(name.slice(1)) - 1 : -1
      return index >= 0 && index < this.#options.nodes.length ? [index] : []
    })
  }

  #victims(names: readonly string[]): Victim[] {
    const { nodes, parties } = this.#options
    return names.flatMap(name => {
      const party = parties.find(each => each.name === name)
      if (party) return [party]
      return this.#indices([name]).map(index => this.#stores.victim(nodes[index]!))
    })
  }

  #directions(links: Of<'delay'>['links']): Direction[] {
    if (links === 'all') return between(this.#all, this.#all)
    if ('of' in links) return between(this.#indices(links.of), this.#all)
    const [first, second] = links.between
    return between(this.#indices([first]), this.#indices([second]))
  }

  #onLinks(links: Of<'delay'>['links'], fault: LinkFault): () => void {
    // each direction once, though both ends may be named
    const directions = [...new Map(this.#directions(links).map(each => [each.join('>'), each])).values()]
    const undo = this.#links.put(directions, fault)
    const undoLetters = links === 'all' ? this.#options.troubleLetters(fault) : undefined
    return () => {
      undo()
      undoLetters?.()
    }
  }

  /** Begins a fault; what undoes it, where something has to. */
  #perform(fault: Fault, names: readonly string[]): (() => void) | undefined {
    switch (fault.action) {
      case 'delay':
        return this.#onLinks(fault.links, { extraMs: fault.by, jitterMs: fault.jitter })
      case 'throttle':
        return this.#onLinks(fault.links, { bytesPerMs: fault.kilobytesPerSecond })
      case 'loss':
        return this.#onLinks(fault.links, { lossRate: fault.rate })
      case 'duplicate':
        return this.#onLinks(fault.links, { duplicateRate: fault.rate })
      case 'reorder':
        return this.#onLinks(fault.links, { reorderRate: fault.rate })
      case 'reset':
        for (const [a, b] of this.#directions(fault.links)) if (a < b) this.#options.network.breakStream(a, b)
        return undefined
      case 'halfOpen': {
        const isForward = this.#options.random.chance(0.5)
        return this.#links.cut(this.#directions(fault.links).filter(([a, b]) => a < b === isForward))
      }
      case 'flap':
        return this.#flap(fault)
      case 'cut':
      case 'partition':
      case 'isolate':
      case 'bridge':
      case 'followLeader':
        return this.#performCut(fault)
      case 'clockSkew':
      case 'clockJump':
      case 'clockDrift':
        return this.#performClock(fault)
      case 'flood':
        return this.#options.flood.begin(fault.by, fault.what, fault.perSecond)
      case 'revoke':
        this.#options.revoke(fault.member)
        return undefined
      default:
        return this.#performProcess(fault, names)
    }
  }

  #performCut(
    fault: Of<'cut'> | Of<'partition'> | Of<'isolate'> | Of<'bridge'> | Of<'followLeader'>,
  ): (() => void) | undefined {
    switch (fault.action) {
      case 'cut': {
        const to = this.#indices(fault.to)
        const pairs = this.#indices(fault.from).flatMap(a => to.flatMap((b): Direction[] => (a === b ? [] : [[a, b]])))
        return this.#links.cut(pairs)
      }
      case 'partition': {
        const groups = fault.groups.map(group => this.#indices(group))
        const groupOf = (node: number): number => {
          const found = groups.findIndex(group => group.includes(node))
          return found >= 0 ? found : groups.length + node
        }
        return this.#links.cut(
          between(this.#all, this.#all)
            .filter(([a, b]) => a < b && groupOf(a) !== groupOf(b))
            .flatMap(([a, b]): Direction[] => [
              [a, b],
              [b, a],
            ])
            .filter(once()),
        )
      }
      case 'isolate': {
        const nodes = this.#indices(fault.nodes)
        return this.#links.cut(between(nodes, this.#all).filter(once()))
      }
      case 'bridge': {
        const [first, second] = fault.sides
        return this.#links.cut(between(this.#indices(first), this.#indices(second)))
      }
      case 'followLeader':
        return this.#follow(fault.looksEvery)
    }
  }

  #follow(everyMs: number): () => void {
    let mend: (() => void) | undefined
    let isOver = false
    const next = (): void => {
      mend?.()
      mend = undefined
      if (isOver) return
      mend = this.#links.cut(between([this.#leader], this.#all))
      this.#later(everyMs, next)
    }
    next()
    return () => {
      isOver = true
      mend?.()
    }
  }

  #flap({ links, down, up }: Of<'flap'>): () => void {
    const directions = this.#directions(links).filter(once())
    let mend: (() => void) | undefined
    let isOver = false
    const turn = (): void => {
      if (isOver) return
      const isDown = mend !== undefined
      mend?.()
      mend = isDown ? undefined : this.#links.cut(directions)
      this.#later(isDown ? up : down, turn)
    }
    turn()
    return () => {
      isOver = true
      mend?.()
    }
  }

  #performClock(fault: Of<'clockSkew'> | Of<'clockJump'> | Of<'clockDrift'>): () => void {
    const nodes = this.#indices(fault.nodes).map(index => this.#options.nodes[index]!)
    let moved = 0
    let isOver = false
    const move = (ms: number): void => {
      moved += ms
      for (const node of nodes) node.jumpClock(ms)
    }
    if (fault.action !== 'clockDrift') move(fault.by)
    else {
      const startedAt = this.#options.events.now
      const drift = (): void => {
        if (isOver) return
        const due = Math.trunc((this.#options.events.now - startedAt) * fault.rate)
        if (due !== moved) move(due - moved)
        this.#later(driftStepMs, drift)
      }
      drift()
    }
    return () => {
      isOver = true
      move(-moved)
    }
  }

  #performProcess(fault: Fault, names: readonly string[]): (() => void) | undefined {
    const victims = this.#victims(names)
    const restart = (): void => {
      for (const victim of victims) victim.start()
    }
    switch (fault.action) {
      case 'kill':
        for (const victim of victims) victim.crash('kill')
        return restart
      case 'powerLoss':
      case 'tornTail':
        for (const victim of victims) victim.crash('power')
        if (fault.lasts !== undefined) return restart
        this.#later(downMs, restart)
        return undefined
      case 'killAtBoundary':
        this.#killAtBoundary(this.#indices(fault.nodes), fault.lasts ?? downMs)
        return undefined
      case 'pause':
        for (const victim of victims) victim.pause()
        return () => {
          for (const victim of victims) victim.resume()
        }
      case 'slowCpu': {
        const ms = Math.min(200, Math.ceil(5 / Math.max(0.01, fault.share)) - 5)
        for (const victim of victims) victim.slow(ms)
        return () => {
          for (const victim of victims) victim.slow(0)
        }
      }
      case 'restart':
        victims.forEach((victim, place) => {
          this.#later(fault.rolling ? 2 * downMs * place : 0, () => {
            victim.crash('kill')
            this.#later(downMs / 5, () => victim.start())
          })
        })
        return undefined
      default:
        return undefined
    }
  }

  #killAtBoundary(indices: readonly number[], lastsMs: number): void {
    for (const index of indices) {
      const node = this.#options.nodes[index]!
      const kind = this.#options.random.chance(0.5) ? 'power' : 'kill'
      node.planCrash(this.#options.random.below(60), () => {
        node.crash(kind)
        this.#later(lastsMs, () => this.#stores.victim(node).start())
      })
    }
  }

  /** Ends every fault: links and clocks are mended, whoever is down starts. */
  healAll(): void {
    for (const end of [...this.#ends]) end()
    this.#isHealed = true
    for (const node of this.#options.nodes) {
      node.planCrash(Number.POSITIVE_INFINITY, () => {})
      node.resume()
    }
    this.#stores.healAll()
    for (const party of this.#options.parties) {
      party.resume()
      party.start()
    }
    this.#options.network.healAll()
  }
}

/** Leaves out what came before. */
function once(): (direction: Direction) => boolean {
  const seen = new Set<string>()
  return direction => seen.size < seen.add(direction.join('>')).size
}
