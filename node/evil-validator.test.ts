// What one validator of four can do with its key and without its core: frames, votes, certificates, proposals, gossip and fetches that are
// wrong in every way. Whatever it sends, it is refused or cut off, nothing crashes, and the others go on deciding.
import * as fs from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import {
  type Block,
  type Certificate,
  createBlock,
  decodeBlock,
  decodeCertificate,
  encodeBlock,
  encodeCertificate,
  encodeVote,
  type Header,
  signVote,
} from '../proto/chain.ts'
import { type Digest, sha256Hex, zeroDigest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { encodeConsensusFrame, encodeFetchRequest, type FetchResponse } from '../proto/wire/codec.ts'
import { until } from './network/testing.ts'
import { keyOf, TestNetwork } from './testing.ts'
import { EvilValidator } from './testing-peers.ts'
import { Hand } from './testing-records.ts'
import type { RunningValidator } from './validator.ts'

interface Setting {
  readonly net: TestNetwork
  readonly evil: EvilValidator
  readonly honest: readonly RunningValidator[]
  /** Has an honest record decided, and says at which height. */
  decide(): Promise<number>
}

const nets: TestNetwork[] = []

afterEach(async () => {
  for (const net of nets.splice(0)) {
    for (const validator of net.running()) {
      const metrics = await (await fetch(`${validator.http}/metrics`)).text()
      expect(metrics).not.toContain('code="bug"')
    }
    await net.close()
  }
})

async function setUp(): Promise<Setting> {
  const net = await TestNetwork.create({ timing: { timeoutMs: 400 } })
  nets.push(net)
  await net.start(0, 1, 2)
  const evil = await EvilValidator.open(net, 3)
  const honest = net.running()
  await net.linked(3)
  await until(() => honest.every(validator => evil.isLinked(validator)))
  const bank = await net.client('bank')
  const issuer = new Hand(net, 'bank')
  const decide = async (): Promise<number> => (await bank.submit(issuer.publication(1, 'ann').signed)).height
  return { net, evil, honest, decide }
}

const noise = (length: number, seed = 7): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => (index * 97 + seed * 31) & 0xff)

const forged = (network: Digest, ballot: Omit<Certificate, 'signatures'>, signers: readonly number[], key = 'v3') =>
  encodeCertificate({
    ...ballot,
    signatures: signers.map(signer => ({ signer, signature: signVote(network, ballot, signer, keyOf(key)).signature })),
  })

const nullifyOf = (view: number) => ({ kind: 'nullify' as const, view, digest: zeroDigest, outcome: zeroDigest })

/** The newest final block with its certificate, as a validator serves it. */
async function tipOf({ evil, honest }: Setting): Promise<{ block: Block; certificate: Certificate }> {
  // A client has its answer from whichever validator was first: this one may be a moment behind it, or about to write the block.
  let response: FetchResponse
  do {
    const height = Math.max(1, Number(honest[0]!.status().height))
    response = await evil.ask(honest[0]!, { type: 'range', fromHeight: height, maxBlocks: 8 })
  } while (response.type === 'range' && !response.certificate)
  if (response.type !== 'range' || !response.certificate) throw new Error('another answer than asked for')
  const last = response.blocks[response.blocks.length - 1]!
  return { block: decodeBlock(last.block), certificate: decodeCertificate(response.certificate) }
}

/** Decides records until the liar leads. Returns its view, and the tip that an honest leader would extend. */
async function untilItLeads(setting: Setting) {
  for (;;) {
    const height = await setting.decide()
    await setting.net.reach(height)
    const { view } = setting.honest[0]!.status()
    if (Number(view) % 4 !== 3) continue
    const { block, certificate } = await tipOf(setting)
    if (block.header.view === Number(view) - 1) return { view: Number(view), block, certificate }
  }
}

