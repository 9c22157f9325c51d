// What an auditor keeps of money: what vendors are paid for each payment, what banks owe for each block, and the books of the blocks.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { toHex, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SignedStatement, StatementJson, Transfer } from '../../proto/statements.ts'
import { statementToJson } from '../../proto/statements.ts'
import { toJson } from '../common/output.ts'
import { statementFromJson } from '../common/rulings.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { VendorTotals } from './settlement.ts'

/** What a vendor is paid for a payment. Amounts in minor units, keys in hex. */
export interface Settlement {
  readonly payload: Digest
  readonly user: string
  readonly vendor: string
  readonly vendorName: string
  readonly worth: bigint
  /** ρ in basis points when it was settled. */
  readonly withholdingBp: number
  /** Milliseconds since 1970. */
  readonly time: number
  /** Absent where the running total gives nothing whole. */
  readonly transfer: SignedStatement<Transfer> | undefined
}

/** What a vendor is paid within a block. */
export interface VendorShare {
  readonly vendor: string
  readonly name: string
  readonly payments: number
  readonly paid: bigint
}

/** Books and risk of a decided block: minor units, risk and gross loss in ten-thousandths of them. */
export interface KeptBlockBooks {
  readonly record: Digest
  readonly height: number
  readonly payments: number
  readonly settled: number
  readonly tokens: number
  readonly invalid: number
  readonly paid: bigint
  readonly margin: bigint
  readonly received: bigint
  readonly covered: bigint
  readonly risk: bigint
  readonly grossLoss: bigint
  readonly vendors: readonly VendorShare[]
}

/** Consumed tokens of a block that a bank is to pay for. */
export interface OpenRedemption {
  readonly user: string
  readonly number: number
  readonly bank: string
  readonly amount: bigint
}

/** What a bank said when it was paid for. */
export interface Redeemed {
  readonly bank: string
  readonly amount: bigint
  readonly time: number
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(toJson(value))
const decode = (row: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(row).toString('utf8')) as Record<string, unknown>

const bigintOf = (value: unknown): bigint => BigInt(String(value))

export class MoneyStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  settlement(payload: Digest): Settlement | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.settlement, payload))
    return row && this.#readSettlement(payload, row)
  }

  #readSettlement(payload: Digest, row: Uint8Array): Settlement {
    const { worth, transfer, ...rest } = decode(row)
    return {
      ...(rest as unknown as Omit<Settlement, 'payload' | 'worth' | 'transfer'>),
      payload,
      worth: bigintOf(worth),
      transfer: transfer === undefined ? undefined : statementFromJson('transfer', transfer as StatementJson),
    }
  }

  putSettlement({ payload, transfer, ...rest }: Settlement): WriteOp {
    const content = { ...rest, ...(transfer ? { transfer: statementToJson(transfer) } : {}) }
    return { type: 'put', key: actorKey(actorPrefixes.settlement, payload), value: encode(content) }
  }

  async *settlements(): AsyncGenerator<Settlement> {
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.settlement)))
      yield this.#readSettlement(toHex(key.subarray(1)), row)
  }

  async vendorTotals(): Promise<Map<string, VendorTotals>> {
    const totals = new Map<string, VendorTotals>()
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.vendorTotals))) {
      const { due, paid } = decode(row)
      totals.set(toHex(key.subarray(1)), { due: bigintOf(due), paid: bigintOf(paid) })
    }
    return totals
  }

  putVendorTotals(vendor: string, totals: VendorTotals): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.vendorTotals, vendor), value: encode(totals) }
  }

  /** Digests of the payments whose transfers are open, by number. */
  async openTransfers(): Promise<Map<number, Digest>> {
    const open = new Map<number, Digest>()
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.openTransfer)))
      open.set(numberOfKey(key), toHex(row))
    return open
  }

  putOpenTransfer(number: number, payload: Digest): WriteOp {
    const value = new Writer(32).digest(payload).finish()
    return { type: 'put', key: actorKey(actorPrefixes.openTransfer, number), value }
  }

  dropOpenTransfer(number: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.openTransfer, number) }
  }

  async openRedemptions(): Promise<Map<number, OpenRedemption>> {
    const open = new Map<number, OpenRedemption>()
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.openRedemption))) {
      const { amount, ...rest } = decode(row)
      open.set(numberOfKey(key), { ...(rest as unknown as OpenRedemption), amount: bigintOf(amount) })
    }
    return open
  }

  putOpenRedemption(number: number, redemption: OpenRedemption): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.openRedemption, number), value: encode(redemption) }
  }

  /** The bank has paid: the redemption is open no longer. */
  closeRedemption(number: number, { user, number: block, bank }: OpenRedemption, redeemed: Redeemed): WriteOp[] {
    const key = actorKey(actorPrefixes.redeemed, user, block, Buffer.from(bank))
    return [
      { type: 'delete', key: actorKey(actorPrefixes.openRedemption, number) },
      { type: 'put', key, value: encode(redeemed) },
    ]
  }

  /** What banks paid for a block. */
  async redeemed(user: string, number: number): Promise<Redeemed[]> {
    const redeemed: Redeemed[] = []
    for await (const [, row] of this.#database.iterate(actorRange(actorPrefixes.redeemed, user, number))) {
      const { amount, ...rest } = decode(row)
      redeemed.push({ ...(rest as unknown as Redeemed), amount: bigintOf(amount) })
    }
    return redeemed
  }

  putBlockBooks(user: string, number: number, books: KeptBlockBooks): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.blockBooks, user, number), value: encode(books) }
  }

  /** Of one user, or of all in the order of their keys; each user's in the order of the blocks. */
  async *blockBooks(user?: string): AsyncGenerator<{ user: string; number: number; books: KeptBlockBooks }> {
    const range = actorRange(actorPrefixes.blockBooks, ...(user === undefined ? [] : [user]))
    for await (const [key, row] of this.#database.iterate(range))
      yield { user: toHex(key.subarray(1, 33)), number: numberOfKey(key), books: readBooks(decode(row)) }
  }
}

function readBooks(row: Record<string, unknown>): KeptBlockBooks {
  const { paid, margin, received, covered, risk, grossLoss, vendors, ...rest } = row
  return {
    ...(rest as unknown as Pick<KeptBlockBooks, 'record' | 'height' | 'payments' | 'settled' | 'tokens' | 'invalid'>),
    paid: bigintOf(paid),
    margin: bigintOf(margin),
    received: bigintOf(received),
    covered: bigintOf(covered),
    risk: bigintOf(risk),
    grossLoss: bigintOf(grossLoss),
    vendors: (vendors as VendorShare[]).map(share => ({ ...share, paid: bigintOf(share.paid) })),
  }
}
