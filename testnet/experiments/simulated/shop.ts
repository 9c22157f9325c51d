// Simulated users and vendors: users buy tokens and pay at the rate and with the cheats that the experiment names; vendors present payments until
// the auditor has ruled. What they know survives a restart.

import { informationDigest, type PaymentInformation } from '../../../cli/common/information.ts'
import type { PresentedPayment } from '../../../cli/common/payment.ts'
import { paymentDigest } from '../../../cli/common/payment.ts'
import type { LooseToken } from '../../../node/ledger/form.ts'
import type { Digest } from '../../../proto/hash.ts'
import { returnInformation, signPayload } from '../../../proto/token.ts'
import type { Manifest } from '../manifest.ts'
import { certificateOf, keyOf, ledgerNetwork, ledgerNetworkBytes, tokenValue } from './parties.ts'
import { type Letter, Party, type PartyWorld } from './party.ts'
import { signPaymentAs } from './signing.ts'
import { alterToken, forgeToken, serialOf } from './tokens.ts'

export type Behaviour = 'honest' | keyof Manifest['load']['cheats']

/** A payment from its user's hand to its vendor's last word. */
export interface Purchase {
  readonly user: string
  readonly vendor: string
  readonly digest: Digest
  readonly payment: PresentedPayment
  readonly behaviour: Behaviour
  readonly madeAt: number
  waited: boolean
  outcome: 'delivered' | 'rejected' | undefined
  /** Milliseconds from handing it over to the last word. */
  waitedMs: number
}

/** What all shoppers share. */
export interface Market {
  readonly purchases: Map<Digest, Purchase>
  readonly auditors: readonly string[]
  readonly vendors: readonly string[]
  readonly load: Manifest['load']
  /** True while users pay. */
  isOpen(): boolean
  closed(purchase: Purchase): void
  /** What the ledger says of a token, for a holder who cannot tell. */
  isUnspent(token: LooseToken): boolean
}

const againMs = 500
const orderTokens = 12
const deadlineMs = 30_000
/** Rejections after which the ledger never saw the payment, or released all of it. */
const unseen = new Set(['deadline_passed', 'pay_by_passed', 'blocked', 'block_refused'])

export class Vendor extends Party {
  readonly #market: Market
  readonly #open = new Map<Digest, Purchase>()

  constructor(name: string, world: PartyWorld, random: ConstructorParameters<typeof Party>[2], market: Market) {
    super(name, world, random)
    this.#market = market
  }

  protected wake(): void {
    for (const purchase of this.#open.values()) this.#present(purchase)
  }

  protected end(): void {}

  protected take(_from: string, letter: Letter): void {
    if (letter.type === 'pay') this.#takePayment(letter.digest)
    if (letter.type === 'ruling') this.#ruled(letter)
  }

  #takePayment(digest: Digest): void {
    const purchase = this.#market.purchases.get(digest)
    if (!purchase || this.#open.has(digest)) return
    if (purchase.outcome) this.#tell(purchase, '')
    else {
      this.#open.set(digest, purchase)
      this.#present(purchase)
    }
  }

  #present(purchase: Purchase): void {
    const { digest, payment } = purchase
    if (this.#open.get(digest) !== purchase) return
    this.send(payment.details.auditor, { type: 'present', digest, payment })
    this.later(againMs, () => this.#present(purchase))
  }

  #ruled({ digest, answer, reason }: Extract<Letter, { type: 'ruling' }>): void {
    const purchase = this.#open.get(digest)
    if (!purchase) return
    if (answer === 'wait') {
      purchase.waited = true
      return
    }
    this.#open.delete(digest)
    purchase.outcome = answer === 'deliver' ? 'delivered' : 'rejected'
    purchase.waitedMs = this.world.events.now - purchase.madeAt
    this.#market.closed(purchase)
    this.#tell(purchase, reason)
    const { payment, behaviour } = purchase
    if (behaviour === 'doubleSelling') this.send(payment.details.auditor, { type: 'present', digest, payment })
  }

  #tell({ user, digest, outcome }: Purchase, reason: string): void {
    this.send(user, { type: 'told', digest, delivered: outcome === 'delivered', reason })
  }
}

