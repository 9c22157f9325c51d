// One direction of one connection: hands bytes from a socket to another, at once or as the rules of its link say. The order is kept, the
// end of the stream and its reset travel as bytes do, and what is held is bounded: beyond that the sender is not read from.
import type * as net from 'node:net'

/** How a direction of a link treats its bytes at the moment. */
export interface Treatment {
  readonly delayMs: number
  readonly jitterMs: number
  readonly bytesPerSecond: number | undefined
  /** Nothing is handed on. */
  readonly waits: boolean
}

/** What the flows of one direction have in common: its bandwidth, its luck, its count. */
export interface Lane {
  treatment: Treatment
  /** Monotonic milliseconds until which its bandwidth is taken. */
  takenUntil: number
  /** Uniform in [0, 1). */
  readonly random: () => number
  bytes: number
}

type Item = { at: number } & ({ readonly type: 'bytes'; readonly bytes: Buffer } | { readonly type: 'end' | 'reset' })

/** Bytes that a flow holds at most: what a link of 16 MB/s has under way in 250 ms. */
const heldBytesMax = 4 * 1024 * 1024
/** What a router has room for, however slow its line. */
const heldBytesMin = 64 * 1024
/** Milliseconds that bytes wait at most in front of a slow line. */
const queueMsMax = 250
/** A slow line hands on so many pieces a second. */
const piecesPerSecond = 50
const pieceBytesMin = 1_024

function heldMost({ waits, bytesPerSecond, delayMs, jitterMs }: Treatment): number {
  if (waits) return heldBytesMin
  if (bytesPerSecond === undefined) return heldBytesMax
  const underWay = (bytesPerSecond * (delayMs + jitterMs + queueMsMax)) / 1_000
  return Math.min(heldBytesMax, Math.max(heldBytesMin, underWay))
}

/**
 * Sends RST now, whatever waits to be written. `resetAndDestroy` alone ends the stream in good order first; an error that comes
 * meanwhile resets a socket that is shutting down, which libuv refuses, and Node then keeps the handle for ever. One that is ending already, or
 * not connected yet, is closed without RST.
 */
export function resetSocket(socket: net.Socket): void {
  const isEnding = socket.writableEnded && !socket.writableFinished
  if (!socket.destroyed && !socket.connecting && !isEnding) socket.resetAndDestroy()
  socket.destroy()
}

export class Flow {
  readonly #source: net.Socket
  readonly #sink: net.Socket
  readonly #lane: Lane
  readonly #queue: Item[] = []
  #heldBytes = 0
  /** When the last item goes: later ones do not overtake it. */
  #lastAt = 0
  #isSinkFull = false
  #hasEnded = false
  #timer: NodeJS.Timeout | undefined

  constructor(source: net.Socket, sink: net.Socket, lane: Lane) {
    this.#source = source
    this.#sink = sink
    this.#lane = lane
    source.on('data', bytes => this.#take(bytes as Buffer))
    source.on('end', () => {
      this.#hasEnded = true
      this.#hold({ type: 'end', at: 0 })
    })
    // closed without an end: lost, and the other side is to see the same
    source.on('close', () => {
      if (!this.#hasEnded) this.#hold({ type: 'reset', at: 0 })
    })
    sink.on('drain', () => {
      this.#isSinkFull = false
      this.#pump()
    })
    sink.on('close', () => this.#drop())
  }

  /** The lane treats its bytes otherwise than before; what is held goes as if it had come now, but no later than it would have. */
  retreat(): void {
    const { bytesPerSecond } = this.#lane.treatment
    this.#lastAt = 0
    for (const item of this.#queue) {
      const at = this.#dueAt(item.type === 'bytes' ? item.bytes.length : 0)
      item.at = bytesPerSecond === undefined ? Math.min(item.at, at) : at
    }
    this.#pump()
  }

  #take(bytes: Buffer): void {
    const { delayMs, jitterMs, bytesPerSecond, waits } = this.#lane.treatment
    const isPlain = delayMs === 0 && jitterMs === 0 && bytesPerSecond === undefined && !waits
    if (isPlain && this.#queue.length === 0) {
      this.#write(bytes)
      if (this.#isSinkFull) this.#source.pause()
      return
    }
    const most =
      bytesPerSecond === undefined
        ? bytes.length
        : Math.max(pieceBytesMin, Math.floor(bytesPerSecond / piecesPerSecond))
    for (let at = 0; at < bytes.length; at += most)
      this.#hold({ type: 'bytes', bytes: bytes.subarray(at, at + most), at: 0 })
  }

  #hold(item: Item): void {
    if (this.#sink.destroyed) return
    const length = item.type === 'bytes' ? item.bytes.length : 0
    item.at = this.#dueAt(length)
    this.#queue.push(item)
    this.#heldBytes += length
    if (this.#heldBytes >= heldMost(this.#lane.treatment)) this.#source.pause()
    if (this.#queue.length === 1) this.#pump()
  }

  #dueAt(length: number): number {
    const lane = this.#lane
    const { delayMs, jitterMs, bytesPerSecond } = lane.treatment
    let at = performance.now()
    if (bytesPerSecond !== undefined) {
      lane.takenUntil = Math.max(at, lane.takenUntil) + (length * 1_000) / bytesPerSecond
      at = lane.takenUntil
    }
    at += delayMs + (jitterMs === 0 ? 0 : (2 * lane.random() - 1) * jitterMs)
    this.#lastAt = Math.max(at, this.#lastAt)
    return this.#lastAt
  }

  #pump(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const { waits } = this.#lane.treatment
    while (!waits && !this.#isSinkFull) {
      const [next] = this.#queue
      if (!next) break
      const restMs = next.at - performance.now()
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), restMs)
        break
      }
      this.#queue.shift()
      this.#pass(next)
    }
    if (!this.#isSinkFull && this.#heldBytes < heldMost(this.#lane.treatment)) this.#source.resume()
  }

  #pass(item: Item): void {
    switch (item.type) {
      case 'bytes':
        this.#heldBytes -= item.bytes.length
        this.#write(item.bytes)
        break
      case 'end':
        this.#sink.end()
        break
      case 'reset':
        resetSocket(this.#sink)
        break
    }
  }

  #write(bytes: Buffer): void {
    if (this.#sink.destroyed) return
    this.#lane.bytes += bytes.length
    this.#isSinkFull = !this.#sink.write(bytes)
  }

  // Nobody is left to hand anything to; the source is read on, so that its end is noticed.
  #drop(): void {
    clearTimeout(this.#timer)
    this.#queue.length = 0
    this.#heldBytes = 0
    this.#isSinkFull = false
    this.#source.resume()
  }
}
