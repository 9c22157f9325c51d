import { afterEach, describe, expect, it, vi } from 'vitest'
import type { LooseToken } from '../../node/ledger/form.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import { decodeStatement, type StatementJson } from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { identify, openAccount } from '../bank/testing.ts'
import { call, signedCall } from '../common/http.ts'
import { CertificateChecks } from '../common/identity.ts'
import { paymentDigest, type UserPayment, userPaymentToJson } from '../common/payment.ts'
import { altered, payWith, userKey } from '../common/testing.ts'
import { dyingAt, kept, PartyWorld, type ScriptedAuditor } from '../user/testing.ts'
import type { SaleAnswer } from './json.ts'

const worlds: PartyWorld[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})

const alice = userKey('alice')

interface SetUp {
  readonly world: PartyWorld
  readonly auditor: ScriptedAuditor
  readonly tokens: readonly LooseToken[]
  pay(tokens: readonly LooseToken[], parts?: Parameters<typeof payWith>[3], time?: number): Promise<UserPayment>
}

async function setUp(count = 6): Promise<SetUp> {
  const world = await PartyWorld.start()
  worlds.push(world)
  const auditor = await world.scriptedAuditor()
  const { certificate } = await openAccount(world.bank, world.net, 'user', 'alice', count)
  const { tokens } = await world.bank.issueFinal({ holder: alice.publicKey, count })
  return {
    world,
    auditor,
    tokens,
    async pay(of, parts = {}, time) {
      const payment = payWith(world.net.ledger.network, alice, of, { vendor: 'kiosk', ...parts }, time)
      return { certificate: certificate.der, payment }
    },
  }
}

const hex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'hex'))
const read = <K extends 'ruling' | 'receipt'>(kind: K, { content, signature }: StatementJson) =>
  decodeStatement(kind, hex(content), hex(signature)).statement
const outcomeOf = ({ answer, receipt }: SaleAnswer): unknown[] => [answer, receipt && read('receipt', receipt)]

