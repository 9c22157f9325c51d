// What a vendor wants of banks and auditors, for as long as it takes: news of its sessions, its claims carried, evidence taken. Each wait is a
// long poll, or a pause after a failure.
import { setTimeout as pause } from 'node:timers/promises'
import { createBackoff, systemRandom } from '../../node/network/backoff.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import type { Misconduct } from '../../proto/session/misconduct.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import { windowPartMs } from '../channel/limits.ts'
import type { Carrier, SessionLedger } from '../channel/session-ledger.ts'
import type { CertifiedStanding, ChannelStore } from '../channel/store.ts'
import { toMupibError } from '../common/errors.ts'
import { longPollMsMin } from '../common/http.ts'

export interface PursuitOptions {
  readonly ledger: SessionLedger
  readonly store: ChannelStore
  readonly ending: AbortSignal
  /** The shortest dispute window that is accepted. */
  readonly windowMs: number
  /** Gets what the ledger certified, in any order and more than once. */
  readonly learn: (certified: CertifiedStanding) => Promise<void>
  readonly isSettled: (session: Digest) => boolean
  /** Gets what ends the pursuit: a store that failed. */
  readonly fail: (error: unknown) => void
  readonly log: (event: { readonly kind: string; readonly [field: string]: unknown }) => void
}

/** Evidence that is refused by these is not brought again. */
const refusedForGood: readonly string[] = ['bad_proof', 'no_account', 'wrong_network', 'malformed']

const pauseMs = { min: 200, max: 30_000 }

/** Pauses that leave most of a dispute window to whoever comes back late in it. */
const newBackoff = (windowMs = Number.POSITIVE_INFINITY) =>
  createBackoff({ firstMs: pauseMs.min, capMs: windowPartMs(windowMs, pauseMs), random: systemRandom })

export class SessionPursuit {
  readonly #options: PursuitOptions
  readonly #running = new Map<string, Promise<void>>()

  constructor(options: PursuitOptions) {
    this.#options = options
  }

  /** Hears of the sessions from every bank and auditor, from where each was heard last. */
  follow(): void {
    for (const carrier of this.#options.ledger.carriers)
      this.#run(`news of ${carrier.name}`, () => this.#follow(carrier))
  }

  /** Has a claim carried until the session is settled, by whatever claim. */
  carry(session: Digest, terms: SessionTerms, claim: SessionClaim): void {
    this.#run(`claim ${session}`, () => this.#carry(session, terms, claim))
  }

  /** Brings evidence to the bank until it is taken or refused. */
  report(session: Digest, terms: SessionTerms, misconduct: Misconduct): void {
    this.#run(`evidence ${session}`, () => this.#report(session, terms, misconduct))
  }

  /** Resolves when everything has stopped, after the signal. */
  async stopped(): Promise<void> {
    await Promise.all(this.#running.values())
  }

  #run(name: string, work: () => Promise<void>): void {
    if (this.#running.has(name)) return
    const done = work()
      .catch(error => {
        if (!this.#options.ending.aborted) this.#options.fail(error)
      })
      .finally(() => this.#running.delete(name))
    this.#running.set(name, done)
  }

  async #pause(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#options.ending }).catch(() => {})
  }

  async #follow(carrier: Carrier): Promise<void> {
    const { ledger, store, ending, windowMs, learn, log } = this.#options
    const backoff = newBackoff(windowMs)
    let height = store.toldHeight(carrier.name)
    while (!ending.aborted) {
      const askedAt = performance.now()
      const told = await ledger.news(carrier, height).catch((error: unknown) => {
        if (!ending.aborted) log({ kind: 'news_failed', of: carrier.name, code: toMupibError(error).code })
        return undefined
      })
      if (ending.aborted) return
      for (const certified of told?.standings ?? []) await learn(certified)
      if (told && told.height > height) {
        height = told.height
        await store.putToldHeight(carrier.name, height)
      }
      const isFresh = told !== undefined && told.standings.length > 0
      if (isFresh || (told && performance.now() - askedAt >= longPollMsMin)) backoff.reset()
      else await this.#pause(backoff.next())
    }
  }

  async #carry(session: Digest, terms: SessionTerms, claim: SessionClaim): Promise<void> {
    const { ledger, ending, learn, isSettled, log } = this.#options
    const backoff = newBackoff(terms.windowMs)
    while (!ending.aborted && !isSettled(session)) {
      const certified = await ledger.close(session, terms, claim).catch((error: unknown) => {
        const { code, message } = toMupibError(error)
        if (!ending.aborted) log({ kind: 'claim_failed', session, form: claim.form, code, reason: message })
        return undefined
      })
      if (ending.aborted) return
      if (certified) await learn(certified)
      if (!isSettled(session)) await this.#pause(backoff.next())
    }
  }

  async #report(session: Digest, terms: SessionTerms, misconduct: Misconduct): Promise<void> {
    const { ledger, ending, log } = this.#options
    const { kind } = misconduct
    const backoff = newBackoff()
    while (!ending.aborted) {
      try {
        await ledger.report(terms, misconduct)
        log({ kind: 'misconduct_reported', session, what: kind })
        return
      } catch (error) {
        const { code } = toMupibError(error)
        if (!ending.aborted) log({ kind: 'report_failed', session, what: kind, code })
        if (refusedForGood.includes(code)) return
      }
      await this.#pause(backoff.next())
    }
  }
}