describe('frames on a link', () => {
  it('that are garbage, cut short, too long or foreign cost the link, and in the end the connection', async () => {
    const setting = await setUp()
    const { evil, honest, decide } = setting
    await decide()
    const good = encodeConsensusFrame(evil.vote(nullifyOf(1)))
    const frames = [
      noise(100),
      good.subarray(0, -1),
      Uint8Array.of(...good, 0),
      noise(limits.frameBytes),
      Uint8Array.of(1),
    ]
    for (const [index, frame] of frames.entries()) await evil.provoke(honest[index % 2]!, frame)
    const tooLong = Uint8Array.of(0x7f, 0xff, 0xff, 0xff, 1, 2, 3)
    await evil.provokeRaw(honest[2]!, 'link', tooLong)
    await evil.provokeRaw(honest[2]!, 'link', Uint8Array.of(0, 0, 0, 0))
    await evil.provokeRaw(honest[2]!, 'link', Uint8Array.of(0, 0, 1, 0, 1, 2, 3))
    await decide()
    while (evil.host.isConnected(honest[0]!.peerId)) {
      evil.send(honest[0]!, noise(64))
      await new Promise(resolve => setImmediate(resolve))
    }
    await decide()
  })

  it('with false votes and certificates change nothing', async () => {
    const setting = await setUp()
    const { evil, honest, decide, net } = setting
    await decide()
    const view = Number(honest[0]!.status().view)
    const ballot = { kind: 'notarize' as const, view, digest: 'ab'.repeat(32), outcome: 'cd'.repeat(32) }
    const foreign = encodeVote(signVote('ef'.repeat(32), ballot, 3, keyOf('v3')))
    const certificate = (bytes: Uint8Array) => ({ type: 'certificate' as const, bytes })
    const lies = [
      evil.vote(ballot, 0),
      evil.vote(ballot, 99),
      evil.vote({ ...ballot, digest: 'aa'.repeat(32) }, 3, keyOf('v2')),
      { type: 'vote' as const, bytes: foreign },
      certificate(forged(net.network, ballot, [3])),
      certificate(forged(net.network, ballot, [3, 3, 3])),
      certificate(forged(net.network, ballot, [3, 1, 0])),
      certificate(forged(net.network, nullifyOf(view), [0, 1, 3])),
      certificate(forged(net.network, { ...ballot, kind: 'finalize' }, [0, 1, 2, 3])),
      certificate(forged(net.network, { ...ballot, view: Number.MAX_SAFE_INTEGER }, [0, 1, 200])),
    ]
    // nobody takes a vote of its own from others: the first goes to v1
    for (const [index, frame] of lies.entries()) await evil.provoke(honest[(index + 1) % 3]!, frame)
    await decide()
    for (const validator of honest) expect(validator.status().equivocations).toBe(0)
  })

  it('that are replayed, stale or of far views are ignored, however many', async () => {
    const setting = await setUp()
    const { evil, honest, decide } = setting
    for (let count = 0; count < 4; count++) await decide()
    for (const { from, frame } of [...evil.heard])
      for (const validator of honest) if (validator.peerId !== from) evil.send(validator, frame)
    for (const view of [1, 2, 1_000_000, Number.MAX_SAFE_INTEGER]) evil.tellAll(evil.vote(nullifyOf(view)))
    for (let count = 0; count < 2_000; count++) evil.tellAll(evil.vote(nullifyOf(1_000_000 + count)))
    await decide()
    for (const validator of honest) {
      expect(validator.status().equivocations).toBe(0)
      expect(evil.host.isConnected(validator.peerId)).toBe(true)
    }
  })
})

