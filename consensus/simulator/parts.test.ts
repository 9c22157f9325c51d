// The simulator's parts: a checker or a fault that does not do what it says would make every pass worthless.
import { describe, expect, test } from 'vitest'
import { createBlock, genesisBlock, type Vote } from '../../proto/chain.ts'
import { digestOf, zeroDigest } from '../../proto/hash.ts'
import { createAgreement } from '../invariants/agreement.ts'
import type { Observation } from '../invariants/invariant.ts'
import { createOutcomes } from '../invariants/outcomes.ts'
import { createVotes } from '../invariants/votes.ts'
import type { FinalBlock, JournalEntry } from '../types.ts'
import { checkChain } from './catch-up.ts'
import { Disk, emptyStore } from './disk.ts'
import { Events } from './events.ts'
import { Keyring } from './keyring.ts'
import { Network, noNetworkFaults } from './network.ts'
import { Random } from './random.ts'
import { toyApplication } from './toy.ts'

const networkId = digestOf('genesis', Buffer.from('test'))
const genesis = genesisBlock(networkId, toyApplication.genesis.stateRoot, 0)
const digestA = digestOf('record', Buffer.from('a'))
const digestB = digestOf('record', Buffer.from('b'))

const child = (parent: FinalBlock, view: number, records: readonly string[] = []): FinalBlock => {
  const { header, digest } = parent.block
  const block = createBlock(
    {
      network: networkId,
      height: header.height + 1,
      view,
      parent: digest,
      parentOutcome: parent.outcome,
      time: header.time + 1,
    },
    records,
  )
  return { block, outcome: parent.outcome }
}

describe('chance', () => {
  test('is pinned: an old seed repeats its schedule for ever', () => {
    const random = new Random(42)
    expect([random.uint32(), random.uint32(), random.below(1000)]).toMatchInlineSnapshot(`
      [
        660444221,
        3652823732,
        18,
      ]
    `)
    expect(new Random(2 ** 40 + 1).uint32()).not.toBe(new Random(1).uint32())
  })

  test('events run by time, then in the order of scheduling', () => {
    const events = new Events()
    const ran: string[] = []
    for (const [at, name] of [
      [5, 'c'],
      [1, 'a'],
      [5, 'd'],
      [3, 'b'],
      [9, 'late'],
    ] as const) {
      events.at(at, () => ran.push(name))
    }
    events.runUntil(8, () => false, 100)
    expect(ran.join('')).toBe('abcd')
    expect(events.now).toBe(8)
  })
})

describe('keyring', () => {
  const keyring = new Keyring(networkId, 4, new Random(1), false)
  const ballot = { kind: 'notarize', view: 3, digest: digestA, outcome: digestB } as const
  const votes = [0, 1, 2].map(index => keyring.signer(index).vote(ballot))
  const signatures = votes.map(({ signer, signature }) => ({ signer, signature }))

  test('takes what was signed, also as a copy', () => {
    for (const vote of votes) expect(keyring.vote({ ...vote })).toBe(true)
    expect(keyring.certificate({ ...ballot, signatures })).toBe(true)
  })

  test('refuses whatever was changed', () => {
    const [vote] = votes as [Vote]
    const changes: Partial<Vote>[] = [
      { view: 4 },
      { kind: 'finalize' },
      { digest: digestB },
      { outcome: digestA },
      { signer: 1 },
      { signature: new Uint8Array(64) },
      { signer: 9 },
    ]
    for (const change of changes) expect(keyring.vote({ ...vote, ...change }), JSON.stringify(change)).toBe(false)
  })

  test('refuses certificates with too few, repeated or foreign signatures', () => {
    const [first, second, third] = signatures as [
      (typeof signatures)[0],
      (typeof signatures)[0],
      (typeof signatures)[0],
    ]
    expect(keyring.certificate({ ...ballot, signatures: [first, second] })).toBe(false)
    expect(keyring.certificate({ ...ballot, signatures: [first, first, second] })).toBe(false)
    expect(keyring.certificate({ ...ballot, signatures: [first, second, { ...third, signer: 3 }] })).toBe(false)
    expect(keyring.certificate({ ...ballot, view: 4, signatures })).toBe(false)
  })

  test('a short certificate that a planted bug took is still refused by others', () => {
    const short = { ...ballot, signatures: signatures.slice(0, 2) }
    expect(keyring.certificate(short, 2)).toBe(true)
    expect(keyring.certificate(short)).toBe(false)
  })

  test('final blocks must continue the tip and be finalized', () => {
    const first = child(genesis, 1)
    const second = child(first, 2)
    const { digest } = second.block
    const finalize = { kind: 'finalize', view: 2, digest, outcome: second.outcome } as const
    const signed = [0, 1, 3].map(index => keyring.signer(index).vote(finalize))
    const certificate = { ...finalize, signatures: signed }
    expect(checkChain(genesis, [first, second], certificate, keyring)).toBe(true)
    expect(checkChain(genesis, [second], certificate, keyring)).toBe(false)
    expect(checkChain(genesis, [first], certificate, keyring)).toBe(false)
    expect(checkChain(genesis, [{ ...first, outcome: digestA }, second], certificate, keyring)).toBe(false)
    const emptied = { ...second, block: { ...second.block, records: [digestA] } }
    expect(checkChain(genesis, [first, emptied], certificate, keyring)).toBe(false)
  })
})

