// What a session costs in each lock suite, phase by phase as in the second paper's table: setup, n payments, release. Both parties run here, one
// after the other on one core, by the same rules as over a stream; stores, wire and ledger are left out (bench channel has the first two).
import {
  type ClientContext,
  type ClientState,
  newClient,
  noItem,
  resumedClient,
  startPayment,
  stepClient,
} from '../../cli/channel/client-rules.ts'
import { channelLimits } from '../../cli/channel/limits.ts'
import { type ClientMessage, encodeMessage } from '../../cli/channel/messages.ts'
import { newVendor, stepVendor, type VendorContext, type VendorState } from '../../cli/channel/vendor-rules.ts'
import { rounded } from '../../cli/common/statistics.ts'
import { sha256, zeroDigest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { lockSuite, openChain } from '../../proto/locks/suites.ts'
import { linkOf, type Payment } from '../../proto/session/payment.ts'
import { PaywordChain } from '../../proto/session/payword-chain.ts'
import {
  encodeTerms,
  type LockSuiteName,
  lockSuites,
  type SessionTerms,
  sessionDigest,
  signSession,
  verifySession,
} from '../../proto/session/terms.ts'
import type { BenchRow } from './row.ts'

const named = (text: string): Uint8Array => sha256(Buffer.from(text))
const keys = Object.fromEntries(
  ['client', 'vendor', 'bank'].map(name => [name, signingKeyFromSeed(named(name))]),
) as Record<'client' | 'vendor' | 'bank', SigningKey>

/** The paper's table, for n = 10. */
const paperPayments = 10
const paper = {
  setup: '0.100 s, 311 kb',
  payments: '0.140 s, 476 kb',
  release: '0.004 s, 0',
} as const
type Phase = keyof typeof paper

export interface PhaseCost {
  readonly ms: number
  readonly bytes: number
}

interface Ends {
  readonly client: ClientContext
  readonly vendor: VendorContext
  readonly stored: Map<number, Payment>
}

/** Processor time, not time on the wall: nothing here waits, and what else the machine does must not count. */
const timed = <T>(run: () => T): { readonly ms: number; readonly result: T } => {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  return { ms: (user + system) / 1000, result }
}

/** Keys, chain and terms, signed by all three and checked by the vendor; and the bytes of it. */
function openEnds(
  suite: LockSuiteName,
  paymentsMax: number,
  seed: string,
): { readonly ends: Ends; readonly bytes: number } {
  const nonce = named(`${seed} nonce`)
  const chain = new PaywordChain(nonce, named(`${seed} top`), paymentsMax)
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
  const signatures = (['client', 'vendor', 'bank'] as const).map(party => {
    const signature = signSession(session, party, keys[party])
    verifySession(session, party, keys[party].publicKey, signature)
    return signature
  })
  const stored = new Map<number, Payment>()
  const { expiryMarginMs } = channelLimits
  const verifier = lockSuite(suite).verifier(lockKey.publicKey)!
  return {
    bytes: encodeTerms(terms).length + signatures.reduce((sum, { length }) => sum + length, 0),
    ends: {
      stored,
      client: {
        terms,
        session,
        key: keys.client,
        lockKey,
        word: index => chain.value(index),
        ahead: 1,
        expiryMarginMs,
      },
      vendor: {
        terms,
        session,
        key: keys.vendor,
        verifier,
        lockBatch: 1,
        expiryMarginMs,
        paymentAt: index => stored.get(index),
      },
    },
  }
}

/** The two ends in step: what the client sends the vendor decides at once. */
class Run {
  readonly #ends: Ends
  #client: ClientState
  #vendor: VendorState
  bytes = 0

  constructor(ends: Ends, client: ClientState, vendor: VendorState) {
    this.#ends = ends
    this.#client = client
    this.#vendor = vendor
  }

  static start(ends: Ends): Run {
    const run = new Run(ends, newClient(startPayment(ends.client)), newVendor)
    for (const effect of stepClient(ends.client, run.#client, { type: 'connected' }).effects)
      if (effect.type === 'send') run.#give(effect.message)
    run.#client = { ...run.#client, isAnswered: true }
    return run
  }

  /** A session of which payments up to `index` were made. */
  static at(ends: Ends, index: number): Run {
    const start = startPayment(ends.client).payment
    const content = { ...start, index, word: ends.client.word(index), amount: BigInt(index) }
    ends.stored.set(0, start).set(index, content)
    const client = { ...resumedClient(ends.client, start, content, index, 'open'), isAnswered: true }
    // the commitment that belongs to the message, which is all that the next lock is checked against
    const last = { ...content, commitment: client.last.secret.commitment }
    ends.stored.set(index, last)
    return new Run(ends, client, { ...newVendor, last, served: index, checked: index })
  }

  pay(count: number): void {
    for (let i = 0; i < count; i++) {
      const { state, effects } = stepClient(this.#ends.client, this.#client, { type: 'pay', item: noItem, now: 0 })
      this.#client = { ...state, served: state.made }
      for (const effect of effects) if (effect.type === 'send') this.#give(effect.message)
    }
    if (this.#vendor.last?.index !== this.#client.made) throw new Error('the vendor did not take every payment')
  }

  /** What opens all locks, sent and used; returns how many signatures opened. */
  release(): number {
    const { client, vendor, stored } = this.#ends
    const { effects } = stepClient(client, this.#client, { type: 'close' })
    for (const effect of effects) if (effect.type === 'send') this.#give(effect.message)
    const links = [...stored.values()].map(linkOf)
    const suite = lockSuite(client.terms.suite)
    const signature = this.#client.last.secret.signature
    return openChain(suite, vendor.verifier, links[0]!, links.slice(1), signature, suite.isVerifiable).length
  }

  #give(message: ClientMessage): void {
    this.bytes += encodeMessage(message).length
    const { vendor, stored } = this.#ends
    const event =
      message.type === 'payment'
        ? ({ type: 'payments', payments: [message.payment], now: 0 } as const)
        : message.type === 'hello'
          ? ({ type: 'hello', message } as const)
          : message.type === 'close'
            ? message
            : undefined
    if (!event) return
    const { state, effects } = stepVendor(vendor, this.#vendor, event)
    this.#vendor = state
    for (const effect of effects)
      if (effect.type === 'persist') for (const payment of effect.payments ?? []) stored.set(payment.index, payment)
  }
}

/** Time and bytes of each phase of one session with `count` payments. */
function measurePhases(suite: LockSuiteName, count: number, seed: string): Record<Phase, PhaseCost> {
  const setup = timed(() => {
    const { ends, bytes } = openEnds(suite, count, seed)
    const run = Run.start(ends)
    return { run, bytes: bytes + run.bytes }
  })
  const { run, bytes } = setup.result
  run.bytes = 0
  const payments = timed(() => run.pay(count))
  const paidBytes = run.bytes
  run.bytes = 0
  const release = timed(() => run.release())
  if (release.result !== count + 1) throw new Error('not every signature opened')
  return {
    setup: { ms: setup.ms, bytes },
    payments: { ms: payments.ms, bytes: paidBytes },
    release: { ms: release.ms, bytes: run.bytes },
  }
}

const phaseName = { setup: 'setup', payments: `${paperPayments} payments`, release: 'release' } as const

/**
 * Calls of each kind for n payments, release included. f: hashes of the payment chain; sig: signatures (client's and locked ones); ver:
 * verifications; lock: locks made, checked, or opened.
 */
const countsOf = (n: number, isVerifiable: boolean): Record<'client' | 'vendor', string> => ({
  client: `client: ${2 * n + 4} sig + ${n} f + ${n} locks made`,
  vendor: `vendor: 2 sig + ${n + (isVerifiable ? 4 : n + 4)} ver + ${n} f + ${isVerifiable ? `${n} locks checked, ` : ''}${n} opened`,
})

/** Rows for all suites at n = 10 beside the paper's, and the cost of one payment at the end of ever longer sessions. */
export function benchLocks(): BenchRow[] {
  const rows: BenchRow[] = []
  for (const suite of Object.keys(lockSuites) as LockSuiteName[]) {
    // the first session pays for tables and compilation, the median of the next ones is shown
    const rounds = suite === 'bls' ? 3 : 9
    measurePhases(suite, paperPayments, 'warm')
    const runs = Array.from({ length: rounds }, (_, round) => measurePhases(suite, paperPayments, `${suite} ${round}`))
    for (const phase of Object.keys(paper) as Phase[]) {
      const sorted = runs.map(run => run[phase].ms).sort((a, b) => a - b)
      const { bytes } = runs[0]![phase]
      rows.push({
        operation: `${suite}: ${phaseName[phase]}`,
        value: rounded(sorted[rounds >> 1]!, 2),
        unit: 'CPU ms',
        detail: `${bytes} bytes; the paper: ${paper[phase]}`,
      })
    }
    const counts = countsOf(paperPayments, lockSuite(suite).isVerifiable)
    rows.push({
      operation: `${suite}: signatures of ${paperPayments} payments that open`,
      value: paperPayments + 1,
      unit: 'signatures',
      detail: `${counts.client}; ${counts.vendor}; the paper: client sig + 10f + s + 9h, vendor 10f`,
    })
  }
  for (const paymentsMax of [10, 1_000, 100_000]) rows.push(flatRow(paymentsMax))
  return rows
}

/** One payment at the end of a session of the default suite, both parties together. */
function flatRow(paymentsMax: number): BenchRow {
  const sample = Math.min(paymentsMax, 200)
  const sessions = Math.ceil(200 / sample)
  let total = 0
  let bytes = 0
  for (let i = 0; i < sessions; i++) {
    const { ends } = openEnds('schnorr', paymentsMax, `flat ${paymentsMax} ${i}`)
    const run = paymentsMax === sample ? Run.start(ends) : Run.at(ends, paymentsMax - sample)
    run.bytes = 0
    total += timed(() => run.pay(sample)).ms
    bytes += run.bytes
  }
  const payments = sessions * sample
  return {
    operation: `schnorr: one payment, both sides, at the end of a session of ${paymentsMax}`,
    value: rounded(total / payments, 3),
    unit: 'CPU ms',
    detail: `${bytes / payments} bytes; mean of ${payments}`,
  }
}
