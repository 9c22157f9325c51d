// Rule 8: restarts, held votes, what is sent again, and what the journal keeps. Validator 0 of four unless told.
import { describe, expect, test } from 'vitest'
import { zeroDigest } from '../proto/hash.ts'
import { defaultTiming, genesis, Harness, toyOutcome } from './harness.ts'
import {
  certificate,
  certificatesIn,
  child,
  committed,
  Lone,
  only,
  proposal,
  proposalsIn,
  record,
  vote,
  votesIn,
} from './lone.ts'
import { heldVotesOf } from './queries.ts'
import { cloneCore, journalKeep, step } from './simplex.ts'
import { bounds } from './state.ts'
import type { HeldVotes, JournalEntry } from './types.ts'

const { timeoutMs } = defaultTiming
const one = child(genesis.block, 1, { records: [record(1)] })
const two = child(one, 2)
const three = child(two, 3)
const tipOf = (block: typeof one) => ({ block, outcome: toyOutcome(block) })

const ownVote = (...args: Parameters<typeof vote>): JournalEntry => ({ type: 'ownVote', vote: vote(...args) })
const seen = (...args: Parameters<typeof certificate>): JournalEntry => ({
  type: 'certificate',
  certificate: certificate(...args),
})
const held = (view: number, ...votes: ReturnType<typeof vote>[]): HeldVotes => ({ view, votes, proposal: undefined })

describe('8a: nothing is signed before q−1 others told what they hold', () => {
  test('asks at the start, and follows meanwhile', () => {
    const lone = new Lone({ mayNotSignYet: true })
    expect(only(lone.log, 'askHeldVotes')).toHaveLength(1)
    lone.work(1)
    lone.propose(one)
    lone.certificate('notarize', one)
    expect(committed(lone.certificate('finalize', one))).toHaveLength(1)
    expect(votesIn([...lone.log, ...lone.wait(20 * timeoutMs)])).toEqual([])
  })

  test('q−1 distinct others count, an empty answer too, a second answer of one does not', () => {
    const lone = new Lone({ mayNotSignYet: true })
    lone.propose(one)
    lone.feed({ type: 'heldVotes', from: 1, held: undefined })
    expect(votesIn(lone.feed({ type: 'heldVotes', from: 1, held: undefined }))).toEqual([])
    expect(votesIn(lone.feed({ type: 'heldVotes', from: 2, held: undefined }))).toEqual(['notarize 1'])
  })

  test('the time spent asking is nobody’s timeout', () => {
    const lone = new Lone({ mayNotSignYet: true })
    lone.work(1)
    lone.now += 10 * timeoutMs
    for (const from of [1, 2]) expect(votesIn(lone.feed({ type: 'heldVotes', from, held: undefined }))).toEqual([])
    expect(votesIn(lone.wait(timeoutMs))).toEqual(['nullify 1'])
  })

  test('a core keeps the newest votes of the others and writes them down with its next urgent write', () => {
    const lone = new Lone()
    lone.vote(2, 'notarize', one)
    lone.vote(2, 'nullify', 1)
    lone.vote(3, 'nullify', 7)
    lone.vote(3, 'nullify', 6)
    expect(heldVotesOf(lone.core, 2)).toEqual(held(1, vote(2, 'notarize', one), vote(2, 'nullify', 1)))
    expect(heldVotesOf(lone.core, 3)).toEqual(held(7, vote(3, 'nullify', 7)))
    const [persist] = only(lone.propose(one), 'persist').filter(({ urgent }) => urgent)
    const written = persist?.entries.flatMap(entry => (entry.type === 'newestVotes' ? [entry.validator] : []))
    expect(written?.sort()).toEqual([1, 2, 3])
    const again = new Lone({ restored: { journal: persist?.entries ?? [] } })
    expect(heldVotesOf(again.core, 3)).toEqual(held(7, vote(3, 'nullify', 7)))
  })
})

