// All that is wrong with the links at a moment: what each fault asks for, and what that makes of each direction together.
import type { RelayClient } from '../../../relay/client.ts'
import { type Direction, directionsOf, type LinkRule, type LinkRules } from '../../../relay/rules.ts'

const keyOf = ({ from, to }: Direction): string => `${from} ${to}`

const least = (a: number | undefined, b: number | undefined): number | undefined =>
  a === undefined ? b : b === undefined ? a : Math.min(a, b)

/** Two rules on one direction: delays add up, the slower and the more broken wins. */
export function combined(a: LinkRules, b: LinkRules): LinkRules {
  const delayMs = (a.delayMs ?? 0) + (b.delayMs ?? 0)
  const jitterMs = (a.jitterMs ?? 0) + (b.jitterMs ?? 0)
  const bytesPerSecond = least(a.bytesPerSecond, b.bytesPerSecond)
  const flap = b.flap ?? a.flap
  return {
    ...(delayMs > 0 ? { delayMs } : {}),
    ...(jitterMs > 0 ? { jitterMs } : {}),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
    ...(a.cut || b.cut ? { cut: true } : {}),
    ...(a.stalled || b.stalled ? { stalled: true } : {}),
    ...(flap ? { flap } : {}),
  }
}

/** Of a network without a relay, which has one validator, there are no links. */
export class LinkBook {
  readonly #relay: RelayClient | undefined
  readonly #directions: readonly Direction[]
  readonly #asked = new Map<object, readonly LinkRule[]>()
  /** What holds, by direction, as text: only what changes is sent. */
  #holding = new Map<string, string>()
  #turn: Promise<void> = Promise.resolve()

  constructor(relay: RelayClient | undefined, validators: readonly string[]) {
    this.#relay = relay
    this.#directions = directionsOf(validators)
  }

  /** Puts rules under a token, in place of those that stood there; none take them away. */
  put(token: object, rules: readonly LinkRule[]): Promise<void> {
    if (rules.length === 0) this.#asked.delete(token)
    else this.#asked.set(token, rules)
    this.#turn = this.#turn.catch(() => {}).then(() => this.#apply())
    return this.#turn
  }

  /** Takes away what faults asked for; the rules under this token stay. */
  healAllBut(token: object): Promise<void> {
    const kept = this.#asked.get(token)
    this.#asked.clear()
    return this.put(token, kept ?? [])
  }

  async reset(pairs: readonly Direction[]): Promise<number> {
    return this.#relay ? this.#relay.reset(pairs) : 0
  }

  async #apply(): Promise<void> {
    const wanted = new Map<string, LinkRules>()
    for (const { from, to, rules } of [...this.#asked.values()].flat())
      wanted.set(keyOf({ from, to }), combined(wanted.get(keyOf({ from, to })) ?? {}, rules))
    const all = this.#directions.map(direction => ({ ...direction, rules: wanted.get(keyOf(direction)) ?? {} }))
    const changed = all.filter(rule => JSON.stringify(rule.rules) !== (this.#holding.get(keyOf(rule)) ?? '{}'))
    if (changed.length > 0) await this.#relay?.set(changed)
    this.#holding = new Map(all.map(rule => [keyOf(rule), JSON.stringify(rule.rules)]))
  }
}
