// One case for each rule of verdicts.ts (V0-V7), by name.
import { describe, expect, it } from 'vitest'
import { digestOf } from '../../proto/hash.ts'
import type { SignedRecord } from '../../proto/records.ts'
import { groupDigest, returnInformation, signToken } from '../../proto/token.ts'
import { MapDraft } from './map-draft.ts'
import { segmentKey } from './rows.ts'
import {
  alter,
  certificateOf,
  hashOf,
  inShort,
  issue,
  keyOf,
  network,
  payloadOf,
  type Spending,
  spend,
  startTime,
  tokenValue,
  World,
} from './testing.ts'

const valid = '11 valid consumed'
const released = '11 valid released'
const altered = '01 altered none charged'
const decided = '00 payload_decided none'

/** Runs one record in a block of its own. */
function judge(world: World, record: SignedRecord) {
  const result = world.run(record)
  return {
    verdicts: result.transactions[0]!.map(inShort),
    transactions: result.transactions[0]!,
    refusal: result.records[0]!.refusal,
    user: result.records[0]!.user,
  }
}

function start(count = 12, holder = 'alice') {
  const world = new World()
  const { signed, tokens } = world.publication(count, holder)
  world.run(signed)
  return { world, tokens }
}

const withSignature = (spending: Spending): Spending => ({ ...spending, signature: new Uint8Array(64).fill(3) })

/** Alice's group in a publication of the bank that was never published. */
function unpublishedGroup(by = 'bank', publication = 77) {
  const { fingerprint } = certificateOf(by)
  const times = { issuedAt: startTime, payBy: startTime + 9e6, expiry: startTime + 9e6 }
  return { bank: fingerprint, publication, value: tokenValue, ...times, holder: keyOf('alice').publicKey }
}

describe('V0: a payload decided before without being consumed whole', () => {
  it('covers a rejected pending transaction, at any auditor, without a charge', () => {
    const { world, tokens } = start()
    const rejected = spend('alice', [tokens[1]!, tokens[2]!])
    const first = judge(world, world.block('alice', [spend('alice', [alter(tokens[0]!)]), rejected]))
    expect(first.verdicts).toEqual([[altered], [released, released]])
    const again = judge(world, world.block('alice', [rejected], {}, 'other-auditor'))
    expect(again.verdicts).toEqual([[decided, decided]])
    expect(again.user).toMatchObject({ sequence: 2, gammaBefore: 1, gammaAfter: 1 })
    // the tokens themselves are spendable under a new payload
    const anew = judge(world, world.block('alice', [spend('alice', [tokens[1]!, tokens[2]!], 'another item')]))
    expect(anew.verdicts).toEqual([[valid, valid]])
  })

  it('covers an earlier transaction that was valid in part', () => {
    const { world, tokens } = start()
    const mixed = spend('alice', [tokens[0]!, alter(tokens[1]!)])
    const block = world.block('alice', [mixed, spend('alice', [tokens[2]!])])
    expect(judge(world, block).verdicts).toEqual([[valid, altered], [released]])
    expect(judge(world, world.block('alice', [mixed])).verdicts).toEqual([[decided, decided]])
  })

  it('covers a payload that stands twice in one block: charged once', () => {
    const { world, tokens } = start()
    const mixed = spend('alice', [alter(tokens[1]!)])
    const { verdicts, user } = judge(world, world.block('alice', [mixed, mixed, mixed]))
    expect(verdicts).toEqual([[altered], [decided], [decided]])
    expect(user?.gammaAfter).toBe(1)
  })

  it('covers a payload that came before its publication, in the block of another user', () => {
    const world = new World()
    const late = world.publication(3, 'alice')
    const payment = spend('alice', [late.tokens[0]!])
    const block = world.block('bob', [payment], { pending: false })
    expect(judge(world, block).verdicts).toEqual([['00 unpublished none']])
    world.run(late.signed)
    expect(judge(world, world.block('alice', [payment])).verdicts).toEqual([[decided]])
  })

  it('covers a payload of altered tokens in the block of another user', () => {
    const { world, tokens } = start()
    const payment = spend('alice', [alter(tokens[0]!)])
    expect(judge(world, world.block('alice', [payment])).verdicts).toEqual([[altered]])
    expect(judge(world, world.block('bob', [payment])).verdicts).toEqual([[decided]])
  })

  it('covers returns', () => {
    const { world, tokens } = start()
    const returned = () => world.return('alice', [tokens[0]!, alter(tokens[1]!)])
    expect(judge(world, returned()).verdicts).toEqual([[valid, '01 altered none']])
    expect(judge(world, returned()).verdicts).toEqual([[decided, decided]])
  })

  it('leaves a payload that was consumed whole to V4', () => {
    const { world, tokens } = start()
    const payment = spend('alice', [tokens[0]!])
    judge(world, world.block('alice', [payment]))
    const again = judge(world, world.block('alice', [payment]))
    expect(again.verdicts).toEqual([['10 duplicate none']])
    expect(again.user?.gammaAfter).toBe(0)
  })
})

