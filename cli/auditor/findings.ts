// What an auditor came upon that may be held against somebody: kept as it came, statements and payments included. Whether it proves anything is
// judged where accusations are made of it.
import type { WriteOp } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import { type SignedStatement, statementToJson } from '../../proto/statements.ts'
import type { TransactionVerdict } from '../../proto/verdict.ts'
import { isoTime, toJson } from '../common/output.ts'
import { userPaymentToJson } from '../common/payment.ts'
import { actorKey, actorPrefixes, actorRange } from '../common/store-keys.ts'
import type { Change, Desk } from './desk.ts'
import type { KeptPayment } from './payment-store.ts'

export type FindingKind =
  /** One payment under two presentations of its vendor. */
  | 'double_selling'
  /** A payment presented by a vendor that it does not name. */
  | 'stolen_payload'
  /** A payment presented here that names another auditor. */
  | 'wrong_auditor'
  /** A vendor presented a payment that its holder did not sign. */
  | 'forged_holder_signature'
  /** The ledger certified tokens of a payment as not valid. */
  | 'invalid_tokens'

export interface Finding {
  readonly kind: FindingKind
  readonly payload: Digest
  readonly [field: string]: unknown
}

/** Findings about one party that are kept: more of the same say nothing new. */
const perPartyMax = 1_000

/** A kept payment as others get it: as it was presented. */
export const presentedMaterial = (kept: KeptPayment): Record<string, unknown> => ({
  ...userPaymentToJson(kept),
  presentation: statementToJson(kept.presentation),
  vendorCertificate: Buffer.from(kept.vendorCertificate).toString('base64'),
  takenAt: isoTime(kept.takenAt),
})

export class Findings {
  readonly #desk: Desk
  readonly #counts = new Map<string, number>()

  constructor(desk: Desk) {
    this.#desk = desk
  }

  /** About what a vendor presented. `other` is the presentation that was there before, where there was one. */
  presented(
    kind: Exclude<FindingKind, 'invalid_tokens'>,
    payload: Digest,
    vendor: string,
    kept: KeptPayment,
    other?: SignedStatement,
  ): Change {
    const more = other ? { other: statementToJson(other) } : {}
    return this.#keep(`vendor ${vendor}`, { kind, payload, vendor, presented: presentedMaterial(kept), ...more })
  }

  /** Payments of a decided block whose tokens are not all valid. */
  inVerdicts(user: string, block: number, transactions: readonly TransactionVerdict[]): Change {
    const found = transactions.flatMap(({ payload, index, tokens }) => {
      const faults = tokens.filter(({ verdict }) => verdict !== '11').map(({ reason }) => reason)
      if (faults.length === 0) return []
      const finding = { kind: 'invalid_tokens', payload, user, block, transaction: index, faults } as const
      return this.#keep(`user ${user}`, finding).operations
    })
    return { operations: found }
  }

  #keep(party: string, finding: Finding): Change {
    const count = (this.#counts.get(party) ?? 0) + 1
    if (count > perPartyMax) return { operations: [] }
    this.#counts.set(party, count)
    const content = toJson(finding)
    this.#desk.log({ kind: 'finding', finding: finding.kind, payload: finding.payload })
    const value = new TextEncoder().encode(toJson({ time: isoTime(Date.now()), finding }))
    const operation: WriteOp = {
      type: 'put',
      key: actorKey(actorPrefixes.finding, sha256Hex(Buffer.from(content))),
      value,
    }
    return { operations: [operation] }
  }

  /** All that is kept, in no order, each with what names it. */
  async *kept(): AsyncGenerator<{ readonly id: Digest; readonly finding: Finding }> {
    for await (const [key, row] of this.#desk.store.database.iterate(actorRange(actorPrefixes.finding))) {
      const { finding } = JSON.parse(Buffer.from(row).toString('utf8')) as { finding: Finding }
      yield { id: toHex(key.subarray(1)), finding }
    }
  }
}
