// Hosts on loopback for the network's tests: keys from numbers, admission by a table that a test may change.

import { afterEach, vi } from 'vitest'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import {
  createHost,
  type Host,
  type HostOptions,
  type NetworkEvent,
  type PeerRole,
  peerIdFromPublicKey,
} from './host.ts'

/** The Ed25519 seed with which a test's host number runs. */
export function seedOf(number: number): Uint8Array {
  return new Uint8Array(32).fill(number)
}

export function peerIdOf(number: number): string {
  return peerIdFromPublicKey(signingKeyFromSeed(seedOf(number)).publicKey)
}

export interface TestHost {
  host: Host
  events: NetworkEvent[]
}

const toStop: (() => Promise<void>)[] = []
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown): void => {
  unhandled.push(reason)
}
process.on('unhandledRejection', onUnhandled)
process.on('uncaughtException', onUnhandled)

/** Something to be stopped after the test, last first. */
export function stopAfter(stop: () => Promise<void> | void): void {
  toStop.push(async () => stop())
}

afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop()
  // one turn, so that what was rejected during the stop is seen
  await new Promise(resolve => setImmediate(resolve))
  const seen = unhandled.splice(0)
  if (seen.length > 0) throw new AggregateError(seen, `unhandled: ${seen.map(String).join('; ')}`)
})

/** Creates a host that is not started; `admitted` gives the roles by peer id. */
export async function createTestHost(
  number: number,
  admitted: Map<string, PeerRole>,
  options: Partial<HostOptions> = {},
): Promise<TestHost> {
  const events: NetworkEvent[] = []
  const host = await createHost({
    privateKey: seedOf(number),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    networkTag: 'abcd1234',
    isAdmitted: peerId => admitted.get(peerId),
    log: event => events.push(event),
    ...options,
  })
  stopAfter(() => host.stop())
  return { host, events }
}

/** Roles by peer id for hosts of the given numbers. */
export function admit(roles: Record<number, PeerRole>): Map<string, PeerRole> {
  return new Map(Object.entries(roles).map(([number, role]) => [peerIdOf(Number(number)), role]))
}

export function validators(count: number): Map<string, PeerRole> {
  return new Map(Array.from({ length: count }, (_, index) => [peerIdOf(index + 1), 'validator']))
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean, timeout = 20_000): Promise<void> {
  await vi.waitFor(
    () => {
      if (!condition()) throw new Error(`never true: ${condition.toString()}`)
    },
    { timeout, interval: 5 },
  )
}

/** A frame that carries a number. */
export function numbered(number: number, byteLength = 4): Uint8Array {
  const frame = new Uint8Array(byteLength)
  new DataView(frame.buffer).setUint32(0, number)
  return frame
}

export function numberOf(frame: Uint8Array): number {
  return new DataView(frame.buffer, frame.byteOffset).getUint32(0)
}
