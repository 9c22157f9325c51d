// Sessions as JSON, at banks and auditors alike. Terms and answers travel in their canonical encodings, as hex: they are what was signed.
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { createProof, proofToJson } from '../../proto/proof.ts'
import { encodeTerms } from '../../proto/session/terms.ts'
import { decodeRecordVerdict, type SessionStanding } from '../../proto/verdict.ts'
import { encodeRecordAnswer, type RecordAnswer } from '../../proto/wire/codec.ts'
import { isoTime } from '../common/output.ts'
import type { SessionShown } from './book.ts'
import type { SessionNewsPage } from './news.ts'

type Json = Record<string, unknown>

/** A session's standing; amounts as text. */
const standingToJson = ({ paid, returned, windowEnd, contestedAt, ...rest }: SessionStanding): Json => ({
  ...rest,
  paid: paid.toString(),
  returned: returned.toString(),
  ...(rest.state === 'settled' ? {} : { windowEnd: isoTime(windowEnd) }),
  ...(contestedAt === undefined ? {} : { contestedAt }),
})

/** A session with what its parties need of it: the bank's signature, and the ledger's answers for proofs. */
export function sessionToJson({ session, terms, signatures, standing, refusal, proofs }: SessionShown): Json {
  return {
    session,
    terms: toHex(encodeTerms(terms)),
    signatures: Object.fromEntries(Object.entries(signatures).map(([party, bytes]) => [party, toHex(bytes)])),
    ...(standing ? { standing: standingToJson(standing) } : {}),
    ...(refusal === undefined ? {} : { refusal }),
    answers: Object.fromEntries(
      Object.entries(proofs).map(([state, answer]) => [state, toHex(encodeRecordAnswer(answer))]),
    ),
  }
}

/** The ledger's answer to a claim, and its proof file. */
export function closedToJson(answer: RecordAnswer, network: Digest): Json {
  const { session } = decodeRecordVerdict(answer.recordLeaf)
  return {
    ...(session ? { standing: standingToJson(session) } : {}),
    answer: toHex(encodeRecordAnswer(answer)),
    proof: JSON.parse(proofToJson(createProof(answer, network))),
  }
}

/** What changed of a party's sessions. */
export const newsToJson = ({ height, sessions }: SessionNewsPage): Json => ({
  height,
  sessions: sessions.map(({ session, height: at, standing, answer }) => ({
    session,
    height: at,
    standing: standingToJson(standing),
    answer: toHex(encodeRecordAnswer(answer)),
  })),
})