describe('V1: no such publication', () => {
  it('00 for an unknown bank, charged', () => {
    const { world } = start()
    const tokens = issue(unpublishedGroup('nobody'), 1, keyOf('nobody'))
    expect(judge(world, world.block('alice', [spend('alice', tokens)])).verdicts).toEqual([
      ['00 bank_unknown none charged'],
    ])
  })

  it('knows an auditor for no bank, whatever it signs', () => {
    const { world } = start()
    const tokens = issue(unpublishedGroup('auditor'), 1, keyOf('auditor'))
    expect(judge(world, world.block('alice', [spend('alice', tokens)])).verdicts).toEqual([
      ['00 bank_unknown none charged'],
    ])
  })

  it('00 for an unpublished serial: the bank answers for its signature, the user for a forged one', () => {
    const { world } = start()
    const tokens = issue(unpublishedGroup(), 2, keyOf('bank'))
    const payment = spend('alice', [tokens[0]!, alter(tokens[1]!)])
    expect(judge(world, world.block('alice', [payment])).verdicts).toEqual([
      ['00 unpublished none', '00 unpublished none charged'],
    ])
  })

  it('00 for an index beyond the publication', () => {
    const { world, tokens } = start(12)
    // in the last segment, and in one that does not exist
    for (const index of [12, 500]) {
      const signature = signToken(groupDigest(Buffer.from(network, 'hex'), tokens[0]!.group), index, keyOf('bank'))
      const beyond = { group: tokens[0]!.group, index, signature }
      expect(judge(world, world.block('alice', [spend('alice', [beyond])])).verdicts).toEqual([['00 unpublished none']])
    }
  })

  it('00 where the certificate was dead when it published; what it published alive stays valid', () => {
    const { world, tokens } = start()
    world.run(world.revocation(certificateOf('bank').fingerprint))
    const late = world.publication(2, 'alice')
    expect(world.run(late.signed).records[0]!.refusal).toBe('certificate_dead')
    const payment = spend('alice', [late.tokens[0]!, alter(late.tokens[1]!), tokens[0]!])
    expect(judge(world, world.block('alice', [payment], { pending: false })).verdicts).toEqual([
      ['00 bank_dead none', '00 bank_dead none charged', valid],
    ])
  })
})

