// A vendor's end of its sessions: performs what vendor-rules.ts decides, over streams that clients open and a store that keeps every payment.
import { type Host, publicKeyFromPeerId } from '../../node/network/host.ts'
import { createSessionServer, type Session as Link, type SessionServer } from '../../node/network/sessions.ts'
import { bytesEqual } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { Misconduct } from '../../proto/session/misconduct.ts'
import type { Payment } from '../../proto/session/payment.ts'
import { type SessionTerms, sessionDigest, signSession, termsFault, verifySession } from '../../proto/session/terms.ts'
import type { SessionStanding, SessionState } from '../../proto/verdict.ts'
import { channelProtocol } from './client.ts'
import { channelLimits } from './limits.ts'
import { type ClientMessage, decodeClientMessage, encodeMessage, type VendorMessage } from './messages.ts'
import type { ChannelStore } from './store.ts'
import { Turns } from './turns.ts'
import {
  heldIndex,
  stepVendor,
  type VendorContext,
  type VendorEffect,
  type VendorEvent,
  type VendorState,
} from './vendor-rules.ts'

export interface ChannelVendorOptions {
  readonly host: Host
  readonly store: ChannelStore
  readonly key: SigningKey
  /** Payments whose locks are checked together; 1 (the default) checks each before its unit is served. */
  readonly lockBatch?: number
  /** How long the first of them waits, at most. */
  readonly lockWaitMs?: number
  /** Block time, as far as it is known. */
  readonly now: () => number
  /** How a session stands on the ledger, as far as it is known: before it is open there nothing of it is taken, nor after it is settled. */
  readonly stateOf: (session: Digest) => SessionState | undefined
  /** What a unit is: bytes, the same whenever the same unit is asked for. */
  readonly deliver: (session: Digest, index: number, item: Digest) => Uint8Array | Promise<Uint8Array>
  /** Gets the claim that ends a session, again after a restart. */
  readonly onClaim: (session: Digest, claim: SessionClaim) => void
  readonly onMisconduct?: (session: Digest, misconduct: Misconduct) => void
  /** The store failed: nothing more is taken. */
  readonly onFailure?: (error: unknown) => void
  /** What decides (default: the rules of an honest vendor). */
  readonly step?: typeof stepVendor
}

/** How a stored session was left. */
async function storedState(store: ChannelStore, session: Digest): Promise<VendorState> {
  const last = await store.lastPayment(session)
  const standing = store.standing(session)
  const phase = standing?.phase === 'closing' ? 'closed' : (standing?.phase ?? 'open')
  return { phase, last, served: last?.index ?? 0, checked: standing?.count ?? 0, claim: standing?.claim }
}

interface Input {
  readonly link: Link | undefined
  readonly message: ClientMessage | Extract<VendorEvent, { type: 'locks_due' | 'time' | 'end' | 'ledger' }>
}

