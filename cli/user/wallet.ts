// A wallet: withdraws tokens, pays with them, gives them back, and finds out what became of what it had begun. What it signs is on disk before
// anybody sees it; what it hears is verified before it counts. A library as well as the commands' engine: nothing here prints.
import { randomBytes } from 'node:crypto'
import type { Database } from '../../node/store/database.ts'
import { openLevelDatabase } from '../../node/store/level-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import { parseAmount } from '../../proto/money.ts'
import { signPayload } from '../../proto/token.ts'
import type { PartyHome } from '../common/actor-home.ts'
import { toMupibError } from '../common/errors.ts'
import { informationDigest, type PaymentInformation } from '../common/information.ts'
import { type PresentedPayment, paymentDigest, presentedToJson, userPaymentToJson } from '../common/payment.ts'
import { memberNamed, readReceipt, readRuling } from '../common/rulings.ts'
import { WalletBook } from './book.ts'
import { Counterparties, type KnownVendor } from './counterparties.ts'
import type { Entry, PaymentEntry, ReturnEntry, Withdrawal } from './entries.ts'
import { checkRestored } from './restored.ts'
import { beginReturns, finishReturn } from './returns.ts'
import { chooseTokens, eventOf, paymentState, type WalletEvent } from './rules.ts'
import { type Restoration, WalletStore } from './store.ts'
import { checkWithdrawn } from './withdrawn.ts'

export interface WalletSettings {
  /** Name of the bank that issues its tokens. */
  readonly bank: string
  /** Name of the auditor that it has its payments presented to. */
  readonly auditor: string
  /** The longest that a payment may run, in milliseconds: after a restore the wallet waits as long. */
  readonly deadlineMsMax: number
}

export type WalletHome = PartyHome & { readonly own: WalletSettings }

export interface WalletOptions {
  readonly home: WalletHome
  /** The store; opened where the home says when left out. */
  readonly database?: Database
}

export interface Purchase {
  /** A vendor's name in services.json, or its address. */
  readonly vendor: string
  readonly item: string
  /** In minor units; the vendor's listed price where it is left out. */
  readonly price?: bigint
  /** From now; the auditor refuses the payment afterwards. */
  readonly deadlineMs?: number
}

/** An entry after something was tried, and what stood in the way of knowing more. */
export interface Outcome<T extends Entry = Entry> {
  readonly entry: T
  readonly problem: MupibError | undefined
}

const defaultDeadlineMs = 120_000

/** A bank's answers after which an order never was. */
const orderRefusals: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'insufficient_funds',
  'no_account',
  'blocked',
  'too_large',
  'bad_input',
])

/** What a vendor answers; believed as far as the statements say it. */
interface VendorReply {
  readonly ruling?: unknown
  readonly receipt?: unknown
  readonly reason?: unknown
}

export class Wallet {
  readonly home: WalletHome
  readonly book: WalletBook
  readonly restoration: Restoration | undefined
  readonly #parties: Counterparties
  readonly #ending = new AbortController()
  /** Entries that are being worked on, by number: each by one at a time. */
  readonly #busy = new Map<number, Promise<Outcome>>()

  private constructor(home: WalletHome, book: WalletBook) {
    this.home = home
    this.book = book
    this.restoration = book.store.restoration()
    this.#parties = new Counterparties(home, this.#ending.signal)
  }

