// The relay on plain sockets: an echo behind it, and what each rule does to the bytes that pass.
import * as net from 'node:net'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Relay } from './relay.ts'
import { directionsBetween, type LinkRules, partitionRules, ruleAll } from './rules.ts'

let relay: Relay
let server: net.Server
let accepted: net.Socket[]
const opened: net.Socket[] = []

const there = { from: 'v1', to: 'v2' }
const back = { from: 'v2', to: 'v1' }

beforeEach(async () => {
  accepted = []
  server = net.createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    accepted.push(socket)
    socket.on('error', () => {})
    socket.pipe(socket)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as net.AddressInfo
  const addressOf = (name: string) => (name === 'v3' ? undefined : { host: '127.0.0.1', port })
  relay = await Relay.start({ validators: ['v1', 'v2', 'v3'], ports: {}, addressOf, random: () => 0.5 })
})

afterEach(async () => {
  await relay.close()
  for (const socket of [...opened.splice(0), ...accepted]) socket.destroy()
  await new Promise(resolve => server.close(resolve))
})

const both = (rules: LinkRules): void => relay.set(ruleAll(directionsBetween(['v1'], ['v2']), rules))

function dial(from = 'v1', to = 'v2'): net.Socket {
  const socket = net.connect({ port: relay.ports()[from]![to]!, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
  socket.on('error', () => {})
  opened.push(socket)
  return socket
}

/** Reads so many bytes. */
function read(socket: net.Socket, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const onData = (chunk: Buffer): void => {
      chunks.push(chunk)
      if (chunks.reduce((sum, { length }) => sum + length, 0) < count) return
      socket.off('data', onData)
      resolve(Buffer.concat(chunks))
    }
    socket.on('data', onData)
    socket.once('close', () => reject(new Error('closed')))
  })
}

async function echo(socket: net.Socket, bytes: Buffer): Promise<number> {
  const begun = performance.now()
  const reading = read(socket, bytes.length)
  socket.write(bytes)
  expect((await reading).equals(bytes)).toBe(true)
  return performance.now() - begun
}

const closed = (socket: net.Socket): Promise<string> =>
  new Promise(resolve => {
    let code = 'closed'
    socket.once('error', error => {
      code = (error as NodeJS.ErrnoException).code ?? 'error'
    })
    socket.once('close', () => resolve(code))
  })

/** True where nothing comes for a while. */
const isQuiet = (socket: net.Socket, ms: number): Promise<boolean> =>
  new Promise(resolve => {
    const timer = setTimeout(() => resolve(true), ms)
    socket.once('data', () => {
      clearTimeout(timer)
      resolve(false)
    })
  })

const some = Buffer.from('some bytes')
const many = Buffer.alloc(12 * 1024 * 1024, 'mupib')

describe('without rules', () => {
  test('bytes pass whole, in order and more than it would hold, and the end of a stream is no end of the other', async () => {
    const socket = dial()
    await echo(socket, many)
    expect(relay.links().find(({ from, to }) => from === 'v1' && to === 'v2')).toMatchObject({
      connections: 1,
      bytes: many.length,
    })
    const ended = new Promise(resolve => socket.once('end', resolve))
    const last = read(socket, some.length)
    socket.end(some)
    expect((await last).equals(some)).toBe(true)
    await ended
  })

  test('a reset passes to the other side', async () => {
    const socket = dial()
    await echo(socket, some)
    const other = closed(accepted[0]!)
    socket.resetAndDestroy()
    expect(await other).toBe('ECONNRESET')
  })

  test('who cannot be reached, or is not known, refuses', async () => {
    expect(await closed(dial('v1', 'v3'))).toBe('ECONNRESET')
  })
})

