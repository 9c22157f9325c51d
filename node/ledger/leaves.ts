// The certified leaves of a ledger block: one for each record, and under it one for each transaction (encodings of proto/verdict.ts).
import { toHex } from '../../proto/bytes.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { merklePath, merkleRoot } from '../../proto/merkle.ts'
import type { LedgerRecord } from '../../proto/records.ts'
import {
  encodeRecordVerdict,
  type Refusal,
  recordLeafHash,
  type SessionStanding,
  transactionLeafHash,
  type UserStanding,
} from '../../proto/verdict.ts'
import type { TransactionLeaf } from './leaf-writer.ts'

/** The certified answer to one record: its encoded leaf and those of its transactions. */
export interface Answer {
  readonly record: Digest
  readonly leaf: Uint8Array
  readonly transactions: readonly Uint8Array[]
}

/** The leaf's place in a tree and its siblings, lowest first. */
export interface LeafPath {
  readonly index: number
  readonly count: number
  readonly path: readonly Uint8Array[]
}

/** Answer to a session record that was decided. */
export function sessionAnswer(
  { kind, signer, number }: LedgerRecord,
  record: Digest,
  session: SessionStanding,
): Answer {
  const nothing = { refusal: undefined, user: undefined, transactions: 0, transactionsRoot: zeroDigest }
  return { record, leaf: encodeRecordVerdict({ record, kind, signer, number, session, ...nothing }), transactions: [] }
}

/** Answer to a record that was refused. */
export function refusalAnswer(record: LedgerRecord, digest: Digest, refusal: Refusal): Answer {
  return answerOf(record, digest, refusal, undefined, [])
}

/** Answer to a record, given its transactions' leaves. */
export function answerOf(
  { kind, signer, number }: LedgerRecord,
  record: Digest,
  refusal: Refusal | undefined,
  user: UserStanding | undefined,
  leaves: readonly TransactionLeaf[],
): Answer {
  const transactionsRoot = leaves.length === 0 ? zeroDigest : toHex(merkleRoot(leaves.map(({ hash }) => hash)))
  const counted = { transactions: leaves.length, transactionsRoot }
  const verdict = { record, kind, signer, number, refusal, user, session: undefined, ...counted }
  return { record, leaf: encodeRecordVerdict(verdict), transactions: leaves.map(({ encoded }) => encoded) }
}

/** Root over the leaves of a ledger block's records: what validators vote on, together with the state. */
export function verdictRoot(answers: readonly Answer[]): Digest {
  return toHex(merkleRoot(answers.map(({ leaf }) => recordLeafHash(leaf))))
}

/** The path from a record's leaf to the block's verdict root. */
export function recordPath(answers: readonly Answer[], index: number): LeafPath {
  const path = merklePath(
    answers.map(({ leaf }) => recordLeafHash(leaf)),
    index,
  )
  return { index, count: answers.length, path }
}

/** The path from a transaction's leaf to its record's root over transactions. */
export function transactionPath({ transactions }: Answer, index: number): LeafPath {
  return { index, count: transactions.length, path: merklePath(transactions.map(transactionLeafHash), index) }
}
