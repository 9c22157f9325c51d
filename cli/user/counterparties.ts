// Whom a wallet speaks to: its bank, its auditor, and vendors by name or address. Every call is signed and every reply checked.
import { bytesEqual } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { identityOf } from '../common/actor-home.ts'
import { FieldReader } from '../common/config.ts'
import { call, type Peer, signedCall } from '../common/http.ts'
import { CertificateChecks, certificateBytes } from '../common/identity.ts'
import { serviceNamed } from '../common/services.ts'
import type { PaidVendor } from './entries.ts'
import type { WalletHome } from './wallet.ts'

/** A vendor and what it offers. */
export interface KnownVendor extends PaidVendor {
  readonly bank: string
  readonly auditors: readonly string[]
  /** Prices as the vendor gives them: amounts as decimal strings. */
  readonly prices: Readonly<Record<string, string>>
  /** On which terms it takes sessions, as it says it; undefined where it takes none. */
  readonly sessions: OfferedSessions | undefined
}

/** A vendor's terms of sessions, read as far as a client needs them. */
export interface OfferedSessions {
  readonly unit: bigint
  readonly suites: readonly string[]
  readonly paymentsMax: number
  readonly windowMs: number
  readonly chunkBytes: number | undefined
}

function readOfferedSessions(value: unknown): OfferedSessions | undefined {
  if (value === undefined) return undefined
  const fields = new FieldReader(value, "the vendor's sessions", 'malformed')
  const whole = (name: string): number => fields.integer(name, 1, Number.MAX_SAFE_INTEGER)
  return {
    unit: fields.amount('unit', limits.amount),
    suites: fields.array('suites', 16).map(String),
    paymentsMax: whole('paymentsMax'),
    windowMs: whole('windowMs'),
    chunkBytes: fields.has('chunkBytes') ? whole('chunkBytes') : undefined,
  }
}

/** Longest that a wallet waits for a vendor, in milliseconds: a vendor that waits for a verdict answers after half a minute. */
const vendorMsMax = 45_000

export class Counterparties {
  readonly #home: WalletHome
  readonly #checks: CertificateChecks
  readonly #ending: AbortSignal

  constructor(home: WalletHome, ending: AbortSignal) {
    this.#home = home
    this.#checks = new CertificateChecks(home.roots)
    this.#ending = ending
  }

  bank<T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    return this.#ask(serviceNamed(this.#home.servicesFile, this.#home.own.bank, 'bank'), method, path, body)
  }

  /** Asks an auditor by name: a payment's own stays the same when the wallet takes another for later ones. */
  auditor<T>(name: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    return this.#ask(serviceNamed(this.#home.servicesFile, name, 'auditor'), method, path, body)
  }

  /** Asks a vendor whose key is known; one that moved is found by its name. */
  vendor<T>({ name, url }: PaidVendor, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const listed = this.#listed(name)
    return this.#ask({ base: listed?.base ?? url, name, role: 'vendor' }, method, path, body, vendorMsMax)
  }

  #listed(name: string): Peer | undefined {
    try {
      return serviceNamed(this.#home.servicesFile, name, 'vendor')
    } catch {
      return undefined
    }
  }

  async #ask<T>(peer: Peer, method: 'GET' | 'POST', path: string, body: unknown, limitMs?: number): Promise<T> {
    const signal = limitMs === undefined ? this.#ending : AbortSignal.any([this.#ending, AbortSignal.timeout(limitMs)])
    return signedCall({ identity: identityOf(this.#home), checks: this.#checks, signal }, peer, method, path, body)
  }

  /** Reads a vendor's offer: by its name in services.json, or by its address. Throws `unreachable`, `bad_certificate`, `wrong_role`, `bad_signature`. */
  async offer(vendor: string): Promise<KnownVendor> {
    const url = /^https?:\/\//.test(vendor) ? vendor : serviceNamed(this.#home.servicesFile, vendor, 'vendor').base
    const offer = await call<Record<string, unknown>>(url, 'GET', '/offer')
    const certificate = this.#checks.check(certificateBytes(String(offer.certificate)), ['vendor'], Date.now())
    const { name, facts } = certificate
    if (offer.name !== name || (vendor !== url && vendor !== name))
      throw new MupibError('bad_signature', `${url} is the vendor ${name}, not ${vendor === url ? offer.name : vendor}`)
    if (bytesEqual(facts.publicKey, this.#home.key.publicKey))
      throw new MupibError('bad_certificate', `${name} has the key of this wallet`)
    const auditors = Array.isArray(offer.auditors) ? offer.auditors.map(String) : []
    const prices = Object.fromEntries(Object.entries(offer.prices ?? {}).map(([item, price]) => [item, String(price)]))
    const sessions = readOfferedSessions(offer.sessions)
    return { name, url, publicKey: facts.publicKey, bank: String(offer.bank), auditors, prices, sessions }
  }
}
