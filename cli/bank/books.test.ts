import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestNetwork, TestLedger, type TestNetwork } from '../../node/client/testing.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../../node/store/memory-database.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { createAmount } from '../../proto/money.ts'
import { keyOf } from '../../proto/testing.ts'
import { returnInformation, signPayload } from '../../proto/token.ts'
import { decodeRecordAnswer, encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { paymentDigest } from '../common/payment.ts'
import { altered, payWith, userKey, writeHome } from '../common/testing.ts'
import { Bank, type BankOptions } from './bank.ts'
import { openBankHome, tokenValueOf } from './home.ts'
import { decideBlock, openAccount } from './testing.ts'

let net: TestNetwork
let folder: string
/** Of the one bank that all tests use: its numbers on the ledger go on from test to test. */
const database: MemoryDatabase = createMemoryDatabase()
let bank: Bank
const logged: { readonly kind: string }[] = []
const auditorKey = keyOf('auditor')
const auditor = toHex(auditorKey.publicKey)

async function openBank(options: Partial<BankOptions> = {}): Promise<Bank> {
  return Bank.open({ home: openBankHome(folder), database, log: event => logged.push(event), ...options })
}

beforeAll(async () => {
  net = await createTestNetwork()
  folder = writeHome(net, 'bank')
  bank = await openBank()
  await openAccount(bank, net, 'auditor', 'auditor', 0, auditorKey)
})

beforeEach(() => {
  logged.length = 0
})

afterAll(async () => {
  // whatever happened, the books hold
  expect((await bank.books()).check).toEqual({ sum: 0n, holds: true, faults: [] })
  await bank.close()
  await net.close()
})

let users = 0

/** A new user with so much money and so many tokens. */
async function user(money: number, count: number): Promise<{ key: SigningKey; account: string; tokens: LooseToken[] }> {
  users += 1
  const key = userKey(`saver ${users}`)
  await openAccount(bank, net, 'user', `saver-${users}`, money, key)
  const tokens = count === 0 ? [] : [...(await bank.issueFinal({ holder: key.publicKey, count })).tokens]
  return { key, account: toHex(key.publicKey), tokens }
}

const balanceOf = (account: string): bigint => bank.account(account).balance
const pay = (key: SigningKey, ...tokens: LooseToken[]) => payWith(net.ledger.network, key, tokens)
const order = (number: number): string => number.toString(16).padStart(32, '0')

function giveBack(key: SigningKey, tokens: readonly LooseToken[]) {
  const information = returnInformation(bytesOfHex(net.ledger.network), bank.home.fingerprint)
  const payment = { time: Date.now(), information, tokens }
  return { ...payment, signature: signPayload(paymentDigest(net.ledger.network, payment), key) }
}

const redeem = (...answers: Uint8Array[]) => bank.redeem(answers, 'operator')

describe('a bank that stops at any write', () => {
  /** The store as it is once so many more writes are done: the next one fails, and nothing after it happens. */
  function stoppingAfter(writes: number): Database {
    let left = writes
    const write: Database['write'] = (ops, options) => {
      left -= 1
      if (left < 0) return Promise.reject(new MupibError('stopped', 'the power is gone'))
      return database.write(ops, options)
    }
    return {
      write,
      get: key => database.get(key),
      getMany: keys => database.getMany(keys),
      iterate: options => database.iterate(options),
      compact: () => database.compact(),
      approximateSize: () => database.approximateSize(),
      close: () => database.close(),
    }
  }

  async function reopen(options: Partial<BankOptions> = {}): Promise<void> {
    await bank.close()
    database.crash()
    bank = await openBank(options)
  }

  it('neither loses nor doubles the money of a withdrawal, which gives the same tokens when it is repeated', async () => {
    const { key, account } = await user(100, 0)
    // the debit, the publication, that it is to be published, the answer
    for (let writes = 0; writes < 4; writes++) {
      const wanted = { holder: key.publicKey, count: 3, order: order(writes) }
      await reopen({ database: stoppingAfter(writes) })
      await expect(bank.issueFinal(wanted)).rejects.toMatchObject({ code: 'stopped' })
      await reopen()
      expect(balanceOf(account)).toBe(BigInt(100 - 3 * writes - (writes === 0 ? 0 : 3)))
      expect((await bank.books()).openOrders.count).toBe(0)
      const handed = await bank.issueFinal(wanted)
      expect(handed.tokens).toHaveLength(3)
      expect(balanceOf(account)).toBe(BigInt(100 - 3 * (writes + 1)))
      await reopen()
      expect(await bank.issueFinal(wanted)).toEqual(handed)
    }
    expect((await bank.books()).check.holds).toBe(true)
  })

  it('stops between a debit and its publication, and goes on', async () => {
    const { key, account } = await user(4_000, 0)
    const wanted = { holder: key.publicKey, count: 4_000, order: order(1) }
    net.ledger.isHolding = true
    const stopped = expect(bank.issueFinal(wanted)).rejects.toMatchObject({ code: 'stopped' })
    await vi.waitFor(() => expect(balanceOf(account)).toBe(0n), { interval: 1 })
    await reopen()
    await stopped
    net.ledger.release()
    expect(balanceOf(account)).toBe(0n)
    expect((await bank.issueFinal(wanted)).tokens).toHaveLength(4_000)
    expect((await bank.books()).check.holds).toBe(true)
  })

  it('refunds a return once', async () => {
    const { key, account, tokens } = await user(10, 4)
    for (let writes = 0; writes < 2; writes++) {
      const back = giveBack(key, [tokens[writes]!])
      await reopen({ database: stoppingAfter(writes) })
      await expect(bank.takeBack(back)).rejects.toMatchObject({ code: 'stopped' })
      await reopen()
      const returned = await bank.takeBack(back)
      expect(returned).toMatchObject({ refunded: 1 })
      expect(await bank.takeBack(back)).toEqual(returned)
      expect(balanceOf(account)).toBe(BigInt(7 + writes))
    }
  })

  it('gives the money back where the ledger refuses the tokens', async () => {
    const { key, account } = await user(10, 0)
    const home = openBankHome(folder)
    await reopen({ home: { ...home, own: { ...home.own, lifetime: { payByMs: 1, settlementMs: 0 } } } })
    const wanted = { holder: key.publicKey, count: 4, order: order(99) }
    net.ledger.isHolding = true
    const refused = expect(bank.issueFinal(wanted)).rejects.toMatchObject({ code: 'times' })
    await vi.waitFor(async () => expect((await bank.publications()).at(-1)?.expiry).toBeLessThan(Date.now()))
    net.ledger.release()
    await refused
    expect(balanceOf(account)).toBe(10n)
    await expect(bank.issueFinal(wanted)).rejects.toMatchObject({ code: 'times' })
    expect((await bank.statement(account)).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['deposit', 10n],
      ['issue', -4n],
      ['refund', 4n],
    ])
    await reopen()
    expect((await bank.issueFinal({ ...wanted, order: order(100) })).tokens).toHaveLength(4)
    expect((await bank.books()).check.holds).toBe(true)
  })

  it('takes the value of its tokens from its config where genesis does not name it', async () => {
    const home = openBankHome(folder)
    const admitted = { ...home, genesis: { ...home.genesis, members: [] } }
    expect(tokenValueOf(home)).toBe(1n)
    expect(tokenValueOf({ ...admitted, own: { ...home.own, tokenValue: 5n } })).toBe(5n)
    await expect(Bank.open({ home: admitted })).rejects.toMatchObject({ code: 'bad_config' })
    writeHome(net, 'bank', { tokenValue: '5', policy: { auditor: 'auditor' }, redemptionMs: 7 })
    expect(openBankHome(folder).own).toMatchObject({
      tokenValue: 5n,
      policy: { auditor: 'auditor', minimumBlockSize: 1 },
      redemptionMs: 7,
    })
    for (const wrong of [{ policy: { minimumBlockSize: 3 } }, { tokenValue: 5 }, { policy: { auditor: '' } }]) {
      writeHome(net, 'bank', wrong)
      expect(() => openBankHome(folder)).toThrow(expect.objectContaining({ code: 'bad_config' }))
    }
    writeHome(net, 'bank')
  })
})

