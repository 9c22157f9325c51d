// X.509 certificates (RFC 5280) with Ed25519 keys (RFC 8410): one authority as root, under it banks, auditors, vendors, users and
// validators. The role stands in an extension of our own, and in the subject's OU where people and openssl show it.
import 'reflect-metadata'
import * as x509 from '@peculiar/x509'
import { bytesEqual, toHex } from './bytes.ts'
import { MupibError } from './errors.ts'
import type { Genesis } from './genesis.ts'
import { sha256, sha256Hex } from './hash.ts'
import { publicKeyOfSpki, type SigningKey, signatureBytes, signUntagged, spkiOf, verifyUntagged } from './keys.ts'
import { limits } from './limits.ts'
import { derToPem, pemToDer } from './pem.ts'
import { publicKeyFault } from './public-key.ts'
import { type CertificateFacts, isName, type Role, roles } from './records.ts'

/** Our extension: a UTF8String with the role. The arc is the example number of RFC 5612; not critical, so that others can verify. */
const roleExtension = '1.3.6.1.4.1.32473.17.1'

/** A certificate that was parsed and holds the form of this file; who issued it is `checkIssuer`'s to say. */
export interface Certificate {
  readonly facts: CertificateFacts
  readonly role: Role
  readonly name: string
  /** Positive, as hex. */
  readonly serialNumber: string
  readonly der: Uint8Array
}

interface Validity {
  /** Milliseconds since 1970; X.509 keeps whole seconds, so both are rounded down. */
  readonly notBefore: number
  readonly notAfter: number
}

export interface RootRequest extends Validity {
  readonly name: string
  readonly key: SigningKey
  /** Hex of a positive number; random where it is left out. */
  readonly serialNumber?: string
}

export interface CertificateRequest extends Validity {
  readonly issuer: Certificate
  readonly issuerKey: SigningKey
  readonly name: string
  readonly role: Exclude<Role, 'authority'>
  readonly publicKey: Uint8Array
  readonly serialNumber?: string
}

/** Creates the authority's self-signed root certificate. */
export async function createRootCertificate(request: RootRequest): Promise<Certificate> {
  return create({
    ...request,
    role: 'authority',
    publicKey: request.key.publicKey,
    issuerName: undefined,
    issuerKey: request.key,
  })
}

/** Issues a certificate under a root. Throws `bad_certificate` where the request or the issuer is unfit. */
export async function issueCertificate(request: CertificateRequest): Promise<Certificate> {
  const { issuer, issuerKey } = request
  if (issuer.role !== 'authority') throw new MupibError('bad_certificate', `a ${issuer.role} issues no certificates`)
  if (!bytesEqual(issuer.facts.publicKey, issuerKey.publicKey))
    throw new MupibError('bad_certificate', 'the issuer key is not that of the issuer certificate')
  return create({ ...request, issuerName: issuer.name })
}

/** Issues a certificate with the name, role and key of an earlier one, or with a new key. */
export async function renewCertificate(
  earlier: Certificate,
  request: Omit<CertificateRequest, 'name' | 'role' | 'publicKey'> & { readonly publicKey?: Uint8Array },
): Promise<Certificate> {
  if (earlier.role === 'authority') throw new MupibError('bad_certificate', 'a root is not renewed but replaced')
  return issueCertificate({ publicKey: earlier.facts.publicKey, ...request, name: earlier.name, role: earlier.role })
}

/**
 * Parses a certificate in DER or PEM and holds it to the form that this file gives: Ed25519, one name and role, role and constraints
 * that agree. Its signature is not looked at. Throws `bad_certificate`.
 */
export function parseCertificate(derOrPem: Uint8Array | string): Certificate {
  const der = typeof derOrPem === 'string' ? pemToDer(derOrPem) : new Uint8Array(derOrPem)
  if (der.length > limits.certificateBytes) refuse(`more than ${limits.certificateBytes} bytes`)
  try {
    splitCertificate(der)
    return parse(der)
  } catch (cause) {
    if (cause instanceof MupibError && cause.code === 'bad_certificate') throw cause
    throw new MupibError('bad_certificate', 'not an X.509 certificate of an Ed25519 key', { cause })
  }
}

/**
 * Checks that one of the roots issued the certificate (or is it, self-signed), and where a time is given, that both are valid then.
 * Returns the root. Throws `bad_certificate`.
 */
export function checkIssuer(certificate: Certificate, roots: readonly Certificate[], atMs?: number): Certificate {
  const { tbs, signature } = splitCertificate(certificate.der)
  const issuer = new x509.X509Certificate(new Uint8Array(certificate.der)).issuer
  const root = roots.find(
    candidate =>
      candidate.role === 'authority' &&
      issuer === subjectOf(candidate.name, 'authority') &&
      (certificate.role !== 'authority' || bytesEqual(certificate.der, candidate.der)) &&
      verifyUntagged(tbs, candidate.facts.publicKey, signature),
  )
  if (!root) refuse(`that of ${certificate.name}, which no root certificate issued`)
  for (const { name, facts } of atMs === undefined ? [] : [certificate, root])
    if (atMs! < facts.notBefore || atMs! > facts.notAfter)
      refuse(`that of ${name}, not valid at ${new Date(atMs!).toISOString()}`)
  return root
}

