// Rules 1 to 7 of simplex.ts, one core at a time; this core is validator 0 of four unless told. Quorum 3, f = 1, leader of v is v mod 4.
import { describe, expect, test } from 'vitest'
import { type Block, createBlock } from '../proto/chain.ts'
import { zeroDigest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { configOf, defaultTiming, genesis, toyOutcome } from './harness.ts'
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
import { createCore, step } from './simplex.ts'

const { timeoutMs, idleMs, driftMs } = defaultTiming
const one = child(genesis.block, 1, { records: [record(1)] })
const empty = child(genesis.block, 1)

/** A core in view 2 with block `one` notarized, not final. */
function inViewTwo(self = 0, block: Block = one): Lone {
  const lone = new Lone({ self })
  lone.propose(block)
  lone.certificate('notarize', block)
  return lone
}

describe('rule 1: work and the timer', () => {
  test('the timer starts when work appears, not at entry', () => {
    const lone = new Lone()
    expect(votesIn(lone.wait(700))).toEqual([])
    lone.work(1)
    expect(votesIn(lone.wait(timeoutMs - 1))).toEqual([])
    expect(votesIn(lone.wait(1))).toEqual(['nullify 1'])
  })

  test('the timer starts at entry when there was work before', () => {
    const lone = new Lone()
    lone.work(1)
    lone.wait(700)
    lone.certificate('nullify', 1)
    expect(votesIn(lone.wait(timeoutMs - 1))).toEqual([])
    expect(votesIn(lone.wait(1))).toEqual(['nullify 2'])
  })

  test('a: a record in the notarized chain is no work, one beside it is', () => {
    const lone = inViewTwo(0)
    lone.work(1)
    lone.wait(timeoutMs - 1)
    expect(lone.core.workSince).toBeUndefined()
    lone.work(2)
    expect(lone.core.workSince).toBeDefined()
  })

  test('a: a final record is no work, nor is one that was dropped', () => {
    const lone = new Lone()
    lone.work(1, 2)
    lone.propose(one)
    lone.certificate('finalize', one)
    expect(lone.core.workSince).toBeDefined()
    lone.feed({ type: 'dropped', records: [record(2)] })
    expect(lone.core.workSince).toBeUndefined()
    lone.work(1)
    expect(lone.core.workSince).toBeUndefined()
  })

  test('b: a notarized block with records becomes work one timeout after its notarization, and again no work once final', () => {
    const lone = inViewTwo()
    expect(votesIn(lone.wait(2 * timeoutMs - 1))).toEqual([])
    expect(lone.core.workSince).toBeDefined()
    lone.certificate('finalize', one)
    expect(votesIn(lone.wait(timeoutMs))).toEqual([])

    expect(votesIn(inViewTwo().wait(2 * timeoutMs))).toEqual(['nullify 2'])
  })

  test('b: an empty block whose ancestor carries records is work as its ancestor is; a chain of empty blocks is none', () => {
    const lone = inViewTwo()
    lone.wait(900)
    const two = child(one, 2)
    lone.propose(two)
    lone.certificate('notarize', two)
    expect(votesIn(lone.wait(100 + timeoutMs))).toEqual(['nullify 3'])

    expect(votesIn(inViewTwo(0, empty).wait(3 * timeoutMs))).toEqual([])
  })

  test('c: f+1 Nullify are joined at once, f are not', () => {
    const lone = new Lone()
    expect(votesIn(lone.vote(2, 'nullify', 1))).toEqual([])
    expect(votesIn(lone.vote(3, 'nullify', 1))).toContain('nullify 1')
  })

  test('d: without work the timer is interval + timeout', () => {
    const lone = new Lone()
    expect(votesIn(lone.wait(idleMs + timeoutMs - 1))).toEqual([])
    expect(votesIn(lone.wait(1))).toEqual(['nullify 1'])
  })

  test('a clock that is set back stops no timer', () => {
    const lone = new Lone()
    lone.work(1)
    lone.now -= 3_600_000
    lone.vote(2, 'notarize', one)
    expect(votesIn(lone.wait(timeoutMs))).toEqual(['nullify 1'])
  })
})

describe('rule 2: propose', () => {
  /** Validator 1 leads view 1. */
  const leader = (): Lone => new Lone({ self: 1 })

  test('with work: asks for records at once and proposes them', () => {
    const lone = leader()
    const [build] = only(lone.work(1), 'build')
    expect(build).toMatchObject({ view: 1, parent: genesis.block.digest })
    const effects = lone.feed({ type: 'built', view: 1, parent: genesis.block.digest, records: [record(1)] })
    expect(proposalsIn(effects)[0]?.block).toMatchObject({
      header: { height: 1, view: 1, parent: genesis.block.digest, parentOutcome: genesis.outcome, time: lone.now },
      records: [record(1)],
    })
    expect(votesIn(effects)).toEqual(['notarize 1'])
  })

  test('without work: an empty block at the idle interval', () => {
    const lone = leader()
    expect(only(lone.wait(idleMs - 1), 'build')).toEqual([])
    expect(only(lone.wait(1), 'build')).toHaveLength(1)
  })

  test('once in a view, however often records or answers come', () => {
    const lone = leader()
    lone.work(1)
    lone.feed({ type: 'built', view: 1, parent: genesis.block.digest, records: [record(1)] })
    expect(only(lone.work(2), 'build')).toEqual([])
    expect(proposalsIn(lone.feed({ type: 'built', view: 1, parent: genesis.block.digest, records: [] }))).toEqual([])
  })

  test('not after an own Nullify of the view', () => {
    const joined = new Lone({ self: 1, validators: 7 })
    for (const signer of [2, 3, 4]) joined.vote(signer, 'nullify', 1)
    expect(joined.core.view).toBe(1)
    expect(only(joined.work(1), 'build')).toEqual([])
  })

  test('a: on the newest notarized parent, with the nullification of every view between', () => {
    const lone = new Lone({ self: 3 })
    lone.propose(one)
    lone.certificate('notarize', one)
    lone.work(2)
    const [build] = only(lone.certificate('nullify', 2), 'build')
    expect(build?.parent).toBe(one.digest)
    const [sent] = proposalsIn(lone.feed({ type: 'built', view: 3, parent: one.digest, records: [record(2)] }))
    expect(sent?.parentCertificate).toMatchObject({ kind: 'notarize', view: 1, digest: one.digest })
    expect(sent?.nullifications.map(({ view }) => view)).toEqual([2])
  })

  test('a: waits for a certificate that is missing between parent and view, and asks for it', () => {
    const lone = new Lone({ self: 3 })
    lone.work(1)
    const effects = lone.certificate('nullify', 2)
    expect(only(effects, 'build')).toEqual([])
    expect(only(effects, 'fetchCertificate')).toEqual([{ type: 'fetchCertificate', view: 1 }])
    expect(only(lone.certificate('nullify', 1), 'build')).toHaveLength(1)
  })

  test('a: a notarized block that is not executed yet is waited for, or passed over where its view is nullified too', () => {
    const lone = new Lone({ self: 2 })
    lone.answer = () => undefined
    lone.work(2)
    lone.propose(one)
    expect(only(lone.certificate('notarize', one), 'build')).toEqual([])
    expect(only(lone.certificate('nullify', 1), 'build')[0]?.parent).toBe(genesis.block.digest)
  })

  test('a: an answer for a parent that was overtaken is dropped, and records are asked for anew', () => {
    const lone = new Lone({ self: 2 })
    lone.work(2)
    expect(only(lone.certificate('nullify', 1), 'build')[0]?.parent).toBe(genesis.block.digest)
    lone.propose(one)
    lone.certificate('notarize', one)
    const effects = lone.feed({ type: 'built', view: 2, parent: genesis.block.digest, records: [record(2)] })
    expect(proposalsIn(effects)).toEqual([])
    expect(only(effects, 'build')[0]?.parent).toBe(one.digest)
  })

  test('a: attaches no more nullifications than a proposal may carry', () => {
    const lone = new Lone({ self: 0 })
    const views = limits.proposalGap + 40
    const leading = views - (views % 4) + 4
    lone.work(1)
    for (let view = 1; view < leading; view++) lone.certificate('nullify', view)
    const effects = lone.feed({ type: 'built', view: leading, parent: genesis.block.digest, records: [] })
    const attached = proposalsIn(effects)[0]?.nullifications.map(({ view }) => view) ?? []
    expect(attached).toHaveLength(limits.proposalGap)
    expect(attached.at(-1)).toBe(leading - 1)
  })

  test('b: block time is the clock, or a millisecond after a parent that is ahead of it', () => {
    const lone = new Lone({ self: 2 })
    const ahead = child(genesis.block, 1, { records: [record(1)], time: lone.now + 300 })
    lone.work(2)
    lone.propose(ahead)
    lone.certificate('notarize', ahead)
    const [sent] = proposalsIn(lone.feed({ type: 'built', view: 2, parent: ahead.digest, records: [record(2)] }))
    expect(sent?.block.header.time).toBe(ahead.header.time + 1)
  })

  test('b: leaves out records that the chain has, and repetitions', () => {
    const lone = inViewTwo(2)
    lone.work(2)
    const records = [record(1), record(2), record(2)]
    const [sent] = proposalsIn(lone.feed({ type: 'built', view: 2, parent: one.digest, records }))
    expect(sent?.block.records).toEqual([record(2)])
  })
})

describe('rule 3: Notarize', () => {
  test('the first proposal of the leader, once executed', () => {
    const lone = new Lone()
    lone.answer = () => undefined
    const effects = lone.propose(one)
    expect(only(effects, 'execute')).toHaveLength(1)
    expect(votesIn(effects)).toEqual([])
    const executed = lone.feed({ type: 'executed', digest: one.digest, outcome: toyOutcome(one) })
    expect(votesIn(executed)).toEqual(['notarize 1'])
  })

  test('never two blocks of a view', () => {
    const lone = new Lone()
    expect(votesIn(lone.propose(one))).toEqual(['notarize 1'])
    expect(votesIn(lone.propose(empty))).toEqual([])
    expect(votesIn(lone.propose(one))).toEqual([])
  })

  test('not in a view that is past, nor before it is entered', () => {
    const late = new Lone()
    late.certificate('nullify', 1)
    expect(votesIn(late.propose(one))).toEqual([])

    const early = new Lone()
    expect(votesIn(early.propose(child(genesis.block, 2)))).toEqual([])
    expect(votesIn(early.certificate('nullify', 1))).toEqual(['notarize 2'])
  })

  test('also after an own Nullify of the view', () => {
    const lone = new Lone()
    lone.work(1)
    lone.wait(timeoutMs)
    expect(votesIn(lone.propose(one))).toEqual(['notarize 1'])
  })

  test('a: the certificates sent along lead into the view of the proposal', () => {
    const lone = new Lone()
    lone.propose(one)
    const three = child(one, 3)
    const effects = lone.propose(three, certificate('notarize', one), [certificate('nullify', 2)])
    expect(votesIn(effects)).toEqual(['finalize 1', 'notarize 3'])
  })

  test('a: a parent without a certificate is waited for', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.certificate('nullify', 1)
    const two = child(one, 2)
    const effects = lone.propose(two)
    expect(votesIn(effects)).toEqual([])
    expect(only(effects, 'fetchCertificate')).toEqual([{ type: 'fetchCertificate', view: 1 }])
    expect(votesIn(lone.certificate('notarize', one))).toEqual(['notarize 2'])
  })

  test('a: a gap that is not known to be nullified is waited for', () => {
    const lone = inViewTwo()
    const three = child(one, 3)
    lone.certificate('nullify', 2)
    lone.propose(three)
    const five = child(one, 5)
    const effects = lone.propose(five, certificate('notarize', one), [certificate('nullify', 4)])
    expect(votesIn(effects)).toEqual([])
    expect(only(effects, 'fetchCertificate')).toEqual([{ type: 'fetchCertificate', view: 3 }])
    expect(votesIn(lone.certificate('nullify', 3))).toEqual(['notarize 5'])
  })

  const refused: [string, Block, Block][] = [
    ['a parent outcome that is not the certified one', one, child(one, 2, { parentOutcome: zeroDigest })],
    ['b: a height that is not the parent’s + 1', one, child(one, 2, { height: 3 })],
    ['b: a time that is not later than the parent’s', one, child(one, 2, { time: one.header.time })],
    ['b: a record of its unfinalized ancestry', one, child(one, 2, { records: [record(2), record(1)] })],
    ['b: a record twice', one, child(one, 2, { records: [record(2), record(2)] })],
  ]
  for (const [name, parent, block] of refused) {
    test(`nullifies ${name}`, () => {
      const lone = inViewTwo(0, parent)
      const effects = lone.propose(block)
      expect(votesIn(effects)).toEqual(['nullify 2'])
      expect(only(effects, 'report').map(({ event }) => event.type)).toContain('rejected')
    })
  }

  test('nullifies a block of another network', () => {
    const { network: _, body, ...header } = one.header
    const lone = new Lone()
    expect(votesIn(lone.propose(createBlock({ ...header, network: body }, one.records)))).toEqual(['nullify 1'])
  })

  test('nullifies what the application calls unexecutable, and tells its reason', () => {
    const lone = new Lone()
    lone.answer = () => 'unexecutable'
    const effects = lone.propose(one)
    expect(votesIn(effects)).toEqual(['nullify 1'])
    expect(only(effects, 'report').map(({ event }) => event)).toContainEqual({
      type: 'rejected',
      view: 1,
      reason: 'no',
    })
  })

  test('never on a parent older than the final block', () => {
    const lone = inViewTwo()
    const two = child(one, 2)
    lone.propose(two)
    lone.certificate('finalize', two)
    // View 2 is decided: what came before is no parent any more, and no nullification can close the gap.
    expect(votesIn(lone.propose(child(one, 3), certificate('notarize', one)))).toEqual([])
  })

  test('c: a time ahead of the clock by more than the drift limit is held until the clock allows', () => {
    const lone = new Lone()
    const ahead = child(genesis.block, 1, { time: lone.now + driftMs + 200 })
    expect(votesIn(lone.propose(ahead))).toEqual([])
    expect(votesIn(lone.wait(199))).toEqual([])
    expect(votesIn(lone.wait(1))).toEqual(['notarize 1'])
  })

  test('c: a final block is not checked for it', () => {
    const lone = new Lone()
    const ahead = child(genesis.block, 1, { time: lone.now + 3_600_000 })
    lone.propose(ahead)
    expect(committed(lone.certificate('finalize', ahead))).toHaveLength(1)
  })

  test('d: a parent that is not here is fetched while the proposal is held', () => {
    const lone = new Lone()
    const two = child(one, 2)
    const effects = lone.propose(two, certificate('notarize', one))
    expect(only(effects, 'fetchBlock')).toEqual([{ type: 'fetchBlock', digest: one.digest }])
    expect(votesIn(effects)).toEqual(['finalize 1'])
    expect(votesIn(lone.feed({ type: 'block', block: one }))).toEqual(['notarize 2'])
  })

  test('d: a proposal stripped of its certificates is held, not refused', () => {
    const lone = new Lone()
    expect(votesIn(lone.propose(child(one, 2)))).toEqual([])
    expect(only(lone.log, 'report').map(({ event }) => event.type)).not.toContain('rejected')
  })
})