describe('disk', () => {
  const entry = (view: number): JournalEntry => ({ type: 'signFrom', view })
  const write = (disk: Disk, view: number): void =>
    disk.write({ entries: [entry(view)], records: [], commit: undefined })

  test('power loss takes unsynced writes, never synced ones, and leaves no hole', () => {
    const kept = new Set<number>()
    for (let seed = 0; seed < 40; seed++) {
      const disk = new Disk(emptyStore(genesis, {}))
      write(disk, 1)
      disk.sync()
      write(disk, 2)
      write(disk, 3)
      disk.losePower(new Random(seed))
      const { length } = disk.synced.journal
      expect(disk.synced.journal).toEqual([entry(1), entry(2), entry(3)].slice(0, length))
      kept.add(length)
    }
    expect([...kept].sort()).toEqual([1, 2, 3])
  })

  test('a backup does not change with the disk', () => {
    const disk = new Disk(emptyStore(genesis, {}))
    const backup = disk.snapshot()
    write(disk, 1)
    disk.sync()
    expect(backup.journal).toEqual([])
    disk.replace(backup)
    expect(disk.synced.journal).toEqual([])
  })
})

describe('network', () => {
  function create(): { events: Events; network: Network; got: string[]; ups: string[] } {
    const events = new Events()
    const got: string[] = []
    const ups: string[] = []
    const host = {
      isUp: () => true,
      deliver: (from: number, to: number, wire: { type: string }) => got.push(`${from}>${to} ${wire.type}`),
      linkUp: (node: number, peer: number) => ups.push(`${node}-${peer}`),
      note: () => {},
    }
    const settings = { delayMs: 10, jitterMs: 30, redialMs: 50 }
    const network = new Network(events, new Random(7), host, 2, settings)
    network.nodeUp(0)
    events.runUntil(100, () => false, 1000)
    return { events, network, got, ups }
  }
  const announce = { type: 'announce', digests: [] } as const
  const record = { type: 'record', bytes: new Uint8Array(1) } as const

  test('a stream keeps its order whatever the jitter', () => {
    const { events, network, got, ups } = create()
    expect(ups).toEqual(['0-1', '1-0'])
    for (let i = 0; i < 20; i++) network.send(0, 1, i % 2 === 0 ? announce : record)
    events.runUntil(1000, () => false, 1000)
    expect(got).toEqual(Array.from({ length: 20 }, (_, i) => `0>1 ${i % 2 === 0 ? 'announce' : 'record'}`))
  })

  test('a break loses what is in flight, and both ends learn of the new stream', () => {
    const { events, network, got, ups } = create()
    network.send(0, 1, announce)
    network.breakStream(0, 1)
    network.send(0, 1, announce)
    events.runUntil(1000, () => false, 1000)
    expect(got).toEqual([])
    expect(ups).toHaveLength(4)
  })

  test('a one-way cut lets the other direction through', () => {
    const { events, network, got } = create()
    network.cut(0, 1)
    network.send(0, 1, announce)
    network.send(1, 0, announce)
    events.runUntil(1000, () => false, 1000)
    expect(got).toEqual(['1>0 announce'])
  })

  test('duplicates arrive twice', () => {
    const { events, network, got } = create()
    network.faults = { ...noNetworkFaults, duplicateRate: 1 }
    network.send(0, 1, announce)
    events.runUntil(1000, () => false, 1000)
    expect(got).toHaveLength(2)
  })
})