describe('8b: stored votes are sent again as stored', () => {
  test('those of the view, with the stored proposal; nothing is signed anew', () => {
    const own = proposal(one)
    const journal: JournalEntry[] = [
      { type: 'block', block: one },
      { type: 'ownProposal', proposal: own },
      ownVote(1, 'notarize', one),
    ]
    const lone = new Lone({ self: 1, restored: { journal } })
    expect(proposalsIn(lone.log)).toEqual([own])
    expect(votesIn(lone.log)).toEqual(['notarize 1'])
    expect(only([...lone.log, ...lone.work(2)], 'build')).toEqual([])
  })

  test('a block that was voted for is executed again, and its chain goes on', () => {
    const journal = [{ type: 'block', block: one }, ownVote(0, 'notarize', one)] satisfies JournalEntry[]
    const lone = new Lone({ restored: { journal } })
    lone.vote(1, 'notarize', one)
    expect(votesIn(lone.vote(2, 'notarize', one))).toEqual(['finalize 1'])
    expect(committed(lone.certificate('finalize', one))).toHaveLength(1)
  })

  test('a vote leads back into its view, a Finalize beyond it, though the certificates of that time are lost', () => {
    const lone = new Lone({ restored: { journal: [ownVote(0, 'nullify', 5)] } })
    expect(lone.core.view).toBe(5)
    const finalized = new Lone({ restored: { journal: [ownVote(0, 'finalize', one)] } })
    expect(finalized.core.view).toBe(2)
    finalized.work(1)
    for (const signer of [1, 2]) finalized.vote(signer, 'nullify', 1)
    expect(votesIn([...finalized.log, ...finalized.wait(20 * timeoutMs)])).not.toContain('nullify 1')
  })

  test('a notarization that was seen is finalized now, unless the view was nullified', () => {
    const block: JournalEntry = { type: 'block', block: one }
    const lone = new Lone({ restored: { journal: [block, ownVote(0, 'notarize', one), seen('notarize', one)] } })
    expect(votesIn(lone.log)).toEqual(['finalize 1'])
    const given = new Lone({ restored: { journal: [block, ownVote(0, 'nullify', 1), seen('notarize', one)] } })
    expect(votesIn(given.log)).toEqual([])
    expect(given.core.view).toBe(2)
  })

  test('a finalization in the journal whose commit was lost is committed', () => {
    const lone = new Lone({ restored: { journal: [{ type: 'block', block: one }, seen('finalize', one)] } })
    expect(committed(lone.log)).toHaveLength(1)
  })
})

