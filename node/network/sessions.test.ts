import type { Stream } from '@libp2p/interface'
import { describe, expect, it } from 'vitest'
import type { PeerRole } from './host.ts'
import { networkLimits } from './limits.ts'
import { createSessionServer, openSession, type Session, type SessionHandlers, type SessionServer } from './sessions.ts'
import { admit, createTestHost, numbered, numberOf, peerIdOf, stopAfter, type TestHost, until } from './testing.ts'

const roles = admit({ 1: 'validator', 2: 'bank', 3: 'auditor', 4: 'authority', 5: 'validator' })

async function createServer(
  onSession: (session: Session) => SessionHandlers,
  options: { listen?: string[]; inFlightMax?: number; queueBytesMax?: number } = {},
): Promise<TestHost & { server: SessionServer }> {
  const { listen, ...serverOptions } = options
  const { host, events } = await createTestHost(1, roles, listen === undefined ? {} : { listen })
  const server = await createSessionServer({ host, onSession, ...serverOptions })
  stopAfter(() => server.stop())
  await host.start()
  return { host, events, server }
}

async function createClient(number: number, admitted: Map<string, PeerRole> = roles): Promise<TestHost> {
  const client = await createTestHost(number, admitted, { listen: [] })
  await client.host.start()
  return client
}

function open(client: TestHost, server: TestHost, onFrame: (frame: Uint8Array) => void = () => {}) {
  const ups: number[] = []
  const session = openSession({
    host: client.host,
    peerId: server.host.peerId,
    multiaddrs: server.host.multiaddrs(),
    random: () => 0.5,
    onFrame,
    onUp: () => ups.push(ups.length),
  })
  stopAfter(() => session.close())
  return { session, ups }
}

