import { Socket } from 'node:net'
import { describe, expect, it, vi } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { encodeFrames } from './frames.ts'
import type { Host, PeerRole } from './host.ts'
import { createLinks, type Links, type LinksOptions } from './links.ts'
import { createRedialer } from './redial.ts'
import {
  admit,
  createTestHost,
  numbered,
  numberOf,
  peerIdOf,
  seedOf,
  stopAfter,
  type TestHost,
  until,
  validators,
} from './testing.ts'

interface Node extends TestHost {
  links: Links
  received: { from: string; frame: Uint8Array }[]
  ups: string[]
  downs: string[]
}

async function createNode(
  number: number,
  admitted: Map<string, PeerRole>,
  options: { links?: Partial<LinksOptions>; listen?: string[]; networkTag?: string } = {},
): Promise<Node> {
  const { links: linkOptions, ...hostOptions } = options
  const { host, events } = await createTestHost(number, admitted, hostOptions)
  const received: Node['received'] = []
  const ups: string[] = []
  const downs: string[] = []
  const links = await createLinks({
    host,
    random: () => 0.5,
    onFrame: (from, frame) => void received.push({ from, frame }),
    onLinkUp: peerId => ups.push(peerId),
    onLinkDown: peerId => downs.push(peerId),
    ...linkOptions,
  })
  stopAfter(() => links.stop())
  await host.start()
  return { host, events, links, received, ups, downs }
}

function keepConnected(host: Host, ...others: Host[]): void {
  const peers = others.map(other => ({ peerId: other.peerId, multiaddrs: other.multiaddrs() }))
  const redialer = createRedialer({ host, peers, isMutual: true, random: () => 0.5 })
  stopAfter(() => redialer.stop())
}

async function pair(options: Parameters<typeof createNode>[2] = {}): Promise<[Node, Node]> {
  const admitted = validators(2)
  const a = await createNode(1, admitted)
  const b = await createNode(2, admitted, options)
  keepConnected(a.host, b.host)
  keepConnected(b.host, a.host)
  await until(() => a.links.linkedPeers().length === 1 && b.links.linkedPeers().length === 1)
  return [a, b]
}