type TokenState = 'held' | 'paying' | 'spent' | 'unsure' | 'returning' | 'returned'

interface Returned {
  readonly tokens: readonly LooseToken[]
  readonly time: number
}

interface OwnToken {
  readonly token: LooseToken
  state: TokenState
}

export class User extends Party {
  readonly #market: Market
  readonly #index: number
  readonly #purse = new Map<string, OwnToken>()
  readonly #untold = new Map<Digest, Purchase>()
  readonly #returns = new Map<Digest, Returned>()
  #orders = 0
  #openOrder: string | undefined

  constructor(index: number, world: PartyWorld, random: ConstructorParameters<typeof Party>[2], market: Market) {
    super(`user-${index + 1}`, world, random)
    this.#index = index
    this.#market = market
  }

  protected wake(): void {
    this.#shop()
    this.#remind()
  }

  protected end(): void {}

  #inState(state: TokenState): OwnToken[] {
    return [...this.#purse.values()].filter(own => own.state === state)
  }

  #shop(): void {
    const { load } = this.#market
    const meanMs = (1_000 * load.users) / load.rate
    this.later(1 + this.random.below(Math.max(1, Math.round(2 * meanMs))), () => {
      if (!this.#market.isOpen()) return
      this.#orderMore()
      this.#pay()
      this.#shop()
    })
  }

