// How banks, auditors and the authority speak to the ledger: what a client offers, without how it does it.
import type { Digest } from '../../proto/hash.ts'
import type { RecordKind, SignedRecord } from '../../proto/records.ts'
import type { RecordVerdict, TransactionVerdict } from '../../proto/verdict.ts'
import type { RecordAnswer } from '../../proto/wire/codec.ts'

/** A certified answer that this client has verified against genesis. */
export interface VerifiedAnswer {
  readonly digest: Digest
  readonly verdict: RecordVerdict
  /** One for each transaction of a token block or return, in order. */
  readonly transactions: readonly TransactionVerdict[]
  readonly height: number
  /** Time of the ledger block, in milliseconds. */
  readonly time: number
  /** The material as it came, from which proof files are made. */
  readonly answer: RecordAnswer
}

/** A further stretch of the ledger, as f+1 validators told it. */
export interface FollowedBatch {
  /** Everything up to here was delivered with this batch and those before it. */
  readonly height: number
  /** In ledger order; may be empty. */
  readonly answers: readonly VerifiedAnswer[]
}

/** The last record of a stream, as validators report it: number 0 and zeros where there is none. */
export interface StreamHead {
  readonly number: number
  readonly digest: Digest
}

export interface ValidatorConnection {
  readonly name: string
  readonly connected: boolean
  /** The newest final height that it told of. */
  readonly height: number | undefined
}

export interface LedgerClient {
  /**
   * Submits to every connected validator, and again to each that connects later, until the record is decided.
   * Resolves with the verified answer, a certified refusal included. Safe to repeat with the same bytes.
   * Rejects with a stable code where validators refuse the bytes outright, or with `stopped` when the client closes.
   */
  submit(record: SignedRecord): Promise<VerifiedAnswer>
  /** The verified answer to a record if the ledger has decided it; undefined where f+1 validators do not know it as decided. */
  lookUp(digest: Digest): Promise<VerifiedAnswer | undefined>
  /**
   * The bytes of a decided record as they travel, checked against the digest, which covers everything but the signature at their end.
   * Undefined where f+1 validators do not have them, and nobody who is connected does.
   */
  recordBytes(digest: Digest): Promise<Uint8Array | undefined>
  /** Head of one of the own streams, confirmed by f+1 validators (the highest number so confirmed). */
  streamHead(kind: RecordKind, user?: Uint8Array): Promise<StreamHead>
  /**
   * Verified answers of all final records of these kinds, in ledger order from a height on, until the signal aborts. Whoever keeps
   * the height of a batch after it has dealt with the batch may go on from the height after it. Throws `stopped` when the client closes.
   */
  follow(fromHeight: number, kinds: readonly RecordKind[], signal: AbortSignal): AsyncIterable<FollowedBatch>
  /** The newest final height that f+1 validators have reached. */
  height(): Promise<number>
  connections(): readonly ValidatorConnection[]
  /** Resolves once `count` validators are connected (default f+1). */
  ready(count?: number): Promise<void>
  close(): Promise<void>
}