describe('8c: votes that the journal lacks make mute', () => {
  test('a vote, or a proposal, in a view not decided at the start', () => {
    const lone = new Lone({ mayNotSignYet: true })
    const effects = lone.feed({ type: 'heldVotes', from: 1, held: held(1, vote(0, 'notarize', one)) })
    lone.feed({ type: 'heldVotes', from: 2, held: undefined })
    lone.feed({ type: 'heldVotes', from: 3, held: undefined })
    expect(only(effects, 'persist')).toEqual([{ type: 'persist', entries: [{ type: 'mute', view: 1 }], urgent: true }])
    expect(votesIn([...lone.log, ...lone.propose(one), ...lone.wait(20 * timeoutMs)])).toEqual([])

    const leader = new Lone({ self: 1, mayNotSignYet: true })
    leader.feed({ type: 'heldVotes', from: 2, held: { view: 1, votes: [], proposal: proposal(one) } })
    expect(leader.core.signing).toBe('mute')
  })

  test('another vote than the journal has, in the same view', () => {
    const lone = new Lone({ mayNotSignYet: true, restored: { journal: [ownVote(0, 'notarize', one)] } })
    lone.feed({ type: 'heldVotes', from: 1, held: held(1, vote(0, 'notarize', one, zeroDigest)) })
    expect(lone.core.signing).toBe('mute')
  })

  test('not votes that the journal has, nor votes of views decided before the start', () => {
    const journal = [ownVote(0, 'notarize', three), ownVote(0, 'nullify', 3)]
    const tip = tipOf(two)
    const lone = new Lone({
      mayNotSignYet: true,
      restored: { tip, certificate: certificate('finalize', two), journal },
    })
    lone.feed({ type: 'heldVotes', from: 1, held: held(3, vote(0, 'notarize', three)) })
    lone.feed({ type: 'heldVotes', from: 2, held: held(1, vote(0, 'notarize', one)) })
    expect(lone.core.signing).toBe('may')
  })

  test('catching up meanwhile does not hide it', () => {
    const lone = new Lone({ mayNotSignYet: true })
    lone.feed({ type: 'advanced', tip: tipOf(two), certificate: certificate('finalize', two) })
    lone.feed({ type: 'heldVotes', from: 1, held: held(1, vote(0, 'notarize', one)) })
    expect(lone.core.signing).toBe('mute')
  })

  test('an answer that comes late still counts', () => {
    const lone = new Lone()
    lone.feed({ type: 'heldVotes', from: 3, held: held(9, vote(0, 'nullify', 9)) })
    expect(lone.core.signing).toBe('mute')
    const honest = new Lone()
    honest.propose(one)
    honest.feed({ type: 'heldVotes', from: 3, held: held(1, vote(0, 'notarize', one)) })
    honest.certificate('finalize', one)
    // What was signed since the start is forgotten by now, and is no loss of the journal's.
    honest.feed({ type: 'heldVotes', from: 2, held: held(1, vote(0, 'notarize', one)) })
    expect(honest.core.signing).toBe('may')
  })

  test('outlasts a restart, and the restart says so', () => {
    const lone = new Lone({ restored: { journal: [{ type: 'mute', view: 1 }], tip: tipOf(two) } })
    expect(lone.core.signing).toBe('mute')
    expect(only(lone.log, 'report').map(({ event }) => event)).toContainEqual({ type: 'mute', view: 1 })
  })
})

describe('8d: rejoining', () => {
  const mute: JournalEntry = { type: 'mute', view: 2 }

  test('after a finalization beyond the view, in later views only, and written down', () => {
    const lone = new Lone({ validators: 7, restored: { journal: [mute], rejoin: true } })
    lone.propose(one)
    lone.certificate('finalize', one)
    lone.propose(two)
    expect(votesIn([...lone.log, ...lone.certificate('finalize', two)])).toEqual([])
    lone.propose(three)
    const effects = lone.certificate('finalize', three)
    expect(only(effects, 'persist').flatMap(({ entries }) => entries)).toContainEqual({ type: 'signFrom', view: 4 })
    expect(votesIn(lone.propose(child(three, 4)))).toEqual(['notarize 4'])
  })

  test('not without the operator, and not without the answers', () => {
    const tip = tipOf(three)
    const finalization = certificate('finalize', three)
    const noOperator = new Lone({ restored: { journal: [mute], tip, certificate: finalization } })
    expect(noOperator.core.signing).toBe('mute')
    const noAnswers = new Lone({
      mayNotSignYet: true,
      restored: { journal: [mute], tip, certificate: finalization, rejoin: true },
    })
    expect(noAnswers.core.signing).toBe('mute')
  })

  test('the next start signs in those views without another rejoin, though others hold older votes', () => {
    const journal: JournalEntry[] = [mute, { type: 'signFrom', view: 4 }]
    const lone = new Lone({ mayNotSignYet: true, restored: { journal } })
    for (const from of [1, 2]) lone.feed({ type: 'heldVotes', from, held: held(3, vote(0, 'nullify', 3)) })
    expect(lone.core.signing).toBe('may')
    expect(votesIn(lone.propose(one))).toEqual([])
    lone.certificate('nullify', 3)
    lone.work(1)
    expect(votesIn(lone.wait(timeoutMs))).toEqual(['nullify 4'])
  })
})

