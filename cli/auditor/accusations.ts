// Accusations: of what the auditor came upon, that which proves somebody guilty, as evidence that anyone checks. Where a claim does not hold there
// is none, and what another auditor would have to add waits until that one answers.

import { parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { createProof, type VerdictProof } from '../../proto/proof.ts'
import type { Presentation, SignedStatement } from '../../proto/statements.ts'
import { decodeRecordVerdict, decodeTransactionVerdict, type TokenVerdict } from '../../proto/verdict.ts'
import { identityOf } from '../common/actor-home.ts'
import { signedCall } from '../common/http.ts'
import type { CertificateChecks } from '../common/identity.ts'
import { toJson } from '../common/output.ts'
import { type PresentedPayment, paymentDigest } from '../common/payment.ts'
import { statementFromJson } from '../common/rulings.ts'
import { serviceNamed } from '../common/services.ts'
import { actorKey, actorPrefixes } from '../common/store-keys.ts'
import type { Claim } from '../evidence/claims.ts'
import { createFinding } from '../evidence/guilt.ts'
import { paymentIn, statementsIn, vendorCertificateIn } from '../evidence/material.ts'
import type { Desk } from './desk.ts'
import type { Finding, Findings } from './findings.ts'
import type { KeptPayment } from './payment-store.ts'

/** A payment with the vendor's word on it, as an auditor keeps it. */
interface Material {
  readonly payment: PresentedPayment
  readonly presentation: SignedStatement<Presentation>
  /** DER. */
  readonly vendorCertificate: Uint8Array
}

/** What was made of one finding. It is made again while another auditor owes its part. */
interface Made {
  readonly evidence: readonly string[]
  readonly isComplete: boolean
}

const none: Made = { evidence: [], isComplete: true }
const owed: Made = { evidence: [], isComplete: false }

/** Milliseconds that another auditor has to show a payment. */
const askMs = 5_000

/** Reads what `GET /payloads/DIGEST` answers and findings hold. Throws `bad_input`, `malformed`, `bad_certificate`. */
function materialOf(value: unknown, network: Digest): Material {
  const [presentation] = statementsIn('presentation', value)
  const vendorCertificate = vendorCertificateIn(value)
  if (!presentation || !vendorCertificate)
    throw new MupibError('bad_input', 'a payment without its presentation and the certificate of its vendor')
  return { payment: paymentIn(value, network, 'payment'), presentation, vendorCertificate }
}

export class Accusations {
  readonly #desk: Desk
  readonly #findings: Findings
  readonly #checks: CertificateChecks

  constructor(desk: Desk, findings: Findings, checks: CertificateChecks) {
    this.#desk = desk
    this.#findings = findings
    this.#checks = checks
  }

  /** All evidence, each piece once. */
  async all(): Promise<unknown[]> {
    const pieces = new Set<string>()
    const silent = new Set<string>()
    for await (const { id, finding } of this.#findings.kept())
      for (const json of await this.#of(id, finding, silent)) pieces.add(json)
    return [...pieces].map(json => JSON.parse(json) as unknown)
  }

  /** A finding never changes, and neither does what was made of it. */
  async #of(id: Digest, finding: Finding, silent: Set<string>): Promise<readonly string[]> {
    const key = actorKey(actorPrefixes.accusation, id)
    const row = this.#desk.store.database.get(key)
    if (row) return JSON.parse(Buffer.from(row).toString('utf8')) as string[]
    const { evidence, isComplete } = await this.#make(finding, silent)
    const value = new TextEncoder().encode(toJson(evidence))
    if (isComplete) await this.#desk.write([{ operations: [{ type: 'put', key, value }] }])
    return evidence
  }

  async #make(finding: Finding, silent: Set<string>): Promise<Made> {
    if (finding.kind === 'invalid_tokens') return this.#ofVerdict(finding, silent)
    const { network } = this.#desk.home
    const { payment, presentation, vendorCertificate } = materialOf(finding.presented, network)
    const accuse = (claim: Claim, ...more: Uint8Array[]): Made => ({
      ...none,
      evidence: this.#prove(claim, [vendorCertificate, ...more]),
    })
    switch (finding.kind) {
      case 'stolen_payload':
        return accuse({ kind: 'stolen_payload', presentation, payment })
      case 'forged_holder_signature':
        return accuse({ kind: 'forgery', presentation, payment })
      case 'double_selling': {
        const before = statementFromJson('presentation', finding.other)
        const kept = this.#desk.store.payments.presented(finding.payload)
        const claim = { kind: 'double_selling', presentations: [before, presentation] } as const
        return accuse(claim, ...(kept ? [kept.vendorCertificate] : []))
      }
      case 'wrong_auditor': {
        // the vendor sold it twice if the auditor that the payment names has it too
        const there = await this.#shownBy(payment.details.auditor, finding.payload, silent)
        if (!there) return owed
        const claim = { kind: 'double_selling', presentations: [there.presentation, presentation] } as const
        return accuse(claim, there.vendorCertificate)
      }
    }
  }

  /** What a block's certified answer says against somebody about one payment. */
  async #ofVerdict({ payload, user, block, transaction }: Finding, silent: Set<string>): Promise<Made> {
    const { store, home } = this.#desk
    const kept = store.payments.presented(payload)
    const answer = store.blockAnswer(String(user), Number(block))?.answer
    if (!kept || !answer) return none
    const place = Number(transaction)
    const { tokens } = decodeTransactionVerdict(answer.transactionLeaves[place]!)
    const prove = (token: number): VerdictProof => createProof(answer, home.network, { transaction: place, token })
    const spent = await this.#doubleSpendings({ payload, user: String(user), kept, tokens, prove, silent })
    const { payment } = kept
    const certificates = [kept.certificate]
    const unpublished = firstOfEach(tokens, token => (isBankSigned(token) ? token.bank : undefined)).flatMap(token =>
      this.#prove({ kind: 'bank_unpublished', payment, proof: prove(token) }, certificates),
    )
    const ruling = store.payments.ruling(payload)
    const late = tokens.findIndex(({ reason }) => reason === 'expired')
    const expired =
      ruling && late >= 0
        ? this.#prove({ kind: 'expired_in_queue', ruling, payment, proof: prove(late) }, certificates)
        : []
    return { evidence: [...spent.evidence, ...unpublished, ...expired], isComplete: spent.isComplete }
  }

  /** One piece for each other payment that had consumed tokens of this one. */
  async #doubleSpendings(about: {
    readonly payload: Digest
    readonly user: string
    readonly kept: KeptPayment
    readonly tokens: readonly TokenVerdict[]
    readonly prove: (token: number) => VerdictProof
    readonly silent: Set<string>
  }): Promise<Made> {
    const { payload, user, kept, tokens, prove, silent } = about
    const evidence: string[] = []
    let isComplete = true
    const spentIn = ({ charged, firstUse }: TokenVerdict): Digest | undefined =>
      charged && firstUse && firstUse.payload !== payload ? firstUse.payload : undefined
    for (const token of firstOfEach(tokens, spentIn)) {
      const { payload: firstPayload, record } = tokens[token]!.firstUse!
      const first =
        this.#desk.store.payments.presented(firstPayload) ??
        (await this.#shownBy(await this.#auditorOf(user, record), firstPayload, silent))
      if (!first) {
        isComplete = false
        continue
      }
      const claim = {
        kind: 'double_spending',
        first: first.payment,
        second: kept.payment,
        proof: prove(token),
      } as const
      evidence.push(...this.#prove(claim, [kept.certificate]))
    }
    return { evidence, isComplete }
  }

  /** Name of the auditor whose block of the user a record is; undefined for a return. */
  async #auditorOf(user: string, record: Digest): Promise<string | undefined> {
    for (const { recordLeaf } of await this.#desk.trust.steps(user)) {
      const verdict = decodeRecordVerdict(recordLeaf)
      if (verdict.record !== record) continue
      const { members } = this.#desk.home.genesis
      return members.find(({ certificate }) => certificate.fingerprint === verdict.signer)?.name
    }
    return undefined
  }

  /** A payment as another auditor keeps it; one that does not answer is not asked again in this listing. */
  async #shownBy(auditor: string | undefined, payload: Digest, silent: Set<string>): Promise<Material | undefined> {
    const { home } = this.#desk
    if (auditor === undefined || auditor === home.name || silent.has(auditor)) return undefined
    try {
      const caller = { identity: identityOf(home), checks: this.#checks, signal: AbortSignal.timeout(askMs) }
      const peer = serviceNamed(home.servicesFile, auditor, 'auditor')
      const shown = materialOf(await signedCall(caller, peer, 'GET', `/payloads/${payload}`), home.network)
      return paymentDigest(home.network, shown.payment) === payload ? shown : undefined
    } catch (error) {
      if (!(error instanceof MupibError)) throw error
      if (error.code !== 'not_found') silent.add(auditor)
      this.#desk.log({ kind: 'payment_not_shown', auditor, payload, code: error.code })
      return undefined
    }
  }

  /** The evidence, or nothing where the claim does not hold. */
  #prove(claim: Claim, certificates: readonly Uint8Array[]): string[] {
    const { certificate, genesis } = this.#desk.home
    try {
      return [createFinding(claim, [certificate, ...certificates.map(der => parseCertificate(der))], genesis).json]
    } catch (error) {
      if (error instanceof MupibError) return []
      throw error
    }
  }
}

/** A bank that is known signed it: then nobody else answers for what is missing. */
const isBankSigned = ({ reason, charged }: TokenVerdict): boolean =>
  reason === 'other_published' || (reason === 'unpublished' && !charged)

/** Places of the tokens that are the first with what `nameOf` says of them. */
function firstOfEach(
  tokens: readonly TokenVerdict[],
  nameOf: (token: TokenVerdict) => string | undefined,
): readonly number[] {
  const places = new Map<string, number>()
  tokens.forEach((token, place) => {
    const name = nameOf(token)
    if (name !== undefined && !places.has(name)) places.set(name, place)
  })
  return [...places.values()]
}
