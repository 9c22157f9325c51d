// Reading configuration files: every fault names the file and the field, and unknown fields are refused rather than ignored.
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import { readJson } from './files.ts'

/** Reads the fields of one JSON object; a wrong or unknown one throws the code that the reader was made with. */
export class FieldReader {
  readonly #fields: Record<string, unknown>
  readonly #where: string
  readonly #code: ErrorCode
  readonly #seen = new Set<string>()

  constructor(value: unknown, where: string, code: ErrorCode) {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      throw new MupibError(code, `${where} must be a JSON object`)
    this.#fields = value as Record<string, unknown>
    this.#where = where
    this.#code = code
  }

  /** Throws what is wrong with a field. */
  fail(name: string, wanted: string): never {
    throw new MupibError(this.#code, `${this.#where}: ${name} must be ${wanted}`, { field: name })
  }

  has(name: string): boolean {
    return this.#fields[name] !== undefined
  }

  raw(name: string): unknown {
    this.#seen.add(name)
    return this.#fields[name]
  }

  text(name: string, fallback?: string): string {
    const value = this.raw(name) ?? fallback
    return typeof value === 'string' && value !== '' ? value : this.fail(name, 'a text')
  }

  /** A whole number within bounds. */
  integer(name: string, min: number, max: number, fallback?: number): number {
    const value = this.raw(name) ?? fallback
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min && value <= max) return value
    return this.fail(name, `a whole number from ${min} to ${max}`)
  }

  /** An amount as a decimal string, in minor units. */
  amount(name: string, max: bigint): bigint {
    const value = this.raw(name)
    if (typeof value === 'string' && /^(0|[1-9][0-9]{0,18})$/.test(value) && BigInt(value) <= max) return BigInt(value)
    return this.fail(name, 'an amount in minor units as a decimal string')
  }

  /** Lower-case hex of so many bytes. */
  hex(name: string, bytes: number): string {
    const value = this.raw(name)
    if (typeof value === 'string' && value.length === 2 * bytes && /^[0-9a-f]*$/.test(value)) return value
    return this.fail(name, `${bytes} bytes in lower-case hex`)
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.raw(name) ?? fallback
    return typeof value === 'boolean' ? value : this.fail(name, 'true or false')
  }

  oneOf<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.raw(name) ?? fallback
    return (
      choices.find(choice => choice === value) ?? this.fail(name, choices.map(choice => `"${choice}"`).join(' or '))
    )
  }

  array(name: string, max: number): readonly unknown[] {
    const value = this.raw(name)
    if (Array.isArray(value) && value.length <= max) return value
    return this.fail(name, `a list of at most ${max} items`)
  }

  /** At least one text. */
  texts(name: string, max: number, wanted = 'a list of texts'): readonly string[] {
    const values = this.array(name, max)
    if (values.length === 0 || !values.every(value => typeof value === 'string')) this.fail(name, wanted)
    return values as readonly string[]
  }

  object(name: string): FieldReader {
    return new FieldReader(this.raw(name) ?? {}, `${this.#where}: ${name}`, this.#code)
  }

  /** Call last: a field that nobody asked for is refused. */
  end(): void {
    const unknown = Object.keys(this.#fields).find(name => !this.#seen.has(name))
    if (unknown !== undefined)
      throw new MupibError(this.#code, `${this.#where}: no field ${unknown} is known here`, { field: unknown })
  }
}

/** Opens a config.json. Throws `bad_config`. */
export function readConfig(file: string, hint?: string): FieldReader {
  return new FieldReader(readJson(file, 'bad_config', hint), file, 'bad_config')
}
