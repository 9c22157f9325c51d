// The virtual network: one stream per pair of validators, ordered while it lives. A stream that breaks loses what is in flight (or
// delivers some of it late); it is dialled again with a capped pause, and both ends learn that it came up.
import type { Block, Certificate } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { FinalBlock, HeldVotes, Message } from '../types.ts'
import type { Events } from './events.ts'
import type { Random } from './random.ts'

/** What one node may ask another. */
export type Ask =
  | { readonly type: 'block'; readonly digest: Digest }
  | { readonly type: 'certificate'; readonly view: number }
  | { readonly type: 'heldVotes' }
  | { readonly type: 'records'; readonly digests: readonly Digest[] }
  /** Final blocks from this height on. */
  | { readonly type: 'chain'; readonly from: number }

export type Answer =
  | { readonly type: 'block'; readonly block: Block | undefined }
  | { readonly type: 'certificate'; readonly certificates: readonly Certificate[] }
  | { readonly type: 'heldVotes'; readonly held: HeldVotes | undefined }
  | { readonly type: 'records'; readonly records: readonly Uint8Array[] }
  | {
      readonly type: 'chain'
      readonly blocks: readonly FinalBlock[]
      /** Finalizes the last block. */
      readonly certificate: Certificate | undefined
      readonly records: readonly Uint8Array[]
    }

/** What travels between two nodes. */
export type Wire =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'announce'; readonly digests: readonly Digest[] }
  | { readonly type: 'record'; readonly bytes: Uint8Array }
  | { readonly type: 'ask'; readonly id: number; readonly ask: Ask }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }

/** Times in milliseconds, rates as probabilities per message. */
export interface NetworkSettings {
  readonly delayMs: number
  readonly jitterMs: number
  /** The longest pause before a broken stream is dialled again. */
  readonly redialMs: number
}

/** Rates that hold while faults are on. */
export interface NetworkFaults {
  /** The stream breaks with this message. */
  readonly breakRate: number
  /** The message alone is lost, unnoticed. */
  readonly lossRate: number
  readonly duplicateRate: number
  /** The message arrives late, after those sent later. */
  readonly reorderRate: number
}

export const noNetworkFaults: NetworkFaults = { breakRate: 0, lossRate: 0, duplicateRate: 0, reorderRate: 0 }

interface Stream {
  isUp: boolean
  isDialling: boolean
  /** Rises with every break: what was sent before is lost, or late. */
  epoch: number
  readonly lastArrival: [number, number]
}

/** What the network tells the nodes. */
export interface NetworkHost {
  isUp(node: number): boolean
  deliver(from: number, to: number, wire: Wire): void
  linkUp(node: number, peer: number): void
  /** For the trace. */
  note(node: number, kind: string, peer: number): void
}

/** Streams between all pairs, with the faults that a schedule puts on them. */
export class Network {
  readonly #events: Events
  readonly #random: Random
  readonly #host: NetworkHost
  readonly #size: number
  readonly #settings: NetworkSettings
  readonly #streams: Stream[] = []
  /** How many faults cut each direction now. */
  readonly #cuts: number[]
  /** Extra delay of each direction, in milliseconds. */
  readonly #slow: number[]
  faults: NetworkFaults = noNetworkFaults

  constructor(events: Events, random: Random, host: NetworkHost, size: number, settings: NetworkSettings) {
    this.#events = events
    this.#random = random
    this.#host = host
    this.#size = size
    this.#settings = settings
    this.#cuts = Array(size * size).fill(0)
    this.#slow = Array(size * size).fill(0)
    for (let i = 0; i < size * size; i++) {
      this.#streams.push({ isUp: false, isDialling: false, epoch: 0, lastArrival: [0, 0] })
    }
  }