  /** Opens the store; what was open stays so until `recover`. Throws what opening a store throws, `not_admitted`. */
  static async open({ home, database }: WalletOptions): Promise<Wallet> {
    memberNamed(home.genesis, 'bank', home.own.bank)
    memberNamed(home.genesis, 'auditor', home.own.auditor)
    const opened = database ?? (await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) }))
    const store = new WalletStore(opened, home.network)
    try {
      return new Wallet(home, await WalletBook.open(store))
    } catch (error) {
      await store.close()
      throw error
    }
  }

  get tokenValue(): bigint {
    return memberNamed(this.home.genesis, 'bank', this.home.own.bank).tokenValue
  }

  /** Orders tokens from the bank and takes them. Throws the bank's refusal; after any other failure the order stays open for `recover`. */
  async withdraw(count: number): Promise<Withdrawal> {
    const entry: Withdrawal = {
      kind: 'withdrawal',
      number: this.book.nextNumber(),
      time: Date.now(),
      order: randomBytes(16).toString('hex'),
      count,
      publication: undefined,
    }
    await this.book.note(entry)
    const outcome = await this.#once(entry, () => this.#takeOrder(entry))
    if (outcome.problem) throw outcome.problem
    return outcome.entry
  }

  async #takeOrder(entry: Withdrawal): Promise<Withdrawal> {
    const { order, count } = entry
    try {
      const reply = await this.#parties.bank<Record<string, unknown>>('POST', '/withdrawals', { order, count })
      const { publication, group, tokens, proof } = checkWithdrawn(reply, this.home, count)
      const done = { ...entry, publication }
      const event: WalletEvent = { type: 'receive', tokens, as: this.#surenessOf(entry) }
      await this.book.note(done, event, [this.book.store.putGroup(group, proof)])
      return done
    } catch (error) {
      if (error instanceof MupibError && orderRefusals.has(error.code)) await this.book.drop(entry)
      throw error
    }
  }

  /** What came of a thing begun before a restore may have been used by the wallet that went on then (U6). */
  #surenessOf({ time }: Entry): 'free' | 'unchecked' {
    return this.restoration !== undefined && time <= this.restoration.restoredAt ? 'unchecked' : 'free'
  }

  /** Pays for an item. The payment's state says what came of it; throws only where nothing was signed. */
  async pay(purchase: Purchase): Promise<Outcome<PaymentEntry>> {
    const vendor = await this.#parties.offer(purchase.vendor)
    const { details, time } = this.#agree(purchase, vendor)
    const { network, key } = this.home
    const chosen = chooseTokens(this.book.tokens.values(), details.price, this.tokenValue, details.deadline)
    const tokens = chosen.map(({ group, index, signature }) => ({ group, index, signature }))
    const information = informationDigest(network, details)
    const digest = paymentDigest(network, { time, information, tokens })
    const payment: PresentedPayment = {
      time,
      information,
      signature: signPayload(digest, key),
      tokens,
      holder: key.publicKey,
      details,
    }
    const { name, url, publicKey } = vendor
    const entry: PaymentEntry = {
      kind: 'payment',
      number: this.book.nextNumber(),
      time,
      digest,
      vendor: { name, url, publicKey },
      payment,
      state: 'open',
      ruling: undefined,
      receipt: undefined,
    }
    await this.book.note(entry, { type: 'pledge', to: digest, tokens })
    return this.#once(entry, () => this.#askVendor(entry, true))
  }

  /** Price, auditor and deadline of a purchase. Throws `usage`, `refused`. */
  #agree(purchase: Purchase, vendor: KnownVendor): { details: PaymentInformation; time: number } {
    const { auditor, deadlineMsMax } = this.home.own
    const { item, deadlineMs = Math.min(defaultDeadlineMs, deadlineMsMax) } = purchase
    const listed = vendor.prices[item]
    const price = purchase.price ?? (listed === undefined ? undefined : parseAmount(listed))
    if (price === undefined)
      throw new MupibError('usage', `${vendor.name} lists no price of "${item}"`, { hint: 'say it with --price' })
    if (listed !== undefined && price !== parseAmount(listed))
      throw new MupibError('refused', `${vendor.name} sells "${item}" for ${listed}, not for ${price}`)
    if (!vendor.auditors.includes(auditor))
      throw new MupibError('refused', `${vendor.name} does not accept the auditor ${auditor}`, {
        hint: `it accepts: ${vendor.auditors.join(', ')}`,
      })
    if (!(deadlineMs > 0 && deadlineMs <= deadlineMsMax))
      throw new MupibError('usage', `a payment of this wallet runs at most ${deadlineMsMax} ms`)
    const time = Date.now()
    const nonce = randomBytes(16).toString('hex')
    return { time, details: { vendor: vendor.name, auditor, item, price, nonce, deadline: time + deadlineMs } }
  }

  /** Works on an entry, one at a time; what fails becomes the outcome's problem, and the entry stays as far as it came. */
  #once<T extends Entry>(entry: T, work: () => Promise<T>): Promise<Outcome<T>> {
    const busy = this.#busy.get(entry.number)
    if (busy) return busy as Promise<Outcome<T>>
    const run = work()
      .then(
        done => ({ entry: done, problem: undefined }),
        error => ({ entry: this.#latest(entry), problem: toMupibError(error) }),
      )
      .finally(() => this.#busy.delete(entry.number))
    this.#busy.set(entry.number, run)
    return run
  }

  #latest<T extends Entry>(entry: T): T {
    return (this.book.openEntries.find(({ number }) => number === entry.number) as T | undefined) ?? entry
  }

  /** Sends the payment (again: the same bytes) while the auditor may still take it, and afterwards asks what became of it. */
  async #askVendor(entry: PaymentEntry, wait: boolean): Promise<PaymentEntry> {
    const { vendor, payment, digest } = entry
    const query = wait ? '?wait=1' : ''
    const body = userPaymentToJson({ certificate: this.home.certificate.der, payment })
    const reply =
      Date.now() <= payment.details.deadline
        ? await this.#parties.vendor<VendorReply>(vendor, 'POST', `/payments${query}`, body)
        : await this.#parties.vendor<VendorReply>(vendor, 'GET', `/payments/${digest}${query}`)
    return this.#hear(entry, reply)
  }

  /** Takes in what somebody says of a payment: statements that hold, and nothing else. */
  async #hear(entry: PaymentEntry, { ruling: said, receipt: shown }: VendorReply): Promise<PaymentEntry> {
    const { network } = this.home
    const { digest, payment, vendor } = entry
    const { auditor, item } = payment.details
    const heard = said === undefined ? undefined : readRuling(said, this.home, auditor, digest)
    const receipt =
      entry.receipt ?? (shown === undefined ? undefined : readReceipt(shown, network, vendor, digest, item))
    // a last word is not replaced
    const isLast = entry.ruling !== undefined && entry.ruling.statement.answer !== 'wait'
    const ruling = isLast ? entry.ruling : (heard ?? entry.ruling)
    const next = paymentState({ answer: ruling?.statement.answer, outcome: receipt?.statement.outcome })
    const wasOpen = entry.state === 'open'
    const state = wasOpen || next === 'delivered' ? next : entry.state
    if (ruling === entry.ruling && receipt === entry.receipt) return entry
    const change = wasOpen ? eventOf(state) : undefined
    const told: PaymentEntry = { ...entry, ruling, receipt, state }
    await this.book.note(told, change && this.#eventFor(entry, change))
    return told
  }

  #eventFor(entry: PaymentEntry, type: 'spend' | 'free'): WalletEvent {
    const about = { to: entry.digest, tokens: entry.payment.tokens }
    return type === 'spend' ? { type, ...about } : { type, ...about, as: this.#surenessOf(entry) }
  }

  /**
   * Takes up everything that is open: orders, payments, returns, tokens of a restored wallet. Tells for each how far it came, and why restored
   * tokens are not checked yet; only an auditor's signed word frees tokens.
   */
  async recover(): Promise<{ readonly outcomes: readonly Outcome[]; readonly problem: MupibError | undefined }> {
    const outcomes = await Promise.all(this.book.openEntries.map(entry => this.#recoverEntry(entry)))
    const problem = await this.checkRestored().then(() => undefined, toMupibError)
    return { outcomes, problem }
  }

  #recoverEntry(entry: Entry): Promise<Outcome> {
    switch (entry.kind) {
      case 'withdrawal':
        return this.#once(entry, () => this.#takeOrder(entry))
      case 'payment':
        return this.#recoverPayment(entry)
      case 'return':
        return this.#once(entry, () => finishReturn(this.#parties, this.book, entry))
    }
  }

  /** The vendor first, who has the item; where it is silent, the auditor; and the vendor again for the receipt that it owes. */
  async #recoverPayment(entry: PaymentEntry): Promise<Outcome<PaymentEntry>> {
    const asked = await this.#once(entry, () => this.#askVendor(entry, false))
    if (asked.entry.state !== 'open') return asked
    const ruled = await this.#once(asked.entry, () => this.#inquire(asked.entry))
    if (ruled.entry.state !== 'claim' || asked.problem) return ruled
    return this.#once(ruled.entry, () => this.#askVendor(ruled.entry, false))
  }

  /** Asks the auditor about an own payment, and waits for a verdict that is under way. Throws `too_early` before the deadline. */
  async #inquire(entry: PaymentEntry): Promise<PaymentEntry> {
    const { digest, payment } = entry
    const { auditor } = payment.details
    const inquiry = presentedToJson(payment)
    const told = await this.#hear(entry, await this.#parties.auditor(auditor, 'POST', '/inquiries', inquiry))
    if (told.ruling?.statement.answer !== 'wait') return told
    return this.#hear(told, await this.#parties.auditor(auditor, 'GET', `/payments/${digest}?wait=1`))
  }

  /** Gives free tokens back to the bank: so many, those first that run out first, or all. */
  async returnTokens(count?: number): Promise<readonly Outcome<ReturnEntry>[]> {
    const entries = await beginReturns(this.home, this.book, count)
    return Promise.all(entries.map(entry => this.#once(entry, () => finishReturn(this.#parties, this.book, entry))))
  }

  /** Asks auditor and bank about the tokens of a restored wallet (U6). Throws `too_early`, and where one of them does not answer. */
  async checkRestored(): Promise<void> {
    if (this.restoration) await checkRestored(this.#parties, this.home, this.book, this.restoration)
  }

  /** What the wallet holds. Amounts in minor units. */
  balance(now = Date.now()): Record<string, unknown> {
    const tokens = [...this.book.tokens.values()]
    const free = tokens.filter(({ state }) => state.kind === 'free')
    const inState = (kind: string): number => tokens.filter(({ state }) => state.kind === kind).length
    const spendable = free.filter(({ group }) => group.payBy > now)
    return {
      name: this.home.name,
      publicKey: toHex(this.home.key.publicKey),
      bank: this.home.own.bank,
      auditor: this.home.own.auditor,
      tokenValue: this.tokenValue,
      amount: BigInt(spendable.length) * this.tokenValue,
      tokens: spendable.length,
      /** Too old to pay with; the bank takes them back until they expire. */
      payByPassed: free.filter(({ group }) => group.payBy <= now && group.expiry > now).length,
      expired: free.filter(({ group }) => group.expiry <= now).length,
      pledged: inState('pledged'),
      returning: inState('returning'),
      unchecked: inState('unchecked'),
      open: this.book.openEntries.length,
      totals: this.book.totals,
    }
  }

  /** The account at the bank, as the bank has it. */
  account(): Promise<Record<string, unknown>> {
    return this.#parties.bank('GET', '/account')
  }

  /** The newest entries, newest first. */
  history(limit = 1_000): Promise<readonly Entry[]> {
    return this.book.store.newest(limit)
  }

  /** Ends what is under way and closes the store. */
  async close(): Promise<void> {
    this.#ending.abort()
    await Promise.allSettled([...this.#busy.values()])
    await this.book.store.close()
  }
}
