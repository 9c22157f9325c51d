import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import { parseProof, proofToJson, verifyProof } from '../../proto/proof.ts'
import { groupDigest, returnInformation, signPayload, TokenHasher, verifyToken } from '../../proto/token.ts'
import { paymentDigest } from '../common/payment.ts'
import { altered, payWith, userKey, writeHome } from '../common/testing.ts'
import { Bank } from './bank.ts'
import { openBankHome } from './home.ts'
import { openAccount } from './testing.ts'

const toClose: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of toClose.splice(0).reverse()) await each.close()
})

async function setUp(): Promise<{ net: TestNetwork; folder: string; open(recover?: boolean): Promise<Bank> }> {
  const net = await createTestNetwork()
  toClose.push(net)
  const folder = writeHome(net, 'bank')
  return {
    net,
    folder,
    async open(recover = false) {
      const bank = await Bank.open({ home: openBankHome(folder), recover })
      toClose.push(bank)
      for (const [name, key] of Object.entries({ alice, bob })) await openAccount(bank, net, 'user', name, 1_000, key)
      return bank
    },
  }
}

const alice = userKey('alice')
const bob = userKey('bob')

describe('issuing', () => {
  it('hands out tokens that are the published ones, with a proof that stands alone', async () => {
    const { net, open } = await setUp()
    const bank = await open()
    const { publication, tokens, proof } = await bank.issueFinal({ holder: alice.publicKey, count: 3 })
    expect(publication).toBe(1)
    const proved = verifyProof(parseProof(proofToJson(proof)), net.genesis)
    expect(proved.record).toMatchObject({ kind: 'publication', number: 1, refusal: undefined })
    const hasher = new TokenHasher()
    const digest = groupDigest(bytesOfHex(net.ledger.network), tokens[0]!.group)
    hasher.group(digest)
    for (const token of tokens) expect(verifyToken(digest, { ...token, group: 0 }, bank.home.key.publicKey)).toBe(true)
    expect(tokens.map(({ index }) => index)).toEqual([0, 1, 2])
  })

  it('hands out nothing before the publication is final', async () => {
    const { open } = await setUp()
    const bank = await open()
    await bank.issue({ holder: alice.publicKey, count: 2 })
    expect(() => bank.handOut(1)).toThrow(expect.objectContaining({ code: 'undecided' }))
    expect((await bank.publications())[0]).toMatchObject({ publication: 1, state: 'issued', tokens: 2 })
    expect(await bank.publish()).toEqual([1])
    expect(bank.handOut(1).tokens).toHaveLength(2)
    expect(() => bank.handOut(2)).toThrow(expect.objectContaining({ code: 'not_found' }))
  })

  it('lets orders that come together share publications, each with its own tokens', async () => {
    const { net, open } = await setUp()
    const bank = await open()
    const orders = Array.from({ length: 12 }, (_, i) => ({ holder: userKey(`u${i}`).publicKey, count: i + 1 }))
    for (let i = 0; i < 12; i++) await openAccount(bank, net, 'user', `u${i}`, i + 1)
    const handed = await Promise.all(orders.map(order => bank.issueFinal(order)))
    handed.forEach(({ tokens }, i) => {
      expect(tokens).toHaveLength(i + 1)
      expect(tokens.every(({ group }) => Buffer.compare(group.holder, orders[i]!.holder) === 0)).toBe(true)
    })
    const serials = handed.flatMap(({ publication, tokens }) => tokens.map(({ index }) => `${publication}-${index}`))
    expect(new Set(serials).size).toBe(78)
    expect((await bank.publications()).length).toBeLessThan(12)
  })

  it('refuses what it cannot issue', async () => {
    const { open } = await setUp()
    const bank = await open()
    await expect(bank.issue({ holder: alice.publicKey, count: 0 })).rejects.toMatchObject({ code: 'bad_input' })
    await expect(bank.issue({ holder: alice.publicKey, count: 1e6 })).rejects.toMatchObject({ code: 'too_large' })
    await expect(bank.issue({ holder: new Uint8Array(3), count: 1 })).rejects.toMatchObject({ code: 'bad_input' })
  })
})