describe('money', () => {
  it('is debited once for orders that come together, and never below zero', async () => {
    const { key, account } = await user(5, 0)
    const wanted = { holder: key.publicKey, count: 5, order: order(1) }
    const [first, second] = await Promise.all([bank.issueFinal(wanted), bank.issueFinal(wanted)])
    expect(second).toEqual(first)
    expect(balanceOf(account)).toBe(0n)
    await expect(bank.issue({ ...wanted, count: 4 })).rejects.toMatchObject({ code: 'conflict' })
    await expect(bank.issue({ ...wanted, order: order(2), count: 1 })).rejects.toMatchObject({
      code: 'insufficient_funds',
      fields: { balance: '0', needed: '1' },
    })
    await expect(bank.issue({ holder: userKey('nobody').publicKey, count: 1 })).rejects.toMatchObject({
      code: 'no_account',
    })
    const rich = await user(7, 0)
    const orders = Array.from({ length: 10 }, (_, i) =>
      bank.issueFinal({ holder: rich.key.publicKey, count: 1, order: order(i) }),
    )
    const outcomes = await Promise.allSettled(orders)
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(7)
    expect(balanceOf(rich.account)).toBe(0n)
  })

  it('comes back for unspent tokens only', async () => {
    const { key, account, tokens } = await user(10, 5)
    decideBlock(net.ledger, key, [pay(key, tokens[0]!)])
    const { tokens: verdicts } = await bank.takeBack(giveBack(key, [tokens[0]!, tokens[1]!, altered(tokens[2]!)]))
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(['10', '11', '01'])
    expect(balanceOf(account)).toBe(6n)
    const publication = tokens[0]!.group.publication
    const row = (await bank.books()).outstandingTokens.find(of => of.publication === publication)
    expect(row).toMatchObject({ issued: 5, returned: 1, redeemed: 0, outstanding: 4 })
  })
})

