// What the parts of a bank share: its home, its rows, one thing at a time where they change, and writes whose failure stops the bank.
import { createSignatureCheck } from '../../node/client/checked-signatures.ts'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { validatorKeys } from '../../proto/genesis.ts'
import { verifyAnswer } from '../../proto/proof.ts'
import { decodeRecordAnswer } from '../../proto/wire/codec.ts'
import type { OwnRecordStore } from '../common/own-record-store.ts'
import { Turn } from '../common/turn.ts'
import { SessionStore } from '../session/store.ts'
import { AccountStore } from './account-store.ts'
import { BooksDraft } from './books-draft.ts'
import type { BankHome } from './home.ts'
import { ReputationStore } from './reputation-store.ts'
import { BankStore, createRecordStore, type RecordStream } from './store.ts'

export type BankLog = (event: { readonly kind: string; readonly [field: string]: unknown }) => void

export class Desk {
  readonly home: BankHome
  readonly log: BankLog
  readonly tokens: BankStore
  readonly records: OwnRecordStore<RecordStream>
  readonly accounts: AccountStore
  readonly sessions: SessionStore
  readonly reputations: ReputationStore
  /** Where records get numbers and are settled. Work of `books` may wait inside it, never the other way round. */
  readonly streams = new Turn()
  /** Where balances and the use of tokens change. */
  readonly books = new Turn()
  /** Rejects when the bank cannot go on (a failed write). */
  readonly failed: Promise<never>
  readonly #database: Database
  readonly #keys: readonly Uint8Array[]
  readonly #check = createSignatureCheck()
  #fail!: (error: unknown) => void

  constructor(home: BankHome, database: Database, log: BankLog) {
    this.home = home
    this.log = log
    this.tokens = new BankStore(database)
    this.records = createRecordStore(database)
    this.accounts = new AccountStore(database)
    this.sessions = new SessionStore(database)
    this.reputations = new ReputationStore(database)
    this.#database = database
    this.#keys = validatorKeys(home.genesis)
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  /** Changes of the books, to be written as one. Only in a turn of `books`. */
  draft(): BooksDraft {
    return new BooksDraft(this.accounts, this.tokens)
  }

  /** What the ledger certified in an answer that somebody brings. Throws `bad_proof`, `malformed`. */
  readAnswer(bytes: Uint8Array): ReturnType<typeof verifyAnswer> {
    return verifyAnswer(decodeRecordAnswer(bytes), this.home.network, this.#keys, this.#check)
  }

  /** All or nothing, synced. */
  async write(operations: readonly WriteOp[]): Promise<void> {
    if (operations.length === 0) return
    try {
      await this.#database.write(operations, { sync: true })
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** The bank cannot go on. */
  stopOn(error: unknown): void {
    this.#fail(error)
  }

  async close(): Promise<void> {
    await this.streams.close()
    await this.books.close()
    await this.#database.close()
  }
}
