// Payments come in: attributed to their user and their vendor, or turned away; ruled on once, whatever comes again. What one of them cannot have
// signed is never ruled on, so that nobody's tokens are freed or taken by what others send.
import { bytesEqual, toHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Presentation, type SignedStatement, verifyStatement } from '../../proto/statements.ts'
import { verifyPayload } from '../../proto/token.ts'
import type { CertificateChecks } from '../common/identity.ts'
import { type PresentedPayment, paymentDigest, type UserPayment } from '../common/payment.ts'
import { type CheckContext, staticRefusal, worthOf } from './check.ts'
import type { Change, Desk } from './desk.ts'
import type { FindingKind, Findings } from './findings.ts'
import type { KeptPayment } from './payment-store.ts'
import type { Queues } from './queues.ts'
import type { Rulings, SignedRuling } from './rulings.ts'

/** How long an answer to a long poll waits for the verdict, in milliseconds. */
export const waitMsMax = 30_000

/** A payment as a vendor sends it. */
export interface Presented extends UserPayment {
  readonly presentation: SignedStatement<Presentation>
}

export interface IntakeParts {
  readonly checks: CertificateChecks
  readonly queues: Queues
  readonly rulings: Rulings
  readonly findings: Findings
  readonly context: CheckContext
}

const refuse = (
  code: 'bad_signature' | 'bad_input' | 'wrong_role' | 'holder_mismatch',
  why: string,
  field: string,
): never => {
  throw new MupibError(code, why, { field })
}

/** The digest covers the tokens' holder, not who is said to hold them: with another one beside it, it is still the digest of that holder's payment. */
function checkHolder({ tokens, holder }: PresentedPayment): void {
  if (!tokens.every(({ group }) => bytesEqual(group.holder, holder)))
    refuse('holder_mismatch', 'the payment holds tokens of another holder', 'holder')
}

export class Intake {
  readonly #desk: Desk
  readonly #parts: IntakeParts
  #payments = 0

  constructor(desk: Desk, parts: IntakeParts) {
    this.#desk = desk
    this.#parts = parts
  }

  /** Payments that were taken since the start. */
  get payments(): number {
    return this.#payments
  }

