// Four validators in one process over real sockets and stores: what clients get of them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SignedRecord } from '../proto/records.ts'
import { until } from './network/testing.ts'
import { events, TestNetwork } from './testing.ts'
import { RawClient } from './testing-peers.ts'
import { alter, Hand, issue } from './testing-records.ts'

let net: TestNetwork
let issuer: Hand
let authority: Hand
let nextId = 1

beforeAll(async () => {
  net = await TestNetwork.create()
  await net.start(0, 1, 2, 3)
  await net.linked(3)
  issuer = new Hand(net, 'bank')
  authority = new Hand(net, 'authority')
})

afterAll(() => net.close())

const verdictsOf = (answer: { transactions: readonly { tokens: readonly { verdict: string }[] }[] }): string[] =>
  answer.transactions.flatMap(({ tokens }) => tokens.map(({ verdict }) => verdict))

const sessions = new Map<string, RawClient>()

/** A raw session with one validator: of a party of which there is no real client. */
async function session(name: 'mallory' | 'mallory-bank', validator: number): Promise<RawClient> {
  const client = sessions.get(`${name}/${validator}`) ?? (await RawClient.open(net, name, net.validator(validator)))
  sessions.set(`${name}/${validator}`, client)
  await until(() => client.session.isUp)
  return client
}

/** Submits without waiting for the answer, so that only this validator knows the record from a client. */
async function hand(client: RawClient, record: SignedRecord): Promise<void> {
  const id = nextId++
  client.send({ id, type: 'submit', record: record.bytes, spread: true, answer: false })
  await until(() => client.frames.some(frame => frame.id === id))
  expect(client.frames.find(frame => frame.id === id)).toMatchObject({ type: 'received', digest: record.digest })
}

interface Shown {
  readonly refusal?: string
  readonly height: number
  readonly proof: { readonly recordLeaf: string }
}

/** How every validator shows a record once all have decided it. */
async function shownByAll(record: SignedRecord): Promise<Shown[]> {
  return Promise.all(
    [0, 1, 2, 3].map(async index => {
      // The status comes first, so a record that is decided already is seen at once.
      for await (const _event of events(net.validator(index).http)) {
        const shown = await net.get<Shown>(index, `/records/${record.digest}`)
        if ('height' in shown) return shown
      }
      throw new Error(`v${index} ended first`)
    }),
  )
}

describe('records', () => {
  it('are decided alike by all, with answers that clients verify', async () => {
    const bank = await net.client('bank')
    const auditor = await net.client('auditor')
    const collector = new Hand(net, 'auditor')
    const { signed, tokens } = issuer.publication(6, 'ann')
    expect((await bank.submit(signed)).verdict.refusal).toBeUndefined()
    const first = await auditor.submit(collector.block('ann', [tokens.slice(0, 2), tokens.slice(2, 3)]))
    expect(verdictsOf(first)).toEqual(['11', '11', '11'])
    const second = await auditor.submit(
      collector.block('ann', [[...tokens.slice(2, 4), alter(net.network, tokens[4]!)]]),
    )
    expect(verdictsOf(second)).toEqual(['10', '11', '01'])
    await net.reach(second.height)
    expect(new Set(net.running().map(validator => validator.status().stateRoot)).size).toBe(1)
    const shown = await shownByAll(signed)
    expect(new Set(shown.map(({ proof }) => proof.recordLeaf)).size).toBe(1)
  })

  it('that are repeated get the answer that is stored', async () => {
    const bank = await net.client('bank')
    const { signed } = issuer.publication(1, 'bob')
    const first = await bank.submit(signed)
    const again = await bank.submit(signed)
    expect(again.answer.recordLeaf).toEqual(first.answer.recordLeaf)
    expect(again.height).toBe(first.height)
    const raw = await session('mallory-bank', 1)
    raw.send({ id: 99, type: 'submit', record: signed.bytes, spread: true, answer: true })
    await until(() => raw.of('answer').length > 0)
    expect(raw.of('answer')[0]?.answer.recordLeaf).toEqual(first.answer.recordLeaf)
    expect((await bank.lookUp(signed.digest))?.answer.recordLeaf).toEqual(first.answer.recordLeaf)
  })

  it('numbered ahead wait for their predecessor, whichever validator got it', async () => {
    const collector = new Hand(net, 'auditor')
    const { signed, tokens } = issuer.publication(3, 'cid')
    await (await net.client('bank')).submit(signed)
    const blocks = tokens.map(token => collector.block('cid', [[token]]))
    const last = await session('mallory', 0)
    await hand(last, blocks[2]!)
    await hand(last, blocks[1]!)
    const { height } = net.validator(3).status()
    await hand(await session('mallory', 3), blocks[0]!)
    const shown = await Promise.all(blocks.map(shownByAll))
    const heights = shown.map(([at]) => at!.height)
    expect(heights).toEqual([...heights].sort((a, b) => a - b))
    expect(heights[0]).toBeGreaterThan(Number(height))
    for (const at of shown) expect(new Set(at.map(({ proof }) => proof.recordLeaf)).size).toBe(1)
  })

  it('that follow a refused one are refused with it, a whole chain in few blocks', async () => {
    const { tokens } = new Hand(net, 'bank').publication(1, 'dan')
    const collector = new Hand(net, 'auditor')
    const chain: SignedRecord[] = []
    for (let number = 1; number <= 12; number++) {
      const previous = chain[number - 2]?.digest ?? 'ab'.repeat(32)
      chain.push(collector.block('dan', [[tokens[0]!]], { number, previous }))
    }
    const client = await session('mallory', 1)
    const before = Number(net.validator(1).status().height)
    for (const record of [...chain].reverse()) await hand(client, record)
    for (const record of chain)
      for (const { refusal } of await shownByAll(record)) expect(refusal).toBe('previous_mismatch')
    expect(Number(net.validator(1).status().height) - before).toBeLessThan(9)
  })

  it('that wait for what never comes make no view spin', async () => {
    const { tokens } = new Hand(net, 'bank').publication(2, 'eve')
    const collector = new Hand(net, 'auditor')
    const client = await session('mallory', 2)
    await hand(client, collector.block('eve', [[tokens[1]!]], { number: 2, previous: 'cd'.repeat(32) }))
    const refused = collector.block('eve', [[tokens[0]!]], { number: 1, previous: 'ab'.repeat(32) })
    await hand(client, refused)
    await shownByAll(refused)
    const before = Number(net.validator(2).status().height)
    const bank = await net.client('bank')
    for (let count = 0; count < 8; count++)
      await bank.submit(new Hand(net, 'bank').publication(1, 'x', used(count)).signed)
    // eight records, eight blocks; a spinning network makes one every few milliseconds
    expect(Number(net.validator(2).status().height) - before).toBeLessThanOrEqual(10)
    expect((await net.status(2, status => status.pendingRecords === 1)).state).toBe('voting')
  })

  it('under one number are evidence against their signer', async () => {
    const client = await session('mallory-bank', 0)
    const mallory = new Hand(net, 'mallory-bank')
    const first = mallory.publication(1, 'ann', { number: 1 }).signed
    const second = mallory.publication(2, 'ann', { number: 1 }).signed
    await hand(client, first)
    await shownByAll(first)
    await hand(client, second)
    for (const { refusal } of await shownByAll(second)) expect(refusal).toBe('number_used')
    for (const index of [0, 1, 2, 3]) {
      const evidence = await net.get<Record<string, unknown>[]>(index, '/evidence')
      expect(evidence).toContainEqual(
        expect.objectContaining({
          type: 'number_reuse',
          guilty: mallory.fingerprint,
          first: first.digest,
          second: second.digest,
        }),
      )
    }
  })
})

