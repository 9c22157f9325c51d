// Client and vendor over real streams: accepted, paid, cut, crashed, resumed, closed.
import { afterEach, describe, expect, it } from 'vitest'
import { createHost, type Host } from '../../node/network/host.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../../node/store/memory-database.ts'
import { sha256, zeroDigest } from '../../proto/hash.ts'
import { signingKeyFromSeed } from '../../proto/keys.ts'
import { lockSuite, openChain } from '../../proto/locks/suites.ts'
import { type SessionClaim, verifyClaim } from '../../proto/session/claims.ts'
import { linkOf } from '../../proto/session/payment.ts'
import { checkClaim } from '../../proto/session/payword.ts'
import { type SessionTerms, sessionDigest, signSession } from '../../proto/session/terms.ts'
import type { SessionState } from '../../proto/verdict.ts'
import { ChannelClient, draftSession } from './client.ts'
import { noItem } from './client-rules.ts'
import { ChannelStore } from './store.ts'
import { ChannelVendor, type ChannelVendorOptions } from './vendor.ts'
import { stepVendor } from './vendor-rules.ts'

const [clientSeed, vendorSeed] = ['client', 'vendor'].map(name => sha256(Buffer.from(name))) as [Uint8Array, Uint8Array]
const [clientKey, vendorKey] = [signingKeyFromSeed(clientSeed), signingKeyFromSeed(vendorSeed)]

const toStop: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop()
})

async function startHost(privateKey: Uint8Array, listen: string[]): Promise<Host> {
  const role = listen.length > 0 ? 'user' : 'vendor'
  const host = await createHost({ privateKey, listen, networkTag: 'channel-test', isAdmitted: () => role })
  toStop.push(() => host.stop())
  return host
}

/** A vendor and a client, each of which can crash: what was not synced is lost, and the rest is loaded again. */
class World {
  readonly vendorDisk: MemoryDatabase = createMemoryDatabase()
  readonly clientDisk: MemoryDatabase = createMemoryDatabase()
  readonly served: number[] = []
  readonly claims = { client: [] as SessionClaim[], vendor: [] as SessionClaim[] }
  readonly faults: string[] = []
  readonly options: Partial<ChannelVendorOptions>
  state: SessionState | undefined = 'open'
  session = ''
  terms!: SessionTerms
  client!: ChannelClient
  #clientHost!: Host
  #vendorHost!: Host
  #vendor!: ChannelVendor
  #address = '/ip4/127.0.0.1/tcp/0'

  constructor(options: Partial<ChannelVendorOptions> = {}) {
    this.options = options
  }

  get vendor(): ChannelVendor {
    return this.#vendor
  }

  get vendorStore(): ChannelStore {
    return new ChannelStore(this.vendorDisk)
  }

  async startVendor(): Promise<void> {
    const host = await startHost(vendorSeed, [this.#address])
    this.#vendorHost = host
    this.#vendor = new ChannelVendor({
      host,
      store: this.vendorStore,
      key: vendorKey,
      now: () => 0,
      stateOf: () => this.state,
      deliver: (_session, index) => {
        this.served.push(index)
        return Uint8Array.of(index & 255)
      },
      onClaim: (_session, claim) => this.claims.vendor.push(claim),
      ...this.options,
    })
    await this.#vendor.start()
    await host.start()
    this.#address = host.multiaddrs()[0]!.replace(/\/p2p\/.*/, '')
  }

  async crashVendor(): Promise<void> {
    this.vendorDisk.crash()
    await this.#vendorHost.stop()
    await this.#vendor.stop()
  }

  async draft(paymentsMax = 400): Promise<void> {
    this.#clientHost = await startHost(clientSeed, [])
    await this.#clientHost.start()
    const wishes = {
      network: zeroDigest,
      bank: zeroDigest,
      vendor: vendorKey.publicKey,
      suite: 'schnorr',
      unit: 3n,
      paymentsMax,
      openBy: 1_000_000,
      expiry: 2_000_000,
      windowMs: 60_000,
    } as const
    const place = { name: 'vendor', url: '' }
    const drafted = await draftSession(new ChannelStore(this.clientDisk), wishes, clientKey.publicKey, place)
    this.session = drafted.session
    this.terms = drafted.terms
  }

  offer(terms = this.terms): Promise<Uint8Array> {
    return this.vendor.accept(terms, signSession(sessionDigest(terms), 'client', clientKey))
  }

  async startClient(ahead = 1): Promise<void> {
    this.client = await ChannelClient.load({
      store: new ChannelStore(this.clientDisk),
      session: this.session,
      key: clientKey,
      ahead,
      now: () => 0,
      onClaim: claim => this.claims.client.push(claim),
      onFault: reason => this.faults.push(reason),
    })
    const { client } = this
    toStop.push(() => client.stop())
    this.client.connect(this.#clientHost, [this.#address])
  }

  async crashClient(): Promise<void> {
    this.clientDisk.crash()
    await this.client.stop()
  }

  async pay(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => this.client.pay(noItem)))
  }
}

