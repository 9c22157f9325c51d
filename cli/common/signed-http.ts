// Signed HTTP: a request names its sender by certificate and is signed over method, path, addressee, time and body; the reply is signed over
// the request's digest, status and body. So nobody on the way can ask, answer or pass an old answer for a new one.
import { bytesOfHex, toHex, Writer } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Digest, digestOf, sha256 } from '../../proto/hash.ts'
import { sign, signatureBytes, verify } from '../../proto/keys.ts'
import type { Role } from '../../proto/records.ts'
import { type CertificateChecks, certificateBytes, certificateToText, type Identity } from './identity.ts'

const signedHeaders = {
  certificate: 'mupib-certificate',
  to: 'mupib-to',
  time: 'mupib-time',
  signature: 'mupib-signature',
} as const

/** How far a request's time may be from the clock of the one who takes it, in milliseconds. */
const clockSkewMsMax = 300_000

export type Headers = Readonly<Record<string, string | string[] | undefined>>

/** What is signed of a request. */
export interface RequestFacts {
  readonly network: Digest
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Name of the party that is to act on it. */
  readonly to: string
  readonly time: number
  readonly body: Uint8Array
}

/** Digest of a request: what it is signed over, and what the reply names. */
function requestDigest({ network, method, path, to, time, body }: RequestFacts): Digest {
  const writer = new Writer(256).digest(network).text(method).text(path).text(to).u64(time).fixed(sha256(body), 32)
  return digestOf('request', writer.finish())
}

function replyDigest(request: Digest, status: number, body: Uint8Array): Digest {
  return digestOf('reply', new Writer(80).digest(request).u16(status).fixed(sha256(body), 32).finish())
}

/** Headers that sign a request, and its digest. */
export function signRequest(
  identity: Identity,
  facts: Omit<RequestFacts, 'network'>,
): { readonly headers: Record<string, string>; readonly digest: Digest } {
  const digest = requestDigest({ network: identity.network, ...facts })
  const headers = {
    [signedHeaders.certificate]: certificateToText(identity.certificate),
    [signedHeaders.to]: facts.to,
    [signedHeaders.time]: String(facts.time),
    [signedHeaders.signature]: toHex(sign('requestSignature', bytesOfHex(digest), identity.key)),
  }
  return { headers, digest }
}

/** Headers that sign a reply to the request of this digest. */
export function signReply(
  identity: Identity,
  request: Digest,
  status: number,
  body: Uint8Array,
): Record<string, string> {
  const digest = replyDigest(request, status, body)
  return {
    [signedHeaders.certificate]: certificateToText(identity.certificate),
    [signedHeaders.signature]: toHex(sign('replySignature', bytesOfHex(digest), identity.key)),
  }
}

function headerOf(headers: Headers, name: string): string {
  const value = headers[name]
  if (typeof value !== 'string') throw new MupibError('bad_signature', `no header ${name}`, { field: name })
  return value
}

function signatureOf(headers: Headers): Uint8Array {
  const text = headerOf(headers, signedHeaders.signature)
  if (text.length !== 2 * signatureBytes || !/^[0-9a-f]*$/.test(text))
    throw new MupibError('bad_signature', 'a signature is 64 bytes in lower-case hex', {
      field: signedHeaders.signature,
    })
  return bytesOfHex(text)
}

/** True where somebody signed the request, whoever that is. */
export const isSigned = (headers: Headers): boolean => headers[signedHeaders.signature] !== undefined

/** Digest of what a request says of itself, for the reply to it; undefined where it says too little to be signed at all. */
export function claimedDigest(
  network: Digest,
  {
    method,
    path,
    headers,
    body,
  }: { readonly method: string; readonly path: string; readonly headers: Headers; readonly body: Uint8Array },
): Digest | undefined {
  const to = headers[signedHeaders.to]
  const time = Number(headers[signedHeaders.time])
  if (typeof to !== 'string' || !Number.isSafeInteger(time) || time < 0) return undefined
  return requestDigest({ network, method, path, to, time, body })
}

/**
 * Checks who sent a request. Throws `bad_signature`, `bad_certificate`, `wrong_role`, `certificate_dead`, `times`.
 * A request may come twice: what it does must be safe to repeat.
 */
export function verifyRequest(
  own: { readonly name: string; readonly network: Digest },
  checks: CertificateChecks,
  roles: readonly Role[],
  request: { readonly method: string; readonly path: string; readonly headers: Headers; readonly body: Uint8Array },
  now: number,
): { readonly caller: Certificate; readonly digest: Digest } {
  const { headers, method, path, body } = request
  const caller = checks.check(certificateBytes(headerOf(headers, signedHeaders.certificate)), roles, now)
  const to = headerOf(headers, signedHeaders.to)
  if (to !== own.name)
    throw new MupibError('bad_signature', `this is ${own.name}, not ${to}`, { field: signedHeaders.to })
  const time = Number(headerOf(headers, signedHeaders.time))
  if (!Number.isSafeInteger(time) || Math.abs(time - now) > clockSkewMsMax)
    throw new MupibError('times', 'the time of the request is too far from the time here', {
      field: signedHeaders.time,
      hint: 'set the clock',
    })
  const digest = requestDigest({ network: own.network, method, path, to, time, body })
  if (!verify('requestSignature', bytesOfHex(digest), caller.facts.publicKey, signatureOf(headers)))
    throw new MupibError('bad_signature', 'the request is not signed by the key of its certificate')
  return { caller, digest }
}

/** Checks that a reply was signed by the party that was asked. Throws `bad_signature`, `bad_certificate`, `wrong_role`, `certificate_dead`. */
export function verifyReply(
  checks: CertificateChecks,
  from: { readonly name: string; readonly role: Role },
  request: Digest,
  reply: { readonly status: number; readonly headers: Headers; readonly body: Uint8Array },
  now: number,
): Certificate {
  const { status, headers, body } = reply
  const signer = checks.check(certificateBytes(headerOf(headers, signedHeaders.certificate)), [from.role], now)
  if (signer.name !== from.name)
    throw new MupibError('bad_signature', `the reply is signed by ${signer.name}, not by ${from.name}`)
  const digest = replyDigest(request, status, body)
  if (!verify('replySignature', bytesOfHex(digest), signer.facts.publicKey, signatureOf(headers)))
    throw new MupibError('bad_signature', `the reply is not what ${from.name} signed`)
  return signer
}
