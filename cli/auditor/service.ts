// The auditor over HTTP, on loopback.
import type { FastifyInstance } from 'fastify'
import { decodeHeader } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { createProof, proofToJson } from '../../proto/proof.ts'
import type { TransactionVerdict } from '../../proto/verdict.ts'
import { FieldReader } from '../common/config.ts'
import { isoTime } from '../common/output.ts'
import { presentedFromJson } from '../common/payment.ts'
import { parseSerial, serialText } from '../common/serial.ts'
import { createServer } from '../common/server.ts'
import { type Auditor, type Told, transactionsOf } from './auditor.ts'
import { tokensOf, type UserState } from './rules.ts'

type Json = Record<string, unknown>

/** What the service and the commands offer, as JSON. */
export interface AuditorOperations {
  present(payment: unknown): Promise<Told>
  settled(digest: string): Promise<Told>
  flush(user: string | undefined): Promise<Json>
  blocks(user: string | undefined): Promise<readonly Json[]>
  queue(user: string | undefined): Promise<readonly Json[]>
  proof(serial: string, payload: string | undefined): Promise<unknown>
  status(): Promise<Json>
}

const userName = (text: string | undefined): string | undefined => {
  if (text !== undefined && !/^[0-9a-f]{64}$/.test(text))
    throw new MupibError('bad_input', 'a user is named by a public key in lower-case hex', { field: 'user' })
  return text
}

function blocksOf(auditor: Auditor, user: string, state: UserState): Json[] {
  const { genesis } = auditor.home
  const blocks: Json[] = []
  const newest = state.block?.number ?? state.last.number
  for (let number = 1; number <= newest; number++) {
    const kept = auditor.store.block(user, number)
    if (!kept) continue
    const { record, digest } = kept.record
    const answer = auditor.blockAnswer(user, number)
    const tokens = record.transactions.reduce((sum, payment) => sum + payment.tokens.length, 0)
    const about = { user, number, digest, pending: record.pending, transactions: record.transactions.length }
    if (!answer) {
      blocks.push({ ...about, tokenCount: tokens, state: 'awaited' })
      continue
    }
    const header = decodeHeader(answer.answer.header)
    blocks.push({
      ...about,
      tokenCount: tokens,
      state: 'decided',
      height: header.height,
      time: isoTime(header.time),
      latencyMs: answer.latencyMs,
      tokens: transactionsOf(answer).flatMap(transaction =>
        transaction.tokens.map(token => ({
          serial: serialText(genesis, token.bank, token.publication, token.index),
          payload: transaction.payload,
          verdict: token.verdict,
          reason: token.reason,
          use: token.use,
          charged: token.charged,
        })),
      ),
    })
  }
  return blocks
}

function queueOf(user: string, { queue, held, block, blockSize, last, refusal }: UserState): Json {
  return {
    user,
    blockSize,
    queuedPayments: queue.length,
    queuedTokens: tokensOf(queue),
    held: held.length,
    awaitedBlock: block?.number ?? null,
    decidedBlocks: last.number,
    ...(refusal === undefined ? {} : { refusal }),
  }
}

/** A token's place in a decided block; one that consumed it before others, one of the given payment where it is named. */
function placeOf(
  transactions: readonly TransactionVerdict[],
  { bank, publication, index }: { bank: string; publication: number; index: number },
  payload: string | undefined,
): { transaction: number; token: number; isConsumed: boolean } | undefined {
  let found: { transaction: number; token: number; isConsumed: boolean } | undefined
  transactions.forEach((transaction, place) => {
    if (payload !== undefined && transaction.payload !== payload) return
    transaction.tokens.forEach((token, i) => {
      if (token.bank !== bank || token.publication !== publication || token.index !== index) return
      if (found === undefined || (!found.isConsumed && token.use === 'consumed'))
        found = { transaction: place, token: i, isConsumed: token.use === 'consumed' }
    })
  })
  return found
}

async function proofOf(auditor: Auditor, text: string, payload: string | undefined): Promise<unknown> {
  const { bank, publication, index } = parseSerial(text)
  const { genesis, network } = auditor.home
  // as `serialText` names banks: by name, or by the start of a fingerprint that genesis does not know
  const member = genesis.members.find(({ name, role }) => name === bank && role === 'bank')
  if (!member) throw new MupibError('not_found', `genesis names no bank "${bank}"`)
  const { fingerprint } = member.certificate
  let found: { answer: Parameters<typeof createProof>[0]; transaction: number; token: number } | undefined
  for (const { user, number } of await auditor.store.blocksWith(fingerprint, publication)) {
    const kept = auditor.blockAnswer(user, number)
    const place = kept && placeOf(transactionsOf(kept), { bank: fingerprint, publication, index }, payload)
    if (!kept || !place) continue
    if (found === undefined || place.isConsumed) found = { answer: kept.answer, ...place }
    if (place.isConsumed) break
  }
  if (!found)
    throw new MupibError('not_found', `no decided block of this auditor holds token ${text}`, {
      hint: 'is its block decided? mupib auditor queue',
    })
  const { answer, transaction, token } = found
  return JSON.parse(proofToJson(createProof(answer, network, { transaction, token })))
}

/** The operations on an auditor that runs in this process. */
export function auditorOperations(auditor: Auditor): AuditorOperations {
  const selected = (user: string | undefined): [string, UserState][] => {
    const name = userName(user)
    return [...auditor.states()].filter(([other]) => name === undefined || other === name)
  }
  return {
    present: async payment => auditor.present(presentedFromJson(payment, auditor.home.network)),
    settled: digest => auditor.settled(digest, true),
    flush: async user => ({ flushed: await auditor.flush(userName(user)) }),
    blocks: async user => selected(user).flatMap(([name, state]) => blocksOf(auditor, name, state)),
    queue: async user => selected(user).map(([name, state]) => queueOf(name, state)),
    proof: (serial, payload) => proofOf(auditor, serial, payload),
    status: async () => auditor.status(),
  }
}

/** The routes of an auditor. */
export function createAuditorServer(auditor: Auditor): FastifyInstance {
  const operations = auditorOperations(auditor)
  const server = createServer()
  server.get('/status', () => operations.status())
  server.post('/payments', request => operations.present(request.body))
  server.get<{ Params: { digest: string }; Querystring: { wait?: string } }>('/payments/:digest', request => {
    const { digest } = request.params
    if (!/^[0-9a-f]{64}$/.test(digest)) throw new MupibError('bad_input', 'a payment is named by 64 hex characters')
    return auditor.settled(digest, request.query.wait === '1')
  })
  server.get<{ Querystring: { user?: string } }>('/blocks', request => operations.blocks(request.query.user))
  server.get<{ Querystring: { user?: string } }>('/queue', request => operations.queue(request.query.user))
  server.get<{ Params: { serial: string }; Querystring: { payload?: string } }>('/proofs/:serial', request =>
    operations.proof(request.params.serial, request.query.payload),
  )
  server.post('/flush', request => {
    const fields = new FieldReader(request.body ?? {}, 'flush', 'bad_input')
    const user = fields.has('user') ? fields.text('user') : undefined
    fields.end()
    return operations.flush(user)
  })
  return server
}
