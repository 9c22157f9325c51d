// What an auditor keeps: the payments that are not decided yet, the answer to every payment, every block with the ledger's answer.

import type { Database, WriteOp } from '../../node/store/database.ts'
import { bytesOfHex, Reader, toHex, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import { decodeRecord, type SignedRecord, type TokenBlock } from '../../proto/records.ts'
import { readGroup, type TokenGroup, writeGroup } from '../../proto/token.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { informationLimits } from '../common/information.ts'
import type { PresentedPayment } from '../common/payment.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { Head } from '../common/stream.ts'
import { refusalReasons } from './check.ts'
import type { Answer, OpenPayment } from './rules.ts'

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
  readonly last: Head
  readonly blockSize: number
}

function encodePayment({ digest, payment }: OpenPayment): Uint8Array {
  const groups = [...new Set(payment.tokens.map(({ group }) => group))]
  const { vendor, auditor, item, price, nonce, deadline } = payment.details
  const writer = new Writer(256 + payment.tokens.length * 72)
    .digest(digest)
    .fixed(payment.holder, 32)
    .u64(payment.time)
    .digest(payment.information)
    .fixed(payment.signature, signatureBytes)
    .text(vendor)
    .text(auditor)
    .text(item)
    .u64(price)
    .digest(nonce.padEnd(64, '0'))
    .u64(deadline)
    .u32(groups.length)
  for (const group of groups) writeGroup(writer, group)
  writer.u32(payment.tokens.length)
  const places = new Map(groups.map((group, place) => [group, place]))
  for (const { group, index, signature } of payment.tokens)
    writer.u16(places.get(group)!).u32(index).fixed(signature, signatureBytes)
  return writer.finish()
}

function decodePayment(bytes: Uint8Array, sequence: number): OpenPayment {
  const reader = new Reader(bytes)
  const digest = reader.digest()
  const holder = reader.fixed(32)
  const time = reader.u64()
  const information = reader.digest()
  const signature = reader.fixed(signatureBytes)
  const details = {
    vendor: reader.text(informationLimits.textBytes),
    auditor: reader.text(informationLimits.textBytes),
    item: reader.text(informationLimits.textBytes),
    price: reader.amount(limits.amount),
    nonce: reader.digest().slice(0, 2 * informationLimits.nonceBytes),
    deadline: reader.u64(),
  }
  const groups: TokenGroup[] = []
  for (let count = reader.count(limits.blockGroups); count > 0; count--) groups.push(readGroup(reader))
  const tokens: PresentedPayment['tokens'][number][] = []
  for (let count = reader.count(limits.blockTokens); count > 0; count--)
    tokens.push({ group: groups[reader.u16()]!, index: reader.u32(), signature: reader.fixed(signatureBytes) })
  reader.end()
  return { sequence, digest, payment: { holder, time, information, signature, details, tokens } }
}

const answerNames = ['deliver', 'wait', 'rejected'] as const

function encodeAnswer({ answer, reason, block }: Answer): Uint8Array {
  return new Writer(16)
    .u8(answerNames.indexOf(answer))
    .u8(reason === undefined ? 0 : 1 + refusalReasons.indexOf(reason))
    .u64(block ?? 0)
    .finish()
}

function decodeAnswer(bytes: Uint8Array): Answer {
  const reader = new Reader(bytes)
  const answer = answerNames[reader.u8()]
  const reason = refusalReasons[reader.u8() - 1]
  const block = reader.u64()
  reader.end()
  if (!answer) throw new MupibError('store_corrupt', 'an answer of an unknown kind in the store')
  return { answer, ...(reason === undefined ? {} : { reason }), ...(block === 0 ? {} : { block }) }
}

export class AuditorStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Survives a power loss once it resolves; concurrent writes share a sync. */
  write(operations: readonly WriteOp[]): Promise<void> {
    return this.#database.write(operations, { sync: true })
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  answer(payment: Digest): Answer | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.payment, payment))
    return row && decodeAnswer(row)
  }

  user(user: string): KeptUser | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.user, user))
    if (!row) return undefined
    const reader = new Reader(row)
    const kept = { last: { number: reader.u64(), digest: reader.digest() }, blockSize: reader.u32() }
    reader.end()
    return kept
  }

  block(user: string, number: number): KeptBlock | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.block, user, number))
    if (!row) return undefined
    const reader = new Reader(row)
    const record = decodeRecord(reader.bytes(limits.recordBytes)) as SignedRecord<TokenBlock>
    const sequences: number[] = []
    for (let count = reader.count(limits.blockTransactions); count > 0; count--) sequences.push(reader.u64())
    reader.end()
    return { record, sequences }
  }

  blockAnswer(user: string, number: number): KeptBlockAnswer | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.blockAnswer, user, number))
    if (!row) return undefined
    const reader = new Reader(row)
    const kept = { latencyMs: reader.u64() / 1_000, answer: decodeRecordAnswer(reader.bytes(limits.clientFrameBytes)) }
    reader.end()
    return kept
  }

  putPayment(user: string, payment: OpenPayment): WriteOp {
    return {
      type: 'put',
      key: actorKey(actorPrefixes.openPayment, user, payment.sequence),
      value: encodePayment(payment),
    }
  }

  dropPayment(user: string, { sequence }: OpenPayment): WriteOp {
    return { type: 'delete', key: actorKey(actorPrefixes.openPayment, user, sequence) }
  }

  putAnswer(payment: Digest, answer: Answer): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.payment, payment), value: encodeAnswer(answer) }
  }

  putUser(user: string, { last, blockSize }: KeptUser): WriteOp {
    const value = new Writer(48).u64(last.number).digest(last.digest).u32(blockSize).finish()
    return { type: 'put', key: actorKey(actorPrefixes.user, user), value }
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
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.user))) users.push(toHex(key.subarray(1)))
    return users
  }

  /** A user's payments that no block has decided, in order. */
  async openPayments(user: string): Promise<OpenPayment[]> {
    const payments: OpenPayment[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.openPayment, user)))
      payments.push(decodePayment(row, numberOfKey(key)))
    return payments
  }

  /** Users and numbers of the blocks that hold tokens of a publication. */
  async blocksWith(bank: Digest, publication: number): Promise<{ user: string; number: number }[]> {
    const found: { user: string; number: number }[] = []
    const range = actorRange(actorPrefixes.blockByPublication, bytesOfHex(bank), publication)
    for await (const [key] of this.#database.iterate(range))
      found.push({ user: toHex(key.subarray(41, 73)), number: numberOfKey(key) })
    return found
  }
}
