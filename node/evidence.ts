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

// Proofs kept against one party. One is enough to convict; without a bound a liar could fill the disks of all others.
const keptOfOne = 64

/** Keeps proofs, so many of each party and no more. */
export class EvidenceKeeper {
  readonly #kept = new Map<string, Set<string>>()

  /** Knows what the store holds already. */
  static async open(database: Database): Promise<EvidenceKeeper> {
    const keeper = new EvidenceKeeper()
    for (const { id, guilty } of await listEvidence(database)) keeper.#note(String(guilty), String(id))
    return keeper
  }

  /** False where enough is kept of this party. */
  #note(guilty: string, id: string): boolean {
    const kept = this.#kept.get(guilty) ?? new Set<string>()
    if (kept.size >= keptOfOne && !kept.has(id)) return false
    this.#kept.set(guilty, kept.add(id))
    return true
  }

  equivocation(evidence: Evidence, nameOf: (validator: number) => string): WriteOp[] {
    return this.#bounded(nameOf(evidence.validator), keepEquivocation(evidence, nameOf))
  }

  numberReuse(reuse: NumberReuse): WriteOp[] {
    return this.#bounded(reuse.signer, keepNumberReuse(reuse))
  }

  #bounded(guilty: string, operation: WriteOp): WriteOp[] {
    return this.#note(guilty, hex(operation.key.subarray(1))) ? [operation] : []
  }
}

/** Keeps what shows that a validator equivocated: both signed messages, in their canonical encodings. */
function keepEquivocation(evidence: Evidence, nameOf: (validator: number) => string): WriteOp {
  const [first, second] =
    evidence.type === 'votes'
      ? [encodeVote(evidence.first), encodeVote(evidence.second)]
      : [encodeProposal(evidence.first), encodeProposal(evidence.second)]
  const guilty = nameOf(evidence.validator)
  return keep({ type: `two_${evidence.type}`, guilty, role: 'validator', first: hex(first), second: hex(second) })
}

/** Keeps what shows that a client signed two records under one number; both records are held by digest. */
function keepNumberReuse({ signer, kind, number, first, second }: NumberReuse): WriteOp {
  return keep({ type: 'number_reuse', guilty: signer, role: 'client', kind, number, first, second })
}

/** Everything kept, by digest. */
export async function listEvidence(database: Database): Promise<Record<string, unknown>[]> {
  const list: Record<string, unknown>[] = []
  for await (const [key, value] of database.iterate(rangeOf(prefixes.evidence)))
    list.push({ id: hex(key.subarray(1)), ...(JSON.parse(Buffer.from(value).toString('utf8')) as object) })
  return list
}
