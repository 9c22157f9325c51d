import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { MupibError } from '../../proto/errors.ts'
import { parseProof, verifyProof } from '../../proto/proof.ts'
import { signStatement, verifyStatement } from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { decodeTransactionVerdict } from '../../proto/verdict.ts'
import { altered } from '../common/testing.ts'
import type { Auditor } from './auditor.ts'
import { blocksJson, trustJson } from './reports.ts'
import { AuditorWorld, said, type TestUser } from './testing.ts'
import { tokenProof } from './token-proof.ts'

const trust = { w0: 6 }

let world: AuditorWorld
const opened: Auditor[] = []

beforeAll(async () => {
  world = await AuditorWorld.start()
}, 60_000)

afterEach(async () => {
  world.net.ledger.isHolding = false
  world.net.ledger.release()
  for (const auditor of opened.splice(0)) await auditor.close()
})

afterAll(() => world.close())

async function open(database?: Database, own: Record<string, unknown> = { trust }, name?: string): Promise<Auditor> {
  const auditor = await world.auditor(own, database, name)
  opened.push(auditor)
  return auditor
}

const last = async (auditor: Auditor, digest: string): Promise<string> => said((await auditor.ruling(digest))!)

/** How often each payload stands in a decided block of the ledger. */
function decidedPayloads(): Map<string, number> {
  const counts = new Map<string, number>()
  for (const answer of world.net.ledger.answers.values())
    for (const leaf of answer.transactionLeaves) {
      const { payload } = decodeTransactionVerdict(leaf)
      counts.set(payload, (counts.get(payload) ?? 0) + 1)
    }
  return counts
}

interface BlockRow {
  readonly tokens: { verdict: string; use: string; charged: boolean }[]
}
const blocksOf = (auditor: Auditor, { key }: TestUser): BlockRow[] =>
  blocksJson(auditor, key, auditor.queues.state(key)!) as unknown as BlockRow[]

