// Proofs of equivocation, kept for good: two votes or proposals of a validator, or two records of a client under one number.
import type { Evidence } from '../consensus/types.ts'
import { encodeProposal, encodeVote } from '../proto/chain.ts'
import { sha256Hex } from '../proto/hash.ts'
import type { NumberReuse } from './ledger/admission.ts'
import type { Database, WriteOp } from './store/database.ts'
import { evidenceKey, prefixes, rangeOf } from './store/keys.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function keep(content: Record<string, unknown>): WriteOp {
  const value = new Uint8Array(Buffer.from(JSON.stringify(content), 'utf8'))
  return { type: 'put', key: evidenceKey(sha256Hex(value)), value }
}

/** Keeps what shows that a validator equivocated: both signed messages, in their canonical encodings. */
export function keepEquivocation(evidence: Evidence, nameOf: (validator: number) => string): WriteOp {
  const [first, second] =
    evidence.type === 'votes'
      ? [encodeVote(evidence.first), encodeVote(evidence.second)]
      : [encodeProposal(evidence.first), encodeProposal(evidence.second)]
  const guilty = nameOf(evidence.validator)
  return keep({ type: `two_${evidence.type}`, guilty, role: 'validator', first: hex(first), second: hex(second) })
}

/** Keeps what shows that a client signed two records under one number; both records are held by digest. */
export function keepNumberReuse({ signer, kind, number, first, second }: NumberReuse): WriteOp {
  return keep({ type: 'number_reuse', guilty: signer, role: 'client', kind, number, first, second })
}

/** Everything kept, by digest. */
export async function listEvidence(database: Database): Promise<Record<string, unknown>[]> {
  const list: Record<string, unknown>[] = []
  for await (const [key, value] of database.iterate(rangeOf(prefixes.evidence)))
    list.push({ id: hex(key.subarray(1)), ...(JSON.parse(Buffer.from(value).toString('utf8')) as object) })
  return list
}