/** A place in the stream that is used already, so that each record is decided at once by a refusal. */
const used = (count: number) => ({ number: 1, previous: `${count}`.repeat(64) })

describe('members', () => {
  it('may connect once a record admits them, and no longer once they end or are revoked', async () => {
    const control = await net.client('authority')
    const carol = await issue(net, 'carol', 'auditor')
    const bank = await net.client('bank')
    const coming = net.client('carol', 4, carol.facts.fingerprint)
    let isThere = false
    const arrived = coming.then(client => {
      isThere = true
      return client
    })
    await bank.submit(issuer.publication(1, 'ann').signed)
    expect(isThere).toBe(false)
    expect((await control.submit(authority.membership('admit', carol))).verdict.refusal).toBeUndefined()
    const client = await arrived
    const carols = new Hand(net, 'carol', carol.facts.fingerprint)
    const { signed, tokens } = issuer.publication(2, 'fay')
    await bank.submit(signed)
    expect(verdictsOf(await client.submit(carols.block('fay', [[tokens[0]!]])))).toEqual(['11'])
    await control.submit(authority.membership('end', carol))
    await until(() => client.connections().every(({ connected }) => !connected))
    const late = carols.block('fay', [[tokens[1]!]])
    expect((await (await net.client('auditor')).submit(late)).verdict.refusal).toBe('certificate_dead')
  })

  it('of a revoked certificate are refused by all from the same height on', async () => {
    const control = await net.client('authority')
    const mallory = new Hand(net, 'mallory')
    const victim = await session('mallory', 1)
    const { signed, tokens } = issuer.publication(2, 'gil')
    await (await net.client('bank')).submit(signed)
    const block = mallory.block('gil', [[tokens[0]!]])
    await hand(victim, block)
    for (const { refusal } of await shownByAll(block)) expect(refusal).toBeUndefined()
    // numbered ahead when the certificate dies: decided then, by a refusal
    const ahead = mallory.block('gil', [[tokens[1]!]], { number: 7, previous: 'ef'.repeat(32) })
    await hand(victim, ahead)
    const revoked = await control.submit(authority.revocation(mallory.fingerprint))
    await until(() => !victim.session.isUp)
    const later = mallory.block('gil', [[tokens[1]!]])
    await (await net.client('auditor')).submit(later)
    for (const record of [ahead, later]) {
      const shown = await shownByAll(record)
      expect(new Set(shown.map(({ height }) => height)).size).toBe(1)
      for (const { refusal, height } of shown) {
        expect(refusal).toBe('certificate_dead')
        expect(height).toBeGreaterThan(revoked.height)
      }
    }
  })

  it('that nothing names cannot connect', async () => {
    const stranger = await RawClient.open(net, 'nobody', net.validator(0))
    await (await net.client('bank')).submit(issuer.publication(1, 'ann').signed)
    expect(stranger.ups).toBe(0)
  })
})
