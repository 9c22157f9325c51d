// Sessions and reputations over HTTP. Terms, claims and answers travel in their canonical encodings, as hex: they are what was signed.
import type { FastifyInstance } from 'fastify'
import { bytesEqual, bytesOfHex, fromHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { decodeClaim } from '../../proto/session/claims.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import { callerOf } from '../common/server.ts'
import { partyRoles } from './account-store.ts'
import type { Bank } from './bank.ts'
import { closedToJson, reputationToJson, sessionToJson } from './json.ts'
import type { Misconduct } from './reputation-store.ts'
import { bankSchemas } from './schemas.ts'

/** Adds the routes of sessions. */
export function addSessionRoutes(server: FastifyInstance, bank: Bank): void {
  const { openSession, session, closeSession, reputation, misconduct } = bankSchemas
  const parties = { access: [...partyRoles, 'self'] } as const
  server.post<{ Body: { terms: string; client: string; vendor: string } }>(
    '/sessions',
    { config: { access: ['user'] }, schema: openSession },
    async request => {
      const terms = decodeTerms(fromHex(request.body.terms))
      if (!bytesEqual(terms.client, callerOf(request).facts.publicKey))
        throw new MupibError('wrong_role', 'only its client has a session opened', { field: 'terms' })
      const signatures = { client: bytesOfHex(request.body.client), vendor: bytesOfHex(request.body.vendor) }
      return sessionToJson(await bank.openSession({ terms, signatures }))
    },
  )
  server.get<{ Params: { session: string } }>('/sessions/:session', { config: parties, schema: session }, request => {
    const shown = bank.session(request.params.session)
    const { role, facts } = callerOf(request)
    const isParty = [shown.terms.client, shown.terms.vendor].some(key => bytesEqual(key, facts.publicKey))
    // what somebody else pays to whom is nobody's business; auditors carry claims, and see what they carried
    if ((role === 'user' || role === 'vendor') && !isParty)
      throw new MupibError('not_found', `no session ${request.params.session} of yours`)
    return sessionToJson(shown)
  })
  server.post<{ Params: { session: string }; Body: { claim: string; terms?: string } }>(
    '/sessions/:session/close',
    { config: parties, schema: closeSession },
    async ({ params, body }) => {
      const terms = body.terms === undefined ? undefined : decodeTerms(fromHex(body.terms))
      const answer = await bank.closeSession(params.session, decodeClaim(fromHex(body.claim)), terms)
      return closedToJson(answer, bank.home.network)
    },
  )
  server.get<{ Params: { key: string } }>(
    '/reputation/:key',
    { config: parties, schema: reputation },
    async ({ params }) => reputationToJson(await bank.reputation(params.key)),
  )
  server.post<{ Body: { kind: Misconduct; terms: string; material: string } }>(
    '/misconduct',
    { config: parties, schema: misconduct },
    async ({ body }) => {
      const evidence = { kind: body.kind, terms: decodeTerms(fromHex(body.terms)), material: fromHex(body.material) }
      return reputationToJson(await bank.reportMisconduct(evidence))
    },
  )
}