describe('8e: a new link', () => {
  test('gets the newest certificates and own messages that are not decided', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.certificate('finalize', one)
    lone.propose(two)
    lone.certificate('notarize', two)
    lone.certificate('nullify', 2)
    lone.propose(three)
    const effects = only(lone.feed({ type: 'linkUp', peer: 3 }), 'send')
    expect(effects.every(({ to }) => to === 3)).toBe(true)
    expect(certificatesIn(effects).sort()).toEqual(['finalize 1', 'notarize 2', 'nullify 2'])
    const votes = effects.flatMap(({ message }) => (message.type === 'vote' ? [message.vote] : []))
    expect(votes.map(({ kind, view }) => `${kind} ${view}`)).toEqual(['finalize 2', 'notarize 3'])
  })

  test('gets a finalization that cannot be committed yet: others may have the blocks', () => {
    const lone = new Lone()
    lone.certificate('finalize', two)
    lone.certificate('notarize', child(two, 4))
    expect(certificatesIn(lone.feed({ type: 'linkUp', peer: 1 }))).toEqual(['finalize 2', 'notarize 4'])
  })

  test('is bounded however much is undecided', () => {
    const lone = new Lone()
    let block = one
    for (let view = 1; view <= 100; view++) {
      lone.certificate('notarize', block)
      block = child(block, view + 1)
    }
    const sent = only(lone.feed({ type: 'linkUp', peer: 1 }), 'send')
    expect(sent.filter(({ message }) => message.type === 'vote')).toHaveLength(bounds.resentFinalizes)
    expect(sent.length).toBeLessThan(bounds.resentFinalizes + 8)
  })

  test('gets no vote of a node that may not sign', () => {
    const lone = new Lone({ mayNotSignYet: true, restored: { journal: [ownVote(0, 'notarize', one)] } })
    expect(lone.feed({ type: 'linkUp', peer: 1 })).toEqual([])
  })
})

describe('8f: the journal', () => {
  test('keeps what is above the final view, the votes of that view, and what every start needs', () => {
    const keep = journalKeep(two)
    const kept: JournalEntry[] = [
      ownVote(0, 'finalize', two),
      ownVote(0, 'notarize', three),
      { type: 'ownProposal', proposal: proposal(three) },
      { type: 'block', block: three },
      seen('notarize', three),
      { type: 'newestVotes', validator: 1, held: held(1, vote(1, 'notarize', one)) },
      { type: 'signFrom', view: 1 },
      { type: 'mute', view: 1 },
    ]
    const pruned: JournalEntry[] = [
      ownVote(0, 'finalize', one),
      { type: 'ownProposal', proposal: proposal(one) },
      { type: 'block', block: two },
      seen('notarize', two),
    ]
    expect(kept.filter(keep)).toEqual(kept)
    expect(pruned.filter(keep)).toEqual([])
  })

  test('holds no certificate of a view that the same step made final', () => {
    const lone = new Lone()
    lone.propose(one)
    const written = only(lone.certificate('finalize', one), 'persist').flatMap(({ entries }) => entries)
    expect(written.filter(({ type }) => type === 'certificate')).toEqual([])
  })

  test('a pruned journal restores to the same promises', () => {
    const harness = new Harness()
    harness.start().run(50)
    harness.submit(['r1', 'r2'])
    harness.run(500)
    for (const { index } of harness.nodes) {
      harness.crash(index)
      harness.restart(index)
    }
    harness.run(1000)
    harness.submit(['r3'])
    harness.run(3000)
    expect(harness.trace.map(({ text }) => text).filter(text => /mute|stops|evidence/.test(text))).toEqual([])
    for (const { index } of harness.nodes) expect(harness.finalNames(index)).toHaveLength(2)
  })
})

test('a clone goes its own way', () => {
  const lone = new Lone()
  const twin = cloneCore(lone.core)
  lone.propose(one)
  expect(twin.rounds.size).toBe(0)
  const effects = step(twin, { type: 'proposal', from: 1, proposal: proposal(child(genesis.block, 1)) }, lone.now)
  expect(only(effects, 'execute')).toHaveLength(1)
})
