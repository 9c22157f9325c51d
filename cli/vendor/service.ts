// The till over HTTP: users pay here, anyone may read the offer, the operator reads the sales.
import type { FastifyInstance } from 'fastify'
import { MupibError } from '../../proto/errors.ts'
import { certificateToText } from '../common/identity.ts'
import { checkDigest, userPaymentFromJson } from '../common/payment.ts'
import { callerOf, createServer, type ServerOptions } from '../common/server.ts'
import { evidenceToJson, saleToJson } from './json.ts'
import type { Till } from './till.ts'

/** What a vendor sells, and with whom: `GET /offer`. */
export interface Offer {
  readonly name: string
  readonly certificate: string
  readonly bank: string
  readonly auditors: readonly string[]
  /** What an item costs, in minor units; other items are sold as agreed. */
  readonly prices: Readonly<Record<string, bigint>>
}

const offerOf = ({ home }: Till): Offer => ({
  name: home.name,
  certificate: certificateToText(home.certificate),
  bank: home.own.bank,
  auditors: home.own.auditors,
  prices: Object.fromEntries(home.own.prices),
})

const anyone = { config: { access: 'anyone' } } as const

/** The routes of a vendor. */
export function createVendorServer(till: Till, options: ServerOptions): FastifyInstance {
  const server = createServer(options)
  server.get('/status', anyone, async () => till.status())
  server.get('/offer', anyone, async () => offerOf(till))
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
  return server
}
