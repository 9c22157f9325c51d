// Cases for the rules of admission.ts (A1-A6) and execute.ts (E1-E6), and for what the authority's records do.
import { describe, expect, it } from 'vitest'
import { zeroDigest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { Publication, SignedRecord } from '../../proto/records.ts'
import type { Refusal } from '../../proto/verdict.ts'
import { admission } from './admission.ts'
import { executeBlock } from './execute.ts'
import { MapDraft } from './map-draft.ts'
import { signerKey } from './members.ts'
import {
  headOf,
  listMembers,
  streamHead,
  streamOfRecord,
  streamOfSigner,
  tokenHistory,
  trustTerms,
  userStanding,
} from './queries.ts'
import { getRow, ledgerRow, memberRow, putRow, statePrefixes } from './rows.ts'
import { alter, certificateOf, inShort, keyOf, spend, startTime, tokenValue, World } from './testing.ts'

function start() {
  const world = new World()
  const { signed, tokens } = world.publication(20, 'alice')
  world.run(signed)
  return { world, tokens, publication: signed }
}

const at = (world: World) => ({ height: world.height + 1, time: world.time + 1000 })
const admit = (world: World, signed: SignedRecord) => admission(world.draft, signed, at(world))

/** Runs a record that is refused; nothing but its refusal may be written. */
function refusalOf(world: World, record: SignedRecord): Refusal | undefined {
  const before = world.draft.all()
  const result = world.run(record)
  const changed = [...world.draft.all()].filter(([key, value]) => before.get(key) !== value).map(([key]) => key)
  expect(changed.map(key => key.charCodeAt(0))).toEqual([statePrefixes.refused])
  expect(result.records[0]).toMatchObject({ transactions: 0, transactionsRoot: zeroDigest, user: undefined })
  return result.records[0]!.refusal
}

describe('admission', () => {
  it('A1: a signer that is unknown, or not yet known at this height, is ahead', () => {
    const { world, tokens } = start()
    const early = world.block('alice', [spend('alice', [tokens[0]!])], {}, 'new-auditor')
    expect(admit(world, early)).toBe('ahead')
    const joining = world.membership({ name: 'new-auditor', role: 'auditor' })
    expect(world.attempt(joining, early)).toMatchObject({ invalid: expect.stringContaining('before what it needs') })
    world.run(joining)
    expect(admit(world, early)).toBe('ready')
  })

  it('A1: a number beyond last + 1 is ahead, and follows its predecessor within one block', () => {
    const { world, tokens } = start()
    const first = world.block('alice', [spend('alice', [tokens[0]!])])
    const second = world.block('alice', [spend('alice', [tokens[1]!])])
    expect(admit(world, second)).toBe('ahead')
    expect(world.attempt(second)).toHaveProperty('invalid')
    expect(world.attempt(second, first)).toHaveProperty('invalid')
    expect(world.run(first, second).records.map(({ refusal }) => refusal)).toEqual([undefined, undefined])
  })

  it('A1: streams of two users, of two auditors and of two kinds are apart', () => {
    const { world, tokens } = start()
    const bobs = world.publication(1, 'bob')
    const records = [
      bobs.signed,
      world.return('alice', [tokens[3]!]),
      world.block('alice', [spend('alice', [tokens[0]!])]),
      world.block('alice', [spend('alice', [tokens[1]!])], {}, 'other-auditor'),
      world.block('bob', [spend('bob', bobs.tokens)]),
    ]
    expect(records.map(({ record }) => record.number)).toEqual([2, 1, 1, 1, 1])
    expect(world.run(...records).records.every(({ refusal }) => refusal === undefined)).toBe(true)
  })

  it('A2: a decided record is a repeat with its place, even after its certificate died', () => {
    const { world, publication } = start()
    expect(admit(world, publication)).toEqual({ repeat: { height: 1, place: 0, refusal: undefined } })
    world.run(world.revocation(certificateOf('bank').fingerprint))
    expect(admit(world, publication)).toMatchObject({ repeat: { height: 1 } })
    expect(world.attempt(publication)).toMatchObject({ invalid: expect.stringContaining('answered before') })
  })

  it('A2: a refused record is a repeat with its refusal', () => {
    const { world } = start()
    const wrong = world.publication(1, 'alice', { value: tokenValue + 1n }).signed
    expect(refusalOf(world, wrong)).toBe('token_value')
    expect(admit(world, wrong)).toEqual({ repeat: { height: 2, place: 0, refusal: 'token_value' } })
    expect(world.attempt(wrong)).toHaveProperty('invalid')
  })

  it('A2: the same record twice in one block makes it invalid', () => {
    const { world } = start()
    const { signed } = world.publication(1, 'alice')
    expect(world.attempt(signed, signed)).toHaveProperty('invalid')
  })

  it('A3: a role signs its own kinds only', () => {
    const { world, tokens } = start()
    expect(refusalOf(world, world.publication(1, 'alice', {}, 'auditor').signed)).toBe('wrong_role')
    expect(refusalOf(world, world.return('alice', [tokens[0]!], {}, 'auditor'))).toBe('wrong_role')
    expect(refusalOf(world, world.block('alice', [spend('alice', [tokens[0]!])], {}, 'bank'))).toBe('wrong_role')
    const byBank = { signer: certificateOf('bank').fingerprint }
    expect(refusalOf(world, world.revocation(zeroDigest, byBank))).toBe('wrong_role')
    expect(refusalOf(world, world.membership({ name: 'friend', role: 'auditor' }, byBank))).toBe('wrong_role')
  })

  it('A3: a certificate out of its time is dead, by block time', () => {
    const world = new World()
    const from = startTime + 4000
    const certificate = certificateOf('new-bank', { notBefore: from, notAfter: from + 2000 })
    world.run(world.membership({ name: 'new-bank', role: 'bank', certificate }))
    // blocks at +2, +3 seconds are too early, +4 to +6 are in time, +7 is too late
    const refusals = Array.from(
      { length: 6 },
      // other bytes each time: the same bytes would be a repeat
      (_, i) => world.run(world.publication(1 + i, 'alice', {}, 'new-bank').signed).records[0]!.refusal,
    )
    const dead = 'certificate_dead'
    expect(refusals).toEqual([dead, dead, undefined, undefined, undefined, dead])
  })

  it('A4: other bytes under a used number are refused, and evidence', () => {
    const { world, publication } = start()
    const other = world.publication(3, 'alice', { number: 1, previous: zeroDigest }).signed
    const evidence = {
      signer: certificateOf('bank').fingerprint,
      kind: 'publication',
      number: 1,
      first: publication.digest,
      second: other.digest,
    }
    expect(admit(world, other)).toEqual({ refused: 'number_used', evidence })
    const result = world.run(other)
    expect(result.records[0]!.refusal).toBe('number_used')
    expect(result.evidence).toEqual([evidence])
  })

  it('A4: a refused record uses no number and is no evidence', () => {
    const { world } = start()
    expect(refusalOf(world, world.publication(1, 'alice', { value: 1n }).signed)).toBe('token_value')
    const again = world.publication(1, 'alice').signed
    expect(again.record.number).toBe(2)
    const result = world.run(again)
    expect(result.records[0]!.refusal).toBeUndefined()
    expect(result.evidence).toEqual([])
  })

  it('A4: what a dead certificate signs is no evidence against its member', () => {
    const { world } = start()
    world.run(world.revocation(certificateOf('bank').fingerprint))
    const other = world.publication(3, 'alice', { number: 1, previous: zeroDigest }).signed
    expect(admit(world, other)).toEqual({ refused: 'certificate_dead', evidence: undefined })
  })

  it('A5: another predecessor is refused', () => {
    const { world } = start()
    const bank = certificateOf('bank').fingerprint
    expect(refusalOf(world, world.publication(1, 'alice', { previous: bank }).signed)).toBe('previous_mismatch')
    const first = world.revocation(zeroDigest, { previous: bank })
    expect(refusalOf(world, first)).toBe('previous_mismatch')
  })

  it('A5: what follows a refused record is refused, however far ahead, instead of waiting for ever', () => {
    const { world, tokens } = start()
    const bobs = world.publication(1, 'bob')
    world.run(bobs.signed)
    const first = world.block('alice', [spend('alice', bobs.tokens)])
    const second = world.block('alice', [spend('alice', [tokens[0]!])])
    const third = world.block('alice', [spend('alice', [tokens[1]!])])
    world.run(first)
    expect(admit(world, third)).toBe('ahead')
    expect(admit(world, second)).toMatchObject({ refused: 'previous_mismatch' })
    world.run(second)
    expect(refusalOf(world, third)).toBe('previous_mismatch')
  })

  it('A6: terms stand in the first block of an auditor for a user, and only there', () => {
    const { world, tokens } = start()
    const terms = { w0: 50, model: 'pessimistic', rounding: 'carry' } as const
    const payments = (i: number) => [spend('alice', [tokens[i]!])]
    expect(refusalOf(world, world.block('alice', payments(0), { terms: undefined }))).toBe('trust_terms')
    expect(world.run(world.block('alice', payments(0), { terms })).records[0]!.refusal).toBeUndefined()
    expect(refusalOf(world, world.block('alice', payments(1), { terms }))).toBe('trust_terms')
    expect(trustTerms(world.draft, 'auditor', keyOf('alice').publicKey)).toEqual(terms)
    expect(trustTerms(world.draft, 'other-auditor', keyOf('alice').publicKey)).toBeUndefined()
  })

  it('A6: a publication has its bank’s value and is not expired at birth', () => {
    const { world } = start()
    expect(refusalOf(world, world.publication(1, 'alice', { value: tokenValue - 1n }).signed)).toBe('token_value')
    const past = { issuedAt: startTime, payBy: startTime, expiry: world.time + 999 }
    expect(refusalOf(world, world.publication(1, 'alice', past).signed)).toBe('times')
    const now = { ...past, expiry: world.time + 1000 }
    expect(world.run(world.publication(1, 'alice', now).signed).records[0]!.refusal).toBeUndefined()
  })
})

describe('membership', () => {
  it('admits from the next height on, and lists in order', () => {
    const world = new World()
    expect(world.run(world.membership({ name: 'new-bank', role: 'bank' })).records[0]!.refusal).toBeUndefined()
    const { fingerprint, publicKey } = certificateOf('new-bank')
    expect(signerKey(world.draft, fingerprint, 1)).toBeUndefined()
    expect(signerKey(world.draft, fingerprint, 2)).toEqual(publicKey)
    expect(listMembers(world.draft).map(({ name }) => name)).toEqual([
      'authority',
      'bank',
      'other-bank',
      'auditor',
      'other-auditor',
      'new-bank',
    ])
    expect(world.run(world.publication(1, 'alice', {}, 'new-bank').signed).records[0]!.refusal).toBeUndefined()
  })

  it('a renewed certificate continues the streams, and older tokens stay valid', () => {
    const { world, tokens, publication } = start()
    const { fingerprint } = certificateOf('bank-renewed')
    world.run(world.membership({ name: 'bank', role: 'bank', certificate: certificateOf('bank-renewed') }))
    world.run(world.revocation(certificateOf('bank').fingerprint))
    const { hashes } = publication.record as Publication
    const times = { value: tokenValue, issuedAt: startTime, payBy: startTime + 1e6, expiry: startTime + 1e6 }
    const links = { signer: fingerprint, number: 2, previous: publication.digest }
    const body = { kind: 'publication' as const, hashes, ...times }
    const next = world.sign<Publication>('bank', body, links, keyOf('bank-renewed'))
    const first = world.sign<Publication>(
      'bank',
      body,
      { ...links, number: 1, previous: zeroDigest },
      keyOf('bank-renewed'),
    )
    expect(admit(world, first)).toMatchObject({ refused: 'number_used' })
    const { records, transactions } = world.run(next, world.block('alice', [spend('alice', [tokens[0]!])]))
    expect(records[0]!.refusal).toBeUndefined()
    expect(transactions[1]!.map(inShort)).toEqual([['11 valid consumed']])
    const returned = world.return('alice', [tokens[1]!], {}, 'bank', { signer: fingerprint })
    expect(world.run(returned).transactions[0]!.map(inShort)).toEqual([['11 valid consumed']])
  })

  it('ends a member from the next height on, for good', () => {
    const { world, tokens } = start()
    const payment = (i: number) => [spend('alice', [tokens[i]!])]
    const ending = world.membership({ name: 'auditor', role: 'auditor', action: 'end' })
    const result = world.run(ending, world.block('alice', payment(0)))
    expect(result.records.map(({ refusal }) => refusal)).toEqual([undefined, undefined])
    expect(refusalOf(world, world.block('alice', payment(1)))).toBe('certificate_dead')
    const certificate = certificateOf('auditor-again')
    expect(refusalOf(world, world.membership({ name: 'auditor', role: 'auditor', certificate }))).toBe('already_known')
    expect(refusalOf(world, world.membership({ name: 'auditor', role: 'auditor', action: 'end' }))).toBe('not_found')
  })

  it.each([
    ['a known certificate', { name: 'third', certificate: certificateOf('auditor') }, 'already_known'],
    [
      'another member’s key',
      { name: 'third', certificate: { ...certificateOf('third'), publicKey: keyOf('bank').publicKey } },
      'already_known',
    ],
    [
      'a validator’s key',
      { name: 'third', certificate: { ...certificateOf('third'), publicKey: keyOf('validator-1').publicKey } },
      'already_known',
    ],
    ['a validator’s name', { name: 'validator-1', certificate: certificateOf('third') }, 'already_known'],
    ['a name of another role', { name: 'bank', certificate: certificateOf('third') }, 'already_known'],
    [
      'a certificate that ended',
      { name: 'third', certificate: certificateOf('third', { notAfter: startTime }) },
      'times',
    ],
    ['an end of nobody', { name: 'third', action: 'end' }, 'not_found'],
    ['an end under another role', { name: 'bank', action: 'end' }, 'not_found'],
    [
      'an end with another certificate',
      { name: 'auditor', action: 'end', certificate: certificateOf('bank') },
      'not_found',
    ],
    [
      'an end with other facts',
      { name: 'auditor', action: 'end', certificate: certificateOf('auditor', { notAfter: startTime }) },
      'not_found',
    ],
    ['an end with another value', { name: 'auditor', action: 'end', tokenValue: 1n }, 'token_value'],
  ] as const)('refuses %s', (_, parts, refusal) => {
    const world = new World()
    expect(refusalOf(world, world.membership({ role: 'auditor', ...parts }))).toBe(refusal)
  })

  it('keeps the limits of members and of their certificates', () => {
    const world = new World()
    const counters = getRow(world.draft, ledgerRow)!
    putRow(world.draft, ledgerRow, { ...counters, members: limits.members })
    expect(refusalOf(world, world.membership({ name: 'third', role: 'auditor' }))).toBe('too_many')
    const certificates = Array.from({ length: limits.memberCertificates }, () => certificateOf('auditor').fingerprint)
    putRow(world.draft, memberRow, { ...getRow(world.draft, memberRow, 3)!, certificates }, 3)
    const certificate = certificateOf('auditor-renewed')
    expect(refusalOf(world, world.membership({ name: 'auditor', role: 'auditor', certificate }))).toBe('too_many')
  })

  it('refuses a renewal at another token value', () => {
    const world = new World()
    const certificate = certificateOf('bank-renewed')
    const renewal = world.membership({ name: 'bank', role: 'bank', certificate, tokenValue: tokenValue + 1n })
    expect(refusalOf(world, renewal)).toBe('token_value')
  })
})

describe('revocation', () => {
  it('kills a certificate from the next height on, on every node alike', () => {
    const { world, tokens } = start()
    const revoking = world.revocation(certificateOf('auditor').fingerprint)
    const inTime = world.block('alice', [spend('alice', [tokens[0]!])])
    expect(world.run(revoking, inTime).records.map(({ refusal }) => refusal)).toEqual([undefined, undefined])
    expect(refusalOf(world, world.block('alice', [spend('alice', [tokens[1]!])]))).toBe('certificate_dead')
    const again = world.revocation(certificateOf('auditor').fingerprint)
    expect(refusalOf(world, again)).toBe('already_known')
  })

  it('takes certificates that are no member’s, and never admits them afterwards', () => {
    const world = new World()
    const { fingerprint } = certificateOf('vendor')
    expect(world.run(world.revocation(fingerprint)).records[0]!.refusal).toBeUndefined()
    expect(refusalOf(world, world.revocation(fingerprint))).toBe('already_known')
    expect(refusalOf(world, world.membership({ name: 'vendor', role: 'auditor' }))).toBe('already_known')
  })
})

describe('execution of a block', () => {
  it('E1: its time is after its parent’s', () => {
    const world = new World()
    const run = (time: number) => executeBlock(new MapDraft(world.draft), { height: 1, time }, startTime, [])
    expect(run(startTime)).toHaveProperty('invalid')
    expect(run(startTime + 1)).not.toHaveProperty('invalid')
  })

  it('E2: it keeps to the limits of records, bytes and tokens', () => {
    const { world, tokens } = start()
    const records = [world.return('alice', [tokens[0]!]), world.block('alice', [spend('alice', tokens.slice(1, 4))])]
    const bytes = records[0]!.bytes.length + records[1]!.bytes.length
    const run = (most: { records: number; bytes: number; tokens: number }) =>
      executeBlock(new MapDraft(world.draft), at(world), world.time, records, { sessionChecks: 0, ...most })
    expect(run({ records: 2, bytes, tokens: 4 })).not.toHaveProperty('invalid')
    expect(run({ records: 1, bytes, tokens: 4 })).toHaveProperty('invalid')
    expect(run({ records: 2, bytes: bytes - 1, tokens: 4 })).toHaveProperty('invalid')
    expect(run({ records: 2, bytes, tokens: 3 })).toHaveProperty('invalid')
  })

  it('E3: kinds run in their order', () => {
    const { world, tokens } = start()
    const inOrder = [
      world.membership({ name: 'new-bank', role: 'bank' }),
      world.revocation(zeroDigest),
      world.publication(1, 'alice').signed,
      world.return('alice', [tokens[0]!]),
      world.block('alice', [spend('alice', [tokens[1]!])]),
    ]
    expect(world.attempt(...inOrder)).not.toHaveProperty('invalid')
    for (let i = 1; i < inOrder.length; i++) {
      const swapped = inOrder.with(i, inOrder[i - 1]!).with(i - 1, inOrder[i]!)
      expect(world.attempt(...swapped)).toMatchObject({ invalid: expect.stringContaining('later kind') })
    }
  })

  it('E3: publications of a block serve its token blocks', () => {
    const world = new World()
    const { signed, tokens } = world.publication(1, 'alice')
    const { transactions } = world.run(signed, world.block('alice', [spend('alice', tokens)]))
    expect(transactions[1]!.map(inShort)).toEqual([['11 valid consumed']])
  })

  it('E5: what follows a record refused in the same block is refused, whatever it names as its predecessor', () => {
    const { world, tokens } = start()
    const bobs = world.publication(1, 'bob')
    world.run(bobs.signed)
    const first = world.block('alice', [spend('alice', bobs.tokens)])
    const second = world.block('alice', [spend('alice', [tokens[0]!])], { previous: zeroDigest })
    const third = world.block('alice', [spend('alice', [tokens[1]!])], { number: 3 })
    const { records } = world.run(first, second, third)
    expect(records.map(({ refusal }) => refusal)).toEqual(['holder_mismatch', 'previous_mismatch', 'previous_mismatch'])
  })

  it('leaves the state as it is where it holds no records', () => {
    const { world } = start()
    const { verdictRoot, stateRoot } = world.run()
    expect(verdictRoot).toBe(zeroDigest)
    expect(stateRoot).toBe(world.run().stateRoot)
  })
})

describe('queries', () => {
  it('tell a token’s history', () => {
    const { world, tokens } = start()
    const { fingerprint } = certificateOf('bank')
    const block = world.block('alice', [spend('alice', [tokens[1]!]), spend('alice', [tokens[4]!])])
    expect(tokenHistory(world.draft, fingerprint, 1, 4)).toMatchObject({
      hash: new Uint8Array(tokens[4]!.hash),
      consumed: undefined,
    })
    const { transactions } = world.run(block)
    expect(tokenHistory(world.draft, fingerprint, 1, 4)?.consumed).toMatchObject({
      decision: { record: block.digest, kind: 'tokenBlock', height: 2, place: 0, number: 1 },
      transaction: 1,
      payload: transactions[0]![1]!.payload,
    })
    expect(tokenHistory(world.draft, fingerprint, 1, 20)).toBeUndefined()
    expect(tokenHistory(world.draft, fingerprint, 2, 0)).toBeUndefined()
  })

  it('tell heads, places and standings', () => {
    const { world, tokens, publication } = start()
    const { publicKey } = keyOf('alice')
    const block = world.block('alice', [spend('alice', [alter(tokens[0]!)])])
    expect(admit(world, block)).toBe('ready')
    world.run(block)
    expect(admit(world, block)).toEqual({ repeat: { height: 2, place: 0, refusal: undefined } })
    expect(streamHead(world.draft, 'auditor', 'tokenBlock', publicKey)).toEqual({ number: 1, digest: block.digest })
    expect(streamHead(world.draft, 'bank', 'publication')).toEqual({ number: 1, digest: publication.digest })
    expect(streamHead(world.draft, 'bank', 'return')).toEqual({ number: 0, digest: zeroDigest })
    expect(streamHead(world.draft, 'authority', 'revocation')).toEqual({ number: 0, digest: zeroDigest })
    for (const nothing of [
      streamHead(world.draft, 'auditor', 'publication'),
      streamHead(world.draft, 'nobody', 'publication'),
      streamHead(world.draft, 'validator-1', 'publication'),
      streamHead(world.draft, 'auditor', 'tokenBlock'),
      streamHead(world.draft, 'bank', 'publication', publicKey),
    ])
      expect(nothing).toBeUndefined()
    expect(headOf(world.draft, streamOfRecord(world.draft, block.record)!)).toMatchObject({ number: 1 })
    const { fingerprint } = certificateOf('auditor')
    expect(streamOfSigner(world.draft, fingerprint, 'tokenBlock', publicKey)).toEqual(
      streamOfRecord(world.draft, block.record),
    )
    expect(streamOfSigner(world.draft, fingerprint, 'tokenBlock', undefined)).toBeUndefined()
    expect(streamOfSigner(world.draft, fingerprint, 'publication', undefined)).toBeUndefined()
    expect(userStanding(world.draft, publicKey)).toMatchObject({ blocks: 1, gamma: 1 })
    expect(userStanding(world.draft, keyOf('bob').publicKey)).toMatchObject({ blocks: 0, gamma: 0 })
  })
})
