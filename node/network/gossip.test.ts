import { describe, expect, it } from 'vitest'
import { createGossip, type Gossip } from './gossip.ts'
import type { PeerRole } from './host.ts'
import { createRedialer } from './redial.ts'
import {
  admit,
  createTestHost,
  numbered,
  numberOf,
  peerIdOf,
  stopAfter,
  type TestHost,
  until,
  validators,
} from './testing.ts'

interface Node extends TestHost {
  gossip: Gossip
  received: { topic: string; from: string; bytes: Uint8Array }[]
}

async function createNode(
  number: number,
  admitted: Map<string, PeerRole>,
  networkTag = 'abcd1234',
  skipBytes?: number,
): Promise<Node> {
  const { host, events } = await createTestHost(number, admitted, { networkTag })
  const received: Node['received'] = []
  const gossip = await createGossip({
    host,
    topics: ['publications', 'blocks'],
    onMessage: (topic, from, bytes) => received.push({ topic, from, bytes }),
    ...(skipBytes === undefined ? {} : { skipBytes }),
  })
  stopAfter(() => gossip.stop())
  await host.start()
  await gossip.start()
  return { host, events, gossip, received }
}

function connect(nodes: Node[], newcomer: Node): void {
  for (const node of nodes) {
    if (node === newcomer) continue
    const redialer = createRedialer({
      host: newcomer.host,
      peers: [{ peerId: node.host.peerId, multiaddrs: node.host.multiaddrs() }],
      isMutual: false,
      random: Math.random,
    })
    stopAfter(() => redialer.stop())
  }
}

async function network(count: number): Promise<Node[]> {
  const nodes: Node[] = []
  for (let number = 1; number <= count; number += 1) {
    const node = await createNode(number, validators(count + 1))
    connect(nodes, node)
    nodes.push(node)
  }
  await until(() => nodes.every(node => node.gossip.subscribers('blocks').length === count - 1))
  return nodes
}

describe('gossip', () => {
  it('reaches everybody on one address, a late joiner included, and survives a burst of 2,000', async () => {
    const nodes = await network(4)
    const late = await createNode(5, validators(5))
    connect(nodes, late)
    nodes.push(late)
    await until(() => nodes.every(node => node.gossip.subscribers('blocks').length === 4))
    const [first] = nodes
    // meshes form with the heartbeat: publish until the late one has heard something
    await until(() => {
      first!.gossip.publish('blocks', crypto.getRandomValues(new Uint8Array(32)))
      return late.received.length > 0
    })
    for (const node of nodes) node.received.length = 0
    for (let number = 0; number < 2_000; number += 1) {
      first!.gossip.publish('publications', numbered(number, 1_000))
      if (number % 100 === 99) await new Promise(resolve => setImmediate(resolve))
    }
    const heard = (node: Node): number =>
      new Set(node.received.filter(({ topic }) => topic === 'publications').map(({ bytes }) => numberOf(bytes))).size
    await until(() => nodes.slice(1).every(node => heard(node) >= 1_000))
    // some may be lost (nothing depends on it), none may come twice
    for (const node of nodes.slice(1)) {
      expect(node.received.filter(({ topic }) => topic === 'publications')).toHaveLength(heard(node))
    }
  }, 60_000)

  it('delivers what the validator of the topic accepts, and rejects cost the sender', async () => {
    const [a, b] = (await network(2)) as [Node, Node]
    b.gossip.setValidator('blocks', (_peerId, bytes) =>
      bytes[0] === 1 ? 'accept' : bytes[0] === 2 ? 'ignore' : 'reject',
    )
    b.gossip.setValidator('publications', async () => {
      throw new Error('a bug of ours')
    })
    await until(() => {
      a.gossip.publish('blocks', Uint8Array.of(1, ...crypto.getRandomValues(new Uint8Array(8))))
      return b.received.length > 0
    })
    a.gossip.publish('blocks', Uint8Array.of(2))
    a.gossip.publish('blocks', Uint8Array.of(3))
    a.gossip.publish('publications', Uint8Array.of(4))
    await until(() => b.gossip.counts().ignored === 2 && b.gossip.counts().rejected === 1)
    expect(b.received.every(({ topic, bytes }) => topic === 'blocks' && bytes[0] === 1)).toBe(true)
    expect(b.host.score.points(a.host.peerId)).toBeGreaterThan(0)
    expect(b.events.some(event => event.kind === 'gossip_validator_failed')).toBe(true)
  })

  it('takes a repeated publication in silence, and skips when too much is queued', async () => {
    const [a, b] = (await network(2)) as [Node, Node]
    await until(() => {
      a.gossip.publish('blocks', crypto.getRandomValues(new Uint8Array(8)))
      return b.received.length > 0
    })
    const before = b.received.length
    for (let count = 0; count < 10; count += 1) expect(a.gossip.publish('blocks', Uint8Array.of(7))).toBe(true)
    a.gossip.publish('blocks', Uint8Array.of(8))
    await until(() => b.received.some(({ bytes }) => bytes.byteLength === 1 && bytes[0] === 8))
    expect(b.received.slice(before).filter(({ bytes }) => bytes.byteLength === 1 && bytes[0] === 7)).toHaveLength(1)

    // in one tick nothing drains: the bound is met, whatever the speed of the peer
    let skipped = 0
    for (let number = 0; number < 60; number += 1) {
      if (!a.gossip.publish('blocks', numbered(number, 1024 * 1024))) skipped += 1
      await Promise.resolve()
    }
    expect(skipped).toBeGreaterThan(0)
    expect(skipped).toBe(a.gossip.counts().skipped)
  })

  it('is not for clients', async () => {
    const admitted = admit({ 1: 'validator', 2: 'bank' })
    const node = await createNode(1, admitted)
    const bank = await createNode(2, admitted)
    await bank.host.dial(node.host.peerId, node.host.multiaddrs())
    await until(() => node.events.some(event => event.kind === 'peer_penalized' && event.peerId === peerIdOf(2)))
    expect(node.gossip.subscribers('blocks')).toEqual([])
  })

  it('outlives garbage and an oversized message on its streams', async () => {
    const [a, b, c] = (await network(3)) as [Node, Node, Node]
    const oversized = Uint8Array.of(0xff, 0xff, 0xff, 0x7f, 1, 2, 3)
    for (const bytes of [new Uint8Array(100_000).fill(0xff), oversized]) {
      const raw = await a.host.connections(b.host.peerId)[0]!.newStream(['/meshsub/1.2.0'])
      raw.send(bytes)
    }
    await until(() => {
      c.gossip.publish('blocks', crypto.getRandomValues(new Uint8Array(16)))
      return b.received.length > 2 && a.received.length > 2
    })
  })

  it('restores a stream that was lost while the connection stands', async () => {
    const [a, b] = (await network(2)) as [Node, Node]
    const heard = async (): Promise<void> => {
      const before = b.received.length
      await until(() => {
        a.gossip.publish('blocks', crypto.getRandomValues(new Uint8Array(16)))
        return b.received.length > before
      })
    }
    await heard()
    const streams = a.host.connections(b.host.peerId).flatMap(connection => connection.streams)
    for (const stream of streams) if (stream.protocol.startsWith('/meshsub/')) stream.abort(new Error('lost'))
    const knowEachOther = (): boolean => [a, b].every(node => node.gossip.subscribers('blocks').length === 1)
    await until(() => !knowEachOther())
    await until(knowEachOther)
    await heard()
    expect(a.events.some(event => event.kind === 'peer_disconnected')).toBe(false)
  }, 30_000)
})
