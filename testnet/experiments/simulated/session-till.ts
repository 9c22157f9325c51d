// The simulated vendor of sessions: performs what vendor-rules.ts decides, or what a dishonest vendor makes of it, on the virtual store, clock and post.
import { channelLimits } from '../../../cli/channel/limits.ts'
import {
  heldIndex,
  newVendor,
  stepVendor,
  type VendorContext,
  type VendorEffect,
  type VendorEvent,
  type VendorState,
} from '../../../cli/channel/vendor-rules.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { bytesEqual } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import { lockSuite } from '../../../proto/locks/suites.ts'
import type { SessionClaim } from '../../../proto/session/claims.ts'
import type { Misconduct } from '../../../proto/session/misconduct.ts'
import type { Payment } from '../../../proto/session/payment.ts'
import {
  type SessionTerms,
  sessionDigest,
  signSession,
  termsFault,
  verifySession,
} from '../../../proto/session/terms.ts'
import type { SessionStanding } from '../../../proto/verdict.ts'
import type { VendorRule } from '../../dishonest/behaviour.ts'
import { dishonestVendors } from '../../dishonest/index.ts'
import type { LedgerAccess } from './ledger-client.ts'
import { keyOf } from './parties.ts'
import type { Letter, PartyWorld } from './party.ts'
import type { Row } from './party-store.ts'
import type { Frame, StreamMessage } from './session-letters.ts'
import { againMs, SessionParty, type SessionPartyOptions, Turns, tillName } from './session-party.ts'
import { Wire } from './session-wire.ts'

/** A session that was accepted, as it is stored. */
interface Accepted {
  readonly session: Digest
  readonly terms: SessionTerms
  readonly client: string
  /** On the ledger; undefined until it is open. */
  readonly stands: Pick<SessionStanding, 'state' | 'index'> | undefined
}

interface Kept {
  readonly phase: VendorState['phase']
  readonly last: number
  readonly checked: number
  readonly claim: SessionClaim | undefined
}

interface Serving {
  readonly context: VendorContext
  readonly client: string
  readonly turns: Turns<VendorEvent>
  state: VendorState
  wire: Wire
}

/** Ways in which planted bugs make a simulated till go wrong. */
export interface TillSwitches {
  /** Serves and claims by its own clock, and does not look whether a client closed meanwhile. */
  readonly ignoresLedger?: boolean
}

const content = Uint8Array.of(1)

export class Till extends SessionParty {
  readonly #rule: VendorRule
  readonly #serving = new Map<Digest, Serving>()

  readonly #switches: TillSwitches

  constructor(
    world: PartyWorld,
    random: Random,
    access: LedgerAccess,
    options: SessionPartyOptions,
    switches: TillSwitches,
  ) {
    super(tillName, world, random, access, options)
    this.#switches = switches
    const { vendor } = options.book.load
    this.#rule = vendor === 'honest' ? stepVendor : dishonestVendors[vendor](stepVendor)
  }

  protected wake(): void {
    this.connect()
    for (const [, accepted] of this.store.entries<Accepted>('accepted/'))
      if (accepted.stands?.state !== 'settled') this.#serve(accepted)
    this.#tend()
  }

  protected override end(kind: 'power' | 'kill'): void {
    super.end(kind)
    this.#serving.clear()
  }

  get isIdle(): boolean {
    return this.hasNoClaims && this.store.entries('misconduct/').length === 0
  }

  #tend(): void {
    this.carryClaims()
    for (const [session, misconduct] of this.store.entries<Misconduct>('misconduct/')) {
      const { terms } = this.store.get<Accepted>(`accepted/${session}`)!
      this.send('bank', { type: 'misconduct', terms, misconduct })
    }
    this.later(againMs, () => this.#tend())
  }

  protected hear(from: string, letter: Letter): void {
    if (letter.type === 'offer') this.#accept(from, letter.terms, letter.signature)
    if (letter.type === 'frame') this.#takeFrame(letter)
    if (letter.type === 'noted') this.store.write([[`misconduct/${letter.session}`, undefined]])
    if (letter.type === 'refusedSession') this.refused(from, letter)
  }

