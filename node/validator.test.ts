// Validators in one process over real sockets and stores: what clients get, and what restarts and lost stores come to.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { until } from './network/testing.ts'
import { Hand, RawClient, TestNetwork } from './testing.ts'

describe('four validators', () => {
  let net: TestNetwork
  let issuer: Hand

  beforeAll(async () => {
    net = await TestNetwork.create()
    await net.start(0, 1, 2, 3)
    await net.linked(3)
    issuer = new Hand(net, 'bank')
  })

  afterAll(() => net.close())

  it('decide publications and token blocks alike, and clients verify the answers', async () => {
    const bank = await net.client('bank')
    const auditor = await net.client('auditor')
    const collector = new Hand(net, 'auditor')
    const { signed, tokens } = issuer.publication(6, 'ann')
    const published = await bank.submit(signed)
    expect(published.verdict.refusal).toBeUndefined()
    const spent = await auditor.submit(collector.block('ann', [tokens.slice(0, 2), tokens.slice(2, 3)]))
    expect(spent.transactions.flatMap(({ tokens }) => tokens.map(({ verdict }) => verdict))).toEqual(['11', '11', '11'])
    const again = await auditor.submit(collector.block('ann', [tokens.slice(2, 4)]))
    expect(again.transactions.flatMap(({ tokens }) => tokens.map(({ verdict }) => verdict))).toEqual(['10', '11'])
    await net.reach(again.height)
    const roots = new Set(net.running().map(validator => validator.status().stateRoot))
    expect(roots.size).toBe(1)
    const stored = await auditor.lookUp(again.digest)
    expect(stored?.answer.recordLeaf).toEqual(again.answer.recordLeaf)
  })

  it('do not spin for a record whose predecessor was refused and another than the one it names', async () => {
    const client = await RawClient.open(net, 'mallory', net.validator(0))
    await until(() => client.session.isUp)
    const mallory = new Hand(net, 'mallory')
    const { tokens } = new Hand(net, 'mallory-bank').publication(3, 'eve')
    const wrong = mallory.block('eve', [tokens.slice(0, 1)], { number: 1, previous: 'ab'.repeat(32) })
    const next = mallory.block('eve', [tokens.slice(1, 2)], { number: 2, previous: 'cd'.repeat(32) })
    client.send({ id: 1, type: 'submit', record: next.bytes, spread: false, answer: true })
    client.send({ id: 2, type: 'submit', record: wrong.bytes, spread: false, answer: true })
    await until(() => client.of('answer').length > 0)
    const { height } = net.validator(0).status()
    const bank = await net.client('bank')
    for (let i = 0; i < 3; i++) await bank.submit(issuer.publication(1, 'ann').signed)
    console.log(height, net.validator(0).status())
  })
})
