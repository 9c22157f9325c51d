// Faults of links that overlap: what slows a direction adds up, of two rates the larger one counts, and one that ends leaves the others.
import { type Network, type NetworkFaults, noNetworkFaults } from '../../../consensus/simulator/network.ts'

export type Direction = readonly [from: number, to: number]

export interface LinkFault extends Partial<NetworkFaults> {
  readonly extraMs?: number
  readonly jitterMs?: number
  readonly bytesPerMs?: number
}

export class LinkFaults {
  readonly #network: Network
  readonly #active = new Map<string, { readonly direction: Direction; readonly faults: Set<LinkFault> }>()

  constructor(network: Network) {
    this.#network = network
  }

  /** Puts a fault on directions; the function returned takes it off. */
  put(directions: readonly Direction[], fault: LinkFault): () => void {
    for (const direction of directions) {
      const name = direction.join('>')
      const { faults } = this.#active.get(name) ?? { faults: new Set() }
      faults.add(fault)
      this.#active.set(name, { direction, faults })
      this.#apply(direction, faults)
    }
    return () => {
      for (const direction of directions) {
        const faults = this.#active.get(direction.join('>'))?.faults ?? new Set()
        faults.delete(fault)
        this.#apply(direction, faults)
      }
    }
  }

  #apply([from, to]: Direction, faults: ReadonlySet<LinkFault>): void {
    const all = [...faults]
    const sum = (of: (fault: LinkFault) => number | undefined): number =>
      all.reduce((so, each) => so + (of(each) ?? 0), 0)
    const throttles = all.flatMap(({ bytesPerMs }) => (bytesPerMs === undefined ? [] : [bytesPerMs]))
    const throttle = throttles.length === 0 ? 0 : Math.min(...throttles)
    this.#network.slow(
      from,
      to,
      sum(({ extraMs }) => extraMs),
      sum(({ jitterMs }) => jitterMs),
      throttle,
    )
    const rate = (name: keyof NetworkFaults): number => Math.max(0, ...all.map(fault => fault[name] ?? 0))
    const rates = Object.keys(noNetworkFaults) as (keyof NetworkFaults)[]
    const combined = Object.fromEntries(rates.map(name => [name, rate(name)])) as unknown as NetworkFaults
    this.#network.setFaults(from, to, rates.some(name => combined[name] > 0) ? combined : undefined)
  }

  /** Cuts directions; the function returned mends them. */
  cut(directions: readonly Direction[]): () => void {
    for (const [from, to] of directions) this.#network.cut(from, to)
    return () => {
      for (const [from, to] of directions) this.#network.heal(from, to)
    }
  }
}

/** Both directions of every pair of two groups. */
export const between = (first: readonly number[], second: readonly number[]): Direction[] =>
  first.flatMap(a =>
    second.flatMap((b): Direction[] =>
      a === b
        ? []
        : [
            [a, b],
            [b, a],
          ],
    ),
  )
