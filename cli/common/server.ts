// The HTTP service of an actor, on loopback: JSON both ways, errors with stable codes, run.json while it is ready, a graceful stop.
import Fastify, { type FastifyInstance } from 'fastify'
import { MupibError } from '../../proto/errors.ts'
import { toMupibError } from './errors.ts'
import { toJson } from './output.ts'
import { removeRunFile, writeRunFile } from './run-file.ts'

/** Bytes of a request's body: a payment with as many tokens as a block may hold. */
const bodyBytesMax = 8 * 1024 * 1024

const statusOf = (error: MupibError): number => {
  switch (error.code) {
    case 'not_found':
    case 'undecided':
      return 404
    case 'rate_limited':
      return 429
    case 'unreachable':
    case 'timeout':
    case 'stopped':
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

/** A server without routes. Every answer goes through `toJson`. */
export function createServer(): FastifyInstance {
  const server = Fastify({ forceCloseConnections: true, bodyLimit: bodyBytesMax, keepAliveTimeout: 60_000 })
  server.setReplySerializer(payload => toJson(payload))
  server.setErrorHandler((error, _request, reply) => {
    const { status, failure } = requestError(error)
    return reply.status(status).send({ error: failure.toJSON() })
  })
  server.setNotFoundHandler((request, reply) =>
    reply.status(404).send({ error: { code: 'not_found', message: `no ${request.method} ${request.url} here` } }),
  )
  return server
}

/** Finds out that a port is taken before anything is opened or waited for. Throws as `listen`. */
export async function checkPort(http: { host: string; port: number }): Promise<void> {
  if (http.port === 0) return
  const probe = createServer()
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
