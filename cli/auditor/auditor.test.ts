import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { parseProof, verifyProof } from '../../proto/proof.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import { Bank } from '../bank/bank.ts'
import { openBankHome } from '../bank/home.ts'
import { type PresentedPayment, paymentDigest } from '../common/payment.ts'
import { altered, payWith, userKey, writeHome } from '../common/testing.ts'
import { Auditor, type Told } from './auditor.ts'
import { openAuditorHome } from './home.ts'
import { auditorOperations } from './service.ts'

const blockSize = 6

let net: TestNetwork
let bank: Bank
let folder: string
let users = 0
const toClose: { close(): Promise<void> }[] = []

beforeAll(async () => {
  net = await createTestNetwork()
  bank = await Bank.open({ home: openBankHome(writeHome(net, 'bank')) })
  folder = writeHome(net, 'auditor', { blockSize })
}, 60_000)

afterEach(async () => {
  net.ledger.isHolding = false
  net.ledger.release()
  for (const each of toClose.splice(0).reverse()) await each.close()
  fs.rmSync(path.join(folder, 'store'), { recursive: true, force: true })
})

afterAll(async () => {
  await bank.close()
  await net.close()
})

async function open(database?: Database): Promise<Auditor> {
  const auditor = await Auditor.open({ home: openAuditorHome(folder), ...(database ? { database } : {}) })
  toClose.push(auditor)
  return auditor
}

/** A new user with so many tokens. */
async function user(count: number): Promise<{ key: SigningKey; tokens: readonly LooseToken[] }> {
  users += 1
  const key = userKey(`payer ${users}`)
  const { tokens } = await bank.issueFinal({ holder: key.publicKey, count })
  return { key, tokens }
}

const pay = (key: SigningKey, tokens: readonly LooseToken[], parts = {}, time?: number): PresentedPayment =>
  payWith(net.ledger.network, key, tokens, parts, time)

const word = ({ answer, reason }: Told): string => (reason === undefined ? answer : `${answer} ${reason}`)

/** How often each payload stands in a decided block of the ledger. */
function decidedPayloads(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const answer of net.ledger.answers.values())
    for (const leaf of answer.transactionLeaves) {
      const { payload } = decodeTransactionVerdict(leaf)
      counts.set(payload, (counts.get(payload) ?? 0) + 1)
    }
  return counts
}

