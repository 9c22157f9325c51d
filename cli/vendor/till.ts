// The till: takes payments, presents each to its auditor until that has ruled, and delivers once. What it signs and what it is told goes to
// disk before anybody hears of it; what was open when it stopped is presented again with the same bytes.
import { setMaxListeners } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { createBackoff, systemRandom } from '../../node/network/backoff.ts'
import type { Database } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesEqual, bytesOfHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import {
  type Presentation,
  type Receipt,
  type Ruling,
  type SignedStatement,
  signStatement,
  statementToJson,
} from '../../proto/statements.ts'
import { identityOf, type PartyHome } from '../common/actor-home.ts'
import { toMupibError } from '../common/errors.ts'
import { longPollMsMin, type Peer, signedCall } from '../common/http.ts'
import { CertificateChecks } from '../common/identity.ts'
import { paymentDigest, type UserPayment, userPaymentToJson } from '../common/payment.ts'
import { readRuling } from '../common/rulings.ts'
import { serviceNamed } from '../common/services.ts'
import { type SaleAnswer, toAnswer } from './json.ts'
import { isOpen, refusalOf, stateAfter, type TakeContext } from './rules.ts'
import { type Sale, type Standing, VendorStore } from './store.ts'

export interface VendorSettings {
  /** Name of the bank where its account is. */
  readonly bank: string
  /** Names of the auditors that it accepts. */
  readonly auditors: readonly string[]
  /** Whether it verifies each token's bank signature before it asks an auditor. */
  readonly checkTokens: boolean
  /** Catalogue: what an item costs, in minor units. */
  readonly prices: ReadonlyMap<string, bigint>
  /** Smallest block size W of a user whose payments it takes; undefined where it does not ask. */
  readonly trustFloor: number | undefined
}

export interface TillOptions {
  readonly home: PartyHome & { readonly own: VendorSettings }
  /** The store; opened where the home says when left out. */
  readonly database?: Database
  readonly log?: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
}

/** A sale that is not settled, and who waits for a change of it. */
interface Pursued {
  sale: Sale
  /** Attempts to get a ruling since the till was opened. */
  attempts: number
  readonly listeners: Set<() => void>
  readonly done: Promise<void>
}

/** How long an answer to a user waits for the auditor's first word, and where the user asks to wait, for the last, in milliseconds. */
const firstWordMs = 10_000
const lastWordMs = 30_000

/** What an auditor answers to a payment; the rest of it is believed only as far as the ruling says it. */
interface Ruled {
  readonly ruling?: unknown
}

/** There is no such sale. */
export const notTaken = (digest: Digest): MupibError =>
  new MupibError('not_found', `no payment ${digest} was taken here`)

export class Till {
  readonly home: TillOptions['home']
  readonly store: VendorStore
  /** Rejects when the till cannot go on. */
  readonly failed: Promise<never>
  readonly #log: NonNullable<TillOptions['log']>
  readonly #checks: CertificateChecks
  readonly #context: TakeContext
  readonly #open = new Map<Digest, Pursued>()
  /** Payments that are being looked at: one that comes twice at once is one sale. */
  readonly #taking = new Map<Digest, Promise<Sale>>()
  readonly #ending = new AbortController()
  #lastNumber: number
  #fail!: (error: unknown) => void

