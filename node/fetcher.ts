// Fetches what this node lacks from any peer that has it: records by digest, blocks, certificates, votes held of the own key, runs of
// final blocks. Every pursuit goes round the peers and never depends on one of them; it ends when it has what it wants or nobody wants it.
import type { FetchRequest, FetchResponse } from '../proto/wire/codec.ts'
import { codeOf, isSendersFault } from './faults.ts'

export interface FetcherPorts {
  /** Asks a validator by index. Rejects where it cannot be reached, refuses or is too slow. */
  request(peer: number, request: FetchRequest): Promise<FetchResponse>
  /** Validators that can be asked now. */
  peers(): readonly number[]
  /** A peer answered with something false: its sender pays for it. */
  blame(peer: number, reason: string): void
  /** An answer could not be dealt with, by no fault of its sender. */
  failed(error: unknown): void
}

/** What came of asking one peer. */
export type Attempt = 'done' | 'next'

// Between two rounds over all peers. The first is short: at start-up links come up within milliseconds of each other.
const pauseMsFirst = 50
const pauseMsMost = 1_000

export class Fetcher {
  readonly #ports: FetcherPorts
  readonly #pursuits = new Set<string>()
  readonly #pauses = new Set<() => void>()
  #stopped = false
  #turn = 0

  constructor(ports: FetcherPorts) {
    this.#ports = ports
  }

  /** True while a pursuit of that name is under way. */
  isPursuing(name: string): boolean {
    return this.#pursuits.has(name)
  }

  /** Ends all pursuits. */
  stop(): void {
    this.#stopped = true
    this.wake()
  }

  /** A peer has become reachable: pursuits that pause go on at once. */
  wake(): void {
    for (const end of [...this.#pauses]) end()
  }

  /**
   * Asks peers in turn until one attempt is done. One pursuit of a name at a time.
   * @param wanted asked before each attempt: false ends the pursuit
   */
  pursue(
    name: string,
    preferred: number | undefined,
    wanted: () => boolean,
    request: () => FetchRequest,
    attempt: (peer: number, response: FetchResponse) => Attempt | Promise<Attempt>,
    only?: number,
  ): void {
    if (this.#stopped || this.#pursuits.has(name)) return
    this.#pursuits.add(name)
    void this.#run(preferred, wanted, request, attempt, only).finally(() => this.#pursuits.delete(name))
  }

  async #run(
    preferred: number | undefined,
    wanted: () => boolean,
    request: () => FetchRequest,
    attempt: (peer: number, response: FetchResponse) => Attempt | Promise<Attempt>,
    only: number | undefined,
  ): Promise<void> {
    for (let pauseMs = pauseMsFirst; ; pauseMs = Math.min(pauseMs * 2, pauseMsMost)) {
      for (const peer of this.#order(preferred, only)) {
        if (this.#stopped || !wanted()) return
        const response = await this.#ask(peer, request())
        if (response && (await this.#attempt(peer, response, attempt)) === 'done') return
      }
      if (this.#stopped || !wanted()) return
      await this.#pause(pauseMs)
    }
  }

  async #ask(peer: number, request: FetchRequest): Promise<FetchResponse | undefined> {
    try {
      return await this.#ports.request(peer, request)
    } catch {
      // Not reachable, too slow or refused: the next peer may do better.
      return undefined
    }
  }

  async #attempt(
    peer: number,
    response: FetchResponse,
    attempt: (peer: number, response: FetchResponse) => Attempt | Promise<Attempt>,
  ): Promise<Attempt> {
    try {
      return await attempt(peer, response)
    } catch (error) {
      if (isSendersFault(codeOf(error))) this.#ports.blame(peer, `a fetched answer: ${(error as Error).message}`)
      else this.#ports.failed(error)
      return 'next'
    }
  }

  /** The preferred peer first, the others from a place that moves on, so that no peer carries all. */
  #order(preferred: number | undefined, only: number | undefined): number[] {
    const peers = this.#ports.peers()
    if (only !== undefined) return peers.includes(only) ? [only] : []
    const start = peers.length === 0 ? 0 : this.#turn++ % peers.length
    const rotated = [...peers.slice(start), ...peers.slice(0, start)]
    if (preferred === undefined || !peers.includes(preferred)) return rotated
    return [preferred, ...rotated.filter(peer => peer !== preferred)]
  }

  #pause(ms: number): Promise<void> {
    return new Promise(resolve => {
      const end = (): void => {
        clearTimeout(timer)
        this.#pauses.delete(end)
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#pauses.add(end)
    })
  }
}