describe('payments', () => {
  it('are delivered below W, and the one that reaches it by the verdict', async () => {
    const auditor = await open()
    const { key, tokens } = await user(8)
    expect(word(await auditor.present(pay(key, tokens.slice(0, 4))))).toBe('deliver')
    const closing = await auditor.present(pay(key, tokens.slice(4, 6)))
    expect(word(closing)).toBe('wait')
    expect(word(await auditor.settled(closing.digest, true))).toBe('deliver')
    expect(word(await auditor.present(pay(key, tokens.slice(6))))).toBe('deliver')
    await auditor.flush()
    const blocks = await auditorOperations(auditor).blocks(toHex(key.publicKey))
    expect(blocks).toMatchObject([
      { number: 1, state: 'decided', pending: true, transactions: 2, tokenCount: 6 },
      { number: 2, state: 'decided', pending: false, transactions: 1, tokenCount: 2 },
    ])
  })

  it('get the answer that they got, however often they come', async () => {
    const auditor = await open()
    const { key, tokens } = await user(6)
    const payment = pay(key, tokens.slice(0, 2))
    const [one, two] = await Promise.all([auditor.present(payment), auditor.present(payment)])
    expect([word(one), word(two)]).toEqual(['deliver', 'deliver'])
    const other = pay(key, tokens.slice(2))
    await auditor.present(other)
    await auditor.settled(paymentDigest(net.ledger.network, other), true)
    expect(word(await auditor.present(payment))).toBe('deliver')
    expect(word(await auditor.present(other))).toBe('deliver')
    expect(decidedPayloads().get(one.digest)).toBe(1)
  })

  it('of a double spender are rejected when pending, with the block of the first use', async () => {
    const auditor = await open()
    const { key, tokens } = await user(10)
    await auditor.present(pay(key, tokens.slice(0, 3)))
    // token 0 a second time, under another payment
    await auditor.present(pay(key, [tokens[0]!, tokens[3]!]))
    const closing = await auditor.present(pay(key, tokens.slice(4, 7)))
    expect(word(await auditor.settled(closing.digest, true))).toBe('rejected block_invalid')
    // its tokens were released: the same tokens pay for something else
    expect(word(await auditor.present(pay(key, tokens.slice(4, 7))))).toBe('deliver')
    await auditor.flush()
    const [first, second] = (await auditorOperations(auditor).blocks(toHex(key.publicKey))) as {
      tokens: { verdict: string; use: string; charged: boolean }[]
    }[]
    expect(first!.tokens.map(({ verdict }) => verdict)).toEqual(['11', '11', '11', '10', '11', '11', '11', '11'])
    expect(first!.tokens.filter(({ charged }) => charged)).toHaveLength(1)
    expect(first!.tokens.slice(5).map(({ use }) => use)).toEqual(['released', 'released', 'released'])
    expect(second!.tokens.map(({ use }) => use)).toEqual(['consumed', 'consumed', 'consumed'])
  })

  it('have a proof for every verdict, checked with the genesis alone', async () => {
    const auditor = await open()
    const { key, tokens } = await user(6)
    const forged = { ...tokens[2]!, group: { ...tokens[2]!.group, publication: 1_000_000 } }
    await auditor.present(pay(key, [tokens[0]!, altered(tokens[1]!), forged, tokens[3]!]))
    const again = await auditor.present(pay(key, [tokens[0]!]))
    await auditor.flush()
    const operations = auditorOperations(auditor)
    const { publication } = tokens[0]!.group
    const prove = async (serial: string, payload?: string) =>
      verifyProof(parseProof(JSON.stringify(await operations.proof(serial, payload))), net.genesis).token
    expect(await prove(`bank-${publication}-0`)).toMatchObject({ verdict: '11', use: 'consumed' })
    expect(await prove(`bank-${publication}-1`)).toMatchObject({ verdict: '01', reason: 'altered', charged: true })
    expect(await prove('bank-1000000-2')).toMatchObject({ verdict: '00', reason: 'unpublished' })
    expect(await prove(`bank-${publication}-0`, again.digest)).toMatchObject({ verdict: '10' })
    await expect(operations.proof(`bank-${publication}-5`, undefined)).rejects.toMatchObject({ code: 'not_found' })
    await expect(operations.proof('nonsense', undefined)).rejects.toMatchObject({ code: 'usage' })
  })

  it('of many users are decided at the same time', async () => {
    const auditor = await open()
    const payers = await Promise.all(Array.from({ length: 12 }, () => user(blockSize)))
    net.ledger.isHolding = true
    const told = await Promise.all(payers.map(({ key, tokens }) => auditor.present(pay(key, tokens))))
    expect(told.map(word)).toEqual(payers.map(() => 'wait'))
    await vi.waitFor(() => expect(told.every(({ digest }) => !decidedPayloads().has(digest))).toBe(true))
    expect(auditor.status()).toMatchObject({ awaited: 12 })
    net.ledger.release()
    const last = await Promise.all(told.map(({ digest }) => auditor.settled(digest, true)))
    expect(last.map(word)).toEqual(payers.map(() => 'deliver'))
  })

  it('are refused with stable reasons', async () => {
    const auditor = await open()
    const { key, tokens } = await user(3)
    const other = userKey('somebody else')
    const now = Date.now()
    const refused = async (payment: PresentedPayment): Promise<string> => word(await auditor.present(payment))
    expect(await refused(pay(key, tokens, { auditor: 'another' }))).toBe('rejected wrong_auditor')
    expect(await refused(pay(key, tokens, { price: 2n }))).toBe('rejected price')
    expect(await refused(pay(key, tokens, { price: 0n }))).toBe('rejected price')
    expect(await refused(pay(key, tokens, { deadline: now - 1 }))).toBe('rejected deadline_passed')
    expect(await refused(pay(other, tokens))).toBe('rejected holder_mismatch')
    const signed = pay(key, tokens)
    expect(await refused({ ...signed, time: signed.time + 1 })).toBe('rejected holder_signature')
    const late = tokens.map(token => ({ ...token, group: { ...token.group, payBy: now - 1 } }))
    expect(await refused(pay(key, late))).toBe('rejected pay_by_passed')
    expect(auditor.status()).toMatchObject({ queued: 0 })
    await expect(auditor.settled(paymentDigest(net.ledger.network, signed), false)).rejects.toMatchObject({
      code: 'not_found',
    })
  })
})

