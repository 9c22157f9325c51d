// Speaking to services of ours over HTTP: JSON both ways, and their errors come back as what they were.
import { type ErrorCode, errorCodes, MupibError } from '../../proto/errors.ts'
import type { Role } from '../../proto/records.ts'
import { CertificateChecks, type Identity } from './identity.ts'
import { toJson } from './output.ts'
import { isSigned, signRequest, verifyReply } from './signed-http.ts'

/** Milliseconds after which a service that took a request and says nothing counts as not answering. */
const answerTimeoutMs = 120_000
/** A long poll that comes back sooner than this did not wait, and is not repeated at once. */
export const longPollMsMin = 1_000

function errorOf(status: number, body: unknown, url: string): MupibError {
  const error = (body as { error?: Record<string, unknown> } | undefined)?.error
  const code = errorCodes.find(known => known === error?.code)
  if (error === undefined || code === undefined)
    return new MupibError('unreachable', `${url} answers ${status} and is none of our services`)
  const { code: _, message, hint, ...fields } = error
  return new MupibError(code as ErrorCode, String(message), {
    ...fields,
    ...(typeof hint === 'string' ? { hint } : {}),
  })
}

/** Whom a signed call is for: its answer must come from there. */
export interface Peer {
  readonly base: string
  readonly name: string
  readonly role: Role
}

/** How a caller signs and whom it believes. */
export interface CallerIdentity {
  readonly identity: Identity
  readonly checks: CertificateChecks
  /** Ends its calls: they throw `stopped`, or `timeout` where it is one. */
  readonly signal?: AbortSignal
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

interface RawReply {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

async function send(
  base: string,
  method: Method,
  path: string,
  headers: Record<string, string>,
  body: string | undefined,
  stop?: AbortSignal,
): Promise<RawReply> {
  const url = new URL(path, base).href
  const timeout = AbortSignal.timeout(answerTimeoutMs)
  try {
    const response = await fetch(url, {
      method,
      signal: stop ? AbortSignal.any([timeout, stop]) : timeout,
      headers: body === undefined ? headers : { ...headers, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body }),
    })
    const bytes = new Uint8Array(await response.arrayBuffer())
    return { status: response.status, headers: Object.fromEntries(response.headers), body: bytes }
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError')
      throw new MupibError('timeout', `${url} took the request and did not answer`, { cause: error })
    if (stop?.aborted) throw new MupibError('stopped', `the call of ${url} was ended`, { cause: error })
    throw new MupibError('unreachable', `nothing answers at ${base}`, { hint: 'is it running?', cause: error })
  }
}

function readReply<T>({ status, body }: RawReply, url: string): T {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(body).toString('utf8'))
  } catch {
    parsed = undefined
  }
  if (status < 200 || status > 299 || parsed === undefined) throw errorOf(status, parsed, url)
  return parsed as T
}

const bodyOf = (body: unknown): string | undefined => (body === undefined ? undefined : toJson(body))

/** Calls what is open to anyone, unsigned: `call(run.http, 'GET', '/status')`. Throws the service's own error, `unreachable`, `timeout`. */
export async function call<T>(base: string, method: Method, path: string, body?: unknown): Promise<T> {
  return readReply(await send(base, method, path, {}, bodyOf(body)), new URL(path, base).href)
}

/**
 * Calls a service with a signed request and checks that it signed its reply, refusals included. Throws the service's own error,
 * `unreachable`, `timeout`, and `bad_signature` or `bad_certificate` where the reply is not its own.
 */
export async function signedCall<T>(
  { identity, checks, signal }: CallerIdentity,
  peer: Peer,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
): Promise<T> {
  const text = bodyOf(body)
  const facts = { method, path, to: peer.name, time: Date.now(), body: new TextEncoder().encode(text ?? '') }
  const { headers, digest } = signRequest(identity, facts)
  const reply = await send(peer.base, method, path, headers, text, signal)
  if (!isSigned(reply.headers))
    throw new MupibError('unreachable', `${peer.name} did not sign its answer (${reply.status})`, {
      hint: `does ${peer.name} answer at ${peer.base}?`,
    })
  verifyReply(checks, peer, digest, reply, Date.now())
  return readReply(reply, new URL(path, peer.base).href)
}

/** Calls the own service as its operator: signed with the key that it has itself. */
export function ownService(identity: Identity, base: string) {
  const checks = new CertificateChecks(identity.roots)
  const { name, role } = identity.certificate
  return <T>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> =>
    signedCall({ identity, checks }, { base, name, role }, method, path, body)
}
