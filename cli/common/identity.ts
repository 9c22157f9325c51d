// Who is who over HTTP: the own certificate with its key, and the checks of everybody else's.
import { type Certificate, checkIssuer, parseCertificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, sha256Hex } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { limits } from '../../proto/limits.ts'
import type { Role } from '../../proto/records.ts'

/** A party of a network: what it signs with, and the roots by which it knows the others. */
export interface Identity {
  readonly network: Digest
  readonly key: SigningKey
  readonly certificate: Certificate
  readonly roots: readonly Certificate[]
}

/** Certificates that were checked and are kept parsed: a check costs about as much as ten signatures. */
const knownMax = 4_096

/** Checks certificates against the roots, their validity and the ledger's revocations. */
export class CertificateChecks {
  readonly #roots: readonly Certificate[]
  readonly #isDead: (fingerprint: Digest) => boolean
  readonly #known = new Map<Digest, Certificate>()

  /** `isDead` says which certificates the ledger has revoked; a party without a way to the ledger knows of none. */
  constructor(roots: readonly Certificate[], isDead: (fingerprint: Digest) => boolean = () => false) {
    this.#roots = roots
    this.#isDead = isDead
  }

  /** The certificate, if one of the roots issued it for one of these roles and it holds now. Throws `bad_certificate`, `wrong_role`, `certificate_dead`. */
  check(der: Uint8Array, roles: readonly Role[], now: number): Certificate {
    const fingerprint = sha256Hex(der)
    const certificate = this.#known.get(fingerprint) ?? this.#parse(der, fingerprint)
    const { name, role, facts } = certificate
    if (!roles.includes(role))
      throw new MupibError('wrong_role', `${name} is ${role} where ${roles.join(' or ')} may act`, {
        field: 'certificate',
      })
    if (this.#isDead(fingerprint))
      throw new MupibError('certificate_dead', `the certificate of ${name} was revoked`, { field: 'certificate' })
    if (now < facts.notBefore || now > facts.notAfter)
      throw new MupibError('certificate_dead', `the certificate of ${name} is not valid now`, {
        field: 'certificate',
        hint: 'have it renewed: mupib authority issue NAME --public-key KEY',
      })
    return certificate
  }

  #parse(der: Uint8Array, fingerprint: Digest): Certificate {
    const certificate = parseCertificate(der)
    checkIssuer(certificate, this.#roots)
    if (this.#known.size >= knownMax) this.#known.clear()
    this.#known.set(fingerprint, certificate)
    return certificate
  }
}

/** Certificates travel in headers and JSON as base64 of their DER. */
export const certificateToText = (certificate: Certificate): string => Buffer.from(certificate.der).toString('base64')

/** Reads what `certificateToText` gave. Throws `bad_certificate`, `too_large`. */
export function certificateBytes(text: string): Uint8Array {
  if (text.length > 2 * limits.certificateBytes)
    throw new MupibError('too_large', `a certificate of more than ${limits.certificateBytes} bytes`, {
      field: 'certificate',
    })
  const der = new Uint8Array(Buffer.from(text, 'base64'))
  if (der.length === 0 || Buffer.from(der).toString('base64') !== text)
    throw new MupibError('bad_certificate', 'a certificate is the base64 of its DER', { field: 'certificate' })
  return der
}