describe('after a stop', () => {
  it('finishes what was submitted and not decided, and counts on', async () => {
    const { net, open } = await setUp()
    const first = await open()
    net.ledger.isHolding = true
    const waiting = expect(first.issueFinal({ holder: alice.publicKey, count: 2 })).rejects.toMatchObject({
      code: 'stopped',
    })
    await vi.waitFor(() => expect(net.validators[3]!.frames.some(({ type }) => type === 'submit')).toBe(true))
    await first.close()
    await waiting
    net.ledger.release()
    const second = await open()
    await second.publish()
    expect(second.handOut(1, { holder: alice.publicKey }).tokens).toHaveLength(2)
    expect((await second.issueFinal({ holder: bob.publicKey, count: 1 })).publication).toBe(2)
    expect(net.ledger.order).toHaveLength(2)
  })

  it('keeps what was issued and not published, with the same bytes', async () => {
    const { open } = await setUp()
    const first = await open()
    await first.issue({ holder: alice.publicKey, count: 2 })
    const [before] = await first.publications()
    await first.close()
    const second = await open()
    expect(await second.publications()).toEqual([before])
    expect(second.status()).toMatchObject({ unpublished: 1, publications: 0 })
    await second.publish()
    expect(second.handOut(1).tokens).toHaveLength(2)
  })

  it('refuses an old copy of its store, unless told to go on from the ledger', async () => {
    const { folder, open } = await setUp()
    const first = await open()
    await first.issueFinal({ holder: alice.publicKey, count: 1 })
    await first.close()
    const store = path.join(folder, 'store')
    fs.cpSync(store, `${store}.old`, { recursive: true })
    const second = await open()
    await second.issueFinal({ holder: alice.publicKey, count: 1 })
    await second.close()
    fs.rmSync(store, { recursive: true })
    fs.renameSync(`${store}.old`, store)
    await expect(open()).rejects.toMatchObject({ code: 'store_behind' })
    const recovered = await open(true)
    expect((await recovered.issueFinal({ holder: bob.publicKey, count: 1 })).publication).toBe(3)
  })
})

describe('returns', () => {
  it('takes tokens back on a certified 11 only, and only once', async () => {
    const { net, open } = await setUp()
    const bank = await open()
    const { tokens } = await bank.issueFinal({ holder: alice.publicKey, count: 3 })
    const { network } = net.ledger
    const information = returnInformation(bytesOfHex(network), bank.home.fingerprint)
    const back = (chosen: typeof tokens, signer = alice) => {
      const payment = { time: Date.now(), information, tokens: chosen }
      return { ...payment, signature: signPayload(paymentDigest(network, payment), signer) }
    }
    expect(await bank.takeBack(back(tokens.slice(0, 2)))).toMatchObject({ number: 1, refunded: 2 })
    expect(await bank.takeBack(back(tokens))).toMatchObject({ number: 2, refunded: 1 })
    expect(await bank.takeBack(back([altered(tokens[2]!)]))).toMatchObject({ number: 3, refunded: 0 })
    await expect(bank.takeBack(back(tokens, bob))).rejects.toMatchObject({ code: 'bad_signature' })
    await expect(bank.takeBack(back([tokens[0]!, tokens[0]!]))).rejects.toMatchObject({ code: 'bad_input' })
    const payment = payWith(network, alice, tokens)
    await expect(bank.takeBack(payment)).rejects.toMatchObject({ code: 'bad_signature' })
  })

  it('gives the number of a refused return out anew', async () => {
    const { net, open } = await setUp()
    const bank = await open()
    const { tokens } = await bank.issueFinal({ holder: alice.publicKey, count: 2 })
    const { network } = net.ledger
    const information = returnInformation(bytesOfHex(network), bank.home.fingerprint)
    // the tokens are alice's; bob claims them as his own and signs
    const claimed = tokens.map(token => ({ ...token, group: { ...token.group, holder: bob.publicKey } }))
    const payment = { time: Date.now(), information, tokens: claimed }
    const forged = { ...payment, signature: signPayload(paymentDigest(network, payment), bob) }
    const first = await bank.takeBack(forged).catch((error: unknown) => error)
    const own = { time: Date.now(), information, tokens }
    const second = await bank.takeBack({ ...own, signature: signPayload(paymentDigest(network, own), alice) })
    expect(second.refunded).toBe(2)
    expect(first).toBeDefined()
  })
})
