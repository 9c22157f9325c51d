// A session between its two ends in one process, by the same rules as over a stream, in which each party's calls are counted as they are made.
import {
  type ClientContext,
  type ClientEffect,
  type ClientEvent,
  type ClientState,
  newClient,
  noItem,
  startPayment,
  stepClient,
} from '../../cli/channel/client-rules.ts'
import { channelLimits } from '../../cli/channel/limits.ts'
import { type ClientMessage, encodeMessage, type VendorMessage } from '../../cli/channel/messages.ts'
import {
  newVendor,
  stepVendor,
  type VendorContext,
  type VendorEvent,
  type VendorState,
} from '../../cli/channel/vendor-rules.ts'
import { sha256, zeroDigest } from '../../proto/hash.ts'
import { type SignatureCheck, type SigningKey, signingKeyFromSeed, verify } from '../../proto/keys.ts'
import type { LockKey, LockSuite, LockVerifier } from '../../proto/locks/lock-suite.ts'
import { lockSuite, openChain } from '../../proto/locks/suites.ts'
import { linkOf, type Payment } from '../../proto/session/payment.ts'
import { type PaywordHashes, paywordHashes } from '../../proto/session/payword.ts'
import { PaywordChain } from '../../proto/session/payword-chain.ts'
import {
  encodeTerms,
  type LockSuiteName,
  type SessionTerms,
  sessionDigest,
  signSession,
  verifySession,
} from '../../proto/session/terms.ts'

const named = (text: string): Uint8Array => sha256(Buffer.from(text))
const parties = ['client', 'vendor', 'bank'] as const
export type Party = (typeof parties)[number]
const keys = Object.fromEntries(parties.map(name => [name, signingKeyFromSeed(named(name))])) as Record<
  Party,
  SigningKey
>

/** What is counted of one party, in the order of a table. */
export const countedCalls = [
  /** Ed25519 with the party's own key: terms, payments, the close. */
  'signatures made',
  'signatures verified',
  /** With the session's key, whatever the suite. */
  'locked signatures made',
  'locked signatures verified',
  'locks made',
  /** Of a suite that cannot check a lock, its length alone is. */
  'locks verified',
  'locked signatures opened',
  /**
   * Hashes of the payment chain, w_{i-1} of w_i, and of its anchors. Not counted are those inside a signature or a lock (one H for each lock of
   * `xor`), and digests of what is signed.
   */
  'chain hashes',
] as const
export type CountedCall = (typeof countedCalls)[number]
export type Counts = Readonly<Record<CountedCall, number>>

/** Counts of one party, and everything that it computes with, wrapped so that each call counts where it is made. */
class Counter {
  readonly #counts = Object.fromEntries(countedCalls.map(call => [call, 0])) as Record<CountedCall, number>

  counts(): Counts {
    return { ...this.#counts }
  }

  #add(call: CountedCall, times = 1): void {
    this.#counts[call] += times
  }

  readonly check: SignatureCheck = (...signed) => {
    this.#add('signatures verified')
    return verify(...signed)
  }

  readonly hashes: PaywordHashes = {
    step: (...value) => {
      this.#add('chain hashes')
      return paywordHashes.step(...value)
    },
    anchor: (...value) => {
      this.#add('chain hashes')
      return paywordHashes.anchor(...value)
    },
  }

  /** Every signature takes the handle of its key once. */
  key({ publicKey, handle }: SigningKey): SigningKey {
    const made = (): void => this.#add('signatures made')
    return {
      publicKey,
      get handle() {
        made()
        return handle
      },
    }
  }

  lockKey(key: LockKey): LockKey {
    return {
      publicKey: key.publicKey,
      sign: message => {
        this.#add('locked signatures made')
        return key.sign(message)
      },
      lock: (previous, next) => {
        this.#add('locks made')
        return key.lock(previous, next)
      },
    }
  }

  verifier(verifier: LockVerifier): LockVerifier {
    return {
      verifyLock: (previous, next, lock) => {
        this.#add('locks verified')
        return verifier.verifyLock(previous, next, lock)
      },
      verifyLocks: (first, links) => {
        this.#add('locks verified', links.length)
        return verifier.verifyLocks(first, links)
      },
      verify: (step, signature) => {
        this.#add('locked signatures verified')
        return verifier.verify(step, signature)
      },
    }
  }

  suite(suite: LockSuite): LockSuite {
    return {
      ...suite,
      unlock: (lock, next) => {
        this.#add('locked signatures opened')
        return suite.unlock(lock, next)
      },
    }
  }
}

const must = (holds: boolean, otherwise: string): void => {
  if (!holds) throw new Error(otherwise)
}

