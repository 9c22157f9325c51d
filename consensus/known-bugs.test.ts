// Bugs that other implementations of this family of protocols have had, each with a test that would find it here.
import { describe, expect, test } from 'vitest'
import { defaultTiming, genesis, Harness, toyOutcome } from './harness.ts'
import { certificate, certificatesIn, child, committed, Lone, only, record, vote, votesIn } from './lone.ts'
import { bounds } from './state.ts'
import type { Effect, JournalEntry } from './types.ts'

const { timeoutMs } = defaultTiming
const one = child(genesis.block, 1, { records: [record(1)] })
const ownVote = (...args: Parameters<typeof vote>): JournalEntry => ({ type: 'ownVote', vote: vote(...args) })

describe('a Finalize re-sent for a view that timed out', () => {
  test('not when the notarization comes after the own Nullify, not on a new link, not after a restart', () => {
    const lone = new Lone()
    lone.propose(one)
    lone.work(1)
    lone.wait(timeoutMs)
    lone.certificate('notarize', one)
    lone.feed({ type: 'linkUp', peer: 2 })
    lone.wait(10 * timeoutMs)
    const votes = lone.log.flatMap(effect =>
      (effect.type === 'send' || effect.type === 'broadcast') && effect.message.type === 'vote'
        ? [effect.message.vote.kind]
        : [],
    )
    expect(votes).toContain('nullify')
    expect(votes).not.toContain('finalize')

    const journal = only(lone.log, 'persist').flatMap(({ entries }) => entries)
    expect(votesIn(new Lone({ restored: { journal } }).log)).not.toContain('finalize 1')
  })
})

describe('a child accepted without proof of its gaps', () => {
  test('a child over a view that is not proved to be nullified gets no vote, whatever else is known', () => {
    const lone = new Lone({ self: 2 })
    lone.propose(one)
    lone.certificate('notarize', one)
    lone.vote(1, 'nullify', 2)
    const effects = lone.propose(child(one, 4), certificate('notarize', one), [certificate('nullify', 3)])
    expect(votesIn(effects)).not.toContain('notarize 4')
    expect(votesIn(lone.certificate('nullify', 2))).toEqual(['notarize 4'])
  })

  test('nor is one proposed', () => {
    const lone = new Lone({ self: 3 })
    lone.propose(one)
    lone.certificate('notarize', one)
    lone.work(2)
    lone.certificate('notarize', child(one, 2))
    expect(only(lone.log, 'build')).toEqual([])
  })
})

describe('a replayed Nullify that has no timer, or does not count locally', () => {
  test('counts, is sent again, and goes on being repeated', () => {
    const lone = new Lone({ restored: { journal: [ownVote(0, 'nullify', 1)] } })
    expect(votesIn(lone.log)).toEqual(['nullify 1'])
    expect(votesIn(lone.wait(timeoutMs))).toEqual(['nullify 1'])
    lone.vote(1, 'nullify', 1)
    lone.vote(2, 'nullify', 1)
    expect(lone.core.view).toBe(2)
  })

  test('all crash after their Nullify was written, and all messages are lost: they go on', () => {
    const harness = new Harness()
    harness.start().run(50)
    harness.crash(1)
    harness.interferences.push((_, __, message) => message.type === 'vote')
    harness.submit(['r1'])
    harness.run(1060)
    for (const index of [0, 2, 3]) harness.crash(index)
    harness.run(1200)
    // The first round of messages after the restart is lost too: only a repeat can help.
    for (const index of [0, 2, 3]) harness.restart(index)
    harness.run(1300)
    harness.interferences.length = 0
    harness.run(1300 + 3 * timeoutMs)
    for (const index of [0, 2, 3])
      expect(harness.node(index).disk.chain.flatMap(({ block }) => block.records)).toHaveLength(1)
  })
})

describe('a late notarization ignored after a nullification', () => {
  test('it is stored and passed on, can be built on, and its block becomes final through a child', () => {
    const lone = new Lone({ self: 2 })
    lone.propose(one)
    lone.work(2)
    lone.certificate('nullify', 1)
    expect(certificatesIn(lone.certificate('notarize', one))).toEqual(['notarize 1'])
    const effects = lone.feed({ type: 'built', view: 2, parent: genesis.block.digest, records: [] })
    expect(only(effects, 'build')[0]?.parent).toBe(one.digest)
    const follower = new Lone()
    follower.propose(one)
    follower.certificate('nullify', 1)
    follower.certificate('notarize', one)
    const two = child(one, 2)
    expect(votesIn(follower.propose(two))).toEqual(['notarize 2'])
    expect(committed(follower.certificate('finalize', two)).map(({ block }) => block)).toEqual([one, two])
  })
})

describe('nodes split over which certificate opened a view', () => {
  test('by notarization or by nullification: a leader of either side finds a quorum', () => {
    for (const leaderKnows of ['notarize', 'nullify'] as const) {
      const followerKnows = leaderKnows === 'notarize' ? 'nullify' : 'notarize'
      const leader = new Lone({ self: 2 })
      leader.propose(one)
      leader.work(2)
      const [build] = only(leader.certificate(leaderKnows, leaderKnows === 'notarize' ? one : 1), 'build')
      const sent = leader.feed({ type: 'built', view: 2, parent: build!.parent, records: [record(2)] })
      const follower = new Lone()
      follower.propose(one)
      follower.certificate(followerKnows, followerKnows === 'notarize' ? one : 1)
      const [message] = only(sent, 'broadcast').flatMap(effect =>
        effect.message.type === 'proposal' ? [effect.message] : [],
      )
      const effects = follower.feed({ type: 'proposal', from: 2, proposal: message!.proposal })
      expect(votesIn(effects)).toContain('notarize 2')
    }
  })

  test('both certificates are repeated, and sent to a new link', () => {
    const lone = new Lone()
    lone.certificate('nullify', 1)
    lone.certificate('notarize', one)
    lone.work(9)
    expect(certificatesIn(lone.feed({ type: 'linkUp', peer: 1 }))).toEqual(['notarize 1', 'nullify 1'])
    lone.wait(timeoutMs)
    expect(certificatesIn(lone.wait(timeoutMs))).toEqual(['notarize 1', 'nullify 1'])
  })
})

