// Frames over one libp2p stream: writes of one tick go out together, the write queue is bounded, and reading stops while handlers are busy.

import type { Stream, StreamCloseEvent, StreamMessageEvent } from '@libp2p/interface'
import { MupibError } from '../../proto/errors.ts'
import { encodeFrames, FrameDecoder } from './frames.ts'
import { networkLimits } from './limits.ts'
import { grantSparingly } from './window-grants.ts'

/**
 * Why a framed stream ended.
 * `ended`: the peer closed it after a whole frame. `local`: closed here. `lost`: reset, or the connection went.
 * `malformed`, `too_large`, `truncated`, `unexpected` (data where none is expected): the peer's fault. `overflow`: the peer reads too slowly.
 * `handler`: the frame handler threw.
 */
export type StreamEnd =
  | 'ended'
  | 'local'
  | 'lost'
  | 'malformed'
  | 'too_large'
  | 'truncated'
  | 'unexpected'
  | 'overflow'
  | 'handler'

/** Ends that only a faulty or hostile peer causes. */
export function isPeersFault(end: StreamEnd): boolean {
  return end === 'malformed' || end === 'too_large' || end === 'truncated' || end === 'unexpected'
}

export interface FramedStreamOptions {
  frameBytesMax: number
  /** Bytes and frames that may wait to be written. */
  queueBytesMax: number
  queueFramesMax: number
  /** Promises of `onFrame` that may be open before reading stops. */
  inFlightMax?: number
  /** Handles one frame; a throw or a rejection ends the stream. Without it any data from the peer is a fault. */
  onFrame?: (frame: Uint8Array) => void | Promise<void>
  /** Called exactly once. */
  onEnd?: (end: StreamEnd, error?: Error) => void
}

export class FramedStream {
  readonly #stream: Stream
  readonly #options: FramedStreamOptions
  readonly #decoder: FrameDecoder
  #queue: Uint8Array[] = []
  #queueBytes = 0
  #isFlushing = false
  #inFlight = 0
  #isPumping = false
  #hasEnded = false
  #isReadEnded = false
  #hasPeerFinished = false
  #isClosing = false
  #drainWaiters: (() => void)[] = []
  #endWaiters: (() => void)[] = []

