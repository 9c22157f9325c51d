import * as fs from 'node:fs'
import * as path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import { signedCall } from '../common/http.ts'
import type { Identity } from '../common/identity.ts'
import { presentedToJson } from '../common/payment.ts'
import { kept } from '../user/testing.ts'
import { verifyFile } from '../verify/verify.ts'
import { auditBooks } from './audit.ts'
import type { Auditor } from './auditor.ts'
import { booksJson, riskJson, trustFileJson, trustHistoryJson, trustJson, userRiskJson } from './reports.ts'
import { AuditorWorld, said, type TestUser } from './testing.ts'

let world: AuditorWorld
const opened: Auditor[] = []

const started = async (money?: bigint): Promise<AuditorWorld> => {
  world = await AuditorWorld.start(money)
  return world
}

afterEach(async () => {
  for (const auditor of opened.splice(0)) await auditor.close()
  await world.close()
})

async function open(own: Record<string, unknown> = {}, name = 'auditor'): Promise<Auditor> {
  const auditor = await world.auditor(own, undefined, name)
  opened.push(auditor)
  return auditor
}

const last = async (auditor: Auditor, digest: string): Promise<string> => said((await auditor.ruling(digest))!)
const balance = (key: Uint8Array): bigint => world.bank.account(toHex(key)).balance
const reached = (auditor: Auditor, { key }: TestUser, blocks: number) =>
  vi.waitFor(() => expect(trustJson(auditor, key)).toMatchObject({ blocks }))

describe('trust', () => {
  beforeEach(() => started())

  it('is folded over the blocks of all auditors, the same at each, and proved by a file', async () => {
    const [one, two] = [await open({ trust: { w0: 10 } }), await open({ trust: { w0: 10 } }, 'auditor-2')]
    const user = await world.user(20)
    const { tokens } = user
    await world.buy(one, user, tokens.slice(0, 4))
    await one.queues.flush()
    await reached(two, user, 1)
    // at the other auditor the same token once more, and what the first has queued is more than the W that is left
    await world.buy(one, user, tokens.slice(4, 12))
    await world.buy(two, user, [tokens[0]!, tokens[1]!, tokens[2]!, tokens[12]!])
    await two.queues.flush()
    await reached(one, user, 3)
    await reached(two, user, 3)
    expect(trustJson(one, user.key)).toMatchObject({ gamma: 3, blockSize: 7, model: 'neutral', w0: 10 })
    expect(trustJson(two, user.key)).toEqual(trustJson(one, user.key))
    expect(one.queues.state(user.key)).toMatchObject({ queue: [], block: undefined, blockSize: 7 })
    const { history } = (await trustHistoryJson(one, user.key)) as { history: unknown[] }
    expect(history).toMatchObject([
      { block: 1, beta: 0, gamma: 0, blockSize: 10, auditor: 'auditor' },
      { block: 2, beta: 3, gamma: 3, blockSize: 7, auditor: 'auditor-2' },
      { block: 3, beta: 0, blockSize: 7, auditor: 'auditor' },
    ])
    // a third one that comes later, with terms of its own
    await two.close()
    opened.splice(opened.indexOf(two), 1)
    const later = await open({ trust: { w0: 10, model: 'pessimistic' } }, 'auditor-2')
    expect(trustJson(later, user.key)).toMatchObject({ gamma: 3, blocks: 3, model: 'pessimistic' })
    const file = path.join(world.net.dir, 'trust.json')
    const trust = await trustFileJson(one, user.key)
    const write = (changed: object = {}) => fs.writeFileSync(file, JSON.stringify({ ...trust, ...changed }))
    write()
    expect(verifyFile(file, world.net.genesisFile).result).toMatchObject({ holds: true, gamma: 3, blockSize: 7 })
    const steps = trust.steps as unknown[]
    for (const lie of [
      { steps: steps.slice(1) },
      { steps: [steps[0], steps[2]] },
      { user: '00'.repeat(32) },
      { terms: { w0: 100, model: 'neutral', rounding: 'floor' } },
    ]) {
      write(lie)
      expect(() => verifyFile(file, world.net.genesisFile), JSON.stringify(lie).slice(0, 40)).toThrow()
    }
  })

  it('is told with the whole history behind it, though that is still on its way to the disk', async () => {
    const memory = createMemoryDatabase()
    let isSlow = false
    const slow: Database = {
      ...kept(memory),
      async write(operations, options) {
        if (isSlow) await pause(200)
        await memory.write(operations, options)
      },
    }
    const auditor = await world.auditor({ trust: { w0: 10 } }, slow)
    opened.push(auditor)
    const user = await world.user(4)
    await world.buy(auditor, user, user.tokens.slice(0, 4))
    isSlow = true
    void auditor.queues.flush()
    await vi.waitFor(() => expect(trustJson(auditor, user.key)).toMatchObject({ blocks: 1 }), { interval: 1 })
    expect(await trustHistoryJson(auditor, user.key)).toMatchObject({ blocks: 1, history: [{ block: 1 }] })
  })

  it('at W = 0 blocks the user, at other auditors as well', async () => {
    const [one, two] = [await open({ trust: { w0: 3 } }), await open({ trust: { w0: 3 } }, 'auditor-2')]
    const user = await world.user(12)
    const { tokens } = user
    const first = await world.buy(one, user, tokens.slice(0, 5))
    expect(await last(one, first.digest)).toBe('deliver')
    await reached(two, user, 1)
    await world.buy(one, user, [tokens[8]!])
    const again = await world.buy(two, user, tokens.slice(0, 5))
    expect(await last(two, again.digest)).toBe('rejected invalid_tokens')
    await reached(one, user, 3)
    for (const auditor of [one, two]) {
      expect(trustJson(auditor, user.key)).toMatchObject({ gamma: 5, blockSize: 0, blocked: true })
      expect((await world.buy(auditor, user, tokens.slice(9, 10))).said).toBe('rejected blocked')
    }
  })

  it('with early checking a queue is sent ahead, and nobody waits below W', async () => {
    const auditor = await open({ trust: { w0: 10 }, early: { share: 5_000 } })
    const user = await world.user(16)
    world.net.ledger.isHolding = true
    const told = []
    for (const [from, to] of [
      [0, 5],
      [5, 8],
      [8, 9],
      [9, 12],
    ]) // prettier-ignore
      told.push(await world.buy(auditor, user, user.tokens.slice(from, to)))
    expect(told.map(bought => bought.said)).toEqual(['deliver', 'deliver', 'deliver', 'wait'])
    expect(auditor.queues.state(user.key)).toMatchObject({ block: { pending: false, tokens: 5 } })
    world.net.ledger.release()
    expect(await last(auditor, told[3]!.digest)).toBe('deliver')
  })

  it('what waits in the queue is sent before its tokens expire', async () => {
    const auditor = await open()
    const user = await world.user(2)
    const soon = user.tokens.map(token => ({ ...token, group: { ...token.group, payBy: Date.now() + 400 } }))
    const bought = await world.buy(auditor, user, soon)
    expect(bought.said).toBe('deliver')
    await vi.waitFor(() => expect(trustJson(auditor, user.key)).toMatchObject({ blocks: 1 }), { timeout: 5_000 })
  })
})