/** One session of a vendor. */
class VendorSession {
  readonly #options: ChannelVendorOptions
  readonly #context: VendorContext
  readonly #turns = new Turns<Input>(channelLimits.turnPayments, async inputs => {
    try {
      await this.#turn(inputs)
    } catch (error) {
      this.#options.onFailure?.(error)
      throw error
    }
  })
  /** Payments of this turn, and those whose locks wait. */
  readonly #recent = new Map<number, Payment>()
  #state: VendorState
  #link: Link | undefined
  #lockTimer: NodeJS.Timeout | undefined

  private constructor(options: ChannelVendorOptions, terms: SessionTerms, session: Digest, state: VendorState) {
    this.#options = options
    this.#state = state
    const { store, key, lockBatch = 1 } = options
    const verifier = lockSuite(terms.suite).verifier(terms.sessionKey)
    if (!verifier) throw new MupibError('bug', 'a session was accepted under a key that is none')
    this.#context = {
      terms,
      session,
      key,
      verifier,
      lockBatch: Math.min(lockBatch, channelLimits.lockBatch),
      expiryMarginMs: channelLimits.expiryMarginMs,
      paymentAt: index => this.#recent.get(index) ?? store.payment(session, index),
    }
  }

  static async load(options: ChannelVendorOptions, session: Digest, terms: SessionTerms): Promise<VendorSession> {
    const state = await storedState(options.store, session)
    const loaded = new VendorSession(options, terms, session, state)
    if (state.claim) options.onClaim(session, state.claim)
    if (state.checked < heldIndex(state)) loaded.#waitForLocks()
    return loaded
  }

  get state(): VendorState {
    return this.#state
  }

  push(input: Input): Promise<void> {
    return this.#turns.push(input)
  }

  async stop(): Promise<void> {
    await this.#turns.settled()
    // the last turn may have begun a new wait
    clearTimeout(this.#lockTimer)
  }

  async #turn(inputs: readonly Input[]): Promise<void> {
    const effects: VendorEffect[] = []
    for (const [event, link] of this.#events(inputs)) {
      // a close is signed at what was served, and a new stream gets nothing before the answer to its hello
      if (event.type === 'close' || event.type === 'hello') await this.#carryOut(effects.splice(0))
      if (event.type === 'hello') this.#link = link
      effects.push(...this.#step(event))
    }
    await this.#carryOut(effects)
    for (const index of this.#recent.keys())
      if (index < Math.min(this.#state.checked, heldIndex(this.#state) - 1)) this.#recent.delete(index)
  }

  async #carryOut(effects: readonly VendorEffect[]): Promise<void> {
    await this.#persist(effects)
    for (const effect of effects) await this.#perform(effect)
  }

  /** Payments that follow each other become one event. With a hello comes the stream that is used from it on. */
  *#events(inputs: readonly Input[]): Iterable<readonly [event: VendorEvent, link?: Link | undefined]> {
    let payments: Payment[] = []
    const now = this.#options.now()
    for (const { link, message } of inputs) {
      if (message.type === 'payment') {
        // what an earlier stream left behind is sent again on the newer one
        if (link === this.#link) payments.push(message.payment)
        continue
      }
      if (payments.length > 0) yield [{ type: 'payments', payments, now }]
      payments = []
      if (message.type === 'hello') yield [{ type: 'hello', message }, link]
      else if (message.type !== 'close' || link === this.#link) yield [message]
    }
    if (payments.length > 0) yield [{ type: 'payments', payments, now }]
  }

  #step(event: VendorEvent): readonly VendorEffect[] {
    const { state, effects } = (this.#options.step ?? stepVendor)(this.#context, this.#state, event)
    this.#state = state
    for (const effect of effects)
      if (effect.type === 'persist')
        for (const payment of effect.payments ?? []) this.#recent.set(payment.index, payment)
    return effects
  }

  async #persist(effects: readonly VendorEffect[]): Promise<void> {
    const persists = effects.filter(effect => effect.type === 'persist')
    const last = persists.at(-1)
    if (!last) return
    const [misconduct, release] = [
      persists.find(effect => effect.misconduct)?.misconduct,
      persists.find(effect => effect.release)?.release,
    ]
    await this.#options.store.write(this.#context.session, {
      payments: persists.flatMap(({ payments }) => payments ?? []),
      standing: { phase: last.phase, count: last.checked, claim: this.#state.claim },
      ...(misconduct ? { misconduct } : {}),
      ...(release ? { release } : {}),
    })
  }

  async #perform(effect: VendorEffect): Promise<void> {
    const { session } = this.#context
    switch (effect.type) {
      case 'send':
        this.#link?.send(encodeMessage(effect.message))
        return
      case 'serve': {
        const { index, item } = effect
        const content = await this.#options.deliver(session, index, item)
        for (const next of this.#step({ type: 'delivered', index, content })) await this.#perform(next)
        return
      }
      case 'claim':
        this.#options.onClaim(session, effect.claim)
        return
      case 'misconduct':
        this.#options.onMisconduct?.(session, effect.misconduct)
        return
      case 'locks_wait':
        this.#waitForLocks()
        return
      case 'persist':
    }
  }

  #waitForLocks(): void {
    this.#lockTimer ??= setTimeout(() => {
      this.#lockTimer = undefined
      // a store that fails ends the session for whoever pays next
      this.push({ link: undefined, message: { type: 'locks_due' } }).catch(() => {})
    }, this.#options.lockWaitMs ?? channelLimits.lockWaitMs)
  }
}

/** How a vendor's session stands. */
export interface VendorStanding {
  readonly phase: VendorState['phase']
  readonly held: number
  readonly served: number
  readonly checked: number
}

const isLive = (state: SessionState | undefined): boolean => state === 'open' || state === 'closing'

/** All sessions of a vendor. */
export class ChannelVendor {
  readonly #options: ChannelVendorOptions
  /** Those that somebody pays in, or has to be answered in: what is settled is read from the store. */
  readonly #sessions = new Map<Digest, Promise<VendorSession>>()
  #server: SessionServer | undefined

