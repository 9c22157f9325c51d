// For tests: two auditors and a bank that serves beside scripted validators, with vendors and users that have certificates, accounts and tokens.
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Database } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Presentation, type SignedStatement, signStatement, statementToJson } from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { identify, openAccount } from '../bank/testing.ts'
import { BankWorld, type Founded, foundBank } from '../bank/world-testing.ts'
import { identityOf } from '../common/actor-home.ts'
import type { Identity } from '../common/identity.ts'
import { type PresentedPayment, paymentDigest, userPaymentToJson } from '../common/payment.ts'
import { payWith, writeHome } from '../common/testing.ts'
import { Auditor } from './auditor.ts'
import type { AuditorHome } from './desk.ts'
import { openAuditorHome } from './home.ts'
import type { Presented } from './intake.ts'
import { auditorOperations } from './operations.ts'
import type { SignedRuling } from './rulings.ts'
import { createAuditorServer } from './service.ts'

export interface TestUser {
  readonly identity: Identity
  readonly tokens: readonly LooseToken[]
  /** Public key in hex. */
  readonly key: string
}

/** What a payment differs in. */
export interface PaymentParts {
  readonly vendor?: Identity
  readonly details?: Partial<PresentedPayment['details']>
  readonly time?: number
}

export class AuditorWorld extends BankWorld {
  readonly vendor: Identity
  #parties = 0

  private constructor(founded: Founded, vendor: Identity) {
    super(founded)
    this.vendor = vendor
  }

  /** The auditors have so much money each. */
  static async start(money = 1_000_000n): Promise<AuditorWorld> {
    const founded = await foundBank({}, ['auditor-2'])
    const { net, bank } = founded
    const world = new AuditorWorld(founded, await openAccount(bank, net, 'vendor', 'vendor-1'))
    for (const name of ['auditor', 'auditor-2']) await openAccount(bank, net, 'auditor', name, money, keyOf(name))
    await world.serveBank()
    return world
  }

  /** Writes an auditor's home with a store of its own, and returns the folder. */
  home(own: Record<string, unknown> = {}, name = 'auditor', store = 'store'): string {
    return writeHome(this.net, 'auditor', { store, ...own }, name)
  }

  /** An auditor; whoever opens it closes it, or the world does. */
  async auditor(own: Record<string, unknown>, database?: Database, name = 'auditor'): Promise<Auditor> {
    this.#parties += 1
    return this.auditorAt(openAuditorHome(this.home(own, name, `store-${this.#parties}`)), database)
  }

  /** The auditor of a home, which may have been closed before. */
  async auditorAt(home: AuditorHome, database?: Database): Promise<Auditor> {
    const auditor = await Auditor.open({ home, ...(database ? { database } : {}) })
    auditor.failed.catch(() => {})
    return auditor
  }

  async serveAuditor(auditor: Auditor): Promise<string> {
    const { home, checks } = auditor
    const server = createAuditorServer(auditor, await auditorOperations(auditor), {
      identity: identityOf(home),
      checks,
    })
    return this.serve(home.name, server)
  }

  /** A new user with so many tokens. */
  async user(count: number): Promise<TestUser> {
    this.#parties += 1
    const name = `user-${this.#parties}`
    const identity = await openAccount(this.bank, this.net, 'user', name, count)
    const { tokens } = await this.bank.issueFinal({ holder: identity.key.publicKey, count })
    return { identity, tokens, key: toHex(identity.key.publicKey) }
  }

  identify(role: 'user' | 'vendor', name: string): Promise<Identity> {
    return identify(this.net, role, name)
  }

  pay({ identity }: TestUser, tokens: readonly LooseToken[], parts: PaymentParts = {}): PresentedPayment {
    const vendor = parts.vendor ?? this.vendor
    const details = { vendor: vendor.certificate.name, ...parts.details }
    return payWith(this.net.ledger.network, identity.key, tokens, details, parts.time)
  }

  digest(payment: PresentedPayment): Digest {
    return paymentDigest(this.net.ledger.network, payment)
  }

  /** A vendor's signature over a payment. */
  presentation(payment: PresentedPayment, vendor = this.vendor, time = 1): SignedStatement<Presentation> {
    const { network, certificate, key } = vendor
    const heading = { network, signer: certificate.facts.fingerprint, payload: this.digest(payment), time }
    const { auditor } = payment.details
    return signStatement({ kind: 'presentation', ...heading, auditor, holderSignature: payment.signature }, key)
  }

  presented({ identity }: TestUser, payment: PresentedPayment, vendor = this.vendor, time = 1): Presented {
    return { certificate: identity.certificate.der, payment, presentation: this.presentation(payment, vendor, time) }
  }

  /** The body of `POST /payments`. */
  body(presented: Presented): Record<string, unknown> {
    return { ...userPaymentToJson(presented), presentation: statementToJson(presented.presentation) }
  }

  /** Pays and has it presented; gives the ruling. */
  async buy(
    auditor: Auditor,
    user: TestUser,
    tokens: readonly LooseToken[],
    parts: PaymentParts = {},
  ): Promise<Bought> {
    const vendor = parts.vendor ?? this.vendor
    const payment = this.pay(user, tokens, { ...parts, details: { auditor: auditor.home.name, ...parts.details } })
    const ruling = await auditor.intake.present(this.presented(user, payment, vendor), vendor.certificate)
    return { payment, digest: this.digest(payment), said: said(ruling) }
  }
}

export interface Bought {
  readonly payment: PresentedPayment
  readonly digest: Digest
  readonly said: string
}

/** An answer with its reason, where it has one. */
export const said = ({ statement: { answer, reason } }: SignedRuling): string =>
  reason === '' ? answer : `${answer} ${reason}`