describe('rule 4: a notarization', () => {
  test('a, b: from votes: stored, passed on, Finalize, and the next view', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.vote(1, 'notarize', one)
    const effects = lone.vote(2, 'notarize', one)
    expect(only(effects, 'persist')[0]?.entries.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['certificate', 'ownVote']),
    )
    expect(certificatesIn(effects)).toEqual(['notarize 1'])
    expect(votesIn(effects)).toEqual(['finalize 1'])
    expect(lone.core.view).toBe(2)
  })

  test('q − 1 votes are none, nor are votes for different outcomes', () => {
    const lone = new Lone({ self: 3, mayNotSignYet: true })
    lone.vote(0, 'notarize', one)
    lone.vote(1, 'notarize', one)
    lone.vote(2, 'notarize', one, zeroDigest)
    expect(lone.core.view).toBe(1)
  })

  test('passed on once', () => {
    const lone = new Lone()
    expect(certificatesIn(lone.certificate('notarize', one))).toEqual(['notarize 1'])
    expect(certificatesIn(lone.certificate('notarize', one, [0, 1, 2]))).toEqual([])
  })

  test('a: a later view is entered at once, over what is missing', () => {
    const lone = new Lone()
    lone.certificate('notarize', child(genesis.block, 7))
    expect(lone.core.view).toBe(8)
  })

  test('b: no Finalize after an own Nullify of the view', () => {
    const lone = new Lone()
    lone.work(1)
    expect(votesIn(lone.wait(timeoutMs))).toEqual(['nullify 1'])
    expect(votesIn(lone.certificate('notarize', one))).toEqual([])
    expect(lone.core.view).toBe(2)
  })

  test('b: no Nullify after Finalize: the view is left', () => {
    const lone = inViewTwo()
    expect(votesIn(lone.log)).toEqual(['notarize 1', 'finalize 1'])
    lone.vote(2, 'nullify', 1)
    lone.vote(3, 'nullify', 1)
    expect(votesIn(lone.wait(5 * timeoutMs))).not.toContain('nullify 1')
  })

  test('b: a view past without an own Nullify is finalized late, unless it is nullified', () => {
    const lone = new Lone()
    lone.certificate('notarize', child(genesis.block, 5))
    expect(votesIn(lone.certificate('notarize', one))).toEqual(['finalize 1'])

    const nullified = new Lone()
    nullified.certificate('nullify', 1)
    expect(votesIn(nullified.certificate('notarize', one))).toEqual([])
  })

  test('c: another own outcome: no Finalize, no vote ever, no commit', () => {
    const lone = new Lone()
    lone.answer = () => zeroDigest
    lone.propose(one)
    const effects = lone.certificate('notarize', one)
    expect(votesIn(effects)).toEqual([])
    expect(only(effects, 'report').map(({ event }) => event)).toContainEqual({
      type: 'outcomeDiffers',
      digest: one.digest,
      own: zeroDigest,
      certified: toyOutcome(one),
    })
    expect(committed(lone.certificate('finalize', one))).toEqual([])
    lone.work(1)
    expect(votesIn(lone.wait(20 * timeoutMs))).toEqual([])
  })

  test('c: found out also when the execution ends after the certificate, and for an ancestor certified by its child only', () => {
    const late = new Lone()
    late.answer = () => undefined
    late.propose(one)
    late.certificate('notarize', one)
    late.feed({ type: 'executed', digest: one.digest, outcome: zeroDigest })
    expect(late.core.signing).toBe('stopped')

    const ancestor = new Lone()
    ancestor.answer = block => (block === one ? zeroDigest : toyOutcome(block))
    ancestor.propose(one)
    const two = child(one, 2)
    ancestor.certificate('notarize', two)
    ancestor.feed({ type: 'block', block: two })
    expect(ancestor.core.signing).toBe('stopped')
  })

  test('c: a certified block that is unexecutable here is another outcome', () => {
    const lone = new Lone()
    lone.answer = () => 'unexecutable'
    lone.propose(one)
    lone.certificate('notarize', one)
    expect(lone.core.signing).toBe('stopped')
  })
})