  #stream(a: number, b: number): Stream {
    return this.#streams[Math.min(a, b) * this.#size + Math.max(a, b)] as Stream
  }

  #isCut(from: number, to: number): boolean {
    return (this.#cuts[from * this.#size + to] as number) > 0
  }

  isConnected(a: number, b: number): boolean {
    return this.#stream(a, b).isUp
  }

  /** Sends towards a peer; nothing happens where no stream is up. */
  send(from: number, to: number, wire: Wire): void {
    const stream = this.#stream(from, to)
    if (!stream.isUp) return
    const { breakRate, lossRate, duplicateRate, reorderRate } = this.faults
    if (breakRate > 0 && this.#random.chance(breakRate)) {
      this.breakStream(from, to)
      return
    }
    if (this.#isCut(from, to) || (lossRate > 0 && this.#random.chance(lossRate))) return
    const { delayMs, jitterMs } = this.#settings
    const delay = delayMs + this.#random.below(jitterMs + 1) + (this.#slow[from * this.#size + to] as number)
    const isLate = reorderRate > 0 && this.#random.chance(reorderRate)
    const direction = from < to ? 0 : 1
    let arrival = this.#events.now + delay
    if (isLate) arrival += this.#random.below(20 * delayMs + 100)
    else {
      arrival = Math.max(arrival, stream.lastArrival[direction])
      stream.lastArrival[direction] = arrival
    }
    this.#schedule(from, to, wire, arrival, stream, isLate)
    if (duplicateRate > 0 && this.#random.chance(duplicateRate)) {
      this.#schedule(from, to, wire, arrival + this.#random.below(10 * delayMs + 50), stream, true)
    }
  }

  /** A late message outlives its stream: it reached the other side's buffers before the break. */
  #schedule(from: number, to: number, wire: Wire, arrival: number, stream: Stream, outlives: boolean): void {
    const { epoch } = stream
    this.#events.at(arrival, () => {
      if ((stream.epoch === epoch || outlives) && this.#host.isUp(to)) this.#host.deliver(from, to, wire)
    })
  }

  /** Breaks the stream of a pair: what is in flight is lost. It is dialled again. */
  breakStream(a: number, b: number): void {
    const stream = this.#stream(a, b)
    if (stream.isUp) this.#host.note(a, 'stream-broke', b)
    stream.isUp = false
    stream.epoch++
    this.#dial(a, b)
  }

  #dial(a: number, b: number): void {
    const stream = this.#stream(a, b)
    if (stream.isDialling || stream.isUp || a === b) return
    stream.isDialling = true
    const { redialMs } = this.#settings
    this.#events.after(1 + this.#random.below(redialMs), () => {
      stream.isDialling = false
      if (stream.isUp || this.#isCut(a, b) || this.#isCut(b, a)) return
      if (!this.#host.isUp(a) || !this.#host.isUp(b)) return
      stream.isUp = true
      stream.lastArrival[0] = 0
      stream.lastArrival[1] = 0
      this.#host.note(a, 'stream-up', b)
      this.#host.linkUp(a, b)
      if (stream.isUp && this.#host.isUp(b)) this.#host.linkUp(b, a)
    })
  }

  /** A node went down: its streams end. */
  nodeDown(node: number): void {
    for (let peer = 0; peer < this.#size; peer++) {
      if (peer === node) continue
      const stream = this.#stream(node, peer)
      stream.isUp = false
      stream.epoch++
    }
  }

  /** A node came up: it is dialled, and dials. */
  nodeUp(node: number): void {
    for (let peer = 0; peer < this.#size; peer++) if (peer !== node) this.#dial(node, peer)
  }

  /** Cuts one direction. A stream cut in one direction is noticed by neither end at once. */
  cut(from: number, to: number): void {
    const index = from * this.#size + to
    this.#cuts[index] = (this.#cuts[index] as number) + 1
  }

  /** Takes back one cut. The stream is dialled anew: what was lost meanwhile stays lost. */
  heal(from: number, to: number): void {
    const index = from * this.#size + to
    this.#cuts[index] = Math.max(0, (this.#cuts[index] as number) - 1)
    if (!this.#isCut(from, to)) this.breakStream(from, to)
  }

  /** Slows one direction down by so many milliseconds. */
  slow(from: number, to: number, extraMs: number): void {
    this.#slow[from * this.#size + to] = extraMs
  }

  /** Ends every fault of the network. Streams that were cut or lost something are dialled anew. */
  healAll(): void {
    this.faults = noNetworkFaults
    this.#slow.fill(0)
    for (let a = 0; a < this.#size; a++) {
      for (let b = a + 1; b < this.#size; b++) {
        const wasCut = this.#isCut(a, b) || this.#isCut(b, a)
        this.#cuts[a * this.#size + b] = 0
        this.#cuts[b * this.#size + a] = 0
        if (wasCut) this.breakStream(a, b)
        else this.#dial(a, b)
      }
    }
  }
}