  /**
   * Rules on a payment that a vendor presents, or repeats what was ruled. Throws where it is not attributed to its user and the caller:
   * `bad_signature`, `bad_certificate`, `certificate_dead`, `wrong_role`, `holder_mismatch`, `bad_input`; and `rate_limited`.
   */
  async present(presented: Presented, vendor: Certificate): Promise<SignedRuling> {
    const { payment, presentation } = presented
    const digest = paymentDigest(this.#desk.home.network, payment)
    this.#checkPresentation(presentation, digest, payment, vendor)
    if (payment.details.vendor !== vendor.name) return this.#turnAway('stolen_payload', digest, presented, vendor)
    // looked up and taken in one turn: the same payment coming twice at once is one payment
    if (this.#parts.rulings.known(digest)) return this.#again(digest, presented, vendor)
    const user = this.#parts.checks.check(presented.certificate, ['user'], Date.now())
    if (!bytesEqual(user.facts.publicKey, payment.holder))
      refuse('holder_mismatch', `the payment is not of ${user.name}, whose certificate is beside it`, 'certificate')
    checkHolder(payment)
    if (!verifyPayload(digest, payment.holder, payment.signature))
      return this.#turnAway('forged_holder_signature', digest, presented, vendor)
    this.#take(digest, presented, vendor)
    return (await this.#parts.rulings.told(digest))!
  }

  /** The vendor has signed this presentation, of this payment, for this auditor. */
  #checkPresentation(
    presentation: SignedStatement<Presentation>,
    digest: Digest,
    payment: PresentedPayment,
    vendor: Certificate,
  ): void {
    const { network, payload, auditor, holderSignature } = presentation.statement
    const { home } = this.#desk
    if (network !== home.network) throw new MupibError('wrong_network', 'a presentation of another network')
    if (!verifyStatement(presentation, vendor.facts.publicKey))
      refuse('bad_signature', `a presentation that ${vendor.name} did not sign`, 'presentation')
    if (payload !== digest) refuse('bad_signature', 'the presentation is of another payment', 'presentation')
    if (auditor !== home.name) refuse('bad_input', `the presentation is for ${auditor}`, 'presentation')
    if (!bytesEqual(holderSignature, payment.signature))
      refuse('bad_signature', "the presentation has another holder's signature than the payment", 'presentation')
  }

  #keptOf({ certificate, payment, presentation }: Presented, vendor: Certificate): KeptPayment {
    return { certificate, vendorCertificate: vendor.der, presentation, payment, takenAt: Date.now() }
  }

  async #turnAway(
    kind: Extract<FindingKind, 'stolen_payload' | 'forged_holder_signature'>,
    digest: Digest,
    presented: Presented,
    vendor: Certificate,
  ): Promise<never> {
    // without the holder's signature it is nobody's payment, and could have been made up by anybody
    const { payment } = presented
    if (kind === 'forged_holder_signature' || verifyPayload(digest, payment.holder, payment.signature))
      await this.#desk.write([
        this.#parts.findings.presented(kind, digest, vendor.name, this.#keptOf(presented, vendor)),
      ])
    return kind === 'stolen_payload'
      ? refuse('wrong_role', `the payment is for ${payment.details.vendor}, not for ${vendor.name}`, 'vendor')
      : refuse('bad_signature', 'the payment is not signed by the holder of its tokens', 'signature')
  }

  /** A payment that was ruled on before. */
  async #again(digest: Digest, presented: Presented, vendor: Certificate): Promise<SignedRuling> {
    const ruling = (await this.#parts.rulings.told(digest))!
    const before = this.#desk.store.payments.presented(digest)?.presentation
    if (before && !bytesEqual(before.content, presented.presentation.content))
      await this.#desk.write([
        this.#parts.findings.presented('double_selling', digest, vendor.name, this.#keptOf(presented, vendor), before),
      ])
    return ruling
  }

  #take(digest: Digest, presented: Presented, vendor: Certificate): void {
    const { payment } = presented
    const { findings, rulings, queues, context } = this.#parts
    const kept = this.#keptOf(presented, vendor)
    const keep: Change = { operations: [this.#desk.store.payments.putPresented(digest, kept)] }
    const reason = staticRefusal(payment, context)
    if (reason !== undefined) {
      const changes = [keep, rulings.rule(digest, { answer: 'rejected', reason })]
      if (reason === 'wrong_auditor') changes.push(findings.presented(reason, digest, vendor.name, kept))
      void this.#desk.write(changes)
      return
    }
    const taken = { payment, vendor: vendor.facts.publicKey, worth: worthOf(payment, context)! }
    if (!queues.place(toHex(payment.holder), digest, taken, keep))
      throw new MupibError('rate_limited', 'too many payments of this user wait for a verdict', {
        hint: 'present it again after the verdict',
      })
    this.#payments += 1
  }

  /**
   * What was ruled on a holder's own payment; one that was never presented gets *not queued* after its deadline, and is never taken then.
   * Throws `too_early`, `holder_mismatch`, `bad_signature`, `bad_input`.
   */
  async inquire(payment: PresentedPayment, caller: Certificate): Promise<SignedRuling> {
    const digest = paymentDigest(this.#desk.home.network, payment)
    const { auditor, deadline } = payment.details
    if (!bytesEqual(caller.facts.publicKey, payment.holder))
      refuse('holder_mismatch', 'only its holder asks about a payment', 'holder')
    checkHolder(payment)
    if (!verifyPayload(digest, payment.holder, payment.signature))
      refuse('bad_signature', 'the payment is not signed by its holder', 'signature')
    if (auditor !== this.#desk.home.name) refuse('bad_input', `the payment is for ${auditor}`, 'auditor')
    if (!this.#parts.rulings.known(digest)) {
      if (Date.now() <= deadline)
        throw new MupibError('too_early', 'the payment is not known here, and may still be presented', {
          hint: 'ask again after its deadline',
        })
      await this.#desk.write([this.#parts.rulings.rule(digest, { answer: 'not_queued' })])
    }
    return (await this.#parts.rulings.told(digest))!
  }

  /** The ruling on a payment, for its vendor or its holder; with `wait` the last one, or what there is after half a minute. Throws `not_found`. */
  async ruling(digest: Digest, wait: boolean, caller: Certificate): Promise<SignedRuling> {
    const kept = this.#presentedTo(digest, caller)
    const { rulings } = this.#parts
    const ruling = kept && (await (wait ? rulings.after(digest, waitMsMax) : rulings.told(digest)))
    if (!ruling) throw new MupibError('not_found', `no payment ${digest} was presented here`)
    return ruling
  }

  /** The payment as it was presented, where it is the caller's. */
  #presentedTo(digest: Digest, { role, name, facts }: Certificate): KeptPayment | undefined {
    const kept = this.#desk.store.payments.presented(digest)
    if (!kept) return undefined
    const { holder, details } = kept.payment
    const isOwn = role === 'vendor' ? details.vendor === name : bytesEqual(holder, facts.publicKey)
    return isOwn ? kept : undefined
  }

  /** The payment as it was presented, for a dispute: to its own vendor and holder, and to any bank or auditor. Throws `not_found`. */
  payload(digest: Digest, caller: Certificate): KeptPayment {
    const isParty = caller.role === 'bank' || caller.role === 'auditor'
    return this.#found(
      digest,
      isParty ? this.#desk.store.payments.presented(digest) : this.#presentedTo(digest, caller),
    )
  }

  /** The same for the operator. */
  kept(digest: Digest): KeptPayment {
    return this.#found(digest, this.#desk.store.payments.presented(digest))
  }

  #found(digest: Digest, kept: KeptPayment | undefined): KeptPayment {
    if (!kept) throw new MupibError('not_found', `no payment ${digest} is kept here`)
    return kept
  }
}
