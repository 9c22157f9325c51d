// A sale as JSON: what its user is told, what its vendor sees, and what the vendor can show to others.
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { type StatementJson, statementToJson } from '../../proto/statements.ts'
import { isoTime } from '../common/output.ts'
import { userPaymentToJson } from '../common/payment.ts'
import type { Sale } from './store.ts'

/** What a user is told of a payment. */
export interface SaleAnswer {
  readonly digest: Digest
  readonly answer: 'delivered' | 'wait' | 'rejected'
  readonly receipt?: StatementJson
  /** Absent while the auditor has not ruled. */
  readonly ruling?: StatementJson
  readonly reason?: string
}

export const toAnswer = ({ digest, state, ruling, receipt, reason }: Sale): SaleAnswer => ({
  digest,
  answer: state === 'delivered' ? 'delivered' : state === 'refused' ? 'rejected' : 'wait',
  ...(receipt ? { receipt: statementToJson(receipt) } : {}),
  ...(ruling ? { ruling: statementToJson(ruling) } : {}),
  ...(reason === '' ? {} : { reason }),
})

/** A sale as commands and `GET /sales` show it. */
export function saleToJson({ digest, number, takenAt, given, state, reason }: Sale): Record<string, unknown> {
  const { details, holder, tokens } = given.payment
  return {
    number,
    payment: digest,
    time: isoTime(takenAt),
    user: toHex(holder),
    item: details.item,
    price: details.price,
    auditor: details.auditor,
    tokens: tokens.length,
    state,
    ...(reason === '' ? {} : { reason }),
  }
}

/** A sale with everything that was signed about it: the vendor's evidence. */
export function evidenceToJson(sale: Sale): Record<string, unknown> {
  const { given, presentation, ruling, receipt } = sale
  return {
    ...saleToJson(sale),
    evidence: {
      ...userPaymentToJson(given),
      presentation: statementToJson(presentation),
      ...(ruling ? { ruling: statementToJson(ruling) } : {}),
      ...(receipt ? { receipt: statementToJson(receipt) } : {}),
    },
  }
}
