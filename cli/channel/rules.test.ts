// Rules C1 to C8 and V1 to V8, without wire, clock or store.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sign } from '../../proto/keys.ts'
import { lockSuite, openChain } from '../../proto/locks/suites.ts'
import { signClose, verifyClaim } from '../../proto/session/claims.ts'
import { decodeMisconduct, encodeMisconduct, verifyMisconduct } from '../../proto/session/misconduct.ts'
import { encodePayment, linkOf, lockedMessage, type Payment, signPayment } from '../../proto/session/payment.ts'
import { checkClaim } from '../../proto/session/payword.ts'
import {
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  newClient,
  noItem,
  resumedClient,
  startPayment,
  stepClient,
} from './client-rules.ts'
import type { ClientMessage, VendorMessage } from './messages.ts'
import { type TestSession, testExpiry, testSession } from './testing.ts'
import { newVendor, stepVendor, type VendorEffect, type VendorEvent, type VendorState } from './vendor-rules.ts'

/** Both ends in one place: what one sends the other gets at once, unless the wire is cut. */
class Pair {
  readonly session: TestSession
  client: ClientState
  vendor: VendorState = newVendor
  readonly clientStored: Payment[] = []
  readonly effects: (ClientEffect | VendorEffect)[] = []
  isCut = false
  readonly wire: (() => void)[] = []

  constructor(session: TestSession) {
    this.session = session
    const start = startPayment(session.client)
    this.client = newClient(start)
    this.clientStored.push(start.payment)
  }

  connect(): this {
    this.isCut = false
    this.tellClient({ type: 'connected' })
    return this
  }

  tellClient(event: ClientEvent): ClientEffect[] {
    const { state, effects } = stepClient(this.session.client, this.client, event)
    this.client = state
    this.effects.push(...effects)
    for (const effect of effects) {
      if (effect.type === 'persist' && effect.payment) this.clientStored.push(effect.payment)
      if (effect.type === 'send') this.toVendor(effect.message)
      if (effect.type === 'resend')
        for (let index = effect.from; index <= effect.to; index++)
          this.toVendor({ type: 'payment', payment: this.clientStored[index]! })
    }
    return [...effects]
  }

  tellVendor(event: VendorEvent): VendorEffect[] {
    const { state, effects } = stepVendor(this.session.vendor, this.vendor, event)
    this.vendor = state
    this.effects.push(...effects)
    for (const effect of effects) {
      if (effect.type === 'persist')
        for (const payment of effect.payments ?? []) this.session.stored.set(payment.index, payment)
      if (effect.type === 'serve')
        this.tellVendor({ type: 'delivered', index: effect.index, content: Uint8Array.of(1) })
      if (effect.type === 'send') this.toClient(effect.message)
    }
    return [...effects]
  }

  toVendor(message: ClientMessage): void {
    this.carry(() => {
      if (message.type === 'hello') this.tellVendor({ type: 'hello', message })
      if (message.type === 'payment') this.tellVendor({ type: 'payments', payments: [message.payment], now: 0 })
      if (message.type === 'close') this.tellVendor(message)
    })
  }

  toClient(message: VendorMessage): void {
    this.carry(() => this.tellClient({ type: 'received', message }))
  }

  /** In the order in which they were sent, as on a stream. */
  carry(arrive: () => void): void {
    if (this.isCut) return
    this.wire.push(arrive)
    if (this.wire.length > 1) return
    while (this.wire[0]) {
      this.wire[0]()
      this.wire.shift()
    }
  }

  pay(count = 1): this {
    for (let i = 0; i < count; i++) this.tellClient({ type: 'pay', item: noItem, now: 0 })
    return this
  }

  claim() {
    return this.effects.findLast(effect => effect.type === 'claim')?.claim
  }

  faults() {
    return this.effects.flatMap(effect => (effect.type === 'fault' ? [effect.reason] : []))
  }
}

const pairOf = (options: Parameters<typeof testSession>[0] = {}): Pair => new Pair(testSession(options)).connect()
const types = (effects: readonly { type: string }[]): string[] => effects.map(({ type }) => type)