describe('redemption', () => {
  it('pays for consumed tokens, each once', async () => {
    const { key, tokens } = await user(10, 8)
    const before = balanceOf(auditor)
    const answer = decideBlock(net.ledger, key, [pay(key, tokens[0]!, tokens[1]!), pay(key, tokens[2]!)])
    const { results, balance } = await redeem(answer)
    expect(results).toMatchObject([{ user: toHex(key.publicKey), number: 1, tokens: 3, amount: 3n, state: 'redeemed' }])
    expect(balance).toBe(before + 3n)
    expect((await redeem(answer, answer)).results.map(({ state, amount }) => [state, amount])).toEqual([
      ['repeated', 3n],
      ['repeated', 3n],
    ])
    // the pending transaction's tokens are released by the duplicate beside them
    const released = decideBlock(net.ledger, key, [pay(key, tokens[3]!), pay(key, tokens[4]!, tokens[0]!)], true)
    expect((await redeem(released)).results).toMatchObject([{ tokens: 1, amount: 1n }])
    const nothing = decideBlock(net.ledger, key, [pay(key, tokens[5]!, tokens[0]!)], true)
    expect((await redeem(nothing)).results).toMatchObject([{ tokens: 0, amount: 0n, state: 'redeemed' }])
    expect((await redeem(nothing)).results).toMatchObject([{ tokens: 0, amount: 0n, state: 'repeated' }])
    // the released one is spent after all
    const spent = decideBlock(net.ledger, key, [pay(key, tokens[4]!)])
    expect((await redeem(spent)).results).toMatchObject([{ tokens: 1 }])
    expect(balanceOf(auditor)).toBe(before + 5n)
  })

  it('refuses what is not proved, not this auditor’s, or contradicts what was paid before', async () => {
    const { key, tokens } = await user(10, 4)
    const before = balanceOf(auditor)
    const answer = decideBlock(net.ledger, key, [pay(key, tokens[0]!, tokens[1]!)])
    const other = { key: toHex(userKey('other auditor').publicKey), fingerprint: '00'.repeat(32) }
    await openAccount(bank, net, 'auditor', 'other', 0, userKey('other auditor'))
    await expect(bank.redeem([answer], other)).rejects.toMatchObject({ code: 'wrong_role' })
    const decoded = decodeRecordAnswer(answer)
    const forged = encodeRecordAnswer({ ...decoded, certificate: decoded.certificate.map(byte => byte ^ 1) })
    await expect(redeem(forged)).rejects.toMatchObject({ code: 'bad_proof' })
    const publication = [...net.ledger.answers.values()][0]!
    await expect(redeem(encodeRecordAnswer(publication))).rejects.toMatchObject({ code: 'bad_input' })
    // validators that lie: a second history of the same network, in which token 1 was spent otherwise
    const lies = new TestLedger(net.genesis)
    for (const frame of net.validators[0]!.frames) {
      if (frame.type !== 'submit') continue
      lies.take(frame.record)
    }
    expect(await redeem(answer)).toMatchObject({ balance: before + 2n })
    const lie = decideBlock(lies, key, [pay(key, tokens[1]!, tokens[2]!)])
    await expect(redeem(lie)).rejects.toMatchObject({ code: 'conflict', fields: { serial: expect.any(String) } })
    expect(logged.map(({ kind }) => kind)).toContain('contradiction')
    expect(balanceOf(auditor)).toBe(before + 2n)
    // all or nothing: the good one beside the lie was not paid either
    const good = decideBlock(net.ledger, key, [pay(key, tokens[3]!)])
    await expect(redeem(good, lie)).rejects.toMatchObject({ code: 'conflict' })
    expect((await redeem(good)).results).toMatchObject([{ state: 'redeemed' }])
  })
})