/** Terms that client, vendor and bank signed, each after checking what it is given to check. */
function agree(
  counters: Readonly<Record<Party, Counter>>,
  suite: LockSuiteName,
  paymentsMax: number,
  seed: string,
): { readonly client: ClientContext; readonly vendor: Omit<VendorContext, 'paymentAt'>; readonly bytes: number } {
  const { client, vendor, bank } = counters
  const nonce = named(`${seed} nonce`)
  const chain = new PaywordChain(nonce, named(`${seed} top`), paymentsMax, client.hashes)
  const lockKey = lockSuite(suite).keyGen(named(`${seed} lock`))
  const terms: SessionTerms = {
    network: zeroDigest,
    bank: zeroDigest,
    client: keys.client.publicKey,
    vendor: keys.vendor.publicKey,
    nonce,
    suite,
    sessionKey: lockKey.publicKey,
    unit: 1n,
    paymentsMax,
    anchors: chain.anchors(),
    openBy: 1,
    expiry: 4_102_444_800_000,
    windowMs: 60_000,
  }
  const session = sessionDigest(terms)
  const own = Object.fromEntries(parties.map(party => [party, counters[party].key(keys[party])])) as typeof keys
  const signed = (party: Party): Uint8Array => signSession(session, party, own[party])
  const checks = (by: Counter, party: Party, signature: Uint8Array): void =>
    must(verifySession(session, party, keys[party].publicKey, signature, by.check), `${party} did not sign the terms`)
  const offered = signed('client')
  checks(vendor, 'client', offered)
  const accepted = signed('vendor')
  checks(client, 'vendor', accepted)
  checks(bank, 'client', offered)
  checks(bank, 'vendor', accepted)
  const escrowed = signed('bank')
  const { expiryMarginMs } = channelLimits
  return {
    bytes: [encodeTerms(terms), offered, accepted, escrowed].reduce((sum, { length }) => sum + length, 0),
    client: {
      terms,
      session,
      key: own.client,
      lockKey: client.lockKey(lockKey),
      word: index => chain.value(index),
      ahead: 1,
      expiryMarginMs,
      check: client.check,
    },
    vendor: {
      terms,
      session,
      key: own.vendor,
      verifier: vendor.verifier(lockSuite(suite).verifier(lockKey.publicKey)!),
      lockBatch: 1,
      expiryMarginMs,
      check: vendor.check,
      hashes: vendor.hashes,
    },
  }
}

/** Each message arrives at once, and is answered before the next. Every lock is checked on arrival. */
export class CountedSession {
  readonly #counters: Readonly<Record<Party, Counter>>
  readonly #suite: LockSuite
  readonly #client: ClientContext
  readonly #vendor: VendorContext
  readonly #stored = new Map<number, Payment>()
  #clientState: ClientState
  #vendorState: VendorState = newVendor
  #bytes: number

  /** Agrees on terms for so many payments, and makes payment 0. The same seed yields the same session. */
  constructor(suite: LockSuiteName, paymentsMax: number, seed: string) {
    this.#counters = { client: new Counter(), vendor: new Counter(), bank: new Counter() }
    const { client, vendor, bytes } = agree(this.#counters, suite, paymentsMax, seed)
    this.#suite = this.#counters.vendor.suite(lockSuite(suite))
    this.#client = client
    this.#vendor = { ...vendor, paymentAt: index => this.#stored.get(index) }
    this.#bytes = bytes
    this.#clientState = newClient(startPayment(client))
    this.#tellClient({ type: 'connected' })
    must(this.#clientState.isAnswered, 'the vendor did not take payment 0')
  }

  /** Bytes of terms, their signatures, and all messages of both so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Each party's calls so far. */
  counts(): Readonly<Record<Party, Counts>> {
    const { client, vendor, bank } = this.#counters
    return { client: client.counts(), vendor: vendor.counts(), bank: bank.counts() }
  }

  /** Makes so many payments; each is served before the next. */
  pay(count: number): void {
    const before = this.#clientState.served
    for (let i = 0; i < count; i++) this.#tellClient({ type: 'pay', item: noItem, now: 0 })
    must(this.#clientState.served === before + count, 'not every payment was taken and served')
  }

  /** The joint close, and the vendor opens every locked signature, that of payment 0 included. */
  release(): void {
    this.#tellClient({ type: 'close' })
    must(this.#clientState.phase === 'closed', 'the session did not close')
    const links = [...this.#stored.values()].map(linkOf)
    const { signature } = this.#clientState.last.secret
    const { isVerifiable } = this.#suite
    const opened = openChain(this.#suite, this.#vendor.verifier, links[0]!, links.slice(1), signature, isVerifiable)
    must(opened.length === links.length, 'not every signature opened')
  }

  #tellClient(event: ClientEvent): void {
    const { state, effects } = stepClient(this.#client, this.#clientState, event)
    this.#clientState = state
    for (const effect of effects) this.#performForClient(effect)
  }

  #performForClient(effect: ClientEffect): void {
    if (effect.type === 'fault' || effect.type === 'refuse') throw new Error(`the client: ${effect.reason}`)
    if (effect.type !== 'send') return
    const { message } = effect
    this.#bytes += encodeMessage(message).length
    this.#tellVendor(eventOf(message))
  }

  #tellVendor(event: VendorEvent): void {
    const { state, effects } = stepVendor(this.#vendor, this.#vendorState, event)
    this.#vendorState = state
    for (const effect of effects) {
      if (effect.type === 'persist')
        for (const payment of effect.payments ?? []) this.#stored.set(payment.index, payment)
      if (effect.type === 'serve') this.#tellVendor({ type: 'delivered', index: effect.index, content: nothing })
      if (effect.type === 'send') this.#answer(effect.message)
    }
  }

  #answer(message: VendorMessage): void {
    this.#bytes += encodeMessage(message).length
    this.#tellClient({ type: 'received', message })
  }
}

/** A unit without content: what is sold is no cost of the session. */
const nothing = new Uint8Array(0)

function eventOf(message: ClientMessage): VendorEvent {
  if (message.type === 'hello') return { type: 'hello', message }
  return message.type === 'payment' ? { type: 'payments', payments: [message.payment], now: 0 } : message
}