/** Payment `index` with something of it changed, and signed by the client again. */
function forged({ client }: TestSession, payment: Payment, changes: Partial<Payment>): Payment {
  const content = { ...payment, ...changes }
  const previous =
    content.index > 0 ? client.lockKey.sign(lockedMessage({ ...content, index: content.index - 1 })) : undefined
  const signed = signPayment(content, previous, client.lockKey, client.key).payment
  // a lock or a commitment that is asked for stands, under a good signature of the client
  const wanted = { ...signed, ...(changes.lock ? { lock: changes.lock } : { lock: payment.lock }) }
  const bytes = encodePayment({ ...wanted, commitment: changes.commitment ?? signed.commitment })
  return {
    ...wanted,
    commitment: changes.commitment ?? signed.commitment,
    signature: sign('sessionPayment', bytes.subarray(0, -64), client.key),
  }
}

describe('a client', () => {
  it('keeps a payment before it sends it, once for each index, and has at most one unit at risk (C1, C2)', () => {
    const pair = pairOf()
    pair.isCut = true
    expect(types(pair.tellClient({ type: 'pay', item: noItem, now: 0 }))).toEqual(['persist', 'send', 'paid'])
    expect(pair.tellClient({ type: 'pay', item: noItem, now: 0 })).toEqual([
      { type: 'refuse', reason: 'too_far_ahead' },
    ])
    expect(pair.client.made - pair.client.served).toBe(1)
    const ahead = pairOf({ ahead: 4 })
    ahead.isCut = true
    ahead.pay(9)
    expect(ahead.client.made - ahead.client.served).toBe(4)
  })

  it('goes on where it was after a crash or a cut, with the same bytes (C3)', () => {
    const pair = pairOf().pay(3)
    pair.isCut = true
    pair.pay()
    const { client } = pair.session
    const before = encodePayment(pair.clientStored[4]!)
    pair.client = resumedClient(client, pair.clientStored[0]!, pair.clientStored[4]!, 2, 'open')
    pair.connect()
    expect(encodePayment(pair.session.stored.get(4)!)).toEqual(before)
    expect([pair.client.made, pair.client.served]).toEqual([4, 4])
    pair.pay(2)
    expect(pair.vendor.last?.index).toBe(6)
    expect(pair.faults()).toEqual([])
  })

  it('never signs again where the vendor holds more than its store says it made (C3)', () => {
    const pair = pairOf().pay(3)
    const { client } = pair.session
    pair.client = resumedClient(client, pair.clientStored[0]!, pair.clientStored[2]!, 2, 'open')
    pair.connect()
    expect(pair.faults()).toEqual(['holds_more'])
    expect(pair.client.phase).toBe('stopped')
    const refused = [{ type: 'refuse', reason: 'stopped' }]
    expect(pair.tellClient({ type: 'pay', item: noItem, now: 0 })).toEqual(refused)
    expect(pair.tellClient({ type: 'close' })).toEqual(refused)
    expect(pair.tellClient({ type: 'close_alone', now: 0 })).toEqual(refused)
  })

  it('takes service in order, once, and only what it paid (C4)', () => {
    const pair = pairOf().pay(2)
    const served = (index: number): string[] =>
      types(pair.tellClient({ type: 'received', message: { type: 'served', index, content: Uint8Array.of(1) } }))
    expect(served(2)).toEqual([])
    expect(served(3)).toEqual(['fault'])
    expect(pair.client.served).toBe(2)
    expect(pair.faults()).toEqual(['served_unpaid'])
  })

  it('closes at its last payment, gives the release once, and pays no more (C5, C6)', () => {
    const pair = pairOf().pay(3)
    const effects = pair.tellClient({ type: 'close' })
    expect(types(effects)).toEqual(['persist', 'send'])
    expect(pair.claim()).toMatchObject({ form: 'joint', index: 3 })
    expect(verifyClaim(pair.session.client.session, pair.session.client.terms, pair.claim()!)).toBe(true)
    const releases = pair.effects.flatMap(effect =>
      effect.type === 'send' && effect.message.type === 'close' ? [effect.message.release.index] : [],
    )
    expect(releases).toEqual([3])
    expect(pair.tellClient({ type: 'pay', item: noItem, now: 0 })).toEqual([{ type: 'refuse', reason: 'closing' }])
    expect(pair.tellClient({ type: 'close' })).toEqual([])
  })

  it('signs what the vendor gives back, and no close above what it paid or of somebody else (C7)', () => {
    const { client, vendor } = testSession()
    const answer = (index: number, key = vendor.key) => {
      const pair = pairOf().pay(2)
      pair.isCut = true
      pair.tellClient({ type: 'close' })
      const signature = signClose(client.session, 'joint', index, key)
      return pair.tellClient({ type: 'received', message: { type: 'closed', index, signature } })
    }
    expect(answer(1).at(-1)).toMatchObject({ type: 'claim', claim: { form: 'joint', index: 1 } })
    expect(answer(3)).toEqual([{ type: 'fault', reason: 'bad_close' }])
    expect(answer(2, client.key)).toEqual([{ type: 'fault', reason: 'bad_close' }])
  })

  it('closes alone before expiry, and not after (C8)', () => {
    const pair = pairOf().pay(2)
    expect(pair.tellClient({ type: 'time', now: testExpiry - 20_000 })).toEqual([])
    expect(pair.tellClient({ type: 'pay', item: noItem, now: testExpiry - 9_000 })).toEqual([
      { type: 'refuse', reason: 'expired' },
    ])
    pair.tellClient({ type: 'time', now: testExpiry - 9_000 })
    expect(pair.claim()).toMatchObject({ form: 'client', index: 2 })
    const late = pairOf().pay(2)
    expect(late.tellClient({ type: 'close_alone', now: testExpiry })).toEqual([{ type: 'refuse', reason: 'expired' }])
  })
})