describe('V2: other than published', () => {
  it('01 where the bank signature fails, and the serial stays untouched', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [spend('alice', [alter(tokens[0]!)]), spend('alice', [tokens[0]!])], {
      pending: false,
    })
    expect(judge(world, block).verdicts).toEqual([[altered], [valid]])
    const later = world.block('alice', [spend('alice', [alter(tokens[0]!), tokens[1]!])], { pending: false })
    expect(judge(world, later).verdicts).toEqual([[altered, valid]])
  })

  it('00 where the bank signed another token on the serial: nobody is charged', () => {
    const { world, tokens } = start()
    const other = issue({ ...tokens[0]!.group, payBy: tokens[0]!.group.payBy + 1 }, 1, keyOf('bank'))
    expect(judge(world, world.block('alice', [spend('alice', other)])).verdicts).toEqual([['00 other_published none']])
  })

  it.each([{ value: 1_000_000n }, { issuedAt: startTime - 1 }, { payBy: startTime + 1 }, { expiry: startTime + 1e9 }])(
    '00 where the hash is published but with other facts (%#)',
    facts => {
      const world = new World()
      const { tokens } = world.publication(1, 'alice', facts)
      world.heads.clear()
      const { signed } = world.publication(1, 'alice', { hashes: hashOf(tokens[0]!) })
      world.run(signed)
      expect(judge(world, world.block('alice', [spend('alice', tokens)])).verdicts).toEqual([
        ['00 other_published none'],
      ])
    },
  )

  it.each(['value', 'issuedAt', 'payBy', 'expiry', 'holder', 'publication', 'index', 'signature'] as const)(
    'finds an altered %s',
    field => {
      const { world, tokens } = start()
      const { group, index, signature } = tokens[0]!
      const changed = {
        value: { group: { ...group, value: group.value + 1n } },
        issuedAt: { group: { ...group, issuedAt: group.issuedAt - 1 } },
        payBy: { group: { ...group, payBy: group.payBy + 1 } },
        expiry: { group: { ...group, expiry: group.expiry + 1 } },
        holder: { group: { ...group, holder: keyOf('bob').publicKey } },
        publication: { group: { ...group, publication: 2 } },
        index: { index: 1 },
        signature: { signature: alter(tokens[0]!).signature },
      }[field]
      world.run(world.publication(3, 'alice').signed)
      const payment = spend('alice', [{ group, index, signature, ...changed }])
      expect(judge(world, world.block('alice', [payment])).verdicts).toEqual([[altered]])
    },
  )

  it('answers odd bank signatures and never throws', () => {
    const order = Buffer.from('edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010', 'hex').reverse()
    const odd = [
      Buffer.alloc(64),
      Buffer.alloc(64, 255),
      Buffer.concat([Buffer.from('01', 'hex'), Buffer.alloc(63)]),
      Buffer.concat([Buffer.alloc(32), order]),
      Buffer.concat([Buffer.from(`ec${'ff'.repeat(30)}7f`, 'hex'), Buffer.alloc(32)]),
    ]
    const { world, tokens } = start()
    const forged = odd.map((signature, index) => ({ ...tokens[0]!, index, signature }))
    expect(judge(world, world.block('alice', [spend('alice', forged)])).verdicts[0]).toEqual(forged.map(() => altered))
  })
})

describe('V3: expiry', () => {
  it('accepts at the expiry and refuses a millisecond later, without a charge', () => {
    for (const [expiry, verdict] of [
      [startTime + 2000, valid],
      [startTime + 1999, '00 expired none'],
    ] as const) {
      const world = new World()
      const { signed, tokens } = world.publication(1, 'alice', { payBy: startTime, expiry })
      world.run(signed)
      expect(judge(world, world.block('alice', [spend('alice', tokens)])).verdicts).toEqual([[verdict]])
    }
  })

  it('comes before V4, and leaves no serial used', () => {
    const world = new World()
    const { signed, tokens } = world.publication(1, 'alice', { payBy: startTime, expiry: startTime + 2000 })
    world.run(signed)
    judge(world, world.block('alice', [spend('alice', tokens)]))
    const again = judge(world, world.block('alice', [spend('alice', tokens, 'another')]))
    expect(again.verdicts).toEqual([['00 expired none']])
  })
})

describe('V4: duplicates', () => {
  it('10 with the place of first use, charged', () => {
    const { world, tokens } = start()
    const first = world.block('alice', [spend('alice', [tokens[5]!]), spend('alice', [tokens[0]!])])
    judge(world, first)
    const { verdicts, transactions } = judge(
      world,
      world.block('alice', [spend('alice', [tokens[0]!], 'again')], {}, 'other-auditor'),
    )
    expect(verdicts).toEqual([['10 duplicate none charged']])
    expect(transactions[0]!.tokens[0]!.firstUse).toEqual({
      record: first.digest,
      transaction: 1,
      payload: payloadOf([tokens[0]!], digestOf('information', Buffer.from('an item'))),
    })
  })

  it('is seen between records of one ledger block, of two auditors', () => {
    const { world, tokens } = start()
    const first = world.block('alice', [spend('alice', [tokens[0]!])])
    const second = world.block('alice', [spend('alice', [tokens[0]!], 'again')], {}, 'other-auditor')
    const { transactions } = world.run(first, second)
    expect(transactions.map(([only]) => inShort(only))).toEqual([[valid], ['10 duplicate none charged']])
    expect(transactions[1]![0]!.tokens[0]!.firstUse?.record).toBe(first.digest)
  })

  it('is seen within one block, and charged where the payloads differ', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [
      spend('alice', [tokens[0]!]),
      spend('alice', [tokens[0]!], 'again'),
      spend('alice', [tokens[1]!]),
    ])
    const { verdicts, transactions } = judge(world, block)
    expect(verdicts).toEqual([[valid], ['10 repeated_in_block none charged'], [released]])
    expect(transactions[1]!.tokens[0]!.firstUse).toMatchObject({ record: block.digest, transaction: 0 })
  })

  it('is not charged within one payload', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [spend('alice', [tokens[0]!, tokens[0]!])], { pending: false })
    expect(judge(world, block).verdicts).toEqual([[valid, '10 repeated_in_block none']])
  })

  it('counts a return as another payload', () => {
    const { world, tokens } = start()
    judge(world, world.return('alice', [tokens[0]!]))
    expect(judge(world, world.block('alice', [spend('alice', [tokens[0]!])])).verdicts).toEqual([
      ['10 duplicate none charged'],
    ])
  })
})