  private constructor({ home, log }: TillOptions, store: VendorStore, lastNumber: number) {
    // one for the pause of each open sale, which takes it away again
    setMaxListeners(0, this.#ending.signal)
    this.home = home
    this.store = store
    this.#log = log ?? (() => {})
    this.#checks = new CertificateChecks(home.roots)
    this.#lastNumber = lastNumber
    const { auditors, prices, checkTokens } = home.own
    const banks = home.genesis.members.filter(({ role }) => role === 'bank')
    this.#context = { network: home.network, vendor: home.name, auditors, banks, prices, checkTokens }
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
  }

  /** Opens the store and takes up every sale that is not settled. Throws what opening a store throws. */
  static async open(options: TillOptions): Promise<Till> {
    const { home } = options
    const database =
      options.database ?? (await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) }))
    const store = new VendorStore(database, home.network)
    try {
      const till = new Till(options, store, await store.lastNumber())
      for (const digest of await store.openSales()) till.#pursue(store.sale(digest)!)
      return till
    } catch (error) {
      await store.close()
      throw error
    }
  }

  /**
   * Takes a payment and says how it stands: after the auditor's first word, or with `wait` its last. One that was taken before gets the answer
   * that it has. Throws `refused` with the reason where it is not presented at all, `bad_certificate`, `wrong_role`, `certificate_dead`.
   */
  async take(given: UserPayment, wait = false): Promise<SaleAnswer> {
    const digest = paymentDigest(this.home.network, given.payment)
    const known = this.#find(digest)
    if (known) return this.#answer(known, wait)
    let taking = this.#taking.get(digest)
    if (!taking) {
      taking = this.#begin(digest, given).finally(() => this.#taking.delete(digest))
      this.#taking.set(digest, taking)
    }
    return this.#answer(await taking, wait)
  }

  /** How a sale (to this holder) stands; with `wait`, once it is settled or half a minute has passed. Throws `not_found`. */
  async standing(digest: Digest, wait: boolean, holder?: Uint8Array): Promise<SaleAnswer> {
    const sale = this.#find(digest)
    if (!sale || (holder && !bytesEqual(sale.given.payment.holder, holder))) throw notTaken(digest)
    return wait ? this.#answer(sale, true) : toAnswer(sale)
  }

  #find(digest: Digest): Sale | undefined {
    return this.#open.get(digest)?.sale ?? this.store.sale(digest)
  }

  async #begin(digest: Digest, given: UserPayment): Promise<Sale> {
    const { payment } = given
    const certificate = this.#checks.check(given.certificate, ['user'], Date.now())
    const refusal = refusalOf(payment, digest, certificate.facts.publicKey, this.#context, Date.now())
    if (refusal) throw new MupibError('refused', `the payment is not taken: ${refusal}`, { reason: refusal })
    await this.#checkTrust(payment.details.auditor, toHex(payment.holder))
    const content: Presentation = {
      kind: 'presentation',
      network: this.home.network,
      signer: this.home.fingerprint,
      payload: digest,
      time: Date.now(),
      auditor: payment.details.auditor,
      holderSignature: payment.signature,
    }
    this.#lastNumber += 1
    const sale: Sale = {
      digest,
      number: this.#lastNumber,
      takenAt: content.time,
      given,
      presentation: signStatement(content, this.home.key),
      state: 'presented',
      ruling: undefined,
      receipt: undefined,
      reason: '',
    }
    await this.#persist(this.store.putSale(sale))
    this.#pursue(sale)
    return sale
  }

  /** Asks the auditor how far the user is trusted, where the vendor wants to know. */
  async #checkTrust(auditor: string, user: string): Promise<void> {
    const { trustFloor } = this.home.own
    if (trustFloor === undefined) return
    const trust = await this.#ask<{ blockSize?: unknown; blocked?: unknown }>(auditor, 'GET', `/trust/${user}`)
    if (trust.blocked !== true && Number(trust.blockSize) >= trustFloor) return
    throw new MupibError('refused', `the payment is not taken: the user is not trusted enough here`, {
      reason: 'trust',
      trustFloor,
    })
  }

  #persist<T>(write: Promise<T>): Promise<T> {
    write.catch(error => this.#stopOn(error))
    return write
  }

  #stopOn(error: unknown): void {
    if (!this.#ending.signal.aborted) this.#fail(error)
  }

  #ask<T>(auditor: string, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const peer: Peer = serviceNamed(this.home.servicesFile, auditor, 'auditor')
    const { signal } = this.#ending
    return signedCall<T>({ identity: identityOf(this.home), checks: this.#checks, signal }, peer, method, path, body)
  }

  #pursue(sale: Sale): void {
    let settle!: () => void
    const done = new Promise<void>(resolve => {
      settle = resolve
    })
    const pursued: Pursued = { sale, attempts: 0, listeners: new Set(), done }
    this.#open.set(sale.digest, pursued)
    this.#untilSettled(pursued).then(settle, error => {
      this.#stopOn(error)
      settle()
    })
  }

  /** Presents, then waits for the ruling, for as long as it takes. */
  async #untilSettled(pursued: Pursued): Promise<void> {
    const { signal } = this.#ending
    const backoff = createBackoff({ firstMs: 200, capMs: 5_000, random: systemRandom })
    let isPresented = false
    while (!signal.aborted) {
      const startedAt = performance.now()
      const standing = await this.#attempt(pursued.sale, isPresented)
      if (signal.aborted) return
      // after a failure it is presented anew: the auditor answers what it has seen before with what it said
      isPresented = standing.reason === ''
      await this.#change(pursued, standing)
      if (!isOpen(pursued.sale.state)) return
      if (standing.reason === '' && performance.now() - startedAt >= longPollMsMin) backoff.reset()
      // the first wait for a verdict follows the first ruling at once
      else if (standing.reason !== '' || pursued.attempts > 1)
        await pause(backoff.next(), undefined, { signal }).catch(() => {})
    }
  }

  /** Asks the auditor once; what comes back is how the sale stands then. */
  async #attempt(sale: Sale, isPresented: boolean): Promise<Standing> {
    const { digest, given, presentation, ruling } = sale
    const { auditor, deadline } = given.payment.details
    try {
      const told = isPresented
        ? await this.#ask<Ruled>(auditor, 'GET', `/payments/${digest}?wait=1`)
        : await this.#ask<Ruled>(auditor, 'POST', '/payments', {
            ...userPaymentToJson(given),
            presentation: statementToJson(presentation),
          })
      return this.#standingAfter(sale, readRuling(told.ruling, this.home, auditor, digest))
    } catch (error) {
      const { code } = toMupibError(error)
      if (!this.#ending.signal.aborted) this.#log({ kind: 'auditor_failed', payment: digest, auditor, code })
      if (Date.now() > deadline && ruling === undefined && (await this.#isUnknown(auditor, digest)))
        return { ...sale, state: 'refused', reason: code, receipt: this.#receipt(sale, 'refused') }
      return { ...sale, reason: code }
    }
  }

  /** True where the auditor says that it holds no such payment (V7). */
  async #isUnknown(auditor: string, digest: Digest): Promise<boolean> {
    try {
      await this.#ask(auditor, 'GET', `/payments/${digest}`)
      return false
    } catch (error) {
      return toMupibError(error).code === 'not_found'
    }
  }

  #standingAfter(sale: Sale, ruling: SignedStatement<Ruling>): Standing {
    const state = stateAfter(ruling.statement.answer)
    const isSettled = state === 'delivered' || state === 'refused'
    const reason = state === 'refused' ? ruling.statement.reason || ruling.statement.answer : ''
    return { state, ruling, reason, receipt: isSettled ? this.#receipt(sale, state) : undefined }
  }

  #receipt({ digest, given }: Sale, outcome: Receipt['outcome']): SignedStatement<Receipt> {
    const { network, fingerprint: signer, key } = this.home
    const { item } = given.payment.details
    return signStatement({ kind: 'receipt', network, signer, payload: digest, time: Date.now(), outcome, item }, key)
  }

  async #change(pursued: Pursued, { state, ruling, receipt, reason }: Standing): Promise<void> {
    const before = pursued.sale
    const sale: Sale = { ...before, state, ruling, receipt, reason }
    // why there is no ruling yet is not worth a write
    if (state !== before.state || ruling !== before.ruling)
      await this.#persist(this.store.putStanding(sale.digest, sale))
    pursued.sale = sale
    pursued.attempts += 1
    if (!isOpen(state)) {
      this.#open.delete(sale.digest)
      const { item, price } = sale.given.payment.details
      this.#log({ kind: state, payment: sale.digest, item, price, reason })
    }
    for (const wake of [...pursued.listeners]) wake()
  }

  /** The answer for a user: at the auditor's first word or failure, or with `wait` at its last word; not for ever. */
  async #answer(sale: Sale, wait: boolean): Promise<SaleAnswer> {
    const pursued = this.#open.get(sale.digest)
    if (!pursued) return toAnswer(this.#find(sale.digest) ?? sale)
    const isTold = (): boolean =>
      this.#ending.signal.aborted || !isOpen(pursued.sale.state) || (!wait && pursued.attempts > 0)
    if (!isTold()) {
      await new Promise<void>(resolve => {
        const end = (): void => {
          clearTimeout(timer)
          pursued.listeners.delete(check)
          resolve()
        }
        const check = (): void => {
          if (isTold()) end()
        }
        const longestMs = wait ? lastWordMs : firstWordMs
        // nobody who rules only after the deadline is worth waiting for: the user then asks the auditor
        const untilDeadlineMs = Math.max(0, sale.given.payment.details.deadline - Date.now())
        const timer = setTimeout(end, sale.ruling ? longestMs : Math.min(longestMs, untilDeadlineMs))
        pursued.listeners.add(check)
      })
    }
    return toAnswer(pursued.sale)
  }

  /** A sale with what was signed. Throws `not_found`. */
  sale(digest: Digest): Sale {
    const sale = this.#find(digest)
    if (!sale) throw notTaken(digest)
    return sale
  }

  /** The newest sales, newest first: at most `limit`, or all. */
  async sales(limit?: number): Promise<Sale[]> {
    const kept = await this.store.newest(limit)
    return kept.map(sale => this.#open.get(sale.digest)?.sale ?? sale)
  }

  status(): Record<string, unknown> {
    const open = [...this.#open.values()]
    const count = (state: Sale['state']): number => open.filter(({ sale }) => sale.state === state).length
    return {
      name: this.home.name,
      role: 'vendor',
      sales: this.#lastNumber,
      presented: count('presented'),
      waiting: count('waiting'),
    }
  }

  /** Stops asking and closes the store; what is open is taken up at the next start. */
  async close(): Promise<void> {
    this.#ending.abort()
    for (const { listeners } of this.#open.values()) for (const wake of [...listeners]) wake()
    await Promise.allSettled([...this.#taking.values()])
    await Promise.all([...this.#open.values()].map(({ done }) => done))
    await this.store.close()
  }
}