describe('tokens that expire unspent', () => {
  it('become income, and are paid for all the same when they were spent in time', async () => {
    const { key, account, tokens } = await user(10, 6)
    const before = balanceOf(auditor)
    const { publication, expiry } = tokens[0]!.group
    const early = decideBlock(net.ledger, key, [pay(key, tokens[0]!)])
    const late = decideBlock(net.ledger, key, [pay(key, tokens[1]!, tokens[2]!)])
    const back = giveBack(key, [tokens[3]!])
    await redeem(early)
    const row = async () => (await bank.books()).outstandingTokens.find(of => of.publication === publication)
    expect(await bank.expireDue(expiry)).not.toContain(publication)
    expect(await bank.expireDue(expiry + bank.home.own.redemptionMs)).toContain(publication)
    expect(await bank.expireDue(expiry * 2)).toEqual([])
    expect(await row()).toMatchObject({ redeemed: 1, expired: 5, outstanding: 0 })
    expect((await redeem(late)).results).toMatchObject([{ tokens: 2, amount: 2n, state: 'redeemed' }])
    expect(await row()).toMatchObject({ redeemed: 3, expired: 3, outstanding: 0 })
    await bank.takeBack(back)
    expect(await row()).toMatchObject({ redeemed: 3, returned: 1, expired: 2, outstanding: 0 })
    expect([balanceOf(auditor), balanceOf(account)]).toEqual([before + 3n, 5n])
    expect((await bank.books()).check.holds).toBe(true)
  })

  it('are booked by a timer, and at the start', async () => {
    const short = { lifetime: { payByMs: 400, settlementMs: 0 }, redemptionMs: 0 }
    const home = openBankHome(folder)
    await bank.close()
    database.crash()
    bank = await openBank({ home: { ...home, own: { ...home.own, ...short } } })
    const { tokens } = await user(3, 2)
    const expired = async (of: LooseToken[]): Promise<number | undefined> =>
      (await bank.books()).outstandingTokens.find(row => row.publication === of[0]!.group.publication)?.expired
    await vi.waitFor(async () => expect(await expired(tokens)).toBe(2), { timeout: 5_000, interval: 50 })
    const { tokens: more } = await user(3, 3)
    await bank.close()
    database.crash()
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(more[0]!.group.expiry), { timeout: 5_000 })
    bank = await openBank({ home: { ...home, own: { ...home.own, redemptionMs: 0 } } })
    expect(await expired(more)).toBe(3)
  })
})

describe('amounts', () => {
  it('reach 2^63 - 1 and not further', async () => {
    const { cash } = (await bank.books()).own
    const { account, key } = await user(0, 0)
    const room = 2n ** 63n - 1n + cash
    await bank.deposit(account, createAmount(room), 'all there can be')
    expect(balanceOf(account)).toBe(room)
    await expect(bank.deposit(account, createAmount(1n), 'one more')).rejects.toMatchObject({ code: 'too_large' })
    await bank.issueFinal({ holder: key.publicKey, count: 16 })
    expect(balanceOf(account)).toBe(room - 16n)
  })
})
