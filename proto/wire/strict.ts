// One value has one protobuf encoding here: fields ascend, numbers are minimal, defaults are left out, nothing is unknown or doubled.
// A frame is held to its rules, limits included, before protobufjs reads it: protobufjs itself takes all of these as they come.
import { MupibError } from '../errors.ts'

/** How often a field stands: `plain` is left out at its default, `optional` may stand at any value, `choice` belongs to the oneof. */
type Presence = 'plain' | 'optional' | 'choice' | { readonly repeated: number }

/** What a field may hold. `number` is a varint; `bytes` lie between two lengths and may have to be a multiple of a unit. */
export type FieldRule =
  | { readonly type: 'number'; readonly max: number; readonly presence: Presence }
  | {
      readonly type: 'bytes'
      readonly min: number
      readonly max: number
      readonly unit: number
      readonly presence: Presence
    }
  | { readonly type: 'text'; readonly max: number; readonly presence: Presence }
  | { readonly type: 'packed'; readonly max: number; readonly count: number }
  | { readonly type: 'message'; readonly rule: MessageRule; readonly presence: Presence }

/** Rules by field number. */
export type MessageRule = Readonly<Record<number, FieldRule>>

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const wireNumber = 0
const wireBytes = 2

const malformed = (what: string): never => {
  throw new MupibError('malformed', what)
}

/** Walks over a frame; nothing is copied or built. */
class Scanner {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** A minimal varint of at most 2^53 - 1. */
  varint(end: number): number {
    let value = 0
    let factor = 1
    for (;;) {
      if (this.#at >= end) malformed(`cut short at byte ${this.#at}`)
      const byte = this.#bytes[this.#at++]!
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) malformed('a number beyond 2^53 - 1')
      if (byte < 0x80) {
        if (byte === 0 && factor > 1) malformed('a number that is not minimal')
        return value
      }
      factor *= 128
      if (factor > 2 ** 56) malformed('a number that is not minimal')
    }
  }

  message(rule: MessageRule, end: number): void {
    let before = 0
    let repeats = 0
    let choices = 0
    while (this.#at < end) {
      const tag = this.varint(end)
      const number = Math.floor(tag / 8)
      const field = rule[number] ?? malformed(`an unknown field ${number}`)
      if (tag % 8 !== (field.type === 'number' ? wireNumber : wireBytes)) malformed(`field ${number} of another type`)
      const presence = field.type === 'packed' ? 'plain' : field.presence
      repeats = number === before ? repeats + 1 : 1
      if (number < before) malformed(`field ${number} out of order`)
      if (typeof presence !== 'object' && repeats > 1) malformed(`field ${number} twice`)
      if (typeof presence === 'object' && repeats > presence.repeated)
        throw new MupibError('too_large', `more than ${presence.repeated} of field ${number}`)
      if (presence === 'choice') choices += 1
      before = number
      this.#field(field, number, presence === 'plain', end)
    }
    this.#complete(rule, choices)
  }

  #complete(rule: MessageRule, choices: number): void {
    for (const number in rule) {
      const field = rule[number]!
      if (field.type !== 'packed' && field.presence === 'choice') {
        if (choices !== 1) malformed(`${choices} messages in a frame for one`)
        return
      }
    }
  }

  #field(field: FieldRule, number: number, isPlain: boolean, end: number): void {
    const value = this.varint(end)
    if (field.type === 'number') {
      if (value > field.max) malformed(`field ${number} beyond ${field.max}`)
      if (isPlain && value === 0) malformed(`field ${number} stands at its default`)
      return
    }
    const length = value
    if (isPlain && length === 0) malformed(`field ${number} stands at its default`)
    if ((field.type === 'bytes' || field.type === 'text') && length > field.max)
      throw new MupibError('too_large', `field ${number} of ${length} bytes where at most ${field.max} are allowed`)
    const until = this.#at + length
    if (until > end) malformed(`cut short at byte ${this.#at}`)
    switch (field.type) {
      case 'message':
        this.message(field.rule, until)
        return
      case 'packed':
        for (let count = 0; this.#at < until; count++) {
          if (count >= field.count)
            throw new MupibError('too_large', `more than ${field.count} numbers in field ${number}`)
          if (this.varint(until) > field.max) malformed(`field ${number} beyond ${field.max}`)
        }
        return
      case 'text':
        this.#text(number, until)
        break
      case 'bytes':
        if (length < field.min || length % field.unit !== 0) malformed(`field ${number} of ${length} bytes`)
    }
    this.#at = until
  }

  #text(number: number, until: number): void {
    let text = ''
    try {
      text = utf8.decode(this.#bytes.subarray(this.#at, until))
    } catch {
      malformed(`field ${number} is not UTF-8`)
    }
    // what a peer says ends up on terminals and in logs
    if (/\p{Cc}/u.test(text)) malformed(`field ${number} holds control characters`)
  }
}

/** Throws `too_large` or `malformed` where the bytes are not the one encoding of a message under the rule. */
export function checkStrict(bytes: Uint8Array, rule: MessageRule, maxBytes: number): void {
  if (bytes.length > maxBytes)
    throw new MupibError('too_large', `a frame of ${bytes.length} bytes where at most ${maxBytes} are allowed`)
  new Scanner(bytes).message(rule, bytes.length)
}
