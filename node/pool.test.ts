import { describe, expect, it } from 'vitest'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { randomSeed, signingKeyFromSeed } from '../proto/keys.ts'
import { limits } from '../proto/limits.ts'
import { type RecordKind, type SignedRecord, signRecord } from '../proto/records.ts'
import { type Head, Pool, type ProposalLimits } from './pool.ts'

const key = signingKeyFromSeed(randomSeed())
const start: Head = { number: 0, digest: zeroDigest }
const roomy: ProposalLimits = { records: 100, bytes: limits.proposalBytes, perClient: 100 }

/** A record of a stream; only kind, number and previous matter to the pool. */
function record(signer: string, kind: RecordKind, number: number, previous: Digest, salt = 0): SignedRecord {
  const heading = { network: zeroDigest, signer: signer.padEnd(64, '0'), number, previous }
  if (kind === 'revocation')
    return signRecord({ kind, ...heading, certificate: zeroDigest, reason: String(salt) }, key) as SignedRecord
  const times = { issuedAt: salt, payBy: 2, expiry: 3 }
  const hashes = new Uint8Array(32)
  return signRecord({ kind: 'publication', ...heading, value: 1n, ...times, hashes }, key) as SignedRecord
}

function chain(signer: string, count: number): SignedRecord[] {
  const records: SignedRecord[] = []
  for (let number = 1; number <= count; number++)
    records.push(record(signer, 'publication', number, records[number - 2]?.digest ?? zeroDigest))
  return records
}

function poolOf(records: readonly SignedRecord[]): Pool {
  const pool = new Pool()
  for (const signed of records) pool.add(signed, `s/${signed.record.signer}`, signed.record.signer, false)
  for (const signed of records) pool.newlyReady(`s/${signed.record.signer}`, start)
  return pool
}

const choose = (pool: Pool, most = roomy, inChain = new Set<Digest>(), head = start, isRefused = false): Digest[] =>
  pool.choose({ headOf: () => head, isInChain: digest => inChain.has(digest), isRefused: () => isRefused }, most)

describe('work', () => {
  it('is a record whose predecessors are decided or held, not one numbered ahead', () => {
    const [first, second, third] = chain('a', 3)
    const pool = new Pool()
    pool.add(third!, 's', 'a', false)
    expect(pool.newlyReady('s', start)).toEqual([])
    pool.add(first!, 's', 'a', false)
    expect(pool.newlyReady('s', start)).toEqual([first!.digest])
    pool.add(second!, 's', 'a', false)
    expect(pool.newlyReady('s', start)).toEqual([second!.digest, third!.digest])
    expect(pool.newlyReady('s', start)).toEqual([])
  })

  it('is other bytes under a used number too: they are owed a refusal', () => {
    const pool = new Pool()
    const other = record('a', 'publication', 1, zeroDigest, 1)
    pool.add(other, 's', 'a', false)
    expect(pool.newlyReady('s', { number: 5, digest: zeroDigest })).toEqual([other.digest])
  })
})

describe('choosing', () => {
  it('takes a stream in order whatever order it came in', () => {
    const records = chain('a', 4)
    expect(choose(poolOf([records[2]!, records[0]!, records[3]!, records[1]!]))).toEqual(
      records.map(({ digest }) => digest),
    )
  })

  it('leaves out what the chain below holds, and goes on after it', () => {
    const records = chain('a', 3)
    const head = { number: 1, digest: records[0]!.digest }
    expect(choose(poolOf(records), roomy, new Set([records[0]!.digest]), head)).toEqual([
      records[1]!.digest,
      records[2]!.digest,
    ])
  })

  it('does not build on a record that will be refused', () => {
    const stray = record('a', 'publication', 1, 'f'.repeat(64))
    const follower = record('a', 'publication', 2, stray.digest)
    expect(choose(poolOf([stray, follower]))).toEqual([stray.digest])
  })

  it('takes what follows a refused record: it is owed a refusal too', () => {
    const late = record('a', 'publication', 7, 'f'.repeat(64))
    const pool = poolOf([late])
    expect(choose(pool)).toEqual([])
    expect(pool.markReady(late.digest)).toBe(true)
    expect(pool.markReady(late.digest)).toBe(false)
    expect(choose(pool)).toEqual([])
    expect(choose(pool, roomy, new Set(), start, true)).toEqual([late.digest])
  })

  it('gives every client its share before the oldest fill the rest', () => {
    const flood = chain('a', 10)
    const quiet = chain('b', 2)
    const chosen = choose(poolOf([...flood, ...quiet]), { ...roomy, records: 6 })
    expect(chosen).toHaveLength(6)
    expect(chosen).toEqual(expect.arrayContaining(quiet.map(({ digest }) => digest)))
  })

  it('keeps within the records and bytes of one block and the records of one client', () => {
    const pool = poolOf(chain('a', 10))
    expect(choose(pool, { ...roomy, records: 3 })).toHaveLength(3)
    expect(choose(pool, { ...roomy, perClient: 4 })).toHaveLength(4)
    const bytes = pool.get(choose(pool)[0]!)!.signed.bytes.length
    expect(choose(pool, { ...roomy, bytes: bytes * 2 })).toHaveLength(2)
  })

  it('orders kinds as a block runs them', () => {
    const publication = record('a', 'publication', 1, zeroDigest)
    const revocation = record('b', 'revocation', 1, zeroDigest)
    expect(choose(poolOf([publication, revocation]))).toEqual([revocation.digest, publication.digest])
  })
})

describe('quotas', () => {
  it('refuse a client that has too much pending, unless a proposal waits for the record', () => {
    const pool = new Pool()
    let held = 0
    while (pool.hasRoom('a', 1_000_000)) {
      const signed = record('a', 'publication', 1, zeroDigest, ++held)
      expect(pool.add({ ...signed, bytes: new Uint8Array(1_000_000) }, 's', 'a', false)).toBe('added')
    }
    const late = record('a', 'publication', 2, zeroDigest)
    const large = { ...late, bytes: new Uint8Array(1_000_000) }
    expect(pool.add(large, 's', 'a', false)).toBe('full')
    expect(pool.get(late.digest)).toBeUndefined()
    expect(pool.add(large, 's', 'a', true)).toBe('added')
    expect(pool.add(record('b', 'publication', 1, zeroDigest), 't', 'b', false)).toBe('added')
  })

  it('are free again once records are final', () => {
    const records = chain('a', 3)
    const pool = poolOf(records)
    expect([...pool.remove(records.map(({ digest }) => digest)).keys()]).toEqual([`s/${records[0]!.record.signer}`])
    expect(pool.size).toBe(0)
    expect(pool.readyCount).toBe(0)
    expect(choose(pool)).toEqual([])
  })
})
