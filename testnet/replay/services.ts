// What a replay needs of the bank and the auditor, and how it gets it from their services over HTTP.

import type { PresentedPayment } from '../../cli/common/payment.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Verdict } from '../../proto/verdict.ts'

/** What a vendor is told of a payment, at once or after its block's verdict. */
export interface PaymentAnswer {
  readonly answer: 'deliver' | 'wait' | 'rejected'
  readonly reason?: string
}

/** A decided token block as the auditor lists it. */
export interface DecidedBlock {
  readonly digest: Digest
  readonly user: string
  readonly tokens: readonly DecidedToken[]
  /** From submission to verified verdict, in milliseconds. */
  readonly latencyMs: number
}

export interface DecidedToken {
  readonly serial: string
  readonly payload: Digest
  readonly verdict: Verdict
  readonly charged: boolean
}

export interface Services {
  /** What a token of the bank is worth, in minor units. */
  readonly tokenValue: bigint
  readonly network: Digest
  /** Buys tokens for a holder; resolves when their publication is final. */
  issue(holder: Uint8Array, count: number): Promise<LooseToken[]>
  /** Name of the auditor, which every payment states. */
  readonly auditor: string
  /** Presents a payment. A refusal is an answer, `rejected` with the reason. */
  pay(payment: PresentedPayment): Promise<PaymentAnswer>
  /** Waits for the verdict on a payment that has to wait. */
  settled(payment: Digest): Promise<PaymentAnswer>
  /** Sends what is queued, and resolves when all blocks are decided. */
  flush(): Promise<void>
  blocks(): Promise<DecidedBlock[]>
  /** Content of a proof file for a token of a payment. */
  proof(serial: string, payload: Digest): Promise<unknown>
}
