// The pages of a validator where their readers misbehave: whoever reads /events too slowly, or goes, is dropped and harms nothing.
import * as net from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { type NodeEvent, type NodeReader, startHttp } from './http.ts'
import { stopAfter, until } from './network/testing.ts'

const listeners = new Set<(event: NodeEvent) => void>()

const reader: NodeReader = {
  status: () => ({ name: 'v0' }),
  metrics: async () => ({ contentType: 'text/plain', text: '' }),
  blocks: async () => [],
  token: async () => ({}),
  record: async () => ({}),
  evidence: async () => [],
  subscribe: listener => {
    listeners.add(listener)
    return () => listeners.delete(listener)
  },
}

afterEach(() => listeners.clear())

async function listen(): Promise<{ url: string; socket: net.Socket }> {
  const { url, stop } = await startHttp(reader, { host: '127.0.0.1', port: 0 })
  stopAfter(stop)
  const socket = net.connect(Number(new URL(url).port), '127.0.0.1')
  socket.on('error', () => {})
  stopAfter(() => {
    socket.destroy()
  })
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n')
  await until(() => listeners.size === 1)
  return { url, socket }
}

const tell = (event: NodeEvent): void => {
  for (const listener of [...listeners]) listener(event)
}

it('cuts a reader off that does not keep up, and survives what is told in the same moment', async () => {
  const { socket } = await listen()
  socket.pause()
  const words = 'x'.repeat(100_000)
  for (let count = 0; count < 400; count++) tell({ type: 'block', words })
  await until(() => listeners.size === 0)
  tell({ type: 'block' })
})

it('forgets a reader that has gone', async () => {
  const { socket, url } = await listen()
  socket.destroy()
  for (let count = 0; count < 20; count++) tell({ type: 'block', count })
  await until(() => listeners.size === 0)
  expect((await fetch(`${url}/status`)).status).toBe(200)
})
