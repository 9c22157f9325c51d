// What an auditor keeps of the users' trust: γ and W of each, the certified words that they follow from, and what banks' tokens are worth.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, toHex, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type Rounding, roundings, type TrustModel, type TrustTerms, trustModels } from '../../proto/records.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { actorKey, actorPrefixes, actorRange } from '../common/store-keys.ts'

/** γ and W of a user after so many of its blocks. */
export interface KeptTrust {
  /** Blocks of all auditors. */
  readonly sequence: number
  readonly gamma: number
  readonly blockSize: number
  /** By which W was folded. */
  readonly terms: TrustTerms
}

/** A bank's certificate as tokens name it. */
export interface KnownBank {
  readonly fingerprint: Digest
  readonly name: string
  readonly tokenValue: bigint
}

export const writeTerms = (writer: Writer, { w0, model, rounding }: TrustTerms): Writer =>
  writer.u32(w0).u8(trustModels[model]).u8(roundings[rounding])

function named<T extends string>(table: Readonly<Record<T, number>>, number: number): T {
  for (const [name, tag] of Object.entries(table)) if (tag === number) return name as T
  throw new MupibError('store_corrupt', 'terms of an unknown kind in the store')
}

export const readTerms = (reader: Reader): TrustTerms => ({
  w0: reader.u32(),
  model: named<TrustModel>(trustModels, reader.u8()),
  rounding: named<Rounding>(roundings, reader.u8()),
})

const heightKey = actorKey(actorPrefixes.verdictsHeight)

export class TrustStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Of all users of whom a block was decided. */
  async standings(): Promise<Map<string, KeptTrust>> {
    const standings = new Map<string, KeptTrust>()
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.trust))) {
      const reader = new Reader(row)
      const [sequence, gamma, blockSize] = [reader.u64(), reader.u64(), reader.u32()]
      standings.set(toHex(key.subarray(1)), { sequence, gamma, blockSize, terms: readTerms(reader) })
      reader.end()
    }
    return standings
  }

  putStanding(user: string, { sequence, gamma, blockSize, terms }: KeptTrust): WriteOp {
    const writer = writeTerms(new Writer(32).u64(sequence).u64(gamma).u32(blockSize), terms)
    return { type: 'put', key: actorKey(actorPrefixes.trust, user), value: writer.finish() }
  }

  /** What the ledger certified of a user's blocks, in order; without the transactions. */
  async steps(user: string): Promise<RecordAnswer[]> {
    const steps: RecordAnswer[] = []
    for await (const [, row] of this.#database.iterate(actorRange(actorPrefixes.trustStep, user)))
      steps.push(decodeRecordAnswer(row))
    return steps
  }

  putStep(user: string, sequence: number, answer: RecordAnswer): WriteOp {
    // a proof about the record as a whole needs none of its transactions
    const value = encodeRecordAnswer({ ...answer, transactionLeaves: [] })
    return { type: 'put', key: actorKey(actorPrefixes.trustStep, user, sequence), value }
  }

  height(): number {
    const row = this.#database.get(heightKey)
    return row ? new Reader(row).u64() : 0
  }

  putHeight(height: number): WriteOp {
    return { type: 'put', key: heightKey, value: new Writer(8).u64(height).finish() }
  }

  async banks(): Promise<KnownBank[]> {
    const banks: KnownBank[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.bankValue))) {
      const reader = new Reader(row)
      banks.push({
        fingerprint: toHex(key.subarray(1)),
        tokenValue: reader.amount(limits.amount),
        name: reader.text(limits.nameBytes),
      })
      reader.end()
    }
    return banks
  }

  putBank({ fingerprint, name, tokenValue }: KnownBank): WriteOp {
    const value = new Writer(48).u64(tokenValue).text(name).finish()
    return { type: 'put', key: actorKey(actorPrefixes.bankValue, fingerprint), value }
  }
}
