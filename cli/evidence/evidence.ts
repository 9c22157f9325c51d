// Evidence as validators keep it, over HTTP: each keeps what it saw, so that all of them are asked.
import { MupibError } from '../../proto/errors.ts'
import { call } from '../common/http.ts'
import { type Asked, addressesOf } from '../node/status.ts'

/** Two signed messages that contradict each other; what is in them depends on the type. */
export interface EvidenceItem {
  readonly id: string
  readonly type: string
  readonly guilty: string
  readonly role: string
  readonly [field: string]: unknown
}

/** Everything that validators which answer have kept, each piece once. Throws `unreachable` where none answers. */
export async function listEvidence(asked: Asked): Promise<EvidenceItem[]> {
  const answers = await Promise.allSettled(
    addressesOf(asked).map(http => call<EvidenceItem[]>(http, 'GET', '/evidence')),
  )
  const lists = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []))
  const failed = answers.find(answer => answer.status === 'rejected')
  if (lists.length === 0 && failed) throw failed.reason
  const byId = new Map(lists.flat().map(item => [item.id, item]))
  return [...byId.values()].sort((a, b) => a.id.localeCompare(b.id))
}

/** One piece by its id or the start of it. Throws `usage`, `not_found`. */
export async function showEvidence(asked: Asked, id: string): Promise<EvidenceItem> {
  if (!/^[0-9a-f]{4,64}$/.test(id))
    throw new MupibError('usage', `"${id}" names no evidence`, { hint: 'at least the first 4 characters of an id' })
  const found = (await listEvidence(asked)).filter(item => item.id.startsWith(id))
  if (found.length === 1) return found[0]!
  if (found.length > 1) throw new MupibError('usage', `${found.length} pieces of evidence begin with ${id}`)
  throw new MupibError('not_found', `no evidence ${id} is kept`, { hint: 'mupib evidence list shows all' })
}
