// One validator as a client sees it: a session that comes back by itself, and a bounded queue of frames towards it.

import { limits } from '../../proto/limits.ts'
import { type ClientFrame, decodeClientFrame } from '../../proto/wire/codec.ts'
import type { Host } from '../network/host.ts'
import { type ClientSession, openSession } from '../network/sessions.ts'
import { clientSettings } from './settings.ts'

export interface LinkHandlers {
  onUp(link: ValidatorLink): void
  onDown(link: ValidatorLink): void
  onFrame(link: ValidatorLink, frame: ClientFrame): void
}

export interface LinkOptions {
  readonly host: Host
  readonly index: number
  readonly name: string
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly random: () => number
  readonly handlers: LinkHandlers
}

export class ValidatorLink {
  /** The validator's index in genesis. */
  readonly index: number
  readonly name: string
  /** Monotonic milliseconds of the last frame that came. */
  heardAt = 0
  /** It owed something and said nothing; any frame clears it. */
  isSilent = false
  /** It sent an answer that does not hold: asked last from then on. */
  isDistrusted = false
  /** The newest final height that it told of. */
  height: number | undefined
  readonly #session: ClientSession
  #queue: Uint8Array[] = []
  #isWaiting = false

  constructor({ host, index, name, peerId, addresses, random, handlers }: LinkOptions) {
    this.index = index
    this.name = name
    this.#session = openSession({
      host,
      peerId,
      multiaddrs: addresses,
      random,
      frameBytesMax: limits.clientFrameBytes,
      onUp: () => {
        this.heardAt = performance.now()
        this.isSilent = false
        handlers.onUp(this)
      },
      onDown: () => {
        this.#queue = []
        handlers.onDown(this)
      },
      // a frame that cannot be decoded ends the session, which then starts anew
      onFrame: bytes => {
        const frame = decodeClientFrame(bytes)
        this.heardAt = performance.now()
        this.isSilent = false
        handlers.onFrame(this, frame)
      },
    })
  }

  get isUp(): boolean {
    return this.#session.isUp
  }

  /** Queues a frame, which must not change afterwards. What is queued when the session goes down is dropped. */
  send(frame: Uint8Array): void {
    if (!this.isUp) return
    this.#queue.push(frame)
    this.#pump()
  }

  noteHeight(height: number): void {
    if (this.height === undefined || height > this.height) this.height = height
  }

  #pump(): void {
    if (this.#isWaiting) return
    let next = 0
    while (next < this.#queue.length && this.#session.bufferedBytes < clientSettings.sessionBytes) {
      if (!this.#session.send(this.#queue[next]!)) break
      next += 1
    }
    this.#queue = next === this.#queue.length ? [] : this.#queue.slice(next)
    // one that takes nothing with nothing to write is about to end: waiting for it to drain would spin and keep its end from being seen
    if (this.#queue.length === 0 || !this.isUp || this.#session.bufferedBytes === 0) return
    this.#isWaiting = true
    this.#session.drained().then(
      () => {
        this.#isWaiting = false
        this.#pump()
      },
      () => {
        this.#isWaiting = false
      },
    )
  }

  setAddresses(addresses: readonly string[]): void {
    this.#session.setAddresses(addresses)
  }

  close(): Promise<void> {
    return this.#session.close()
  }
}
