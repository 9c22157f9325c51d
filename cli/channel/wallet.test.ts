// Sessions end to end: a wallet, a till and a bank over real HTTP and real streams, on a ledger; the money is read from the bank.
import * as fs from 'node:fs'
import * as net from 'node:net'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Digest } from '../../proto/hash.ts'
import { randomSeed } from '../../proto/keys.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import { signClose } from '../../proto/session/claims.ts'
import { signPayment } from '../../proto/session/payment.ts'
import { signSession } from '../../proto/session/terms.ts'
import { encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { identify, openAccount } from '../bank/testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { CertificateChecks } from '../common/identity.ts'
import { memberNamed } from '../common/rulings.ts'
import { createServer } from '../common/server.ts'
import { openWalletHome } from '../user/home.ts'
import { PartyWorld, type ServedTill, writePartyHome } from '../user/testing.ts'
import { openVendorHome } from '../vendor/home.ts'
import { draftSession } from './client.ts'
import { noItem } from './client-rules.ts'
import { ChannelConnection } from './connection.ts'
import { closeChannel, openChannel, payChannel, showChannel } from './operations.ts'
import type { PayWishes } from './paying.ts'
import { ChannelStore, openChannelStore } from './store.ts'
import { WalletChannels } from './wallet-channels.ts'

const worlds: PartyWorld[] = []
afterEach(async () => {
  vi.restoreAllMocks()
  for (const world of worlds.splice(0)) await world.close()
})

const money = 10_000n
const sessionTerms = { unit: '2', windowMs: 1_000 }

/** Alice, who has money, and the kiosk, which takes sessions. */
class Pair {
  readonly world: PartyWorld
  readonly dir: string
  till: ServedTill
  readonly #till: Record<string, unknown>

  private constructor(world: PartyWorld, dir: string, till: ServedTill, own: Record<string, unknown>) {
    this.world = world
    this.dir = dir
    this.till = till
    this.#till = own
  }

  static async start(own: Record<string, unknown> = { sessions: sessionTerms }): Promise<Pair> {
    const world = await PartyWorld.start()
    worlds.push(world)
    await openAccount(world.bank, world.net, 'user', 'alice', Number(money))
    await openAccount(world.bank, world.net, 'vendor', 'kiosk', 0)
    const dir = await writePartyHome(world.net, 'user', 'alice', { auditor: 'auditor' })
    return new Pair(world, dir, await world.till('kiosk', own), own)
  }

  get whose() {
    return { dir: this.dir, user: undefined }
  }

  async restartTill(): Promise<void> {
    await this.till.stop()
    this.till = await this.world.till('kiosk', this.#till)
  }

  async open(payments = 100, more: object = {}): Promise<Digest> {
    const wishes = { vendor: 'kiosk', payments, suite: 'schnorr', expiresInMs: 3_600_000, ...more } as const
    return (await openChannel(this.whose, wishes)).session
  }

  pay(count: number, wishes: Partial<PayWishes> = {}) {
    const all = { count, rate: undefined, seconds: undefined, ahead: 1, out: undefined, ...wishes }
    return payChannel(this.whose, undefined, all, () => {})
  }

  /** Balances as the bank keeps them: what the client has, what the vendor has, and what is in escrow. */
  async balances(): Promise<{ client: bigint; vendor: bigint; escrow: bigint }> {
    const { bank, net } = this.world
    const key = openWalletHome(this.dir).key.publicKey
    const vendor = (await identify(net, 'vendor', 'kiosk')).key.publicKey
    const books = await bank.books()
    return {
      client: bank.account(toHex(key)).balance,
      vendor: bank.account(toHex(vendor)).balance,
      escrow: books.own.escrow,
    }
  }
}

/** Drafts sessions of alice's that the kiosk may accept: each is offered when it is called. */
async function offering(pair: Pair): Promise<(openWithinMs?: number) => Promise<() => Promise<Uint8Array>>> {
  const { key, network, genesis } = openWalletHome(pair.dir)
  const vendor = (await identify(pair.world.net, 'vendor', 'kiosk')).key.publicKey
  const store = new ChannelStore(createMemoryDatabase())
  const now = Date.now()
  return async (openWithinMs = 300_000) => {
    const bank = memberNamed(genesis, 'bank', 'bank').certificate.fingerprint
    const times = { openBy: now + openWithinMs, expiry: now + 3_600_000, windowMs: 1_000 }
    const wishes = { network, bank, vendor, suite: 'schnorr', unit: 2n, paymentsMax: 10, ...times } as const
    const place = { name: 'kiosk', url: '' }
    const { session, terms } = await draftSession(store, wishes, key.publicKey, place)
    return () => pair.till.sessions!.accept(key.publicKey, terms, signSession(session, 'client', key))
  }
}

/** What stands at a service's address where the service does not: it takes calls, and says nothing, or hangs up. */
class SilentService {
  calls = 0

  static async start(world: PartyWorld, name: string, does: 'waits' | 'refuses' = 'waits'): Promise<SilentService> {
    const silent = new SilentService()
    const sockets = new Set<net.Socket>()
    const server = net.createServer(socket => {
      silent.calls += 1
      sockets.add(socket)
      if (does === 'refuses') socket.destroy()
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    world.onClose(async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    })
    world.address(name, `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`)
    return silent
  }
}

describe('a session of a wallet', () => {
  it('is opened, paid and closed: what was paid goes to the vendor, the rest comes back', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    expect(await pair.balances()).toEqual({ client: money - 200n, vendor: 0n, escrow: 200n })
    expect(await pair.pay(30)).toMatchObject({ session, paid: 30, served: 30, spent: 60n, left: 70, ended: null })
    expect(await pair.pay(5, { ahead: 4, rate: 500 })).toMatchObject({ paid: 5, spent: 70n })
    expect(await closeChannel(pair.whose, session, { alone: false, wait: true })).toMatchObject({
      state: 'settled',
      by: 'joint',
      index: 35,
      paid: 70n,
      returned: 130n,
    })
    expect(await pair.balances()).toEqual({ client: money - 70n, vendor: 70n, escrow: 0n })
    // once more changes nothing
    expect(await closeChannel(pair.whose, session, { alone: true, wait: false })).toMatchObject({ state: 'settled' })
    const shown = await showChannel(pair.whose, session.slice(0, 8))
    expect(shown).toMatchObject({ state: 'settled', reputations: { client: { reputation: 100 } } })
  })

  it('goes on with a vendor that was started anew, at another address', async () => {
    const pair = await Pair.start()
    await pair.open(100)
    await pair.pay(3)
    const paying = pair.pay(40, { rate: 40 })
    await expect.poll(async () => (await pair.till.sessions!.list())[0]!.here.held).toBeGreaterThan(4)
    await pair.restartTill()
    expect(await paying).toMatchObject({ paid: 40, served: 40, ended: null })
    expect(await closeChannel(pair.whose, undefined, { alone: false, wait: false })).toMatchObject({ paid: 86n })
    expect((await pair.balances()).vendor).toBe(86n)
  })

  it('finds a vendor that was started anew at another address before it was ever reached', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    const ending = new AbortController()
    const channels = await WalletChannels.open(openWalletHome(pair.dir), ending.signal)
    const { multiaddrs } = await channels.listening(session)
    await pair.restartTill()
    const connection = await ChannelConnection.open(channels, session, multiaddrs, {})
    try {
      expect(await connection.client.pay(noItem)).toMatchObject({ index: 1 })
    } finally {
      ending.abort()
      await connection.stop()
      await channels.close()
    }
  })

  it('is waited for no longer than it lasts where the vendor is gone', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    const { expiry } = await showChannel(pair.whose, session)
    const [now, ahead] = [Date.now, expiry - 12_000 - Date.now()]
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead)
    const paying = pair.pay(100, { rate: 40 })
    await expect.poll(async () => (await pair.till.sessions!.list())[0]!.here.held).toBeGreaterThan(4)
    await pair.till.stop()
    expect(await paying).toMatchObject({ ended: 'not paid: expired' })
  })

  it('is offered again to a vendor that knows it no more', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    await pair.pay(3)
    await pair.till.stop()
    fs.rmSync(`${openVendorHome(pair.world.net.dir, 'kiosk').dir}/channels`, { recursive: true })
    await pair.restartTill()
    await expect(pair.pay(1)).rejects.toMatchObject({ code: 'not_found' })
    expect(await openChannel(pair.whose, { session })).toMatchObject({ state: 'open' })
    expect(await pair.pay(2)).toMatchObject({ served: 2, spent: 10n })
    expect((await pair.till.sessions!.show(session)).here).toMatchObject({ held: 5 })
  })

  it('is ended by the vendor alone, with what it was paid', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    await pair.pay(8)
    expect(await pair.till.sessions!.end(session)).toMatchObject({ here: { phase: 'closed', held: 8 } })
    await expect.poll(() => pair.balances()).toEqual({ client: money - 16n, vendor: 16n, escrow: 0n })
    await expect(pair.pay(1)).rejects.toMatchObject({ code: 'already_settled' })
    expect(await closeChannel(pair.whose, session, { alone: false, wait: false })).toMatchObject({ by: 'vendor' })
  })

  it('is ended by the client alone where the vendor is gone, once its window is over', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    await pair.pay(8)
    await pair.till.stop()
    await expect(pair.pay(1)).rejects.toMatchObject({ code: 'unreachable' })
    const closing = await closeChannel(pair.whose, session, { alone: true, wait: false })
    expect(closing).toMatchObject({ state: 'closing', index: 8 })
    expect((await pair.balances()).escrow).toBe(200n)
    const settled = await closeChannel(pair.whose, session, { alone: true, wait: true })
    expect(settled).toMatchObject({ state: 'settled', by: 'client', index: 8 })
    expect(await pair.balances()).toEqual({ client: money - 16n, vendor: 16n, escrow: 0n })
  })

  it('has its claim carried by an auditor where the bank takes it and is silent', async () => {
    const pair = await Pair.start()
    await pair.world.auditor(100)
    const session = await pair.open(100)
    await pair.pay(8)
    const silent = await SilentService.start(pair.world, 'bank')
    await pair.till.sessions!.end(session)
    const settled = { state: 'settled', paid: 16n }
    await expect.poll(() => pair.till.sessions!.show(session), { timeout: 10_000 }).toMatchObject(settled)
    expect(silent.calls).toBeGreaterThan(0)
  })

  it('has its claim carried by an auditor where the bank answers with what was true before', async () => {
    const pair = await Pair.start()
    const { world } = pair
    await world.auditor(100)
    const session = await pair.open(100)
    await pair.pay(8)
    const answer = toHex(encodeRecordAnswer(world.bank.sessions.show(session).proofs.open!))
    const identity = identityOf(world.bank.home)
    const liar = createServer({ identity, checks: new CertificateChecks(identity.roots) })
    liar.post('/sessions/:session/close', { config: { access: ['vendor'] } }, async () => ({ answer }))
    await world.serve('bank', liar)
    await pair.till.sessions!.end(session)
    await expect
      .poll(() => pair.till.sessions!.show(session), { timeout: 10_000 })
      .toMatchObject({
        state: 'settled',
        paid: 16n,
      })
  })

  it('is contested by a vendor that died when it had heard of the close, and had made no claim', async () => {
    const pair = await Pair.start({ sessions: { ...sessionTerms, windowMs: 60_000 } })
    const session = await pair.open(100)
    await pair.pay(8)
    await pair.till.stop()
    const { key } = openWalletHome(pair.dir)
    const early = { form: 'client', index: 3, client: signClose(session, 'client', 3, key) } as const
    const answer = await pair.world.bank.sessions.close(session, early)
    // the ledger's word was on the disk, and no claim yet
    const store = await openChannelStore(openVendorHome(pair.world.net.dir, 'kiosk'))
    await store.putCertified(session, answer)
    await store.close()
    await pair.restartTill()
    await expect.poll(() => pair.balances()).toEqual({ client: money - 16n, vendor: 16n, escrow: 0n })
  })

  it('has evidence brought to the bank by a vendor that was stopped first, also once it is settled', async () => {
    const pair = await Pair.start()
    const session = await pair.open(100)
    await pair.pay(8)
    await pair.till.sessions!.end(session)
    await expect.poll(() => pair.till.sessions!.show(session)).toMatchObject({ state: 'settled' })
    await pair.till.stop()
    // the vendor caught its client, and the bank was away
    const { key } = openWalletHome(pair.dir)
    const store = await openChannelStore(openVendorHome(pair.world.net.dir, 'kiosk'))
    const first = store.payment(session, 0)!
    const lockKey = lockSuite('schnorr').keyGen(randomSeed())
    const { payment: second } = signPayment({ ...first, item: session }, undefined, lockKey, key)
    await store.write(session, { misconduct: { kind: 'conflicting_payments', first, second } })
    await store.close()
    await pair.restartTill()
    await expect.poll(() => pair.world.bank.reputation(toHex(key.publicKey))).toMatchObject({ reputation: 50 })
  })

  it('asks for news so often that most of the shortest window is left when banks and auditors come back', async () => {
    const pair = await Pair.start()
    await pair.open(100)
    const silent = await SilentService.start(pair.world, 'bank', 'refuses')
    // a question that is under way at the bank would wait there
    await pair.restartTill()
    // pauses that grow as long as they may elsewhere would take a minute for as many
    await expect.poll(() => silent.calls, { timeout: 10_000 }).toBeGreaterThan(9)
  })

  it('sells a file in pieces, each at its place', async () => {
    const pair = await Pair.start({ sessions: { ...sessionTerms, file: 'certificate.pem', chunkBytes: 16 } })
    const sold = fs.readFileSync(`${pair.world.net.dir}/vendors/kiosk/certificate.pem`)
    const pieces = Math.ceil(sold.length / 16)
    // nobody can pay for more than there is
    await expect(pair.open(pieces + 1)).rejects.toMatchObject({
      code: 'session_terms',
      hint: `at most ${pieces}`,
    })
    await pair.open(100, { payments: undefined })
    const out = `${pair.dir}/copy.pem`
    await pair.pay(7, { out })
    expect(await pair.pay(1_000, { out, ahead: 8 })).toMatchObject({ paid: pieces - 7, left: 0 })
    expect(fs.readFileSync(out)).toEqual(sold)
  })

  it.runIf(fs.existsSync('/dev/full'))('pays for no more pieces than it has room for', async () => {
    const pair = await Pair.start({ sessions: { ...sessionTerms, file: 'certificate.pem', chunkBytes: 4 } })
    const session = await pair.open(100)
    await expect(pair.pay(50, { out: '/dev/full', rate: 100 })).rejects.toThrow(/ENOSPC/)
    expect((await showChannel(pair.whose, session)).made).toBeLessThan(10)
  })

  it('is offered by one client no more often than a vendor has room for it, and for no longer', async () => {
    const pair = await Pair.start()
    const offer = await offering(pair)
    await expect((await offer(700_000))()).rejects.toMatchObject({ code: 'session_terms', fields: { field: 'openBy' } })
    const offers = await Promise.all(Array.from({ length: 17 }, () => offer()))
    const signatures: Uint8Array[] = []
    for (const each of offers.slice(0, 16)) signatures.push(await each())
    await expect(offers[16]!()).rejects.toMatchObject({ code: 'rate_limited' })
    // what was accepted is accepted again, with the same signature
    expect(await offers[3]!()).toEqual(signatures[3])
  })

  it('is offered no more often by a client that sends its offers all at once', async () => {
    const pair = await Pair.start()
    const offer = await offering(pair)
    const offers = await Promise.all(Array.from({ length: 20 }, () => offer()))
    const outcomes = await Promise.allSettled(offers.map(each => each()))
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(16)
    expect(await pair.till.sessions!.list()).toHaveLength(16)
  })

  it('is not opened where the vendor or the bank refuses it, and costs nothing', async () => {
    const pair = await Pair.start({ sessions: { ...sessionTerms, paymentsMax: 50_000 } })
    await expect(pair.open(10, { unit: 1n })).rejects.toMatchObject({
      code: 'session_terms',
      fields: { field: 'unit' },
    })
    await expect(pair.open(50_001)).rejects.toMatchObject({ code: 'session_terms', fields: { field: 'paymentsMax' } })
    await expect(pair.open(10, { windowMs: 999 })).rejects.toMatchObject({ code: 'session_terms' })
    await expect(pair.open(10, { suite: 'xor' })).rejects.toMatchObject({ code: 'refused' })
    await expect(pair.open(20_000)).rejects.toMatchObject({ code: 'insufficient_funds' })
    await expect(pair.pay(1)).rejects.toMatchObject({ code: 'usage' })
    expect(await pair.balances()).toEqual({ client: money, vendor: 0n, escrow: 0n })
  })
})