  constructor(options: ChannelVendorOptions) {
    this.#options = options
  }

  /** Takes up the sessions that are open on the ledger and lets clients in. */
  async start(): Promise<void> {
    const { store, host, stateOf } = this.#options
    for (const session of await store.sessions()) if (isLive(stateOf(session))) await this.#session(session)
    this.#server = await createSessionServer({
      host,
      protocol: channelProtocol,
      roles: ['user'],
      inFlightMax: channelLimits.turnPayments,
      frameBytesMax: channelLimits.frameBytes,
      queueBytesMax: channelLimits.queueBytes,
      onSession: link => {
        const state = { session: undefined as VendorSession | undefined }
        return { onFrame: frame => this.#take(link, state, decodeClientMessage(frame)) }
      },
    })
  }

  /** How a session stands; undefined for one that was never accepted. */
  async standing(session: Digest): Promise<VendorStanding | undefined> {
    const { store } = this.#options
    if (!store.session(session)) return undefined
    const state = (await this.#sessions.get(session))?.state ?? (await storedState(store, session))
    return { phase: state.phase, held: heldIndex(state), served: state.served, checked: state.checked }
  }

  /**
   * Signs the terms of a session that this vendor wants, and stores them before anybody has the signature; the same terms get the same one.
   * Throws `session_terms`, `bad_signature`.
   */
  async accept(terms: SessionTerms, client: Uint8Array): Promise<Uint8Array> {
    const { key, store } = this.#options
    const session = sessionDigest(terms)
    const fault = termsFault(terms)
    if (fault)
      throw new MupibError('session_terms', `${fault.field} does not do: ${fault.hint}`, { field: fault.field })
    if (!bytesEqual(terms.vendor, key.publicKey))
      throw new MupibError('session_terms', 'these terms are for another vendor', { field: 'vendor' })
    if (!lockSuite(terms.suite).verifier(terms.sessionKey))
      throw new MupibError('session_terms', 'this session key is none', { field: 'sessionKey' })
    if (!verifySession(session, 'client', terms.client, client))
      throw new MupibError('bad_signature', "the client's signature on the terms does not hold")
    const known = store.session(session)
    if (known) return known.own
    const own = signSession(session, 'vendor', key)
    await store.create({ session, terms, own })
    return own
  }

  /** Ends a session without its client: what is held is claimed. */
  async end(session: Digest): Promise<void> {
    if (this.#options.stateOf(session) === 'settled') return
    const known = await this.#session(session)
    await known?.push({ link: undefined, message: { type: 'end' } })
  }

  /** Tells a session what the ledger certified of it. */
  async ledger(session: Digest, { state, index }: Pick<SessionStanding, 'state' | 'index'>): Promise<void> {
    const known = await this.#session(session)
    await known?.push({ link: undefined, message: { type: 'ledger', state, index } })
    if (state !== 'settled') return
    this.#sessions.delete(session)
    await known?.stop()
  }

  /** Tells the time of a new block to every session. */
  async time(now: number): Promise<void> {
    for (const session of this.#sessions.values())
      await (await session).push({ link: undefined, message: { type: 'time', now } })
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    for (const session of this.#sessions.values()) await (await session).stop()
  }

  async #session(session: Digest): Promise<VendorSession | undefined> {
    const known = this.#sessions.get(session)
    if (known) return known
    const stored = this.#options.store.session(session)
    if (!stored) return undefined
    const loading = VendorSession.load(this.#options, session, stored.terms)
    this.#sessions.set(session, loading)
    return loading
  }

  async #take(link: Link, state: { session: VendorSession | undefined }, message: ClientMessage): Promise<void> {
    const answer = (reply: VendorMessage): boolean => link.send(encodeMessage(reply))
    if (message.type === 'hello') {
      const client = publicKeyFromPeerId(link.peerId)
      const terms = this.#options.store.session(message.session)?.terms
      const isClient = !!terms && !!client && bytesEqual(client, terms.client)
      const certified = this.#options.stateOf(message.session)
      if (!isClient || !isLive(certified)) {
        const reason = !isClient ? 'unknown_session' : certified === 'settled' ? 'closed' : 'not_open'
        answer({ type: 'refused', index: 0, reason })
        if (reason === 'not_open') await link.close()
        return
      }
      state.session = await this.#session(message.session)
    }
    if (state.session) await state.session.push({ link, message })
    else answer({ type: 'refused', index: 0, reason: 'unknown_session' })
  }
}