describe('a till', () => {
  it('presents, delivers and answers a payment that comes twice as one sale', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till, url } = await world.till('kiosk')
    const given = await pay(tokens.slice(0, 2), { item: 'newspaper' })
    const digest = paymentDigest(world.net.ledger.network, given.payment)
    const [first, second] = await Promise.all([till.take(given), till.take(given)])
    expect(first).toEqual(second)
    expect(outcomeOf(first)).toMatchObject(['delivered', { outcome: 'delivered', payload: digest, item: 'newspaper' }])
    expect(auditor.presented.get(digest)?.size).toBe(1)
    expect(await call(url, 'POST', '/payments', userPaymentToJson(given))).toEqual(first)
    const asked = async (name: string, payment = digest) => {
      const identity = await identify(world.net, 'user', name)
      const caller = { identity, checks: new CertificateChecks(identity.roots) }
      return signedCall(caller, { base: url, name: 'kiosk', role: 'vendor' }, 'GET', `/payments/${payment}`)
    }
    expect(await asked('alice')).toEqual(first)
    await expect(asked('alice', '0'.repeat(64))).rejects.toMatchObject({ code: 'not_found' })
    await expect(asked('bob')).rejects.toMatchObject({ code: 'not_found' })
    await expect(call(url, 'GET', `/payments/${digest}`)).rejects.toMatchObject({ code: 'bad_signature' })
    expect(await till.sales()).toMatchObject([{ number: 1, digest, state: 'delivered' }])
    expect(await call(url, 'GET', '/offer')).toMatchObject({ name: 'kiosk', bank: 'bank', auditors: ['auditor'] })
    await expect(call(url, 'GET', '/sales')).rejects.toMatchObject({ code: 'bad_signature' })
  })

  it('waits for the verdict, and delivers or refuses by it', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk')
    auditor.script = () => 'wait'
    for (const [i, answer] of (['deliver', 'rejected'] as const).entries()) {
      const given = await pay([tokens[i]!])
      const told = await till.take(given)
      expect([told.answer, read('ruling', told.ruling!).answer]).toEqual(['wait', 'wait'])
      const settled = till.take(given, true)
      auditor.rule(told.digest, answer)
      expect(outcomeOf(await settled)).toMatchObject(
        answer === 'deliver' ? ['delivered', { outcome: 'delivered' }] : ['rejected', { outcome: 'refused' }],
      )
    }
    expect(till.status()).toMatchObject({ sales: 2, presented: 0, waiting: 0 })
  })

  it('does not present what cannot be right (V1 to V4)', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk', { prices: { coffee: '3' } })
    const [a, b] = [tokens[0]!, tokens[1]!]
    const bob = await identify(world.net, 'user', 'bob')
    const stolen = await pay([a])
    const refused: Record<string, UserPayment> = {
      wrong_vendor: await pay([a], { vendor: 'other' }),
      wrong_auditor: await pay([a], { auditor: 'other' }),
      holder_mismatch: { ...stolen, certificate: bob.certificate.der },
      token_twice: await pay([a, a]),
      price: await pay([a, b], { price: 1n }),
      catalogue_price: await pay([a, b], { item: 'coffee' }),
      deadline_passed: await pay([a], {}, Date.now() - 3_600_001),
      holder_signature: { ...stolen, payment: { ...stolen.payment, holder: alice.publicKey, time: 1 } },
      token_signature: await pay([altered(a)]),
      pay_by_passed: await pay([{ ...a, group: { ...a.group, payBy: Date.now() - 1 } }]),
    }
    for (const [reason, given] of Object.entries(refused))
      await expect(till.take(given), reason).rejects.toMatchObject({ code: 'refused', fields: { reason } })
    await expect(till.take(await pay([a], { price: 0n }))).rejects.toMatchObject({ fields: { reason: 'price' } })
    const asVendor = await identify(world.net, 'vendor', 'kiosk')
    await expect(till.take({ ...stolen, certificate: asVendor.certificate.der })).rejects.toMatchObject({
      code: 'wrong_role',
    })
    expect([auditor.presented.size, await till.sales()]).toEqual([0, []])
  })

  it('leaves token signatures to the ledger where it is told to', async () => {
    const { world, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk', { checkTokens: false })
    expect(await till.take(await pay([altered(tokens[0]!)]))).toMatchObject({ answer: 'delivered' })
  })

  it('asks for trust first where it has a floor', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk', { trustFloor: 10 })
    expect(await till.take(await pay([tokens[0]!]))).toMatchObject({ answer: 'delivered' })
    for (auditor.trust of [{ blockSize: 9 }, { blockSize: 50, blocked: true }, {}])
      await expect(till.take(await pay([tokens[1]!]))).rejects.toMatchObject({ fields: { reason: 'trust' } })
  })

  it('believes no ruling that the auditor did not sign about this payment', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk')
    const lies = [
      (digest: string) => auditor.rule(digest, 'deliver', keyOf('somebody')),
      () => auditor.rule('ab'.repeat(32), 'deliver'),
      (digest: string) => ({ ...auditor.rule(digest, 'deliver', keyOf('x')), signature: '00'.repeat(64) }),
    ]
    for (const [i, lie] of lies.entries()) {
      auditor.script = digest => ({ ruling: lie(digest) })
      const told = await till.take(await pay([tokens[i]!]))
      expect(told).toEqual({ digest: told.digest, answer: 'wait', reason: 'bad_signature' })
      auditor.script = () => 'deliver'
      expect(await till.standing(told.digest, true)).toMatchObject({ answer: 'delivered' })
      expect(auditor.presented.get(told.digest)?.size).toBe(1)
    }
  })

  it('goes on presenting the same bytes while the auditor is away, and stops where nobody will queue it any more (V6, V7)', async () => {
    const { world, auditor, tokens, pay } = await setUp()
    const { till } = await world.till('kiosk')
    world.address('auditor', 'http://127.0.0.1:1')
    const told = await till.take(await pay([tokens[0]!]))
    expect(told).toEqual({ digest: told.digest, answer: 'wait', reason: 'unreachable' })
    world.address('auditor', `http://127.0.0.1:${(auditor.server.server.address() as { port: number }).port}`)
    expect(await till.standing(told.digest, true)).toMatchObject({ answer: 'delivered' })
    expect(auditor.presented.get(told.digest)?.size).toBe(1)
    // an auditor that cannot attribute it, however long that lasts, is no ruling before the deadline
    auditor.script = () => {
      throw Object.assign(new Error('malformed'), { statusCode: 400 })
    }
    const refused = await till.take(await pay([tokens[2]!], { deadline: Date.now() + 1_500 }))
    expect(refused).toMatchObject({ answer: 'wait', reason: 'bad_input' })
    const settled = await vi.waitFor(async () => {
      const standing = await till.standing(refused.digest, true)
      expect(standing.answer).toBe('rejected')
      return standing
    }, 10_000)
    expect(outcomeOf(settled)).toMatchObject(['rejected', { outcome: 'refused' }])
    expect(settled.ruling).toBeUndefined()
  })

  it('lets many sales wait at once without a warning, and answers all of them when it closes', async () => {
    const many = 12
    const { world, tokens, pay } = await setUp(many)
    const { till, stop } = await world.till('kiosk')
    const warnings: Error[] = []
    const onWarning = (warning: Error): void => void warnings.push(warning)
    process.on('warning', onWarning)
    world.address('auditor', 'http://127.0.0.1:1')
    const payments = await Promise.all(tokens.map(token => pay([token])))
    const first = await Promise.all(payments.map(given => till.take(given)))
    expect(first.map(({ reason }) => reason)).toEqual(Array.from({ length: many }, () => 'unreachable'))
    const last = first.map(({ digest }) => till.standing(digest, true))
    await stop()
    expect((await Promise.all(last)).map(({ answer }) => answer)).toEqual(Array.from({ length: many }, () => 'wait'))
    process.off('warning', onWarning)
    expect(warnings).toEqual([])
  })
})