describe('toy application', () => {
  const { genesis: start, createRecord, digestOf: recordDigest } = toyApplication
  const create = () => toyApplication.create({ tip: genesis, state: start.state, records: [], rotsAt: undefined })
  const first = createRecord(1, 1, 0)
  const second = createRecord(1, 2, 0)

  test('a record numbered ahead waits for its predecessor', () => {
    const toy = create()
    toy.receive(second)
    expect(toy.workChange().work).toEqual([])
    expect(toy.build(genesis.block.digest)).toEqual([])
    toy.receive(first)
    expect(new Set(toy.workChange().work)).toEqual(new Set([recordDigest(first), recordDigest(second)]))
    expect(toy.build(genesis.block.digest)).toEqual([recordDigest(first), recordDigest(second)])
  })

  test('a block with a gap is invalid, one with unknown records waits', () => {
    const toy = create()
    const { block } = child(genesis, 1, [recordDigest(second)])
    expect(toy.execute(block)).toEqual({ type: 'missing', records: [recordDigest(second)] })
    toy.receive(second)
    expect(toy.execute(block).type).toBe('invalid')
  })

  test('the loser under one number is dropped', () => {
    const toy = create()
    const rival = createRecord(1, 1, 9)
    toy.receive(first)
    toy.receive(rival)
    expect(toy.workChange().work).toHaveLength(2)
    const final = child(genesis, 1, [recordDigest(first)])
    toy.execute(final.block)
    toy.commit([final])
    expect(toy.workChange()).toEqual({ work: [], dropped: [recordDigest(rival)] })
  })
})

describe('checkers can fail', () => {
  const at = { at: 0, node: 0 }
  const finalizes = (node: number, final: FinalBlock, own = final.outcome): Observation => ({
    at: 0,
    node,
    type: 'finalizes',
    final,
    own,
  })

  test('I1: two blocks at a height, and a chain that does not continue', () => {
    const agreement = createAgreement()
    expect(agreement.observe(finalizes(0, child(genesis, 1)))).toBeUndefined()
    expect(agreement.observe(finalizes(1, child(genesis, 1)))).toBeUndefined()
    expect(agreement.observe(finalizes(2, child(genesis, 2)))).toContain('height 1')
    expect(agreement.observe(finalizes(0, child(child(genesis, 2), 3)))).toContain('height 2')
  })

  test('I5: an own outcome that is not the certified one, and two certified ones', () => {
    const outcomes = createOutcomes()
    const final = child(genesis, 1)
    expect(outcomes.observe(finalizes(0, final))).toBeUndefined()
    expect(outcomes.observe(finalizes(1, final, digestA))).toBeDefined()
    expect(outcomes.observe(finalizes(1, { ...final, outcome: digestA }))).toContain('two certified')
  })

  test('I7: every pair of votes that rule 9 calls conflicting, and no other', () => {
    const signature = new Uint8Array(64)
    const vote = (kind: Vote['kind'], digest = digestA): Observation => ({
      ...at,
      type: 'votes',
      vote: {
        kind,
        view: 1,
        signer: 0,
        signature,
        digest: kind === 'nullify' ? zeroDigest : digest,
        outcome: zeroDigest,
      },
    })
    const pairs: [Observation, Observation, boolean][] = [
      [vote('notarize'), vote('notarize'), false],
      [vote('notarize'), vote('notarize', digestB), true],
      [vote('finalize'), vote('finalize', digestB), true],
      [vote('nullify'), vote('finalize'), true],
      [vote('finalize'), vote('nullify'), true],
      [vote('notarize'), vote('nullify'), false],
      [vote('notarize'), vote('finalize'), false],
      [{ ...at, type: 'forgets' }, { ...at, type: 'reports', event: { type: 'mute', view: 1 } }, false],
      [vote('notarize'), { ...at, type: 'reports', event: { type: 'mute', view: 1 } }, true],
      [vote('notarize'), { ...at, type: 'accuses', validator: 1 }, true],
    ]
    for (const [first, second, isConflict] of pairs) {
      const votes = createVotes()
      expect(votes.observe(first)).toBeUndefined()
      expect(votes.observe(second) !== undefined, JSON.stringify([first, second])).toBe(isConflict)
    }
  })
})
