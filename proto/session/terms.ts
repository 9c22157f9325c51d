// What the parties to a session agree on, signed by each of them before the first payment: client, vendor, and the bank that holds the money.
// The digest of the terms names the session everywhere.
import { bytesEqual, bytesOfHex, Reader, Writer } from '../bytes.ts'
import { MupibError } from '../errors.ts'
import { type Digest, digestOf } from '../hash.ts'
import { type SignatureCheck, type SigningKey, sign, signatureBytes, verify } from '../keys.ts'
import { limits } from '../limits.ts'
import { anchorCount, paywordBytes } from './payword.ts'

/** How the signatures of a session's payments are locked; the numbers are signed. */
export const lockSuites = { xor: 1, schnorr: 2, bls: 3 } as const
export type LockSuiteName = keyof typeof lockSuites

/** Bytes of a suite's public key. */
export const sessionKeyBytes = { xor: 32, schnorr: 32, bls: 48 } as const satisfies Record<LockSuiteName, number>

/** Times are block times, in milliseconds since 1970; money in minor units. */
export interface SessionTerms {
  /** Genesis hash. */
  readonly network: Digest
  /** Fingerprint of the bank's certificate. */
  readonly bank: Digest
  /** Ed25519 public key of the user who pays. */
  readonly client: Uint8Array
  /** Ed25519 public key of the vendor. */
  readonly vendor: Uint8Array
  /** 32 random bytes. */
  readonly nonce: Uint8Array
  readonly suite: LockSuiteName
  /** P: the suite's public key, fresh for this session. */
  readonly sessionKey: Uint8Array
  /** Money of one payment. */
  readonly unit: bigint
  readonly paymentsMax: number
  /** H'(w_0), H'(w_1024), …: `paywordAnchor` of every 1,024th value of the chain. */
  readonly anchors: readonly Uint8Array[]
  /** Until when the opening has to be decided. */
  readonly openBy: number
  /** Until when the client alone may close. */
  readonly expiry: number
  /** How long a vendor may answer a close of the client, and claim after expiry. */
  readonly windowMs: number
}

/** Who signs a session's terms, and the domain of the signature. */
export const sessionSigners = { client: 'sessionClient', vendor: 'sessionVendor', bank: 'sessionBank' } as const
export type SessionSigner = keyof typeof sessionSigners

/** The three signatures over the session's digest. The bank's says that it holds the escrow and that both reputations suffice. */
export type SessionSignatures = Readonly<Record<SessionSigner, Uint8Array>>

/** Money held for a session: unit × paymentsMax. */
export const sessionEscrow = ({ unit, paymentsMax }: Pick<SessionTerms, 'unit' | 'paymentsMax'>): bigint =>
  unit * BigInt(paymentsMax)

/** The canonical encoding of terms: what the session's digest covers. */
export function encodeTerms(terms: SessionTerms): Uint8Array {
  const writer = new Writer(512 + terms.anchors.length * paywordBytes)
    .digest(terms.network)
    .digest(terms.bank)
    .fixed(terms.client, 32)
    .fixed(terms.vendor, 32)
    .fixed(terms.nonce, 32)
    .u8(lockSuites[terms.suite])
    .fixed(terms.sessionKey, sessionKeyBytes[terms.suite])
    .u64(terms.unit)
    .u32(terms.paymentsMax)
    .u64(terms.openBy)
    .u64(terms.expiry)
    .u64(terms.windowMs)
    .u32(terms.anchors.length)
  for (const anchor of terms.anchors) writer.fixed(anchor, paywordBytes)
  return writer.finish()
}

function readSuite(reader: Reader): LockSuiteName {
  const tag = reader.u8()
  for (const [name, number] of Object.entries(lockSuites)) if (number === tag) return name as LockSuiteName
  throw new MupibError('malformed', `no lock suite has the number ${tag}`)
}

/** Reads terms where they stand among other fields; form and limits only, `termsFault` says the rest. */
export function readTerms(reader: Reader): SessionTerms {
  const network = reader.digest()
  const bank = reader.digest()
  const client = reader.fixed(32)
  const vendor = reader.fixed(32)
  const nonce = reader.fixed(32)
  const suite = readSuite(reader)
  const sessionKey = reader.fixed(sessionKeyBytes[suite])
  const unit = reader.amount(limits.amount)
  const paymentsMax = reader.count(limits.sessionPayments)
  const times = { openBy: reader.u64(), expiry: reader.u64(), windowMs: reader.u64() }
  const count = reader.count(anchorCount(limits.sessionPayments))
  const anchors: Uint8Array[] = []
  for (let i = 0; i < count; i++) anchors.push(reader.fixed(paywordBytes))
  return { network, bank, client, vendor, nonce, suite, sessionKey, unit, paymentsMax, ...times, anchors }
}

/** Reads terms that stand alone. Throws `malformed`, `too_large`, `trailing_bytes`. */
export function decodeTerms(bytes: Uint8Array): SessionTerms {
  const reader = new Reader(bytes)
  const terms = readTerms(reader)
  reader.end()
  return terms
}

/** What is wrong with terms whatever the state, or undefined: nobody should sign such terms, and the ledger refuses them. */
export function termsFault(terms: SessionTerms): { field: keyof SessionTerms; hint: string } | undefined {
  const { client, vendor, unit, paymentsMax, anchors, openBy, expiry, windowMs } = terms
  if (bytesEqual(client, vendor)) return { field: 'vendor', hint: 'another key than the client' }
  if (unit < 1n) return { field: 'unit', hint: 'at least 1 minor unit' }
  if (paymentsMax < 1 || paymentsMax > limits.sessionPayments)
    return { field: 'paymentsMax', hint: `from 1 to ${limits.sessionPayments}` }
  if (sessionEscrow(terms) > limits.amount) return { field: 'unit', hint: 'money for all payments within the limit' }
  if (anchors.length !== anchorCount(paymentsMax))
    return { field: 'anchors', hint: `one for every ${limits.sessionAnchorSpan} payments` }
  if (openBy >= expiry) return { field: 'expiry', hint: 'after openBy' }
  if (windowMs < limits.sessionWindowMsMin || windowMs > limits.sessionWindowMsMax)
    return { field: 'windowMs', hint: `from ${limits.sessionWindowMsMin} to ${limits.sessionWindowMsMax} ms` }
  return Number.isSafeInteger(expiry + windowMs)
    ? undefined
    : { field: 'expiry', hint: 'a time before the year 287,396' }
}

/** The digest of terms: the session's name. */
export const sessionDigest = (terms: SessionTerms): Digest => digestOf('session', encodeTerms(terms))

/** Signs a session's terms as one of its parties. */
export function signSession(session: Digest, as: SessionSigner, key: SigningKey): Uint8Array {
  return sign(sessionSigners[as], bytesOfHex(session), key)
}

/** True where the party's signature over the session's terms holds. */
export function verifySession(
  session: Digest,
  as: SessionSigner,
  publicKey: Uint8Array,
  signature: Uint8Array,
  check: SignatureCheck = verify,
): boolean {
  return signature.length === signatureBytes && check(sessionSigners[as], bytesOfHex(session), publicKey, signature)
}
