import { describe, expect, it } from 'vitest'
import type { JournalEntry } from '../consensus/types.ts'
import { createBlock, type Proposal, signProposal, signVote, type VoteKind } from '../proto/chain.ts'
import { zeroDigest } from '../proto/hash.ts'
import { randomSeed, signingKeyFromSeed } from '../proto/keys.ts'
import { allowRejoin, Journal, mayRejoin } from './journal.ts'
import { createMemoryDatabase } from './store/memory-database.ts'

const key = signingKeyFromSeed(randomSeed())
const blockOf = (view: number) =>
  createBlock(
    { network: zeroDigest, height: view, view, parent: zeroDigest, parentOutcome: zeroDigest, time: view },
    [],
  )
const voteOf = (kind: VoteKind, view: number) => {
  const digest = kind === 'nullify' ? zeroDigest : blockOf(view).digest
  return signVote(zeroDigest, { kind, view, digest, outcome: zeroDigest }, 0, key)
}
const proposalOf = (view: number): Proposal => {
  const block = blockOf(view)
  return { block, signature: signProposal(zeroDigest, block, key), parentCertificate: undefined, nullifications: [] }
}
const certificateOf = (kind: VoteKind, view: number) => {
  const { signer, signature, ...ballot } = voteOf(kind, view)
  return { ...ballot, signatures: [{ signer, signature }] }
}

const plain = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_key, part) => (part instanceof Uint8Array ? Buffer.from(part).toString('hex') : part)),
  )

async function reread(...writes: readonly JournalEntry[][]): Promise<unknown[]> {
  const database = createMemoryDatabase()
  const journal = new Journal()
  for (const entries of writes) await database.write(journal.operations(entries), { sync: true })
  return (plain(await new Journal().restore(database)) as { type: string }[]).sort((a, b) => (a.type < b.type ? -1 : 1))
}

const everything: JournalEntry[] = [
  { type: 'block', block: blockOf(3) },
  { type: 'certificate', certificate: certificateOf('notarize', 3) },
  { type: 'newestVotes', validator: 2, held: { view: 3, votes: [voteOf('notarize', 3)], proposal: proposalOf(3) } },
  { type: 'ownProposal', proposal: proposalOf(3) },
  { type: 'ownVote', vote: voteOf('finalize', 3) },
]

describe('the journal', () => {
  it('gives back every kind of entry', async () => {
    expect(await reread(everything)).toEqual(plain(everything))
  })

  it('keeps all votes and certificates of a view apart', async () => {
    const votes: JournalEntry[] = (['notarize', 'nullify', 'finalize'] as const).map(kind => ({
      type: 'ownVote',
      vote: voteOf(kind, 5),
    }))
    const certificates: JournalEntry[] = (['notarize', 'nullify', 'finalize'] as const).map(kind => ({
      type: 'certificate',
      certificate: certificateOf(kind, 5),
    }))
    expect(await reread([...votes, ...certificates])).toHaveLength(6)
  })

  it('forgets muteness once it is fixed from where on the node signs, and no sooner', async () => {
    const mute: JournalEntry = { type: 'mute', view: 7 }
    const signFrom: JournalEntry = { type: 'signFrom', view: 9 }
    expect(await reread([mute])).toEqual([mute])
    expect(await reread([mute], [signFrom])).toEqual([signFrom])
    expect(await reread([signFrom], [mute])).toEqual([mute, signFrom])
  })

  it('uses up the permission to rejoin with it', async () => {
    const database = createMemoryDatabase()
    expect(mayRejoin(database)).toBe(false)
    await database.write([allowRejoin()], { sync: true })
    expect(mayRejoin(database)).toBe(true)
    await database.write(new Journal().operations([{ type: 'signFrom', view: 9 }]), { sync: true })
    expect(mayRejoin(database)).toBe(false)
  })

  it('prunes what is below a view, also what a restart found', async () => {
    const database = createMemoryDatabase()
    const written = new Journal()
    const entries = [3, 4, 5].map((view): JournalEntry => ({ type: 'ownVote', vote: voteOf('notarize', view) }))
    await database.write(written.operations(entries), { sync: true })
    const journal = new Journal()
    await journal.restore(database)
    await database.write(journal.prune(5), { sync: true })
    expect(await new Journal().restore(database)).toHaveLength(1)
    expect(journal.prune(5)).toEqual([])
  })
})
