// Reputation, from 0 to 100: what a bank goes by before it opens a session. Everybody begins with 100; it falls only upon evidence that
// anybody can check, by the table below, once for each kind and session, and never rises. A session needs more than 50 on either side.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, toHex, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import type { AccountId } from './accounts.ts'

/** What a client can be shown to have done, with its number in the store and what it costs. */
export const misconducts = {
  /** It closed at an earlier payment than the vendor proved: an old state, by negligence or by intent. */
  contested_close: { tag: 1, severity: 30 },
  /** It signed two different payments of one index. */
  conflicting_payments: { tag: 2, severity: 50 },
  /** It signed a payment whose lock is bad: on opening, earlier receipts would be lost. */
  bad_lock: { tag: 3, severity: 50 },
} as const
export type Misconduct = keyof typeof misconducts

const reputationMost = 100
/** A session needs more than this. */
export const reputationNeeded = 50

export interface Finding {
  readonly kind: Misconduct
  readonly session: Digest
  readonly severity: number
  /** When the bank learnt of it, in milliseconds. */
  readonly time: number
}

export interface Reputation {
  readonly key: AccountId
  readonly reputation: number
  readonly findings: readonly Finding[]
}

const kindOf = (tag: number): Misconduct =>
  (Object.keys(misconducts) as Misconduct[]).find(kind => misconducts[kind].tag === tag)!

/** What is left of a reputation. */
export const reputationAfter = (findings: readonly Pick<Finding, 'severity'>[]): number =>
  Math.max(0, reputationMost - findings.reduce((sum, { severity }) => sum + severity, 0))

export class ReputationStore {
  readonly #database: Database

  constructor(database: Database) {
    this.#database = database
  }

  /** Once for each kind and session: the same again changes nothing but the time. */
  put(key: AccountId, { kind, session, time }: Omit<Finding, 'severity'>): WriteOp {
    const row = actorKey(actorPrefixes.misconduct, key, misconducts[kind].tag, session)
    return { type: 'put', key: row, value: new Writer(8).u64(time).finish() }
  }

  has(key: AccountId, { kind, session }: Pick<Finding, 'kind' | 'session'>): boolean {
    return this.#database.get(actorKey(actorPrefixes.misconduct, key, misconducts[kind].tag, session)) !== undefined
  }

  async of(key: AccountId): Promise<Reputation> {
    const findings: Finding[] = []
    for await (const [row, value] of this.#database.iterate(actorRange(actorPrefixes.misconduct, key))) {
      const kind = kindOf(numberOfKey(row.subarray(33, 41)))
      const session = toHex(row.subarray(41))
      findings.push({ kind, session, severity: misconducts[kind].severity, time: new Reader(value).u64() })
    }
    return { key, reputation: reputationAfter(findings), findings }
  }
}

/** Throws `blocked` where a party's reputation does not suffice for a session. */
export async function checkReputation(
  store: ReputationStore,
  key: AccountId,
  party: 'client' | 'vendor',
): Promise<void> {
  const { reputation } = await store.of(key)
  if (reputation > reputationNeeded) return
  throw new MupibError(
    'blocked',
    `the reputation of the ${party} is ${reputation}: a session needs more than ${reputationNeeded}`,
    {
      field: party,
      reputation,
    },
  )
}
