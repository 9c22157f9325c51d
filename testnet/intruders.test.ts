// Who has no business on the network, and who behaves badly on it: refused or cut off, while the network goes on as if nothing were.
import { randomBytes } from 'node:crypto'
import * as path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { readKeyFile } from '../cli/common/files.ts'
import { connectLedger, networkTagOf } from '../node/client/client.ts'
import type { LedgerClient, VerifiedAnswer } from '../node/client/types.ts'
import { createHost, type Host } from '../node/network/host.ts'
import { genesisHash } from '../proto/genesis.ts'
import { zeroDigest } from '../proto/hash.ts'
import { randomSeed, type SigningKey, signingKeyFromSeed } from '../proto/keys.ts'
import { limits } from '../proto/limits.ts'
import { decodeRecord, signRecord, type TokenBlock } from '../proto/records.ts'
import { encodeClientFrame, encodeConsensusFrame } from '../proto/wire/codec.ts'
import { killActor } from './control.ts'
import { failureLimitMs, TestNetwork, within } from './testing.ts'

const honest = ['v1', 'v2', 'v3']

let network: TestNetwork
let queue: Uint8Array[]
let authority: LedgerClient
const hosts: Host[] = []

beforeAll(async () => {
  network = await TestNetwork.open(4)
  queue = await network.blocksToSubmit(16, 60, 5)
  const { genesis } = network.bench
  authority = await connectLedger({
    genesis,
    seed: authoritySeed(),
    peersFile: network.bench.network.files.peersFile,
  })
  await authority.ready(4)
}, 2 * failureLimitMs)

afterAll(async () => {
  await Promise.all(hosts.map(host => host.stop()))
  await authority?.close()
  await network?.close()
}, failureLimitMs)

const authoritySeed = (): Uint8Array =>
  readKeyFile(path.join(network.bench.network.files.authorityFolder, 'key.json')).seed

/** A verdict on the next block: the network goes on. */
const verdict = (): Promise<VerifiedAnswer> =>
  within('a verdict', network.bench.auditor.submit(decodeRecord(queue.shift()!)))

async function intruder(seed: Uint8Array, networkTag?: string): Promise<Host> {
  const host = await createHost({
    privateKey: seed,
    listen: [],
    networkTag: networkTag ?? networkTagOf(genesisHash(network.bench.genesis)),
    isAdmitted: () => 'validator',
  })
  hosts.push(host)
  await host.start()
  return host
}

function addressOf(name: string): { peerId: string; multiaddrs: string[] } {
  const { peerId, multiaddr } = network.bench.network.report.validators.find(validator => validator.name === name)!
  return { peerId, multiaddrs: [multiaddr] }
}

/** Resolves when the other side has ended the connection, or had refused it. */
async function cutOff(host: Host, name: string): Promise<void> {
  const { peerId } = addressOf(name)
  await new Promise<void>(resolve => {
    const end = host.onPeers({ onDisconnect: gone => gone === peerId && resolve() })
    if (!host.isConnected(peerId)) resolve()
    void end
  })
}

test('a key that neither genesis nor a membership record names cannot connect', async () => {
  const { peerId, multiaddrs } = addressOf('v1')
  const stranger = await intruder(randomSeed())
  await within(
    'the stranger is refused',
    stranger.dial(peerId, multiaddrs).catch(() => {}),
  )
  await within('the stranger is out', cutOff(stranger, 'v1'))
  await expect(stranger.openStream(peerId, stranger.protocol('client'))).rejects.toThrow()
})

test('an admitted key on another network does not get through', async () => {
  const foreign = await intruder(authoritySeed(), 'ffffffffffffffff')
  const { peerId, multiaddrs } = addressOf('v1')
  await within(
    'the foreign host is refused',
    foreign.dial(peerId, multiaddrs).catch(() => {}),
  )
  await expect(foreign.openStream(peerId, foreign.protocol('client'))).rejects.toThrow()
})

describe('records that are refused outright', () => {
  const refusalOf = (client: LedgerClient, changes: Partial<TokenBlock>, key: SigningKey): Promise<unknown> => {
    const record = { ...(decodeRecord(queue[0]!).record as TokenBlock), ...changes }
    return within(
      'the refusal',
      client.submit(signRecord(record, key)).catch(error => error),
    )
  }

  test('of another network, of a signer that nobody knows, of a role that may not sign it', async () => {
    const { auditor } = network.bench
    const key = signingKeyFromSeed(readKeyFile(network.actor('auditor').keyFile).seed)
    const nowhere = 'ab'.repeat(32)
    expect(await refusalOf(auditor, { network: nowhere }, key)).toMatchObject({ code: 'wrong_network' })
    expect(await refusalOf(auditor, { signer: nowhere }, key)).toMatchObject({ code: 'unknown_signer' })
    const { fingerprint } = network.bench.genesis.authority
    const root = signingKeyFromSeed(authoritySeed())
    expect(await refusalOf(authority, { signer: fingerprint }, root)).toMatchObject({ code: 'wrong_role' })
  })

  test('with a signature that does not hold', async () => {
    const signed = decodeRecord(queue[0]!)
    const bytes = new Uint8Array(signed.bytes)
    bytes[bytes.length - 1]! ^= 1
    await expect(within('the refusal', network.bench.auditor.submit(decodeRecord(bytes)))).rejects.toMatchObject({
      code: 'bad_signature',
    })
  })
})