  #orderMore(): void {
    if (this.#openOrder !== undefined || this.#inState('held').length > orderTokens / 2) return
    this.#orders += 1
    this.#openOrder = `order-${this.#orders}`
    this.send('bank', { type: 'order', order: this.#openOrder, count: orderTokens })
  }

  /** Says again what was not answered. */
  #remind(): void {
    this.later(againMs, () => {
      if (this.#openOrder !== undefined)
        this.send('bank', { type: 'order', order: this.#openOrder, count: orderTokens })
      for (const { vendor, payment, digest } of this.#untold.values())
        this.send(vendor, { type: 'pay', payment, digest })
      for (const digest of this.#returns.keys()) this.#sendReturn(digest)
      this.#remind()
    })
  }

  #drawBehaviour(): Behaviour {
    const { cheats } = this.#market.load
    let left = this.random.below(1_000_000) / 1_000_000
    for (const name of Object.keys(cheats).sort() as (keyof typeof cheats)[]) {
      if (left < cheats[name]) return name
      left -= cheats[name]
    }
    return 'honest'
  }

  #pay(): void {
    const { load, vendors, auditors } = this.#market
    const behaviour = this.#drawBehaviour()
    const count = this.random.between(1, load.tokens)
    const auditor = auditors[this.#index % auditors.length]!
    const vendor = this.random.pick(vendors)
    const spent =
      behaviour === 'doubleSpend' ? this.random.shuffle([...this.#inState('spent'), ...this.#inState('paying')]) : []
    const fresh = this.#inState('held').slice(0, count)
    if (behaviour === 'doubleSpend' && spent.length > 0) {
      this.#hand(
        spent.slice(0, count).map(({ token }) => token),
        vendor,
        auditor,
        behaviour,
      )
      return
    }
    if (fresh.length === 0) return
    const tokens = fresh.map(({ token }) => token)
    const [first, ...rest] = tokens
    if (behaviour === 'altered' || behaviour === 'forged') {
      const bad = behaviour === 'altered' ? alterToken(first!) : forgeToken(first!, this.random.below(1_000))
      for (const own of fresh.slice(1)) own.state = 'paying'
      this.#hand([bad, ...rest], vendor, auditor, behaviour)
      return
    }
    for (const own of fresh) own.state = 'paying'
    this.#hand(tokens, vendor, auditor, behaviour)
    if (behaviour !== 'twoVendors') return
    const other = vendors[(vendors.indexOf(vendor) + 1) % vendors.length]!
    this.#hand(tokens, other, auditors[(this.#index + 1) % auditors.length]!, behaviour)
  }

  #hand(tokens: readonly LooseToken[], vendor: string, auditor: string, behaviour: Behaviour): void {
    const nonce = this.random.digest().slice(0, 32)
    const price = tokenValue * BigInt(tokens.length)
    const details: PaymentInformation = {
      vendor,
      auditor,
      item: 'an item',
      price,
      nonce,
      deadline: this.now + deadlineMs,
    }
    const holder = keyOf(this.name).publicKey
    const unsigned = { tokens, time: this.now, information: informationDigest(ledgerNetwork, details) }
    const digest = paymentDigest(ledgerNetwork, unsigned)
    const payment = signPaymentAs(this.name, { ...unsigned, holder, details }, digest)
    const purchase: Purchase = {
      user: this.name,
      vendor,
      digest,
      payment,
      behaviour,
      madeAt: this.world.events.now,
      waited: false,
      outcome: undefined,
      waitedMs: 0,
    }
    this.#market.purchases.set(digest, purchase)
    this.#untold.set(digest, purchase)
    this.send(vendor, { type: 'pay', payment, digest })
  }

  protected take(_from: string, letter: Letter): void {
    if (letter.type === 'issued') this.#issued(letter)
    if (letter.type === 'told') this.#told(letter)
    if (letter.type === 'takenBack') this.#takenBack(letter)
  }

  #issued({ order, tokens }: Extract<Letter, { type: 'issued' }>): void {
    if (this.#openOrder !== order) return
    this.#openOrder = undefined
    for (const token of tokens ?? []) this.#purse.set(serialOf(token), { token, state: 'held' })
  }

  #told({ digest, delivered, reason }: Extract<Letter, { type: 'told' }>): void {
    const purchase = this.#untold.get(digest)
    if (!purchase) return
    this.#untold.delete(digest)
    const isFree = !delivered && unseen.has(reason)
    for (const token of purchase.payment.tokens) {
      const own = this.#purse.get(serialOf(token))
      if (own?.state !== 'paying') continue
      // with two payments of the same tokens under way, neither alone says what became of them
      own.state = purchase.behaviour !== 'honest' ? 'unsure' : delivered ? 'spent' : isFree ? 'held' : 'unsure'
    }
  }

  /** Gives the oldest unspent tokens, at most so many, back to the bank; a cheat adds one that was spent. */
  giveBack(count: number, isCheating: boolean): void {
    const own = this.#inState('held').slice(0, count)
    const spent = isCheating ? this.#inState('spent').slice(-1) : []
    const tokens = [...own, ...spent].map(({ token }) => token)
    if (tokens.length === 0) return
    for (const each of own) each.state = 'returning'
    const time = this.now
    const information = returnInformation(ledgerNetworkBytes, certificateOf('bank').fingerprint)
    const digest = paymentDigest(ledgerNetwork, { tokens, time, information })
    this.#returns.set(digest, { tokens, time })
    this.#sendReturn(digest)
  }

  #sendReturn(digest: Digest): void {
    const signature = signPayload(digest, keyOf(this.name))
    this.send('bank', { type: 'giveBack', payment: { ...this.#returns.get(digest)!, signature }, digest })
  }

  #takenBack({ digest, refunded }: Extract<Letter, { type: 'takenBack' }>): void {
    const returned = this.#returns.get(digest)
    if (!returned) return
    const { tokens } = returned
    this.#returns.delete(digest)
    for (const token of tokens) {
      const own = this.#purse.get(serialOf(token))
      if (own?.state === 'returning') own.state = refunded === tokens.length ? 'returned' : 'unsure'
    }
  }

  /** Nothing of it is unanswered. */
  get isIdle(): boolean {
    return this.#untold.size + this.#returns.size === 0 && this.#openOrder === undefined
  }

  /** Serials that the user can spend; what it cannot tell it asks the ledger. */
  heldTokens(): LooseToken[] {
    return [...this.#purse.values()]
      .filter(({ token, state }) =>
        state === 'unsure' || state === 'paying' || state === 'returning'
          ? this.#market.isUnspent(token)
          : state === 'held',
      )
      .map(({ token }) => token)
  }
}
