// The bank over HTTP: parties with an account ask in their own name, everything else is its operator's.
import swagger from '@fastify/swagger'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { bytesOfHex, fromHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { decodeStatement, type StatementJson } from '../../proto/statements.ts'
import { returnFromJson } from '../common/payment.ts'
import { schemaFault } from '../common/schemas.ts'
import { callerOf, createServer, type ServerOptions } from '../common/server.ts'
import { partyRoles } from './account-store.ts'
import type { AccountId } from './accounts.ts'
import type { Bank } from './bank.ts'
import { accountToJson, handedOutToJson, returnedToJson, statementToCsv, statementToJson } from './json.ts'
import type { BankOperations } from './operations.ts'
import { bankSchemas } from './schemas.ts'
import { addSessionRoutes } from './session-routes.ts'

const keyOf = (request: FastifyRequest): AccountId => toHex(callerOf(request).facts.publicKey)
const isOwn = (request: FastifyRequest, bank: Bank): boolean => keyOf(request) === toHex(bank.home.key.publicKey)

type Format = { format?: 'json' | 'csv' }

/** The routes of a bank. `operations` are those of its operator, on the same bank. */
export function createBankServer(bank: Bank, operations: BankOperations, options: ServerOptions): FastifyInstance {
  const server = createServer(options)
  server.setSchemaErrorFormatter((faults, part) => schemaFault(faults, part))
  void server.register(swagger, {
    openapi: {
      openapi: '3.0.3',
      info: {
        title: `bank ${bank.home.name}`,
        version: '1',
        description:
          'Requests are signed with the headers mupib-certificate, mupib-to, mupib-time and mupib-signature, and so are the replies. Whatever changes something may be repeated.',
      },
    },
  })
  // in a plugin of its own, so that its routes are seen by the one before
  void server.register((routes, _options, done) => {
    routes.get('/openapi.json', { config: { access: 'anyone' }, schema: { hide: true } }, () => server.swagger())
    addPartyRoutes(routes, bank)
    addOperatorRoutes(routes, operations)
    addTokenRoutes(routes, operations)
    addSessionRoutes(routes, bank)
    done()
  })
  return server
}

async function sendStatement(reply: FastifyReply, { format }: Format, bank: Bank, key: AccountId): Promise<unknown> {
  const statement = statementToJson(bank.account(key), await bank.statement(key))
  return format === 'csv' ? reply.type('text/csv; charset=utf-8').send(statementToCsv(statement)) : statement
}

function addPartyRoutes(server: FastifyInstance, bank: Bank): void {
  const parties = { access: partyRoles }
  const { withdrawal, redemption, transfer, statement, statementOf } = bankSchemas
  server.get('/account', { config: parties, schema: bankSchemas.account }, request =>
    accountToJson(bank.account(keyOf(request))),
  )
  server.get<{ Querystring: Format }>('/statement', { config: parties, schema: statement }, (request, reply) =>
    sendStatement(reply, request.query, bank, keyOf(request)),
  )
  server.get<{ Params: { key: string }; Querystring: Format }>(
    '/statement/:key',
    { schema: statementOf },
    (request, reply) => sendStatement(reply, request.query, bank, request.params.key),
  )
  server.post<{ Body: { order: string; count: number } }>(
    '/withdrawals',
    { config: { access: ['user'] }, schema: withdrawal },
    async request => {
      const holder = callerOf(request).facts.publicKey
      const handed = await bank.issueFinal({ ...request.body, holder })
      return { order: handed.order, ...handedOutToJson(handed), balance: bank.account(toHex(holder)).balance }
    },
  )
  server.post<{ Body: { serials: readonly string[] } }>(
    '/tokens/state',
    { config: { access: ['user'] }, schema: bankSchemas.tokenState },
    async request => ({ states: bank.tokenStates(callerOf(request).facts.publicKey, request.body.serials) }),
  )
  server.post('/returns', { config: { access: ['user', 'self'] }, schema: bankSchemas.return }, async request => {
    const given = returnFromJson(request.body, 'return')
    if (!isOwn(request, bank) && toHex(given.tokens[0]!.group.holder) !== keyOf(request))
      throw new MupibError('holder_mismatch', 'only their holder brings tokens back', { field: 'holder' })
    return returnedToJson(bank, await bank.takeBack(given))
  })
  server.post<{ Body: { answers: readonly string[] } }>(
    '/redemptions',
    { config: { access: ['auditor', 'self'] }, schema: redemption },
    request => {
      const { fingerprint } = callerOf(request).facts
      const by = isOwn(request, bank) ? 'operator' : { key: keyOf(request), fingerprint }
      return bank.redeem(request.body.answers.map(fromHex), by)
    },
  )
  server.post<{ Body: { transfers: readonly StatementJson[] } }>(
    '/transfers',
    { config: { access: ['auditor'] }, schema: transfer },
    request => {
      const transfers = request.body.transfers.map(({ content, signature }) =>
        decodeStatement('transfer', fromHex(content), bytesOfHex(signature)),
      )
      return bank.transfer(transfers, callerOf(request))
    },
  )
}

function addOperatorRoutes(server: FastifyInstance, operations: BankOperations): void {
  const { openAccount, accounts, deposit, books } = bankSchemas
  server.post<{ Body: { certificate: string } }>('/accounts', { schema: openAccount }, request =>
    operations.open(request.body.certificate),
  )
  server.get('/accounts', { schema: accounts }, () => operations.accounts())
  server.post<{ Body: { account: string; amount: string; reference: string } }>(
    '/deposits',
    { schema: deposit },
    ({ body }) => operations.deposit(body.account, body.amount, body.reference),
  )
  server.get('/books', { schema: books }, () => operations.books())
}

function addTokenRoutes(server: FastifyInstance, operations: BankOperations): void {
  const { status, publications, tokens, proof, issue, publish } = bankSchemas
  server.get('/status', { config: { access: 'anyone' }, schema: status }, () => operations.status())
  server.get('/publications', { schema: publications }, () => operations.publications())
  server.get<{ Params: { number: string }; Querystring: { holder?: string } }>(
    '/publications/:number/tokens',
    { schema: tokens },
    ({ params, query }) => operations.tokens(Number(params.number), query.holder),
  )
  server.get<{ Params: { number: string } }>('/publications/:number/proof', { schema: proof }, ({ params }) =>
    operations.proof(Number(params.number)),
  )
  server.post<{ Body: { holder: string; count: number; order?: string }; Querystring: { publish?: string } }>(
    '/issue',
    { schema: issue },
    ({ body, query }) => (query.publish === '0' ? operations.issue(body) : operations.issueFinal(body)),
  )
  server.post('/publish', { schema: publish }, () => operations.publish())
}
