// What an auditor keeps of its queues: where it stands with each user, the payments that no block has decided, every block with the ledger's
// answer.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { bytesOfHex, Reader, toHex, Writer } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type SignedRecord, type TokenBlock, type TrustTerms } from '../../proto/records.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import type { PresentedPayment } from '../common/payment.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { Head } from '../common/stream.ts'
import { PaymentStore } from './payment-store.ts'
import type { OpenPayment } from './rules.ts'
import { readTerms, writeTerms } from './trust-store.ts'

/** A token block as it was closed. */
export interface KeptBlock {
  readonly record: SignedRecord<TokenBlock>
  /** Sequences of its payments. */
  readonly sequences: readonly number[]
}

/** The ledger's answer to a block, and how long it took from the submission, in milliseconds. */
export interface KeptBlockAnswer {
  readonly answer: RecordAnswer
  readonly latencyMs: number
}

/** Where the auditor stands with a user. */
export interface KeptUser {
  readonly terms: TrustTerms
  readonly last: Head
  /** Of the last own block among the user's blocks of all auditors; 0 where there is none. */
  readonly lastSequence: number
  /** In the last own block the last payment was pending. */
  readonly lastPending: boolean
}

/** What the queue and the books need of a payment. */
export interface TakenPayment {
  readonly payment: PresentedPayment
  /** The vendor's public key. */
  readonly vendor: Uint8Array
  /** In minor units. */
  readonly worth: bigint
}

/** An open payment as it was kept; its facts follow from it. */
export type KeptOpenPayment = Omit<OpenPayment<TakenPayment>, 'facts'>

export class AuditorStore {
  readonly database: Database
  readonly payments: PaymentStore

  constructor(database: Database) {
    this.database = database
    this.payments = new PaymentStore(database)
  }

  /** Survives a power loss once it resolves; concurrent writes share a sync. */
  write(operations: readonly WriteOp[]): Promise<void> {
    return this.database.write(operations, { sync: true })
  }

  close(): Promise<void> {
    return this.database.close()
  }

  user(user: string): KeptUser | undefined {
    const row = this.database.get(actorKey(actorPrefixes.user, user))
    if (!row) return undefined
    const reader = new Reader(row)
    const kept = {
      last: { number: reader.u64(), digest: reader.digest() },
      lastSequence: reader.u64(),
      lastPending: reader.boolean(),
      terms: readTerms(reader),
    }
    reader.end()
    return kept
  }

  putUser(user: string, { last, lastSequence, lastPending, terms }: KeptUser): WriteOp {
    const writer = new Writer(64).u64(last.number).digest(last.digest).u64(lastSequence).boolean(lastPending)
    return { type: 'put', key: actorKey(actorPrefixes.user, user), value: writeTerms(writer, terms).finish() }
  }

  block(user: string, number: number): KeptBlock | undefined {
    const row = this.database.get(actorKey(actorPrefixes.block, user, number))
    if (!row) return undefined
    const reader = new Reader(row)
    const record = decodeRecord(reader.bytes(limits.recordBytes)) as SignedRecord<TokenBlock>
    const sequences: number[] = []
    for (let count = reader.count(limits.blockTransactions); count > 0; count--) sequences.push(reader.u64())
    reader.end()
    return { record, sequences }
  }

  blockAnswer(user: string, number: number): KeptBlockAnswer | undefined {
    const row = this.database.get(actorKey(actorPrefixes.blockAnswer, user, number))
    if (!row) return undefined
    const reader = new Reader(row)
    const kept = { latencyMs: reader.u64() / 1_000, answer: decodeRecordAnswer(reader.bytes(limits.clientFrameBytes)) }
    reader.end()
    return kept
  }

  putOpenPayment(user: string, { sequence, digest, payment }: KeptOpenPayment): WriteOp {
    const value = new Writer(80).digest(digest).fixed(payment.vendor, 32).u64(payment.worth).finish()
    return { type: 'put', key: actorKey(actorPrefixes.openPayment, user, sequence), value }
  }

  dropOpenPayment(user: string, sequence: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.openPayment, user, sequence) }
  }

  /** A user's payments that no block has decided, in order. */
  async openPayments(user: string): Promise<KeptOpenPayment[]> {
    const open: KeptOpenPayment[] = []
    for await (const [key, row] of this.database.iterate(actorRange(actorPrefixes.openPayment, user))) {
      const reader = new Reader(row)
      const digest = reader.digest()
      const [vendor, worth] = [reader.fixed(32), reader.amount(limits.amount)]
      reader.end()
      const { payment } = this.payments.presented(digest)!
      open.push({ sequence: numberOfKey(key), digest, payment: { payment, vendor, worth } })
    }
    return open
  }

  /** The block, and where each publication's tokens are found. */
  putBlock(user: string, { record, sequences }: KeptBlock): WriteOp[] {
    const { number, groups } = record.record
    const writer = new Writer(record.bytes.length + 16 + sequences.length * 8).bytes(record.bytes).u32(sequences.length)
    for (const sequence of sequences) writer.u64(sequence)
    const names = new Set(groups.map(({ bank, publication }) => `${bank}/${publication}`))
    return [
      { type: 'put', key: actorKey(actorPrefixes.block, user, number), value: writer.finish() },
      ...[...names].map(name => ({
        type: 'put' as const,
        key: this.#publicationKey(name, user, number),
        value: new Uint8Array(0),
      })),
    ]
  }

  #publicationKey(name: string, user: string, number: number): Uint8Array {
    const [bank, publication] = name.split('/')
    return actorKey(actorPrefixes.blockByPublication, bank!, Number(publication), user, number)
  }

  /** A block that the ledger refused: its number is given out anew. */
  dropBlock(user: string, number: number): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.block, user, number) }
  }

  putBlockAnswer(user: string, number: number, { answer, latencyMs }: KeptBlockAnswer): WriteOp {
    const value = new Writer(256)
      .u64(Math.round(latencyMs * 1_000))
      .bytes(encodeRecordAnswer(answer))
      .finish()
    return { type: 'put', key: actorKey(actorPrefixes.blockAnswer, user, number), value }
  }

  /** All users that have ever paid here. */
  async users(): Promise<string[]> {
    const users: string[] = []
    for await (const [key] of this.database.iterate(actorRange(actorPrefixes.user))) users.push(toHex(key.subarray(1)))
    return users
  }

  /** Users and numbers of the blocks that hold tokens of a publication. */
  async blocksWith(bank: Digest, publication: number): Promise<{ user: string; number: number }[]> {
    const found: { user: string; number: number }[] = []
    const range = actorRange(actorPrefixes.blockByPublication, bytesOfHex(bank), publication)
    for await (const [key] of this.database.iterate(range))
      found.push({ user: toHex(key.subarray(41, 73)), number: numberOfKey(key) })
    return found
  }
}
