// What banks and auditors offer of sessions over HTTP in one way: the parties look, wait for news, and have claims carried.
import type { FastifyInstance } from 'fastify'
import { bytesEqual, fromHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { decodeClaim } from '../../proto/session/claims.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import { type Access, callerOf } from '../common/server.ts'
import type { SessionBook } from './book.ts'
import { closedToJson, newsToJson, sessionToJson } from './json.ts'
import { sessionSchemas } from './schemas.ts'

/** Adds the routes that every book of sessions has; `access` says who may look at one and have claims carried. */
export function addSessionBookRoutes(
  server: FastifyInstance,
  book: SessionBook,
  { network, access }: { readonly network: Digest; readonly access: Access },
): void {
  const { session, close, news } = sessionSchemas
  server.get<{ Querystring: { after?: string; wait?: string } }>(
    '/sessions',
    { config: { access: ['user', 'vendor'] }, schema: news },
    async (request, reply) => {
      const hungUp = new AbortController()
      reply.raw.once('close', () => hungUp.abort())
      const { after = '0', wait } = request.query
      const asked = { after: Number(after), wait: wait === '1', signal: hungUp.signal }
      return newsToJson(await book.news(callerOf(request).facts.publicKey, asked))
    },
  )
  server.get<{ Params: { session: string } }>(
    '/sessions/:session',
    { config: { access }, schema: session },
    request => {
      const shown = book.show(request.params.session)
      const { role, facts } = callerOf(request)
      const isParty = [shown.terms.client, shown.terms.vendor].some(key => bytesEqual(key, facts.publicKey))
      // what somebody else pays to whom is nobody's business; auditors carry claims, and see what they carried
      if ((role === 'user' || role === 'vendor') && !isParty)
        throw new MupibError('not_found', `no session ${request.params.session} of yours`)
      return sessionToJson(shown)
    },
  )
  server.post<{ Params: { session: string }; Body: { claim: string; terms?: string } }>(
    '/sessions/:session/close',
    { config: { access }, schema: close },
    async ({ params, body }) => {
      const terms = body.terms === undefined ? undefined : decodeTerms(fromHex(body.terms))
      return closedToJson(await book.close(params.session, decodeClaim(fromHex(body.claim)), terms), network)
    },
  )
}