describe('links', () => {
  it('carry 10,000 frames each way, whole and in order', async () => {
    const [a, b] = await pair()
    for (let number = 0; number < 10_000; number += 1) {
      expect(a.links.send(b.host.peerId, numbered(number, 4 + (number % 700)))).toBe(true)
      expect(b.links.send(a.host.peerId, numbered(number))).toBe(true)
    }
    await until(() => a.received.length >= 10_000 && b.received.length >= 10_000)
    expect(
      b.received.every(({ frame }, index) => numberOf(frame) === index && frame.byteLength === 4 + (index % 700)),
    ).toBe(true)
    expect(a.received.every(({ frame, from }, index) => numberOf(frame) === index && from === b.host.peerId)).toBe(true)
    expect(a.received).toHaveLength(10_000)
  })

  it('take one system call for a message, and none to say that it came', async () => {
    const [a, b] = await pair()
    const write = vi.spyOn(Socket.prototype, 'write')
    try {
      for (let i = 0; i < 200; i++) {
        a.links.send(b.host.peerId, numbered(i, 300))
        await until(() => b.received.length === i + 1)
      }
      // the hosts share this process: a few writes are housekeeping of the connection
      expect(write.mock.calls.length).toBeLessThan(220)
    } finally {
      write.mockRestore()
    }
  })

  it('carry the largest frame, and one larger is a bug of the sender', async () => {
    const [a, b] = await pair()
    const largest = new Uint8Array(2 * 1024 * 1024).fill(7)
    a.links.send(b.host.peerId, largest)
    await until(() => b.received.length === 1)
    expect(Buffer.compare(b.received[0]!.frame, largest)).toBe(0)
    expect(() => a.links.send(b.host.peerId, new Uint8Array(2 * 1024 * 1024 + 1))).toThrow(MupibError)
  })

  it('broadcast to every validator of a network of 5', async () => {
    const admitted = validators(5)
    const nodes: Node[] = []
    for (const number of [1, 2, 3, 4, 5]) nodes.push(await createNode(number, admitted))
    for (const node of nodes) keepConnected(node.host, ...nodes.map(other => other.host))
    await until(() => nodes.every(node => node.links.linkedPeers().length === 4))
    for (const node of nodes) expect(node.links.broadcast(Uint8Array.of(1))).toBe(4)
    await until(() => nodes.every(node => node.received.length === 4))
    for (const node of nodes) expect(new Set(node.received.map(({ from }) => from)).size).toBe(4)
  })

  it('come back when a node restarts with the same key on the same port', async () => {
    const [a, b] = await pair()
    const listen = b.host.multiaddrs().map(address => address.split('/p2p/')[0]!)
    let last = b
    for (let round = 1; round <= 3; round += 1) {
      await last.links.stop()
      await last.host.stop()
      await until(() => a.downs.length === round)
      expect(a.links.send(b.host.peerId, Uint8Array.of(1))).toBe(false)
      const restarted = await createNode(2, validators(2), { listen })
      await until(() => a.ups.length === round + 1)
      a.links.send(b.host.peerId, numbered(round))
      await until(() => restarted.received.some(({ frame }) => numberOf(frame) === round))
      await until(() => restarted.links.linkedPeers().length === 1)
      last = restarted
    }
  })

  it('are not had by peers that are not admitted, by other networks, or by clients', async () => {
    const admitted = admit({ 1: 'validator', 2: 'validator', 3: 'bank', 5: 'validator' })
    const a = await createNode(1, admitted)
    const otherNetwork = await createNode(2, admitted, { networkTag: 'ffff0000' })
    const bank = await createNode(3, admitted)
    const stranger = await createNode(4, validators(9))
    const good = await createNode(5, admitted)
    for (const node of [otherNetwork, bank, stranger]) {
      await node.host
        .dial(a.host.peerId, a.host.multiaddrs())
        .catch((error: MupibError) => expect(error.code).toBe('unreachable'))
    }
    await good.host.dial(a.host.peerId, a.host.multiaddrs())
    await until(() => good.links.linkedPeers().length === 1 && a.links.linkedPeers().length === 1)
    // the bank is connected, asks for a link and pays for it
    await until(() => a.events.some(event => event.kind === 'peer_penalized' && event.peerId === peerIdOf(3)))
    expect(a.links.linkedPeers()).toEqual([good.host.peerId])
    expect(a.host.connectedPeers()).not.toContain(peerIdOf(4))
    expect(a.host.connectedPeers()).not.toContain(peerIdOf(2))
    expect(a.events).toContainEqual({ kind: 'peer_refused', peerId: peerIdOf(4) })
  })

  it('end for a peer whose admission ends, and its streams with them', async () => {
    const admitted = validators(2)
    const a = await createNode(1, admitted)
    const b = await createNode(2, validators(2))
    keepConnected(b.host, a.host)
    await until(() => b.links.linkedPeers().length === 1)
    admitted.delete(b.host.peerId)
    a.host.dropPeer(b.host.peerId, 'membership ended')
    await until(() => b.downs.length === 1 && a.host.connectedPeers().length === 0)
    await until(() => a.events.some(event => event.kind === 'peer_refused'))
    expect(a.host.connectedPeers()).toEqual([])
  })

  it('are cut when the peer reads too slowly, with bounded memory, and come back', async () => {
    let release = (): void => {}
    const stuck = new Promise<void>(resolve => {
      release = resolve
    })
    const [a, b] = await pair({ links: { onFrame: () => stuck } })
    const frame = new Uint8Array(256 * 1024)
    let sent = 0
    let buffered = 0
    while (a.downs.length === 0 && sent < 1_000) {
      a.links.send(b.host.peerId, frame)
      buffered = Math.max(buffered, a.links.bufferedBytes(b.host.peerId))
      sent += 1
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(a.downs).toEqual([b.host.peerId])
    expect(a.links.overflows()).toBe(1)
    // what the queue, the window and the handlers hold; far from the 1,000 frames offered
    expect(buffered).toBeLessThanOrEqual(16 * 1024 * 1024)
    release()
    await until(() => a.ups.length === 2)
    expect(a.links.send(b.host.peerId, Uint8Array.of(1))).toBe(true)
  })
})

describe('bad bytes on a link', () => {
  const length = (byteLength: number): Uint8Array => {
    const bytes = new Uint8Array(4)
    new DataView(bytes.buffer).setUint32(0, byteLength)
    return bytes
  }

  /** A validator that writes raw bytes on a link protocol stream. */
  async function attack(bytes: Uint8Array, isClosedAfter: boolean): Promise<{ victim: Node; attacker: TestHost }> {
    const admitted = validators(2)
    const victim = await createNode(1, admitted)
    const attacker = await createTestHost(2, admitted, { privateKey: seedOf(2) })
    await attacker.host.start()
    await attacker.host.dial(victim.host.peerId, victim.host.multiaddrs())
    const stream = await attacker.host.openStream(victim.host.peerId, victim.host.protocol('link'))
    stream.send(bytes)
    if (isClosedAfter) await stream.close()
    else await until(() => stream.status !== 'open')
    return { victim, attacker }
  }

  it.each([
    ['an oversized frame', length(2 ** 31), false, 'link_too_large'],
    ['an empty frame', length(0), false, 'link_malformed'],
    ['garbage', new Uint8Array(1_000).fill(0xa5), false, 'link_too_large'],
    ['a truncated frame', Uint8Array.of(...length(100), 1, 2, 3), true, 'link_truncated'],
  ])(
    '%s costs the sender points and its stream, and nothing is delivered',
    async (_name, bytes, isClosedAfter, reason) => {
      const { victim } = await attack(bytes, isClosedAfter)
      await until(() => victim.events.some(event => event.reason === reason))
      expect(victim.received).toEqual([])
      expect(victim.host.score.points(peerIdOf(2))).toBeGreaterThan(0)
    },
  )

  it('repeated, they disconnect the sender for a while', async () => {
    const { victim, attacker } = await attack(length(0), false)
    const send = async (): Promise<void> => {
      const stream = await attacker.host.openStream(victim.host.peerId, victim.host.protocol('link'))
      stream.send(encodeFrames([new Uint8Array(0)], 0))
      await until(() => stream.status !== 'open')
    }
    while (victim.host.isConnected(peerIdOf(2))) await send().catch(() => {})
    await until(() => !victim.host.isConnected(peerIdOf(2)))
    expect(victim.host.roleOf(peerIdOf(2))).toBeUndefined()
    expect(victim.host.score.counts().disconnects).toBe(1)
  })

  it('a handler that throws costs the sender its stream, not the node its life', async () => {
    const [a, b] = await pair({
      links: {
        onFrame() {
          throw new MupibError('malformed', 'not a message')
        },
      },
    })
    a.links.send(b.host.peerId, Uint8Array.of(9))
    await until(() => b.events.some(event => event.reason === 'link_handler'))
    await until(() => a.ups.length === 2)
  })
})
