// A vendor's sessions: accepts what clients offer, listens for their payments, and acts on what the ledger certifies. Docs: docs/channels.md.
import { setMaxListeners } from 'node:events'
import type { Host } from '../../node/network/host.ts'
import { bytesEqual, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type LockSuiteName, type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import { type SessionState, sessionStage } from '../../proto/verdict.ts'
import { channelLimits } from '../channel/limits.ts'
import { SessionLedger } from '../channel/session-ledger.ts'
import { type CertifiedStanding, type ChannelStore, openChannelStore, type StoredSession } from '../channel/store.ts'
import type { ChannelVendor, ChannelVendorOptions, VendorStanding } from '../channel/vendor.ts'
import { memberNamed } from '../common/rulings.ts'
import { timerMsUntil } from '../common/timers.ts'
import { Goods } from './goods.ts'
import type { VendorHome } from './home.ts'
import { SessionPursuit } from './session-pursuit.ts'
import type { SessionSettings } from './session-settings.ts'

/** On which terms a vendor takes sessions: part of `GET /offer`. */
export interface SessionOffer {
  readonly unit: bigint
  readonly suites: readonly LockSuiteName[]
  readonly paymentsMax: number
  readonly windowMs: number
  /** Bytes of a unit, where it is a piece of a file. */
  readonly chunkBytes?: number
}

/** A session as its vendor shows it. */
export interface VendorSessionShown {
  readonly session: Digest
  /** The client's public key, as hex. */
  readonly client: string
  /** `offered` until the ledger's word is there. */
  readonly state: SessionState | 'offered'
  readonly unit: bigint
  readonly paymentsMax: number
  /** Milliseconds since 1970. */
  readonly expiry: number
  /** As the ledger settled it. */
  readonly paid?: bigint
  /** How far the payments are. */
  readonly here: VendorStanding
  /** Where the client finds the vendor now. */
  readonly multiaddrs: readonly string[]
  /** Bytes of a unit, where it is a piece of a file. */
  readonly chunkBytes?: number
}

type Log = (event: { readonly kind: string; readonly [field: string]: unknown }) => void

interface Live {
  readonly terms: SessionTerms
  /** Undefined until the ledger's word is there. */
  state: SessionState | undefined
}

/** Offers that were accepted and not opened, at most: each is stored. */
const offeredMax = 1_000
/** And of one client, so that none takes the room of the others. */
const offeredOfClientMax = 16
/** How long an offer may keep its room: twice what wallets ask for. */
const openWithinMsMax = 2 * channelLimits.openWithinMs

export interface VendorSessionsOptions {
  readonly home: VendorHome
  readonly settings: SessionSettings
  readonly log?: Log
  /** What decides in a session (default: the rules of an honest vendor). */
  readonly step?: ChannelVendorOptions['step']
}

export class VendorSessions {
  /** Rejects when the sessions cannot go on: the store failed. */
  readonly failed: Promise<never>
  readonly #home: VendorHome
  readonly #settings: SessionSettings
  readonly #store: ChannelStore
  readonly #goods: Goods
  readonly #log: Log
  readonly #pursuit: SessionPursuit
  readonly #step: ChannelVendorOptions['step']
  readonly #ledger: SessionLedger
  readonly #ending = new AbortController()
  /** Sessions that are not settled. */
  readonly #live = new Map<Digest, Live>()
  #listening: Promise<{ readonly host: Host; readonly vendor: ChannelVendor }> | undefined
  #expiring: NodeJS.Timeout | undefined
  /** The time that the sessions were told last. */
  #toldTime = 0
  #fail!: (error: unknown) => void

  private constructor(
    { home, settings, log = () => {}, step }: VendorSessionsOptions,
    store: ChannelStore,
    goods: Goods,
  ) {
    this.#home = home
    this.#settings = settings
    this.#store = store
    this.#goods = goods
    this.#log = log
    this.#step = step
    this.failed = new Promise((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => {})
    const ending = this.#ending.signal
    // one for the pause of each claim and each evidence under way, which takes it away again
    setMaxListeners(0, ending)
    this.#ledger = new SessionLedger(home, home.own.bank, home.own.auditors, ending)
    this.#pursuit = new SessionPursuit({
      ledger: this.#ledger,
      store,
      ending,
      windowMs: settings.windowMs,
      learn: certified => this.#learn(certified),
      isSettled: session => !this.#live.has(session),
      fail: error => this.#fail(error),
      log,
    })
  }

  /** Opens the store, and takes up what is not settled. Throws what opening a store throws, and `bad_config` where the goods are not there. */
  static async open(options: VendorSessionsOptions): Promise<VendorSessions> {
    const { home, settings } = options
    const goods = await Goods.open(home.dir, settings)
    const sessions = new VendorSessions(options, await openChannelStore(home), goods)
    try {
      await sessions.#resume()
      return sessions
    } catch (error) {
      await sessions.close()
      throw error
    }
  }

  async #resume(): Promise<void> {
    for (const session of await this.#store.sessions()) {
      const state = this.#store.certified(session)?.standing.state
      const { terms } = this.#store.session(session)!
      // a session may be settled before the bank has taken the evidence; what it knows changes nothing
      const misconduct = this.#store.misconduct(session)
      if (misconduct) this.#pursuit.report(session, terms, misconduct)
      if (state !== 'settled') this.#live.set(session, { terms, state })
    }
    if ([...this.#live.values()].some(({ state }) => state)) {
      await this.#listen()
      this.#pursuit.follow()
    }
  }

  get offer(): SessionOffer {
    const { unit, suites, windowMs } = this.#settings
    const { chunkBytes } = this.#goods
    return {
      unit,
      suites,
      paymentsMax: this.#paymentsMax,
      windowMs,
      ...(chunkBytes === undefined ? {} : { chunkBytes }),
    }
  }

  /**
   * Accepts the terms that a client offers, whose certificate was checked: signs and stores them. The same terms get the same signature. Throws
   * `wrong_role`, `wrong_network`, `session_terms`, `bad_signature`, `rate_limited`.
   */
  async accept(client: Uint8Array, terms: SessionTerms, signature: Uint8Array): Promise<Uint8Array> {
    if (!bytesEqual(terms.client, client))
      throw new MupibError('wrong_role', 'a client offers its own sessions only', { field: 'terms' })
    this.#checkWanted(terms)
    const session = sessionDigest(terms)
    if (!this.#store.session(session)) {
      await this.#forgetUnopened()
      this.#checkRoom(client)
      // it has its room before it is written: offers that come at once are counted as well
      if (!this.#live.has(session)) this.#live.set(session, { terms, state: undefined })
    }
    try {
      const { vendor } = await this.#listen()
      return await vendor.accept(terms, signature)
    } finally {
      if (!this.#store.session(session)) this.#live.delete(session)
      else if (!this.#live.has(session) && !this.#store.certified(session))
        this.#live.set(session, { terms, state: undefined })
    }
  }

  /** Payments of one session: none is taken for a piece that the file does not have. */
  get #paymentsMax(): number {
    return Math.min(this.#settings.paymentsMax, this.#goods.units)
  }

  /** Throws `rate_limited`. */
  #checkRoom(client: Uint8Array): void {
    const offered = [...this.#live.values()].filter(({ state }) => !state)
    const own = offered.filter(({ terms }) => bytesEqual(terms.client, client)).length
    if (offered.length >= offeredMax || own >= offeredOfClientMax)
      throw new MupibError('rate_limited', 'too many sessions wait to be opened here', { hint: 'try again later' })
  }

  /** Throws `wrong_network`, `session_terms`. */
  #checkWanted(terms: SessionTerms): void {
    const { genesis, network, own } = this.#home
    const { unit, suites, windowMs } = this.#settings
    const refuse = (field: keyof SessionTerms, hint: string): never => {
      throw new MupibError('session_terms', `${this.#home.name} does not take a session with this ${field}`, {
        field,
        hint,
      })
    }
    if (terms.network !== network) throw new MupibError('wrong_network', 'a session of another network')
    if (terms.bank !== memberNamed(genesis, 'bank', own.bank).certificate.fingerprint)
      refuse('bank', `through the bank ${own.bank} only`)
    if (!suites.includes(terms.suite)) refuse('suite', `one of ${suites.join(', ')}`)
    if (terms.unit < unit) refuse('unit', `at least ${unit}`)
    if (terms.paymentsMax > this.#paymentsMax) refuse('paymentsMax', `at most ${this.#paymentsMax}`)
    if (terms.windowMs < windowMs) refuse('windowMs', `at least ${windowMs} ms to answer a close`)
    if (terms.openBy > Date.now() + openWithinMsMax) refuse('openBy', `within ${openWithinMsMax} ms`)
    if (terms.expiry <= Date.now() + 2 * channelLimits.expiryMarginMs) refuse('expiry', 'it is nearly over')
  }

  /** Offers that were never opened and cannot be any more. */
  async #forgetUnopened(): Promise<void> {
    for (const [session, { terms, state }] of this.#live) {
      if (state || Date.now() <= terms.openBy + this.#home.genesis.timing.driftMs) continue
      this.#live.delete(session)
      await this.#guard(this.#store.drop(session))
    }
  }

  /** Takes the ledger's word that a session is open, which its client brings. Throws `not_found`, `bad_proof`. */
  async opened(session: Digest, client: Uint8Array, answer: unknown): Promise<VendorSessionShown> {
    this.#stored(session, client)
    const certified = this.#ledger.read(answer)
    if (certified.standing.session !== session) throw unknownSession(session)
    await this.#learn(certified)
    return this.show(session)
  }

  /** Ends a session without its client, and claims what was paid; how it goes on is seen by `show`. Throws `not_found`. */
  async end(session: Digest): Promise<VendorSessionShown> {
    this.#stored(session)
    const { vendor } = await this.#listen()
    await vendor.end(session)
    return this.show(session)
  }

  /** Takes what the ledger certified of a session, unless something newer is known. */
  async #learn(certified: CertifiedStanding): Promise<void> {
    const { standing } = certified
    const { session, state, index, paid, by, contestedAt } = standing
    const live = this.#live.get(session)
    if (!live || sessionStage(state) <= sessionStage(live.state)) return
    live.state = state
    await this.#guard(this.#store.putCertified(session, certified.answer))
    const { vendor } = await this.#listen()
    await vendor.ledger(session, standing)
    this.#pursuit.follow()
    this.#armExpiry(vendor)
    this.#log({ kind: `session_${state}`, session, ...(state === 'open' ? {} : { index, by, paid }), contestedAt })
    if (state === 'settled') this.#live.delete(session)
  }

  /** Throws `not_found`, for another client than the session's, too. */
  async show(session: Digest, client?: Uint8Array): Promise<VendorSessionShown> {
    return this.#shown(this.#stored(session, client))
  }

  /** Throws `not_found`, for another client than the session's, too. */
  #stored(session: Digest, client?: Uint8Array): StoredSession {
    const stored = this.#store.session(session)
    if (!stored || (client && !bytesEqual(stored.terms.client, client))) throw unknownSession(session)
    return stored
  }

  async #shown({ session, terms }: StoredSession): Promise<VendorSessionShown> {
    const certified = this.#store.certified(session)?.standing
    const { unit, paymentsMax, expiry } = terms
    const { host, vendor } = await this.#listen()
    return {
      session,
      client: toHex(terms.client),
      state: certified?.state ?? 'offered',
      unit,
      paymentsMax,
      expiry,
      ...(certified?.state === 'settled' ? { paid: certified.paid } : {}),
      here: (await vendor.standing(session))!,
      multiaddrs: host.multiaddrs(),
      ...(this.#goods.chunkBytes === undefined ? {} : { chunkBytes: this.#goods.chunkBytes }),
    }
  }

  /** All sessions that were accepted, by name. */
  async list(): Promise<VendorSessionShown[]> {
    const shown: VendorSessionShown[] = []
    for (const session of await this.#store.sessions()) shown.push(await this.show(session))
    return shown
  }

  /** Listens from the first session on: a vendor without any needs no host. */
  #listen(): Promise<{ readonly host: Host; readonly vendor: ChannelVendor }> {
    this.#listening ??= this.#startListening()
    return this.#listening
  }

  async #startListening(): Promise<{ readonly host: Host; readonly vendor: ChannelVendor }> {
    const [{ createHost, publicKeyFromPeerId }, { networkTagOf }, { ChannelVendor }] = await Promise.all([
      import('../../node/network/host.ts'),
      import('../../node/client/client.ts'),
      import('../channel/vendor.ts'),
    ])
    const { seed, key, network } = this.#home
    const { listen, lockBatch } = this.#settings
    const host = await createHost({
      privateKey: seed,
      listen,
      networkTag: networkTagOf(network),
      isAdmitted: peerId => (this.#isClient(publicKeyFromPeerId(peerId)) ? 'user' : undefined),
      log: event => this.#log(event),
    })
    const vendor = new ChannelVendor({
      host,
      store: this.#store,
      key,
      lockBatch,
      now: Date.now,
      stateOf: session => this.#live.get(session)?.state ?? this.#store.certified(session)?.standing.state,
      deliver: (session, index) => this.#goods.unit(session, index),
      onClaim: (session, claim) => {
        const live = this.#live.get(session)
        if (live) this.#pursuit.carry(session, live.terms, claim)
      },
      onMisconduct: (session, misconduct) => {
        this.#log({ kind: 'misconduct', session, what: misconduct.kind })
        this.#pursuit.report(session, this.#store.session(session)!.terms, misconduct)
      },
      onFailure: error => this.#fail(error),
      ...(this.#step ? { step: this.#step } : {}),
    })
    await vendor.start()
    for (const session of this.#live.keys()) {
      const standing = this.#store.certified(session)?.standing
      // of a close that it knew of, it may have died before its answer was on the disk
      if (standing?.state === 'closing') await vendor.ledger(session, standing)
    }
    await host.start()
    this.#log({ kind: 'sessions_listen', multiaddrs: host.multiaddrs() })
    this.#armExpiry(vendor)
    return { host, vendor }
  }

  #isClient(key: Uint8Array | undefined): boolean {
    return key !== undefined && [...this.#live.values()].some(({ terms }) => bytesEqual(terms.client, key))
  }

  /** Ends each session in time for the ledger, also where its client is silent. */
  #armExpiry(vendor: ChannelVendor): void {
    clearTimeout(this.#expiring)
    const ends = [...this.#live.values()].map(({ terms }) => terms.expiry - channelLimits.expiryMarginMs)
    const first = Math.min(...ends.filter(end => end > this.#toldTime))
    if (!Number.isFinite(first) || this.#ending.signal.aborted) return
    this.#expiring = setTimeout(() => {
      this.#toldTime = Date.now()
      vendor.time(this.#toldTime).then(
        () => this.#armExpiry(vendor),
        error => this.#fail(error),
      )
    }, timerMsUntil(first))
  }

  /** A write whose failure stops the vendor. */
  async #guard(write: Promise<void>): Promise<void> {
    try {
      await write
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  /** Stops taking payments and closes the store; what is open is taken up at the next start. */
  async close(): Promise<void> {
    this.#ending.abort()
    clearTimeout(this.#expiring)
    const listening = await this.#listening?.catch(() => undefined)
    await listening?.vendor.stop()
    await listening?.host.stop()
    await this.#pursuit.stopped()
    await this.#goods.close()
    await this.#store.close()
  }
}

const unknownSession = (session: Digest): MupibError =>
  new MupibError('not_found', `no session ${session} of yours here`)