describe('a vendor', () => {
  const payments = (count: number, options: Parameters<typeof testSession>[0] = {}) => {
    const pair = pairOf({ ...options, ahead: 64 })
    pair.pay(count)
    const made = [...pair.clientStored]
    const fresh = pairOf({ ...options, ahead: 64 })
    return { pair: fresh, made }
  }
  const take = (pair: Pair, ...list: Payment[]): VendorEffect[] =>
    pair.tellVendor({ type: 'payments', payments: list, now: 0 })
  const refusals = (effects: readonly VendorEffect[]): string[] =>
    effects.flatMap(effect =>
      effect.type === 'send' && effect.message.type === 'refused' ? [effect.message.reason] : [],
    )

  it('takes one payment 0, and no other (V1)', () => {
    const session = testSession()
    const { client } = session
    const start = startPayment(client).payment
    const greet = (changes: Partial<Payment>, pair = new Pair(testSession())): string[] =>
      refusals(
        pair.tellVendor({
          type: 'hello',
          message: { type: 'hello', session: client.session, start: { ...start, ...changes }, made: 0, served: 0 },
        }),
      )
    expect(greet({})).toEqual([])
    expect(greet({ amount: 5n })).toEqual(['bad_amount'])
    expect(greet({ word: client.word(1) })).toEqual(['bad_word'])
    expect(greet({ signature: new Uint8Array(64) })).toEqual(['bad_signature'])
    expect(greet({ commitment: new Uint8Array(0) })).toEqual(['bad_lock'])
    const other = forged(session, start, { item: 'ab'.repeat(32) })
    expect(greet(other, pairOf())).toEqual(['conflict'])
  })

  it('refuses a payment whose anchor in the terms is another: no claim above it would hold (V2)', () => {
    const honest = testSession({ suite: 'xor', paymentsMax: 1_030 })
    const anchors = [honest.vendor.terms.anchors[0]!, new Uint8Array(32)]
    const vendor = { ...honest.vendor, terms: { ...honest.vendor.terms, anchors } }
    const pair = new Pair({ ...honest, vendor }).connect().pay(1_024)
    expect(pair.faults()).toEqual(['bad_word'])
    expect(pair.vendor.last?.index).toBe(1_023)
    expect(pairOf({ suite: 'xor', paymentsMax: 1_030 }).pay(1_025).vendor.last?.index).toBe(1_025)
  })

  it('refuses what is out of order, of another amount, word, session or signature, and changes nothing by it (V2)', () => {
    const { pair, made } = payments(3)
    const good = made[1]!
    const cases: [Payment, string][] = [
      [made[2]!, 'out_of_order'],
      [{ ...good, amount: 6n }, 'bad_amount'],
      [{ ...good, word: made[2]!.word }, 'bad_word'],
      [{ ...good, session: '0'.repeat(64) }, 'wrong_session'],
      [{ ...good, item: 'cd'.repeat(32) }, 'bad_signature'],
      [{ ...good, signature: made[2]!.signature }, 'bad_signature'],
    ]
    for (const [payment, reason] of cases) {
      const before = pair.vendor
      expect(refusals(take(pair, payment))).toEqual([reason])
      expect(pair.vendor).toEqual(before)
    }
    expect(refusals(take(pair, good))).toEqual([])
    const full = pairOf({ paymentsMax: 2 }).pay(3)
    expect(full.vendor.last?.index).toBe(2)
    expect(full.effects.at(-1)).toEqual({ type: 'refuse', reason: 'all_paid' })
  })

  it('takes what is good however it falls into turns with what is refused (V2)', () => {
    const { made } = payments(6, { suite: 'xor' })
    const other = pairOf({ suite: 'xor', seed: 'another session' }).pay(2).clientStored[2]!
    const offered = fc.oneof(
      fc.integer({ min: 1, max: 6 }).map(index => made[index]!),
      fc.constantFrom(other, { ...made[3]!, amount: 6n }, { ...made[2]!, signature: made[3]!.signature }),
    )
    fc.assert(
      fc.property(fc.array(offered, { maxLength: 12 }), fc.array(fc.nat(11)), (list, cuts) => {
        const [together, apart] = [pairOf({ suite: 'xor' }), pairOf({ suite: 'xor' })]
        const ends = [...new Set(cuts), list.length].filter(end => end <= list.length).sort((a, b) => a - b)
        for (const [at, end] of ends.entries()) take(together, ...list.slice(ends[at - 1] ?? 0, end))
        const refusedApart = list.flatMap(payment => refusals(take(apart, payment)))
        expect(together.vendor).toEqual(apart.vendor)
        expect(together.effects.flatMap(effect => refusals([effect as VendorEffect]))).toEqual(refusedApart)
      }),
      { numRuns: 25, examples: [[[other, made[1]!], []]] },
    )
  })

  it('answers a payment that comes again, and takes two of one index for evidence (V3)', () => {
    const { pair, made } = payments(3)
    take(pair, made[1]!, made[2]!)
    expect(types(take(pair, made[2]!))).toEqual(['serve'])
    expect(pair.vendor.last?.index).toBe(2)
    const effects = take(pair, forged(pair.session, made[1]!, { item: 'ef'.repeat(32) }))
    expect(types(effects)).toEqual(['persist', 'misconduct', 'claim', 'send'])
    expect(refusals(effects)).toEqual(['conflict'])
    const misconduct = effects.find(effect => effect.type === 'misconduct')!.misconduct
    expect(verifyMisconduct(pair.session.vendor.terms, misconduct)).toBe(true)
    expect(encodeMisconduct(decodeMisconduct(encodeMisconduct(misconduct)))).toEqual(encodeMisconduct(misconduct))
    expect(verifyMisconduct(pair.session.vendor.terms, { ...misconduct, second: misconduct.first })).toBe(false)
    expect(pair.claim()).toMatchObject({ form: 'vendor', index: 2 })
    expect(refusals(take(pair, made[3]!))).toEqual(['closed'])
  })

  it('takes for evidence no payment that is not another payment 0 of this session (V1, V3)', () => {
    const { pair, made } = payments(2)
    const other = startPayment(testSession({ seed: 'another session' }).client).payment
    const { session } = pair.session.vendor
    const said = (start: Payment) =>
      pair.tellVendor({ type: 'hello', message: { type: 'hello', session, start, made: 0, served: 0 } })
    expect(refusals(said(other))).toEqual(['wrong_session'])
    expect(refusals(said(made[1]!))).toEqual(['out_of_order'])
    expect(pair.vendor.phase).toBe('open')
    const { misconduct } = said(forged(pair.session, made[0]!, { item: session })).find(
      effect => effect.type === 'misconduct',
    )!
    expect(verifyMisconduct(pair.session.vendor.terms, misconduct)).toBe(true)
  })

  it('serves only what is on the disk (V4)', () => {
    const { pair, made } = payments(3)
    expect(types(take(pair, made[1]!))).toEqual(['persist', 'serve'])
    expect(types(take(pair, made[2]!, made[3]!))).toEqual(['persist', 'serve', 'serve'])
  })

  it('refuses a bad lock before it serves, with evidence, and claims what came before (V5, V6)', () => {
    const { pair, made } = payments(4)
    take(pair, made[1]!, made[2]!)
    const bad = forged(pair.session, made[3]!, { lock: made[2]!.lock })
    const effects = take(pair, bad)
    expect(types(effects)).toEqual(['persist', 'misconduct', 'claim', 'send'])
    expect(refusals(effects)).toEqual(['bad_lock'])
    const misconduct = effects.find(effect => effect.type === 'misconduct')!.misconduct
    expect([misconduct.kind, misconduct.second.index]).toEqual(['bad_lock', 3])
    expect(verifyMisconduct(pair.session.vendor.terms, misconduct)).toBe(true)
    expect(verifyMisconduct(pair.session.vendor.terms, { ...misconduct, first: made[2]!, second: made[3]! })).toBe(
      false,
    )
    expect(pair.claim()).toMatchObject({ form: 'vendor', index: 2 })
    expect(checkClaim(pair.session.vendor.terms, 2, made[2]!.word)).toBe(true)
    const short = payments(2)
    expect(refusals(take(short.pair, forged(short.pair.session, short.made[1]!, { lock: new Uint8Array(3) })))).toEqual(
      ['bad_lock'],
    )
  })

  it('exposes at most the receipts of a batch, and no money, where locks wait (V5)', () => {
    const { pair, made } = payments(12, { lockBatch: 4 })
    const bad = forged(pair.session, made[6]!, { lock: made[2]!.lock })
    expect(types(take(pair, made[1]!))).toEqual(['persist', 'serve', 'locks_wait'])
    take(pair, made[2]!, made[3]!, made[4]!)
    expect([pair.vendor.checked, pair.vendor.served]).toEqual([4, 4])
    take(pair, made[5]!, bad)
    expect([pair.vendor.checked, pair.vendor.served]).toEqual([4, 6])
    const effects = pair.tellVendor({ type: 'locks_due' })
    expect(refusals(effects)).toEqual(['bad_lock'])
    // all six units were served, and all six are claimed
    expect(pair.claim()).toMatchObject({ form: 'vendor', index: 6 })
    expect(checkClaim(pair.session.vendor.terms, 6, bad.word)).toBe(true)
    expect(pair.vendor.checked).toBe(5)
  })

  it('checks the locks that wait before it ends a session, whatever ends it (V5, V8, V9)', () => {
    const ends = [
      { type: 'end' },
      { type: 'time', now: testExpiry },
      { type: 'payments', payments: payments(4).made.slice(4), now: testExpiry },
      { type: 'ledger', state: 'closing', index: 1 },
      { type: 'ledger', state: 'closing', index: 3 },
    ] as const
    for (const end of ends) {
      const { pair, made } = payments(4, { lockBatch: 8 })
      take(pair, made[1]!, made[2]!, forged(pair.session, made[3]!, { lock: made[2]!.lock }))
      const effects = pair.tellVendor(end)
      expect(effects.find(effect => effect.type === 'misconduct')?.misconduct).toMatchObject({ second: { index: 3 } })
      expect(pair.claim()).toMatchObject({ form: 'vendor', index: 3 })
      expect(pair.vendor).toMatchObject({ phase: 'stopped', checked: 2 })
      const good = payments(4, { lockBatch: 8 })
      take(good.pair, good.made[1]!, good.made[2]!)
      good.pair.tellVendor(end)
      expect(good.pair.vendor).toMatchObject({ phase: 'closed', checked: 2 })
    }
  })

  it('drops of a turn what comes from the bad lock on: it was not served (V5, V6)', () => {
    const { pair, made } = payments(6, { lockBatch: 4 })
    const bad = forged(pair.session, made[3]!, { lock: made[2]!.lock })
    take(pair, made[1]!, made[2]!, bad)
    expect(pair.vendor.served).toBe(3)
    const { pair: other } = payments(6, { lockBatch: 3 })
    take(other, made[1]!, made[2]!, bad)
    expect(other.vendor.served).toBe(0)
    expect(other.claim()).toMatchObject({ form: 'vendor', index: 2 })
  })

  it('signs a joint close where the release opens every lock, and repeats it; else it claims alone (V7)', () => {
    const { pair, made } = payments(3, { lockBatch: 64 })
    take(pair, made[1]!, made[2]!, made[3]!)
    const { client } = pair.session
    const signature = client.lockKey.sign(lockedMessage(made[3]!)).signature
    const release = { session: client.session, index: 3, signature }
    const joint = signClose(client.session, 'joint', 3, client.key)
    const effects = pair.tellVendor({ type: 'close', release, signature: joint })
    expect(types(effects)).toEqual(['persist', 'send', 'claim'])
    expect(pair.claim()).toMatchObject({ form: 'joint', index: 3 })
    expect(types(pair.tellVendor({ type: 'close', release, signature: joint }))).toEqual(['send'])
    const suite = lockSuite('schnorr')
    const links = made.slice(1, 4).map(linkOf)
    expect(openChain(suite, pair.session.vendor.verifier, linkOf(made[0]!), links, signature, true)).toHaveLength(4)

    for (const [index, wrong] of [
      [3, signature.with(0, signature[0]! ^ 1)],
      [2, client.lockKey.sign(lockedMessage(made[2]!)).signature],
    ] as const) {
      const { pair: other } = payments(3)
      take(other, made[1]!, made[2]!, made[3]!)
      const bad = { session: client.session, index, signature: wrong }
      const answer = { release: bad, signature: signClose(client.session, 'joint', index, client.key) }
      expect(refusals(other.tellVendor({ type: 'close', ...answer }))).toEqual(['bad_release'])
      expect(other.claim()).toMatchObject({ form: 'vendor', index: 3 })
    }
  })

  it('claims what it holds shortly before expiry, and takes nothing more (V8)', () => {
    const { pair, made } = payments(3)
    take(pair, made[1]!, made[2]!)
    expect(pair.tellVendor({ type: 'time', now: testExpiry - 20_000 })).toEqual([])
    const late = pair.tellVendor({ type: 'payments', payments: [made[3]!], now: testExpiry - 9_000 })
    expect(types(late)).toEqual(['persist', 'claim', 'send'])
    expect(pair.claim()).toMatchObject({ form: 'vendor', index: 2 })
  })

  it('claims what it holds when it wants to end, once (V8)', () => {
    const { pair, made } = payments(3)
    take(pair, made[1]!, made[2]!)
    expect(types(pair.tellVendor({ type: 'end' }))).toEqual(['persist', 'claim'])
    expect(pair.claim()).toMatchObject({ form: 'vendor', index: 2 })
    expect(pair.tellVendor({ type: 'end' })).toEqual([])
  })

  it('takes no more once the ledger closes the session, and claims what a close leaves out (V9)', () => {
    const closing = (index: number) => {
      const { pair, made } = payments(3)
      take(pair, made[1]!, made[2]!)
      expect(pair.tellVendor({ type: 'ledger', state: 'open', index: 0 })).toEqual([])
      const effects = pair.tellVendor({ type: 'ledger', state: 'closing', index })
      expect(refusals(take(pair, made[3]!))).toEqual(['closed'])
      return types(effects)
    }
    expect(closing(1)).toEqual(['persist', 'claim'])
    expect(closing(2)).toEqual(['persist'])
    expect(closing(3)).toEqual(['persist'])
  })
})