describe('a till that is killed', () => {
  it('has signed one presentation and delivers once, wherever it was', async () => {
    const { world, auditor, tokens, pay } = await setUp(8)
    auditor.script = digest => {
      setImmediate(() => auditor.rule(digest, 'deliver'))
      return 'wait'
    }
    // the sale, the wait, the delivery
    const places = [1, 2, 3].flatMap(write => [false, true].map(reaches => ({ write, reaches })))
    for (const [i, { write, reaches }] of places.entries()) {
      const name = `kiosk-${i}`
      const disk = createMemoryDatabase()
      const given = await pay([tokens[i]!], { vendor: name })
      const digest = paymentDigest(world.net.ledger.network, given.payment)
      const dying = await world.till(name, {}, dyingAt(disk, write, reaches))
      await Promise.race([dying.till.take(given, true), dying.till.failed]).catch(() => {})
      await dying.stop()
      expect(auditor.presented.has(digest)).toBe(write > 1)
      const { till } = await world.till(name, {}, kept(disk))
      // the sale goes on by itself where it was persisted; the user repeats the payment where it was not
      if (write > 1 || reaches) await vi.waitFor(async () => expect(await till.standing(digest, true)).toBeDefined())
      const [again, same] = [await till.take(given, true), await till.take(given, true)]
      expect(outcomeOf(again), JSON.stringify({ write, reaches })).toMatchObject([
        'delivered',
        { outcome: 'delivered' },
      ])
      expect(same).toEqual(again)
      expect(auditor.presented.get(digest)?.size).toBe(1)
      expect((await till.sales()).map(sale => toHex(sale.given.payment.holder))).toEqual([toHex(alice.publicKey)])
    }
  })
})
