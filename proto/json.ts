// Strict reading of JSON files that people exchange (genesis, proofs): every field is checked, and none may be unknown, missing or doubled.
import { fromHex } from './bytes.ts'
import { type ErrorCode, MupibError } from './errors.ts'
import type { Digest } from './hash.ts'

/** One value of a JSON document with its path, so that a refusal can name the field. All methods throw the document's error code. */
export class JsonField {
  readonly value: unknown
  readonly path: string
  readonly #code: ErrorCode

  constructor(value: unknown, path: string, code: ErrorCode) {
    this.value = value
    this.path = path
    this.#code = code
  }

  /** Refuses the field and says what would be right. */
  refuse(right: string, cause?: unknown): never {
    const where = this.path === '' ? 'the document' : this.path
    throw new MupibError(this.#code, `${where}: ${right}`, {
      field: this.path,
      hint: `make ${where} ${right}`,
      ...(cause === undefined ? {} : { cause }),
    })
  }

  /** An object with exactly these fields; the optional ones may be absent. */
  object<R extends string, O extends string = never>(
    required: readonly R[],
    optional: readonly O[] = [],
  ): Record<R, JsonField> & Partial<Record<O, JsonField>> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.refuse('an object')
    const known: readonly string[] = [...required, ...optional]
    const entries = Object.entries(value as Record<string, unknown>)
    for (const [name] of entries)
      if (!known.includes(name)) this.#child(name).refuse(`absent: the fields here are ${known.join(', ')}`)
    const fields: Partial<Record<string, JsonField>> = Object.create(null)
    for (const [name, inner] of entries) fields[name] = this.#child(name, inner)
    for (const name of required) if (!fields[name]) this.#child(name).refuse('present: it is missing')
    return fields as Record<R, JsonField> & Partial<Record<O, JsonField>>
  }

  list(min: number, max: number): JsonField[] {
    const { value } = this
    if (!Array.isArray(value) || value.length < min || value.length > max)
      this.refuse(`a list of ${min} to ${max} entries`)
    return value.map((inner, i) => new JsonField(inner, `${this.path}[${i}]`, this.#code))
  }

  text(maxLength: number): string {
    const { value } = this
    if (typeof value !== 'string' || value.length > maxLength) this.refuse(`a text of at most ${maxLength} characters`)
    return value
  }

  integer(min: number, max: number): number {
    const { value } = this
    if (typeof value !== 'number' || !Number.isInteger(value) || Object.is(value, -0) || value < min || value > max)
      this.refuse(`a whole number from ${min} to ${max}`)
    return value
  }

  boolean(): boolean {
    if (typeof this.value !== 'boolean') this.refuse('true or false')
    return this.value
  }

  oneOf<T extends string>(values: readonly T[]): T {
    for (const known of values) if (this.value === known) return known
    return this.refuse(`one of ${values.join(', ')}`)
  }

  /** Lower-case hex of at most (or exactly) so many bytes. */
  hex(maxBytes: number, exactly = false): Uint8Array {
    const { value } = this
    const right = `lower-case hex of ${exactly ? '' : 'at most '}${maxBytes} bytes`
    if (typeof value !== 'string' || value.length > maxBytes * 2) this.refuse(right)
    if (exactly && value.length !== maxBytes * 2) this.refuse(right)
    try {
      return fromHex(value)
    } catch (cause) {
      return this.refuse(right, cause)
    }
  }

  digest(): Digest {
    this.hex(32, true)
    return this.value as Digest
  }

  /** A time as `Date.toISOString` writes it, in milliseconds since 1970. */
  time(): number {
    const { value } = this
    const ms = typeof value === 'string' ? Date.parse(value) : Number.NaN
    if (!(ms >= 0) || new Date(ms).toISOString() !== value) this.refuse('a UTC time such as 2026-01-31T12:00:00.000Z')
    return ms
  }

  #child(name: string, value?: unknown): JsonField {
    return new JsonField(value, this.path === '' ? name : `${this.path}.${name}`, this.#code)
  }
}

function countFields(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0
  let count = Array.isArray(value) ? 0 : Object.keys(value).length
  for (const inner of Object.values(value)) count += countFields(inner)
  return count
}

/** Parses a document; refuses one that is too long, is no JSON, or names a field twice. */
export function parseStrictJson(text: string, maxLength: number, code: ErrorCode): JsonField {
  if (text.length > maxLength)
    throw new MupibError(code, `a document of ${text.length} characters where at most ${maxLength} are allowed`)
  let value: unknown
  try {
    value = JSON.parse(text)
    // a string before a colon is a field name: more names in the text than in the result means that one stood twice
    let names = 0
    for (const [, colon] of text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)) if (colon !== undefined) names += 1
    if (names === countFields(value)) return new JsonField(value, '', code)
  } catch (cause) {
    throw new MupibError(code, 'not a JSON document', {
      cause,
      hint: 'check that the file is whole and is the right one',
    })
  }
  throw new MupibError(code, 'a field is named twice', { hint: 'remove one of the two' })
}