describe('payments', () => {
  it('are delivered below W, and the one that reaches it by the verdict', async () => {
    const auditor = await open()
    const user = await world.user(8)
    expect((await world.buy(auditor, user, user.tokens.slice(0, 4))).said).toBe('deliver')
    const closing = await world.buy(auditor, user, user.tokens.slice(4, 6))
    expect(closing.said).toBe('wait')
    expect(await last(auditor, closing.digest)).toBe('deliver')
    expect((await world.buy(auditor, user, user.tokens.slice(6))).said).toBe('deliver')
    await auditor.queues.flush()
    expect(blocksOf(auditor, user)).toMatchObject([
      { number: 1, state: 'decided', pending: true, transactions: 2, tokenCount: 6 },
      { number: 2, state: 'decided', pending: false, transactions: 1, tokenCount: 2 },
    ])
  })

  it('get the ruling that they got, signed, however often they come', async () => {
    const auditor = await open()
    const user = await world.user(6)
    const payment = world.pay(user, user.tokens.slice(0, 2))
    const present = () => auditor.intake.present(world.presented(user, payment), world.vendor.certificate)
    const [one, two] = await Promise.all([present(), present()])
    expect(two.content).toEqual(one.content)
    expect(verifyStatement(one, auditor.home.key.publicKey)).toBe(true)
    expect(one.statement).toMatchObject({ payload: world.digest(payment), answer: 'deliver', block: 0 })
    const closing = await world.buy(auditor, user, user.tokens.slice(2))
    expect(await last(auditor, closing.digest)).toBe('deliver')
    expect((await present()).content).toEqual(one.content)
    expect(decidedPayloads().get(world.digest(payment))).toBe(1)
    expect(await auditor.accusations.all()).toEqual([])
  })

  it('of a double spender are rejected when pending, and what was released pays again', async () => {
    const auditor = await open(undefined, { trust: { w0: 8 } })
    const user = await world.user(10)
    const { tokens } = user
    await world.buy(auditor, user, tokens.slice(0, 3))
    // token 0 a second time, under another payment
    await world.buy(auditor, user, [tokens[0]!, tokens[3]!])
    const closing = await world.buy(auditor, user, tokens.slice(4, 7))
    expect(await last(auditor, closing.digest)).toBe('rejected block_invalid')
    expect((await world.buy(auditor, user, tokens.slice(4, 7))).said).toBe('deliver')
    await auditor.queues.flush()
    const [first, second] = blocksOf(auditor, user)
    expect(first!.tokens.map(({ verdict }) => verdict)).toEqual(['11', '11', '11', '10', '11', '11', '11', '11'])
    expect(first!.tokens.filter(({ charged }) => charged)).toHaveLength(1)
    expect(first!.tokens.slice(5).map(({ use }) => use)).toEqual(['released', 'released', 'released'])
    expect(second!.tokens.map(({ use }) => use)).toEqual(['consumed', 'consumed', 'consumed'])
    expect(trustJson(auditor, user.key)).toMatchObject({ gamma: 1, blockSize: 7, blocks: 2, blocked: false })
    expect(await auditor.accusations.all()).toMatchObject([{ kind: 'double_spending' }])
  })

  it('have a proof for every verdict, checked with the genesis alone', async () => {
    const auditor = await open()
    const user = await world.user(6)
    const { tokens } = user
    const forged = { ...tokens[2]!, group: { ...tokens[2]!.group, publication: 1_000_000 } }
    await world.buy(auditor, user, [tokens[0]!, altered(tokens[1]!), forged, tokens[3]!])
    const again = await world.buy(auditor, user, [tokens[0]!])
    await auditor.queues.flush()
    const { publication } = tokens[0]!.group
    const prove = async (serial: string, payload?: string) =>
      verifyProof(parseProof(JSON.stringify(await tokenProof(auditor, serial, payload))), world.net.genesis).token
    expect(await prove(`bank-${publication}-0`)).toMatchObject({ verdict: '11', use: 'consumed' })
    expect(await prove(`bank-${publication}-1`)).toMatchObject({ verdict: '01', reason: 'altered', charged: true })
    expect(await prove('bank-1000000-2')).toMatchObject({ verdict: '00', reason: 'unpublished' })
    expect(await prove(`bank-${publication}-0`, again.digest)).toMatchObject({ verdict: '10' })
    await expect(tokenProof(auditor, `bank-${publication}-5`, undefined)).rejects.toMatchObject({ code: 'not_found' })
    await expect(tokenProof(auditor, 'nonsense', undefined)).rejects.toMatchObject({ code: 'usage' })
  })

  it('of many users are decided at the same time', async () => {
    const auditor = await open()
    const payers = await Promise.all(Array.from({ length: 12 }, () => world.user(6)))
    world.net.ledger.isHolding = true
    const told = await Promise.all(payers.map(user => world.buy(auditor, user, user.tokens)))
    expect(told.map(bought => bought.said)).toEqual(payers.map(() => 'wait'))
    expect(auditor.status()).toMatchObject({ awaited: 12 })
    world.net.ledger.release()
    const after = await Promise.all(told.map(({ digest }) => last(auditor, digest)))
    expect(after).toEqual(payers.map(() => 'deliver'))
  })

  it('of 1,000 tokens, or larger than W, are a block of their own', async () => {
    const auditor = await open()
    const user = await world.user(1_000)
    const bought = await world.buy(auditor, user, user.tokens)
    expect([bought.said, await last(auditor, bought.digest)]).toEqual(['wait', 'deliver'])
    expect(blocksOf(auditor, user)).toMatchObject([{ pending: true, transactions: 1, tokenCount: 1_000 }])
  })
})

