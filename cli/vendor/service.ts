// The till over HTTP: users pay here, anyone may read the offer, the operator reads the sales.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { fromHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import { FieldReader } from '../common/config.ts'
import { certificateToText } from '../common/identity.ts'
import { checkDigest, userPaymentFromJson } from '../common/payment.ts'
import { callerOf, createServer, type ServerOptions } from '../common/server.ts'
import { evidenceToJson, saleToJson } from './json.ts'
import type { SessionOffer, VendorSessions } from './sessions.ts'
import type { Till } from './till.ts'

/** What a vendor sells, and with whom: `GET /offer`. */
export interface Offer {
  readonly name: string
  readonly certificate: string
  readonly bank: string
  readonly auditors: readonly string[]
  /** What an item costs, in minor units; other items are sold as agreed. */
  readonly prices: Readonly<Record<string, bigint>>
  /** On which terms it takes sessions, where it does. */
  readonly sessions?: SessionOffer
}

const offerOf = ({ home }: Till, sessions: VendorSessions | undefined): Offer => ({
  name: home.name,
  certificate: certificateToText(home.certificate),
  bank: home.own.bank,
  auditors: home.own.auditors,
  prices: Object.fromEntries(home.own.prices),
  ...(sessions ? { sessions: sessions.offer } : {}),
})

const anyone = { config: { access: 'anyone' } } as const

/** The routes of a vendor; those of sessions where it takes them. */
export function createVendorServer(till: Till, options: ServerOptions, sessions?: VendorSessions): FastifyInstance {
  const server = createServer(options)
  server.get('/status', anyone, async () => till.status())
  server.get('/offer', anyone, async () => offerOf(till, sessions))
  server.post<{ Querystring: { wait?: string } }>('/payments', anyone, request =>
    till.take(userPaymentFromJson(request.body, till.home.network), request.query.wait === '1'),
  )
  server.get<{ Params: { digest: string }; Querystring: { wait?: string } }>(
    '/payments/:digest',
    { config: { access: ['user', 'self'] } },
    request => {
      const digest = checkDigest(request.params.digest)
      // digests stand on the ledger for all to see; what was bought is between the two
      const { role, facts } = callerOf(request)
      const of = role === 'user' ? facts.publicKey : undefined
      return till.standing(digest, request.query.wait === '1', of)
    },
  )
  server.get<{ Querystring: { limit?: string } }>('/sales', async ({ query: { limit } }) => {
    if (limit !== undefined && !/^[1-9]\d{0,8}$/.test(limit))
      throw new MupibError('bad_input', 'a limit is a whole number from 1', { field: 'limit' })
    return (await till.sales(limit === undefined ? undefined : Number(limit))).map(saleToJson)
  })
  server.get<{ Params: { digest: string } }>('/sales/:digest', async request =>
    evidenceToJson(till.sale(checkDigest(request.params.digest))),
  )
  if (sessions) addSessionRoutes(server, sessions)
  return server
}

/** Terms and signatures travel as hex of what was signed. */
interface SessionOfferBody {
  readonly terms: string
  readonly client: string
}

function addSessionRoutes(server: FastifyInstance, sessions: VendorSessions): void {
  const ofClient = { config: { access: ['user'] } } as const
  const clientOf = (request: FastifyRequest): Uint8Array => callerOf(request).facts.publicKey
  server.post<{ Body: SessionOfferBody }>('/sessions', ofClient, async request => {
    const body = new FieldReader(request.body, 'the offer', 'bad_input')
    const [terms, signature] = [decodeTerms(fromHex(body.text('terms'))), fromHex(body.text('client'))]
    body.end()
    return { vendor: toHex(await sessions.accept(clientOf(request), terms, signature)) }
  })
  server.post<{ Params: { session: string }; Body: { answer: string } }>(
    '/sessions/:session/opening',
    ofClient,
    async request => {
      const body = new FieldReader(request.body, 'the opening', 'bad_input')
      const answer = body.text('answer')
      body.end()
      return sessions.opened(checkDigest(request.params.session), clientOf(request), answer)
    },
  )
  server.get<{ Params: { session: string } }>(
    '/sessions/:session',
    { config: { access: ['user', 'self'] } },
    request => {
      const { role, facts } = callerOf(request)
      return sessions.show(checkDigest(request.params.session), role === 'user' ? facts.publicKey : undefined)
    },
  )
  server.post<{ Params: { session: string } }>('/sessions/:session/close', request =>
    sessions.end(checkDigest(request.params.session)),
  )
  server.get('/sessions', async () => ({ sessions: await sessions.list() }))
}
