// What all claims are checked with: certificates by the roots of a genesis, statements by certificates, verdicts by the validators, and
// payments by the digest that names them. Signatures go through node:crypto, as they did where tills and auditors checked them: what those
// took in good faith must not fail here.
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesEqual, bytesOfHex, toHex } from '../../proto/bytes.ts'
import { type Certificate, checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import { verify } from '../../proto/keys.ts'
import { type Proved, type VerdictProof, verifyProof } from '../../proto/proof.ts'
import type { Role } from '../../proto/records.ts'
import { type SignedStatement, type Statement, verifyStatement } from '../../proto/statements.ts'
import { groupDigest, TokenHasher, verifyPayload } from '../../proto/token.ts'
import type { TokenVerdict, TransactionVerdict } from '../../proto/verdict.ts'
import { short } from '../common/output.ts'
import { type HolderPayment, paymentDigest } from '../common/payment.ts'
import { serialText } from '../common/serial.ts'
import type { Guilty } from './claims.ts'

export interface Court {
  readonly genesis: Genesis
  readonly network: Digest
  /** Those of genesis and of the evidence, by fingerprint. */
  readonly certificates: ReadonlyMap<Digest, Certificate>
}

/** The claim does not hold. */
export const fail = (why: string): never => {
  throw new MupibError('bad_proof', why)
}

/** Runs a check; whatever it throws becomes `bad_proof`. */
export function proving<T>(what: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof MupibError && cause.code === 'bad_proof') throw cause
    throw new MupibError('bad_proof', `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
  }
}

interface Certified {
  readonly roots: readonly Certificate[]
  readonly members: ReadonlyMap<Digest, Certificate>
}

// parsing certificates costs more than all else that is checked, and lists are checked by one genesis
const certifiedByGenesis = new WeakMap<Genesis, Certified>()

function checked(der: Uint8Array, roots: readonly Certificate[]): [Digest, Certificate] {
  const certificate = parseCertificate(der)
  checkIssuer(certificate, roots)
  return [certificate.facts.fingerprint, certificate]
}

function certifiedBy(genesis: Genesis): Certified {
  const known = certifiedByGenesis.get(genesis)
  if (known) return known
  const roots = genesis.roots.map(({ der }) => parseCertificate(der))
  const members = new Map(genesis.members.map(({ certificateDer }) => checked(certificateDer, roots)))
  certifiedByGenesis.set(genesis, { roots, members })
  return { roots, members }
}

/** Checks the certificates of a piece of evidence. Their validity is not looked at: a signer writes the time of what it signs itself. */
export function openCourt(network: Digest, certificates: readonly Uint8Array[], genesis: Genesis): Court {
  if (network !== genesisHash(genesis)) fail('the evidence is of another network, or this is another genesis')
  const { roots, members } = certifiedBy(genesis)
  const given = proving('certificate', () => certificates.map(der => checked(der, roots)))
  return { genesis, network, certificates: new Map([...members, ...given]) }
}

/** A party by the certificate that a message names. */
export function partyOf({ certificates }: Court, fingerprint: Digest, role: Role): Certificate {
  const party =
    certificates.get(fingerprint) ?? fail(`the certificate ${short(fingerprint)} of the ${role} is not in the evidence`)
  return party.role === role ? party : fail(`${party.name} is ${party.role} where ${role} belongs`)
}

/** A user by its key. */
export function userOf({ certificates }: Court, key: Uint8Array): Certificate {
  for (const party of certificates.values())
    if (party.role === 'user' && bytesEqual(party.facts.publicKey, key)) return party
  return fail(`the certificate of the user ${short(toHex(key))} is not in the evidence`)
}

/** Two certificates of one key are of one party: they are renewed under it. */
export const isSameParty = (one: Certificate, other: Certificate): boolean =>
  one.role === other.role && bytesEqual(one.facts.publicKey, other.facts.publicKey)

export const guiltyOf = ({ name, role, facts }: Certificate): Guilty => ({ name, role, key: toHex(facts.publicKey) })

/** Who signed a statement. */
export function signerOf(court: Court, signed: SignedStatement, role: Role): Certificate {
  const { kind, network, signer }: Statement = signed.statement
  if (network !== court.network) fail(`the ${kind} is of another network`)
  const party = partyOf(court, signer, role)
  return verifyStatement(signed, party.facts.publicKey) ? party : fail(`${party.name} did not sign the ${kind}`)
}

/** The certified answer to one transaction of an auditor's block. */
export interface CertifiedTransaction {
  readonly proved: Proved
  readonly transaction: TransactionVerdict
  readonly auditor: Certificate
}

export function certifiedTransaction(court: Court, proof: VerdictProof): CertifiedTransaction {
  const proved = verifyProof(proof, court.genesis, verify)
  const transaction = proved.transaction ?? fail('the proof is about no transaction')
  if (proved.record.kind !== 'tokenBlock') fail('the proof is about no block of an auditor')
  return { proved, transaction, auditor: partyOf(court, proved.record.signer, 'auditor') }
}

/** One token of a certified transaction, in the verdict and in the payment as it was put into the block. */
export interface CertifiedToken extends CertifiedTransaction {
  readonly verdict: TokenVerdict
  readonly token: LooseToken
}

export function certifiedToken(court: Court, proof: VerdictProof, payment: HolderPayment): CertifiedToken {
  const certified = certifiedTransaction(court, proof)
  const verdict = certified.proved.token ?? fail('the proof is about no token')
  if (digestOf(court, payment) !== certified.transaction.payload) fail('the verdict is about another payment')
  const token = payment.tokens[proof.token!] ?? fail('the payment lacks the token')
  return { ...certified, verdict, token }
}

export const digestOf = (court: Court, payment: HolderPayment): Digest =>
  proving('payment', () => paymentDigest(court.network, payment))

/** True where everybody whose tokens a payment spends has signed it. An honest till or auditor takes tokens of one holder only. */
export function isHolderSigned(court: Court, payment: HolderPayment, signature = payment.signature): boolean {
  const digest = digestOf(court, payment)
  const holders = new Map(payment.tokens.map(({ group }) => [toHex(group.holder), group.holder]))
  return [...holders.values()].every(holder => verifyPayload(digest, holder, signature))
}

const hasher = new TokenHasher()

/** Digest of the group, and the hash that the bank publishes for the token. */
export function hashesOf(court: Court, { group, index, signature }: LooseToken): { group: Uint8Array; token: Digest } {
  const digest = groupDigest(bytesOfHex(court.network), group)
  hasher.group(digest)
  return { group: digest, token: hasher.hex(index, signature) }
}

export const serialOf = (court: Court, { group, index }: LooseToken): string =>
  serialText(court.genesis, group.bank, group.publication, index)
