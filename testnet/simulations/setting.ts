// What a simulation is run with, and what it yields; defaults are the paper's Table 2.
import type { TrustModel } from '../../proto/records.ts'
import type { PurchaseModel } from './purchases.ts'

export interface Setting extends PurchaseModel {
  readonly model: TrustModel
  /** W0, in tokens. */
  readonly initialBlockSize: number
  readonly users: number
  /** Whether each user has a queue, γ and W of its own, or all pay through one account that has them. */
  readonly sharing: 'own' | 'shared'
  /** ρ in basis points. */
  readonly withholdingBp: number
  /** Share of W in basis points at which a queue is checked earlyBp, holding nobody; 10,000 is the paper's behaviour. */
  readonly earlyBp: number
}

export const defaultSetting: Setting = {
  model: 'neutral',
  initialBlockSize: 100,
  frequency: 0.4,
  costs: [5],
  doubleSpendRate: 0.2,
  per: 'token',
  users: 1,
  sharing: 'own',
  withholdingBp: 2_000,
  earlyBp: 10_000,
}

/** What one run yields. Money is in token values. */
export interface RunResult {
  /** Mean over slots and users of W at the end of the slot, 0 once blocked. */
  readonly meanBlockSize: number
  readonly blocks: number
  /** Tokens that went to the ledger. */
  readonly tokens: number
  /** Mean over blocks of the auditor's risk (eqs 10–12): what it paid less what it received; negative is a gain. */
  readonly meanRisk: number
  readonly totalRisk: number
  /** What the auditor paid for tokens that turned out invalid. */
  readonly grossLoss: number
  /** The most tokens that any account ever had delivered and not yet decided. */
  readonly largestExposure: number
  readonly purchases: number
  readonly deliveredAtOnce: number
  readonly deliveredAfterWaiting: number
  /** Purchases that had to wait for a verdict, whatever it was. */
  readonly waited: number
  readonly rejected: number
  /** Of these, refused out of hand because W was 0. */
  readonly blocked: number
}
