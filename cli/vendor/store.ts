// What a vendor keeps of every sale, which is also its evidence: the payment that the holder signed, the presentation, the ruling, the receipt.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import {
  type Presentation,
  type Receipt,
  type Ruling,
  type SignedStatement,
  statementToJson,
} from '../../proto/statements.ts'
import { toJson } from '../common/output.ts'
import { type UserPayment, userPaymentFromJson, userPaymentToJson } from '../common/payment.ts'
import { statementFromJson } from '../common/rulings.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import { isOpen, type SaleState } from './rules.ts'

/** How a sale stands. */
export interface Standing {
  readonly state: SaleState
  /** The auditor's last word. */
  readonly ruling: SignedStatement<Ruling> | undefined
  readonly receipt: SignedStatement<Receipt> | undefined
  /** Why it is refused, or why there is no ruling yet. */
  readonly reason: string
}

export interface Sale extends Standing {
  readonly digest: Digest
  /** In the order in which sales were taken, from 1. */
  readonly number: number
  /** Milliseconds since 1970. */
  readonly takenAt: number
  readonly given: UserPayment
  readonly presentation: SignedStatement<Presentation>
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(toJson(value))
const decode = (row: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(row).toString('utf8')) as Record<string, unknown>

const standingToJson = ({ state, ruling, receipt, reason }: Standing): Record<string, unknown> => ({
  state,
  reason,
  ...(ruling ? { ruling: statementToJson(ruling) } : {}),
  ...(receipt ? { receipt: statementToJson(receipt) } : {}),
})

const standingOf = (row: Record<string, unknown>): Standing => ({
  state: row.state as SaleState,
  reason: String(row.reason),
  ruling: row.ruling === undefined ? undefined : statementFromJson('ruling', row.ruling),
  receipt: row.receipt === undefined ? undefined : statementFromJson('receipt', row.receipt),
})

export class VendorStore {
  readonly #database: Database
  readonly #network: Digest

  constructor(database: Database, network: Digest) {
    this.#database = database
    this.#network = network
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  /** Keeps a new sale. */
  async putSale(sale: Sale): Promise<void> {
    const { digest, number, takenAt, given, presentation } = sale
    const content = { number, takenAt, given: userPaymentToJson(given), presentation: statementToJson(presentation) }
    await this.#write([
      { type: 'put', key: actorKey(actorPrefixes.sale, digest), value: encode(content) },
      { type: 'put', key: actorKey(actorPrefixes.saleByNumber, number), value: encode({ digest }) },
      ...this.#standing(digest, sale),
    ])
  }

  /** Keeps how a sale stands: ruling and receipt in one write. */
  putStanding(digest: Digest, standing: Standing): Promise<void> {
    return this.#write(this.#standing(digest, standing))
  }

  #standing(digest: Digest, standing: Standing): WriteOp[] {
    const open = actorKey(actorPrefixes.openSale, digest)
    return [
      { type: 'put', key: actorKey(actorPrefixes.saleStanding, digest), value: encode(standingToJson(standing)) },
      isOpen(standing.state) ? { type: 'put', key: open, value: new Uint8Array(0) } : { type: 'delete', key: open },
    ]
  }

  #write(operations: readonly WriteOp[]): Promise<void> {
    return this.#database.write(operations, { sync: true })
  }

  sale(digest: Digest): Sale | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.sale, digest))
    const standing = this.#database.get(actorKey(actorPrefixes.saleStanding, digest))
    if (!row || !standing) return undefined
    const { number, takenAt, given, presentation } = decode(row)
    return {
      digest,
      number: Number(number),
      takenAt: Number(takenAt),
      given: userPaymentFromJson(given, this.#network, 'sale', 'store_corrupt'),
      presentation: statementFromJson('presentation', presentation),
      ...standingOf(decode(standing)),
    }
  }

  async openSales(): Promise<Digest[]> {
    const digests: Digest[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.openSale)))
      digests.push(toHex(key.subarray(1)))
    return digests
  }

  /** The newest sales, newest first: at most `limit`, or all. */
  async newest(limit?: number): Promise<Sale[]> {
    const sales: Sale[] = []
    for await (const [, row] of this.#database.iterate({
      ...actorRange(actorPrefixes.saleByNumber),
      reverse: true,
      ...(limit === undefined ? {} : { limit }),
    }))
      sales.push(this.sale(String(decode(row).digest))!)
    return sales
  }

  async lastNumber(): Promise<number> {
    for await (const [key] of this.#database.iterate({
      ...actorRange(actorPrefixes.saleByNumber),
      reverse: true,
      limit: 1,
    }))
      return numberOfKey(key)
    return 0
  }
}
