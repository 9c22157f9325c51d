// What a bank or an auditor can do with its key: frames and records that are wrong in every way, and floods of right ones. It gets errors, or
// is cut off; what validators keep for it is bounded; and others are served.
import { afterEach, describe, expect, it } from 'vitest'
import { limits } from '../proto/limits.ts'
import { encodeClientFrame } from '../proto/wire/codec.ts'
import { networkLimits } from './network/limits.ts'
import { until } from './network/testing.ts'
import { TestNetwork } from './testing.ts'
import { RawClient } from './testing-peers.ts'
import { Hand } from './testing-records.ts'

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

/** One validator decides alone: what it does for its clients is the same. */
async function setUp() {
  const net = await TestNetwork.create({ validators: 1 })
  nets.push(net)
  await net.start(0)
  const validator = net.validator(0)
  const bank = await net.client('bank')
  const issuer = new Hand(net, 'bank')
  const decide = async (): Promise<void> => {
    expect((await bank.submit(issuer.publication(1, 'ann').signed)).verdict.refusal).toBeUndefined()
  }
  const open = async (name: string): Promise<RawClient> => {
    const client = await RawClient.open(net, name, validator)
    await until(() => client.session.isUp)
    return client
  }
  return { net, validator, bank, issuer, decide, open }
}

const noise = (length: number): Uint8Array => Uint8Array.from({ length }, (_, index) => (index * 97 + 31) & 0xff)

describe('frames', () => {
  it('that are garbage, cut short, too long or empty end the session, and in the end the connection', async () => {
    const { net, validator, decide, open } = await setUp()
    const client = await open('mallory')
    const good = encodeClientFrame({ id: 1, type: 'queryStatus' })
    const frames = [noise(50), good.subarray(0, -1), Uint8Array.of(...good, 0), new Uint8Array([8, 1])]
    for (const frame of frames) {
      await until(() => client.session.isUp)
      const before = client.downs
      client.session.send(frame)
      await until(() => client.downs > before)
    }
    const other = await open('mallory-bank')
    const before = other.downs
    other.session.send(noise(networkLimits.sessionFrameBytes + 1))
    await until(() => other.downs > before)
    while (client.host.isConnected(validator.peerId)) {
      client.session.send(noise(20))
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(net.validator(0).status().state).toBe('voting')
    await decide()
  })
})

describe('requests', () => {
  it('that no honest client makes are answered with an error, and cost points until the client is cut off', async () => {
    const { net, validator, decide, open } = await setUp()
    const client = await open('mallory')
    const auditor = new Hand(net, 'mallory')
    const { tokens, signed } = new Hand(net, 'mallory-bank').publication(1, 'ann')
    const block = auditor.block('ann', [tokens])
    const unsigned = Uint8Array.from(block.bytes)
    unsigned.fill(0, -64)
    const foreign = auditor.block('ann', [tokens], { network: 'ab'.repeat(32) })
    const unknown = auditor.block('ann', [tokens], { signer: 'ab'.repeat(32) })
    const submit = (record: Uint8Array) => ({ type: 'submit' as const, record, spread: true, answer: true })
    const digest = 'ab'.repeat(32)
    const asked = [
      [submit(signed.bytes), 'wrong_role'],
      [submit(unsigned), 'bad_signature'],
      [submit(foreign.bytes), 'wrong_network'],
      [submit(unknown.bytes), 'unknown_signer'],
      [submit(noise(500)), 'unknown_kind'],
      [submit(block.bytes.subarray(0, -65)), 'malformed'],
      [submit(noise(10)), 'malformed'],
      [{ type: 'received' as const, digest, state: 'held' as const }, 'malformed'],
      [{ type: 'streamHead' as const, number: 1, digest }, 'malformed'],
      [
        { type: 'queryStream' as const, kind: 'publication' as const, signer: digest, user: undefined },
        'unknown_signer',
      ],
      [
        { type: 'queryStream' as const, kind: 'tokenBlock' as const, signer: auditor.fingerprint, user: undefined },
        'unknown_signer',
      ],
    ] as const
    for (const [id, [message]] of asked.entries()) client.send({ id: id + 1, ...message })
    await until(() => client.of('error').length === asked.length)
    const codes = new Map(client.of('error').map(({ id, code }) => [id, code]))
    expect(asked.map((_, id) => codes.get(id + 1))).toEqual(asked.map(([, code]) => code))
    expect(client.host.isConnected(validator.peerId)).toBe(true)
    expect(validator.status().pendingRecords).toBe(0)
    while (client.host.isConnected(validator.peerId)) {
      client.send({ id: 99, ...submit(unsigned) })
      await new Promise(resolve => setImmediate(resolve))
    }
    await decide()
  })

  it('to follow, or to wait for a record, are bounded in number', async () => {
    const { net, decide, open } = await setUp()
    const client = await open('mallory')
    for (let id = 1; id <= 2_000; id++) client.send({ id, type: 'follow', fromHeight: 1, kinds: ['publication'] })
    await until(() => client.of('error').length === 2_000 - networkLimits.sessionFollows)
    expect(new Set(client.of('error').map(({ code }) => code))).toEqual(new Set(['rate_limited']))
    await decide()
    await until(() => client.of('answer').length === networkLimits.sessionFollows)
    for (let id = 1; id <= networkLimits.sessionFollows; id++) client.send({ id, type: 'cancel' })
    client.frames.length = 0
    const { tokens } = new Hand(net, 'mallory-bank').publication(1, 'ann')
    const ahead = new Hand(net, 'mallory').block('ann', [tokens], { number: 2, previous: 'ab'.repeat(32) })
    const waits = networkLimits.sessionWaits + 500
    for (let id = 1; id <= waits; id++)
      client.send({ id: id + 10_000, type: 'submit', record: ahead.bytes, spread: true, answer: true })
    await until(() => client.of('error').length === 500)
    // it is held, and not decided
    client.send({ id: 1, type: 'fetchRecord', digest: ahead.digest })
    await until(() => client.of('record').length === 1)
    expect(client.of('record')[0]?.record).toBeUndefined()
    await decide()
    await client.close()
    await decide()
  })

  it('from one who never reads are not answered without end, and a following goes on where it stopped', async () => {
    const { net, validator, bank, decide, open } = await setUp()
    const client = await open('mallory')
    const { tokens, signed } = new Hand(net, 'mallory-bank').publication(2_000, 'ann')
    const issuer = await open('mallory-bank')
    const collector = new Hand(net, 'mallory')
    issuer.send({ id: 1, type: 'submit', record: signed.bytes, spread: true, answer: true })
    const block = collector.block(
      'ann',
      tokens.map(token => [token]),
    )
    client.send({ id: 1, type: 'submit', record: block.bytes, spread: true, answer: true })
    await until(() => client.of('answer').length === 1)
    client.send({ id: 1, type: 'fetchRecord', digest: block.digest })
    await until(() => client.of('record').length === 1)
    expect(client.of('record')[0]?.record).toEqual(block.bytes)
    client.stopReading()
    const before = process.memoryUsage().rss
    // the bytes of the record are as many as those of the answer
    for (let id = 2; id < 4_002; id++)
      client.send({ id, type: id % 2 === 0 ? 'queryRecord' : 'fetchRecord', digest: block.digest })
    for (let id = 10_000; id < 10_010; id++) client.send({ id, type: 'follow', fromHeight: 1, kinds: ['tokenBlock'] })
    for (let count = 0; count < 10; count++) await decide()
    // four thousand answers of some 300 KB are over a gigabyte
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024)
    expect(Number(validator.status().sessions)).toBeGreaterThanOrEqual(2)
    client.read()
    const follower = await open('mallory')
    follower.send({ id: 7, type: 'follow', fromHeight: 1, kinds: ['tokenBlock'] })
    await until(() => follower.of('answer').length === 1)
    expect(follower.of('answer')[0]?.answer.transactionLeaves.length).toBe(2_000)
    // and another client is served all of it
    expect(await bank.height()).toBe(Number(validator.status().height))
    expect(await bank.recordBytes(block.digest)).toEqual(block.bytes)
    const seen: string[] = []
    for await (const { height, answers } of bank.follow(1, ['tokenBlock'], AbortSignal.timeout(10_000))) {
      seen.push(...answers.map(({ digest }) => digest))
      if (height === Number(validator.status().height)) break
    }
    expect(seen).toEqual([block.digest])
  })
})

