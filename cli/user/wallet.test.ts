import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { certificateToPem, issueCertificate, parseCertificate } from '../../proto/certificates.ts'
import { signStatement, statementToJson } from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { identify } from '../bank/testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { signedCall } from '../common/http.ts'
import { CertificateChecks, certificateToText } from '../common/identity.ts'
import { createServer } from '../common/server.ts'
import { serviceNamed } from '../common/services.ts'
import { userKey } from '../common/testing.ts'
import { openWalletHome, renewHome } from './home.ts'
import { backUp, restoreWallet } from './operations.ts'
import type { PaymentState } from './rules.ts'
import { dyingAt, kept, PartyWorld, type ScriptedAuditor } from './testing.ts'
import type { Outcome, Wallet } from './wallet.ts'
import { checkWithdrawn } from './withdrawn.ts'

const worlds: PartyWorld[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

async function setUp(): Promise<{ world: PartyWorld; auditor: ScriptedAuditor }> {
  const world = await PartyWorld.start()
  worlds.push(world)
  return { world, auditor: await world.scriptedAuditor() }
}

const newspaper = (vendor = 'kiosk', price = 2n) => ({ vendor, item: 'newspaper', price })

/** Free, pledged and spent tokens. */
const counts = (wallet: Wallet): unknown[] => {
  const { tokens, pledged, totals } = wallet.balance() as {
    tokens: number
    pledged: number
    totals: { spent: number }
  }
  return [tokens, pledged, totals.spent]
}

/** Recovers until the one open payment is in a state. */
const recoverTo = (wallet: Wallet, state: PaymentState): Promise<Outcome> =>
  vi.waitFor(
    async () => {
      const { outcomes } = await wallet.recover()
      expect(outcomes[0]?.entry).toMatchObject({ state })
      return outcomes[0]!
    },
    { timeout: 10_000 },
  )

describe('withdrawing', () => {
  it('pays from the account, checks what comes, and drops an order that the bank refuses', async () => {
    const { world } = await setUp()
    const wallet = await world.wallet('alice', 10)
    expect(await wallet.withdraw(4)).toMatchObject({ publication: 1, count: 4 })
    expect([counts(wallet), world.moneyOf(wallet)]).toEqual([[4, 0, 0], 6n])
    await expect(wallet.withdraw(7)).rejects.toMatchObject({ code: 'insufficient_funds' })
    expect(await wallet.history()).toHaveLength(1)
    expect(await wallet.recover()).toEqual({ outcomes: [], problem: undefined })
  })

  it('takes no tokens that are not as ordered, proved and signed', async () => {
    const { world } = await setUp()
    const wallet = await world.wallet('alice', 10)
    const { home } = wallet
    const caller = { identity: identityOf(home), checks: new CertificateChecks(home.roots) }
    const bank = serviceNamed(home.servicesFile, 'bank', 'bank')
    const order = (id: string) =>
      signedCall<Record<string, unknown>>(caller, bank, 'POST', '/withdrawals', { order: id.repeat(16), count: 2 })
    const reply = await order('aa')
    const other = await order('bb')
    const tokens = reply.tokens as { group: Record<string, unknown>; index: number; signature: string }[]
    expect(checkWithdrawn(reply, home, 2).tokens).toHaveLength(2)
    const changed = (change: object): object => ({ ...reply, tokens: tokens.map(token => ({ ...token, ...change })) })
    const group = (change: object): object => changed({ group: { ...tokens[0]!.group, ...change } })
    const lies: object[] = [
      { ...reply, tokens: tokens.slice(1) },
      { ...reply, tokens: [tokens[0], tokens[0]] },
      { ...reply, tokens: other.tokens },
      { ...reply, proof: other.proof },
      { ...reply, proof: { ...(reply.proof as object), stateRoot: 'ab'.repeat(32) } },
      { ...reply, publication: 2 },
      changed({ signature: '00'.repeat(64) }),
      group({ value: '2' }),
      group({ holder: 'ab'.repeat(32) }),
      group({ payBy: '2040-01-01T00:00:00.000Z' }),
    ]
    for (const lie of lies)
      expect(() => checkWithdrawn(lie as Record<string, unknown>, home, 2), JSON.stringify(lie).slice(0, 90)).toThrow()
  })
})

describe('paying', () => {
  it('spends on delivery, waits with the vendor, and has tokens back on a rejection, for another vendor', async () => {
    const { world, auditor } = await setUp()
    await world.till('kiosk')
    await world.till('cafe', { prices: { coffee: '3' } })
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(8)
    expect(await wallet.pay(newspaper())).toMatchObject({ entry: { state: 'delivered' }, problem: undefined })
    auditor.script = digest => {
      setImmediate(() => auditor.rule(digest, 'rejected'))
      return 'wait'
    }
    const rejected = await wallet.pay(newspaper())
    expect(rejected.entry).toMatchObject({ state: 'rejected', ruling: { statement: { reason: 'invalid_tokens' } } })
    expect(counts(wallet)).toEqual([6, 0, 2])
    auditor.script = () => 'deliver'
    expect((await wallet.pay({ vendor: 'cafe', item: 'coffee' })).entry).toMatchObject({ state: 'delivered' })
    expect(counts(wallet)).toEqual([3, 0, 5])
    expect((await wallet.history()).map(({ kind }) => kind)).toEqual(['payment', 'payment', 'payment', 'withdrawal'])
  })

  it('signs nothing that cannot be right', async () => {
    const { world } = await setUp()
    await world.till('kiosk', { prices: { coffee: '3' } })
    await world.till('stall', { auditors: ['auditor'] })
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(3)
    const codes = await Promise.all(
      [
        newspaper('kiosk', 0n),
        newspaper('kiosk', 4n),
        { vendor: 'kiosk', item: 'newspaper' },
        { vendor: 'kiosk', item: 'coffee', price: 2n },
        { ...newspaper(), deadlineMs: 700_000 },
        newspaper('nobody'),
      ].map(purchase => wallet.pay(purchase).catch((error: { code: string }) => error.code)),
    )
    expect(codes).toEqual(['bad_input', 'insufficient_tokens', 'usage', 'refused', 'usage', 'unreachable'])
    expect([counts(wallet), (await wallet.history()).length]).toEqual([[3, 0, 0], 1])
  })

  it('takes a thousand tokens, and payments at once that share none', async () => {
    const { world, auditor } = await setUp()
    await world.till('kiosk')
    const wallet = await world.wallet('alice', 1_100)
    await wallet.withdraw(1_100)
    const paid = await Promise.all([1_000n, 40n, 60n].map(price => wallet.pay(newspaper('kiosk', price))))
    expect(paid.map(({ entry }) => entry.state)).toEqual(['delivered', 'delivered', 'delivered'])
    expect([counts(wallet), auditor.presented.size]).toEqual([[0, 0, 1_100], 3])
  })
})

describe('a payment that nobody answers', () => {
  it('has its tokens back once the deadline has passed and the auditor says not queued, for another vendor', async () => {
    const { world, auditor } = await setUp()
    const kiosk = await world.till('kiosk')
    await world.till('cafe')
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(2)
    kiosk.till.take = () => Promise.reject(new Error('out of order'))
    const { entry, problem } = await wallet.pay({ ...newspaper(), deadlineMs: 700 })
    expect([entry.state, problem?.code, counts(wallet)]).toEqual(['open', 'bug', [0, 2, 0]])
    await kiosk.stop()
    const { outcomes } = await wallet.recover()
    expect(outcomes).toMatchObject([{ entry: { state: 'open' }, problem: { code: 'too_early' } }])
    await expect(wallet.pay(newspaper('cafe'))).rejects.toMatchObject({ code: 'insufficient_tokens' })
    const freed = await recoverTo(wallet, 'rejected')
    expect(freed.entry).toMatchObject({ ruling: { statement: { answer: 'not_queued' } } })
    expect((await wallet.pay(newspaper('cafe'))).entry.state).toBe('delivered')
    expect([counts(wallet), auditor.presented.size]).toEqual([[0, 0, 2], 1])
  })

  it('is a claim where the auditor let it be delivered, until the vendor shows its receipt', async () => {
    const { world, auditor } = await setUp()
    const disk = createMemoryDatabase()
    const kiosk = await world.till('kiosk', {}, kept(disk))
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(2)
    auditor.script = () => 'wait'
    const paying = wallet.pay(newspaper())
    const [digest] = await vi.waitFor(() => {
      expect(auditor.rulings.size).toBe(1)
      return [...auditor.rulings.keys()]
    })
    await kiosk.stop()
    expect((await paying).entry.state).toBe('open')
    auditor.rule(digest!, 'deliver')
    expect((await recoverTo(wallet, 'claim')).entry).toMatchObject({ receipt: undefined })
    expect(counts(wallet)).toEqual([0, 0, 2])
    await world.till('kiosk', {}, kept(disk))
    expect((await recoverTo(wallet, 'delivered')).entry).toMatchObject({
      receipt: { statement: { outcome: 'delivered' } },
      ruling: { statement: { answer: 'deliver' } },
    })
    expect(counts(wallet)).toEqual([0, 0, 2])
  })

  it('is not settled by statements that vendor and auditor did not sign, or that are about another payment', async () => {
    const { world, auditor } = await setUp()
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(2)
    const vendor = await identify(world.net, 'vendor', 'liar')
    let reply: (digest: string) => object = () => ({})
    const server = createServer({ identity: vendor, checks: new CertificateChecks(vendor.roots) })
    const certificate = certificateToText(vendor.certificate)
    const anyone = { config: { access: 'anyone' } } as const
    server.get('/offer', anyone, async () => ({
      name: 'liar',
      certificate,
      bank: 'bank',
      auditors: ['auditor'],
      prices: {},
    }))
    server.post('/payments', anyone, async () =>
      reply(wallet.book.openEntries.map(entry => ('digest' in entry ? entry.digest : '')).at(-1)!),
    )
    await world.serve('liar', server)
    const receipt = (payload: string, item: string, key = vendor.key) => {
      const signer = vendor.certificate.facts.fingerprint
      const heading = { network: vendor.network, signer, payload, time: Date.now() }
      return {
        receipt: statementToJson(signStatement({ kind: 'receipt', ...heading, outcome: 'delivered', item }, key)),
      }
    }
    const lies: ((digest: string) => object)[] = [
      digest => ({ ruling: auditor.rule(digest, 'rejected', vendor.key) }),
      () => ({ ruling: auditor.rule('ab'.repeat(32), 'rejected') }),
      digest => receipt(digest, 'newspaper', keyOf('somebody')),
      () => receipt('ab'.repeat(32), 'newspaper'),
      digest => receipt(digest, 'bread'),
      () => ({ answer: 'rejected', reason: 'believe me' }),
    ]
    reply = lies[0]!
    const { entry, problem } = await wallet.pay(newspaper('liar'))
    expect([entry.state, problem?.code]).toEqual(['open', 'bad_signature'])
    for (reply of lies) {
      const { outcomes } = await wallet.recover()
      expect(outcomes).toMatchObject([{ entry: { state: 'open' } }])
      expect(counts(wallet)).toEqual([0, 2, 0])
    }
    reply = digest => receipt(digest, 'newspaper')
    await recoverTo(wallet, 'delivered')
  })
})

describe('giving back', () => {
  it('is refunded once, and repeated where the bank did not answer', async () => {
    const { world } = await setUp()
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(5)
    expect(await wallet.returnTokens(2)).toMatchObject([{ entry: { refunded: 2 } }])
    expect([counts(wallet), world.moneyOf(wallet)]).toEqual([[3, 0, 0], 7n])
    const { base } = serviceNamed(wallet.home.servicesFile, 'bank', 'bank')
    world.address('bank', 'http://127.0.0.1:1')
    expect(await wallet.returnTokens()).toMatchObject([
      { entry: { refunded: undefined }, problem: { code: 'unreachable' } },
    ])
    expect(wallet.balance()).toMatchObject({ tokens: 0, returning: 3 })
    world.address('bank', base)
    expect((await wallet.recover()).outcomes).toMatchObject([{ entry: { refunded: 3 } }])
    expect([wallet.balance().returning, world.moneyOf(wallet)]).toEqual([0, 10n])
    await expect(wallet.returnTokens(1)).rejects.toMatchObject({ code: 'insufficient_tokens' })
  })
})

/** Withdraws, pays and gives back; ends where the store dies. */
async function live(wallet: Wallet): Promise<void> {
  await wallet.withdraw(5)
  await wallet.pay(newspaper())
  await wallet.returnTokens(1)
}

describe('a wallet that is killed', () => {
  it('has lost nothing and spends nothing twice, wherever it was', async () => {
    const { world, auditor } = await setUp()
    await world.till('kiosk')
    let writes = 0
    const counted = createMemoryDatabase()
    const counting: Database = {
      ...kept(counted),
      write: (ops, options) => {
        writes += 1
        return counted.write(ops, options)
      },
    }
    await live(await world.wallet('counted', 5, {}, counting))
    expect(writes).toBe(6)
    const places = Array.from({ length: writes }, (_, i) => i + 1).flatMap(write =>
      [false, true].map(reaches => ({ write, reaches })),
    )
    for (const [i, { write, reaches }] of places.entries()) {
      const disk = createMemoryDatabase()
      const name = `user-${i}`
      const dying = await world.wallet(name, 5, {}, dyingAt(disk, write, reaches))
      await live(dying).catch(() => {})
      await dying.close()
      const wallet = await world.wallet(name, 0, {}, kept(disk))
      const { outcomes } = await wallet.recover()
      expect(outcomes.filter(({ problem }) => problem)).toEqual([])
      const { totals, tokens } = wallet.balance() as { totals: Record<string, number>; tokens: number }
      const where = JSON.stringify({ write, reaches, totals })
      expect(wallet.book.openEntries, where).toEqual([])
      expect(totals.received, where).toBe(tokens + totals.spent! + totals.returned!)
      expect(world.moneyOf(wallet), where).toBe(5n - BigInt(totals.received! - totals.returned!))
      if (totals.received === 0) await wallet.withdraw(5)
      await wallet.pay(newspaper('kiosk', BigInt(wallet.balance().tokens as number)))
      expect(counts(wallet).slice(0, 2), where).toEqual([0, 0])
    }
    expect([...auditor.spent.values()].every(payments => payments.size === 1)).toBe(true)
  })
})

describe('renewal', () => {
  it('takes a certificate of the same key and name, and the tokens stay', async () => {
    const { world } = await setUp()
    await world.till('kiosk')
    const wallet = await world.wallet('alice', 10)
    await wallet.withdraw(2)
    const folder = wallet.home.dir
    await wallet.close()
    const root = parseCertificate(world.net.genesis.roots[0]!.der)
    const issue = async (name: string, role: 'user' | 'vendor', key = userKey('alice'), untilMs = 86_400_000) => {
      const times = { notBefore: Date.now() - 100_000, notAfter: Date.now() + untilMs }
      const request = { issuer: root, issuerKey: keyOf('authority'), name, role, publicKey: key.publicKey, ...times }
      const file = path.join(world.net.dir, `${name}-${role}.pem`)
      const certificate = await issueCertificate(request)
      fs.writeFileSync(file, certificateToPem(certificate))
      return { file, certificate }
    }
    const wrong: [string, Promise<{ file: string }>][] = [
      ['bad_key', issue('alice', 'user', userKey('other'))],
      ['bad_certificate', issue('bob', 'user')],
      ['wrong_role', issue('alice', 'vendor')],
    ]
    for (const [code, issued] of wrong) {
      const { file } = await issued
      expect(() => renewHome(folder, undefined, file), code).toThrow(expect.objectContaining({ code }))
    }
    const expired = await issue('alice', 'user', userKey('alice'), -10_000)
    expect(() => renewHome(folder, undefined, expired.file)).toThrow(
      expect.objectContaining({ code: 'bad_certificate' }),
    )
    const { file, certificate } = await issue('alice', 'user')
    expect(renewHome(folder, undefined, file).facts.fingerprint).toBe(certificate.facts.fingerprint)
    const renewed = await world.openWallet(folder)
    expect(renewed.home.fingerprint).toBe(certificate.facts.fingerprint)
    expect((await renewed.pay(newspaper())).entry.state).toBe('delivered')
  })
})

describe('a restored wallet', () => {
  it('pays with nothing before auditor and bank know of no use of it, and never with what was spent since', async () => {
    const { world, auditor } = await setUp()
    await world.till('kiosk')
    const wallet = await world.wallet('alice', 10, { deadlineMsMax: 3_000 })
    await wallet.withdraw(6)
    const file = path.join(world.net.dir, 'alice.json')
    const secret = path.join(world.net.dir, 'secret.txt')
    fs.writeFileSync(secret, 'correct horse\n')
    expect(backUp(wallet, file, secret)).toMatchObject({ tokens: 6, open: 0, encrypted: true })
    expect(fs.statSync(file).mode & 0o777).toBe(0o600)
    expect(fs.readFileSync(file, 'utf8')).not.toContain(Buffer.from(wallet.home.seed).toString('hex'))
    expect(() => backUp(wallet, file, undefined)).toThrow(expect.objectContaining({ code: 'bad_input' }))
    // spent and given back after the backup: the copy knows of neither
    const { entry } = await wallet.pay(newspaper())
    await wallet.returnTokens(1)
    await wallet.close()
    const spent = new Set(entry.payment.tokens.map(({ group, index }) => `bank-${group.publication}-${index}`))
    auditor.tokenState = serial => (spent.has(serial) ? 'consumed' : serial.endsWith('-5') ? 'queued' : 'unknown')

    const folder = path.join(world.net.dir, 'users', 'alice-2')
    fs.writeFileSync(`${secret}.wrong`, 'wrong')
    for (const passphrase of [undefined, `${secret}.wrong`])
      await expect(restoreWallet(file, folder, world.net.dir, passphrase)).rejects.toMatchObject({ code: 'bad_input' })
    expect(await restoreWallet(file, folder, world.net.dir, secret)).toMatchObject({ unchecked: 6, open: 0 })
    await expect(restoreWallet(file, folder, world.net.dir, secret)).rejects.toMatchObject({ code: 'bad_input' })
    expect(openWalletHome(folder).key.publicKey).toEqual(userKey('alice').publicKey)
    const restored = await world.openWallet(folder)
    await expect(restored.pay(newspaper())).rejects.toMatchObject({ code: 'insufficient_tokens', hint: /not checked/ })
    expect((await restored.recover()).problem).toMatchObject({ code: 'too_early' })
    const { base } = serviceNamed(restored.home.servicesFile, 'auditor', 'auditor')
    world.address('auditor', 'http://127.0.0.1:1')
    await vi.waitFor(async () => expect((await restored.recover()).problem).toMatchObject({ code: 'unreachable' }), {
      timeout: 15_000,
    })
    expect(restored.balance()).toMatchObject({ tokens: 0, unchecked: 6 })
    world.address('auditor', base)
    expect((await restored.recover()).problem).toBeUndefined()
    // 6 − 2 spent − 1 given back − 1 in the auditor's queue
    expect(restored.balance()).toMatchObject({ tokens: 2, unchecked: 1, totals: { lost: 3 } })
    expect((await restored.pay(newspaper())).entry.state).toBe('delivered')
  })

  it('settles what was open when it was backed up, and has what comes free by that checked', async () => {
    const { world, auditor } = await setUp()
    const kiosk = await world.till('kiosk')
    const wallet = await world.wallet('alice', 10, { deadlineMsMax: 500 })
    await wallet.withdraw(4)
    auditor.script = () => 'wait'
    kiosk.till.take = () => Promise.reject(new Error('out of order'))
    expect((await wallet.pay(newspaper())).entry.state).toBe('open')
    const file = path.join(world.net.dir, 'alice.json')
    backUp(wallet, file, undefined)
    await wallet.close()
    const folder = path.join(world.net.dir, 'users', 'alice-2')
    expect(await restoreWallet(file, folder, world.net.dir, undefined)).toMatchObject({ unchecked: 2, open: 1 })
    const restored = await world.openWallet(folder)
    auditor.tokenState = () => 'queued'
    await recoverTo(restored, 'rejected')
    expect(restored.balance()).toMatchObject({ tokens: 0, unchecked: 4, pledged: 0 })
    auditor.tokenState = () => 'unknown'
    await vi.waitFor(async () => expect((await restored.recover()).problem).toBeUndefined(), { timeout: 15_000 })
    expect(restored.balance()).toMatchObject({ tokens: 4, unchecked: 0 })
  })
})