describe('V5: consumed or released', () => {
  it('consumes everything where all are valid', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [spend('alice', tokens.slice(0, 2)), spend('alice', tokens.slice(2, 4))])
    expect(judge(world, block).verdicts).toEqual([
      [valid, valid],
      [valid, valid],
    ])
  })

  it('releases the valid tokens of a pending transaction that is invalid itself', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [spend('alice', [tokens[0]!]), spend('alice', [tokens[1]!, alter(tokens[2]!)])])
    expect(judge(world, block).verdicts).toEqual([[valid], [released, altered]])
    expect(judge(world, world.block('alice', [spend('alice', [tokens[1]!], 'anew')])).verdicts).toEqual([[valid]])
  })

  it('consumes the last transaction of a block in which nothing is pending', () => {
    const { world, tokens } = start()
    const spendings = [spend('alice', [alter(tokens[0]!)]), spend('alice', [tokens[1]!])]
    expect(judge(world, world.block('alice', spendings, { pending: false })).verdicts).toEqual([[altered], [valid]])
  })

  it('never takes a publication whose columns are lost for unspent', () => {
    const { world, tokens } = start()
    const bank = certificateOf('bank').fingerprint
    const block = world.block('alice', [spend('alice', [tokens[0]!])])
    const rows = world.draft.all()
    for (const prefix of ['hashes', 'uses'] as const) {
      const lost = Buffer.from(segmentKey(prefix, bank, 1, 0)).toString('latin1')
      world.draft = new MapDraft()
      for (const [key, value] of rows) if (key !== lost) world.draft.rows.set(key, value)
      expect(() => world.attempt(block)).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
    }
  })

  it('consumes the valid tokens of a return beside invalid ones', () => {
    const { world, tokens } = start()
    judge(world, world.block('alice', [spend('alice', [tokens[0]!])]))
    const { verdicts, user, transactions } = judge(world, world.return('alice', [tokens[0]!, tokens[1]!]))
    expect(verdicts).toEqual([['10 duplicate none', valid]])
    expect(user).toBeUndefined()
    expect(transactions[0]).toMatchObject({ holder: 'valid', pending: false })
    expect(judge(world, world.block('alice', [spend('alice', [tokens[1]!])])).verdicts[0]).toEqual([
      '10 duplicate none charged',
    ])
  })

  it('spans segments of a publication', () => {
    const { world, tokens } = start(300)
    const chosen = [0, 127, 128, 255, 256, 299].map(index => tokens[index]!)
    expect(judge(world, world.block('alice', [spend('alice', chosen)])).verdicts[0]).toEqual(chosen.map(() => valid))
    expect(judge(world, world.block('alice', [spend('alice', chosen, 'again')])).verdicts[0]).toEqual(
      chosen.map(() => '10 duplicate none charged'),
    )
    const others = [1, 126, 129, 254, 257, 298].map(index => tokens[index]!)
    expect(judge(world, world.block('alice', [spend('alice', others)])).verdicts[0]).toEqual(others.map(() => valid))
  })
})

describe('V6: holder', () => {
  it('refuses a block whole that holds a published token of another holder', () => {
    const { world, tokens } = start()
    const bobs = world.publication(2, 'bob')
    world.run(bobs.signed)
    const { refusal, verdicts } = judge(
      world,
      world.block('alice', [spend('alice', [tokens[0]!]), spend('alice', [bobs.tokens[0]!])]),
    )
    expect(refusal).toBe('holder_mismatch')
    expect(verdicts).toEqual([])
    expect(judge(world, world.block('alice', [spend('alice', [tokens[0]!])])).verdicts).toEqual([[valid]])
  })

  it('refuses it though the token is expired or was consumed', () => {
    const world = new World()
    const { signed, tokens } = world.publication(1, 'bob', { payBy: startTime, expiry: startTime + 2000 })
    world.run(signed)
    world.run(world.block('bob', [spend('bob', tokens)]))
    world.run()
    expect(judge(world, world.block('alice', [spend('alice', tokens)])).refusal).toBe('holder_mismatch')
  })

  it('refuses a return of them too', () => {
    const { world, tokens } = start()
    expect(judge(world, world.return('bob', [tokens[0]!])).refusal).toBe('holder_mismatch')
  })

  it('does not mind unpublished tokens of another holder', () => {
    const { world, tokens } = start()
    const altering = alter(tokens[0]!)
    expect(judge(world, world.block('bob', [spend('bob', [altering])])).verdicts).toEqual([[altered]])
  })
})

