// The auditor over HTTP: vendors present and ask, holders ask about their own, banks and others ask how far a user is trusted; everything else is its
// operator's.
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { bytesOfHex, fromHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { decodeTerms } from '../../proto/session/terms.ts'
import { FieldReader } from '../common/config.ts'
import { checkDigest, presentedFromJson } from '../common/payment.ts'
import { schemaFault } from '../common/schemas.ts'
import { callerOf, createServer, type ServerOptions } from '../common/server.ts'
import { sessionToJson } from '../session/json.ts'
import { addSessionBookRoutes } from '../session/routes.ts'
import { sessionSchemas } from '../session/schemas.ts'
import type { Auditor } from './auditor.ts'
import { presentedMaterial } from './findings.ts'
import { type AuditorOperations, isOwnKey, presentedOf, toldJson } from './operations.ts'
import { trustJson, userName } from './reports.ts'
import { addTokenStateRoute } from './token-state.ts'

interface ByDigest {
  Params: { digest: string }
  Querystring: { wait?: string }
}
interface ByUser {
  Params: { user: string }
}
interface OfUser {
  Querystring: { user?: string }
}

/** The routes of an auditor. `operations` are those of its operator, on the same auditor. */
export function createAuditorServer(
  auditor: Auditor,
  operations: AuditorOperations,
  options: ServerOptions,
): FastifyInstance {
  const server = createServer(options)
  server.setSchemaErrorFormatter(schemaFault)
  addPartyRoutes(server, auditor, operations)
  addOperatorRoutes(server, operations)
  addTokenStateRoute(server, auditor)
  addSessionRoutes(server, auditor)
  return server
}

function addPartyRoutes(server: FastifyInstance, auditor: Auditor, operations: AuditorOperations): void {
  const { intake, home } = auditor
  server.get('/status', { config: { access: 'anyone' } }, () => operations.status())
  server.post('/payments', { config: { access: ['vendor'] } }, async request =>
    toldJson(auditor, await intake.present(presentedOf(auditor, request.body), callerOf(request))),
  )
  server.get<ByDigest>('/payments/:digest', { config: { access: ['vendor', 'user'] } }, async request => {
    const digest = checkDigest(request.params.digest)
    return toldJson(auditor, await intake.ruling(digest, request.query.wait === '1', callerOf(request)))
  })
  server.post('/inquiries', { config: { access: ['user'] } }, async request => {
    const payment = presentedFromJson(request.body, home.network)
    return toldJson(auditor, await intake.inquire(payment, callerOf(request)))
  })
  server.get<ByUser>(
    '/trust/:user',
    { config: { access: ['vendor', 'bank', 'auditor', 'user', 'self'] } },
    async request => {
      const user = userName(request.params.user)
      const caller = callerOf(request)
      if (caller.role === 'user' && !isOwnKey(user, caller))
        throw new MupibError('wrong_role', 'a user asks about the own trust only')
      return trustJson(auditor, user)
    },
  )
  server.get<ByDigest>(
    '/payloads/:digest',
    { config: { access: ['vendor', 'user', 'bank', 'auditor'] } },
    async request => presentedMaterial(intake.payload(checkDigest(request.params.digest), callerOf(request))),
  )
  // payments are their parties' affair: evidence holds them whole
  server.get('/findings', { config: { access: ['self', 'auditor', 'bank', 'authority'] } }, () =>
    auditor.accusations.all(),
  )
}

function addSessionRoutes(server: FastifyInstance, { sessions, home }: Auditor): void {
  const access = ['user', 'vendor', 'bank', 'auditor', 'self'] as const
  server.post<{ Body: Record<'terms' | 'client' | 'vendor' | 'bank', string> }>(
    '/sessions',
    { config: { access }, schema: sessionSchemas.carryOpening },
    async ({ body }) => {
      const [client, vendor, bank] = [bytesOfHex(body.client), bytesOfHex(body.vendor), bytesOfHex(body.bank)]
      const signatures = { client, vendor, bank }
      return sessionToJson(await sessions.carryOpening({ terms: decodeTerms(fromHex(body.terms)), signatures }))
    },
  )
  addSessionBookRoutes(server, sessions.book, { network: home.network, access: ['user', 'vendor', 'self'] })
}

function addOperatorRoutes(server: FastifyInstance, operations: AuditorOperations): void {
  server.post('/submissions', request => operations.submit(request.body))
  server.get<ByDigest>('/submissions/:digest', request => operations.settled(checkDigest(request.params.digest)))
  server.get('/trust', () => operations.trust())
  server.get<ByUser>('/trust/:user/history', request => operations.trustOf(request.params.user))
  server.get<ByUser>('/trust/:user/file', request => operations.trustFile(request.params.user))
  server.get<OfUser>('/blocks', request => operations.blocks(request.query.user))
  server.get<OfUser>('/queue', request => operations.queue(request.query.user))
  server.get('/risk', () => operations.risk())
  server.get<ByUser>('/risk/:user', request => operations.riskOf(request.params.user))
  server.get('/books', () => operations.books())
  server.get('/audit', () => operations.audit())
  server.get<{ Params: { serial: string }; Querystring: { payload?: string } }>('/proofs/:serial', request =>
    operations.proof(request.params.serial, request.query.payload),
  )
  server.post('/flush', (request: FastifyRequest) => {
    const fields = new FieldReader(request.body ?? {}, 'flush', 'bad_input')
    const user = fields.has('user') ? fields.text('user') : undefined
    fields.end()
    return operations.flush(user)
  })
}
