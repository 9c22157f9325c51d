// The records that this validator holds and that are not final yet: what is work, and what a proposal takes (rules 1 and 2).
// Pure: no clock, no I/O. Whether a record is well-formed and signed was settled before it came here.
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { type RecordKind, recordKinds, type SignedRecord } from '../proto/records.ts'

/** Where a record stands among its signer's: the member's stream and its last decided record. */
export interface Head {
  readonly number: number
  readonly digest: Digest
}

/** A record that is held, with the stream it belongs to and the client whose quota it uses. */
export interface Held {
  readonly signed: SignedRecord
  readonly stream: string
  readonly client: string
  readonly order: number
}

export type Added = 'added' | 'known' | 'full'

/** What choosing asks of the parent's state and the blocks below that are not final. */
export interface ChainView {
  headOf(held: Held): Head
  isInChain(digest: Digest): boolean
  /** True where a record that does not follow its stream would be refused rather than wait for a predecessor. */
  isRefused(held: Held): boolean
}

/** What a proposal may take at most. Genesis fixes the same for all. */
export interface ProposalLimits {
  readonly records: number
  readonly bytes: number
  /** Records of one client. */
  readonly perClient: number
}

interface ClientUse {
  records: number
  bytes: number
}

const classOf = (kind: RecordKind): number => recordKinds[kind]

/** Holds pending records by digest, by arrival and by stream. */
export class Pool {
  readonly #held = new Map<Digest, Held>()
  readonly #streams = new Map<string, Map<number, Digest[]>>()
  readonly #clients = new Map<string, ClientUse>()
  readonly #ready = new Set<Digest>()
  #arrivals = 0

  get size(): number {
    return this.#held.size
  }

  /** Records that are work: their predecessors are decided or held. */
  get readyCount(): number {
    return this.#ready.size
  }

  get(digest: Digest): Held | undefined {
    return this.#held.get(digest)
  }

  isReady(digest: Digest): boolean {
    return this.#ready.has(digest)
  }

  /** Digests of all held records, oldest first. */
  digests(): Iterable<Digest> {
    return this.#held.keys()
  }

  /** True where a client may add `bytes` more. */
  hasRoom(client: string, bytes: number): boolean {
    const use = this.#clients.get(client)
    return !use || (use.records < limits.poolRecordsPerClient && use.bytes + bytes <= limits.poolBytesPerClient)
  }

