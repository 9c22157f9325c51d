// For tests: sessions with known keys and chains, claims on them, and arbitrary ones.
import fc from 'fast-check'
import { amount, arbitraryBytes, arbitraryDigest, safe } from '../arbitrary-testing.ts'
import { bytesOfHex } from '../bytes.ts'
import { type Digest, sha256Hex } from '../hash.ts'
import type { SigningKey } from '../keys.ts'
import { limits } from '../limits.ts'
import { type SessionStanding, sessionStates, settledBy } from '../verdict.ts'
import type { SessionClaim } from './claims.ts'
import { signClose } from './claims.ts'
import { paywordAnchor, paywordStep } from './payword.ts'
import { type SessionSignatures, type SessionTerms, sessionDigest, sessionKeyBytes, signSession } from './terms.ts'

export interface TestSession {
  readonly terms: SessionTerms
  readonly session: Digest
  /** w_0, w_1, … */
  readonly chain: readonly Uint8Array[]
  readonly client: SigningKey
  readonly vendor: SigningKey
  readonly signatures: SessionSignatures
  joint(index: number): SessionClaim
  /** `value`: another than w_index. */
  byVendor(index: number, value?: Uint8Array): SessionClaim
  byClient(index: number): SessionClaim
}

export const settleClaim: SessionClaim = { form: 'settle' }

/** The whole chain below a last value, from w_0 on. */
function chainOf(nonce: Uint8Array, last: Uint8Array, count: number): Uint8Array[] {
  const chain = new Array<Uint8Array>(count + 1)
  chain[count] = last
  for (let i = count; i > 0; i--) chain[i - 1] = new Uint8Array(paywordStep(nonce, i, chain[i]!))
  return chain
}

let sessions = 0

/** A session that client, vendor and bank have signed; each has another nonce. Times in milliseconds. */
export function createTestSession(
  parties: { readonly client: SigningKey; readonly vendor: SigningKey; readonly bank: SigningKey },
  parts: Pick<SessionTerms, 'network' | 'bank' | 'openBy'> & Partial<SessionTerms>,
): TestSession {
  const { client, vendor } = parties
  sessions += 1
  const nonce = parts.nonce ?? bytesOfHex(sha256Hex(Buffer.from(`nonce ${sessions}`)))
  const paymentsMax = parts.paymentsMax ?? 10
  const chain = chainOf(nonce, bytesOfHex(sha256Hex(nonce)), paymentsMax)
  const span = limits.sessionAnchorSpan
  const anchors = chain.flatMap((value, i) => (i % span === 0 ? [new Uint8Array(paywordAnchor(nonce, i, value))] : []))
  const terms: SessionTerms = {
    client: client.publicKey,
    vendor: vendor.publicKey,
    suite: 'schnorr',
    sessionKey: new Uint8Array(32).fill(2),
    unit: 3n,
    expiry: parts.openBy + 60_000,
    windowMs: 10_000,
    ...parts,
    nonce,
    paymentsMax,
    anchors,
  }
  const session = sessionDigest(terms)
  return {
    terms,
    session,
    chain,
    client,
    vendor,
    signatures: {
      client: signSession(session, 'client', client),
      vendor: signSession(session, 'vendor', vendor),
      bank: signSession(session, 'bank', parties.bank),
    },
    joint: index => ({
      form: 'joint',
      index,
      client: signClose(session, 'joint', index, client),
      vendor: signClose(session, 'joint', index, vendor),
    }),
    byVendor: (index, value = chain[index]!) => ({
      form: 'vendor',
      index,
      value,
      vendor: signClose(session, 'vendor', index, vendor),
    }),
    byClient: index => ({ form: 'client', index, client: signClose(session, 'client', index, client) }),
  }
}

/** Well-formed by their encoding, and no more. */
export const arbitraryTerms: fc.Arbitrary<SessionTerms> = fc
  .constantFrom('xor' as const, 'schnorr' as const, 'bls' as const)
  .chain(suite =>
    fc.record({
      network: arbitraryDigest,
      bank: arbitraryDigest,
      client: arbitraryBytes(32),
      vendor: arbitraryBytes(32),
      nonce: arbitraryBytes(32),
      suite: fc.constant(suite),
      sessionKey: arbitraryBytes(sessionKeyBytes[suite]),
      unit: amount,
      paymentsMax: fc.nat(limits.sessionPayments),
      anchors: fc.array(arbitraryBytes(32), { maxLength: 3 }),
      openBy: safe,
      expiry: safe,
      windowMs: safe,
    }),
  )
const paymentIndex = fc.nat(limits.sessionPayments)
export const arbitraryClaim: fc.Arbitrary<SessionClaim> = fc.oneof(
  fc.record({
    form: fc.constant('joint' as const),
    index: paymentIndex,
    client: arbitraryBytes(64),
    vendor: arbitraryBytes(64),
  }),
  fc.record({
    form: fc.constant('vendor' as const),
    index: paymentIndex,
    value: arbitraryBytes(32),
    vendor: arbitraryBytes(64),
  }),
  fc.record({ form: fc.constant('client' as const), index: paymentIndex, client: arbitraryBytes(64) }),
  fc.record({ form: fc.constant('settle' as const) }),
)

export const arbitraryStanding: fc.Arbitrary<SessionStanding> = fc
  .record({
    session: arbitraryDigest,
    state: fc.constantFrom(...sessionStates),
    index: paymentIndex,
    by: fc.constantFrom(...settledBy),
    paid: amount,
    returned: amount,
    windowEnd: safe,
    contested: fc.option(fc.nat(), { nil: undefined }),
  })
  .map(({ contested, ...rest }) => ({
    ...rest,
    contestedAt:
      contested === undefined || rest.by !== 'vendor' || rest.index === 0 ? undefined : contested % rest.index,
  }))