describe('proposals', () => {
  it('by the wrong leader, of another network or with a false certificate cost the link', async () => {
    const setting = await setUp()
    const { evil, honest, decide, net } = setting
    const { view, block, certificate } = await untilItLeads(setting)
    const header: Omit<Header, 'body'> = {
      network: net.network,
      height: block.header.height + 1,
      view,
      parent: block.digest,
      parentOutcome: certificate.outcome,
      time: Date.now(),
    }
    const valid = createBlock(header, [])
    const wrongBody = encodeBlock({ ...valid, records: ['ab'.repeat(32)] })
    const lies = [
      evil.proposal(createBlock({ ...header, view: view + 1 }, [])),
      evil.proposal(createBlock({ ...header, network: 'ef'.repeat(32) }, [])),
      evil.proposal(valid, {
        parentCertificate: decodeCertificate(forged(net.network, { ...certificate, view: view - 1 }, [0, 1, 2])),
      }),
      evil.proposal(valid, { nullifications: [decodeCertificate(forged(net.network, nullifyOf(view), [1, 2, 3]))] }),
      encodeConsensusFrame({
        type: 'proposal',
        bytes: Uint8Array.of(0, 0, wrongBody.length >> 8, wrongBody.length & 255, ...wrongBody),
      }),
    ]
    for (const [index, frame] of lies.entries()) await evil.provoke(honest[index % 3]!, frame)
    await decide()
  })

  const cases: [string, (header: Omit<Header, 'body'>, records: readonly Digest[]) => Block][] = [
    [
      'records that nobody has',
      header =>
        createBlock(
          header,
          Array.from({ length: 1_024 }, (_, i) => sha256Hex(noise(8, i))),
        ),
    ],
    ['a record that was decided', (header, decided) => createBlock(header, decided)],
    ['a wrong height', header => createBlock({ ...header, height: 1_000_000 }, [])],
    ['another outcome of its parent', header => createBlock({ ...header, parentOutcome: 'ab'.repeat(32) }, [])],
    ['a parent that nobody knows', header => createBlock({ ...header, parent: 'ab'.repeat(32) }, [])],
    ['a time that does not move on', header => createBlock({ ...header, time: 0 }, [])],
    ['a time far ahead', header => createBlock({ ...header, time: Number.MAX_SAFE_INTEGER }, [])],
  ]

  it('of its own view that cannot be valid cost that view and no more', async () => {
    const setting = await setUp()
    const { evil, decide, net, honest } = setting
    evil.answer = () => 'silence'
    for (const [name, make] of cases) {
      const { view, block, certificate } = await untilItLeads(setting)
      const { height } = block.header
      const header = { network: net.network, height: height + 1, view, parent: block.digest }
      const whole = { ...header, parentOutcome: certificate.outcome, time: Date.now() }
      evil.tellAll(evil.proposal(make(whole, block.records), { parentCertificate: certificate }))
      expect(await decide(), name).toBeGreaterThan(height)
    }
    for (const validator of honest) expect(validator.status().state).toBe('voting')
  })

  it('of which it makes two, or two hundred, are evidence and no more than a bounded heap of it', async () => {
    const setting = await setUp()
    const { evil, decide, net, honest } = setting
    for (let round = 0; round < 2; round++) {
      const { view, block, certificate } = await untilItLeads(setting)
      const { height } = block.header
      const header = { network: net.network, height: height + 1, view, parent: block.digest }
      const whole = { ...header, parentOutcome: certificate.outcome }
      for (let count = 0; count < 200; count++)
        evil.tellAll(evil.proposal(createBlock({ ...whole, time: block.header.time + 1 + count }, [])))
      await decide()
    }
    const tip = await tipOf(setting)
    for (let view = tip.block.header.view + 1; view < tip.block.header.view + 120; view++)
      for (const digest of ['ab'.repeat(32), 'cd'.repeat(32)])
        evil.tellAll(evil.vote({ kind: 'notarize', view, digest, outcome: digest }))
    await decide()
    for (const index of [0, 1, 2]) {
      const evidence = await net.get<{ guilty: string; type: string }[]>(index, '/evidence')
      expect(evidence.length).toBeLessThanOrEqual(64)
      expect(evidence.filter(({ type }) => type === 'two_proposals').length).toBeGreaterThan(0)
      expect(new Set(evidence.map(({ guilty }) => guilty))).toEqual(new Set(['v3']))
    }
    for (const validator of honest) expect(Number(validator.status().equivocations)).toBeGreaterThan(0)
  })
})

describe('announcements and gossip', () => {
  it('of records that never come, or come wrong, are answered by no growth and by penalties', async () => {
    const setting = await setUp()
    const { evil, honest, decide, net } = setting
    const digests = Array.from({ length: limits.announceDigests }, (_, index) => sha256Hex(noise(8, index)))
    evil.answer = () => 'silence'
    for (let count = 0; count < 50; count++) evil.tellAll({ type: 'announcement', digests })
    await decide()
    await until(() => evil.asked.length > 0)
    // one request for each validator, however often it was announced
    expect(evil.asked.filter(({ type }) => type === 'records').length).toBeLessThanOrEqual(3)
    const good = new Hand(net, 'mallory-bank').publication(1, 'ann').signed
    const bad = Uint8Array.from(good.bytes)
    bad[bad.length - 1]! ^= 1
    const answers: Uint8Array[][] = [
      [noise(300)],
      [bad],
      [Uint8Array.of(...good.bytes, 0)],
      [bad, bad],
      [noise(1_000_000)],
    ]
    let turn = 0
    evil.answer = request =>
      request.type === 'records' ? { type: 'records', records: answers[turn++ % answers.length]! } : noise(5_000)
    let count = 0
    while (honest.some(validator => evil.host.isConnected(validator.peerId))) {
      evil.tellAll({ type: 'announcement', digests: [sha256Hex(noise(9, count++))] })
      await new Promise(resolve => setImmediate(resolve))
    }
    await decide()
    for (const index of [0, 1, 2]) await net.status(index, status => status.pendingRecords === 0)
  })

  it('that are garbage or falsely signed are not passed on, and cut their sender off', async () => {
    const setting = await setUp()
    const { evil, honest, decide, net } = setting
    await until(
      () => evil.gossip.subscribers('blocks').length === 3 && evil.gossip.subscribers('publications').length === 3,
    )
    const good = new Hand(net, 'mallory-bank').publication(1, 'ann').signed
    for (const topic of ['publications', 'blocks']) {
      for (const length of [1, 64, 65, 1_000, 1_200_000]) evil.gossip.publish(topic, noise(length, topic.length))
      const bad = Uint8Array.from(good.bytes)
      bad[bad.length - 1]! ^= topic.length
      evil.gossip.publish(topic, bad)
    }
    await until(() => honest.every(validator => !evil.host.isConnected(validator.peerId)))
    await decide()
    for (const index of [0, 1, 2]) await net.status(index, status => status.pendingRecords === 0)
  })
})

