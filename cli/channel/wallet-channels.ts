// A user's sessions: opened at the bank, paid to the vendor over a stream, closed on the ledger. What they need lies in the wallet's folder
// `channels`, apart from its tokens.
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import {
  encodeTerms,
  type LockSuiteName,
  lockSuites,
  type SessionTerms,
  signSession,
  verifySession,
} from '../../proto/session/terms.ts'
import type { SessionStanding } from '../../proto/verdict.ts'
import { toMupibError } from '../common/errors.ts'
import { memberNamed } from '../common/rulings.ts'
import { Counterparties, type OfferedSessions } from '../user/counterparties.ts'
import type { WalletHome } from '../user/wallet.ts'
import { draftSession, type VendorPlace, vendorPlace } from './client.ts'
import { channelLimits } from './limits.ts'
import { answerText, type ReputationTold, SessionLedger } from './session-ledger.ts'
import { type CertifiedStanding, type ChannelStore, openChannelStore, type StoredSession } from './store.ts'

/** What a user wants of a session; the vendor's offer says the rest. */
export interface OpeningWishes {
  /** Name in services.json, or address. */
  readonly vendor: string
  /** Money of one payment (default: what the vendor asks). */
  readonly unit?: bigint
  /** Default: a thousand, or as many as the vendor takes. */
  readonly payments?: number | undefined
  readonly suite: LockSuiteName
  readonly expiresInMs: number
  /** Default: what the vendor asks. */
  readonly windowMs?: number
}

/** A session as its client shows it; money in minor units, times in milliseconds since 1970. */
export interface ClientSessionShown {
  readonly session: Digest
  readonly vendor: string
  /** `draft` until the ledger has opened it. */
  readonly state: SessionStanding['state'] | 'draft'
  readonly suite: LockSuiteName
  readonly unit: bigint
  readonly paymentsMax: number
  /** Payments made. */
  readonly made: number
  readonly expiry: number
  readonly windowMs: number
  readonly standing: SessionStanding | undefined
}

/** Where the vendor listens for a session's payments. */
export interface Listening {
  readonly multiaddrs: readonly string[]
  readonly chunkBytes: number | undefined
}

const defaultPayments = 1_000
/** Refusals after which nobody can ever open the session: neither bank nor vendor has signed it. */
const neverOpened: readonly ErrorCode[] = [
  'insufficient_funds',
  'blocked',
  'no_account',
  'wrong_role',
  'session_terms',
  'bad_input',
  'wrong_network',
]

export class WalletChannels {
  readonly home: WalletHome
  readonly store: ChannelStore
  readonly ledger: SessionLedger
  readonly #parties: Counterparties

  private constructor(home: WalletHome, store: ChannelStore, ending: AbortSignal) {
    this.home = home
    this.store = store
    const auditors = home.genesis.members.filter(({ role }) => role === 'auditor').map(({ name }) => name)
    this.ledger = new SessionLedger(home, home.own.bank, auditors, ending)
    this.#parties = new Counterparties(home, ending)
  }

  /** Throws what opening a store throws: `store_locked` while another command uses the sessions. */
  static async open(home: WalletHome, ending: AbortSignal): Promise<WalletChannels> {
    return new WalletChannels(home, await openChannelStore(home), ending)
  }

  /** Agrees with the vendor, has the bank hold the money, and the ledger open the session. Throws `refused`, and what those say. */
  async open(wishes: OpeningWishes): Promise<ClientSessionShown> {
    const { home } = this
    const vendor = await this.#parties.offer(wishes.vendor)
    const { name, url, publicKey } = vendor
    const offered = checkOffer(vendor.sessions, name, wishes.suite)
    if (vendor.bank !== home.own.bank)
      throw new MupibError('refused', `${name} has its account at ${vendor.bank}, this wallet at ${home.own.bank}`)
    const now = Date.now()
    const { openWithinMs } = channelLimits
    const drafted = {
      network: home.network,
      bank: memberNamed(home.genesis, 'bank', home.own.bank).certificate.fingerprint,
      vendor: publicKey,
      suite: wishes.suite,
      unit: wishes.unit ?? offered.unit,
      paymentsMax: wishes.payments ?? Math.min(defaultPayments, offered.paymentsMax),
      openBy: now + openWithinMs,
      expiry: now + Math.max(wishes.expiresInMs, openWithinMs + 1),
      windowMs: wishes.windowMs ?? offered.windowMs,
    }
    const { session } = await draftSession(this.store, drafted, home.key.publicKey, { name, url })
    try {
      return await this.goOn(session)
    } catch (error) {
      if (neverOpened.includes(toMupibError(error).code)) await this.store.drop(session)
      throw error
    }
  }

  /** Takes a drafted session to its opening, from wherever it was left: every step may be repeated. Throws `not_found`. */
  async goOn(session: Digest): Promise<ClientSessionShown> {
    const { terms } = this.#stored(session)
    if (!this.store.certified(session)) {
      const signatures = await this.#offer(session)
      await this.learn(await this.ledger.open(session, terms, signatures))
    }
    try {
      await this.listening(session)
    } catch (error) {
      // a vendor that did not hear of the opening in time has forgotten the terms
      if (toMupibError(error).code !== 'not_found') throw error
      await this.#offer(session)
      await this.listening(session)
    }
    return this.shown(session)
  }