describe('rule 5: Nullify', () => {
  test('a: a leader not heard for n views, while a quorum was, is nullified at once', () => {
    const lone = new Lone()
    nullifyViews(lone, 1, 6, [1, 2])
    expect(lone.core.view).toBe(7)
    expect(lone.core.rounds.get(7)?.own.nullify).toBeDefined()
    expect(only(lone.log, 'report').map(({ event }) => event)).toContainEqual({ type: 'skipped', view: 7, leader: 3 })
  })

  test('a: heard again, it is given its time', () => {
    const lone = new Lone()
    nullifyViews(lone, 1, 5, [1, 2])
    lone.vote(3, 'nullify', 5)
    nullifyViews(lone, 6, 6, [1, 2])
    expect(lone.core.view).toBe(7)
    expect(lone.core.rounds.get(7)?.own.nullify).toBeUndefined()
  })

  test('a: a vote for a view far ahead counts as heard now, not for ever', () => {
    const lone = new Lone()
    lone.vote(3, 'nullify', 1_000_000)
    nullifyViews(lone, 1, 6, [1, 2])
    expect(lone.core.rounds.get(7)?.own.nullify).toBeDefined()
  })

  test('a: not by a node that has not lived through those views, nor where no quorum was heard', () => {
    const jumped = new Lone()
    jumped.certificate('nullify', 30, [0, 1, 2])
    expect(votesIn(jumped.log)).toEqual([])
    jumped.certificate('nullify', 34, [0, 1, 2])
    expect(votesIn(jumped.log)).toEqual([])

    const lonely = new Lone()
    for (let view = 1; view <= 6; view++) lonely.certificate('nullify', view, [1])
    expect(votesIn(lonely.log)).toEqual([])
  })

  test('b: repeats with pauses that double up to eight timeouts, with the certificates by which the view can be entered', () => {
    const lone = new Lone()
    lone.certificate('nullify', 1)
    lone.work(1)
    lone.wait(timeoutMs)
    const at: number[] = []
    for (let t = 0; t < 40 * timeoutMs; t += 500) {
      const effects = lone.wait(500)
      if (votesIn(effects).length === 0) continue
      expect(votesIn(effects)).toEqual(['nullify 2'])
      expect(certificatesIn(effects)).toEqual(['nullify 1'])
      at.push((t + 500) / timeoutMs)
    }
    expect(at).toEqual([1, 3, 7, 15, 23, 31, 39])
  })

  test('b: with both certificates of the view before where both exist', () => {
    const lone = new Lone()
    lone.certificate('nullify', 1)
    lone.certificate('notarize', one)
    lone.work(5)
    lone.wait(timeoutMs)
    expect(certificatesIn(lone.wait(timeoutMs))).toEqual(['notarize 1', 'nullify 1'])
  })

  test('c: a repeated Nullify is answered with what its signer may lack, once per timeout', () => {
    const lone = inViewTwo()
    lone.vote(3, 'nullify', 1)
    const answer = only(lone.vote(3, 'nullify', 1), 'send')
    expect(answer.map(({ to }) => to)).toEqual([3, 3])
    expect(certificatesIn(answer)).toEqual(['notarize 1'])
    expect(only(lone.vote(3, 'nullify', 1), 'send')).toEqual([])
    lone.wait(timeoutMs)
    expect(only(lone.vote(3, 'nullify', 1), 'send')).not.toEqual([])
  })

  test('c: a Nullify of a view that is final is answered with the finalization', () => {
    const lone = inViewTwo()
    lone.certificate('finalize', one)
    expect(certificatesIn(lone.vote(3, 'nullify', 1))).toEqual(['finalize 1'])
  })
})