async function ready(options: Partial<ChannelVendorOptions> = {}, ahead = 1): Promise<World> {
  const world = new World(options)
  await world.startVendor()
  await world.draft()
  await world.offer()
  await world.startClient(ahead)
  return world
}

describe('a session over streams', () => {
  it('pays, closes jointly with the same claim at both, and opens every signature at the vendor', async () => {
    const world = await ready()
    await world.pay(30)
    const claim = await world.client.close()
    expect(claim).toMatchObject({ form: 'joint', index: 30 })
    expect(verifyClaim(world.session, world.terms, claim)).toBe(true)
    expect(world.claims.vendor).toEqual([claim])
    expect(world.served).toEqual(Array.from({ length: 30 }, (_, at) => at + 1))
    const store = world.vendorStore
    const suite = lockSuite('schnorr')
    const links = Array.from({ length: 31 }, (_, index) => linkOf(store.payment(world.session, index)!))
    const { signature } = store.release(world.session)!
    const verifier = suite.verifier(world.terms.sessionKey)!
    expect(openChain(suite, verifier, links[0]!, links.slice(1), signature, true)).toHaveLength(31)
    await expect(world.client.pay(noItem)).rejects.toThrow(/closing/)
    expect(world.faults).toEqual([])
  })

  it('is closed at what it serves, also where payments and close fall into one turn of the vendor', async () => {
    const world = await ready({}, 32)
    await world.pay(1)
    const units = world.pay(20)
    const claim = await world.client.close()
    await units
    expect(world.served).toHaveLength(21)
    expect(claim).toMatchObject({ form: 'joint', index: 21 })
    expect(world.claims.vendor).toEqual([claim])
  })

  it('checks no lock any more once its vendor has stopped', async () => {
    let goOn = (): void => {}
    const gate = new Promise<void>(resolve => {
      goOn = resolve
    })
    const failures: unknown[] = []
    const world = await ready({
      lockBatch: 8,
      lockWaitMs: 20,
      deliver: async () => {
        await gate
        return new Uint8Array(1)
      },
      onFailure: error => failures.push(error),
    })
    world.client.pay(noItem).catch(() => {})
    await expect.poll(async () => (await world.vendor.standing(world.session))!.held).toBe(1)
    const stopped = world.vendor.stop()
    // the turn is still under way when everything else has stopped
    await new Promise(resolve => setTimeout(resolve, 200))
    goOn()
    await stopped
    await world.vendorDisk.close()
    await new Promise(resolve => setTimeout(resolve, 100))
    expect(failures).toEqual([])
  })

  it('delivers in order to a client that comes back while the vendor is busy with what came before', async () => {
    let goOn = (): void => {}
    const gate = new Promise<void>(resolve => {
      goOn = resolve
    })
    const deliver = async (_session: string, index: number): Promise<Uint8Array> => {
      await gate
      return Uint8Array.of(index)
    }
    const world = await ready({ deliver }, 8)
    world.pay(3).catch(() => {})
    await expect.poll(async () => (await world.vendor.standing(world.session))!.held).toBe(3)
    world.pay(1).catch(() => {})
    await expect.poll(() => world.client.made).toBe(4)
    await world.crashClient()
    await world.startClient(8)
    await expect.poll(() => world.client.isConnected).toBe(true)
    // its hello has come as well
    await new Promise(resolve => setTimeout(resolve, 100))
    goOn()
    await world.pay(2)
    expect(world.faults).toEqual([])
    expect(world.client.served).toBe(6)
  })

  it('pays up to 64 units ahead, with locks checked in batches', async () => {
    const world = await ready({ lockBatch: 32, lockWaitMs: 5 }, 64)
    await world.pay(300)
    expect(world.served).toHaveLength(300)
    await expect.poll(async () => (await world.vendor.standing(world.session))!.checked).toBe(300)
    expect(await world.client.close()).toMatchObject({ form: 'joint', index: 300 })
  })

  it('is taken up where it was by a vendor or a client that crashed, with no unit paid twice or lost', async () => {
    const world = await ready()
    await world.pay(5)
    const pending = world.pay(3)
    await world.crashVendor()
    await world.startVendor()
    await pending
    await world.crashClient()
    await world.startClient()
    await world.pay(4)
    expect(world.client.made).toBe(12)
    expect([...new Set(world.served)]).toEqual(Array.from({ length: 12 }, (_, at) => at + 1))
    const claim = await world.client.close()
    expect(claim).toMatchObject({ form: 'joint', index: 12 })
    await world.crashClient()
    await world.startClient()
    // the claim is given out again after a restart
    expect(world.claims.client).toEqual([claim, claim])
  })

  it('waits for the ledger: nothing is taken of a session before it is opened', async () => {
    const world = new World()
    world.state = undefined
    await world.startVendor()
    await world.draft()
    await world.offer()
    await world.startClient()
    const unit = world.client.pay(noItem)
    await expect.poll(() => world.client.made).toBe(1)
    expect((await world.vendor.standing(world.session))!.held).toBe(0)
    expect(world.served).toEqual([])
    world.state = 'open'
    expect(await unit).toMatchObject({ index: 1 })
  })

  it('is refused where its terms do not do, and accepted again with the same signature', async () => {
    const world = new World()
    await world.startVendor()
    await world.draft()
    await expect(world.offer({ ...world.terms, unit: 0n })).rejects.toMatchObject({ code: 'session_terms' })
    await expect(world.offer({ ...world.terms, vendor: clientKey.publicKey })).rejects.toMatchObject({
      code: 'session_terms',
    })
    const forged = new Uint8Array(64)
    await expect(world.vendor.accept(world.terms, forged)).rejects.toMatchObject({ code: 'bad_signature' })
    expect(await world.vendorStore.sessions()).toEqual([])
    expect(await world.offer()).toEqual(await world.offer())
  })

  it('takes nothing more once the ledger closes it, and claims what it holds of a session that its client closed too early', async () => {
    const world = await ready()
    await world.pay(5)
    await world.vendor.ledger(world.session, { state: 'open', index: 0 })
    await world.pay(1)
    await world.vendor.ledger(world.session, { state: 'closing', index: 4 })
    expect(world.claims.vendor).toMatchObject([{ form: 'vendor', index: 6 }])
    const later = world.client.pay(noItem)
    later.catch(() => {})
    await expect.poll(() => world.faults).toEqual(['closed'])
    expect(world.served).toHaveLength(6)
    // an answer that tells of an earlier state changes nothing
    await world.vendor.ledger(world.session, { state: 'closing', index: 4 })
    await world.vendor.ledger(world.session, { state: 'settled', index: 6 })
    expect(world.claims.vendor).toHaveLength(1)
  })

  it('begins each stream with hello, also where a payment was being written when it came', async () => {
    const world = await ready()
    await world.pay(2)
    let goOn = (): void => {}
    const gate = new Promise<void>(resolve => {
      goOn = resolve
    })
    const write = world.clientDisk.write.bind(world.clientDisk)
    Object.assign(world.clientDisk, {
      write: (...change: Parameters<typeof write>) => gate.then(() => write(...change)),
    })
    const unit = world.client.pay(noItem)
    await world.crashVendor()
    await expect.poll(() => world.client.isConnected).toBe(false)
    await world.startVendor()
    await expect.poll(() => world.client.isConnected, { timeout: 5_000 }).toBe(true)
    goOn()
    expect(await unit).toMatchObject({ index: 3 })
    expect(world.faults).toEqual([])
  })

  it('keeps nobody waiting for a vendor that takes no more, and gets what was paid before', async () => {
    const world = await ready()
    await world.pay(5)
    await world.vendor.end(world.session)
    const late = await Promise.allSettled([world.client.pay(noItem), world.client.pay(noItem)])
    expect(late.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    await world.crashClient()
    // it does not know that the last units came
    await world.startClient()
    await expect(world.client.pay(noItem)).rejects.toMatchObject({ code: 'refused' })
  })

  it('is never closed by a client whose store is an old one, which is told so', async () => {
    const world = await ready({
      step: (context, state, event) => {
        const { state: next, effects } = stepVendor(context, state, event)
        const held = { type: 'send', message: { type: 'held', index: 9 } } as const
        return { state: next, effects: event.type === 'hello' ? [held] : effects }
      },
    })
    await expect.poll(() => world.client.phase).toBe('stopped')
    await expect(world.client.close()).rejects.toMatchObject({ code: 'refused' })
    await expect(world.client.closeAlone()).rejects.toMatchObject({ code: 'refused' })
  })

  it('does not take up what is settled, however often it is looked at', async () => {
    const world = await ready()
    await world.pay(5)
    await world.client.close()
    world.state = 'settled'
    await world.vendor.ledger(world.session, { state: 'settled', index: 5 })
    const settled = { phase: 'closed', held: 5, served: 5, checked: 5 }
    expect(await world.vendor.standing(world.session)).toEqual(settled)
    await world.crashVendor()
    await world.startVendor()
    expect(await world.vendor.standing(world.session)).toEqual(settled)
    await world.vendor.end(world.session)
    // a session that is taken up gives its claim out again
    expect(world.claims.vendor).toHaveLength(1)
  })

  it('leaves a close at what the vendor holds, or above it, to the window', async () => {
    const world = await ready()
    await world.pay(5)
    await world.vendor.ledger(world.session, { state: 'closing', index: 5 })
    expect(world.claims.vendor).toEqual([])
    expect((await world.vendor.standing(world.session))!.phase).toBe('closed')
  })

  it('leaves each side with a claim of its own where the other is silent', async () => {
    const world = await ready()
    await world.pay(7)
    await world.crashVendor()
    expect(await world.client.closeAlone()).toMatchObject({ form: 'client', index: 7 })
    await world.startVendor()
    await world.vendor.time(world.terms.expiry - 1_000)
    const claim = world.claims.vendor.at(-1)!
    expect(claim).toMatchObject({ form: 'vendor', index: 7 })
    expect(claim.form === 'vendor' && checkClaim(world.terms, claim.index, claim.value)).toBe(true)
  })
})
