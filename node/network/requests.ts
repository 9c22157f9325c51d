// Requests and answers between validators, many at a time on one stream per ordered pair. Frame: id (u32), kind (u8), then for a request the
// largest answer it takes (u32) and its bytes, for an answer its bytes, for a refusal an error code.

import { type ErrorCode, errorCodes, MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { FramedStream, isPeersFault } from './framed-stream.ts'
import type { Host } from './host.ts'
import { networkLimits } from './limits.ts'
import { createOutgoing } from './outgoing.ts'

const kinds = { request: 0, answer: 1, refusal: 2 } as const
const headerBytes = 5
const requestHeaderBytes = headerBytes + 4
const frameBytesMax = limits.fetchBytes + headerBytes

export interface RequestsOptions {
  host: Host
  /** Uniform in [0, 1). */
  random: () => number
  /**
   * Answers a request of a peer. A rejection with a MupibError sends its code as a refusal; with `malformed` or `too_large` it also costs the peer points.
   */
  onRequest: (peerId: string, request: Uint8Array) => Promise<Uint8Array>
}

export interface RequestOptions {
  timeoutMs: number
  maxResponseBytes: number
}

export interface Requests {
  /**
   * Asks a peer. Throws `unreachable` (no stream to it, or it went away), `timeout`, `too_large` (the answer), `rate_limited` (too many
   * of ours wait for this peer), or the code with which the peer refused.
   */
  request(peerId: string, request: Uint8Array, options: RequestOptions): Promise<Uint8Array>
  /** Peers that can be asked now. */
  reachablePeers(): string[]
  stop(): Promise<void>
}

interface Waiting {
  maxResponseBytes: number
  settle: (outcome: Uint8Array | MupibError) => void
}

function encode(id: number, kind: number, ...parts: Uint8Array[]): Uint8Array {
  const frame = new Uint8Array(headerBytes + parts.reduce((sum, part) => sum + part.byteLength, 0))
  new DataView(frame.buffer).setUint32(0, id)
  frame[4] = kind
  let at = headerBytes
  for (const part of parts) {
    frame.set(part, at)
    at += part.byteLength
  }
  return frame
}

function encodeRefusal(id: number, code: ErrorCode): Uint8Array {
  return encode(id, kinds.refusal, new TextEncoder().encode(code))
}

function header(frame: Uint8Array): { id: number; kind: number; view: DataView } {
  if (frame.byteLength < headerBytes) throw new MupibError('malformed', 'a fetch frame shorter than its header')
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
  return { id: view.getUint32(0), kind: view.getUint8(4), view }
}

function toErrorCode(bytes: Uint8Array): ErrorCode {
  const code = new TextDecoder().decode(bytes.subarray(0, 64))
  return errorCodes.find(known => known === code) ?? 'refused'
}

/** Lets at most `max` tasks run at once; the others wait in order. */
function createGate(max: number): <T>(task: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = []
  let running = 0
  return async task => {
    if (running >= max) await new Promise<void>(resolve => waiting.push(resolve))
    else running += 1
    try {
      return await task()
    } finally {
      // the place passes on to the next in line
      const next = waiting.shift()
      if (next === undefined) running -= 1
      else next()
    }
  }
}

export async function createRequests(options: RequestsOptions): Promise<Requests> {
  const { host } = options
  const protocol = host.protocol('fetch')
  const incoming = new Map<string, FramedStream>()
  const gate = createGate(networkLimits.requestsTotal)

  const answer = async (peerId: string, stream: FramedStream, frame: Uint8Array): Promise<void> => {
    const { id, kind, view } = header(frame)
    if (kind !== kinds.request || frame.byteLength < requestHeaderBytes)
      throw new MupibError('malformed', 'a fetch frame that is no request')
    const request = frame.subarray(requestHeaderBytes)
    if (request.byteLength > networkLimits.requestBytes)
      throw new MupibError('too_large', `a request of ${request.byteLength} bytes`)
    const responseBytesMax = Math.min(view.getUint32(headerBytes), limits.fetchBytes)
    let reply: Uint8Array
    try {
      const response = await gate(() => options.onRequest(peerId, request))
      reply =
        response.byteLength <= responseBytesMax ? encode(id, kinds.answer, response) : encodeRefusal(id, 'too_large')
    } catch (error) {
      const code = error instanceof MupibError ? error.code : 'bug'
      if (code === 'malformed' || code === 'too_large') {
        host.penalize(peerId, networkLimits.penaltyMalformed, `request_${code}`)
      }
      if (code === 'bug') host.log({ kind: 'request_failed', peerId, reason: String(error) })
      reply = encodeRefusal(id, code)
    }
    if (!stream.isOpen) return
    stream.send(reply)
    // in flight until written: a peer that asks and does not read gets no more answers computed
    await stream.drained()
  }

  await host.handle(protocol, ['validator'], (raw, peerId) => {
    const stream: FramedStream = new FramedStream(raw, {
      frameBytesMax,
      queueBytesMax: (networkLimits.requestsPerPeer + 1) * frameBytesMax,
      queueFramesMax: networkLimits.requestsPerPeer + 1,
      inFlightMax: networkLimits.requestsPerPeer,
      onFrame: frame => answer(peerId, stream, frame),
      onEnd(end) {
        if (incoming.get(peerId) === stream) incoming.delete(peerId)
        if (isPeersFault(end) || end === 'handler')
          host.penalize(peerId, networkLimits.penaltyMalformed, `fetch_${end}`)
      },
    })
    const earlier = incoming.get(peerId)
    incoming.set(peerId, stream)
    earlier?.abort('local')
  })

  const waitingByPeer = new Map<string, Map<number, Waiting>>()
  let lastId = 0

  const onAnswer = (peerId: string, frame: Uint8Array): void => {
    const { id, kind } = header(frame)
    if (kind === kinds.request) throw new MupibError('malformed', 'a request where an answer is expected')
    // an answer that nobody waits for came after its timeout
    const waiting = waitingByPeer.get(peerId)?.get(id)
    if (waiting === undefined) return
    const body = frame.subarray(headerBytes)
    if (kind === kinds.refusal)
      waiting.settle(new MupibError(toErrorCode(body), 'the peer refuses the request', { peerId }))
    else if (body.byteLength <= waiting.maxResponseBytes) waiting.settle(body)
    else {
      waiting.settle(
        new MupibError(
          'too_large',
          `an answer of ${body.byteLength} bytes where ${waiting.maxResponseBytes} were asked for`,
          { peerId },
        ),
      )
      host.penalize(peerId, networkLimits.penaltyMalformed, 'answer_too_large')
    }
  }

  const outgoing = createOutgoing({
    host,
    protocol,
    random: options.random,
    isWanted: peerId => host.roleOf(peerId) === 'validator',
    framing: peerId => ({
      frameBytesMax,
      queueBytesMax: networkLimits.requestsOutgoing * (networkLimits.requestBytes + requestHeaderBytes),
      queueFramesMax: networkLimits.requestsOutgoing,
      onFrame: frame => onAnswer(peerId, frame),
    }),
    onUp: peerId => waitingByPeer.set(peerId, new Map()),
    onDown(peerId, end) {
      const waiting = waitingByPeer.get(peerId)
      waitingByPeer.delete(peerId)
      if (isPeersFault(end) || end === 'handler') host.penalize(peerId, networkLimits.penaltyMalformed, `fetch_${end}`)
      for (const { settle } of [...(waiting?.values() ?? [])])
        settle(new MupibError('unreachable', `${peerId} went away`, { peerId }))
    },
  })

  return {
    request(peerId, request, { timeoutMs, maxResponseBytes }) {
      if (request.byteLength > networkLimits.requestBytes) {
        return Promise.reject(
          new MupibError(
            'bug',
            `a request of ${request.byteLength} bytes cannot be sent: at most ${networkLimits.requestBytes}`,
          ),
        )
      }
      const stream = outgoing.get(peerId)
      const waiting = waitingByPeer.get(peerId)
      if (stream === undefined || waiting === undefined)
        return Promise.reject(new MupibError('unreachable', `no stream to ${peerId}`, { peerId }))
      if (waiting.size >= networkLimits.requestsOutgoing) {
        return Promise.reject(new MupibError('rate_limited', `${waiting.size} requests wait for ${peerId}`, { peerId }))
      }
      lastId = (lastId + 1) >>> 0
      const id = lastId
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => waiting.get(id)?.settle(new MupibError('timeout', `no answer within ${timeoutMs} ms`, { peerId })),
          timeoutMs,
        )
        waiting.set(id, {
          maxResponseBytes,
          settle(outcome) {
            clearTimeout(timer)
            waiting.delete(id)
            if (outcome instanceof MupibError) reject(outcome)
            else resolve(outcome)
          },
        })
        const responseBytesMax = new Uint8Array(4)
        new DataView(responseBytesMax.buffer).setUint32(0, maxResponseBytes)
        if (!stream.send(encode(id, kinds.request, responseBytesMax, request)))
          waiting.get(id)?.settle(new MupibError('unreachable', `no stream to ${peerId}`, { peerId }))
      })
    },
    reachablePeers: () => [...outgoing.entries()].map(([peerId]) => peerId),
    async stop() {
      await host.unhandle(protocol)
      await outgoing.stop()
      for (const stream of [...incoming.values()]) stream.abort('local')
    },
  }
}
