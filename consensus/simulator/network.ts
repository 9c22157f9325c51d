// The virtual network: one stream per pair of validators, ordered while it lives. A stream that breaks loses what is in flight (or
// delivers some of it late); it is dialled again with a capped pause, and both ends learn that it came up.
import type { Block, Certificate } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Answer, Ask } from '../machine.ts'
import type { Message } from '../types.ts'
import type { Events } from './events.ts'
import type { Random } from './random.ts'

export type { Answer, Ask }

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

/** What slows a direction down beside the network's own delay. */
interface Slowness {
  readonly extraMs: number
  readonly jitterMs: number
  /** 0 where nothing throttles it. */
  readonly bytesPerMs: number
  /** Until then earlier messages fill the throttled line. */
  busyUntil: number
}

const notSlow = (): Slowness => ({ extraMs: 0, jitterMs: 0, bytesPerMs: 0, busyUntil: 0 })

const voteBytes = 180
const certificateBytes = ({ signatures }: Certificate): number => 80 + 66 * signatures.length
const lengthOf = (records: readonly Uint8Array[]): number => records.reduce((sum, { length }) => sum + length, 0)
const blockBytes = (block: Block | undefined): number => 200 + 32 * (block?.records.length ?? 0)

/** About as many bytes as a message takes on a real wire. */
function wireBytes(wire: Wire): number {
  switch (wire.type) {
    case 'record':
      return wire.bytes.length
    case 'announce':
      return 20 + 32 * wire.digests.length
    case 'ask':
      return 60
    case 'message': {
      const { message } = wire
      if (message.type === 'vote') return voteBytes
      if (message.type === 'certificate') return certificateBytes(message.certificate)
      const { block, parentCertificate, nullifications } = message.proposal
      const certificates = parentCertificate ? [parentCertificate, ...nullifications] : nullifications
      return certificates.reduce((sum, each) => sum + certificateBytes(each), blockBytes(block))
    }
    case 'answer':
      return answerBytes(wire.answer)
  }
}

function answerBytes(answer: Answer): number {
  switch (answer.type) {
    case 'block':
      return blockBytes(answer.block)
    case 'certificate':
      return answer.certificates.reduce((sum, each) => sum + certificateBytes(each), 20)
    case 'heldVotes':
      return 20 + voteBytes * (answer.held?.votes.length ?? 0)
    case 'records':
      return lengthOf(answer.records)
    case 'chain':
      return answer.blocks.reduce((sum, { block }) => sum + blockBytes(block), lengthOf(answer.records))
  }
}

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
  readonly #slow: Slowness[]
  /** Of single directions, in place of `faults`. */
  readonly #faultsOf = new Map<number, NetworkFaults>()
  /** Of every direction. */
  faults: NetworkFaults = noNetworkFaults

  constructor(events: Events, random: Random, host: NetworkHost, size: number, settings: NetworkSettings) {
    this.#events = events
    this.#random = random
    this.#host = host
    this.#size = size
    this.#settings = settings
    this.#cuts = Array(size * size).fill(0)
    this.#slow = Array.from({ length: size * size }, notSlow)
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
    const index = from * this.#size + to
    const { breakRate, lossRate, duplicateRate, reorderRate } = this.#faultsOf.get(index) ?? this.faults
    if (breakRate > 0 && this.#random.chance(breakRate)) {
      this.breakStream(from, to)
      return
    }
    if (this.#isCut(from, to) || (lossRate > 0 && this.#random.chance(lossRate))) return
    const { delayMs, jitterMs } = this.#settings
    const delay = delayMs + this.#random.below(jitterMs + 1) + this.#slownessOf(index, wire)
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

  /** Milliseconds that this message takes longer. */
  #slownessOf(index: number, wire: Wire): number {
    const slow = this.#slow[index] as Slowness
    const jitter = slow.jitterMs > 0 ? this.#random.below(slow.jitterMs + 1) : 0
    if (slow.bytesPerMs === 0) return slow.extraMs + jitter
    slow.busyUntil = Math.max(this.#events.now, slow.busyUntil) + Math.ceil(wireBytes(wire) / slow.bytesPerMs)
    return slow.extraMs + jitter + slow.busyUntil - this.#events.now
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

  /** Slows one direction down by so many milliseconds, give or take, and to so many bytes per millisecond where that is not 0. */
  slow(from: number, to: number, extraMs: number, jitterMs = 0, bytesPerMs = 0): void {
    this.#slow[from * this.#size + to] = { extraMs, jitterMs, bytesPerMs, busyUntil: 0 }
  }

  /** Puts faults on one direction, in place of those of all; undefined takes them off. */
  setFaults(from: number, to: number, faults: NetworkFaults | undefined): void {
    const index = from * this.#size + to
    if (faults) this.#faultsOf.set(index, faults)
    else this.#faultsOf.delete(index)
  }

  /** Ends every fault of the network. Streams that were cut or lost something are dialled anew. */
  healAll(): void {
    this.faults = noNetworkFaults
    this.#faultsOf.clear()
    for (let index = 0; index < this.#slow.length; index++) this.#slow[index] = notSlow()
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