  /** Offers the terms to the vendor, which signs the same ones again. */
  async #offer(session: Digest): Promise<{ readonly client: Uint8Array; readonly vendor: Uint8Array }> {
    const { terms, place } = this.#stored(session)
    const client = signSession(session, 'client', this.home.key)
    const offer = { terms: toHex(encodeTerms(terms)), client: toHex(client) }
    const accepted = await this.#atVendor<{ vendor?: unknown }>(terms, place, 'POST', '/sessions', offer)
    const vendor = bytesOfHex(/^[0-9a-f]{128}$/.test(String(accepted.vendor)) ? String(accepted.vendor) : '')
    if (!verifySession(session, 'vendor', terms.vendor, vendor))
      throw new MupibError('bad_signature', `what ${place.name} sent is not its signature on these terms`)
    return { client, vendor }
  }

  /**
   * Where the vendor listens, which is shown the ledger's word that the session is open where it lacks that. Throws `undecided`,
   * `already_settled`, `unreachable`.
   */
  async listening(session: Digest): Promise<Listening> {
    const { terms, place } = this.#stored(session)
    const certified = this.store.certified(session)
    if (!certified)
      throw new MupibError('undecided', 'this session is not open yet', { hint: 'mupib channel open --session' })
    let there = await this.#atVendor<VendorSays>(terms, place, 'GET', `/sessions/${session}`)
    if (there.state === 'offered') {
      const answer = { answer: answerText(certified) }
      there = await this.#atVendor<VendorSays>(terms, place, 'POST', `/sessions/${session}/opening`, answer)
    }
    if (there.state === 'settled') {
      // the bank says how, and a vendor that only says so gains nothing
      await this.ask(session).catch(() => {})
      throw new MupibError('already_settled', `${place.name} says that the session is settled`, {
        hint: 'mupib channel show',
      })
    }
    const multiaddrs = Array.isArray(there.multiaddrs) ? there.multiaddrs.map(String) : []
    return { multiaddrs, chunkBytes: typeof there.chunkBytes === 'number' ? there.chunkBytes : undefined }
  }

  #atVendor<T>(
    { vendor }: SessionTerms,
    { name, url }: VendorPlace,
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
  ): Promise<T> {
    return this.#parties.vendor<T>({ name, url, publicKey: vendor }, method, path, body)
  }

  #stored(session: Digest): StoredSession & { readonly place: VendorPlace } {
    const stored = this.store.session(session)
    if (!stored) throw new MupibError('not_found', `this wallet has no session ${session}`)
    return { ...stored, place: vendorPlace(stored) }
  }

  /** Throws `not_found`. */
  terms(session: Digest): SessionTerms {
    return this.#stored(session).terms
  }

  /** Keeps what the ledger certified. */
  async learn(certified: CertifiedStanding): Promise<void> {
    await this.store.putCertified(certified.standing.session, certified.answer)
  }

  /** Asks the bank how a session stands, and keeps it. Throws `unreachable`, `undecided`. */
  async ask(session: Digest): Promise<SessionStanding> {
    const certified = await this.ledger.standing(session)
    await this.learn(certified)
    return certified.standing
  }

  /** Waits until the ledger has settled a session. Throws `stopped`, `unreachable`. */
  async settled(session: Digest): Promise<SessionStanding> {
    const [bank] = this.ledger.carriers
    let height = this.store.toldHeight(bank!.name)
    for (;;) {
      const standing = await this.ask(session)
      if (standing.state === 'settled') return standing
      height = (await this.ledger.news(bank!, height)).height
    }
  }

  /** A session's client by its name, or the only one that is not settled. Throws `not_found`, `usage`. */
  async named(given: string | undefined): Promise<Digest> {
    const sessions = await this.store.sessions()
    if (given !== undefined) {
      const found = sessions.filter(session => session.startsWith(given))
      if (found.length === 1) return found[0]!
      throw new MupibError(
        'not_found',
        `this wallet has ${found.length === 0 ? 'no' : 'more than one'} session ${given}`,
      )
    }
    const open = sessions.filter(session => this.store.certified(session)?.standing.state !== 'settled')
    if (open.length === 1) return open[0]!
    throw new MupibError('usage', open.length === 0 ? 'no session is open' : `which of ${open.length} sessions?`, {
      hint: open.length === 0 ? 'mupib channel open --vendor NAME' : 'mupib channel show lists them',
    })
  }

  async shown(session: Digest): Promise<ClientSessionShown> {
    const { terms, place } = this.#stored(session)
    const { suite, unit, paymentsMax, expiry, windowMs } = terms
    const standing = this.store.certified(session)?.standing
    const made = (await this.store.lastPayment(session))?.index ?? 0
    const state = standing?.state ?? 'draft'
    return { session, vendor: place.name, state, suite, unit, paymentsMax, made, expiry, windowMs, standing }
  }

  async list(): Promise<ClientSessionShown[]> {
    return Promise.all((await this.store.sessions()).map(session => this.shown(session)))
  }

  /** What the bank thinks of both parties. Throws `unreachable`, `no_account`. */
  async reputations(session: Digest): Promise<{ readonly client: ReputationTold; readonly vendor: ReputationTold }> {
    const { client, vendor } = this.terms(session)
    return { client: await this.ledger.reputation(client), vendor: await this.ledger.reputation(vendor) }
  }

  close(): Promise<void> {
    return this.store.close()
  }
}

/** What a vendor says of a session; believed as far as it is an address. */
interface VendorSays {
  readonly state?: unknown
  readonly multiaddrs?: unknown
  readonly chunkBytes?: unknown
}

function checkOffer(offered: OfferedSessions | undefined, name: string, suite: LockSuiteName): OfferedSessions {
  if (!offered) throw new MupibError('refused', `${name} takes no sessions`)
  if (!offered.suites.includes(suite))
    throw new MupibError('refused', `${name} takes no session with ${suite} locks`, {
      hint: `it takes: ${offered.suites.filter(other => other in lockSuites).join(', ')}`,
    })
  return offered
}