test('a repeated record gets the verdict that it got', async () => {
  const bytes = queue.shift()!
  const first = await within('a verdict', network.bench.auditor.submit(decodeRecord(bytes)))
  const again = await within('the stored verdict', network.bench.auditor.submit(decodeRecord(bytes)))
  expect({ height: again.height, verdict: again.verdict }).toEqual({ height: first.height, verdict: first.verdict })
})

describe('garbage from admitted peers', () => {
  const length = (bytes: number): Buffer => {
    const prefix = Buffer.alloc(4)
    prefix.writeUInt32BE(bytes)
    return prefix
  }
  const framed = (frame: Uint8Array): Buffer => Buffer.concat([length(frame.length), frame])
  const cases: readonly (readonly [string, () => Uint8Array])[] = [
    ['random bytes', () => randomBytes(4_096)],
    ['a frame of random bytes', () => framed(randomBytes(512))],
    ['a frame that claims 4 GiB', () => Buffer.concat([length(0xffff_ffff), randomBytes(64)])],
    ['a frame over the limit', () => Buffer.concat([length(limits.fetchBytes * 4), Buffer.alloc(64 * 1024)])],
    ['an empty frame', () => length(0)],
    ['a frame cut short', () => Buffer.concat([length(1_000), randomBytes(10)])],
    [
      'a request with trailing bytes',
      () => framed(Buffer.concat([encodeClientFrame({ id: 1, type: 'queryStatus' }), Buffer.from([0xff])])),
    ],
    ['a vote of nobody', () => framed(encodeConsensusFrame({ type: 'vote', bytes: randomBytes(140) }))],
    ['an unknown gossip message', () => framed(randomBytes(2_000))],
  ]

  test(
    'on every stream: an error or a disconnect, no crash, and the network goes on',
    async () => {
      const validator = network.actor('v4')
      const seeds = [readKeyFile(validator.keyFile).seed, authoritySeed()]
      await killActor(validator)
      await authority.close()
      const pids = await Promise.all(honest.map(name => network.get<{ pid: number }>(name, '/status')))
      for (const seed of seeds)
        for (const [at, [, garbage]] of cases.entries()) {
          const name = honest[at % honest.length]!
          const { peerId, multiaddrs } = addressOf(name)
          const host = await intruder(seed)
          for (const protocol of ['client', 'link', 'fetch']
            .map(kind => host.protocol(kind))
            .concat('/meshsub/1.2.0')) {
            try {
              await within('a connection', host.dial(peerId, multiaddrs))
              const stream = await within('a stream', host.openStream(peerId, protocol))
              stream.send(garbage())
              await within('its end', stream.close())
            } catch {
              // refused, reset or in its cool-down: all of these are right
            }
          }
          await host.stop()
        }
      await verdict()
      const after = await Promise.all(honest.map(name => network.get<{ pid: number; state: string }>(name, '/status')))
      expect(after.map(({ pid }) => pid)).toEqual(pids.map(({ pid }) => pid))
      expect(after.map(({ state }) => state)).toEqual(honest.map(() => 'voting'))
      await network.agreedBlocks(honest)
    },
    3 * failureLimitMs,
  )
})

interface DecidedRecord {
  readonly kind: string
  readonly height: number
  readonly refusal?: string
}

test(
  'a revoked auditor is refused by all nodes from the same height on',
  async () => {
    const { genesis } = network.bench
    const auditor = genesis.members.find(({ role }) => role === 'auditor')!
    const client = await connectLedger({
      genesis,
      seed: authoritySeed(),
      peersFile: network.bench.network.files.peersFile,
    })
    try {
      await within('the authority is connected', client.ready(3))
      const revocation = signRecord(
        {
          kind: 'revocation',
          network: genesisHash(genesis),
          signer: genesis.authority.fingerprint,
          number: 1,
          previous: zeroDigest,
          certificate: auditor.certificate.fingerprint,
          reason: 'a test',
        },
        signingKeyFromSeed(authoritySeed()),
      )
      await verdict()
      const pending = queue
        .splice(0, 800)
        .map(bytes => network.bench.auditor.submit(decodeRecord(bytes)).catch(() => undefined))
      await within('a first verdict', Promise.race(pending))
      const revoked = await within('the revocation', client.submit(revocation))
      expect(revoked.verdict.refusal).toBe(undefined)
      const blocks = (await network.agreedBlocks(honest)).filter(({ height }) => height >= revoked.height - 2)
      for (const digest of blocks.flatMap(block => block.records)) {
        const { kind, height, refusal } = await network.get<DecidedRecord>('v1', `/records/${digest}`)
        if (kind === 'tokenBlock')
          expect({ height, refusal }).toEqual({
            height,
            refusal: height <= revoked.height ? undefined : 'certificate_dead',
          })
      }
      const gone = await intruder(readKeyFile(network.actor('auditor').keyFile).seed)
      const { peerId, multiaddrs } = addressOf('v1')
      await gone.dial(peerId, multiaddrs).catch(() => {})
      await expect(gone.openStream(peerId, gone.protocol('client'))).rejects.toThrow()
    } finally {
      await client.close()
    }
  },
  3 * failureLimitMs,
)
