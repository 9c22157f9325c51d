// What a bank keeps of its tokens: orders, every publication with its tokens' signatures and their use, and what was returned.

import type { Database, WriteOp } from '../../node/store/database.ts'
import { bytesOfHex, Reader, toHex, Writer } from '../../proto/bytes.ts'
import { type ErrorCode, errorCodes } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type Publication, type SignedRecord } from '../../proto/records.ts'
import { OwnRecordStore } from '../common/own-record-store.ts'
import type { OwnRecords } from '../common/own-records.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { AccountId } from './accounts.ts'
import { type HolderShare, orderBytes, type TokenOrder } from './rules.ts'
import type { TokenUse } from './token-use.ts'

/** A publication as it was issued. */
export interface Issued {
  readonly record: SignedRecord<Publication>
  readonly shares: readonly HolderShare[]
  /** The bank's signature on each token, one after the other. */
  readonly signatures: Uint8Array
}

/** An order that was paid for. */
export interface PaidOrder extends TokenOrder {
  /** In minor units. */
  readonly amount: bigint
  /** Number of the entry that paid for it. */
  readonly entry: number
  /** 0 until it is in one. */
  readonly publication: number
  /** Why the ledger did not let its tokens be; the money went back. */
  readonly refusal: ErrorCode | undefined
}

const sharesMax = limits.publicationTokens

function encodeIssued({ record, shares, signatures }: Issued): Uint8Array {
  const writer = new Writer(record.bytes.length + signatures.length + shares.length * 56 + 16)
    .bytes(record.bytes)
    .u32(shares.length)
  for (const { holder, order, start, count } of shares)
    writer.fixed(holder, 32).fixed(bytesOfHex(order), orderBytes).u32(start).u32(count)
  return writer.bytes(signatures).finish()
}

function decodeIssued(bytes: Uint8Array): Issued {
  const reader = new Reader(bytes)
  const record = decodeRecord(reader.bytes(limits.recordBytes)) as SignedRecord<Publication>
  const count = reader.count(sharesMax)
  const shares: HolderShare[] = []
  for (let i = 0; i < count; i++) {
    const order = { holder: reader.fixed(32), order: toHex(reader.fixed(orderBytes)) }
    shares.push({ ...order, start: reader.u32(), count: reader.u32() })
  }
  const signatures = reader.bytes(limits.publicationTokens * signatureBytes)
  reader.end()
  return { record, shares, signatures }
}

function encodeOrder({ count, amount, entry, publication, refusal }: PaidOrder): Uint8Array {
  const writer = new Writer(64).u32(count).u64(amount).u64(entry).u64(publication)
  return writer.text(refusal ?? '').finish()
}

function decodeOrder(holder: AccountId, order: string, bytes: Uint8Array): PaidOrder {
  const reader = new Reader(bytes)
  const paid = {
    count: reader.u32(),
    amount: reader.amount(limits.amount),
    entry: reader.u64(),
    publication: reader.u64(),
  }
  const code = reader.text(64)
  reader.end()
  return { holder: bytesOfHex(holder), order, ...paid, refusal: errorCodes.find(known => known === code) }
}

/** Bytes of the bitmap of a publication's tokens. */
const usedBytesMax = Math.ceil(limits.publicationTokens / 8)

function decodeUse(bytes: Uint8Array): TokenUse {
  const reader = new Reader(bytes)
  const tokens = { bank: reader.digest(), value: reader.amount(limits.amount), expiry: reader.u64() }
  const counts = { issued: reader.u32(), redeemed: reader.u32(), returned: reader.u32(), expired: reader.u32() }
  const use = { ...tokens, counts, used: reader.bytes(usedBytesMax) }
  reader.end()
  return use
}

/** Kinds of record that a bank signs. */
export const recordStreams = ['publication', 'return', 'sessionOpen', 'sessionClose'] as const
export type RecordStream = (typeof recordStreams)[number]
/** The record of a row in a stream; a publication stands there with its tokens' signatures. */
const recordIn = (row: Uint8Array, kind: RecordStream): SignedRecord =>
  kind === 'publication' ? decodeIssued(row).record : decodeRecord(row)

