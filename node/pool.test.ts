import { describe, expect, it } from 'vitest'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { randomSeed, signingKeyFromSeed } from '../proto/keys.ts'
import { limits } from '../proto/limits.ts'
import { type RecordKind, type SignedRecord, signRecord } from '../proto/records.ts'
import { encodeTransactionVerdict } from '../proto/verdict.ts'
import { Allowances } from './allowance.ts'
import { type Head, Pool, type ProposalLimits } from './pool.ts'

const key = signingKeyFromSeed(randomSeed())
const start: Head = { number: 0, digest: zeroDigest }
const roomy: ProposalLimits = {
  records: 100,
  bytes: limits.proposalBytes,
  perClient: 100,
  tokens: 4096,
  sessionChecks: 2048,
  untriedTokens: 2048,
}

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
  pool.choose(
    { headOf: () => head, isInChain: digest => inChain.has(digest), isRefused: () => isRefused, provenOf: () => 0 },
    most,
  )

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

  it('builds on a record that will be refused only what is refused with it', () => {
    const stray = record('a', 'publication', 1, 'f'.repeat(64))
    const follower = record('a', 'publication', 2, stray.digest)
    const other = record('a', 'publication', 2, 'e'.repeat(64))
    expect(choose(poolOf([stray, other, follower]))).toEqual([stray.digest, follower.digest])
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

/** A token block of so many tokens, of a stream of its own. */
function tokenBlock(signer: string, user: number, tokens: number): SignedRecord {
  const group = { bank: zeroDigest, publication: 1, value: 1n, issuedAt: 1, payBy: 2, expiry: 3, holder: key.publicKey }
  const token = (index: number) => ({ group: 0, index, signature: new Uint8Array(64) })
  const payment = { time: 1, information: zeroDigest, signature: new Uint8Array(64) }
  return signRecord(
    {
      kind: 'tokenBlock',
      network: zeroDigest,
      signer: signer.padEnd(64, '0'),
      number: 1,
      previous: zeroDigest,
      user: new Uint8Array(32).fill(user),
      pending: false,
      terms: undefined,
      groups: [group],
      transactions: [{ ...payment, tokens: Array.from({ length: tokens }, (_, index) => token(index)) }],
    },
    key,
  ) as SignedRecord
}

describe('tokens of a client that has not proven itself', () => {
  const chooseBlocks = (proven: Record<string, number>, tokens = 4096): number[] => {
    const pool = new Pool()
    const blocks = ['a', 'b'].flatMap(client =>
      [1, 2, 3, 4].map(user => ({ client, signed: tokenBlock(client, user, 100) })),
    )
    for (const { client, signed } of blocks) {
      const stream = `${client}/${signed.digest}`
      pool.add(signed, stream, client, false)
      pool.newlyReady(stream, start)
    }
    const chain = {
      headOf: () => start,
      isInChain: () => false,
      isRefused: () => false,
      provenOf: (client: string) => proven[client] ?? 0,
    }
    const chosen = new Set(pool.choose(chain, { ...roomy, tokens, untriedTokens: 200 }))
    return ['a', 'b'].map(
      client => blocks.filter(block => block.client === client && chosen.has(block.signed.digest)).length,
    )
  }

  it('share one small allowance in a proposal', () => {
    expect(chooseBlocks({}).reduce((sum, count) => sum + count)).toBe(2)
  })

  it('are counted beyond what the client has proven', () => {
    expect(chooseBlocks({ a: 400 })).toEqual([4, 2])
    expect(chooseBlocks({ a: 300, b: 100 })).toEqual([4, 2])
    expect(chooseBlocks({ a: 1_000, b: 1_000 })).toEqual([4, 4])
  })

  it('are no more than a block may hold, proven or not (E2)', () => {
    expect(chooseBlocks({ a: 1_000, b: 1_000 }, 500).reduce((sum, count) => sum + count)).toBe(5)
  })

  it('are proven by good ones, and lost by many bad ones', () => {
    const allowances = new Allowances()
    const shown = (good: number, bad: number) => {
      const verdict = (kind: '11' | '01') => ({
        bank: zeroDigest,
        publication: 1,
        index: 0,
        verdict: kind,
        reason: kind === '11' ? ('valid' as const) : ('altered' as const),
        use: 'none' as const,
        charged: false,
        firstUse: undefined,
      })
      const tokens = [...Array(good).fill(verdict('11')), ...Array(bad).fill(verdict('01'))]
      const leaf = {
        record: zeroDigest,
        index: 0,
        payload: zeroDigest,
        pending: false,
        holder: 'valid' as const,
        tokens,
      }
      const answer = { record: zeroDigest, leaf: new Uint8Array(0), transactions: [encodeTransactionVerdict(leaf)] }
      return { client: 'a', tokens: good + bad, answer }
    }
    allowances.learn([shown(500, 0), shown(500, 0)], 0)
    expect(allowances.provenOf('a')).toBe(1_000)
    allowances.learn([shown(950, 70)], 70)
    expect(allowances.provenOf('a')).toBe(1_950)
    allowances.learn([shown(100, 40), shown(100, 40)], 80)
    expect(allowances.provenOf('a')).toBe(0)
  })
})

describe('checks of sessions', () => {
  it('fill no more of a proposal than their share, and leave room for the rest', () => {
    const pool = new Pool()
    const close = (form: 'vendor' | 'client', number: number): SignedRecord => {
      const claim =
        form === 'vendor'
          ? { form, index: 1, value: new Uint8Array(32), vendor: new Uint8Array(64) }
          : { form, index: 1, client: new Uint8Array(64) }
      const heading = { network: zeroDigest, signer: zeroDigest, number: 1, previous: zeroDigest }
      return signRecord({ kind: 'sessionClose', ...heading, session: zeroDigest, attempt: number, claim }, key)
    }
    const records = [close('vendor', 1), close('vendor', 2), close('vendor', 3), close('client', 4)]
    records.forEach((signed, i) => {
      pool.add(signed, `stream ${i}`, 'a', false)
      pool.newlyReady(`stream ${i}`, start)
    })
    const chain = { headOf: () => start, isInChain: () => false, isRefused: () => false, provenOf: () => 0 }
    const chosen = pool.choose(chain, { ...roomy, sessionChecks: 17 })
    expect(chosen).toEqual([records[0]!, records[1]!, records[3]!].map(({ digest }) => digest))
  })
})

describe('records that a refusal cut off from their stream', () => {
  it('are work no more, unless they are owed a refusal themselves', () => {
    const [first, second, third] = chain('a', 3)
    const pool = poolOf([first!, second!, third!])
    pool.remove([first!.digest])
    const owed = new Set([third!.digest])
    expect(pool.noLongerReady(`s/${first!.record.signer}`, start, held => owed.has(held.signed.digest))).toEqual([
      second!.digest,
    ])
    expect(pool.isReady(second!.digest)).toBe(false)
    expect(pool.isReady(third!.digest)).toBe(true)
  })
})

describe('announcing', () => {
  it('comes round to every record, though many wait for ever', () => {
    const pool = poolOf(chain('b', 4).slice(1))
    const [work] = chain('a', 1)
    pool.add(work!, 's/a', 'a', false)
    pool.newlyReady('s/a', start)
    const told = new Set<Digest>()
    for (let turn = 0; turn < 3; turn++) {
      const digests = pool.toAnnounce(2)
      expect(digests).toHaveLength(2)
      expect(digests).toContain(work!.digest)
      for (const digest of digests) told.add(digest)
    }
    expect(told.size).toBe(4)
  })
})
