// The HTTP service of an actor: JSON both ways, requests and replies signed, errors with stable codes, run.json while it is ready, a
// graceful stop. A route is for the actor's own operator unless its `access` says who else may call it.
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { bytesEqual } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { type Role, roles } from '../../proto/records.ts'
import { toMupibError } from './errors.ts'
import type { CertificateChecks, Identity } from './identity.ts'
import { toJson } from './output.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'
import { claimedDigest, isSigned, signReply, verifyRequest } from './signed-http.ts'

/** Who may call a route: parties of a role, the service's own operator (whoever has its key), or anyone, signed or not. */
export type Access = readonly (Role | 'self')[] | 'anyone'

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access
  }
  interface FastifyRequest {
    /** Who signed the request; undefined where nobody did and the route is for anyone. */
    caller: Certificate | undefined
    rawBody: Uint8Array
    signedDigest: Digest | undefined
  }
}

/** What a server is to know of its actor. */
export interface ServerOptions {
  readonly identity: Identity
  readonly checks: CertificateChecks
}

/** Bytes of a request's body: a payment with as many tokens as a block may hold. */
const bodyBytesMax = 8 * 1024 * 1024

const statusOf = (error: MupibError): number => {
  switch (error.code) {
    case 'not_found':
    case 'undecided':
    case 'no_account':
      return 404
    case 'bad_signature':
    case 'bad_certificate':
    case 'certificate_dead':
      return 401
    case 'wrong_role':
      return 403
    case 'conflict':
    case 'name_taken':
    case 'insufficient_funds':
    case 'too_early':
    case 'too_late':
    case 'already_settled':
    case 'claim_low':
      return 409
    case 'rate_limited':
      return 429
    case 'unreachable':
    case 'timeout':
    case 'stopped':
    case 'too_many_files':
      return 503
    case 'bug':
    case 'store_corrupt':
    case 'store_write_failed':
    case 'disk_full':
      return 500
    default:
      return 400
  }
}

function requestError(error: unknown): { status: number; failure: MupibError } {
  const status = (error as { statusCode?: unknown }).statusCode
  if (error instanceof MupibError || typeof status !== 'number' || status >= 500) {
    const failure = toMupibError(error)
    return { status: statusOf(failure), failure }
  }
  const code = status === 413 ? 'too_large' : status === 404 ? 'not_found' : 'bad_input'
  return { status, failure: new MupibError(code, (error as Error).message) }
}

/** A server without routes. Every answer goes through `toJson`, and is signed where the request was. */
export function createServer({ identity, checks }: ServerOptions): FastifyInstance {
  // a body is taken as it was signed: nothing is dropped from it, and a number is no amount
  const ajv = { customOptions: { removeAdditional: false, coerceTypes: false } } as const
  const server = Fastify({ forceCloseConnections: true, bodyLimit: bodyBytesMax, keepAliveTimeout: 60_000, ajv })
  server.decorateRequest('caller', undefined)
  server.decorateRequest('signedDigest', undefined)
  server.decorateRequest('rawBody')
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.rawBody = body as Buffer
    try {
      done(null, JSON.parse(String(body)))
    } catch (error) {
      done(new MupibError('bad_input', `the body is not JSON: ${(error as Error).message}`), undefined)
    }
  })
  server.setReplySerializer(payload => toJson(payload))
  server.addHook('preValidation', async request => checkAccess(request, identity, checks))
  server.addHook('onSend', async (request, reply, payload) => {
    if (request.signedDigest === undefined) return payload
    const body = Buffer.from(typeof payload === 'string' ? payload : '')
    reply.headers(signReply(identity, request.signedDigest, reply.statusCode, body))
    return payload
  })
  server.setErrorHandler((error, _request, reply) => {
    const { status, failure } = requestError(error)
    return reply.status(status).send({ error: failure.toJSON() })
  })
  server.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: { code: 'not_found', message: `no ${request.method} ${request.url} here` } }),
  )
  return server
}

const noBody = new Uint8Array(0)
const allRoles = Object.keys(roles) as Role[]

function checkAccess(request: FastifyRequest, identity: Identity, checks: CertificateChecks): void {
  const access = request.routeOptions.config.access ?? ['self']
  if (request.is404 || (access === 'anyone' && !isSigned(request.headers))) return
  const { name } = identity.certificate
  const { method, url: path, headers } = request
  const signed = { method, path, headers, body: request.rawBody ?? noBody }
  // a refusal is signed too: whoever is on the way must not be able to refuse in the service's name
  request.signedDigest = claimedDigest(identity.network, signed)
  const { caller } = verifyRequest({ name, network: identity.network }, checks, allRoles, signed, Date.now())
  const isSelf = bytesEqual(caller.facts.publicKey, identity.key.publicKey)
  const isAllowed = access === 'anyone' || access.includes(caller.role) || (isSelf && access.includes('self'))
  if (!isAllowed) throw new MupibError('wrong_role', `a ${caller.role} may not ask this of ${name}`)
  request.caller = caller
}

/** Who called a route that is not for anyone. */
export function callerOf(request: FastifyRequest): Certificate {
  if (!request.caller) throw new MupibError('bad_signature', 'the request is not signed')
  return request.caller
}

/** Finds out that a port is taken before anything is opened or waited for. Throws as `listen`. */
export async function checkPort(http: { host: string; port: number }): Promise<void> {
  if (http.port === 0) return
  const probe = Fastify()
  await listen(probe, http)
  await probe.close()
}

/** Listens and returns the address. Throws `port_taken`, `permission`, `bad_config`. */
async function listen(server: FastifyInstance, http: { host: string; port: number }): Promise<string> {
  try {
    await server.listen(http)
  } catch (error) {
    const failure = toMupibError(error)
    if (failure.code !== 'port_taken') throw failure
    throw new MupibError('port_taken', `something else listens on ${http.host}:${http.port}`, {
      hint: 'choose another http port in the config, or 0',
      cause: error,
    })
  }
  const bound = server.server.address()
  const port = typeof bound === 'object' && bound !== null ? bound.port : http.port
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${port}`
}

/** What a service is made of, for `serve`. */
export interface Service {
  readonly server: FastifyInstance
  readonly peerId: string
  /** Rejects when the service cannot go on. */
  readonly failed: Promise<never>
  close(): Promise<void>
}

/**
 * Runs a service until SIGINT or SIGTERM, or until it fails: listens, writes run.json, and takes everything down in order.
 * Throws why it could not start or go on.
 */
export async function runService(
  service: Service,
  home: { readonly http: { host: string; port: number }; readonly runFile: string },
  onReady: (http: string) => void,
): Promise<void> {
  let stop!: () => void
  const stopped = new Promise<void>(resolve => {
    stop = resolve
  })
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    const http = await listen(service.server, home.http)
    const startedAt = new Date().toISOString()
    writeRunFile(home.runFile, { pid: process.pid, startedAt, peerId: service.peerId, multiaddrs: [], http })
    onReady(http)
    await Promise.race([stopped, service.failed])
  } finally {
    process.removeListener('SIGINT', stop)
    process.removeListener('SIGTERM', stop)
    removeRunFile(home.runFile)
    await service.server.close()
    await service.close()
  }
}
