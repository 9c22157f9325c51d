// Rule 9, the window of views, and what a shell need not even verify. Validator 0 of four.
import { describe, expect, test } from 'vitest'
import { zeroDigest } from '../proto/hash.ts'
import { defaultTiming, genesis, toyOutcome } from './harness.ts'
import { certificate, child, Lone, only, proposal, record, vote } from './lone.ts'
import { certificatesFor, heldVotesOf, isBlockMissing, isCertificateMissing, isWanted, statusOf } from './queries.ts'
import { bounds } from './state.ts'
import type { Message } from './types.ts'

const one = child(genesis.block, 1, { records: [record(1)] })
const other = child(genesis.block, 1)

describe('rule 9: evidence', () => {
  const evidenceOf = (lone: Lone) => only(lone.log, 'evidence').map(({ evidence }) => evidence)

  test('two different Notarize, by block or by outcome', () => {
    for (const second of [vote(3, 'notarize', other), vote(3, 'notarize', one, zeroDigest)]) {
      const lone = new Lone()
      lone.feed({ type: 'vote', vote: vote(3, 'notarize', one) })
      lone.feed({ type: 'vote', vote: second })
      expect(evidenceOf(lone)).toEqual([{ type: 'votes', validator: 3, first: vote(3, 'notarize', one), second }])
    }
  })

  test('two different Finalize', () => {
    const lone = new Lone()
    lone.vote(3, 'finalize', one)
    lone.vote(3, 'finalize', other)
    expect(evidenceOf(lone)).toHaveLength(1)
  })

  test('Nullify and Finalize, in either order', () => {
    const lone = new Lone()
    lone.vote(3, 'nullify', 1)
    lone.vote(3, 'finalize', one)
    lone.vote(2, 'finalize', one)
    lone.vote(2, 'nullify', 1)
    expect(evidenceOf(lone).map(({ validator }) => validator)).toEqual([3, 2])
  })

  test('two proposals of the leader', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.propose(other)
    lone.propose(one)
    expect(evidenceOf(lone)).toMatchObject([{ type: 'proposals', validator: 1 }])
  })

  test('a vote inside a certificate counts too', () => {
    const lone = new Lone()
    lone.vote(3, 'notarize', other)
    lone.certificate('notarize', one, [1, 2, 3])
    expect(evidenceOf(lone)).toMatchObject([{ type: 'votes', validator: 3 }])
  })

  test('none for Notarize and Nullify, for a repetition, or for votes of different views', () => {
    const lone = new Lone()
    lone.vote(3, 'notarize', one)
    lone.vote(3, 'nullify', 1)
    lone.vote(3, 'notarize', one)
    lone.vote(3, 'finalize', child(one, 2))
    expect(evidenceOf(lone)).toEqual([])
  })

  test('told once per validator and view; a conflicting vote does not count', () => {
    const lone = new Lone({ mayNotSignYet: true })
    lone.vote(3, 'notarize', one)
    for (let i = 0; i < 5; i++) lone.vote(3, 'notarize', other)
    lone.vote(1, 'notarize', other)
    lone.vote(2, 'notarize', other)
    expect(evidenceOf(lone)).toHaveLength(1)
    expect(lone.core.view).toBe(1)
  })
})

describe('memory', () => {
  test('votes and proposals are kept in a window of views; a flood from afar leaves one newest set per validator', () => {
    const lone = new Lone()
    for (let view = 1; view <= 5000; view++) {
      lone.vote(3, 'nullify', view)
      if (view % 4 === 3) lone.propose(child(genesis.block, view))
    }
    expect(lone.core.rounds.size).toBeLessThanOrEqual(bounds.voteWindow + 1)
    expect(lone.core.blocks.size).toBeLessThanOrEqual(bounds.voteWindow)
    expect(heldVotesOf(lone.core, 3)?.view).toBe(5000)
    for (let time = 1; time <= 100; time++) lone.vote(3, 'notarize', child(genesis.block, 5000, { time }))
    expect(heldVotesOf(lone.core, 3)?.votes).toHaveLength(bounds.newestVotes)
  })

  test('what falls out of the window behind the current view is dropped, save certificates and own votes', () => {
    const lone = new Lone()
    lone.propose(one)
    for (let view = 1; view <= bounds.voteWindow + 2; view++) lone.certificate('nullify', view)
    const round = lone.core.rounds.get(1)
    expect(round?.votes.size).toBe(0)
    expect(round?.own.notarize).toBeDefined()
    expect(round?.nullification).toBeDefined()
    expect(lone.core.blocks.size).toBe(0)
    expect(only(lone.log, 'abandon')).toEqual([{ type: 'abandon', digests: [one.digest] }])
  })

  test('everything of a decided view is dropped', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.certificate('nullify', 1)
    lone.certificate('notarize', child(one, 2))
    lone.certificate('finalize', one)
    expect([...lone.core.rounds.keys()]).toEqual([2])
    lone.vote(3, 'nullify', 1)
    expect([...lone.core.rounds.keys()]).toEqual([2])
  })
})

