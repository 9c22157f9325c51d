// Frames on a byte stream: four bytes of length, big-endian, then as many bytes. A length of zero or over the limit is malformed.

import { MupibError } from '../../proto/errors.ts'

const framePrefixBytes = 4

/** Puts frames, each with its length, one after the other into one buffer. */
export function encodeFrames(frames: readonly Uint8Array[], byteLength: number): Uint8Array {
  const out = Buffer.allocUnsafe(byteLength + frames.length * framePrefixBytes)
  let at = 0
  for (const frame of frames) {
    out.writeUInt32BE(frame.byteLength, at)
    out.set(frame, at + framePrefixBytes)
    at += framePrefixBytes + frame.byteLength
  }
  return out
}

/** Cuts a byte stream into frames, one at a time, so that a slow reader holds bytes and not frames. */
export class FrameDecoder {
  readonly #frameBytesMax: number
  #buffer: Uint8Array = new Uint8Array(0)
  #start = 0
  #end = 0
  /** False while the buffer is the chunk itself, which must not be written to. */
  #isOwned = false

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax
  }

  /** Bytes received and not yet returned in a frame. */
  get bufferedBytes(): number {
    return this.#end - this.#start
  }

  /** Adds received bytes; the chunk must not change afterwards. */
  push(chunk: Uint8Array): void {
    const buffered = this.bufferedBytes
    if (buffered === 0) {
      this.#buffer = chunk
      this.#start = 0
      this.#end = chunk.byteLength
      this.#isOwned = false
      return
    }
    const needed = buffered + chunk.byteLength
    if (!this.#isOwned || this.#end + chunk.byteLength > this.#buffer.byteLength) {
      // doubling: a frame that arrives byte by byte is not copied at every byte
      const larger =
        needed > this.#buffer.byteLength / 2 ? new Uint8Array(needed * 2) : new Uint8Array(this.#buffer.byteLength)
      larger.set(this.#buffer.subarray(this.#start, this.#end))
      this.#buffer = larger
      this.#start = 0
      this.#end = buffered
      this.#isOwned = true
    }
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.byteLength
  }

  /**
   * Returns a copy of the next complete frame, or undefined while it is incomplete.
   * Throws `malformed` on an empty frame and `too_large` on one over the limit, as soon as its length is known.
   */
  next(): Uint8Array | undefined {
    if (this.bufferedBytes < framePrefixBytes) return undefined
    const view = new DataView(this.#buffer.buffer, this.#buffer.byteOffset + this.#start, framePrefixBytes)
    const length = view.getUint32(0)
    if (length === 0) throw new MupibError('malformed', 'a frame of no bytes')
    if (length > this.#frameBytesMax) {
      throw new MupibError('too_large', `a frame of ${length} bytes where ${this.#frameBytesMax} are allowed`)
    }
    if (this.bufferedBytes < framePrefixBytes + length) return undefined
    const from = this.#start + framePrefixBytes
    // a copy: a small frame that is kept must not keep the whole read buffer alive
    const frame = new Uint8Array(length)
    frame.set(this.#buffer.subarray(from, from + length))
    this.#start = from + length
    if (this.#start === this.#end) {
      this.#buffer = new Uint8Array(0)
      this.#start = 0
      this.#end = 0
      this.#isOwned = false
    }
    return frame
  }
}