  constructor(stream: Stream, options: FramedStreamOptions) {
    this.#stream = stream
    this.#options = options
    this.#decoder = new FrameDecoder(options.frameBytesMax)
    stream.maxReadBufferLength = networkLimits.streamReadBytes
    grantSparingly(stream)
    stream.addEventListener('message', this.#onMessage)
    stream.addEventListener('drain', this.#onDrain)
    stream.addEventListener('remoteCloseWrite', this.#onPeerFinished)
    stream.addEventListener('end', this.#onReadEnded)
    stream.addEventListener('close', this.#onClose)
    // the stream may have ended before anybody listened
    if (stream.status !== 'open') queueMicrotask(() => this.#finish('lost'))
    else if (stream.readableEnded) queueMicrotask(this.#onReadEnded)
    else if (stream.remoteWriteStatus === 'closed') this.#hasPeerFinished = true
  }

  get isOpen(): boolean {
    return !this.#hasEnded && !this.#isClosing
  }

  /** Bytes that wait to be written, here and in the stream below. */
  get bufferedBytes(): number {
    return this.#hasEnded ? 0 : this.#queueBytes + this.#stream.writeBufferLength
  }

  /**
   * Queues a frame, which must not change afterwards; all frames of one tick are written together.
   * False when the stream is not open, or has just been cut because the peer reads too slowly.
   */
  send(frame: Uint8Array): boolean {
    if (frame.byteLength === 0 || frame.byteLength > this.#options.frameBytesMax) {
      throw new MupibError(
        'bug',
        `a frame of ${frame.byteLength} bytes cannot be sent: 1 to ${this.#options.frameBytesMax}`,
      )
    }
    if (!this.isOpen) return false
    if (
      this.#queue.length >= this.#options.queueFramesMax ||
      this.bufferedBytes + frame.byteLength > this.#options.queueBytesMax
    ) {
      this.abort('overflow')
      return false
    }
    this.#queue.push(frame)
    this.#queueBytes += frame.byteLength
    this.#scheduleFlush()
    return true
  }

  /** Resolves when nothing waits here any more (the stream below may still hold one write), or the stream has ended. */
  drained(): Promise<void> {
    if (this.#hasEnded || this.#queue.length === 0) return Promise.resolve()
    return new Promise(resolve => this.#drainWaiters.push(resolve))
  }

  /** Writes what is queued, then closes; cuts the stream where that takes too long. */
  async close(): Promise<void> {
    if (this.#hasEnded || this.#isClosing) return
    this.#isClosing = true
    const signal = AbortSignal.timeout(networkLimits.closeTimeoutMs)
    const timeout = new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
    try {
      await Promise.race([this.drained(), timeout])
      if (!this.#hasEnded) await this.#stream.close({ signal })
      // the peer closes its direction when it has read everything; a reset sooner would take that from it
      if (!this.#hasEnded) await Promise.race([this.#ended(), timeout])
    } catch {
      // what cannot be closed in time is cut below
    }
    this.abort('local')
  }

  #ended(): Promise<void> {
    return new Promise(resolve => this.#endWaiters.push(resolve))
  }

  /** Ends the stream at once; what waits to be written is lost. */
  abort(end: StreamEnd, error?: Error): void {
    if (this.#hasEnded) return
    this.#finish(end, error)
    this.#stream.abort(error ?? new Error(end))
  }

  #scheduleFlush(): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    queueMicrotask(() => {
      this.#isFlushing = false
      this.#flush()
    })
  }

  #flush(): void {
    let next = 0
    try {
      while (!this.#hasEnded && next < this.#queue.length && !this.#stream.writableNeedsDrain) {
        const from = next
        let bytes = 0
        do {
          bytes += this.#queue[next]!.byteLength
          next += 1
        } while (next < this.#queue.length && bytes + this.#queue[next]!.byteLength <= networkLimits.writeBytes)
        this.#queueBytes -= bytes
        this.#stream.send(encodeFrames(this.#queue.slice(from, next), bytes))
      }
    } catch (error) {
      // the stream closed under us: its close event may come later or not at all
      this.abort('lost', error instanceof Error ? error : undefined)
      return
    }
    if (this.#hasEnded) return
    this.#queue = next === this.#queue.length ? [] : this.#queue.slice(next)
    if (this.#queue.length === 0) this.#releaseDrainWaiters()
  }

  #releaseDrainWaiters(): void {
    const waiters = this.#drainWaiters
    this.#drainWaiters = []
    for (const resolve of waiters) resolve()
  }

  readonly #onDrain = (): void => {
    // the stream first writes what it holds itself, also in a microtask
    if (this.#queue.length > 0) queueMicrotask(() => this.#scheduleFlush())
  }

  readonly #onMessage = (event: StreamMessageEvent): void => {
    if (this.#hasEnded) return
    if (this.#options.onFrame === undefined) {
      this.abort('unexpected')
      return
    }
    this.#decoder.push(event.data.subarray())
    this.#pump()
  }

  /** Hands on frames while handlers have room; otherwise the peer's window fills and it stops sending. */
  #pump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#hasEnded) {
      this.#handleBuffered()
      if (this.#hasEnded) break
      const isFull = this.#isFull()
      if (this.#isReadEnded) {
        if (!isFull) this.#finishRead()
        break
      }
      try {
        if (isFull) this.#stream.pause()
        if (isFull || this.#stream.readStatus !== 'paused') break
        // What waited below arrives within this call and is handled in the next round: yamux (8.0.1) forgets a pause that
        // is asked for inside a resume, goes on widening the window, and resets the stream once its read buffer is full.
        this.#stream.resume()
      } catch {
        // closing or closed: the close event says so
        break
      }
    }
    this.#isPumping = false
  }

  #isFull(): boolean {
    return this.#inFlight >= (this.#options.inFlightMax ?? 1)
  }

  #handleBuffered(): void {
    try {
      while (!this.#hasEnded && !this.#isFull()) {
        const frame = this.#decoder.next()
        if (frame === undefined) return
        this.#handle(frame)
      }
    } catch (error) {
      this.abort(error instanceof MupibError && error.code === 'too_large' ? 'too_large' : 'malformed', error as Error)
    }
  }

  #handle(frame: Uint8Array): void {
    let outcome: void | Promise<void>
    try {
      outcome = this.#options.onFrame!(frame)
    } catch (error) {
      this.abort('handler', error instanceof Error ? error : new Error(String(error)))
      return
    }
    // a handler may well return something else where nothing is asked for
    if (!(outcome instanceof Promise)) return
    this.#inFlight += 1
    outcome.then(
      () => {
        this.#inFlight -= 1
        this.#pump()
      },
      (error: unknown) => this.abort('handler', error instanceof Error ? error : new Error(String(error))),
    )
  }

  readonly #onPeerFinished = (): void => {
    this.#hasPeerFinished = true
  }

  readonly #onReadEnded = (): void => {
    this.#isReadEnded = true
    // a transport that went away emits 'end' too; its 'close' follows
    if (this.#hasPeerFinished) this.#pump()
  }

  /** The peer wrote its last byte, and all whole frames are handled: what is left is an incomplete frame. */
  #finishRead(): void {
    const isTruncated = this.#decoder.bufferedBytes > 0
    if (isTruncated) {
      this.abort('truncated')
      return
    }
    // our own direction is closed as well: no protocol here goes on half-open
    this.#finish('ended')
    this.#stream
      .close({ signal: AbortSignal.timeout(networkLimits.closeTimeoutMs) })
      .catch((error: Error) => this.#stream.abort(error))
  }

  readonly #onClose = (event: StreamCloseEvent): void => {
    this.#finish(event.error === undefined && this.#hasPeerFinished ? 'ended' : 'lost', event.error)
  }

  #finish(end: StreamEnd, error?: Error): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    this.#queue = []
    this.#queueBytes = 0
    this.#stream.removeEventListener('message', this.#onMessage)
    this.#stream.removeEventListener('drain', this.#onDrain)
    this.#stream.removeEventListener('remoteCloseWrite', this.#onPeerFinished)
    this.#stream.removeEventListener('end', this.#onReadEnded)
    this.#stream.removeEventListener('close', this.#onClose)
    this.#releaseDrainWaiters()
    for (const resolve of this.#endWaiters.splice(0)) resolve()
    this.#options.onEnd?.(this.#isClosing ? 'local' : end, error)
  }
}
