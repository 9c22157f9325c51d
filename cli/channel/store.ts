// What client and vendor keep of their sessions, each in a store of its own: terms, how far a session is, every payment, and what ends it.
import { join } from 'node:path'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, Reader, toHex, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { decodeClaim, encodeClaim, type SessionClaim } from '../../proto/session/claims.ts'
import { decodeMisconduct, encodeMisconduct, type Misconduct } from '../../proto/session/misconduct.ts'
import {
  decodePayment,
  decodeRelease,
  encodePayment,
  encodeRelease,
  type Payment,
  type Release,
} from '../../proto/session/payment.ts'
import { encodeTerms, readTerms, type SessionTerms } from '../../proto/session/terms.ts'
import { decodeRecordVerdict, type SessionStanding } from '../../proto/verdict.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import type { PartyHome } from '../common/actor-home.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'

/** Phases of either side, by the number that is stored. */
const phases = ['open', 'closing', 'closed', 'stopped'] as const
type Phase = (typeof phases)[number]

/** How far a session is: for a client the units that arrived, for a vendor the locks that are checked. */
export interface Standing {
  readonly phase: Phase
  readonly count: number
  readonly claim: SessionClaim | undefined
}

export interface StoredSession {
  readonly session: Digest
  readonly terms: SessionTerms
  /** A client's secrets, a vendor's acceptance: bytes of its own. */
  readonly own: Uint8Array
}

/** A session's standing, with the ledger's answer that says so. */
export interface CertifiedStanding {
  readonly standing: SessionStanding
  readonly answer: RecordAnswer
}

/** All that one turn changes. */
export interface ChannelChange {
  readonly standing?: Standing
  readonly payments?: readonly Payment[]
  readonly misconduct?: Misconduct
  readonly release?: Release
}

const ownBytesMax = 4096
const claimBytesMax = 256
const put = (key: Uint8Array, value: Uint8Array): WriteOp => ({ type: 'put', key, value })

export class ChannelStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Keeps a session, before anything of it is signed. */
  create({ session, terms, own }: StoredSession): Promise<void> {
    const value = new Writer(1024).bytes(own).fixed(encodeTerms(terms), encodeTerms(terms).length).finish()
    return this.#database.write([put(actorKey(actorPrefixes.channel, session), value)], { sync: true })
  }

  session(session: Digest): StoredSession | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channel, session))
    if (!value) return undefined
    const reader = new Reader(value)
    const own = reader.bytes(ownBytesMax)
    return { session, own, terms: readTerms(reader) }
  }

  async sessions(): Promise<Digest[]> {
    const found: Digest[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.channel)))
      found.push(toHex(key.subarray(1, 33)))
    return found
  }

  /** One synced write for everything. */
  write(session: Digest, { standing, payments, misconduct, release }: ChannelChange): Promise<void> {
    const operations: WriteOp[] = []
    for (const payment of payments ?? [])
      operations.push(put(actorKey(actorPrefixes.channelPayment, session, payment.index), encodePayment(payment)))
    if (standing) {
      const { phase, count, claim } = standing
      const value = new Writer(256)
        .u8(phases.indexOf(phase))
        .u32(count)
        .bytes(claim ? encodeClaim(claim) : noBytes)
      operations.push(put(actorKey(actorPrefixes.channelStanding, session), value.finish()))
    }
    if (misconduct)
      operations.push(put(actorKey(actorPrefixes.channelMisconduct, session), encodeMisconduct(misconduct)))
    if (release) operations.push(put(actorKey(actorPrefixes.channelRelease, session), encodeRelease(release)))
    return this.#database.write(operations, { sync: true })
  }

  standing(session: Digest): Standing | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channelStanding, session))
    if (!value) return undefined
    const reader = new Reader(value)
    const phase = phases[reader.u8()]!
    const count = reader.count(limits.sessionPayments)
    const claim = reader.bytes(claimBytesMax)
    return { phase, count, claim: claim.length > 0 ? decodeClaim(claim) : undefined }
  }

  payment(session: Digest, index: number): Payment | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channelPayment, session, index))
    return value && decodePayment(value)
  }

  /** The last payment of a session; undefined before payment 0. */
  async lastPayment(session: Digest): Promise<Payment | undefined> {
    const range = { ...actorRange(actorPrefixes.channelPayment, bytesOfHex(session)), reverse: true, limit: 1 }
    for await (const [key] of this.#database.iterate(range)) return this.payment(session, numberOfKey(key))
    return undefined
  }

  /** Forgets a session of which nothing came: its client may offer it again. */
  drop(session: Digest): Promise<void> {
    return this.#database.write([{ type: 'delete', key: actorKey(actorPrefixes.channel, session) }], { sync: true })
  }

  /** What the ledger certified last of a session. */
  certified(session: Digest): CertifiedStanding | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channelCertified, session))
    if (!value) return undefined
    const answer = decodeRecordAnswer(value)
    return { standing: decodeRecordVerdict(answer.recordLeaf).session!, answer }
  }

  putCertified(session: Digest, answer: RecordAnswer): Promise<void> {
    const key = actorKey(actorPrefixes.channelCertified, session)
    return this.#database.write([put(key, encodeRecordAnswer(answer))], { sync: true })
  }

  /** Height up to which somebody has told what the ledger certified. */
  toldHeight(by: string): number {
    const value = this.#database.get(actorKey(actorPrefixes.channelTold, Buffer.from(by)))
    return value ? new Reader(value).u64() : 0
  }

  putToldHeight(by: string, height: number): Promise<void> {
    const key = actorKey(actorPrefixes.channelTold, Buffer.from(by))
    // after a crash it is told again: nothing comes of it
    return this.#database.write([put(key, new Writer(8).u64(height).finish())], { sync: false })
  }

  misconduct(session: Digest): Misconduct | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channelMisconduct, session))
    return value && decodeMisconduct(value)
  }

  release(session: Digest): Release | undefined {
    const value = this.#database.get(actorKey(actorPrefixes.channelRelease, session))
    return value && decodeRelease(value)
  }

  close(): Promise<void> {
    return this.#database.close()
  }
}

/** Opens the sessions of a wallet or a till, which lie in its folder apart from what else it keeps. Throws what opening a store throws. */
export async function openChannelStore({ dir, network }: Pick<PartyHome, 'dir' | 'network'>): Promise<ChannelStore> {
  return new ChannelStore(await openLevelDatabase(join(dir, 'channels'), { genesisHash: bytesOfHex(network) }))
}

const noBytes = new Uint8Array(0)