describe('records', () => {
  it('in a flood fill the quota of their signer, and nobody else waits for it', async () => {
    const { net, validator, decide, open } = await setUp()
    // four sessions of one client, which share its quota
    const clients = await Promise.all([1, 2, 3, 4].map(() => open('mallory')))
    const hand = new Hand(net, 'mallory')
    const { tokens } = new Hand(net, 'mallory-bank').publication(1, 'ann')
    const count = limits.poolRecordsPerClient + 50
    // ahead of a record that never comes: each is held, none is work
    const template = hand.block('ann', [tokens], { number: 2, previous: 'ab'.repeat(32) }).record
    for (let number = 2; number < count + 2; number++) {
      const record = hand.sign(template, { number, previous: 'ab'.repeat(32) })
      clients[number % 4]!.send({ id: number, type: 'submit', record: record.bytes, spread: true, answer: false })
    }
    const answers = (): number => clients.reduce((sum, { frames }) => sum + frames.length, 0)
    await until(() => answers() === count, 40_000)
    const errors = clients.flatMap(client => client.of('error'))
    expect(errors.map(({ code }) => code)).toEqual(Array(50).fill('rate_limited'))
    expect(validator.status().pendingRecords).toBe(limits.poolRecordsPerClient)
    const height = Number(validator.status().height)
    for (let turn = 0; turn < 5; turn++) await decide()
    expect(Number(validator.status().height)).toBe(height + 5)
  })
})
