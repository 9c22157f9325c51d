// Which certificates and members the ledger has declared dead: followed from where a restart left off (F7). The ledger knows no certificate
// of a vendor or a user, so a revocation's own bytes are read, not the ledger's state. A refused record changes nothing (E6).
import type { FollowedBatch, LedgerClient, VerifiedAnswer } from '../../node/client/types.ts'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, toHex, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { type LedgerRecord, type Membership, roles } from '../../proto/records.ts'
import { decidedRecords } from './decided-records.ts'
import { actorKey, actorPrefixes, actorRange } from './store-keys.ts'

type MemberRole = Membership['role']

const heightKey = actorKey(actorPrefixes.revocationsHeight)
const certificateKey = (fingerprint: Digest): Uint8Array => actorKey(actorPrefixes.deadCertificate, fingerprint)
const memberKey = (role: MemberRole, name: string): Uint8Array =>
  actorKey(actorPrefixes.endedMember, Uint8Array.of(roles[role]), Buffer.from(name))

/** Keys of the rows that a decided record adds. */
function rowsOf(record: LedgerRecord): Uint8Array[] {
  if (record.kind === 'revocation') return [certificateKey(record.certificate)]
  if (record.kind !== 'membership' || record.action === 'admit') return []
  return [certificateKey(record.certificate.fingerprint), memberKey(record.role, record.name)]
}

export class Revocations {
  readonly #client: LedgerClient
  readonly #database: Database
  readonly #onError: (error: unknown) => void
  readonly #closing = new AbortController()
  /** Keys of the rows, as hex. */
  readonly #dead = new Set<string>()
  #height = 0
  #following: Promise<void> = Promise.resolve()

  private constructor(client: LedgerClient, database: Database, onError: (error: unknown) => void) {
    this.#client = client
    this.#database = database
    this.#onError = onError
  }

  /**
   * Resolves once everything is known up to the height that f+1 validators have reached; waits for them as long as it takes. Close it
   * before the client and the store. `onError` hears of what goes wrong later: `pruned` is tried again, after anything else nothing
   * new is learnt. Rejects with `stopped` when the client closes, and with the store's errors.
   */
  static async open(client: LedgerClient, database: Database, onError: (error: unknown) => void): Promise<Revocations> {
    const revocations = new Revocations(client, database, onError)
    await revocations.#load()
    await revocations.#catchUp(await client.height())
    return revocations
  }

  /** True where the certificate was revoked, or its member ended under it. Whoever has its name asks `isEnded` too. */
  isDead(fingerprint: Digest): boolean {
    return this.#dead.has(toHex(certificateKey(fingerprint)))
  }

  /** True where the member has ended: all its certificates are dead with it. */
  isEnded(role: MemberRole, name: string): boolean {
    return this.#dead.has(toHex(memberKey(role, name)))
  }

  /** Resolves when nothing is written any more. */
  async close(): Promise<void> {
    this.#closing.abort()
    await this.#following
  }

  async #load(): Promise<void> {
    const height = this.#database.get(heightKey)
    if (height) this.#height = new Reader(height).u64()
    for (const prefix of [actorPrefixes.deadCertificate, actorPrefixes.endedMember])
      for await (const [key] of this.#database.iterate(actorRange(prefix))) this.#dead.add(toHex(key))
  }

  /** Begins to follow, and resolves when a height is reached. */
  #catchUp(height: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let isThere = false
      const note = (): void => {
        isThere ||= this.#height >= height
        if (isThere) resolve()
      }
      note()
      this.#following = this.#follow(note).catch(error => {
        if (this.#closing.signal.aborted) return
        if (isThere) this.#onError(error)
        else reject(error)
      })
    })
  }

  async #follow(onBatch: () => void): Promise<void> {
    const { signal } = this.#closing
    for await (const batch of this.#client.follow(this.#height + 1, ['membership', 'revocation'], signal)) {
      await this.#take(batch)
      onBatch()
    }
  }

  async #take({ height, answers }: FollowedBatch): Promise<void> {
    const rows = new Map<string, WriteOp>()
    const decided = answers.filter(({ verdict }) => verdict.refusal === undefined)
    const asking = { client: this.#client, signal: this.#closing.signal, onMissing: this.#onError }
    const records = await decidedRecords(
      decided.map(({ digest }) => digest),
      asking,
    )
    for (const [at, record] of records.entries())
      for (const key of rowsOf(record)) {
        const row = toHex(key)
        // who is dead already stays so from the first height on
        if (this.#dead.has(row) || rows.has(row)) continue
        rows.set(row, { type: 'put', key, value: encodeHeight(decided[at]!) })
      }
    const followed: WriteOp = { type: 'put', key: heightKey, value: encodeHeight({ height }) }
    // a height without rows may be lost: the same blocks are followed once more then
    await this.#database.write([...rows.values(), followed], { sync: rows.size > 0 })
    this.#height = height
    for (const row of rows.keys()) this.#dead.add(row)
  }
}

const encodeHeight = ({ height }: Pick<VerifiedAnswer, 'height'>): Uint8Array => new Writer(8).u64(height).finish()