describe('fetches', () => {
  it('with absurd parameters are answered by little or refused', async () => {
    const setting = await setUp()
    const { evil, honest, decide } = setting
    const height = await decide()
    await setting.net.reach(height)
    const most = Number.MAX_SAFE_INTEGER
    const of = honest[0]!
    expect(await evil.ask(of, { type: 'range', fromHeight: most, maxBlocks: 1_024 })).toMatchObject({ blocks: [] })
    expect(await evil.ask(of, { type: 'range', fromHeight: 0, maxBlocks: 1 })).toMatchObject({ type: 'range' })
    expect(await evil.ask(of, { type: 'certificates', view: most })).toMatchObject({ certificates: [] })
    expect(await evil.ask(of, { type: 'heldVotes', validator: 127 })).toMatchObject({ held: undefined })
    expect(await evil.ask(of, { type: 'block', digest: 'ab'.repeat(32) })).toMatchObject({ block: undefined })
    const unknown = Array.from({ length: limits.fetchRecords }, (_, index) => sha256Hex(noise(8, index)))
    expect(await evil.ask(of, { type: 'records', digests: unknown })).toMatchObject({ records: [] })
    await Promise.all(
      Array.from({ length: 200 }, () => evil.ask(of, { type: 'range', fromHeight: 1, maxBlocks: 1_024 })),
    )
    const tooMany = encodeFetchRequest({ type: 'records', digests: [...unknown, ...unknown] })
    for (const bytes of [tooMany, noise(50), new Uint8Array(0), noise(60_000)])
      await expect(evil.ask(of, bytes)).rejects.toBeInstanceOf(Error)
    await decide()
    await evil.provokeRaw(honest[1]!, 'fetch', noise(2_000))
    await evil.provokeRaw(honest[1]!, 'fetch', Uint8Array.of(0, 0, 0, 5, 0, 0, 0, 1, 1))
    await decide()
  })

  it('of a node that starts or is behind are answered with lies of every kind, and it comes up all the same', async () => {
    const setting = await setUp()
    const { evil, decide, net, honest } = setting
    for (let count = 0; count < 5; count++) await decide()
    const { certificate } = await tipOf(setting)
    const real = await evil.ask(honest[0]!, { type: 'range', fromHeight: 1, maxBlocks: 1_024 })
    if (real.type !== 'range') throw new Error('another answer than asked for')
    const [first] = real.blocks
    const falseVote = evil.vote({ kind: 'notarize', view: 1, digest: 'ab'.repeat(32), outcome: 'cd'.repeat(32) })
    const badRecord = Uint8Array.from(first!.records[0]!)
    badRecord[badRecord.length - 1]! ^= 1
    const runs = [
      { ...real, certificate: forged(net.network, certificate, [0, 1, 2]) },
      { ...real, blocks: [{ ...first!, records: [] }, ...real.blocks.slice(1)] },
      { ...real, blocks: [{ ...first!, records: [badRecord] }, ...real.blocks.slice(1)] },
      real,
    ]
    let turn = 0
    const lies = {
      records: () => ({ type: 'records' as const, records: [noise(200)] }),
      block: () => ({ type: 'block' as const, block: first!.block }),
      certificates: () => ({
        type: 'certificates' as const,
        certificates: [forged(net.network, nullifyOf(3), [0, 1, 2])],
      }),
      heldVotes: () => ({
        type: 'heldVotes' as const,
        held: { view: 1, votes: [falseVote.type === 'vote' ? falseVote.bytes : noise(9)], proposal: undefined },
      }),
      range: () => runs[turn++ % runs.length]!,
    }
    evil.answer = request => lies[request.type]()
    for (const index of [0, 1, 2]) await net.stopValidator(index)
    fs.rmSync(net.storeOf(2), { recursive: true })
    await net.start(2)
    // the liar is the only one to ask: it tells of a final block, and serves three lies before the truth
    evil.follow(net.validator(2))
    await until(() => evil.isLinked(net.validator(2)))
    evil.send(net.validator(2), { type: 'certificate', bytes: encodeCertificate(certificate) })
    const last = decodeBlock(real.blocks[real.blocks.length - 1]!.block).header.height
    await net.status(2, at => Number(at.height) >= last)
    expect(turn).toBeGreaterThanOrEqual(runs.length)
    // what it stored is what others can take from it: the record's true signature
    const range = await evil.ask(net.validator(2), { type: 'range', fromHeight: 1, maxBlocks: 1 })
    expect(range.type === 'range' && range.blocks[0]?.records[0]).toEqual(first!.records[0])
    await net.start(0, 1)
    evil.answer = () => 'silence'
    await net.status(2, at => at.state === 'mute')
    await net.stopValidator(2)
  })
})
