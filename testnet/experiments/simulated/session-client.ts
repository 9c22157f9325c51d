// A simulated client of sessions: performs what client-rules.ts decides, or what a dishonest client makes of it, on the virtual store, clock and post.
// It runs its sessions one after the other: terms, escrow, payments, close.
import {
  type ClientContext,
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  newClient,
  resumedClient,
  startPayment,
  stepClient,
} from '../../../cli/channel/client-rules.ts'
import { channelLimits } from '../../../cli/channel/limits.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { bytesOfHex } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import { lockSuite } from '../../../proto/locks/suites.ts'
import type { Payment } from '../../../proto/session/payment.ts'
import { PaywordChain } from '../../../proto/session/payword-chain.ts'
import { type SessionSignatures, type SessionTerms, sessionDigest, signSession } from '../../../proto/session/terms.ts'
import type { SessionStanding } from '../../../proto/verdict.ts'
import type { ClientRule } from '../../dishonest/behaviour.ts'
import { dishonestClients, reopeningClients } from '../../dishonest/index.ts'
import type { LedgerAccess } from './ledger-client.ts'
import { certificateOf, keyOf, ledgerNetwork } from './parties.ts'
import type { Letter, PartyWorld } from './party.ts'
import type { Row } from './party-store.ts'
import type { Frame } from './session-letters.ts'
import { againMs, SessionParty, type SessionPartyOptions, Turns, tillName } from './session-party.ts'
import { Wire } from './session-wire.ts'

/** A session from its first draft on, as it is stored. */
interface Deal {
  readonly session: Digest
  readonly terms: SessionTerms
  readonly lockSeed: Uint8Array
  readonly top: Uint8Array
  readonly vendor: Uint8Array | undefined
  readonly signatures: SessionSignatures | undefined
  readonly state: 'agreed' | 'open' | 'over'
  /** Its opening is to be carried once more. */
  readonly isReopening: boolean
}

interface Kept {
  readonly last: number
  readonly served: number
  readonly phase: ClientState['phase']
}

/** A session that pays. */
interface Paying {
  readonly deal: Deal
  readonly context: ClientContext
  readonly turns: Turns<ClientEvent>
  state: ClientState
  wire: Wire
  heardAt: number
}

const openWithinMs = 6_000
/** Silence after which a client that waits for the till connects anew, in milliseconds. */
const silenceMs = 1_500

export class SessionClient extends SessionParty {
  readonly #rule: ClientRule
  #paying: Paying | undefined

  constructor(index: number, world: PartyWorld, random: Random, access: LedgerAccess, options: SessionPartyOptions) {
    super(`client-${index + 1}`, world, random, access, options)
    const { client } = options.book.load
    this.#rule = client === 'honest' ? stepClient : dishonestClients[client](stepClient)
  }

  protected wake(): void {
    this.connect()
    const deal = this.#deal()
    if (deal?.state === 'open') this.#begin(deal)
    this.later(1 + this.random.below(againMs), () => this.#tend())
    this.#payInTime()
  }

  protected override end(kind: 'power' | 'kill'): void {
    super.end(kind)
    this.#paying = undefined
  }

  /** All of its sessions are over. */
  get isIdle(): boolean {
    const deals = this.#deals()
    const isOver = deals.every(({ state, isReopening }) => state === 'over' && !isReopening)
    return isOver && this.hasNoClaims && deals.length === this.book.load.each
  }

  #deals(): Deal[] {
    return this.store.entries<Deal>('deal/').map(([, deal]) => deal)
  }

