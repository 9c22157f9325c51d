// Where records come in, from clients, gossip and fetches alike: each is decoded, checked and verified once, kept on disk, and then work.
import type { Input } from '../consensus/types.ts'
import { MupibError } from '../proto/errors.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { decodeRecord, digestOfRecordBytes, type SignedRecord, verifyRecord } from '../proto/records.ts'
import type { Application } from './application.ts'
import { type ChainStore, heldRecordOperations } from './chain-store.ts'
import { ofStore } from './faults.ts'
import { checkForm } from './ledger/form.ts'
import type { Held, Pool } from './pool.ts'
import type { WriteOp } from './store/database.ts'

/** `held` now, held before (`known`), or `decided` already. */
export type Taken = 'held' | 'known' | 'decided'

export interface IntakePorts {
  readonly network: Digest
  readonly application: Application
  readonly pool: Pool
  readonly chain: ChainStore
  now(): number
  /** Writes with the next synced batch and tells when it is durable. */
  write(operations: readonly WriteOp[], durable: () => void): void
  push(...inputs: readonly Input[]): void
}

export class Intake {
  readonly #ports: IntakePorts
  readonly #durable = new Map<Digest, Promise<void>>()

  constructor(ports: IntakePorts) {
    this.#ports = ports
  }

  /**
   * Takes a record in; resolves once it is on disk. Safe to repeat. `allow` may throw before anything is changed.
   * Throws `malformed`, `too_large`, `wrong_network`, `unknown_signer`, `bad_signature` and what `checkForm` throws, and
   * `rate_limited` where the client has too much pending. Nothing is changed then.
   */
  async take(
    bytes: Uint8Array,
    allow: (signed: SignedRecord) => void = () => {},
  ): Promise<{ readonly state: Taken; readonly signed: SignedRecord }> {
    // Most records come more than once, from the client, gossip and fetches: a look at the digest spares reading them again.
    const held = bytes.length <= limits.recordBytes ? this.#ports.pool.get(digestOfRecordBytes(bytes)) : undefined
    // A copy: the frame that it came in may be a part of a much larger buffer.
    const signed = held?.signed ?? decodeRecord(new Uint8Array(bytes))
    allow(signed)
    const state = held ? 'known' : this.#hold(signed)
    await this.#durable.get(signed.digest)
    return { state, signed }
  }

  #hold(signed: SignedRecord): Taken {
    const { pool, chain, application, network } = this.#ports
    const { digest } = signed
    if (pool.get(digest)) return 'known'
    if (chain.isDecided(digest)) return 'decided'
    checkForm(signed, network)
    const signer = application.signerOf(signed)
    if (!signer)
      throw new MupibError('unknown_signer', 'no member of this network has the certificate that signed the record', {
        field: 'signer',
        hint: 'have the authority admit it first',
      })
    const { key, stream } = signer
    if (!verifyRecord(signed, key)) throw new MupibError('bad_signature', 'the signature of the record does not hold')
    if (pool.add(signed, stream.name, signed.record.signer, application.isAwaited(digest)) === 'full')
      throw new MupibError('rate_limited', 'too many records of this client wait to be decided', {
        hint: 'wait for verdicts before submitting more',
      })
    const durable = new Promise<void>(resolve =>
      this.#ports.write(heldRecordOperations(digest, signed.bytes), () => {
        this.#durable.delete(digest)
        resolve()
      }),
    )
    this.#durable.set(digest, durable)
    this.tellReady(stream.name, signed)
    const { number } = signed.record
    if (number > stream.head.number + 1 && !pool.isReady(digest)) this.#tellIfRefused(signed)
    this.#ports.push(...application.recordsArrived([digest]))
    return 'held'
  }

  /** Has what was pending when the node last stopped pend again, before anything else comes in. Throws `store_corrupt`. */
  async restore(): Promise<void> {
    const { application, pool, chain } = this.#ports
    const streams = new Map<string, SignedRecord>()
    for (const digest of await chain.pendingRecords()) {
      const bytes = chain.recordBytes(digest)
      if (!bytes) throw new MupibError('store_corrupt', `the store is damaged: record ${digest} is missing`)
      const signed = ofStore(`record ${digest}`, () => decodeRecord(bytes))
      const stream = application.streamOf(signed)
      // A record that came again while it was becoming final has kept its mark.
      if (!stream || chain.answer(digest)) continue
      pool.add(signed, stream.name, signed.record.signer, true)
      streams.set(stream.name, signed)
    }
    for (const [stream, sample] of streams) this.tellReady(stream, sample)
  }

  /** Tells the core of records of a stream that have become work. */
  tellReady(stream: string, sample: SignedRecord): void {
    const found = this.#ports.application.streamOf(sample)
    const records = found ? this.#ports.pool.newlyReady(stream, found.head) : []
    if (records.length > 0) this.#ports.push({ type: 'work', records })
  }

  #tellIfRefused(signed: SignedRecord): void {
    const { application, pool, now } = this.#ports
    if (application.isRefused(signed, now()) && pool.markReady(signed.digest))
      this.#ports.push({ type: 'work', records: [signed.digest] })
  }

  /**
   * After refusals: tells the core of records of a stream that will be refused for following a refused one, and of those that the refusal
   * cut off from the stream's head, which are work no more. A client may keep thousands here, so none costs a look into the state.
   */
  tellAfterRefusals(stream: string, sample: SignedRecord, refused: ReadonlySet<Digest>): void {
    const { application, pool } = this.#ports
    const isDead = this.#deathCheck()
    const following = new Set(refused)
    const held = [...pool.ofStream(stream)].sort((a, b) => a.signed.record.number - b.signed.record.number)
    for (const { signed } of held) if (following.has(signed.record.previous)) following.add(signed.digest)
    const isOwed = ({ signed }: Held): boolean => following.has(signed.digest) || isDead(signed)
    const head = application.streamOf(sample)?.head
    const cut = head ? pool.noLongerReady(stream, head, isOwed) : []
    if (cut.length > 0) this.#ports.push({ type: 'dropped', records: cut })
    this.#tellOwed(held.filter(isOwed))
  }

  /** After members changed: tells the core of waiting records that were signed under a certificate that has died. */
  tellAfterDeaths(): void {
    const isDead = this.#deathCheck()
    this.#tellOwed([...this.#ports.pool.waiting()].filter(({ signed }) => isDead(signed)))
  }

  /** Records that are owed a refusal are work. */
  #tellOwed(owed: readonly Held[]): void {
    const records = owed.map(({ signed }) => signed.digest).filter(digest => this.#ports.pool.markReady(digest))
    if (records.length > 0) this.#ports.push({ type: 'work', records })
  }

  /** Asks the state once for each certificate. */
  #deathCheck(): (signed: SignedRecord) => boolean {
    const { application, now } = this.#ports
    const known = new Map<Digest, boolean>()
    return ({ record: { signer } }) => {
      const isDead = known.get(signer) ?? application.isDead(signer, now())
      known.set(signer, isDead)
      return isDead
    }
  }

  /** Tells the core of all records that have become work: their signers may have become known. */
  tellAllReady(): void {
    const streams = new Map<string, SignedRecord>()
    for (const { stream, signed } of this.#ports.pool.waiting()) streams.set(stream, signed)
    for (const [stream, sample] of streams) this.tellReady(stream, sample)
  }
}