/** Every view from first to last is nullified by this core and those. */
function nullifyViews(lone: Lone, first: number, last: number, signers: readonly number[]): void {
  for (let view = first; view <= last; view++) for (const signer of signers) lone.vote(signer, 'nullify', view)
}

describe('rule 6: a nullification, and falling behind', () => {
  test('from votes: stored, passed on, and the next view', () => {
    const lone = new Lone()
    lone.vote(1, 'nullify', 1)
    const effects = lone.vote(2, 'nullify', 1)
    expect(certificatesIn(effects)).toEqual(['nullify 1'])
    expect(lone.core.view).toBe(2)
    expect(only(effects, 'persist')[0]?.entries.map(({ type }) => type)).toContain('certificate')
  })

  test('b: votes of f+1 validators for later views: fetches the certificate that led there', () => {
    const lone = new Lone()
    expect(only(lone.vote(1, 'nullify', 9), 'fetchCertificate')).toEqual([])
    expect(only(lone.vote(2, 'nullify', 6), 'fetchCertificate')).toEqual([{ type: 'fetchCertificate', view: 5 }])
  })

  test('c: a notarized block that is not here is fetched, and its ancestors; others are not taken', () => {
    const lone = new Lone()
    const two = child(one, 2)
    expect(only(lone.certificate('notarize', two), 'fetchBlock')).toEqual([{ type: 'fetchBlock', digest: two.digest }])
    expect(lone.feed({ type: 'block', block: empty })).toEqual([])
    expect(only(lone.feed({ type: 'block', block: two }), 'fetchBlock')).toEqual([
      { type: 'fetchBlock', digest: one.digest },
    ])
    const executed = only(lone.feed({ type: 'block', block: one }), 'execute').map(({ block }) => block.header.view)
    expect(executed).toEqual([1, 2])
  })
})