describe('V7: charged', () => {
  it('needs the holder signature', () => {
    const { world, tokens } = start()
    judge(world, world.block('alice', [spend('alice', [tokens[0]!])]))
    const forged = withSignature(spend('alice', [alter(tokens[1]!), tokens[0]!], 'forged'))
    const { verdicts, transactions, user } = judge(world, world.block('alice', [forged]))
    expect(verdicts).toEqual([['01 altered none', '10 duplicate none']])
    expect(transactions[0]!.holder).toBe('invalid')
    expect(user?.gammaAfter).toBe(0)
  })

  it('looks at the holder signature only where a token is not valid', () => {
    const { world, tokens } = start()
    const block = world.block('alice', [
      withSignature(spend('alice', [tokens[0]!])),
      spend('alice', [alter(tokens[1]!)]),
      withSignature(spend('alice', [tokens[2]!])),
    ])
    const { transactions } = judge(world, block)
    expect(transactions.map(({ holder }) => holder)).toEqual(['unchecked', 'valid', 'unchecked'])
  })

  it('adds up to γ over all auditors, and counts the blocks of the user', () => {
    const { world, tokens } = start()
    const bad = (from: number, count: number) => tokens.slice(from, from + count).map(alter)
    expect(judge(world, world.block('alice', [spend('alice', bad(0, 2))])).user).toMatchObject({
      sequence: 1,
      gammaBefore: 0,
      gammaAfter: 2,
    })
    const second = world.block('alice', [spend('alice', bad(2, 3))], {}, 'other-auditor')
    expect(judge(world, second).user).toMatchObject({ sequence: 2, gammaBefore: 2, gammaAfter: 5 })
    expect(judge(world, world.block('bob', [spend('bob', bad(5, 1))])).user).toMatchObject({
      sequence: 1,
      gammaBefore: 0,
    })
  })
})

describe('returns', () => {
  it('are refused where their holder did not sign', () => {
    const { world, tokens } = start()
    const signature = new Uint8Array(64)
    expect(judge(world, world.return('alice', [tokens[0]!], { signature })).refusal).toBe('bad_signature')
  })

  it('are refused where the holder signed something else than a return to this bank', () => {
    const { world, tokens } = start()
    const { fingerprint } = certificateOf('other-bank')
    for (const information of [
      digestOf('information', Buffer.from('an item')),
      returnInformation(Buffer.from(network, 'hex'), fingerprint),
    ])
      expect(judge(world, world.return('alice', [tokens[0]!], { information })).refusal).toBe('bad_signature')
  })

  it('take back no other bank’s tokens', () => {
    const { world, tokens } = start()
    expect(judge(world, world.return('alice', [tokens[0]!], {}, 'other-bank')).refusal).toBe('wrong_role')
  })

  it('consume once', () => {
    const { world, tokens } = start()
    expect(judge(world, world.return('alice', [tokens[0]!])).verdicts).toEqual([[valid]])
    expect(judge(world, world.return('alice', [tokens[0]!, tokens[1]!])).verdicts).toEqual([
      ['10 duplicate none', valid],
    ])
  })
})

it('gives the same verdicts when a record is executed again', () => {
  const { world, tokens } = start()
  const forged = issue(unpublishedGroup(), 1, keyOf('bank'))
  const block = world.block('alice', [
    spend('alice', [alter(tokens[0]!), ...forged]),
    withSignature(spend('alice', forged)),
  ])
  const [first, second] = [world.attempt(block), world.attempt(block)]
  if ('invalid' in first || 'invalid' in second) throw new Error('invalid')
  expect(second.verdictRoot).toBe(first.verdictRoot)
  expect(second.transactions[0]!.map(({ holder }) => holder)).toEqual(['valid', 'invalid'])
})
