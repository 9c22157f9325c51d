// The bank over HTTP, on loopback.
import type { FastifyInstance } from 'fastify'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { proofToJson, type VerdictProof } from '../../proto/proof.ts'
import { decodeRecordVerdict, decodeTransactionVerdict } from '../../proto/verdict.ts'
import { FieldReader } from '../common/config.ts'
import { isoTime } from '../common/output.ts'
import { groupToJson, returnFromJson } from '../common/payment.ts'
import { serialText } from '../common/serial.ts'
import { createServer } from '../common/server.ts'
import type { Bank, HandedOut } from './bank.ts'

const proofJson = (proof: VerdictProof): unknown => JSON.parse(proofToJson(proof))

/** Tokens as they are handed to their holder. */
function handedOutToJson({ publication, tokens, proof }: HandedOut): Record<string, unknown> {
  return {
    publication,
    tokens: tokens.map(({ group, index, signature }) => ({
      group: groupToJson(group),
      index,
      signature: toHex(signature),
    })),
    proof: proofJson(proof),
  }
}

/** What the service and the commands offer, as JSON. */
export interface BankOperations {
  issue(holder: string, count: number): Promise<Record<string, unknown>>
  issueFinal(holder: string, count: number): Promise<Record<string, unknown>>
  publish(): Promise<Record<string, unknown>>
  publications(): Promise<readonly Record<string, unknown>[]>
  tokens(publication: number, holder: string | undefined): Promise<Record<string, unknown>>
  takeBack(given: unknown): Promise<Record<string, unknown>>
  proof(publication: number): Promise<unknown>
  status(): Promise<Record<string, unknown>>
}

/** The operations on a bank that runs in this process. */
export function bankOperations(bank: Bank): BankOperations {
  const { genesis } = bank.home
  return {
    async issue(holder, count) {
      return { ...(await bank.issue({ holder: bytesOfHex(holder), count })), published: false }
    },
    issueFinal: async (holder, count) => handedOutToJson(await bank.issueFinal({ holder: bytesOfHex(holder), count })),
    publish: async () => ({ published: await bank.publish() }),
    async publications() {
      return (await bank.publications()).map(({ issuedAt, payBy, expiry, ...rest }) => ({
        ...rest,
        issuedAt: isoTime(issuedAt),
        payBy: isoTime(payBy),
        expiry: isoTime(expiry),
      }))
    },
    tokens: async (publication, holder) =>
      handedOutToJson(bank.handOut(publication, holder === undefined ? undefined : bytesOfHex(holder))),
    async takeBack(given) {
      const { number, kept, refunded } = await bank.takeBack(returnFromJson(given, 'return'))
      const verdict = decodeRecordVerdict(kept.answer.recordLeaf)
      const tokens = kept.answer.transactionLeaves.flatMap(leaf => decodeTransactionVerdict(leaf).tokens)
      return {
        return: number,
        digest: verdict.record,
        refundedTokens: refunded,
        tokens: tokens.map(token => ({
          serial: serialText(genesis, token.bank, token.publication, token.index),
          verdict: token.verdict,
          reason: token.reason,
        })),
      }
    },
    proof: async publication => proofJson(bank.proof(publication)),
    status: async () => bank.status(),
  }
}

const publicationNumber = (text: string): number => {
  const number = Number(text)
  if (!Number.isSafeInteger(number) || number < 1)
    throw new MupibError('bad_input', `"${text}" is no number of a publication`)
  return number
}

/** The routes of a bank. */
export function createBankServer(operations: BankOperations): FastifyInstance {
  const server = createServer()
  server.get('/status', () => operations.status())
  server.get('/publications', () => operations.publications())
  server.get<{ Params: { number: string }; Querystring: { holder?: string } }>(
    '/publications/:number/tokens',
    request => operations.tokens(publicationNumber(request.params.number), request.query.holder),
  )
  server.get<{ Params: { number: string } }>('/publications/:number/proof', request =>
    operations.proof(publicationNumber(request.params.number)),
  )
  server.post<{ Querystring: { publish?: string } }>('/issue', request => {
    const fields = new FieldReader(request.body, 'order', 'bad_input')
    const holder = fields.hex('holder', 32)
    const count = fields.integer('count', 1, limits.publicationTokens)
    fields.end()
    return request.query.publish === '0' ? operations.issue(holder, count) : operations.issueFinal(holder, count)
  })
  server.post('/publish', () => operations.publish())
  server.post('/return', request => operations.takeBack(request.body))
  return server
}
