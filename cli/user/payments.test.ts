// Payments between a wallet, a till, the real auditor and the real bank.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createMemoryDatabase, type MemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Auditor } from '../auditor/auditor.ts'
import { openAccount } from '../bank/testing.ts'
import { backUp, restoreWallet } from './operations.ts'
import { dyingAt, kept, PartyWorld } from './testing.ts'
import type { Wallet } from './wallet.ts'

const worlds: PartyWorld[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    world.net.ledger.isHolding = false
    world.net.ledger.release()
    await world.close()
  }
})

async function setUp(w0: number): Promise<{ world: PartyWorld; auditor: Auditor }> {
  const world = await PartyWorld.start()
  worlds.push(world)
  const auditor = await world.auditor(w0)
  await openAccount(world.bank, world.net, 'vendor', 'kiosk')
  await openAccount(world.bank, world.net, 'vendor', 'cafe')
  return { world, auditor }
}

const newspaper = (vendor: string, price: bigint) => ({ vendor, item: 'newspaper', price })
const tokensOf = (wallet: Wallet): unknown => wallet.balance().tokens

describe('a payment at the real auditor', () => {
  it('is delivered at once, or after the verdict that it waits for, and the vendor is paid', async () => {
    const { world } = await setUp(4)
    const kiosk = await world.till('kiosk')
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(10)
    expect(await wallet.pay(newspaper('kiosk', 3n))).toMatchObject({
      entry: { state: 'delivered', ruling: { statement: { answer: 'deliver', block: 0 } } },
    })
    world.net.ledger.isHolding = true
    const paying = wallet.pay(newspaper('kiosk', 2n))
    await vi.waitFor(() => expect(kiosk.till.status()).toMatchObject({ waiting: 1 }))
    expect(wallet.balance()).toMatchObject({ tokens: 5, pledged: 2 })
    world.net.ledger.release()
    expect((await paying).entry).toMatchObject({ state: 'delivered', ruling: { statement: { block: 1 } } })
    const account = toHex(kiosk.till.home.key.publicKey)
    // 5 tokens settled, a fifth withheld
    await vi.waitFor(() => expect(world.bank.account(account).balance).toBe(4n), { timeout: 10_000 })
  })

  it('takes a thousand tokens in one', async () => {
    const { world } = await setUp(50)
    await world.till('kiosk')
    const wallet = await world.wallet('alice', 1_000)
    await wallet.withdraw(1_000)
    expect((await wallet.pay(newspaper('kiosk', 1_000n))).entry.state).toBe('delivered')
    expect(wallet.balance()).toMatchObject({ tokens: 0, pledged: 0, totals: { spent: 1_000 } })
  })

  it('that is rejected gives its tokens back, and the valid ones buy elsewhere', async () => {
    const { world } = await setUp(4)
    await world.till('kiosk')
    await world.till('cafe')
    const disk = createMemoryDatabase()
    const first = await world.wallet('alice', 4, {}, kept(disk))
    await first.withdraw(4)
    // a second copy of the wallet, used beside the first: the fraud that tokens with holders are there to show
    const copy = await world.openWallet(first.home.dir, kept((disk as MemoryDatabase).snapshot()))
    expect((await first.pay(newspaper('kiosk', 2n))).entry.state).toBe('delivered')
    const { entry } = await copy.pay(newspaper('cafe', 4n))
    expect(entry).toMatchObject({ state: 'rejected', ruling: { statement: { answer: 'rejected', block: 1 } } })
    expect(entry.ruling?.statement.reason).not.toBe('')
    expect(tokensOf(copy)).toBe(4)
    // released by the rejection: the first copy still holds the two valid ones
    expect((await first.pay(newspaper('cafe', 2n))).entry.state).toBe('delivered')
  })

  it('is not queued any more once its holder was told so, whatever the vendor presents', async () => {
    const { world } = await setUp(10)
    const kiosk = await world.till('kiosk', { services: 'own-services.json' })
    await world.till('cafe')
    const wallet = await world.wallet('alice', 3)
    await wallet.withdraw(3)
    // the vendor takes it, and knows no address of the auditor
    const { entry } = await wallet.pay({ ...newspaper('kiosk', 3n), deadlineMs: 600 })
    expect(entry.state).toBe('open')
    await vi.waitFor(
      async () => {
        const { outcomes } = await wallet.recover()
        expect(outcomes[0]?.entry).toMatchObject({ state: 'rejected', ruling: { statement: { answer: 'not_queued' } } })
      },
      { timeout: 10_000 },
    )
    expect((await wallet.pay(newspaper('cafe', 3n))).entry.state).toBe('delivered')
    fs.copyFileSync(wallet.home.servicesFile, kiosk.till.home.servicesFile)
    await vi.waitFor(async () => expect(await kiosk.till.sales()).toMatchObject([{ state: 'refused' }]), {
      timeout: 10_000,
    })
  })
})