describe('queries', () => {
  test('a message that would change nothing is not wanted', () => {
    const lone = new Lone()
    const wants = (message: Message) => isWanted(lone.core, message)
    const notarize: Message = { type: 'vote', vote: vote(1, 'notarize', one) }
    const nullify: Message = { type: 'vote', vote: vote(1, 'nullify', 1) }
    const notarization: Message = { type: 'certificate', certificate: certificate('notarize', one) }
    const finalization: Message = { type: 'certificate', certificate: certificate('finalize', one) }
    const proposed: Message = { type: 'proposal', proposal: proposal(one) }
    for (const message of [notarize, nullify, notarization, finalization, proposed]) expect(wants(message)).toBe(true)
    lone.propose(one)
    lone.vote(1, 'notarize', one)
    lone.vote(1, 'nullify', 1)
    lone.certificate('notarize', one)
    for (const message of [notarize, notarization, proposed]) expect(wants(message)).toBe(false)
    expect(wants({ type: 'vote', vote: vote(1, 'notarize', other) })).toBe(true)
    // A repeated Nullify asks for help (rule 5c), once per timeout.
    expect(wants(nullify)).toBe(true)
    lone.vote(1, 'nullify', 1)
    expect(wants(nullify)).toBe(false)
    lone.now += defaultTiming.timeoutMs
    lone.feed({ type: 'timer' })
    expect(wants(nullify)).toBe(true)
    lone.certificate('finalize', one)
    for (const message of [notarize, notarization, finalization, proposed]) expect(wants(message)).toBe(false)
    expect(wants({ type: 'certificate', certificate: certificate('finalize', other) })).toBe(true)
    // The same proposal is wanted again for a certificate that it brings.
    const two = child(one, 2)
    lone.propose(two)
    expect(wants({ type: 'proposal', proposal: proposal(two) })).toBe(false)
    expect(wants({ type: 'proposal', proposal: proposal(two, undefined, [certificate('nullify', 2)]) })).toBe(true)
  })

  test('certificates for a peer that asks: both of an open view, the finalization of a decided one', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.certificate('notarize', one)
    lone.certificate('nullify', 1)
    expect(certificatesFor(lone.core, 1).map(({ kind }) => kind)).toEqual(['notarize', 'nullify'])
    lone.certificate('finalize', one)
    expect(certificatesFor(lone.core, 1).map(({ kind }) => kind)).toEqual(['finalize'])
    expect(certificatesFor(lone.core, 2)).toEqual([])
  })

  test('what was asked for is missing until it came or its view is decided; a gap stays missing though the view is left', () => {
    const lone = new Lone()
    const three = child(child(one, 2), 3)
    lone.certificate('notarize', three)
    expect([1, 2, 3, 4].map(view => isCertificateMissing(lone.core, view))).toEqual([true, true, true, true])
    lone.certificate('nullify', 2)
    expect([1, 2].map(view => isCertificateMissing(lone.core, view))).toEqual([true, false])
    expect(isBlockMissing(lone.core, three.digest)).toBe(true)
    lone.feed({ type: 'block', block: three })
    expect(isBlockMissing(lone.core, three.digest)).toBe(false)
    const tip = { block: three, outcome: toyOutcome(three) }
    lone.feed({ type: 'advanced', tip, certificate: certificate('finalize', three) })
    expect(isCertificateMissing(lone.core, 1)).toBe(false)
  })

  test('status names who voted for which outcome, and who is silent', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.vote(2, 'notarize', one, zeroDigest)
    const { notarized, silent, leader, proposed } = statusOf(lone.core)
    expect(notarized.map(({ validator, outcome }) => [validator, outcome === zeroDigest])).toEqual([
      [0, false],
      [2, true],
    ])
    expect({ silent, leader, proposed }).toEqual({ silent: [1, 3], leader: 1, proposed: true })
  })
})
