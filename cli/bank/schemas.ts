// What a bank's routes take and give, as JSON Schema: requests are held to it, and /openapi.json is made of it.
import { limits } from '../../proto/limits.ts'
import {
  amount,
  anyHex,
  count,
  hex,
  list,
  number,
  object,
  proof,
  route,
  signedAmount,
  text,
  time,
} from '../common/schemas.ts'
import { session, terms } from '../session/schemas.ts'
import { partyRoles, referenceBytesMax } from './account-store.ts'
import { entryKinds } from './accounts.ts'
import { misconducts } from './reputation-store.ts'

const account = object({ key: hex(32), name: text, role: { type: 'string', enum: partyRoles }, balance: amount })

const group = object({
  bank: hex(32),
  publication: number,
  value: amount,
  issuedAt: time,
  payBy: time,
  expiry: time,
  holder: hex(32),
})
const looseToken = object({ group, index: count, signature: hex(64) })
const handedOut = { publication: number, tokens: list(looseToken), proof }
const statement = object({ content: anyHex(1024), signature: hex(64) })
const order = hex(16)
const orderCount = { type: 'integer', minimum: 1, maximum: limits.publicationTokens }

const returned = object({
  groups: list(group, limits.blockGroups, 1),
  payment: object({
    time,
    signature: hex(64),
    tokens: list(object({ group: count, index: count, signature: hex(64) }), limits.blockTokens, 1),
  }),
})

const statementRow = object({
  entry: number,
  time,
  kind: { type: 'string', enum: Object.keys(entryKinds) },
  reference: text,
  amount: signedAmount,
  balance: amount,
})
const publicationRow = object({
  publication: number,
  tokens: number,
  holders: number,
  state: { type: 'string', enum: ['issued', 'submitted', 'final'] },
  digest: hex(32),
  issuedAt: time,
  payBy: time,
  expiry: time,
})
const redeemed = object({
  record: hex(32),
  user: hex(32),
  number,
  tokens: count,
  amount,
  state: { type: 'string', enum: ['redeemed', 'repeated'] },
})
const transferred = object({
  payload: hex(32),
  amount,
  state: { type: 'string', enum: ['paid', 'repeated', 'insufficient_funds', 'no_account'] },
})
const books = object({
  entries: count,
  accounts: object({ count, total: amount }),
  own: object({ cash: signedAmount, tokens: amount, expired: amount, escrow: amount }),
  openSessions: object({ count, amount }),
  openOrders: object({ count, amount }),
  outstandingTokens: list(
    object({
      publication: number,
      value: amount,
      expiry: time,
      issued: count,
      redeemed: count,
      returned: count,
      expired: count,
      outstanding: count,
    }),
  ),
  check: object({ sum: signedAmount, holds: { type: 'boolean' }, faults: list(text) }),
  transfers: list(object({ entry: number, time, auditor: hex(32), payload: hex(32), payee: hex(32), amount })),
  redemptions: list(object({ record: hex(32), auditor: hex(32), user: hex(32), number, tokens: count, amount, time })),
})

const misconduct = { type: 'string', enum: Object.keys(misconducts) } as const
const reputation = object({
  key: hex(32),
  reputation: count,
  findings: list(object({ kind: misconduct, session: hex(32), severity: count, time })),
})
/** How many statements or answers one request may hold. */
const batchMax = 1_024

const noBody = object({})

/** Schemas of the routes. */
export const bankSchemas = {
  status: route('whether and how it runs', { type: 'object', additionalProperties: true }),
  openAccount: route('opens an account for the party of a certificate', object({ account }), {
    body: object({ certificate: { type: 'string', maxLength: 8_192, description: 'base64 of its DER' } }),
  }),
  accounts: route('all accounts', object({ accounts: list(account) })),
  account: route('the own account', account),
  deposit: route('books money that came in, once for each reference', object({ account }), {
    body: object({
      account: hex(32),
      amount,
      reference: { type: 'string', minLength: 1, maxLength: referenceBytesMax, pattern: '^\\P{Cc}+$' },
    }),
  }),
  withdrawal: route(
    'tokens for money of the own account; answers once their publication is final',
    object({ order, ...handedOut, balance: amount }),
    { body: object({ order, count: orderCount }) },
  ),
  return: route(
    'unspent tokens back; what the ledger takes back is refunded',
    object({
      return: number,
      digest: hex(32),
      record: hex(32),
      tokens: list(object({ serial: text, verdict: text, reason: text })),
      refundedTokens: count,
      balance: amount,
    }),
    { body: returned },
  ),
  redemption: route(
    "money for consumed tokens, against the ledger's answers to the own blocks",
    object({ results: list(redeemed), balance: amount }),
    { body: object({ answers: list(anyHex(limits.clientFrameBytes), batchMax, 1) }) },
  ),
  transfer: route('pays vendors from the own account', object({ results: list(transferred), balance: amount }), {
    body: object({ transfers: list(statement, batchMax, 1) }),
  }),
  tokenState: route(
    'what became of own tokens, as far as the bank knows',
    object({
      states: {
        type: 'object',
        additionalProperties: { type: 'string', enum: ['unknown', 'queued', 'consumed'] },
        description: 'by serial',
      },
    }),
    { body: object({ serials: list({ type: 'string', maxLength: 128 }, limits.blockTokens, 1) }) },
  ),
  openSession: route(
    "puts the caller's money for a session into escrow, signs its terms, and answers once it is open on the ledger",
    session,
    { body: object({ terms, client: hex(64), vendor: hex(64) }) },
  ),
  reputation: route('the reputation of a party, from 0 to 100, and what lowered it', reputation, {
    params: object({ key: hex(32) }),
  }),
  misconduct: route("takes evidence against a session's client, and answers with its reputation", reputation, {
    body: object({ kind: misconduct, terms, material: anyHex(limits.clientFrameBytes) }),
  }),
  statement: route(
    'entries of an account, oldest first; format=csv gives them as text/csv',
    object({ account, rows: list(statementRow) }),
    { querystring: object({}, { format: { type: 'string', enum: ['json', 'csv'] } }) },
  ),
  statementOf: route('entries of an account, oldest first', object({ account, rows: list(statementRow) }), {
    params: object({ key: hex(32) }),
    querystring: object({}, { format: { type: 'string', enum: ['json', 'csv'] } }),
  }),
  books: route("the bank's whole position, held to its journal", books),
  publications: route('all publications', list(publicationRow)),
  tokens: route("a final publication's tokens", object(handedOut), {
    params: object({ number: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' } }),
    querystring: object({}, { holder: hex(32) }),
  }),
  proof: route('that a publication is final', proof, {
    params: object({ number: { type: 'string', pattern: '^[1-9][0-9]{0,14}$' } }),
  }),
  issue: route(
    'tokens for money of an account, at the operator; publish=0 leaves them unpublished',
    object(
      { order, publication: number },
      { tokens: list(looseToken), proof, count: number, published: { const: false } },
    ),
    {
      body: object({ holder: hex(32), count: orderCount }, { order }),
      querystring: object({}, { publish: { type: 'string', enum: ['0', '1'] } }),
    },
  ),
  publish: route('publishes what was issued; answers once it is final', object({ published: list(number) }), {
    body: noBody,
  }),
} as const
