// A client's end of a session: performs what client-rules.ts decides, over a stream that comes back and a store that keeps every payment.
import { systemRandom } from '../../node/network/backoff.ts'
import type { Host } from '../../node/network/host.ts'
import { peerIdFromPublicKey } from '../../node/network/host.ts'
import { type ClientSession, openSession } from '../../node/network/sessions.ts'
import { Reader, Writer } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { randomSeed, type SigningKey } from '../../proto/keys.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { Payment } from '../../proto/session/payment.ts'
import { PaywordChain } from '../../proto/session/payword-chain.ts'
import { type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import {
  type ClientContext,
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  newClient,
  resumedClient,
  startPayment,
  stepClient,
} from './client-rules.ts'
import { channelLimits } from './limits.ts'
import { type ClientMessage, decodeVendorMessage, encodeMessage } from './messages.ts'
import type { ChannelStore, StoredSession } from './store.ts'
import { Turns } from './turns.ts'

/** What a client fixes of a session by itself; the rest of the terms is drawn. */
export type SessionWishes = Omit<SessionTerms, 'client' | 'nonce' | 'sessionKey' | 'anchors'>

/** Where a vendor is found: its name in services.json, and the address that it had. */
export interface VendorPlace {
  readonly name: string
  readonly url: string
}

const secretBytes = 32
const placeBytesMax = 1_024

/** What only the client of a session keeps. */
interface Own {
  /** Seeds of the locks' key and of the hash chain. */
  readonly lockSeed: Uint8Array
  readonly top: Uint8Array
  readonly vendor: VendorPlace
}

function encodeOwn({ lockSeed, top, vendor }: Own): Uint8Array {
  const writer = new Writer(256).fixed(lockSeed, secretBytes).fixed(top, secretBytes)
  return writer.text(vendor.name).text(vendor.url).finish()
}

function decodeOwn(bytes: Uint8Array): Own {
  const reader = new Reader(bytes)
  const [lockSeed, top] = [reader.fixed(secretBytes), reader.fixed(secretBytes)]
  return { lockSeed, top, vendor: { name: reader.text(placeBytesMax), url: reader.text(placeBytesMax) } }
}

/** Where the vendor of a stored session is. */
export const vendorPlace = ({ own }: StoredSession): VendorPlace => decodeOwn(own).vendor

/** Draws the secrets of a session and stores them with its terms, before anything is signed. */
export async function draftSession(
  store: ChannelStore,
  wishes: SessionWishes,
  client: Uint8Array,
  vendor: VendorPlace,
): Promise<{ session: Digest; terms: SessionTerms }> {
  const [nonce, lockSeed, top] = [randomSeed(), randomSeed(), randomSeed()]
  const sessionKey = lockSuite(wishes.suite).keyGen(lockSeed).publicKey
  const anchors = new PaywordChain(nonce, top, wishes.paymentsMax).anchors()
  const terms: SessionTerms = { ...wishes, client, nonce, sessionKey, anchors }
  const session = sessionDigest(terms)
  await store.create({ session, terms, own: encodeOwn({ lockSeed, top, vendor }) })
  return { session, terms }
}

/** Name of the protocol between client and vendor. */
export const channelProtocol = 'channel'

export interface ChannelClientOptions {
  readonly store: ChannelStore
  readonly session: Digest
  readonly key: SigningKey
  /** Units paid and not served at once (default 1): what the client has at risk. */
  readonly ahead?: number
  /** Block time, as far as it is known. */
  readonly now: () => number
  /** Gets the claim that ends the session, again after a restart. */
  readonly onClaim: (claim: SessionClaim) => void
  /** Gets every unit that arrives, those too that were paid before a restart. */
  readonly onUnit?: (unit: Unit) => void
  /** The vendor broke a rule, or refuses something. */
  readonly onFault?: (reason: string) => void
  /** The stream to the vendor broke; it is dialled again by itself. */
  readonly onDown?: () => void
  /** What decides (default: the rules of an honest client). */
  readonly step?: typeof stepClient
}

/** A unit that was paid and came. */
export interface Unit {
  readonly index: number
  readonly content: Uint8Array
}

interface Wanted {
  readonly item: Digest
  readonly resolve: (unit: Unit) => void
  readonly reject: (error: Error) => void
}

type Input = { readonly event: ClientEvent; readonly wanted?: Wanted }

/** A session that pays. */
export class ChannelClient {
  readonly #options: ChannelClientOptions
  readonly #context: ClientContext
  readonly #turns = new Turns<Input>(channelLimits.turnPayments, inputs => this.#turn(inputs))
  #state: ClientState
  #link: ClientSession | undefined
  /** Streams that came and of which what decides does not know yet. */
  #unheard = 0
  #wanted: Wanted[] = []
  #asked = 0
  readonly #coming = new Map<number, Wanted>()
  #closing: { resolve: (claim: SessionClaim) => void; reject: (error: Error) => void }[] = []
  #claim: SessionClaim | undefined

  private constructor(options: ChannelClientOptions, context: ClientContext, state: ClientState) {
    this.#options = options
    this.#context = context
    this.#state = state
  }

  /** The client of a stored session, as it was left. Throws `not_found`. */
  static async load(options: ChannelClientOptions): Promise<ChannelClient> {
    const { store, session, key, ahead = 1 } = options
    const stored = store.session(session)
    if (!stored) throw new MupibError('not_found', 'this session is not stored here')
    const { terms } = stored
    const { lockSeed, top } = decodeOwn(stored.own)
    const chain = new PaywordChain(terms.nonce, top, terms.paymentsMax)
    const context: ClientContext = {
      terms,
      session,
      key,
      lockKey: lockSuite(terms.suite).keyGen(lockSeed),
      word: index => chain.value(index),
      ahead: Math.min(ahead, channelLimits.ahead),
      expiryMarginMs: channelLimits.expiryMarginMs,
    }
    const [start, last] = [store.payment(session, 0), await store.lastPayment(session)]
    const standing = store.standing(session)
    if (start && last) {
      const state = resumedClient(context, start, last, standing?.count ?? 0, standing?.phase ?? 'open')
      const client = new ChannelClient(options, context, state)
      client.#claim = standing?.claim
      if (standing?.claim) options.onClaim(standing.claim)
      return client
    }
    const first = startPayment(context)
    await store.write(session, { payments: [first.payment] })
    return new ChannelClient(options, context, newClient(first))
  }

  get made(): number {
    return this.#state.made
  }

  get served(): number {
    return this.#state.served
  }

  get phase(): ClientState['phase'] {
    return this.#state.phase
  }

  /** Keeps a stream to the vendor from now on. */
  connect(host: Host, multiaddrs: readonly string[]): void {
    this.#link = openSession({
      host,
      peerId: peerIdFromPublicKey(this.#context.terms.vendor),
      multiaddrs,
      protocol: channelProtocol,
      random: systemRandom,
      frameBytesMax: channelLimits.frameBytes,
      queueBytesMax: channelLimits.queueBytes,
      inFlightMax: channelLimits.turnPayments,
      onFrame: frame => this.#turns.push({ event: { type: 'received', message: decodeVendorMessage(frame) } }),
      onUp: () => {
        this.#unheard += 1
        this.#tell({ type: 'connected' })
      },
      onDown: () => {
        this.#tell({ type: 'disconnected' })
        this.#options.onDown?.()
      },
    })
  }

  /** The vendor is somewhere else now. */
  setAddresses(multiaddrs: readonly string[]): void {
    this.#link?.setAddresses(multiaddrs)
  }

  /** Whether the stream stands. */
  get isConnected(): boolean {
    return this.#link?.isUp ?? false
  }

  /** Pays for one unit and waits for it; more than `ahead` of them wait for their turn. Throws `refused`. */
  pay(item: Digest): Promise<Unit> {
    return new Promise((resolve, reject) => {
      this.#wanted.push({ item, resolve, reject })
      this.#fill()
    })
  }

  /** Ends the session with the vendor; resolves with the claim that both signed. Throws `refused` where the vendor disagrees. */
  close(): Promise<SessionClaim> {
    if (this.#claim) return Promise.resolve(this.#claim)
    return new Promise((resolve, reject) => {
      this.#closing.push({ resolve, reject })
      this.#tell({ type: 'close' })
    })
  }

  /** Ends the session without the vendor. Throws `refused` after expiry. */
  closeAlone(): Promise<SessionClaim> {
    if (this.#claim) return Promise.resolve(this.#claim)
    return new Promise((resolve, reject) => {
      this.#closing.push({ resolve, reject })
      this.#tell({ type: 'close_alone', now: this.#options.now() })
    })
  }

  /** Tells the time of a new block: shortly before expiry the client closes. */
  time(now: number): void {
    this.#tell({ type: 'time', now })
  }

  /** Cuts the stream; what is stored stays. Whoever waits is refused. */
  async stop(): Promise<void> {
    await this.#link?.close()
    await this.#turns.settled()
    this.#giveUp(new MupibError('stopped', 'the client was stopped'))
  }

  #tell(event: ClientEvent): void {
    this.#turns.push({ event }).catch((error: Error) => this.#giveUp(error))
  }

  #giveUp(error: Error): void {
    for (const { reject } of [...this.#wanted.splice(0), ...this.#coming.values(), ...this.#closing.splice(0)])
      reject(error)
    this.#coming.clear()
  }

  /** Asks for as many payments as there is room for. */
  #fill(): void {
    const { made, served, phase } = this.#state
    while (this.#wanted.length > 0 && (phase !== 'open' || made + this.#asked - served < this.#context.ahead)) {
      const wanted = this.#wanted.shift()!
      this.#asked += 1
      const event: ClientEvent = { type: 'pay', item: wanted.item, now: this.#options.now() }
      this.#turns.push({ event, wanted }).catch((error: Error) => wanted.reject(error))
    }
  }

  async #turn(inputs: readonly Input[]): Promise<void> {
    const effects: ClientEffect[] = []
    for (const { event, wanted } of inputs) {
      if (event.type === 'connected') {
        await this.#carryOut(effects.splice(0))
        this.#unheard -= 1
      }
      const step = (this.#options.step ?? stepClient)(this.#context, this.#state, event)
      this.#state = step.state
      effects.push(...step.effects.filter(({ type }) => !wanted || type !== 'refuse'))
      if (!wanted) continue
      this.#asked -= 1
      for (const effect of step.effects) {
        if (effect.type === 'paid') this.#coming.set(effect.index, wanted)
        if (effect.type === 'refuse') wanted.reject(new MupibError('refused', `not paid: ${effect.reason}`))
      }
    }
    await this.#carryOut(effects)
    this.#fill()
  }

  async #carryOut(effects: readonly ClientEffect[]): Promise<void> {
    await this.#persist(effects)
    for (const effect of effects) this.#perform(effect)
  }

  /** Sends on the stream for which it was meant: a newer one begins with hello. */
  #send(message: ClientMessage): void {
    if (this.#unheard === 0) this.#link?.send(encodeMessage(message))
  }

  async #persist(effects: readonly ClientEffect[]): Promise<void> {
    const persists = effects.filter(effect => effect.type === 'persist')
    const last = persists.at(-1)
    if (!last) return
    const claim = persists.find(effect => effect.claim)?.claim ?? this.#claim
    await this.#options.store.write(this.#context.session, {
      payments: persists.flatMap(({ payment }): readonly Payment[] => (payment ? [payment] : [])),
      standing: { phase: last.phase, count: last.served, claim },
    })
  }

  #perform(effect: ClientEffect): void {
    switch (effect.type) {
      case 'send':
        this.#send(effect.message)
        return
      case 'resend':
        for (let index = effect.from; index <= effect.to; index++) {
          const payment = this.#options.store.payment(this.#context.session, index)!
          this.#send({ type: 'payment', payment })
        }
        return
      case 'content': {
        const unit = { index: effect.index, content: effect.content }
        const { index } = unit
        this.#options.onUnit?.(unit)
        this.#coming.get(index)?.resolve(unit)
        this.#coming.delete(index)
        return
      }
      case 'claim':
        this.#claim = effect.claim
        for (const { resolve } of this.#closing.splice(0)) resolve(effect.claim)
        this.#options.onClaim(effect.claim)
        return
      case 'fault':
        this.#options.onFault?.(effect.reason)
        // also whoever waits for room: there may never be any
        this.#giveUp(new MupibError('refused', `the vendor does not go on: ${effect.reason}`, { hint: 'close alone' }))
        return
      case 'refuse':
        for (const { reject } of this.#closing.splice(0))
          reject(new MupibError('refused', `not done: ${effect.reason}`))
        return
      case 'persist':
      case 'paid':
    }
  }
}
