// The consensus journal on disk: own votes and proposals, blocks and certificates above the final view, the newest votes of others.
// What the core asks to persist becomes write operations here; what a restart finds becomes the core's entries again.
import type { HeldVotes, JournalEntry } from '../consensus/types.ts'
import { Reader, Writer } from '../proto/bytes.ts'
import {
  type Certificate,
  decodeBlock,
  decodeCertificate,
  decodeProposal,
  decodeVote,
  encodeBlock,
  encodeCertificate,
  encodeProposal,
  encodeVote,
  voteKinds,
} from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import { limits } from '../proto/limits.ts'
import { ofStore } from './faults.ts'
import type { Database, WriteOp } from './store/database.ts'
import { journalKey, metaKey, newestVotesKey, prefixes, rangeOf } from './store/keys.ts'

// Tags of journal keys. Votes and certificates take three each, one for every kind of vote.
const tags = { ownVote: 0x10, ownProposal: 0x20, certificate: 0x30, block: 0x40 } as const
const signFromKey = metaKey('sign-from')
const rejoinKey = metaKey('rejoin')

function encodeHeldVotes(held: HeldVotes): Uint8Array {
  const writer = new Writer(512).u64(held.view).u8(held.votes.length)
  for (const vote of held.votes) writer.bytes(encodeVote(vote))
  writer.boolean(held.proposal !== undefined)
  if (held.proposal) writer.bytes(encodeProposal(held.proposal))
  return writer.finish()
}

function decodeHeldVotes(bytes: Uint8Array): HeldVotes {
  const reader = new Reader(bytes)
  const view = reader.u64()
  const count = reader.u8()
  const votes = Array.from({ length: count }, () => decodeVote(reader.bytes(limits.frameBytes)))
  const proposal = reader.boolean() ? decodeProposal(reader.bytes(limits.frameBytes)) : undefined
  reader.end()
  return { view, votes, proposal }
}

const u64 = (value: number): Uint8Array => new Writer(8).u64(value).finish()

const muteKey = metaKey('mute')

/** The operations that keep one entry. Writing an entry again changes nothing. */
function operationsOf(entry: JournalEntry): WriteOp[] {
  switch (entry.type) {
    case 'signFrom':
      // Ends an earlier muteness: what is found on disk beside a view to sign from came after it.
      return [put(signFromKey, u64(entry.view)), { type: 'delete', key: muteKey }, { type: 'delete', key: rejoinKey }]
    case 'mute':
      return [put(muteKey, u64(entry.view))]
    default:
      return [operationOf(entry)]
  }
}

const put = (key: Uint8Array, value: Uint8Array): WriteOp => ({ type: 'put', key, value })

function operationOf(entry: Exclude<JournalEntry, { readonly type: 'signFrom' | 'mute' }>): WriteOp {
  switch (entry.type) {
    case 'ownVote': {
      const { vote } = entry
      return put(journalKey(vote.view, tags.ownVote + voteKinds[vote.kind]), encodeVote(vote))
    }
    case 'ownProposal': {
      const { view } = entry.proposal.block.header
      return put(journalKey(view, tags.ownProposal), encodeProposal(entry.proposal))
    }
    case 'certificate':
      return put(certificateKey(entry.certificate), encodeCertificate(entry.certificate))
    case 'block': {
      const { block } = entry
      return put(journalKey(block.header.view, tags.block, block.digest), encodeBlock(block))
    }
    case 'newestVotes':
      return put(newestVotesKey(entry.validator), encodeHeldVotes(entry.held))
  }
}

const certificateKey = (certificate: Certificate): Uint8Array =>
  journalKey(
    certificate.view,
    tags.certificate + voteKinds[certificate.kind],
    certificate.kind === 'nullify' ? undefined : certificate.digest,
  )

/** Journal entries as write operations, and which of them may go once a view is final. */
export class Journal {
  readonly #keysByView = new Map<number, Uint8Array[]>()

  operations(entries: readonly JournalEntry[]): WriteOp[] {
    const operations = entries.flatMap(operationsOf)
    for (const { key } of operations) this.#remember(key)
    return operations
  }

  #remember(key: Uint8Array): void {
    if (key[0] !== prefixes.journal) return
    const view = viewOfKey(key)
    const keys = this.#keysByView.get(view)
    if (keys) keys.push(key)
    else this.#keysByView.set(view, [key])
  }

  /** Deletes what stands below a view: nothing there can be voted on again. */
  prune(below: number): WriteOp[] {
    const operations: WriteOp[] = []
    for (const [view, keys] of this.#keysByView) {
      if (view >= below) continue
      for (const key of keys) operations.push({ type: 'delete', key })
      this.#keysByView.delete(view)
    }
    return operations
  }

  /** Everything that the journal holds, in order of views. Throws CorruptionError where an entry is damaged. */
  async restore(database: Database): Promise<JournalEntry[]> {
    const entries: JournalEntry[] = []
    for await (const [key, value] of database.iterate(rangeOf(prefixes.journal))) {
      this.#remember(key)
      entries.push(ofStore('an entry of the journal', () => decodeEntry(key, value)))
    }
    for await (const [key, value] of database.iterate(rangeOf(prefixes.newestVotes))) {
      const held = ofStore('the newest votes of a validator', () => decodeHeldVotes(value))
      entries.push({ type: 'newestVotes', validator: (key[1]! << 8) | key[2]!, held })
    }
    const signFrom = database.get(signFromKey)
    if (signFrom) entries.push({ type: 'signFrom', view: new Reader(signFrom).u64() })
    const mute = database.get(muteKey)
    if (mute) entries.push({ type: 'mute', view: new Reader(mute).u64() })
    return entries
  }
}

function viewOfKey(key: Uint8Array): number {
  return new Reader(key.subarray(1, 9)).u64()
}

function decodeEntry(key: Uint8Array, value: Uint8Array): JournalEntry {
  switch (key[9]! & 0xf0) {
    case tags.ownVote:
      return { type: 'ownVote', vote: decodeVote(value) }
    case tags.ownProposal:
      return { type: 'ownProposal', proposal: decodeProposal(value) }
    case tags.certificate:
      return { type: 'certificate', certificate: decodeCertificate(value) }
    case tags.block:
      return { type: 'block', block: decodeBlock(value) }
    default:
      throw new MupibError('store_corrupt', `no journal entry has the tag ${key[9]}`)
  }
}

/** True where an operator has let this store rejoin. */
export const mayRejoin = (database: Database): boolean => database.get(rejoinKey) !== undefined

/** Notes that an operator lets this store rejoin. */
export const allowRejoin = (): WriteOp => ({ type: 'put', key: rejoinKey, value: Uint8Array.of(1) })
