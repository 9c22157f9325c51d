// Reads LevelDB's variable-length numbers and length-prefixed byte strings (LevelDB util/coding.cc).

/** Reads forward; past the end it answers zeros and sets `failed`, so that a caller checks once. */
export class VarintReader {
  readonly #bytes: Uint8Array
  readonly #end: number
  offset: number
  failed = false

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes
    this.offset = start
    this.#end = end
  }

  get done(): boolean {
    return this.failed || this.offset >= this.#end
  }

  varint(): number {
    let value = 0
    for (let scale = 1; scale <= 2 ** 49; scale *= 128) {
      if (this.offset >= this.#end) break
      const byte = this.#bytes[this.offset++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value
    }
    // Sequence numbers stay below 2^56; nothing else comes near.
    this.failed = true
    return 0
  }

  slice(length = this.varint()): Uint8Array {
    const start = this.offset
    if (length > this.#end - start) this.failed = true
    this.offset = Math.min(start + length, this.#end)
    return this.#bytes.subarray(start, this.offset)
  }
}
