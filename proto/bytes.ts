// The canonical byte encoding: fixed-width big-endian numbers, counted lists, no optional padding.
// One value has exactly one encoding, so that everything hashed or signed is bound to its meaning.
import { MupibError } from './errors.ts'
import { NodeBuffer } from './platform.ts'

const utf8 = new TextEncoder()
const utf8Strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** Lower-case hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  if (NodeBuffer) return NodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
  let hex = ''
  for (const byte of bytes) hex += hexPairs[byte]!
  return hex
}

/** Bytes of a lower-case hex string; throws `malformed` on anything else. */
export function fromHex(hex: string): Uint8Array {
  if (hex.length % 2 !== 0 || !/^[0-9a-f]*$/.test(hex)) throw new MupibError('malformed', 'not lower-case hex')
  return bytesOfHex(hex)
}

/** Bytes of a string known to be lower-case hex (a digest that was made or read here). Throws RangeError on anything else. */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length >> 1)
  putHex(hex, bytes, 0)
  return bytes
}

/** Value of a hex digit's character code; 255 for all other codes below 128. */
const hexValues = Uint8Array.from({ length: 128 }, (_, code) => {
  const value = '0123456789abcdef'.indexOf(String.fromCharCode(code))
  return value < 0 ? 255 : value
})

function putHex(hex: string, bytes: Uint8Array, at: number): void {
  // a digit that is none sets a bit above the low eight
  let bad = hex.length & 1
  for (let i = 0; i + 1 < hex.length; i += 2) {
    const high = hexValues[hex.charCodeAt(i)] ?? 255
    const low = hexValues[hex.charCodeAt(i + 1)] ?? 255
    bad |= (high | low) & 0xf0
    bytes[at + (i >> 1)] = (high << 4) | low
  }
  if (bad !== 0) throw new RangeError('not lower-case hex')
}

/** True where both hold the same bytes. Not constant in time: never for secrets. */
export function bytesEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false
  return true
}

/** The parts one after the other, in bytes of their own. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const whole = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}

const twoTo32 = 2 ** 32

function whole(value: number, max: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > max)
    throw new RangeError(`not a whole number up to ${max}: ${value}`)
  return value
}

/** Appends canonical fields to a growing buffer. Numbers out of range are bugs of the caller and throw RangeError. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity = 256) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  // May replace buffer and view: call it before either is named in an expression.
  #grow(extra: number): number {
    const start = this.#length
    const needed = start + extra
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      larger.set(this.#bytes.subarray(0, start))
      this.#bytes = larger
      this.#view = new DataView(larger.buffer)
    }
    this.#length = needed
    return start
  }

  u8(value: number): this {
    const at = this.#grow(1)
    this.#view.setUint8(at, whole(value, 0xff))
    return this
  }

  u16(value: number): this {
    const at = this.#grow(2)
    this.#view.setUint16(at, whole(value, 0xffff))
    return this
  }

  u32(value: number): this {
    const at = this.#grow(4)
    this.#view.setUint32(at, whole(value, 0xffff_ffff))
    return this
  }

  /** An unsigned 64-bit number; heights, views and times are safe integers, amounts are bigints. */
  u64(value: number | bigint): this {
    if (typeof value === 'bigint') {
      if (value < 0n || value >= 2n ** 64n) throw new RangeError(`not an unsigned 64-bit number: ${value}`)
      const start = this.#grow(8)
      this.#view.setBigUint64(start, value)
      return this
    }
    whole(value, Number.MAX_SAFE_INTEGER)
    const at = this.#grow(8)
    this.#view.setUint32(at, Math.floor(value / twoTo32))
    this.#view.setUint32(at + 4, value % twoTo32)
    return this
  }

  /** Bytes whose length the schema fixes. */
  fixed(bytes: Uint8Array, length: number): this {
    if (bytes.length !== length) throw new RangeError(`expected ${length} bytes, got ${bytes.length}`)
    const at = this.#grow(length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** A 32-byte digest given as lower-case hex. */
  digest(hex: string): this {
    if (hex.length !== 64) throw new RangeError('a digest is 64 hex characters')
    const at = this.#grow(32)
    putHex(hex, this.#bytes, at)
    return this
  }

  /** Bytes with a 32-bit length before them. */
  bytes(bytes: Uint8Array): this {
    this.u32(bytes.length)
    const at = this.#grow(bytes.length)
    this.#bytes.set(bytes, at)
    return this
  }

  /** UTF-8 text with a 32-bit length before it. Half characters (lone surrogates) have no encoding. */
  text(text: string): this {
    if (/\p{Cs}/u.test(text)) throw new RangeError('text with half a character')
    return this.bytes(utf8.encode(text))
  }

  boolean(value: boolean): this {
    return this.u8(value ? 1 : 0)
  }

  /** What was written so far, as a copy of its own. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length)
  }
}

/** Reads canonical fields; every shortage, excess and non-canonical value throws `malformed` or `too_large`. */
export class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get offset(): number {
    return this.#offset
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset
  }

  #take(count: number): number {
    const start = this.#offset
    if (count > this.#bytes.length - start) throw new MupibError('malformed', `cut short at byte ${start}`)
    this.#offset = start + count
    return start
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1))
  }

  u16(): number {
    return this.#view.getUint16(this.#take(2))
  }

  u32(): number {
    return this.#view.getUint32(this.#take(4))
  }

  /** A 64-bit number that must be a safe integer (heights, views, times in milliseconds). */
  u64(): number {
    const at = this.#take(8)
    const high = this.#view.getUint32(at)
    if (high >= 2 ** 21) throw new MupibError('malformed', 'a number beyond 2^53 - 1')
    return high * twoTo32 + this.#view.getUint32(at + 4)
  }

  /** An amount in minor units, at most `max`. */
  amount(max: bigint): bigint {
    const value = this.#view.getBigUint64(this.#take(8))
    if (value > max) throw new MupibError('too_large', `an amount beyond ${max}`)
    return value
  }

  /** A view of `length` bytes inside the bytes that are read: not a copy. */
  fixed(length: number): Uint8Array {
    const start = this.#take(length)
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + start, length)
  }

  digest(): string {
    return toHex(this.fixed(32))
  }

  bytes(max: number): Uint8Array {
    return this.fixed(this.count(max))
  }

  text(max: number): string {
    try {
      return utf8Strict.decode(this.bytes(max))
    } catch (error) {
      if (error instanceof MupibError) throw error
      throw new MupibError('malformed', 'text that is not UTF-8')
    }
  }

  boolean(): boolean {
    const value = this.u8()
    if (value > 1) throw new MupibError('malformed', 'a truth value is 0 or 1')
    return value === 1
  }

  /** A 32-bit count, refused above `max` before anything of the list is read. */
  count(max: number): number {
    const value = this.u32()
    if (value > max) throw new MupibError('too_large', `a count of ${value} where at most ${max} are allowed`)
    return value
  }

  /** Call last: bytes left over are refused. */
  end(): void {
    if (this.remaining !== 0) throw new MupibError('trailing_bytes', `${this.remaining} bytes after the end`)
  }
}