describe('money', () => {
  it('follows the worked example to the unit, from vendor to bank', async () => {
    await started()
    const auditor = await open({ trust: { w0: 100 }, withholding: 2_000 })
    const user = await world.user(100)
    const { tokens } = user
    const before = balance(auditor.home.key.publicKey)
    // 19 payments of 5, each of the last six with one token that stands in the first six
    let at = 0
    for (let i = 0; i < 19; i++) {
      const own = i < 13 ? 5 : 4
      const spent = [...tokens.slice(at, at + own), ...(i < 13 ? [] : [tokens[i - 13]!])]
      at += own
      expect((await world.buy(auditor, user, spent)).said).toBe('deliver')
    }
    const closing = await world.buy(auditor, user, tokens.slice(at, at + 5))
    expect(await last(auditor, closing.digest)).toBe('rejected block_invalid')
    await auditor.outbox.settled()
    const risk = await userRiskJson(auditor, user.key)
    expect(risk).toMatchObject({ risk: '-13', grossLoss: '4.8', paid: 76n, received: 89n, margin: 19n, covered: 6n })
    expect(risk.history).toMatchObject([{ settled: 19, invalid: 6, redeemed: [{ bank: 'bank', amount: 89n }] }])
    expect(balance(world.vendor.key.publicKey)).toBe(76n)
    expect(balance(auditor.home.key.publicKey) - before).toBe(89n - 76n)
    expect(await booksJson(auditor)).toMatchObject({
      decided: { balances: true },
      undecided: { payments: 0, worth: 0n },
    })
    const { checks, settlements } = await auditBooks(auditor)
    expect(checks.filter(({ holds }) => !holds)).toEqual([])
    expect(settlements).toHaveLength(19)
    // what is delivered now is exposed until the next verdict
    await world.buy(auditor, user, tokens.slice(at, at + 5))
    const [row] = await riskJson(auditor)
    expect(row).toMatchObject({
      blockSize: 94,
      exposure: { tokens: 5, amount: 5n, worstCase: { tokens: 93, amount: 93n } },
    })
  })

  it('that is lacking comes with the next redemption, and a payment is paid for once', async () => {
    await started(0n)
    const auditor = await open({ withholding: 0 })
    const user = await world.user(6)
    await world.buy(auditor, user, user.tokens.slice(0, 2))
    await world.buy(auditor, user, user.tokens.slice(2, 5))
    await vi.waitFor(() =>
      expect(auditor.status()).toMatchObject({ outbox: { transfers: { lastFailure: 'insufficient_funds' } } }),
    )
    expect(balance(world.vendor.key.publicKey)).toBe(0n)
    await auditor.queues.flush()
    await vi.waitFor(() => expect(auditor.outbox.openTransfers()).toEqual([]), { timeout: 5_000 })
    expect(balance(world.vendor.key.publicKey)).toBe(5n)
    expect(balance(auditor.home.key.publicKey)).toBe(0n)
  })

  it('waits for a bank that does not answer', async () => {
    await started()
    const auditor = await open({ withholding: 10_000 })
    const free = await world.user(3)
    await world.buy(auditor, free, free.tokens)
    expect(auditor.outbox.openTransfers()).toEqual([])
    const at = world.urlOf('bank')
    world.address('bank', 'http://127.0.0.1:9')
    await auditor.queues.flush()
    await vi.waitFor(() =>
      expect(auditor.status()).toMatchObject({ outbox: { redemptions: { open: 1, lastFailure: 'unreachable' } } }),
    )
    world.address('bank', at)
    await vi.waitFor(() => expect(auditor.outbox.openRedemptions()).toEqual([]), { timeout: 5_000 })
    expect((await riskJson(auditor))[0]).toMatchObject({ paid: 0n, margin: 3n, received: 3n, risk: '-3' })
  })
})

