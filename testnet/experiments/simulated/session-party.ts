// What simulated clients and the till have in common: a store, the ledger's word on their sessions, claims that are carried until the ledger has decided
// them, and events that are dealt with one after the other.
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { toHex } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import { encodeClaim, type SessionClaim } from '../../../proto/session/claims.ts'
import type { SessionTerms } from '../../../proto/session/terms.ts'
import type { SessionStanding } from '../../../proto/verdict.ts'
import type { Seen } from '../history.ts'
import type { Manifest } from '../manifest.ts'
import { type LedgerAccess, readAnswer } from './ledger-client.ts'
import { LedgerParty } from './ledger-party.ts'
import type { AnsweredBlock, Letter, PartyWorld } from './party.ts'
import { PartyStore, type Row } from './party-store.ts'
import type { SessionLetter } from './session-letters.ts'

export type SessionLoad = NonNullable<Manifest['load']['sessions']>

/** What somebody who watches both sides of a session sees. */
interface Service {
  made: number
  arrived: number
  delivered: number
}

/** What all parties of sessions share. */
export interface SessionBook {
  readonly load: SessionLoad
  readonly services: Map<Digest, Service>
  see(seen: Seen): void
}

export interface SessionPartyOptions {
  readonly diskMs: number
  readonly genesis: FinalBlock
  readonly book: SessionBook
}

export const tillName = 'till'
/** How often what was not answered is said again, in milliseconds. */
export const againMs = 250

interface OpenClaim {
  readonly terms: SessionTerms
  readonly session: Digest
  readonly claim: SessionClaim
}

/** Deals with events in their order: none is taken up before the one before it is done, which may wait for the disk. */
export class Turns<Event> {
  readonly #events: Event[] = []
  readonly #handle: (event: Event, done: () => void) => void
  #isBusy = false

  constructor(handle: (event: Event, done: () => void) => void) {
    this.#handle = handle
  }

  push(event: Event): void {
    this.#events.push(event)
    this.#next()
  }

  #next(): void {
    if (this.#isBusy) return
    const event = this.#events.shift()
    if (event === undefined) return
    this.#isBusy = true
    this.#handle(event, () => {
      this.#isBusy = false
      this.#next()
    })
  }
}

export abstract class SessionParty extends LedgerParty {
  protected readonly store: PartyStore
  protected readonly book: SessionBook
  readonly #genesis: FinalBlock
  #tries = 0

  constructor(name: string, world: PartyWorld, random: Random, access: LedgerAccess, options: SessionPartyOptions) {
    super(name, world, random, access)
    this.book = options.book
    this.#genesis = options.genesis
    this.store = new PartyStore({
      random: random.fork(1),
      diskMs: () => options.diskMs + this.slownessMs,
      later: (ms, run) => this.later(ms, run),
    })
  }

  protected tip(): FinalBlock {
    return this.store.get<FinalBlock>('tip') ?? this.#genesis
  }

  /** As far as the party knows, in milliseconds since 1970. */
  protected get blockTime(): number {
    return this.tip().block.header.time
  }

  protected override end(kind: 'power' | 'kill'): void {
    super.end(kind)
    this.store.crash(kind)
  }

  protected takeBlock(block: AnsweredBlock): void {
    this.store.write([['tip', block.final]])
    for (const answer of block.answers) {
      const { session } = readAnswer(answer).verdict
      if (!session) continue
      for (const [name, { claim }] of this.#claimsOf(session.session))
        if (session.state === 'settled' || (session.state === 'closing' && claim.form === 'client'))
          this.store.write([[`claim/${name}`, undefined]])
      this.learn(session)
    }
    this.timePassed()
  }

  #claimsOf(session: Digest): [string, OpenClaim][] {
    return this.store.entries<OpenClaim>('claim/').filter(([, each]) => each.session === session)
  }

  /** Nothing waits to be carried. */
  protected get hasNoClaims(): boolean {
    return this.store.entries('claim/').length === 0
  }

  /** A claim to be carried, with what else is to be written. */
  protected claimRow(session: Digest, terms: SessionTerms, claim: SessionClaim): Row {
    return [`claim/${session}/${toHex(encodeClaim(claim))}`, { session, terms, claim }]
  }

  /** Has every open claim carried, by the bank and by an auditor in turn. */
  protected carryClaims(): void {
    const carrier = this.#tries++ % 4 < 3 ? 'bank' : 'auditor'
    for (const [, { terms, claim }] of this.store.entries<OpenClaim>('claim/'))
      this.send(carrier, { type: 'closeSession', terms, claim })
  }

  protected denied(session: Digest, by: string, code: string): void {
    this.book.see({ type: 'denied', session, party: this.name, by, code })
  }

  /** Somebody did not take an opening or a claim: a claim is not carried again. True of an answer that was waited for. */
  protected refused(from: string, letter: Extract<SessionLetter, { type: 'refusedSession' }>): boolean {
    const { session, claim, code } = letter
    if (claim) {
      const name = `claim/${session}/${toHex(encodeClaim(claim))}`
      if (!this.store.get(name)) return false
      this.store.write([[name, undefined]])
    }
    this.denied(session, from, code)
    return true
  }

  /** Performs effects one after the other; each says when it is done. */
  protected inOrder<Effect>(
    effects: readonly Effect[],
    perform: (effect: Effect, done: () => void) => void,
    done: () => void,
  ): void {
    const [first, ...rest] = effects
    if (first === undefined) done()
    else perform(first, () => this.inOrder(rest, perform, done))
  }

  protected serviceOf(session: Digest): Service {
    const known = this.book.services.get(session)
    if (known) return known
    const service = { made: 0, arrived: 0, delivered: 0 }
    this.book.services.set(session, service)
    return service
  }

  /** The ledger said how a session stands. */
  protected abstract learn(standing: SessionStanding): void
  /** The ledger went on. */
  protected abstract timePassed(): void
  protected abstract override hear(from: string, letter: Letter): void
}