describe('client sessions', () => {
  it('carry frames both ways, in order, and tell the role', async () => {
    const seen: string[] = []
    const server = await createServer(session => ({
      onFrame(frame) {
        seen.push(session.role)
        session.send(frame)
      },
    }))
    for (const [number, role] of [[2, 'bank'] as const, [3, 'auditor'] as const, [4, 'authority'] as const]) {
      const client = await createClient(number)
      const answers: number[] = []
      const { session } = open(client, server, frame => answers.push(numberOf(frame)))
      await until(() => session.isUp)
      for (let count = 0; count < 1_000; count += 1) session.send(numbered(count))
      await until(() => answers.length === 1_000)
      expect(answers).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
      expect(new Set(seen.splice(0))).toEqual(new Set([role]))
    }
  })

  it('that flood are read no faster than they are handled', async () => {
    const handled: number[] = []
    const release: (() => void)[] = []
    let most = 0
    const server = await createServer(
      () => ({
        async onFrame(frame) {
          await new Promise<void>(resolve => release.push(resolve))
          handled.push(numberOf(frame))
        },
      }),
      { inFlightMax: 4 },
    )
    const client = await createClient(2)
    const { session, ups } = open(client, server)
    await until(() => session.isUp)
    // as much as the client's queue takes; what the window does not take stays there
    const frameBytes = 64 * 1024
    let accepted = 0
    while (session.bufferedBytes + frameBytes <= networkLimits.sessionQueueBytes) {
      session.send(numbered(accepted, frameBytes))
      accepted += 1
    }
    for (let turn = 0; turn < 200; turn += 1) await new Promise(resolve => setImmediate(resolve))
    expect(release).toHaveLength(4)
    expect(session.bufferedBytes).toBeGreaterThan(networkLimits.sessionQueueBytes - networkLimits.streamReadBytes)
    while (handled.length < accepted) {
      most = Math.max(most, release.length)
      for (const resolve of release.splice(0)) resolve()
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(handled).toEqual(Array.from({ length: accepted }, (_, index) => index))
    expect(most).toBe(4)
    expect(ups).toHaveLength(1)
  })

  it('are cut when the client does not read, with bounded memory', async () => {
    let session: Session | undefined
    const server = await createServer(
      opened => {
        session = opened
        return { onFrame: () => {} }
      },
      { queueBytesMax: 1024 * 1024 },
    )
    const client = await createClient(2)
    // a client that never reads
    await client.host.dial(server.host.peerId, server.host.multiaddrs())
    const stream = await client.host.openStream(server.host.peerId, server.host.protocol('client'))
    stream.pause()
    await until(() => session !== undefined)
    let sent = 0
    let most = 0
    while (session!.send(new Uint8Array(64 * 1024)) && sent < 10_000) {
      sent += 1
      most = Math.max(most, session!.bufferedBytes)
      await new Promise(resolve => setImmediate(resolve))
    }
    expect(sent).toBeLessThan(200)
    expect(most).toBeLessThanOrEqual(1024 * 1024)
    expect(session!.isOpen).toBe(false)
    expect(server.server.sessions()).toEqual([])
  })

  it('are bounded in number per client', async () => {
    const server = await createServer(() => ({ onFrame: () => {} }))
    const client = await createClient(2)
    await client.host.dial(server.host.peerId, server.host.multiaddrs())
    const streams: Stream[] = []
    for (let count = 0; count < networkLimits.sessionsPerPeer + 3; count += 1) {
      streams.push(await client.host.openStream(server.host.peerId, server.host.protocol('client')))
    }
    await until(() => streams.filter(stream => stream.status !== 'open').length === 3)
    expect(server.server.sessions()).toHaveLength(networkLimits.sessionsPerPeer)
  })

  it('are not for validators, nor for peers that are not admitted', async () => {
    const server = await createServer(() => ({ onFrame: () => {} }))
    const validator = await createClient(5)
    await validator.host.dial(server.host.peerId, server.host.multiaddrs())
    const stream = await validator.host.openStream(server.host.peerId, server.host.protocol('client'))
    await until(() => stream.status !== 'open')
    const stranger = await createClient(6)
    const { session } = open(stranger, server)
    await until(() => server.events.some(event => event.kind === 'peer_refused' && event.peerId === peerIdOf(6)))
    expect(session.isUp).toBe(false)
    expect(server.server.sessions()).toEqual([])
  })

  it('come back by themselves after the validator restarts, and after the session alone ends', async () => {
    const sessions: Session[] = []
    const accept = (session: Session): SessionHandlers => {
      sessions.push(session)
      return { onFrame: () => {} }
    }
    const first = await createServer(accept)
    const client = await createClient(2)
    const { session, ups } = open(client, first)
    await until(() => session.isUp && sessions.length === 1)
    await sessions[0]!.close()
    await until(() => ups.length === 2 && sessions.length === 2)
    const listen = first.host.multiaddrs().map(address => address.split('/p2p/')[0]!)
    await first.server.stop()
    await first.host.stop()
    await createServer(accept, { listen })
    await until(() => ups.length === 3 && session.isUp)
  })

  it('deliver what was sent before a close', async () => {
    const server = await createServer(session => ({
      onFrame(frame) {
        for (let count = 0; count < 100; count += 1) session.send(frame)
        void session.close()
      },
    }))
    const client = await createClient(2)
    let received = 0
    const { session } = open(client, server, () => {
      received += 1
    })
    await until(() => session.isUp)
    session.send(new Uint8Array(10_000).fill(1))
    await until(() => received === 100)
  })

  it('with bad bytes end, cost points, and leave the others alone', async () => {
    const server = await createServer(session => ({ onFrame: frame => void session.send(frame) }))
    const good = await createClient(2)
    const answers: number[] = []
    const { session } = open(good, server, frame => answers.push(numberOf(frame)))
    await until(() => session.isUp)
    const bad = await createClient(3)
    await bad.host.dial(server.host.peerId, server.host.multiaddrs())
    for (const bytes of [Uint8Array.of(255, 255, 255, 255), Uint8Array.of(0, 0, 0, 0), Uint8Array.of(0, 0, 0, 9, 1)]) {
      const before = server.host.score.points(peerIdOf(3))
      const stream = await bad.host.openStream(server.host.peerId, server.host.protocol('client'))
      stream.send(bytes)
      await stream.close()
      await until(() => server.host.score.points(peerIdOf(3)) > before + 5)
    }
    session.send(numbered(7))
    await until(() => answers.includes(7))
  })
})