export const certificateToPem = (certificate: Certificate): string => derToPem(certificate.der)

/** Holds the certificates of a genesis to what the file says of them. Throws `bad_genesis` naming the field. */
export function checkGenesisCertificates(genesis: Genesis): void {
  const at = <T>(field: string, right: string, check: () => T): T => {
    try {
      return check()
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new MupibError('bad_genesis', `${field}: ${why}`, { field, hint: right, cause })
    }
  }
  const roots = genesis.roots.map((root, i) =>
    at(`roots[${i}]`, 'a self-signed root certificate as `mupib testnet generate` makes them', () => {
      const certificate = parseCertificate(root.der)
      checkIssuer(certificate, [certificate])
      return certificate
    }),
  )
  at('authority', 'the key and the fingerprint of one of the roots', () => {
    const root = roots.find(({ facts }) => facts.fingerprint === genesis.authority.fingerprint)
    if (!root || !bytesEqual(root.facts.publicKey, genesis.authority.publicKey))
      refuse('not that of the authority: another key')
  })
  genesis.members.forEach((member, i) => {
    at(`members[${i}].certificate`, 'a certificate of this name, role, key and validity, issued by a root', () => {
      const certificate = parseCertificate(member.certificateDer)
      checkIssuer(certificate, roots)
      const { facts, name, role } = certificate
      if (name !== member.name || role !== member.role) refuse(`that of the ${role} ${name}`)
      if (!bytesEqual(facts.publicKey, member.certificate.publicKey)) refuse('of another key')
      if (facts.notBefore !== member.certificate.notBefore || facts.notAfter !== member.certificate.notAfter)
        refuse('of another validity')
    })
  })
}

function refuse(what: string): never {
  throw new MupibError('bad_certificate', `a certificate that is refused: ${what}`)
}

const subjectOf = (name: string, role: Role): string => `CN=${name}, OU=${role}, O=mupib`

/** RFC 7093, method 1: the leftmost 160 bits of SHA-256 over the key. */
const keyIdentifier = (publicKey: Uint8Array): string => toHex(sha256(publicKey).subarray(0, 20))

function randomSerial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  // the first byte makes the number positive and its encoding as short as it can be
  bytes[0] = (bytes[0]! & 0x3f) | 0x40
  return toHex(bytes)
}

const roleValue = (role: Role): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0x0c, role.length, ...new TextEncoder().encode(role))

function extensionsOf(role: Role, publicKey: Uint8Array, issuerKey: Uint8Array): x509.Extension[] {
  const isRoot = role === 'authority'
  const usage = isRoot
    ? x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign
    : x509.KeyUsageFlags.digitalSignature
  return [
    isRoot
      ? new x509.BasicConstraintsExtension(true, 0, true)
      : new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(usage, true),
    new x509.SubjectKeyIdentifierExtension(keyIdentifier(publicKey)),
    new x509.AuthorityKeyIdentifierExtension(keyIdentifier(issuerKey)),
    new x509.Extension(roleExtension, false, roleValue(role)),
  ]
}

interface Creation extends Validity {
  readonly name: string
  readonly role: Role
  readonly publicKey: Uint8Array
  /** Undefined: self-signed. */
  readonly issuerName: string | undefined
  readonly issuerKey: SigningKey
  readonly serialNumber?: string
}

async function create(creation: Creation): Promise<Certificate> {
  const { name, role, publicKey, issuerName, issuerKey } = creation
  if (!isName(name)) refuse(`one for '${name}', which is no name`)
  const notBefore = Math.floor(creation.notBefore / 1000) * 1000
  const notAfter = Math.floor(creation.notAfter / 1000) * 1000
  if (!(notBefore >= 0 && notBefore <= notAfter && notAfter < Date.UTC(10_000, 0)))
    refuse('one that ends before it begins, or beyond the year 9999')
  const parameters = {
    serialNumber: creation.serialNumber ?? randomSerial(),
    subject: subjectOf(name, role),
    issuer: subjectOf(issuerName ?? name, 'authority'),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    publicKey: new x509.PublicKey(new Uint8Array(spkiOf(publicKey))),
    extensions: extensionsOf(role, publicKey, issuerKey.publicKey),
    signingAlgorithm: { name: 'Ed25519' },
  }
  // Ed25519 signs the bytes of the content, which the library shows only in a finished certificate: made once with no
  // signature to get at them, then with the real one. Our own keys sign, so that no second handle of a key exists.
  const draft = await x509.X509CertificateGenerator.create({ ...parameters, signature: new Uint8Array(signatureBytes) })
  const signature = signUntagged(splitCertificate(new Uint8Array(draft.rawData)).tbs, issuerKey)
  const whole = await x509.X509CertificateGenerator.create({ ...parameters, signature: new Uint8Array(signature) })
  return parseCertificate(new Uint8Array(whole.rawData))
}

