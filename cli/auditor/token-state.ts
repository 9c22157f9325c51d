// What an auditor knows of a user's own tokens, for wallets that were restored: in a payment that no block has decided, used up, or nothing. A
// token that came in no payment of this user here is unknown, whatever others did with it.
import type { FastifyInstance } from 'fastify'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { FieldReader } from '../common/config.ts'
import { parseSerial, type Serial } from '../common/serial.ts'
import { callerOf } from '../common/server.ts'
import { type Auditor, transactionsOf } from './auditor.ts'

type TokenKnown = 'unknown' | 'queued' | 'consumed'

const placeOf = (bank: string, publication: number, index: number): string => `${bank}-${publication}-${index}`

/** Tokens of a user that wait for a verdict. */
function queuedTokens(auditor: Auditor, user: string): Set<string> {
  const state = auditor.queues.state(user)
  const payments = state ? [...state.queue, ...state.held, ...(state.block?.payments ?? [])] : []
  const tokens = payments.flatMap(({ payment }) => payment.payment.tokens)
  return new Set(tokens.map(({ group, index }) => placeOf(group.bank, group.publication, index)))
}

/** Tokens of a publication that the ledger took from the user, here or (a duplicate) somewhere before. */
async function consumedTokens(auditor: Auditor, user: string, bank: string, publication: number): Promise<Set<string>> {
  const consumed = new Set<string>()
  for (const { user: payer, number } of await auditor.desk.store.blocksWith(bank, publication)) {
    const kept = payer === user ? auditor.blockAnswer(user, number) : undefined
    for (const { tokens } of kept ? transactionsOf(kept) : [])
      for (const { bank: of, publication: from, index, use, verdict } of tokens)
        if (use === 'consumed' || verdict === '10') consumed.add(placeOf(of, from, index))
  }
  return consumed
}

async function tokenStates(
  auditor: Auditor,
  user: string,
  serials: readonly string[],
): Promise<Record<string, TokenKnown>> {
  const { members } = auditor.home.genesis
  const fingerprintOf = ({ bank }: Serial): string => {
    const known = members.find(({ role, name, certificate }) =>
      role === 'bank' ? name === bank || certificate.fingerprint.startsWith(bank) : false,
    )
    if (!known) throw new MupibError('not_found', `genesis names no bank "${bank}"`)
    return known.certificate.fingerprint
  }
  const asked = serials.map(serial => ({ serial, of: parseSerial(serial) }))
  const queued = queuedTokens(auditor, user)
  const consumed = new Map<string, Promise<Set<string>>>()
  const states: Record<string, TokenKnown> = {}
  for (const { serial, of } of asked) {
    const bank = fingerprintOf(of)
    const publication = `${bank}-${of.publication}`
    if (!consumed.has(publication)) consumed.set(publication, consumedTokens(auditor, user, bank, of.publication))
    const place = placeOf(bank, of.publication, of.index)
    const isConsumed = (await consumed.get(publication))!.has(place)
    states[serial] = isConsumed ? 'consumed' : queued.has(place) ? 'queued' : 'unknown'
  }
  return states
}

/** Adds `POST /tokens/state`: {serials} → {states: {serial: unknown|queued|consumed}}, about tokens of the caller. */
export function addTokenStateRoute(server: FastifyInstance, auditor: Auditor): void {
  server.post('/tokens/state', { config: { access: ['user'] } }, async request => {
    const fields = new FieldReader(request.body, 'request', 'bad_input')
    const serials = fields.array('serials', limits.blockTokens)
    fields.end()
    if (!serials.every(serial => typeof serial === 'string')) fields.fail('serials', 'a list of serials')
    return { states: await tokenStates(auditor, toHex(callerOf(request).facts.publicKey), serials as string[]) }
  })
}