describe('over HTTP', () => {
  it('vendors present, holders inquire, banks and vendors ask for trust, and nobody asks for what is not theirs', async () => {
    await started()
    const auditor = await open({ trust: { w0: 5 } })
    const base = await world.serveAuditor(auditor)
    const user = await world.user(6)
    const other = await world.user(1)
    const ask = <T = Record<string, unknown>>(
      by: Identity,
      method: 'GET' | 'POST',
      at: string,
      body?: unknown,
    ): Promise<T> =>
      signedCall<T>(
        { identity: by, checks: auditor.checks },
        { base, name: 'auditor', role: 'auditor' },
        method,
        at,
        body,
      )
    const code = (asked: Promise<unknown>): Promise<string> =>
      asked.then(
        () => 'done',
        error => error.code,
      )
    const payment = world.pay(user, user.tokens.slice(0, 2))
    const digest = world.digest(payment)
    const body = world.body(world.presented(user, payment))
    const told = await ask(world.vendor, 'POST', '/payments', body)
    expect(told).toMatchObject({ digest, answer: 'deliver', ruling: { content: expect.any(String) }, transfer: {} })
    expect(await ask(world.vendor, 'POST', '/payments', body)).toEqual(told)
    expect(await ask(user.identity, 'GET', `/payments/${digest}?wait=1`)).toEqual(told)
    expect(await code(ask(other.identity, 'GET', `/payments/${digest}`))).toBe('not_found')
    expect(await code(ask(user.identity, 'POST', '/payments', body))).toBe('wrong_role')
    expect(await code(ask(world.vendor, 'POST', '/payments', { ...body, presentation: undefined }))).toBe('malformed')
    expect(await ask(user.identity, 'POST', '/inquiries', presentedToJson(payment))).toEqual(told)
    expect(await ask(world.vendor, 'GET', `/trust/${user.key}`)).toMatchObject({
      blockSize: 5,
      gamma: 0,
      blocked: false,
    })
    expect(await ask(user.identity, 'GET', `/trust/${user.key}`)).toMatchObject({ user: user.key })
    expect(await code(ask(other.identity, 'GET', `/trust/${user.key}`))).toBe('wrong_role')
    expect(await ask(user.identity, 'GET', `/payloads/${digest}`)).toMatchObject({ presentation: body.presentation })
    expect(await code(ask(other.identity, 'GET', `/payloads/${digest}`))).toBe('not_found')
    expect(await code(ask(world.vendor, 'GET', '/books'))).toBe('wrong_role')
    await expect(ask(user.identity, 'GET', '/findings')).rejects.toMatchObject({ code: 'wrong_role' })
  })
})