function parse(der: Uint8Array): Certificate {
  const parsed = new x509.X509Certificate(new Uint8Array(der))
  const publicKey = publicKeyOfSpki(new Uint8Array(parsed.publicKey.rawData))
  const fault = publicKeyFault(publicKey)
  if (fault !== undefined) refuse(`its key is not ${fault}`)
  const name = parsed.subjectName.getField('CN')[0] ?? ''
  if (!isName(name)) refuse(`'${name}' is no name`)
  const role = roleOf(parsed)
  if (parsed.subject !== subjectOf(name, role)) refuse(`its subject is not ${subjectOf(name, role)}`)
  checkConstraints(parsed, role)
  const serialNumber = parsed.serialNumber
  if (!/^[0-7][0-9a-f]{1,39}$/.test(serialNumber) || /^0+$/.test(serialNumber))
    refuse('its serial number is not positive, of at most 20 bytes')
  const facts = {
    fingerprint: sha256Hex(der),
    publicKey,
    notBefore: parsed.notBefore.getTime(),
    notAfter: parsed.notAfter.getTime(),
  }
  if (!(facts.notBefore >= 0 && facts.notBefore <= facts.notAfter)) refuse('it ends before it begins')
  return { facts, role, name, serialNumber, der }
}

function roleOf(parsed: x509.X509Certificate): Role {
  const found = parsed.getExtensions(roleExtension)
  const value = found.length === 1 ? new Uint8Array(found[0]!.value) : undefined
  const role = (Object.keys(roles) as Role[]).find(known => value && bytesEqual(value, roleValue(known)))
  return role ?? refuse(`no role in the extension ${roleExtension}`)
}

const knownExtensions = new Set(['2.5.29.19', '2.5.29.15', '2.5.29.14', '2.5.29.35', roleExtension])

function checkConstraints(parsed: x509.X509Certificate, role: Role): void {
  const isRoot = role === 'authority'
  const seen = new Set<string>()
  for (const { type, critical } of parsed.extensions) {
    if (seen.has(type)) refuse(`the extension ${type} stands twice`)
    if (critical && !knownExtensions.has(type)) refuse(`the extension ${type} is critical and unknown`)
    seen.add(type)
  }
  const constraints = parsed.getExtension(x509.BasicConstraintsExtension)
  if (constraints?.ca !== isRoot) refuse(isRoot ? 'a root that may not issue' : `a ${role} that may issue`)
  const usages = parsed.getExtension(x509.KeyUsagesExtension)?.usages ?? 0
  const wanted = isRoot ? x509.KeyUsageFlags.keyCertSign : x509.KeyUsageFlags.digitalSignature
  if ((usages & wanted) === 0) refuse(isRoot ? 'a root without keyCertSign' : 'without digitalSignature')
  if (!isRoot && (usages & x509.KeyUsageFlags.keyCertSign) !== 0) refuse(`a ${role} with keyCertSign`)
}

// AlgorithmIdentifier of Ed25519: the number 1.3.101.112, no parameters (RFC 8410)
const ed25519Identifier = '300506032b6570'

/** The signed bytes and the signature of a certificate: SEQUENCE { tbs, algorithm, BIT STRING }. */
function splitCertificate(der: Uint8Array): { tbs: Uint8Array; signature: Uint8Array } {
  const whole = derElement(der, 0, 0x30)
  if (whole.end !== der.length) refuse('bytes after its end')
  const tbs = derElement(der, whole.start, 0x30)
  const algorithm = derElement(der, tbs.end, 0x30)
  if (toHex(der.subarray(tbs.end, algorithm.end)) !== ed25519Identifier) refuse('one not signed with Ed25519')
  const bits = derElement(der, algorithm.end, 0x03)
  if (bits.end !== whole.end || bits.end - bits.start !== signatureBytes + 1 || der[bits.start] !== 0)
    refuse('its signature is not one of Ed25519')
  return { tbs: der.subarray(whole.start, tbs.end), signature: der.subarray(bits.start + 1, bits.end) }
}

/** Where the content of the DER element at an offset starts and ends (lengths up to 65,535, as short as they can be). */
function derElement(der: Uint8Array, at: number, tag: number): { start: number; end: number } {
  const first = der[at + 1] ?? 0xff
  let start = at + 2
  let length = first
  if (first > 0x82 || first === 0x80) refuse('cut short')
  if (first > 0x80) {
    const count = first & 0x7f
    length = 0
    for (let i = 0; i < count; i++) length = length * 256 + (der[start + i] ?? 0)
    start += count
    if (length < (count === 1 ? 128 : 256)) refuse('a length that is not the shortest')
  }
  if (der[at] !== tag || start + length > der.length) refuse('cut short')
  return { start, end: start + length }
}