  /** Takes a record in. `full` where the client's quota is used up and no proposal waits for it: nothing was changed. */
  add(signed: SignedRecord, stream: string, client: string, isAwaited: boolean): Added {
    if (this.#held.has(signed.digest)) return 'known'
    if (!isAwaited && !this.hasRoom(client, signed.bytes.length)) return 'full'
    const use = this.#clients.get(client) ?? { records: 0, bytes: 0 }
    use.records += 1
    use.bytes += signed.bytes.length
    this.#clients.set(client, use)
    this.#held.set(signed.digest, { signed, stream, client, order: this.#arrivals++ })
    const numbers = this.#streams.get(stream) ?? new Map<number, Digest[]>()
    const same = numbers.get(signed.record.number)
    if (same) same.push(signed.digest)
    else numbers.set(signed.record.number, [signed.digest])
    this.#streams.set(stream, numbers)
    return 'added'
  }

  /**
   * Records of a stream that have become work, given the stream's head in the final state: numbers up to head + 1, and after
   * these every unbroken successor. A number that is used up already is work too: it gets a certified refusal.
   */
  newlyReady(stream: string, head: Head): Digest[] {
    const numbers = this.#streams.get(stream)
    if (!numbers) return []
    const fresh: Digest[] = []
    const mark = (digests: readonly Digest[]): void => {
      for (const digest of digests) {
        if (this.#ready.has(digest)) continue
        this.#ready.add(digest)
        fresh.push(digest)
      }
    }
    for (const [number, digests] of numbers) if (number <= head.number) mark(digests)
    for (let number = head.number + 1; numbers.has(number); number++) mark(numbers.get(number)!)
    return fresh
  }

  /** Records that wait for a predecessor, of one stream or of all. */
  *waiting(stream?: string): Iterable<Held> {
    for (const held of this.#held.values())
      if (!this.#ready.has(held.signed.digest) && (stream === undefined || held.stream === stream)) yield held
  }

  /** Marks a record as work whatever its predecessors: it is owed a refusal. False where it was work before or is not held. */
  markReady(digest: Digest): boolean {
    if (!this.#held.has(digest) || this.#ready.has(digest)) return false
    this.#ready.add(digest)
    return true
  }

  /** Forgets records that are final. Returns one of them for each stream that they belonged to. */
  remove(digests: Iterable<Digest>): Map<string, SignedRecord> {
    const streams = new Map<string, SignedRecord>()
    for (const digest of digests) {
      const held = this.#held.get(digest)
      if (!held) continue
      this.#held.delete(digest)
      this.#ready.delete(digest)
      streams.set(held.stream, held.signed)
      this.#leaveStream(held)
      this.#leaveClient(held)
    }
    return streams
  }

  #leaveStream(held: Held): void {
    const numbers = this.#streams.get(held.stream)
    const number = held.signed.record.number
    const left = numbers?.get(number)?.filter(digest => digest !== held.signed.digest) ?? []
    if (left.length > 0) numbers?.set(number, left)
    else numbers?.delete(number)
    if (numbers?.size === 0) this.#streams.delete(held.stream)
  }

  #leaveClient(held: Held): void {
    const use = this.#clients.get(held.client)
    if (!use) return
    use.records -= 1
    use.bytes -= held.signed.bytes.length
    if (use.records === 0) this.#clients.delete(held.client)
  }

  /**
   * Chooses records for a proposal on a parent: oldest first, each client at first no more than its share, every stream in order.
   */
  choose(chain: ChainView, most: ProposalLimits): Digest[] {
    const selection = new Selection(this.#streams, this.#held, chain, most)
    const share = Math.max(1, Math.floor(most.records / Math.max(1, this.#clients.size)))
    // A first round gives every client its share; a second fills what is left, up to what genesis allows one client.
    for (const quota of share < most.perClient ? [share, most.perClient] : [most.perClient]) {
      for (const digest of this.#ready) {
        if (selection.full) break
        selection.take(this.#held.get(digest)!, quota)
      }
    }
    return selection.inOrder()
  }
}

/** A proposal's records while they are being chosen. */
class Selection {
  readonly #chosen = new Map<Digest, Held>()
  readonly #planned = new Map<string, Head>()
  readonly #perClient = new Map<string, number>()
  #bytes = 0
  full = false
  readonly #streams: ReadonlyMap<string, ReadonlyMap<number, readonly Digest[]>>
  readonly #held: ReadonlyMap<Digest, Held>
  readonly #chain: ChainView
  readonly #most: ProposalLimits

  constructor(
    streams: ReadonlyMap<string, ReadonlyMap<number, readonly Digest[]>>,
    held: ReadonlyMap<Digest, Held>,
    chain: ChainView,
    most: ProposalLimits,
  ) {
    this.#streams = streams
    this.#held = held
    this.#chain = chain
    this.#most = most
  }

  #headNow(held: Held): Head {
    const planned = this.#planned.get(held.stream)
    if (planned) return planned
    const head = this.#chain.headOf(held)
    this.#planned.set(held.stream, head)
    return head
  }

  /** Takes a record, its predecessors first; leaves it where a predecessor is missing or a bound is reached. */
  take(held: Held, quota: number): void {
    for (;;) {
      if (this.#chosen.has(held.signed.digest) || this.#chain.isInChain(held.signed.digest)) return
      const head = this.#headNow(held)
      const isNext = held.signed.record.number <= head.number + 1
      const next = isNext ? held : this.#successor(held.stream, head)
      if (!next) {
        if (this.#chain.isRefused(held)) this.#add(held, head, quota)
        return
      }
      if (!this.#add(next, head, quota) || next === held) return
    }
  }

  #successor(stream: string, head: Head): Held | undefined {
    const digests = this.#streams.get(stream)?.get(head.number + 1) ?? []
    const following = digests.map(digest => this.#held.get(digest)!)
    return following.find(held => held.signed.record.previous === head.digest) ?? following[0]
  }

  #add(held: Held, head: Head, quota: number): boolean {
    const { record, digest, bytes } = held.signed
    if (this.#chosen.has(digest)) return false
    const used = this.#perClient.get(held.client) ?? 0
    if (used >= quota) return false
    if (this.#chosen.size >= this.#most.records || this.#bytes + bytes.length > this.#most.bytes) {
      this.full = true
      return false
    }
    this.#chosen.set(digest, held)
    this.#perClient.set(held.client, used + 1)
    this.#bytes += bytes.length
    // A record that does not follow the head is refused when the block runs, so it does not move the plan on.
    const follows = record.number === head.number + 1 && record.previous === head.digest
    if (follows) this.#planned.set(held.stream, { number: record.number, digest })
    return follows
  }

  /** Kinds in the order in which a block runs them; within a kind as taken, which keeps every stream in order. */
  inOrder(): Digest[] {
    const chosen = [...this.#chosen.values()]
    chosen.sort((a, b) => classOf(a.signed.record.kind) - classOf(b.signed.record.kind))
    return chosen.map(held => held.signed.digest)
  }
}