  /** The session that is under way. */
  #deal(): Deal | undefined {
    return this.#deals().find(({ state }) => state !== 'over')
  }

  #keep(deal: Deal, done: () => void = () => {}): void {
    this.store.write([[`deal/${deal.session}`, deal]], done)
  }

  /** Says again what was not answered, and begins the next session where the one before is over. */
  #tend(): void {
    const deal = this.#deal()
    if (!deal && this.#deals().length < this.book.load.each) this.#agree()
    if (deal?.state === 'agreed') this.#ask(deal)
    for (const { terms, signatures, isReopening } of this.#deals())
      if (isReopening && signatures) this.send('auditor', { type: 'carryOpening', terms, signatures })
    this.carryClaims()
    if (this.#paying && this.#isAwaiting(this.#paying)) this.#dial(this.#paying)
    this.later(againMs, () => this.#tend())
  }

  #agree(): void {
    const { load } = this.book
    const [nonce, lockSeed, top] = [0, 1, 2].map(() => bytesOfHex(this.random.digest())) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ]
    const terms: SessionTerms = {
      network: ledgerNetwork,
      bank: certificateOf('bank').fingerprint,
      client: keyOf(this.name).publicKey,
      vendor: keyOf(tillName).publicKey,
      nonce,
      suite: load.suite,
      sessionKey: lockSuite(load.suite).keyGen(lockSeed).publicKey,
      unit: BigInt(load.unit),
      paymentsMax: load.payments,
      anchors: new PaywordChain(nonce, top, load.payments).anchors(),
      openBy: this.now + Math.min(openWithinMs, load.lasts - 1),
      expiry: this.now + load.lasts,
      windowMs: load.window,
    }
    const session = sessionDigest(terms)
    const unsigned = { vendor: undefined, signatures: undefined, isReopening: false }
    this.#keep({ session, terms, lockSeed, top, ...unsigned, state: 'agreed' })
    this.book.see({
      type: 'session',
      session,
      client: this.name,
      till: tillName,
      clientIs: load.client,
      tillIs: load.vendor,
      unit: String(load.unit),
      paymentsMax: load.payments,
    })
  }

  /** Asks the till for its signature, and then the bank for the opening. */
  #ask({ session, terms, vendor }: Deal): void {
    const signature = signSession(session, 'client', keyOf(this.name))
    if (!vendor) this.send(tillName, { type: 'offer', terms, signature })
    else this.send('bank', { type: 'openSession', terms, signatures: { client: signature, vendor } })
  }

  protected hear(from: string, letter: Letter): void {
    if (letter.type === 'frame') this.#takeFrame(letter)
    if (letter.type !== 'accepted' && letter.type !== 'signed' && letter.type !== 'refusedSession') return
    const deal = this.store.get<Deal>(`deal/${letter.session}`)
    if (!deal) return
    if (letter.type === 'accepted' && !deal.vendor)
      this.#keep({ ...deal, vendor: letter.signature }, () => this.#ask({ ...deal, vendor: letter.signature }))
    if (letter.type === 'signed' && !deal.signatures) this.#keep({ ...deal, signatures: letter.signatures })
    if (letter.type !== 'refusedSession') return
    const isNews = letter.claim !== undefined || deal.state === 'agreed' || deal.isReopening
    if (!isNews || !this.refused(from, letter) || letter.claim) return
    this.#keep({ ...deal, state: deal.state === 'agreed' ? 'over' : deal.state, isReopening: false })
  }

  protected learn({ session, state }: SessionStanding): void {
    const deal = this.store.get<Deal>(`deal/${session}`)
    if (!deal || deal.state === 'over') return
    if (state === 'settled') {
      this.#keep({ ...deal, state: 'over', isReopening: reopeningClients.has(this.book.load.client) })
      this.#paying = undefined
    } else if (deal.state === 'agreed') {
      const open = { ...deal, state: 'open' } as const
      this.#keep(open, () => this.#begin(open))
    }
  }

  protected timePassed(): void {
    this.#paying?.turns.push({ type: 'time', now: this.blockTime })
  }

  /** Takes up a session that is open, as it was left. */
  #begin(deal: Deal): void {
    if (this.#paying) return
    const { session, terms, lockSeed, top } = deal
    const chain = new PaywordChain(terms.nonce, top, terms.paymentsMax)
    const context: ClientContext = {
      terms,
      session,
      key: keyOf(this.name),
      lockKey: lockSuite(terms.suite).keyGen(lockSeed),
      word: index => chain.value(index),
      ahead: 1,
      expiryMarginMs: channelLimits.expiryMarginMs,
    }
    const turns = new Turns<ClientEvent>((event, done) => this.#turn(event, done))
    const kept = this.store.get<Kept>(`kept/${session}`)
    const start = startPayment(context)
    const last = kept && kept.last > 0 ? this.#payment(session, kept.last)! : start.payment
    const state = kept ? resumedClient(context, start.payment, last, kept.served, kept.phase) : newClient(start)
    this.#paying = { deal, context, turns, state, wire: new Wire(0), heardAt: 0 }
    this.#dial(this.#paying)
  }

  #payment(session: Digest, index: number): Payment | undefined {
    return this.store.get<Payment>(`payment/${session}/${index}`)
  }

  #isAwaiting({ state, heardAt }: Paying): boolean {
    const { phase, made, served, isAnswered } = state
    const isWaiting = !isAnswered || made > served || phase === 'closing'
    return (phase === 'open' || phase === 'closing') && isWaiting && this.now - heardAt > silenceMs
  }

  #dial(paying: Paying): void {
    paying.wire = new Wire(this.world.events.now)
    paying.heardAt = this.now
    paying.turns.push({ type: 'disconnected' })
    paying.turns.push({ type: 'connected' })
  }

  #takeFrame(frame: Frame): void {
    const paying = this.#paying
    if (!paying || frame.session !== paying.deal.session || frame.connection !== paying.wire.connection) return
    for (const message of paying.wire.take(frame)) {
      if (message.type === 'hello' || message.type === 'payment' || message.type === 'close') continue
      paying.heardAt = this.now
      if (message.type === 'refused') this.denied(frame.session, tillName, message.reason)
      paying.turns.push({ type: 'received', message })
    }
  }

  /** Pays at its rate until all is paid, and closes when the last unit is there. */
  #payInTime(): void {
    this.later(Math.max(1, Math.round(1_000 / this.book.load.rate)), () => {
      const paying = this.#paying
      if (paying?.state.phase === 'open') {
        const { made, served } = paying.state
        if (made < paying.deal.terms.paymentsMax) {
          if (made === served) paying.turns.push({ type: 'pay', item: this.random.digest(), now: this.blockTime })
        } else if (served === made) paying.turns.push({ type: 'close' })
      }
      this.#payInTime()
    })
  }

  #turn(event: ClientEvent, done: () => void): void {
    const paying = this.#paying
    if (!paying) return
    const { state, effects } = this.#rule(paying.context, paying.state, event)
    paying.state = state
    this.inOrder(effects, (effect, next) => this.#perform(paying, effect, next), done)
  }

  #perform(paying: Paying, effect: ClientEffect, done: () => void): void {
    const { session, terms } = paying.deal
    const service = this.serviceOf(session)
    if (effect.type === 'persist' || effect.type === 'claim') {
      this.store.write(this.#rowsOf(paying, effect), () => {
        if (effect.type === 'claim') this.carryClaims()
        done()
      })
      return
    }
    if (effect.type === 'send') this.send(tillName, paying.wire.frame(session, effect.message))
    if (effect.type === 'resend')
      for (let index = effect.from; index <= effect.to; index++) {
        const payment = this.#payment(session, index)!
        this.send(tillName, paying.wire.frame(session, { type: 'payment', payment }))
      }
    if (effect.type === 'paid') service.made = Math.max(service.made, effect.index)
    if (effect.type === 'content') service.arrived = Math.max(service.arrived, effect.index)
    // whoever is wronged ends the session without the till, in time for the ledger
    if (effect.type === 'fault' && this.blockTime < terms.expiry)
      paying.turns.push({ type: 'close_alone', now: this.blockTime })
    done()
  }

  #rowsOf({ deal: { session, terms } }: Paying, effect: Extract<ClientEffect, { type: 'persist' | 'claim' }>): Row[] {
    if (effect.type === 'claim') return [this.claimRow(session, terms, effect.claim)]
    const { payment, claim, served, phase } = effect
    const before = this.store.get<Kept>(`kept/${session}`)
    const kept: Kept = { last: payment?.index ?? before?.last ?? 0, served, phase }
    return [
      [`kept/${session}`, kept],
      ...(payment ? [[`payment/${session}/${payment.index}`, payment] as const] : []),
      ...(claim ? [this.claimRow(session, terms, claim)] : []),
    ]
  }
}
