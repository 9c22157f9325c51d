// The records that this validator holds and that are not final yet: what is work, and what a proposal takes (rules 1 and 2).
// Pure: no clock, no I/O. Whether a record is well-formed and signed was settled before it came here.
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { type RecordKind, recordKinds, type SignedRecord, sessionChecks, spentTokens } from '../proto/records.ts'

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
  readonly tokens: number
  readonly sessionChecks: number
  readonly order: number
}

export type Added = 'added' | 'known' | 'full'

/** What choosing asks of the parent's state and the blocks below that are not final. */
export interface ChainView {
  headOf(held: Held): Head
  isInChain(digest: Digest): boolean
  /** True where a record that does not follow its stream would be refused rather than wait for a predecessor. */
  isRefused(held: Held): boolean
  /** Tokens of a client that may be taken beside those of the untried. */
  provenOf(client: string): number
}

/** What a proposal may take at most. Genesis fixes the same for all. */
export interface ProposalLimits {
  readonly records: number
  readonly bytes: number
  /** Of token blocks and returns. */
  readonly tokens: number
  /** That session records cost. */
  readonly sessionChecks: number
  /** Records of one client. */
  readonly perClient: number
  /** Tokens beyond what each client has proven itself with, of all clients together; at least those of one record. */
  readonly untriedTokens: number
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
  #announced = 0

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

  /**
   * Digests to announce: all where they are few, else the oldest that are work and, by turns, the others. So records that wait for
   * ever (a client may number ahead what never comes) do not keep the rest from being told of.
   */
  toAnnounce(most: number): Digest[] {
    if (this.#held.size <= most) return [...this.#held.keys()]
    const chosen = new Set<Digest>()
    for (const digest of this.#ready) {
      if (chosen.size >= most / 2) break
      chosen.add(digest)
    }
    const all = [...this.#held.keys()]
    const from = this.#announced % all.length
    for (let i = 0; i < all.length && chosen.size < most; i++) {
      chosen.add(all[(from + i) % all.length]!)
      this.#announced = from + i + 1
    }
    return [...chosen]
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
    this.#held.set(signed.digest, {
      signed,
      stream,
      client,
      tokens: spentTokens(signed.record),
      sessionChecks: sessionChecks(signed.record),
      order: this.#arrivals++,
    })
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

  /** Records that wait for a predecessor. */
  *waiting(): Iterable<Held> {
    for (const held of this.#held.values()) if (!this.#ready.has(held.signed.digest)) yield held
  }

  /** All records of a stream. */
  *ofStream(stream: string): Iterable<Held> {
    for (const digests of this.#streams.get(stream)?.values() ?? [])
      for (const digest of digests) yield this.#held.get(digest)!
  }

  /** Marks a record as work whatever its predecessors: it is owed a refusal. False where it was work before or is not held. */
  markReady(digest: Digest): boolean {
    if (!this.#held.has(digest) || this.#ready.has(digest)) return false
    this.#ready.add(digest)
    return true
  }

  /**
   * Takes back what a refusal has cut off from its stream's head: work no more, since it waits for a predecessor that is not here.
   * What is owed a refusal stays. Returns what was taken back. Otherwise leaders would propose at once, for ever, and find nothing to take.
   */
  noLongerReady(stream: string, head: Head, isOwed: (held: Held) => boolean): Digest[] {
    const numbers = this.#streams.get(stream)
    if (!numbers) return []
    let unbroken = head.number + 1
    while (numbers.has(unbroken)) unbroken++
    const cut: Digest[] = []
    for (const [number, digests] of numbers) {
      if (number < unbroken) continue
      for (const digest of digests)
        if (this.#ready.has(digest) && !isOwed(this.#held.get(digest)!) && this.#ready.delete(digest)) cut.push(digest)
    }
    return cut
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
  /** Chosen to be refused: what builds on one of them is refused with it (E5). */
  readonly #refused = new Set<Digest>()
  readonly #perClient = new Map<string, number>()
  readonly #tokens = new Map<string, number>()
  /** Clients whose next record has too many tokens. */
  readonly #spent = new Set<string>()
  #untried = 0
  #bytes = 0
  #spending = 0
  #sessionChecks = 0
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
      // before the state is asked: a client may have thousands of streams
      if (this.#spent.has(held.client) || (this.#perClient.get(held.client) ?? 0) >= quota) return
      if (this.#chosen.has(held.signed.digest) || this.#chain.isInChain(held.signed.digest)) return
      const head = this.#headNow(held)
      const isNext = held.signed.record.number <= head.number + 1
      const next = isNext ? held : this.#successor(held.stream, head)
      if (!next) {
        if (this.#refused.has(held.signed.record.previous) || this.#chain.isRefused(held)) this.#add(held, head, quota)
        return
      }
      if (!this.#add(next, head, quota) || next === held) return
    }
  }

  #successor(stream: string, head: Head): Held | undefined {
    const digests = this.#streams.get(stream)?.get(head.number + 1) ?? []
    const following = digests.filter(digest => !this.#chosen.has(digest)).map(digest => this.#held.get(digest)!)
    return following.find(held => held.signed.record.previous === head.digest) ?? following[0]
  }

  /** False where it is left: a bound is reached. */
  #add(held: Held, head: Head, quota: number): boolean {
    const { record, digest, bytes } = held.signed
    if (this.#chosen.has(digest)) return false
    const used = this.#perClient.get(held.client) ?? 0
    if (used >= quota) return false
    const { records, bytes: bytesMost, tokens, sessionChecks: checks } = this.#most
    // what else there is may still be taken
    if (this.#sessionChecks + held.sessionChecks > checks) return false
    if (
      this.#chosen.size >= records ||
      this.#bytes + bytes.length > bytesMost ||
      this.#spending + held.tokens > tokens
    ) {
      this.full = true
      return false
    }
    if (!this.#takeTokens(held)) return false
    this.#chosen.set(digest, held)
    this.#perClient.set(held.client, used + 1)
    this.#bytes += bytes.length
    this.#spending += held.tokens
    this.#sessionChecks += held.sessionChecks
    // A record that does not follow the head is refused when the block runs, so it does not move the plan on.
    const follows = record.number === head.number + 1 && record.previous === head.digest
    if (follows) this.#planned.set(held.stream, { number: record.number, digest })
    else this.#refused.add(digest)
    return true
  }

  /** False where the record has more tokens than its client may bring along now. */
  #takeTokens({ client, tokens }: Held): boolean {
    const proven = this.#chain.provenOf(client)
    const before = this.#tokens.get(client) ?? 0
    const untried = Math.max(0, before + tokens - proven) - Math.max(0, before - proven)
    if (this.#untried + untried > this.#most.untriedTokens) {
      this.#spent.add(client)
      return false
    }
    this.#untried += untried
    this.#tokens.set(client, before + tokens)
    return true
  }

  /** Kinds in the order in which a block runs them; within a kind as taken, which keeps every stream in order. */
  inOrder(): Digest[] {
    const chosen = [...this.#chosen.values()]
    chosen.sort((a, b) => classOf(a.signed.record.kind) - classOf(b.signed.record.kind))
    return chosen.map(held => held.signed.digest)
  }
}
