// Sessions for tests: terms and keys that are the same in every run, and the two ends of a session without a wire.
import { hashParts, sha256, sha256Hex, zeroDigest } from '../../proto/hash.ts'
import { type SigningKey, signingKeyFromSeed } from '../../proto/keys.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import type { Payment } from '../../proto/session/payment.ts'
import { PaywordChain } from '../../proto/session/payword-chain.ts'
import { type LockSuiteName, type SessionTerms, sessionDigest } from '../../proto/session/terms.ts'
import type { ClientContext } from './client-rules.ts'
import type { VendorContext } from './vendor-rules.ts'

const named = (text: string): Uint8Array => sha256(Buffer.from(text))
const keyOfName = (name: string): SigningKey => signingKeyFromSeed(named(name))

/** When the sessions of tests end. */
export const testExpiry = 1_000_000

export interface TestSession {
  readonly client: ClientContext
  readonly vendor: VendorContext
  /** What the vendor has stored. */
  readonly stored: Map<number, Payment>
}

/** Both contexts of one session. */
export function testSession(
  options: { suite?: LockSuiteName; paymentsMax?: number; ahead?: number; lockBatch?: number; seed?: string } = {},
): TestSession {
  const { suite = 'schnorr', paymentsMax = 40, ahead = 1, lockBatch = 1, seed = 'session' } = options
  const [client, vendor] = [keyOfName('client'), keyOfName('vendor')]
  const nonce = named(`${seed} nonce`)
  const chain = new PaywordChain(nonce, named(`${seed} top`), paymentsMax)
  const lockKey = lockSuite(suite).keyGen(hashParts('lockKey', named(seed)))
  const terms: SessionTerms = {
    network: zeroDigest,
    bank: sha256Hex(named('bank')),
    client: client.publicKey,
    vendor: vendor.publicKey,
    nonce,
    suite,
    sessionKey: lockKey.publicKey,
    unit: 5n,
    paymentsMax,
    anchors: chain.anchors(),
    openBy: 1,
    expiry: testExpiry,
    windowMs: 60_000,
  }
  const session = sessionDigest(terms)
  const stored = new Map<number, Payment>()
  const expiryMarginMs = 10_000
  return {
    stored,
    client: { terms, session, key: client, lockKey, word: index => chain.value(index), ahead, expiryMarginMs },
    vendor: {
      terms,
      session,
      key: vendor,
      verifier: lockSuite(suite).verifier(lockKey.publicKey)!,
      lockBatch,
      expiryMarginMs,
      paymentAt: index => stored.get(index),
    },
  }
}
