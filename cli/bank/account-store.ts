// The bank's books on disk: accounts, balances, the journal, and what makes each event count once.

import type { Database, WriteOp } from '../../node/store/database.ts'
import { bytesOfHex, Reader, toHex, Writer } from '../../proto/bytes.ts'
import { assert } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import type { Role } from '../../proto/records.ts'
import { decodeStatement, type SignedStatement, type Transfer } from '../../proto/statements.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import {
  type AccountId,
  type BooksView,
  type Entry,
  type EntryKind,
  entryKinds,
  isOwnAccount,
  type JournalDraft,
} from './accounts.ts'

export const partyRoles = ['user', 'vendor', 'auditor'] as const satisfies readonly Role[]
export type PartyAccountRole = (typeof partyRoles)[number]

/** A party that has an account. */
export interface Account {
  /** Its public key in hex. */
  readonly key: AccountId
  readonly name: string
  readonly role: PartyAccountRole
  /** The certificate with which it was opened. */
  readonly certificate: Uint8Array
  readonly openedAt: number
}

/** What was paid for a token block. */
export interface Redemption {
  readonly record: Digest
  readonly auditor: AccountId
  readonly user: AccountId
  /** Number of the block in the auditor's stream for the user. */
  readonly number: number
  readonly tokens: number
  readonly amount: bigint
  readonly time: number
}

/** A transfer as its auditor signed it. */
export interface KeptTransfer {
  readonly signed: SignedStatement<Transfer>
  readonly auditor: AccountId
  readonly entry: number
}

/** Bytes of the name of an account: a key in hex, or a session's escrow. */
const accountBytesMax = 80

/** Bytes of a reference: a text of the operator's, or a digest in hex with what is about it. */
export const referenceBytesMax = 256

const nothing = new Uint8Array(0)
const accountBytes = (account: AccountId): Uint8Array =>
  isOwnAccount(account) ? new TextEncoder().encode(account) : bytesOfHex(account)

const referenceKey = (kind: EntryKind, scope: AccountId | '', reference: string): Uint8Array =>
  actorKey(actorPrefixes.entryByReference, entryKinds[kind], accountBytes(scope), new TextEncoder().encode(reference))

const nameKey = (role: PartyAccountRole, name: string): Uint8Array =>
  actorKey(actorPrefixes.accountByName, partyRoles.indexOf(role), new TextEncoder().encode(name))

const writeSigned = (writer: Writer, amount: bigint): Writer =>
  writer.boolean(amount < 0n).u64(amount < 0n ? -amount : amount)

function readSigned(reader: Reader): bigint {
  const isNegative = reader.boolean()
  const amount = reader.amount(limits.amount)
  return isNegative ? -amount : amount
}

function encodeEntry({ kind, scope, reference, time, postings }: Entry): Uint8Array {
  const writer = new Writer(256).u8(entryKinds[kind]).text(scope).text(reference).u64(time).u8(postings.length)
  for (const { account, amount, balance } of postings) {
    writer.text(account)
    writeSigned(writeSigned(writer, amount), balance)
  }
  return writer.finish()
}

function decodeEntry(number: number, bytes: Uint8Array): Entry {
  const reader = new Reader(bytes)
  const tag = reader.u8()
  const kind = (Object.keys(entryKinds) as EntryKind[]).find(name => entryKinds[name] === tag)
  assert(kind, 'an entry of a known kind')
  const heading = {
    number,
    kind,
    scope: reader.text(accountBytesMax),
    reference: reader.text(referenceBytesMax),
    time: reader.u64(),
  }
  const postings = Array.from({ length: reader.u8() }, () => ({
    account: reader.text(accountBytesMax),
    amount: readSigned(reader),
    balance: readSigned(reader),
  }))
  reader.end()
  return { ...heading, postings }
}

function decodeAccount(key: AccountId, bytes: Uint8Array): Account {
  const reader = new Reader(bytes)
  const name = reader.text(limits.nameBytes)
  const role = partyRoles[reader.u8()]!
  const account = { key, name, role, certificate: reader.bytes(limits.certificateBytes), openedAt: reader.u64() }
  reader.end()
  return account
}

function decodeRedemption(record: Digest, bytes: Uint8Array): Redemption {
  const reader = new Reader(bytes)
  const parties = { record, auditor: reader.digest(), user: reader.digest() }
  const rest = { number: reader.u64(), tokens: reader.u32(), amount: reader.amount(limits.amount), time: reader.u64() }
  reader.end()
  return { ...parties, ...rest }
}