describe('both together', () => {
  it('lose at most one unit, whatever is cut and whoever crashes, and end at the same index', () => {
    const steps = fc.array(fc.constantFrom('pay', 'cut', 'connect', 'client_crash', 'vendor_crash', 'lose_answer'), {
      minLength: 5,
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, fc.constantFrom(1, 8), (script, lockBatch) => {
        const pair = pairOf({ suite: 'xor', lockBatch, paymentsMax: 70 })
        const { client: context, vendor } = pair.session
        for (const step of script) {
          if (step === 'pay') pair.pay()
          if (step === 'cut') pair.isCut = true
          if (step === 'connect') pair.connect()
          if (step === 'client_crash') {
            // `served` was stored with the last payment: it may be one behind
            const served = Math.max(0, Math.min(pair.client.served, pair.client.made - 1))
            pair.client = resumedClient(
              context,
              pair.clientStored[0]!,
              pair.clientStored.at(-1)!,
              served,
              pair.client.phase,
            )
            pair.isCut = true
          }
          if (step === 'vendor_crash') {
            const last = vendor.paymentAt(pair.session.stored.size - 1)
            pair.vendor = { ...newVendor, last, served: last?.index ?? 0, checked: pair.vendor.checked }
            pair.isCut = true
          }
          if (step === 'lose_answer') {
            pair.isCut = true
            pair.pay()
          }
          const paid = pair.vendor.last?.index ?? 0
          expect(pair.client.made - pair.client.served).toBeLessThanOrEqual(1)
          expect(paid).toBeGreaterThanOrEqual(pair.client.served)
          expect(pair.client.made - paid).toBeLessThanOrEqual(1)
        }
        pair.connect()
        pair.tellClient({ type: 'close' })
        expect(pair.faults()).toEqual([])
        expect(pair.claim()).toMatchObject({ form: 'joint', index: pair.client.made })
        expect(pair.clientStored.map(({ index }) => index)).toEqual(pair.clientStored.map((_, index) => index))
      }),
      { numRuns: 40 },
    )
  })
})
