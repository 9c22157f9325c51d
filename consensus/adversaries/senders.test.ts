// Adversaries that choose to whom they send, or how much: each does what its name says, within the wire's limits, and the vote survives it.
import { describe, expect, test } from 'vitest'
import {
  encodeCertificate,
  encodeProposal,
  encodeVote,
  genesisBlock,
  leaderOf,
  quorumOf,
  type Vote,
} from '../../proto/chain.ts'
import { digestOf, zeroDigest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { Keyring } from '../simulator/keyring.ts'
import { createMachine, type Machine, type Wrap } from '../simulator/machine.ts'
import { Random } from '../simulator/random.ts'
import { runSchedule } from '../simulator/simulation.ts'
import type { CoreConfig, Effect, Message } from '../types.ts'
import { flooder, floodLimits } from './flooder.ts'
import { type AdversaryName, adversaries } from './index.ts'
import { selectiveSender } from './selective-sender.ts'

const patience = { timeout: 120_000 }
const validators = 4
const timeoutMs = 1000
const network = digestOf('genesis', Buffer.from('adversaries'))
const record = digestOf('record', Buffer.from('pending'))

/** One validator around its adversary, whose peers nullify every view as it runs out. */
class Lonely {
  readonly keyring = new Keyring(network, validators, new Random(1), false)
  readonly machine: Machine
  readonly sent: { readonly at: number; readonly to: number; readonly message: Message }[] = []
  now = 1_700_000_000_000

  constructor(wrap: Wrap, self = 0) {
    const genesis = genesisBlock(network, zeroDigest, this.now - 1000)
    const timing = { timeoutMs, idleMs: 10_000, driftMs: 500 }
    const config: CoreConfig = { network, validators, self, timing, signer: this.keyring.signer(self), genesis }
    const restored = { tip: genesis, certificate: undefined, journal: [], rejoin: false }
    this.machine = wrap(createMachine(config, restored), {
      config,
      restored,
      random: new Random(7),
      accomplices: new Set(),
      conspiracy: new WeakMap(),
      side: () => 0,
      create: createMachine,
    })
    this.step({ type: 'start' })
    for (const from of this.peers()) this.step({ type: 'heldVotes', from, held: undefined })
    this.step({ type: 'work', records: [record] })
  }

  peers(): number[] {
    return [1, 2, 3]
  }

  step(input: Parameters<Machine['step']>[0]): void {
    for (const effect of this.machine.step(input, this.now, undefined)) this.#note(effect)
  }

  #note(effect: Effect): void {
    if (effect.type === 'send') this.sent.push({ at: this.now, to: effect.to, message: effect.message })
    if (effect.type === 'build') {
      this.step({ type: 'built', view: effect.view, parent: effect.parent, records: [record] })
    }
    if (effect.type !== 'broadcast') return
    for (const to of this.peers()) this.sent.push({ at: this.now, to, message: effect.message })
  }

  /** Lets views time out one after the other, with the votes of all peers. */
  nullify(views: number): void {
    for (let i = 0; i < views; i++) {
      this.now += timeoutMs
      this.step({ type: 'timer' })
      const view = this.machine.view()
      const ballot = { kind: 'nullify', view, digest: zeroDigest, outcome: zeroDigest } as const
      for (const peer of this.peers().slice(0, quorumOf(validators) - 1)) {
        this.step({ type: 'vote', vote: this.keyring.signer(peer).vote(ballot) })
      }
    }
  }

  ownVotes(): { to: number; vote: Vote }[] {
    return this.sent.flatMap(({ to, message }) =>
      message.type === 'vote' && message.vote.signer === 0 ? [{ to, vote: message.vote }] : [],
    )
  }
}

describe('selective sender', () => {
  test('tells some peers and not others, and not always the same', () => {
    const lonely = new Lonely(selectiveSender)
    lonely.nullify(40)
    expect(lonely.machine.view()).toBe(41)
    const audiences = new Map<number, Set<number>>()
    for (const { to, vote } of lonely.ownVotes()) {
      audiences.set(vote.view, (audiences.get(vote.view) ?? new Set()).add(to))
    }
    const kinds = new Set([...audiences.values()].map(peers => [...peers].sort().join(' ')))
    expect(kinds.size).toBeGreaterThan(3)
    expect(kinds).not.toContain('1 2 3')
    // Certificates are no secret: each view's goes to all.
    const certificates = lonely.sent.filter(({ message }) => message.type === 'certificate')
    expect(certificates.length).toBeGreaterThanOrEqual(3 * 40)
  })

  test('keeps its proposals from some as well', () => {
    const lonely = new Lonely(selectiveSender)
    lonely.nullify(60)
    const leads = [...Array(61).keys()].filter(view => view > 0 && leaderOf(view, validators) === 0).length
    const proposals = lonely.sent.filter(({ message }) => message.type === 'proposal')
    expect(proposals.length).toBeGreaterThan(0)
    expect(proposals.length).toBeLessThan(3 * leads)
  })
})

describe('flooder', () => {
  test('sends far more than an honest validator, of every useless kind, within the limits of the wire', () => {
    const honest = new Lonely(machine => machine)
    const loud = new Lonely(flooder)
    honest.nullify(30)
    loud.nullify(30)
    expect(loud.machine.view()).toBe(honest.machine.view())
    expect(loud.sent.length).toBeGreaterThan(4 * honest.sent.length)
    expect(loud.sent.length - honest.sent.length).toBeLessThan(floodLimits.burst + 30 * floodLimits.messagesPerSecond)
    const { view } = loud.machine
    const votes = loud.sent.flatMap(({ message }) => (message.type === 'vote' ? [message.vote] : []))
    const texts = votes.map(vote => JSON.stringify([vote.signer, vote.kind, vote.view, vote.digest]))
    expect(new Set(texts).size, 'repeats').toBeLessThan(texts.length)
    expect(votes.some(vote => vote.signer !== 0 && vote.view < view() - 2)).toBe(true)
    expect(votes.some(vote => vote.signer === 0 && vote.view > view() + 128)).toBe(true)
    for (const { message } of loud.sent) {
      expect(bytesOf(message)).toBeLessThanOrEqual(limits.frameBytes)
      if (message.type === 'vote') expect(loud.keyring.vote(message.vote)).toBe(true)
    }
  })
})

function bytesOf(message: Message): number {
  if (message.type === 'vote') return encodeVote(message.vote).length
  if (message.type === 'proposal') return encodeProposal(message.proposal).length
  return encodeCertificate(message.certificate).length
}

test.for(['selective-sender', 'flooder'] satisfies AdversaryName[])('the vote survives a %s', patience, adversary => {
  expect(adversaries[adversary]).toBeDefined()
  for (let seed = 1; seed <= 80; seed++) {
    const { violations } = runSchedule(seed, { wish: { validators: 4, adversary, byzantine: 1 } })
    expect(violations, `seed ${seed}`).toEqual([])
  }
  for (let seed = 1; seed <= 20; seed++) {
    const { violations } = runSchedule(seed, { wish: { validators: 7, adversary, byzantine: 2 } })
    expect(violations, `seed ${seed}`).toEqual([])
  }
})
