import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { runScript } from '../testing-scripts.ts'
import { createHost, peerIdFromPublicKey, publicKeyFromPeerId } from './host.ts'
import { createRedialer } from './redial.ts'
import { createTestHost, peerIdOf, seedOf, stopAfter, until, validators } from './testing.ts'

describe('peer ids', () => {
  it('follow from the public key, and give it back', () => {
    const { publicKey } = signingKeyFromSeed(seedOf(1))
    const peerId = peerIdFromPublicKey(publicKey)
    expect(peerId).toMatch(/^12D3KooW/)
    expect(publicKeyFromPeerId(peerId)).toEqual(publicKey)
  })

  it('are refused where they are none, or of another kind of key', () => {
    expect(publicKeyFromPeerId('')).toBeUndefined()
    expect(publicKeyFromPeerId('12D3KooW')).toBeUndefined()
    expect(publicKeyFromPeerId('QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N')).toBeUndefined()
    expect(() => peerIdFromPublicKey(new Uint8Array(33).fill(2))).toThrow()
  })

  it('of a host is that of its key', async () => {
    const { host } = await createTestHost(3, validators(3))
    expect(host.peerId).toBe(peerIdOf(3))
  })
})

describe('a host', () => {
  it('says clearly that its port is taken, or its address is none', async () => {
    const { host } = await createTestHost(1, validators(2))
    await host.start()
    const [address] = host.multiaddrs()
    const second = await createTestHost(2, validators(2), { listen: [address!.split('/p2p/')[0]!] })
    await expect(second.host.start()).rejects.toMatchObject({ code: 'port_taken' })
    const options = { privateKey: seedOf(1), listen: ['127.0.0.1:4001'], networkTag: 'a', isAdmitted: () => undefined }
    await expect(createHost(options)).rejects.toMatchObject({ code: 'bad_config' })
  })

  it('asks for admission live: a peer admitted later gets in without a restart', async () => {
    const admitted = validators(1)
    const a = await createTestHost(1, admitted)
    const b = await createTestHost(2, validators(2))
    await a.host.start()
    await b.host.start()
    const peers = [{ peerId: a.host.peerId, multiaddrs: a.host.multiaddrs() }]
    const redialer = createRedialer({ host: b.host, peers, isMutual: false, random: () => 0.5 })
    stopAfter(() => redialer.stop())
    await until(() => a.events.filter(event => event.kind === 'peer_refused').length >= 2)
    expect(a.host.connectedPeers()).toEqual([])
    admitted.set(b.host.peerId, 'bank')
    await until(() => a.host.isConnected(b.host.peerId) && b.host.isConnected(a.host.peerId))
    expect(a.host.roleOf(b.host.peerId)).toBe('bank')
  })

  it('neither dials whom it does not admit nor stays connected where it is not admitted', async () => {
    const a = await createTestHost(1, validators(2))
    const b = await createTestHost(2, validators(3))
    const c = await createTestHost(3, validators(3))
    for (const { host } of [a, b, c]) await host.start()
    await expect(a.host.dial(c.host.peerId, c.host.multiaddrs())).rejects.toMatchObject({ code: 'unreachable' })
    expect(c.events).toEqual([])
    // the handshake may be over on the side of the dialler before the other one refuses
    await c.host.dial(a.host.peerId, a.host.multiaddrs()).catch(() => {})
    await until(() => !c.host.isConnected(a.host.peerId))
    expect(a.events).toEqual([
      { kind: 'peer_refused', peerId: c.host.peerId },
      { kind: 'peer_refused', peerId: c.host.peerId },
    ])
  })

  it('dials a peer at its new address after a move', async () => {
    const admitted = validators(2)
    const a = await createTestHost(1, admitted)
    const b = await createTestHost(2, admitted)
    await a.host.start()
    await b.host.start()
    const dead = ['/ip4/127.0.0.1/tcp/1']
    const redialer = createRedialer({
      host: a.host,
      peers: [{ peerId: b.host.peerId, multiaddrs: dead }],
      isMutual: true,
      random: Math.random,
    })
    stopAfter(() => redialer.stop())
    await until(() => a.events.some(event => event.kind === 'dial_failed'))
    redialer.setAddresses(b.host.peerId, b.host.multiaddrs())
    await until(() => a.host.isConnected(b.host.peerId))
  })

  it('and another that dial each other at once end up connected and stay so', async () => {
    const admitted = validators(2)
    const a = await createTestHost(1, admitted)
    const b = await createTestHost(2, admitted)
    await a.host.start()
    await b.host.start()
    // neither is polite: two connections may arise
    for (const [from, to] of [[a, b] as const, [b, a] as const]) {
      const peers = [{ peerId: to.host.peerId, multiaddrs: to.host.multiaddrs() }]
      const redialer = createRedialer({ host: from.host, peers, isMutual: false, random: Math.random })
      stopAfter(() => redialer.stop())
    }
    await until(() => a.host.isConnected(b.host.peerId) && b.host.isConnected(a.host.peerId))
    const stream = await a.host.openStream(b.host.peerId, '/none').catch((error: Error) => error)
    expect(stream).toBeInstanceOf(Error)
    for (const { events } of [a, b]) expect(events.some(event => event.kind === 'peer_disconnected')).toBe(false)
  })

  it('shrugs off garbage and silence before the handshake', async () => {
    const admitted = validators(2)
    const a = await createTestHost(1, admitted)
    const b = await createTestHost(2, admitted)
    await a.host.start()
    await b.host.start()
    const port = Number(/\/tcp\/(\d+)/.exec(a.host.multiaddrs()[0]!)![1])
    const sockets = Array.from({ length: 50 }, (_, index) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('error', () => {})
      socket.resume()
      // every other one says nothing at all
      if (index % 2 === 0) socket.write(Buffer.alloc(10_000, index))
      return socket
    })
    stopAfter(() => {
      for (const socket of sockets) socket.destroy()
    })
    await until(() => sockets.every(socket => !socket.connecting))
    await b.host.dial(a.host.peerId, a.host.multiaddrs())
    await until(() => a.host.isConnected(b.host.peerId))
    expect(a.host.connectedPeers()).toEqual([b.host.peerId])
  })

  it('that was stopped keeps no process alive', async () => {
    expect(await runScript(new URL('./stop.fixture.ts', import.meta.url))).toEqual({ code: 0, output: 'stopped\n' })
  }, 30_000)
})