describe('killed anywhere', () => {
  it('a till delivers once, and a wallet spends once', async () => {
    const { world, auditor } = await setUp(3)
    const places = [1, 2, 3].flatMap(write => [false, true].map(reaches => ({ write, reaches })))
    for (const [i, { write, reaches }] of places.entries()) {
      const where = JSON.stringify({ write, reaches })
      const name = `shop-${i}`
      await openAccount(world.bank, world.net, 'vendor', name)
      const [till, purse] = [createMemoryDatabase(), createMemoryDatabase()]
      const dying = await world.till(name, {}, dyingAt(till, write, reaches))
      void dying.till.failed.catch(() => dying.stop())
      // every write after the withdrawal's two: the pledge, the outcome
      const user = `user-${i}`
      const before = await world.wallet(user, 3, {}, dyingAt(purse, Math.min(write + 2, 4), reaches))
      await before.withdraw(3)
      await Promise.race([before.pay(newspaper(name, 3n)), dying.till.failed]).catch(() => {})
      await before.close()
      await dying.stop()
      await world.till(name, {}, kept(till))
      const wallet = await world.wallet(user, 0, {}, kept(purse))
      await vi.waitFor(
        async () => {
          await wallet.recover()
          expect(wallet.book.openEntries, where).toEqual([])
        },
        { timeout: 10_000 },
      )
      if (tokensOf(wallet) === 3) expect((await wallet.pay(newspaper(name, 3n))).entry.state, where).toBe('delivered')
      expect(wallet.balance(), where).toMatchObject({ tokens: 0, pledged: 0, totals: { received: 3, spent: 3 } })
    }
    expect(await auditor.accusations.all()).toEqual([])
  })
})

describe('a restored wallet', () => {
  it('learns from auditor and bank what was spent and given back since its backup', async () => {
    const { world } = await setUp(3)
    await world.till('kiosk')
    // a payment that the till has no time for stays open: what is tested here is what follows payments that went through
    const wallet = await world.wallet('alice', 10, { deadlineMsMax: 3_000 })
    await wallet.withdraw(10)
    const file = path.join(world.net.dir, 'alice.json')
    backUp(wallet, file, undefined)
    // three consumed by a decided block, two in the queue, one given back
    for (const price of [3n, 2n]) expect((await wallet.pay(newspaper('kiosk', price))).entry.state).toBe('delivered')
    await wallet.returnTokens(1)
    await wallet.close()
    const folder = path.join(world.net.dir, 'users', 'alice-2')
    await restoreWallet(file, folder, world.net.dir, undefined)
    const restored = await world.openWallet(folder)
    await vi.waitFor(async () => expect((await restored.recover()).problem).toBeUndefined(), { timeout: 10_000 })
    expect(restored.balance()).toMatchObject({ tokens: 4, unchecked: 2, totals: { lost: 4 } })
    expect((await restored.pay(newspaper('kiosk', 4n))).entry.state).toBe('delivered')
  })
})