/** A bank's own streams at work. */
export type BankRecords = OwnRecords<RecordStream>

/** Where a bank keeps its own streams. */
export const createRecordStore = (database: Database): OwnRecordStore<RecordStream> =>
  new OwnRecordStore(database, recordIn)

export class BankStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  publication(number: number): Issued | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.publication, number))
    return row && decodeIssued(row)
  }

  /** Number up to which publications are to be submitted. */
  publishUpTo(): number {
    const row = this.#database.get(actorKey(actorPrefixes.publishUpTo))
    return row ? new Reader(row).u64() : 0
  }

  putPublication(issued: Issued): WriteOp {
    const key = actorKey(actorPrefixes.publication, issued.record.record.number)
    return { type: 'put', key, value: encodeIssued(issued) }
  }

  putPublishUpTo(number: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.publishUpTo), value: new Writer(8).u64(number).finish() }
  }

  order(holder: AccountId, order: string): PaidOrder | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.order, holder, order))
    return row && decodeOrder(holder, order, row)
  }

  /** An order as it stands; one in no publication and not refused is open. */
  putOrder(paid: PaidOrder): WriteOp[] {
    const { holder, order, entry, publication, refusal } = paid
    const openKey = actorKey(actorPrefixes.openOrder, entry)
    const isOpen = publication === 0 && refusal === undefined
    return [
      { type: 'put', key: actorKey(actorPrefixes.order, holder, order), value: encodeOrder(paid) },
      isOpen
        ? {
            type: 'put',
            key: openKey,
            value: new Writer(48).fixed(holder, 32).fixed(bytesOfHex(order), orderBytes).finish(),
          }
        : { type: 'delete', key: openKey },
    ]
  }

  /** Orders that were paid for and are in no publication, oldest first. */
  async openOrders(): Promise<PaidOrder[]> {
    const orders: PaidOrder[] = []
    for await (const [, row] of this.#database.iterate(actorRange(actorPrefixes.openOrder)))
      orders.push(this.order(toHex(row.subarray(0, 32)), toHex(row.subarray(32)))!)
    return orders
  }

  tokenUse(publication: number): TokenUse | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.tokenUse, publication))
    return row && decodeUse(row)
  }

  putTokenUse(publication: number, { bank, value, expiry, counts, used }: TokenUse): WriteOp {
    const writer = new Writer(used.length + 68).digest(bank).u64(value).u64(expiry)
    writer.u32(counts.issued).u32(counts.redeemed).u32(counts.returned).u32(counts.expired)
    return { type: 'put', key: actorKey(actorPrefixes.tokenUse, publication), value: writer.bytes(used).finish() }
  }

  dropTokenUse(publication: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.tokenUse, publication) }
  }

  /** The publication's unspent tokens will have to be booked as expired. */
  putExpiring(expiry: number, publication: number): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.expiring, expiry, publication), value: new Uint8Array(0) }
  }

  dropExpiring(expiry: number, publication: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.expiring, expiry, publication) }
  }

  /** Publications whose unspent tokens are not booked as expired yet, the earliest expiry first. */
  async *expiring(): AsyncIterable<{ readonly expiry: number; readonly publication: number }> {
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.expiring)))
      yield { expiry: numberOfKey(key.subarray(0, 9)), publication: numberOfKey(key) }
  }

  /** Number of the return of a payment. */
  returnOf(payload: Digest): number | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.returnByPayload, payload))
    return row && new Reader(row).u64()
  }

  putReturnOf(payload: Digest, number: number): WriteOp {
    const key = actorKey(actorPrefixes.returnByPayload, payload)
    return { type: 'put', key, value: new Writer(8).u64(number).finish() }
  }

  dropReturnOf(payload: Digest): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.returnByPayload, payload) }
  }
}
