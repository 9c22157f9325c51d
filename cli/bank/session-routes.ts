// Sessions and reputations over HTTP, as far as they are a bank's alone. Terms and evidence travel in their canonical encodings, as hex.
import type { FastifyInstance } from 'fastify'
import { bytesEqual, bytesOfHex, fromHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import { callerOf } from '../common/server.ts'
import { sessionToJson } from '../session/json.ts'
import { addSessionBookRoutes } from '../session/routes.ts'
import { partyRoles } from './account-store.ts'
import type { Bank } from './bank.ts'
import { reputationToJson } from './json.ts'
import type { Misconduct } from './reputation-store.ts'
import { bankSchemas } from './schemas.ts'

/** Adds the routes of sessions. */
export function addSessionRoutes(server: FastifyInstance, bank: Bank): void {
  const { openSession, reputation, misconduct } = bankSchemas
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
  addSessionBookRoutes(server, bank.sessions, { network: bank.home.network, ...parties })
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
