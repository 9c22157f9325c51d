// Who cheated, as claims that anyone can check: each kind names the signed messages and certified verdicts that it stands on. What each
// proves, and what it cannot, is told in docs/decisions/guilt.md.
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Digest } from '../../proto/hash.ts'
import type { VerdictProof } from '../../proto/proof.ts'
import type { Role } from '../../proto/records.ts'
import type { Payment } from '../../proto/session/payment.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import type { Presentation, Ruling, SignedStatement } from '../../proto/statements.ts'
import type { HolderPayment, PresentedPayment } from '../common/payment.ts'

type Presented = SignedStatement<Presentation>
type Ruled = SignedStatement<Ruling>

/** One payment under two presentations of one vendor. */
interface DoubleSelling {
  readonly kind: 'double_selling'
  readonly presentations: readonly [Presented, Presented]
}

/** A payment presented by a vendor that its information does not name. */
interface StolenPayload {
  readonly kind: 'stolen_payload'
  readonly presentation: Presented
  readonly payment: PresentedPayment
}

/** A user spent a token in two payments: the proof is about that token in the second, and names the first as its first use. */
interface DoubleSpending {
  readonly kind: 'double_spending'
  readonly first: HolderPayment
  readonly second: HolderPayment
  readonly proof: VerdictProof
}

/** A vendor presented what the holder did not sign. */
interface ForgedPresentation {
  readonly kind: 'forgery'
  readonly presentation: Presented
  readonly payment: HolderPayment
}

/** An auditor put into a block what the holder did not sign. */
interface ForgedTransaction {
  readonly kind: 'forgery'
  readonly proof: VerdictProof
}

/** A bank signed a token that it did not publish; the proof is about the token in the payment. */
interface BankUnpublished {
  readonly kind: 'bank_unpublished'
  readonly payment: HolderPayment
  readonly proof: VerdictProof
}

/** A bank signed two tokens with one serial. */
interface BankTwoTokens {
  readonly kind: 'bank_two_tokens'
  readonly first: LooseToken
  readonly second: LooseToken
}

/** An auditor took a token in time and let it expire; the proof is about the token in the payment. */
interface ExpiredInQueue {
  readonly kind: 'expired_in_queue'
  readonly ruling: Ruled
  readonly payment: HolderPayment
  readonly proof: VerdictProof
}

/** A holder denies having signed what an auditor consumed. */
interface UnshownPayload {
  readonly kind: 'unshown_payload'
  readonly proof: VerdictProof
}

/** The answer to that: the payment as the holder signed it. */
interface ShownPayload {
  readonly kind: 'shown_payload'
  readonly payment: HolderPayment
}

/** An auditor put into a block what it had given up. */
interface BrokenRuling {
  readonly kind: 'broken_ruling'
  readonly ruling: Ruled
  readonly proof: VerdictProof
}

/** An auditor said of one payment that it is delivered and that it is given up. */
interface ContradictoryRulings {
  readonly kind: 'broken_ruling'
  readonly rulings: readonly [Ruled, Ruled]
}

/** A validator's two votes or proposals in one view, in their canonical encodings. */
interface Equivocation<K extends 'two_votes' | 'two_proposals'> {
  readonly kind: K
  readonly first: Uint8Array
  readonly second: Uint8Array
}

/** Two records of one signer under one number, of which validators keep the digests. */
interface NumberReuse {
  readonly kind: 'number_reuse'
  readonly signer: Digest
  readonly record: string
  readonly number: number
  readonly first: Digest
  readonly second: Digest
}

/** A client's two payments in a session: of one index and different, or one after the other where the second's lock is bad. */
interface SessionMisconduct<K extends 'conflicting_payments' | 'bad_lock'> {
  readonly kind: K
  readonly terms: SessionTerms
  readonly first: Payment
  readonly second: Payment
}

/** A client closed a session at an earlier payment than the vendor proved: the proof is about the vendor's close. */
interface ContestedClose {
  readonly kind: 'contested_close'
  readonly terms: SessionTerms
  readonly proof: VerdictProof
}

export type Claim =
  | DoubleSelling
  | StolenPayload
  | DoubleSpending
  | ForgedPresentation
  | ForgedTransaction
  | BankUnpublished
  | BankTwoTokens
  | ExpiredInQueue
  | UnshownPayload
  | ShownPayload
  | BrokenRuling
  | ContradictoryRulings
  | Equivocation<'two_votes'>
  | Equivocation<'two_proposals'>
  | NumberReuse
  | SessionMisconduct<'conflicting_payments'>
  | SessionMisconduct<'bad_lock'>
  | ContestedClose

export type ClaimKind = Claim['kind']
export type ClaimOf<K extends ClaimKind> = Extract<Claim, { kind: K }>

export const claimKinds = [
  'double_selling',
  'stolen_payload',
  'double_spending',
  'forgery',
  'bank_unpublished',
  'bank_two_tokens',
  'expired_in_queue',
  'unshown_payload',
  'shown_payload',
  'broken_ruling',
  'two_votes',
  'two_proposals',
  'number_reuse',
  'conflicting_payments',
  'bad_lock',
  'contested_close',
] as const satisfies readonly ClaimKind[]

/** A claim with what else is needed to check it by a genesis file alone. */
export interface Evidence {
  /** Genesis hash. */
  readonly network: Digest
  /** DER of certificates that the claim leans on and genesis does not hold. */
  readonly certificates: readonly Uint8Array[]
  readonly claim: Claim
}

/** Who cheated; a party is its key, the name is what its certificate calls it. */
export interface Guilty {
  readonly name: string
  readonly role: Role
  /** Public key in hex. */
  readonly key: string
}

/** What a claim that holds proves. */
export interface Guilt {
  readonly kind: ClaimKind
  /** Undefined for a payment that was shown: it clears an auditor. */
  readonly guilty: Guilty | undefined
  /** True where tokens of it count in the user's γ. */
  readonly charged: boolean
  /** One sentence. */
  readonly statement: string
  /** The payment that it is about, where it is about one. */
  readonly payload: Digest | undefined
}
