// What a validator shows on loopback: status, metrics, blocks, tokens, evidence and a stream of events. It only reads.
import Fastify, { type FastifyInstance } from 'fastify'
import { MupibError } from '../proto/errors.ts'

/** An event of the node as it is told over /events and in the log. */
export interface NodeEvent {
  readonly type: string
  readonly [field: string]: unknown
}

/** A final block as `/blocks` lists it. */
export interface ListedBlock {
  readonly height: number
  readonly view: number
  readonly digest: string
  readonly parent: string
  /** ISO 8601. */
  readonly time: string
  readonly records: readonly string[]
  readonly outcome: string
  readonly verdictRoot: string
  readonly stateRoot: string
}

/** What the pages are made of. */
export interface NodeReader {
  status(): Record<string, unknown>
  metrics(): Promise<{ contentType: string; text: string }>
  blocks(from: number, limit: number): Promise<ListedBlock[]>
  /** The history of one token, by its serial as text. */
  token(serial: string): Promise<Record<string, unknown>>
  /** The certified answer to a record, by digest. */
  record(digest: string): Promise<Record<string, unknown>>
  evidence(): Promise<Record<string, unknown>[]>
  subscribe(listener: (event: NodeEvent) => void): () => void
}

const blocksMost = 100
const eventBacklogBytes = 1 << 20

const statusOf = (error: MupibError): number => {
  if (error.code === 'not_found') return 404
  return error.code === 'bug' || error.code === 'store_corrupt' ? 500 : 400
}

/** Starts the server. Throws `port_taken` or `permission`. */
export async function startHttp(
  reader: NodeReader,
  address: { readonly host: string; readonly port: number },
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = Fastify({ forceCloseConnections: true })
  server.setErrorHandler((error, _request, reply) => {
    const known = error instanceof MupibError ? error : undefined
    const code = (error as { statusCode?: number }).statusCode ?? 500
    void reply.status(known ? statusOf(known) : code).send({
      error: known ? known.toJSON() : { code: code < 500 ? 'usage' : 'bug', message: (error as Error).message },
    })
  })
  addPages(server, reader)
  addEvents(server, reader)
  try {
    await server.listen(address)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const where = `${address.host}:${address.port}`
    if (code === 'EADDRINUSE')
      throw new MupibError('port_taken', `something else listens on ${where}`, {
        hint: 'choose another http port in the config, or 0',
      })
    if (code === 'EACCES') throw new MupibError('permission', `may not listen on ${where}`)
    throw error
  }
  const bound = server.server.address()
  const port = typeof bound === 'object' && bound ? bound.port : address.port
  return { url: `http://${address.host}:${port}`, stop: () => server.close() }
}

function addPages(server: FastifyInstance, reader: NodeReader): void {
  server.get('/status', () => reader.status())
  server.get('/metrics', async (_request, reply) => {
    const { contentType, text } = await reader.metrics()
    return reply.type(contentType).send(text)
  })
  server.get<{ Querystring: { from?: number; limit?: number } }>(
    '/blocks',
    {
      schema: {
        querystring: {
          type: 'object',
          properties: {
            from: { type: 'integer', minimum: 0 },
            limit: { type: 'integer', minimum: 1, maximum: blocksMost },
          },
        },
      },
    },
    request => reader.blocks(request.query.from ?? 0, request.query.limit ?? blocksMost),
  )
  server.get<{ Params: { serial: string } }>('/tokens/:serial', request => reader.token(request.params.serial))
  server.get<{ Params: { digest: string } }>('/records/:digest', request => reader.record(request.params.digest))
  server.get('/evidence', () => reader.evidence())
}

/** Server-sent events. A reader that does not keep up is cut off rather than buffered for. */
function addEvents(server: FastifyInstance, reader: NodeReader): void {
  server.get('/events', (_request, reply) => {
    reply.hijack()
    const stream = reply.raw
    stream.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    // A reader that has gone is no news; without a listener its last write would end the process.
    stream.on('error', () => {})
    const tell = (event: NodeEvent): void => {
      if (stream.destroyed) return
      if (stream.writableLength > eventBacklogBytes) stream.destroy()
      else stream.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`)
    }
    tell({ type: 'status', ...reader.status() })
    if (!stream.destroyed) stream.on('close', reader.subscribe(tell))
  })
}
