// What happened, as a running hash over every event (invariant I13) and, on request, as readable lines.

export type Part = number | string | undefined

const shorten = (part: Part): Part =>
  typeof part === 'string' && /^[0-9a-f]{64}$/.test(part) ? part.slice(0, 8) : part

/** A running 64-bit hash; the lines are only made when somebody wants to read them. */
export class Trace {
  #first = 0x811c9dc5 | 0
  #second = 0x01234567 | 0
  readonly #print: ((line: string) => void) | undefined

  constructor(print?: (line: string) => void) {
    this.#print = print
  }

  #mix(x: number): void {
    this.#first = Math.imul(this.#first ^ x, 0x01000193)
    this.#second = Math.imul((this.#second << 7) | (this.#second >>> 25), 0x9e3779b1) ^ (this.#first >>> 9)
  }

  /** Mixes numbers and the beginnings of texts (digests differ in their first 16 characters) into the hash. */
  event(time: number, node: number, kind: string, first?: Part, second?: Part, third?: Part, fourth?: Part): void {
    this.#mix(time * 16)
    this.#mix(node)
    this.#text(kind)
    this.#part(first)
    this.#part(second)
    this.#part(third)
    this.#part(fourth)
    if (!this.#print) return
    const shown = [first, second, third, fourth].filter(part => part !== undefined).map(shorten)
    const who = node < 0 ? '--' : `n${node}`
    this.#print(`${time.toFixed(0).padStart(7)}  ${who}  ${[kind, ...shown].join(' ')}`)
  }

  #part(part: Part): void {
    if (typeof part === 'number') this.#mix(part)
    else if (part !== undefined) this.#text(part)
  }

  #text(text: string): void {
    const length = Math.min(text.length, 16)
    for (let i = 0; i < length; i++) this.#mix(text.charCodeAt(i))
  }

  /** The hash so far, 16 hex characters. */
  digest(): string {
    return (this.#first >>> 0).toString(16).padStart(8, '0') + (this.#second >>> 0).toString(16).padStart(8, '0')
  }
}