describe('rules', () => {
  test('a delay holds for the bytes of its direction, whoever dialled', async () => {
    relay.set([{ ...there, rules: { delayMs: 60, jitterMs: 10 } }])
    for (const socket of [dial('v1', 'v2'), dial('v2', 'v1')]) {
      const ms = await echo(socket, some)
      expect(ms).toBeGreaterThan(45)
      expect(ms).toBeLessThan(1_000)
    }
    relay.set([{ ...back, rules: { delayMs: 60 } }])
    expect(await echo(dial(), some)).toBeGreaterThan(110)
    relay.heal()
    expect(await echo(dial(), many)).toBeGreaterThan(0)
  })

  test('order is kept whatever the jitter', async () => {
    both({ delayMs: 20, jitterMs: 20 })
    const socket = dial()
    const sent = Buffer.from(Array.from({ length: 200 }, (_, i) => i))
    const reading = read(socket, sent.length)
    for (const byte of sent) {
      socket.write(Buffer.of(byte))
      if (byte % 20 === 0) await new Promise(resolve => setImmediate(resolve))
    }
    expect((await reading).equals(sent)).toBe(true)
  })

  test('a slow line is as slow as it says, shared by its connections, and the sender is held back', async () => {
    relay.set([{ ...there, rules: { bytesPerSecond: 400_000 } }])
    const sockets = [dial(), dial()]
    const times = await Promise.all(sockets.map(socket => echo(socket, many.subarray(0, 100_000))))
    expect(Math.max(...times)).toBeGreaterThan(400)
    const [socket] = sockets
    socket!.write(many)
    await new Promise(resolve => setTimeout(resolve, 200))
    // what is not in the sockets' own buffers still waits at the sender
    expect(socket!.writableLength).toBeGreaterThan(0)
    expect(relay.links().find(({ from, to }) => from === 'v1' && to === 'v2')!.bytes).toBeLessThan(many.length / 2)
  })

  test('a cut of both directions resets what is there and refuses what comes; healed, it is taken again', async () => {
    const socket = dial()
    await echo(socket, some)
    const lost = [closed(socket), closed(accepted[0]!)]
    both({ cut: true })
    expect(await Promise.all(lost)).toEqual(['ECONNRESET', 'ECONNRESET'])
    expect(await closed(dial())).toBe('ECONNRESET')
    expect(await closed(dial('v2', 'v1'))).toBe('ECONNRESET')
    relay.heal()
    await echo(dial(), some)
  })

  test.each([
    ['a one-way cut', [{ ...back, rules: { cut: true } }]],
    ['a stall of both directions', ruleAll([there, back], { stalled: true })],
  ])('%s lets bytes and ends wait and closes nothing; what waited comes when it ends', async (_name, rules) => {
    const socket = dial()
    await echo(socket, some)
    relay.set(rules)
    const quiet = isQuiet(socket, 100)
    socket.write(some)
    expect(await quiet).toBe(true)
    expect(socket.destroyed).toBe(false)
    const reading = read(socket, some.length)
    const end = new Promise(resolve => socket.once('end', resolve))
    socket.end()
    relay.heal()
    expect((await reading).equals(some)).toBe(true)
    await end
  })

  test('a stalled line takes no more than it may hold', async () => {
    relay.set([{ ...there, rules: { stalled: true } }])
    const socket = dial()
    socket.write(many)
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(socket.writableLength).toBeGreaterThan(0)
    const reading = read(socket, many.length)
    relay.heal()
    expect((await reading).equals(many)).toBe(true)
  })

  test('a reset ends what is there, whoever dialled, and only that', async () => {
    const sockets = [dial('v1', 'v2'), dial('v2', 'v1')]
    await Promise.all(sockets.map(socket => echo(socket, some)))
    const ends = Promise.all(sockets.map(closed))
    expect(relay.reset([there])).toBe(2)
    expect(await ends).toEqual(['ECONNRESET', 'ECONNRESET'])
    await echo(dial(), some)
    expect(relay.reset(undefined)).toBe(1)
  })

  test('a flapping link goes down and comes up again', async () => {
    const socket = dial()
    await echo(socket, some)
    const lost = closed(socket)
    both({ flap: { downMs: 50, upMs: 150 } })
    expect(await lost).toBe('ECONNRESET')
    for (;;) {
      const next = dial()
      const end = closed(next)
      const isUp = await echo(next, some).then(
        () => true,
        () => false,
      )
      expect(await end).toBe('ECONNRESET')
      if (isUp) break
    }
  })

  test('a reset does not wait for what the other side does not read', async () => {
    const socket = dial()
    await echo(socket, some)
    accepted[0]!.pause()
    socket.pause()
    socket.write(many)
    await new Promise(resolve => setTimeout(resolve, 100))
    const lost = closed(socket)
    relay.reset([there])
    socket.resume()
    expect(await lost).toMatch(/ECONNRESET|EPIPE/)
    await relay.close()
  })

  test('an unknown link is refused, and nothing changes', () => {
    const changes = [
      { ...there, rules: { cut: true } },
      { from: 'v1', to: 'v9', rules: {} },
    ]
    expect(() => relay.set(changes)).toThrow(expect.objectContaining({ code: 'usage' }))
    expect(relay.links().every(({ rules }) => Object.keys(rules).length === 0)).toBe(true)
  })
})

test('a partition cuts between groups, mends within them, and leaves those alone that are not named', () => {
  const rules = partitionRules(['v1', 'v2', 'v3', 'v4'], [['v1', 'v2'], ['v3']])
  const whole = rules.filter(({ rules: { cut } }) => cut !== true).map(({ from, to }) => `${from}${to}`)
  expect(rules).toHaveLength(12)
  expect(whole).toEqual(['v1v2', 'v2v1'])
  expect(() => partitionRules(['v1', 'v2'], [['v1'], ['v1']])).toThrow(/twice/)
  expect(() => partitionRules(['v1', 'v2'], [['v7']])).toThrow(/no validator is called v7/)
})