describe('after a stop', () => {
  it('everything open goes on from the store on disk, and answers stay', async () => {
    const first = await open()
    const { key, tokens } = await user(12)
    net.ledger.isHolding = true
    const payments = [pay(key, tokens.slice(0, 2)), pay(key, tokens.slice(2, 6)), pay(key, tokens.slice(6, 8))]
    const told: string[] = []
    for (const payment of payments) told.push(word(await first.present(payment)))
    expect(told).toEqual(['deliver', 'wait', 'wait'])
    await first.close()
    net.ledger.release()
    const second = await open()
    const last = await Promise.all(
      payments.map(payment => second.settled(paymentDigest(net.ledger.network, payment), true)),
    )
    expect(last.map(word)).toEqual(['deliver', 'deliver', 'deliver'])
    await second.flush()
    for (const { digest } of last) expect(decidedPayloads().get(digest)).toBe(1)
  })

  it('an old copy of the store is refused', async () => {
    const store = path.join(folder, 'store')
    const first = await open()
    const { key, tokens } = await user(12)
    await first.present(pay(key, tokens.slice(0, 6)))
    await first.flush()
    await first.close()
    fs.cpSync(store, `${store}.old`, { recursive: true })
    const second = await open()
    await second.present(pay(key, tokens.slice(6)))
    await second.flush()
    await second.close()
    fs.rmSync(store, { recursive: true })
    fs.renameSync(`${store}.old`, store)
    await expect(open()).rejects.toMatchObject({ code: 'store_behind' })
  })

  it('a user that the ledger knows and an emptied store does not is found out before a number is signed twice', async () => {
    const first = await open()
    const { key, tokens } = await user(12)
    await first.present(pay(key, tokens.slice(0, 6)))
    await first.flush()
    await first.close()
    fs.rmSync(path.join(folder, 'store'), { recursive: true })
    const before = net.ledger.order.length
    const second = await open()
    await second.present(pay(key, tokens.slice(6)))
    await expect(second.failed).rejects.toMatchObject({ code: 'store_behind' })
    expect(net.ledger.order).toHaveLength(before)
  })
})

/** A store that stops answering at the n-th write, before or after it is done: what a crash there leaves. */
function crashing(inner: Database, at: number, isDone: boolean): Database {
  let writes = 0
  const never = new Promise<void>(() => {})
  return {
    get: key => inner.get(key),
    getMany: keys => inner.getMany(keys),
    iterate: options => inner.iterate(options),
    compact: range => inner.compact(range),
    approximateSize: range => inner.approximateSize(range),
    close: async () => {},
    async write(operations, options) {
      writes += 1
      if (writes > at || (writes === at && !isDone)) return never
      await inner.write(operations, options)
      if (writes >= at) return never
    },
  }
}

describe('a crash at any write', () => {
  const scenario = [2, 3, 1, 2, 4, 3, 1, 6]
  const crashes = Array.from({ length: 24 }, (_, i) => [Math.floor(i / 2) + 1, i % 2 === 1] as const)

  it.each(crashes)('number %i (done: %s) changes no answer, and no payload is decided twice', async (at, isDone) => {
    const { key, tokens } = await user(scenario.reduce((sum, count) => sum + count, 0))
    let from = 0
    const payments = scenario.map(count => {
      from += count
      return pay(key, tokens.slice(from - count, from))
    })
    const memory = createMemoryDatabase()
    const first = await open(crashing(memory, at, isDone))
    const told = new Map<string, Told>()
    const presenting = (async () => {
      for (const payment of payments) {
        const answer = await first.present(payment)
        told.set(answer.digest, answer)
        if (answer.answer === 'wait') await first.settled(answer.digest, true)
      }
    })()
    // the crash leaves this waiting for good
    presenting.catch(() => {})
    await vi.waitFor(() => expect(first.status()).toMatchObject({ name: 'auditor' }))
    await settledDown(() => told.size)
    await first.close()
    memory.crash()
    const second = await open(memory)
    for (const [digest, before] of told) {
      const after = await second.settled(digest, true)
      expect(word(after)).toBe(before.answer === 'wait' ? 'deliver' : word(before))
    }
    for (const payment of payments) {
      const answer = await second.present(payment)
      const last = answer.answer === 'wait' ? await second.settled(answer.digest, true) : answer
      expect(word(last)).toBe('deliver')
    }
    await second.flush()
    const decided = decidedPayloads()
    for (const payment of payments) expect(decided.get(paymentDigest(net.ledger.network, payment))).toBe(1)
  })
})

/** Resolves once a count has not changed over many turns of the event loop. */
async function settledDown(count: () => number): Promise<void> {
  let last = -1
  for (let turns = 0; turns < 200; turns++) {
    if (count() !== last) turns = 0
    last = count()
    await new Promise(resolve => setImmediate(resolve))
  }
}