describe('a payment is refused', () => {
  it('with a signed ruling where it is authentic, and keeps it', async () => {
    const auditor = await open()
    const user = await world.user(3)
    const { tokens } = user
    const now = Date.now()
    const other = await world.user(1)
    const of = (group: Partial<(typeof tokens)[number]['group']>) =>
      tokens.map(token => ({ ...token, group: { ...token.group, ...group } }))
    const refused = async (given: typeof tokens, details = {}): Promise<string> =>
      (await world.buy(auditor, user, given, { details })).said
    expect(await refused(tokens, { price: 2n })).toBe('rejected price')
    expect(await refused(tokens, { price: 0n })).toBe('rejected price')
    expect(await refused(tokens, { deadline: now - 1 })).toBe('rejected deadline_passed')
    expect(await refused(of({ payBy: now - 1 }))).toBe('rejected pay_by_passed')
    expect(await refused(of({ bank: 'ab'.repeat(32) }))).toBe('rejected bank_unknown')
    await expect(refused(other.tokens)).rejects.toMatchObject({ code: 'holder_mismatch' })
    expect(await refused(Array.from({ length: 1_025 }, () => tokens[0]!))).toBe('rejected too_many_tokens')
    // rejected once is rejected for good: after a stop as well
    const expiring = await world.buy(auditor, user, tokens, { details: { deadline: now - 1 } })
    expect(await last(auditor, expiring.digest)).toBe('rejected deadline_passed')
    expect(auditor.status()).toMatchObject({ queued: 0 })
  })

  it('with an error where user or vendor cannot have sent it', async () => {
    const auditor = await open()
    const user = await world.user(3)
    const { vendor } = world
    const thief = await world.identify('vendor', 'thief')
    const payment = world.pay(user, user.tokens)
    const good = world.presented(user, payment)
    const { statement } = good.presentation
    const signedBy = (parts: object, key = vendor.key) => signStatement({ ...statement, ...parts }, key)
    const refusal = async (given: Partial<typeof good>, caller = vendor): Promise<string> =>
      auditor.intake.present({ ...good, ...given }, caller.certificate).then(said, error => error.code)
    expect(await refusal({ presentation: signedBy({}, keyOf('somebody')) })).toBe('bad_signature')
    expect(await refusal({ presentation: signedBy({ payload: 'ab'.repeat(32) }) })).toBe('bad_signature')
    expect(await refusal({ presentation: signedBy({ auditor: 'auditor-2' }) })).toBe('bad_input')
    expect(await refusal({ presentation: signedBy({ network: 'ab'.repeat(32) }) })).toBe('wrong_network')
    expect(await refusal({ presentation: signedBy({ holderSignature: new Uint8Array(64) }) })).toBe('bad_signature')
    expect(await refusal({ certificate: vendor.certificate.der })).toBe('wrong_role')
    expect(await refusal({ certificate: (await world.user(1)).identity.certificate.der })).toBe('holder_mismatch')
    expect(await auditor.accusations.all()).toEqual([])
    // what can be held against the vendor is kept
    const forged = { ...payment, signature: new Uint8Array(64) }
    expect(await refusal(world.presented(user, forged))).toBe('bad_signature')
    expect(await refusal(world.presented(user, payment, thief), thief)).toBe('wrong_role')
    const accused = (await auditor.accusations.all()) as { kind: string }[]
    expect(accused.map(({ kind }) => kind).sort()).toEqual(['forgery', 'stolen_payload'])
    // none of it stands in the way of the payment itself
    expect(await refusal({})).toBe('deliver')
    expect(await refusal(world.presented(user, payment, vendor, 2))).toBe('deliver')
    expect(await auditor.accusations.all()).toContainEqual(expect.objectContaining({ kind: 'double_selling' }))
  })

  it('where its price is that of another auditor', async () => {
    const auditor = await open()
    const user = await world.user(1)
    const payment = world.pay(user, user.tokens, { details: { auditor: 'auditor-2' } })
    const presented = world.presented(user, payment)
    const { statement } = presented.presentation
    const presentation = signStatement({ ...statement, auditor: 'auditor' }, world.vendor.key)
    const ruling = await auditor.intake.present({ ...presented, presentation }, world.vendor.certificate)
    expect(said(ruling)).toBe('rejected wrong_auditor')
    // the vendor presented it nowhere else, as far as anybody can show
    expect(await auditor.accusations.all()).toEqual([])
  })

  it('after its holder was told that it was not queued', async () => {
    const auditor = await open()
    const user = await world.user(2)
    const time = Date.now()
    const late = world.pay(user, user.tokens, { details: { deadline: time - 1 } })
    const early = world.pay(user, user.tokens)
    const ask = (payment: typeof late, by = user) =>
      auditor.intake.inquire(payment, by.identity.certificate).then(said, error => error.code)
    expect(await ask(early)).toBe('too_early')
    expect(await ask(late, await world.user(1))).toBe('holder_mismatch')
    expect(await ask({ ...late, signature: new Uint8Array(64) })).toBe('bad_signature')
    expect(await ask(late)).toBe('not_queued')
    const present = () => auditor.intake.present(world.presented(user, late), world.vendor.certificate)
    expect(said(await present())).toBe('not_queued')
    expect((await world.buy(auditor, user, user.tokens)).said).toBe('deliver')
    expect(await ask(early)).toBe('too_early')
  })
})