  /** Signs terms that it can serve, once they are stored. */
  #accept(client: string, terms: SessionTerms, signature: Uint8Array): void {
    const session = sessionDigest(terms)
    const key = keyOf(tillName)
    if (!bytesEqual(terms.vendor, key.publicKey) || termsFault(terms)) return
    if (!lockSuite(terms.suite).verifier(terms.sessionKey)) return
    if (!verifySession(session, 'client', terms.client, signature)) return
    const tell = (): void =>
      this.send(client, { type: 'accepted', session, signature: signSession(session, 'vendor', key) })
    if (this.store.get(`accepted/${session}`)) {
      tell()
      return
    }
    const accepted: Accepted = { session, terms, client, stands: undefined }
    this.store.write([[`accepted/${session}`, accepted]], tell)
    this.#serve(accepted)
  }

  /** Takes up a session as it was left. */
  #serve({ session, terms, client, stands }: Accepted): void {
    const context: VendorContext = {
      terms,
      session,
      key: keyOf(tillName),
      verifier: lockSuite(terms.suite).verifier(terms.sessionKey)!,
      lockBatch: 1,
      expiryMarginMs: channelLimits.expiryMarginMs,
      paymentAt: index => this.store.get<Payment>(`payment/${session}/${index}`),
    }
    const kept = this.store.get<Kept>(`kept/${session}`)
    const last = kept && context.paymentAt(kept.last)
    const state =
      kept && last
        ? { ...newVendor, phase: kept.phase, last, served: last.index, checked: kept.checked, claim: kept.claim }
        : newVendor
    const turns = new Turns<VendorEvent>((event, done) => this.#turn(session, event, done))
    this.#serving.set(session, { context, client, turns, state, wire: new Wire(-1) })
    // what the ledger said before a crash may not have been dealt with
    if (stands && !this.#switches.ignoresLedger) turns.push({ type: 'ledger', ...stands })
  }

  protected learn({ session, state, index }: SessionStanding): void {
    const accepted = this.store.get<Accepted>(`accepted/${session}`)
    if (!accepted) return
    this.store.write([[`accepted/${session}`, { ...accepted, stands: { state, index } }]])
    if (!this.#switches.ignoresLedger) this.#serving.get(session)?.turns.push({ type: 'ledger', state, index })
  }

  protected timePassed(): void {
    for (const { turns } of this.#serving.values()) turns.push({ type: 'time', now: this.blockTime })
  }

  #takeFrame(frame: Frame): void {
    const { session, connection } = frame
    const serving = this.#serving.get(session)
    if (!serving || connection < serving.wire.connection) return
    if (connection > serving.wire.connection) serving.wire = new Wire(connection)
    for (const message of serving.wire.take(frame)) this.#takeMessage(serving, message)
  }

  #takeMessage(serving: Serving, message: StreamMessage): void {
    const stands = this.store.get<Accepted>(`accepted/${serving.context.session}`)?.stands
    if (stands === undefined || stands.state === 'settled') {
      this.#say(serving, { type: 'refused', index: 0, reason: stands ? 'closed' : 'not_open' })
      return
    }
    if (message.type === 'hello') serving.turns.push({ type: 'hello', message })
    if (message.type === 'payment')
      serving.turns.push({ type: 'payments', payments: [message.payment], now: this.blockTime })
    if (message.type === 'close') serving.turns.push(message)
  }

  #say({ wire, client, context: { session } }: Serving, message: StreamMessage): void {
    if (message.type === 'served') {
      const service = this.serviceOf(session)
      service.delivered = Math.max(service.delivered, message.index)
    }
    this.send(client, wire.frame(session, message))
  }

  #turn(session: Digest, event: VendorEvent, done: () => void): void {
    const serving = this.#serving.get(session)
    if (!serving) return
    this.inOrder(this.#step(serving, event), (effect, next) => this.#perform(serving, effect, next), done)
  }

  #step(serving: Serving, event: VendorEvent): readonly VendorEffect[] {
    const { state, effects } = this.#rule(serving.context, serving.state, event)
    serving.state = state
    return effects
  }

  #perform(serving: Serving, effect: VendorEffect, done: () => void): void {
    const { session, terms } = serving.context
    switch (effect.type) {
      case 'persist':
        this.store.write(this.#rowsOf(serving, effect), done)
        return
      case 'claim':
        this.store.write([this.claimRow(session, terms, effect.claim)], () => {
          this.carryClaims()
          done()
        })
        return
      case 'misconduct':
        this.store.write([[`misconduct/${session}`, effect.misconduct]], done)
        return
      case 'serve': {
        const delivered = this.#step(serving, { type: 'delivered', index: effect.index, content })
        this.inOrder(delivered, (each, next) => this.#perform(serving, each, next), done)
        return
      }
      case 'send':
        this.#say(serving, effect.message)
        break
      case 'locks_wait':
    }
    done()
  }

  #rowsOf({ context: { session, terms }, state }: Serving, effect: Extract<VendorEffect, { type: 'persist' }>): Row[] {
    const { payments = [], checked, phase, claim, misconduct } = effect
    const kept: Kept = { phase, last: heldIndex(state), checked, claim: state.claim }
    return [
      [`kept/${session}`, kept],
      ...payments.map((payment): Row => [`payment/${session}/${payment.index}`, payment]),
      ...(claim ? [this.claimRow(session, terms, claim)] : []),
      ...(misconduct ? [[`misconduct/${session}`, misconduct] as const] : []),
    ]
  }
}
