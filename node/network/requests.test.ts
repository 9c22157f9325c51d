import { describe, expect, it } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { FramedStream } from './framed-stream.ts'
import type { Host, PeerRole } from './host.ts'
import { networkLimits } from './limits.ts'
import { createRequests, type Requests } from './requests.ts'
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

type Answer = (peerId: string, request: Uint8Array) => Promise<Uint8Array>

async function createNode(
  number: number,
  admitted: Map<string, PeerRole>,
  onRequest: Answer,
): Promise<TestHost & { requests: Requests }> {
  const { host, events } = await createTestHost(number, admitted)
  const requests = await createRequests({ host, random: () => 0.5, onRequest })
  stopAfter(() => requests.stop())
  await host.start()
  return { host, events, requests }
}

async function pair(onRequest: Answer): Promise<{ requests: Requests; asker: Host; server: TestHost; to: string }> {
  const admitted = validators(2)
  const asker = await createNode(1, admitted, async () => new Uint8Array(1))
  const server = await createNode(2, admitted, onRequest)
  await asker.host.dial(server.host.peerId, server.host.multiaddrs())
  await until(() => asker.requests.reachablePeers().length === 1)
  return { requests: asker.requests, asker: asker.host, server, to: server.host.peerId }
}

const generous = { timeoutMs: 10_000, maxResponseBytes: 16 * 1024 * 1024 }

describe('requests', () => {
  it('get their own answers, many at a time, large and empty', async () => {
    const { requests, to } = await pair(async (_peerId, request) =>
      new Uint8Array(numberOf(request)).fill(numberOf(request)),
    )
    const sizes = [0, 1, 70_000, 5, 3_000_000, 2, 16 * 1024 * 1024, ...Array.from({ length: 100 }, (_, index) => index)]
    const answers = await Promise.all(sizes.map(size => requests.request(to, numbered(size), generous)))
    expect(answers.map(answer => answer.byteLength)).toEqual(sizes)
    expect(answers.every((answer, index) => answer.every(byte => byte === sizes[index]! % 256))).toBe(true)
  }, 20_000)

  it('time out, and a late answer disturbs nothing', async () => {
    let release = (): void => {}
    const { requests, to } = await pair(async (_peerId, request) => {
      if (numberOf(request) === 1) await new Promise<void>(resolve => (release = resolve))
      return request
    })
    await expect(requests.request(to, numbered(1), { ...generous, timeoutMs: 30 })).rejects.toMatchObject({
      code: 'timeout',
    })
    release()
    expect(numberOf(await requests.request(to, numbered(2), generous))).toBe(2)
  })

  it('are refused by the peer where the answer would be too large', async () => {
    const { requests, to } = await pair(async () => new Uint8Array(1_001))
    await expect(requests.request(to, numbered(1), { ...generous, maxResponseBytes: 1_000 })).rejects.toMatchObject({
      code: 'too_large',
    })
    expect((await requests.request(to, numbered(1), { ...generous, maxResponseBytes: 1_001 })).byteLength).toBe(1_001)
  })

  it('do not take a larger answer from a peer that sends it nevertheless', async () => {
    const admitted = validators(2)
    const asker = await createNode(1, admitted, async () => new Uint8Array(1))
    const liar = await createTestHost(2, admitted)
    await liar.host.handle(liar.host.protocol('fetch'), ['validator'], raw => {
      const stream = new FramedStream(raw, {
        frameBytesMax: 1_000_000,
        queueBytesMax: 1_000_000,
        queueFramesMax: 10,
        // the id, the kind of an answer, and far too much
        onFrame: frame => void stream.send(Uint8Array.of(...frame.subarray(0, 4), 1, ...new Uint8Array(5_000))),
      })
    })
    await liar.host.start()
    await asker.host.dial(liar.host.peerId, liar.host.multiaddrs())
    await until(() => asker.requests.reachablePeers().length === 1)
    const answer = asker.requests.request(liar.host.peerId, numbered(1), { ...generous, maxResponseBytes: 100 })
    await expect(answer).rejects.toMatchObject({ code: 'too_large' })
    expect(asker.host.score.points(liar.host.peerId)).toBeGreaterThan(0)
  })

  it('carry the code of a refusal, and an error of the server stays there', async () => {
    const { requests, server, to } = await pair(async (_peerId, request) => {
      if (numberOf(request) === 1) throw new MupibError('pruned', 'no longer held')
      throw new TypeError('a bug')
    })
    await expect(requests.request(to, numbered(1), generous)).rejects.toMatchObject({ code: 'pruned' })
    await expect(requests.request(to, numbered(2), generous)).rejects.toMatchObject({ code: 'bug' })
    expect(server.events).toContainEqual({ kind: 'request_failed', peerId: peerIdOf(1), reason: 'TypeError: a bug' })
  })

  it('are answered a bounded number at a time', async () => {
    let running = 0
    let most = 0
    const { requests, to } = await pair(async (_peerId, request) => {
      running += 1
      most = Math.max(most, running)
      await new Promise(resolve => setImmediate(resolve))
      running -= 1
      return request
    })
    await Promise.all(Array.from({ length: 200 }, (_, index) => requests.request(to, numbered(index), generous)))
    expect(most).toBe(networkLimits.requestsPerPeer)
  })

  it('of ours that wait are bounded, and fail when the peer goes', async () => {
    const { requests, asker, to } = await pair(() => new Promise(() => {}))
    const outcomes = Array.from({ length: networkLimits.requestsOutgoing + 1 }, () =>
      requests.request(to, numbered(1), generous).catch((error: MupibError) => error.code),
    )
    await expect(outcomes.at(-1)).resolves.toBe('rate_limited')
    asker.dropPeer(to, 'test')
    const codes = new Set(await Promise.all(outcomes.slice(0, -1)))
    expect(codes).toEqual(new Set(['unreachable']))
    await expect(requests.request(to, numbered(1), generous)).rejects.toMatchObject({ code: 'unreachable' })
  })

  it('cannot be made by clients, and malformed ones cost points', async () => {
    const admitted = admit({ 1: 'validator', 2: 'auditor', 3: 'validator' })
    const server = await createNode(1, admitted, async (_peerId, request) => request)
    for (const [number, bytes] of [
      [2, Uint8Array.of(0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 0, 9)],
      [3, Uint8Array.of(0, 0, 0, 2, 1, 1)],
    ] as const) {
      const client = await createTestHost(number, admitted)
      await client.host.start()
      await client.host.dial(server.host.peerId, server.host.multiaddrs())
      const stream = await client.host.openStream(server.host.peerId, server.host.protocol('fetch'))
      if (stream.status === 'open') stream.send(bytes)
      await until(() => server.host.score.points(peerIdOf(number)) > 0)
    }
  })
})