function decodeTransfer(auditor: AccountId, bytes: Uint8Array): KeptTransfer {
  const reader = new Reader(bytes)
  const signed = decodeStatement('transfer', reader.bytes(limits.recordBytes), reader.fixed(signatureBytes))
  const kept = { signed, auditor, entry: reader.u64() }
  reader.end()
  return kept
}

/** Rows of the books. Reading is immediate; changes are handed out as operations, so that an event is one write. */
export class AccountStore implements BooksView {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  account(key: AccountId): Account | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.account, key))
    return row && decodeAccount(key, row)
  }

  accountNamed(role: PartyAccountRole, name: string): AccountId | undefined {
    const row = this.#database.get(nameKey(role, name))
    return row && toHex(row)
  }

  /** All accounts, by key. */
  async accounts(): Promise<Account[]> {
    const accounts: Account[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.account)))
      accounts.push(decodeAccount(toHex(key.subarray(1)), row))
    return accounts
  }

  putAccount({ key, name, role, certificate, openedAt }: Account): WriteOp[] {
    const value = new Writer(512).text(name).u8(partyRoles.indexOf(role)).bytes(certificate).u64(openedAt).finish()
    return [
      { type: 'put', key: actorKey(actorPrefixes.account, key), value },
      { type: 'put', key: nameKey(role, name), value: bytesOfHex(key) },
      this.#putBalance(key, 0n),
    ]
  }

  #putBalance(account: AccountId, balance: bigint): WriteOp {
    const key = actorKey(actorPrefixes.balance, accountBytes(account))
    return { type: 'put', key, value: writeSigned(new Writer(9), balance).finish() }
  }

  balanceOf(account: AccountId): bigint | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.balance, accountBytes(account)))
    return row && readSigned(new Reader(row))
  }

  lastEntry(): number {
    const row = this.#database.get(actorKey(actorPrefixes.lastEntry))
    return row ? new Reader(row).u64() : 0
  }

  entry(number: number): Entry | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.entry, number))
    return row && decodeEntry(number, row)
  }

  entryOf(kind: EntryKind, scope: AccountId | '', reference: string): Entry | undefined {
    const row = this.#database.get(referenceKey(kind, scope, reference))
    return row && this.entry(new Reader(row).u64())
  }

  /** The whole journal, in order. */
  async *journal(): AsyncIterable<Entry> {
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.entry)))
      yield decodeEntry(numberOfKey(key), row)
  }

  /** Entries that move an account's money, in order. */
  async *entriesOf(account: AccountId): AsyncIterable<Entry> {
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.posting, account)))
      yield this.entry(numberOfKey(key))!
  }

  /** Everything that a draft changes. */
  putJournal(draft: JournalDraft): WriteOp[] {
    const operations = [...draft.balances].map(([account, balance]) => this.#putBalance(account, balance))
    for (const entry of draft.entries) {
      const { number, kind, scope, reference, postings } = entry
      operations.push(
        { type: 'put', key: actorKey(actorPrefixes.entry, number), value: encodeEntry(entry) },
        { type: 'put', key: referenceKey(kind, scope, reference), value: new Writer(8).u64(number).finish() },
      )
      for (const { account } of postings)
        if (!isOwnAccount(account))
          operations.push({ type: 'put', key: actorKey(actorPrefixes.posting, account, number), value: nothing })
    }
    if (draft.entries.length > 0) {
      const value = new Writer(8).u64(draft.lastEntry()).finish()
      operations.push({ type: 'put', key: actorKey(actorPrefixes.lastEntry), value })
    }
    return operations
  }

  redemption(record: Digest): Redemption | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.redemption, record))
    return row && decodeRedemption(record, row)
  }

  putRedemption({ record, auditor, user, number, tokens, amount, time }: Redemption): WriteOp {
    const value = new Writer(100).digest(auditor).digest(user).u64(number).u32(tokens).u64(amount).u64(time).finish()
    return { type: 'put', key: actorKey(actorPrefixes.redemption, record), value }
  }

  async redemptions(): Promise<Redemption[]> {
    const redemptions: Redemption[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.redemption)))
      redemptions.push(decodeRedemption(toHex(key.subarray(1)), row))
    return redemptions
  }

  putTransfer({ signed, auditor, entry }: KeptTransfer): WriteOp {
    const value = new Writer(512).bytes(signed.content).fixed(signed.signature, signatureBytes).u64(entry).finish()
    return { type: 'put', key: actorKey(actorPrefixes.transfer, auditor, signed.statement.payload), value }
  }

  /** Every transfer that was paid, in the order of payment. */
  async transfers(): Promise<KeptTransfer[]> {
    const transfers: KeptTransfer[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.transfer)))
      transfers.push(decodeTransfer(toHex(key.subarray(1, 33)), row))
    return transfers.sort((a, b) => a.entry - b.entry)
  }
}
