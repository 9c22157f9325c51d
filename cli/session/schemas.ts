// What the routes of sessions take and give, as JSON Schema, at banks and auditors alike.
import { limits } from '../../proto/limits.ts'
import { sessionStates, settledBy } from '../../proto/verdict.ts'
import { amount, anyHex, count, hex, list, object, proof, route, time } from '../common/schemas.ts'

const standing = object(
  {
    session: hex(32),
    state: { type: 'string', enum: sessionStates },
    index: { ...count, description: 'payments that count' },
    by: { type: 'string', enum: settledBy },
    paid: amount,
    returned: amount,
  },
  { windowEnd: time, contestedAt: count },
)
const answer = anyHex(limits.clientFrameBytes)
/** Terms of a session in their canonical encoding. */
export const terms = anyHex(limits.sessionTermsBytes)
export const session = object(
  { session: hex(32), terms, signatures: object({ client: hex(64), vendor: hex(64), bank: hex(64) }) },
  {
    standing,
    refusal: { type: 'string', description: 'why it never opened; the money went back' },
    answers: object({}, Object.fromEntries(sessionStates.map(state => [state, answer]))),
  },
)

const params = object({ session: hex(32) })

/** Schemas of the routes. */
export const sessionSchemas = {
  carryOpening: route(
    'carries an opening that client, vendor and bank have signed, and answers once it is open',
    session,
    {
      body: object({ terms, client: hex(64), vendor: hex(64), bank: hex(64) }),
    },
  ),
  session: route('a session of the caller', session, { params }),
  close: route(
    'carries a claim on a session to the ledger, and answers with its answer; terms where the session is not kept here',
    object({ answer, proof }, { standing }),
    { params, body: object({ claim: anyHex(256) }, { terms }) },
  ),
  news: route(
    "the caller's sessions that changed on the ledger above the height `after`, in ledger order; `height` is where to go on; wait=1 waits for one",
    object({ height: count, sessions: list(object({ session: hex(32), height: count, standing, answer })) }),
    {
      querystring: object(
        {},
        {
          after: { type: 'string', pattern: '^(0|[1-9][0-9]{0,14})$' },
          wait: { type: 'string', enum: ['0', '1'] },
        },
      ),
    },
  ),
} as const