describe('a fetch pinned to a leader that is offline', () => {
  test('fetches name no peer', () => {
    const lone = new Lone()
    const effects = [
      ...lone.certificate('notarize', child(one, 2)),
      ...lone.certificate('finalize', child(one, 3)),
      ...lone.vote(1, 'nullify', 9),
      ...lone.vote(2, 'nullify', 9),
    ]
    const fetches = effects.filter(({ type }) => /^fetch|^catchUp/.test(type))
    expect(fetches.map(({ type }) => type)).toEqual(['fetchBlock', 'catchUp', 'fetchCertificate'])
    for (const fetch of fetches) expect(Object.keys(fetch)).toHaveLength(2)
  })

  test('a block that its leader showed to two nodes before it died is fetched from them', () => {
    const harness = new Harness()
    harness.start().run(50)
    harness.interferences.push((from, to, message) => from === 1 && to === 3 && message.type === 'proposal')
    harness.submit(['r1'])
    harness.run(55)
    harness.later(0, 6, () => harness.crash(1))
    harness.run(3000)
    expect(harness.finalNames(3)[0]).toBe('b1')
  })
})

describe('application state ahead of the consensus journal', () => {
  test('views up to the tip are decided, though the journal ends before: nothing is signed or proposed there', () => {
    const four = child(one, 4)
    const tip = { block: four, outcome: toyOutcome(four) }
    const journal = [ownVote(0, 'nullify', 2), { type: 'block', block: one }] satisfies JournalEntry[]
    const lone = new Lone({ restored: { tip, certificate: certificate('finalize', four), journal } })
    expect(lone.core.view).toBe(5)
    expect(lone.core.rounds.size).toBe(0)
    expect(
      votesIn([...lone.log, ...lone.propose(child(one, 3)), ...lone.certificate('notarize', child(one, 3))]),
    ).toEqual([])
    expect(votesIn(lone.propose(child(four, 5)))).toEqual(['notarize 5'])
  })
})

describe('signing and persisting not atomic', () => {
  test('each step writes what it signs first of all, urgently, and a block with or before its Notarize', () => {
    const harness = new Harness({ validators: 7 })
    harness.start().run(50)
    for (let i = 0; i < 30; i++) {
      harness.submit([`r${i}`])
      if (i === 10) harness.crash(3)
      if (i === 20) harness.restart(3)
      harness.run(harness.elapsed + 400)
    }
    for (const node of harness.nodes) {
      const written = new Set<string>()
      const blocks = new Set<string>()
      for (const effect of node.log) {
        if (effect.type === 'persist') {
          for (const entry of effect.entries) {
            if (entry.type === 'ownVote') written.add(JSON.stringify(entry.vote))
            if (entry.type === 'block') blocks.add(entry.block.digest)
            if (entry.type === 'ownVote' || entry.type === 'block') expect(effect.urgent).toBe(true)
            if (entry.type === 'ownVote' && entry.vote.kind === 'notarize') expect(blocks).toContain(entry.vote.digest)
          }
        }
        for (const sent of ownVotesIn(effect, node.index)) expect(written).toContain(sent)
      }
      expect(written.size).toBeGreaterThan(10)
    }
  })
})

const ownVotesIn = (effect: Effect, self: number): string[] =>
  (effect.type === 'broadcast' || effect.type === 'send') &&
  effect.message.type === 'vote' &&
  effect.message.vote.signer === self
    ? [JSON.stringify(effect.message.vote)]
    : []

describe('re-send traffic that grows without bound', () => {
  test('a network without a quorum sends ever less, then at a constant low rate', () => {
    const harness = new Harness()
    harness.start().run(50)
    harness.crash(2)
    harness.crash(3)
    harness.submit(['r1'])
    const sent = (): number => harness.node(0).log.filter(({ type }) => type === 'send' || type === 'broadcast').length
    harness.run(100 * timeoutMs)
    const before = sent()
    harness.run(200 * timeoutMs)
    // A vote and a certificate per pause, and what a repeat of the other's is answered with.
    expect(sent() - before).toBeLessThanOrEqual((100 / bounds.repeatTimeouts + 1) * 6)
  })

  test('links that flap cost a bounded number of messages each, however long nothing is decided', () => {
    const lone = new Lone()
    let block = one
    for (let view = 1; view <= 60; view++) {
      lone.certificate('notarize', block)
      block = child(block, view + 1)
    }
    const first = lone.feed({ type: 'linkUp', peer: 1 }).length
    for (let i = 0; i < 50; i++) expect(lone.feed({ type: 'linkUp', peer: 1 })).toHaveLength(first)
    expect(first).toBeLessThan(bounds.resentFinalizes + 8)
  })

  test('a repeated Nullify is not answered by a repeat that is answered again', () => {
    const lone = new Lone()
    lone.work(1)
    lone.wait(timeoutMs)
    lone.vote(3, 'nullify', 1)
    let answers = 0
    for (let i = 0; i < 100; i++) answers += lone.vote(3, 'nullify', 1).length
    expect(answers).toBeLessThan(8)
  })
})