describe('after a stop', () => {
  it('everything open goes on from the store, and rulings stay', async () => {
    const memory = createMemoryDatabase()
    const first = await open(kept(memory))
    const user = await world.user(12)
    const { tokens } = user
    world.net.ledger.isHolding = true
    const payments = [tokens.slice(0, 2), tokens.slice(2, 6), tokens.slice(6, 8)]
    const told = []
    for (const of of payments) told.push(await world.buy(first, user, of))
    expect(told.map(bought => bought.said)).toEqual(['deliver', 'wait', 'wait'])
    await first.close()
    world.net.ledger.release()
    const second = await open(kept(memory))
    for (const { digest } of told) expect(await last(second, digest)).toBe('deliver')
    await second.queues.flush()
    for (const { digest } of told) expect(decidedPayloads().get(digest)).toBe(1)
  })

  it('an old copy of the store is refused', async () => {
    const memory = createMemoryDatabase()
    const old = createMemoryDatabase()
    const user = await world.user(12)
    const first = await open(kept(memory))
    await world.buy(first, user, user.tokens.slice(0, 6))
    await first.queues.flush()
    await first.close()
    const rows = []
    for await (const [key, value] of memory.iterate({ gte: Uint8Array.of(0), lt: Uint8Array.of(255) }))
      rows.push({ type: 'put' as const, key, value })
    await old.write(rows, { sync: true })
    const second = await open(kept(memory))
    await world.buy(second, user, user.tokens.slice(6))
    await second.queues.flush()
    await second.close()
    await expect(open(old)).rejects.toMatchObject({ code: 'store_behind' })
    // and an emptied one before it signs a number twice
    const before = world.net.ledger.order.length
    const emptied = await open(createMemoryDatabase())
    void world.buy(emptied, user, user.tokens.slice(0, 1))
    await expect(emptied.failed).rejects.toMatchObject({ code: 'store_behind' })
    expect(world.net.ledger.order).toHaveLength(before)
  })
})

/** A store that outlives those who open it. */
const kept = (inner: Database): Database => crashing(inner, Number.POSITIVE_INFINITY, true)

/** A store that dies at the n-th write, before or after it is done: what a crash there leaves. */
function crashing(inner: Database, at: number, isDone: boolean): Database {
  let writes = 0
  return {
    get: key => inner.get(key),
    getMany: keys => inner.getMany(keys),
    iterate: options => inner.iterate(options),
    compact: range => inner.compact(range),
    approximateSize: range => inner.approximateSize(range),
    close: async () => {},
    async write(operations, options) {
      writes += 1
      const isLast = writes === at
      if (writes < at || (isLast && isDone)) await inner.write(operations, options)
      if (writes >= at) throw new MupibError('stopped', 'killed')
    },
  }
}

describe('a crash at any write', () => {
  const scenario = [2, 3, 1, 2, 4, 3, 1, 6]
  // writes before the first payment are those that follow the ledger
  const crashes = Array.from({ length: 12 }, (_, i) => [2 * i + 3, i % 2 === 1] as const)

  it.each(crashes)('number %i (done: %s) changes no ruling, and no payload is decided twice', async (at, isDone) => {
    const user = await world.user(scenario.reduce((sum, count) => sum + count, 1))
    let from = 0
    const payments = scenario.map(count => {
      from += count
      return world.pay(user, user.tokens.slice(from - count, from))
    })
    const late = world.pay(user, user.tokens.slice(-1), { details: { deadline: 1 } })
    const memory = createMemoryDatabase()
    const present = (auditor: Auditor, payment = late) =>
      auditor.intake.present(world.presented(user, payment), world.vendor.certificate)
    const first = await world.auditor({ trust }, crashing(memory, at, isDone))
    const told = new Map<string, string>()
    void (async () => {
      for (const payment of [late, ...payments]) {
        const ruling = await present(first, payment)
        told.set(ruling.statement.payload, said(ruling))
        if (ruling.statement.answer === 'wait') await first.ruling(ruling.statement.payload)
      }
    })()
    await settledDown(() => told.size)
    await first.close()
    memory.crash()
    const second = await open(memory)
    for (const [digest, before] of told) expect(await last(second, digest)).toBe(before === 'wait' ? 'deliver' : before)
    expect(said(await present(second))).toBe('rejected deadline_passed')
    for (const payment of payments) {
      await present(second, payment)
      expect(await last(second, world.digest(payment))).toBe('deliver')
    }
    await second.queues.flush()
    const decided = decidedPayloads()
    for (const payment of payments) expect(decided.get(world.digest(payment))).toBe(1)
    expect(decided.has(world.digest(late))).toBe(false)
    await vi.waitFor(() => expect(second.outbox.openTransfers()).toHaveLength(0))
    const { due, paid } = [...(await second.desk.money.vendorTotals()).values()][0]!
    expect([due, paid]).toEqual([22n * 8_000n, 17n])
  })
})

/** Resolves once a count has not changed over many turns of the event loop. */
async function settledDown(count: () => number): Promise<void> {
  let before = -1
  for (let turns = 0; turns < 200; turns++) {
    if (count() !== before) turns = 0
    before = count()
    await new Promise(resolve => setImmediate(resolve))
  }
}