describe('rule 7: a finalization', () => {
  test('from votes: commits the block and its ancestors, parents first, with the certified outcomes', () => {
    const lone = inViewTwo()
    const two = child(one, 2)
    lone.propose(two)
    lone.certificate('notarize', two)
    lone.vote(1, 'finalize', two)
    const effects = lone.vote(2, 'finalize', two)
    expect(committed(effects)).toEqual([
      { block: one, outcome: toyOutcome(one) },
      { block: two, outcome: toyOutcome(two) },
    ])
    expect(only(effects, 'commit')[0]?.certificate).toMatchObject({ kind: 'finalize', view: 2 })
  })

  test('whatever the current view', () => {
    const lone = inViewTwo()
    lone.certificate('nullify', 2)
    lone.certificate('nullify', 3)
    expect(committed(lone.certificate('finalize', one))).toHaveLength(1)
    expect(lone.core.view).toBe(4)
  })

  test('of the current view or a later one: the next view', () => {
    const lone = new Lone()
    lone.certificate('finalize', child(genesis.block, 6))
    expect(lone.core.view).toBe(7)
  })

  test('a: waits for the execution', () => {
    const lone = new Lone()
    lone.answer = () => undefined
    lone.propose(one)
    expect(committed(lone.certificate('finalize', one))).toEqual([])
    expect(committed(lone.feed({ type: 'executed', digest: one.digest, outcome: toyOutcome(one) }))).toHaveLength(1)
  })

  test('a: commits what it can where a later finalization has to wait', () => {
    const lone = inViewTwo()
    lone.certificate('finalize', child(child(one, 2), 3))
    expect(committed(lone.certificate('finalize', one))).toHaveLength(1)
  })

  test('b: a block that is not here: passes the finalization on and catches up, at once for each newer one', () => {
    const lone = new Lone()
    const effects = lone.certificate('finalize', child(one, 2))
    expect(only(effects, 'catchUp').map(({ certificate: { view } }) => view)).toEqual([2])
    expect(certificatesIn(effects)).toEqual(['finalize 2'])
    expect(only(effects, 'fetchBlock')).toEqual([])
    expect(only(lone.vote(1, 'nullify', 3), 'catchUp')).toEqual([])
    expect(only(lone.certificate('finalize', child(child(one, 2), 3)), 'catchUp')).toHaveLength(1)
  })

  test('b: once the shell has advanced, the tree stands on the new tip, and what lost is abandoned', () => {
    const lone = new Lone()
    lone.propose(empty)
    const two = child(one, 2)
    const three = child(two, 3)
    lone.certificate('finalize', two)
    lone.propose(three)
    const tip = { block: two, outcome: toyOutcome(two) }
    const effects = lone.feed({ type: 'advanced', tip, certificate: certificate('finalize', two) })
    expect(only(effects, 'abandon')).toEqual([{ type: 'abandon', digests: [empty.digest] }])
    expect(votesIn(effects)).toEqual(['notarize 3'])
    expect(lone.feed({ type: 'advanced', tip, certificate: certificate('finalize', two) })).toEqual([])
  })

  test('blocks beside the final one are abandoned, with all that stands on them', () => {
    const lone = new Lone()
    lone.propose(empty)
    lone.certificate('notarize', empty)
    const onEmpty = child(empty, 2)
    lone.propose(onEmpty)
    const onThat = child(onEmpty, 3)
    lone.propose(onThat)
    const winner = child(genesis.block, 5, { records: [record(7)] })
    lone.propose(winner)
    const effects = lone.certificate('finalize', winner)
    const digests = [empty.digest, onEmpty.digest, onThat.digest]
    expect(only(effects, 'abandon')).toEqual([{ type: 'abandon', digests }])
  })

  test('two finalizations in one view: says so and votes no more', () => {
    const lone = inViewTwo()
    lone.certificate('finalize', one)
    const effects = lone.certificate('finalize', empty)
    expect(only(effects, 'report').map(({ event }) => event.type)).toEqual(['split'])
    lone.work(3)
    expect(votesIn(lone.wait(5 * timeoutMs))).toEqual([])
  })

  test('a single validator decides alone, from the first input on', () => {
    const core = createCore(configOf(0, 1), { tip: genesis, certificate: undefined, journal: [], rejoin: false })
    const now = genesis.block.header.time + 5
    expect(only(step(core, { type: 'start' }, now), 'askHeldVotes')).toEqual([])
    step(core, { type: 'work', records: [record(1)] }, now)
    const built = step(core, { type: 'built', view: 1, parent: genesis.block.digest, records: [record(1)] }, now)
    const [execute] = only(built, 'execute')
    const { block } = execute!
    const effects = step(core, { type: 'executed', digest: block.digest, outcome: toyOutcome(block) }, now)
    expect(votesIn(effects)).toEqual(['notarize 1', 'finalize 1'])
    expect(committed(effects)).toHaveLength(1)
  })
})

test('proposals and votes of the test kit are what the core takes them for', () => {
  expect(proposal(one).block.digest).toBe(one.digest)
  expect(vote(1, 'nullify', 3)).toMatchObject({ digest: zeroDigest, outcome: zeroDigest })
})
