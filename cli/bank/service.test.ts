import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { sha256Hex } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { signStatement, statementToJson, type Transfer } from '../../proto/statements.ts'
import { returnInformation, signPayload } from '../../proto/token.ts'
import type { Identity } from '../common/identity.ts'
import { paymentDigest, returnToJson } from '../common/payment.ts'
import { createServer } from '../common/server.ts'
import { signRequest } from '../common/signed-http.ts'
import { payWith, userKey } from '../common/testing.ts'
import { createTrustPolicy, type IssuePolicy, openPolicy } from './policy.ts'
import { keyText, order, ServedBank } from './service-testing.ts'
import { decideBlock, identify } from './testing.ts'

let served: ServedBank
let policy: IssuePolicy = openPolicy

beforeAll(async () => {
  served = await ServedBank.start(() => policy)
})

afterAll(async () => {
  expect(await served.close()).toEqual([])
})

describe('accounts', () => {
  it('are opened once for each key and name', async () => {
    const first = await identify(served.net, 'user', 'carol', userKey('carol 1'))
    const second = await identify(served.net, 'user', 'carol', userKey('carol 2'))
    const opened = { account: { key: keyText(first), name: 'carol', role: 'user', balance: '0' } }
    expect(await served.open(first)).toEqual(opened)
    expect(await served.open(first)).toEqual(opened)
    const failure = await served.open(second).catch((error: unknown) => error)
    expect(JSON.parse(JSON.stringify(failure))).toEqual({
      code: 'name_taken',
      message: 'user carol has an account with another key',
      field: 'certificate',
      account: keyText(first),
    })
    // a vendor may have the name, but not the key
    expect(await served.open(await identify(served.net, 'vendor', 'carol', userKey('carol 2')))).toMatchObject({
      account: { name: 'carol', role: 'vendor' },
    })
    const asVendor = await identify(served.net, 'vendor', 'carol-2', userKey('carol 1'))
    await expect(served.open(asVendor)).rejects.toMatchObject({ code: 'conflict' })
    await expect(served.open(await identify(served.net, 'bank', 'bank-2'))).rejects.toMatchObject({
      code: 'wrong_role',
    })
    await expect(served.ask(second, 'GET', '/account')).resolves.toMatchObject({ role: 'vendor' })
    await expect(served.ask(await identify(served.net, 'user', 'nobody'), 'GET', '/account')).rejects.toMatchObject({
      code: 'no_account',
    })
  })

  it('take each deposit once, up to 2^63 - 1', async () => {
    const user = await served.party('user')
    const account = keyText(user)
    const deposit = (amount: string, reference: string) =>
      served.ask(served.operator, 'POST', '/deposits', { account, amount, reference })
    expect(await deposit('70', 'first')).toMatchObject({ account: { balance: '70' } })
    expect(await deposit('70', 'first')).toMatchObject({ account: { balance: '70' } })
    await expect(deposit('71', 'first')).rejects.toMatchObject({ code: 'conflict', fields: { field: 'reference' } })
    await expect(deposit(limits.amount.toString(), 'too much')).rejects.toMatchObject({ code: 'too_large' })
    await expect(
      served.ask(served.operator, 'POST', '/deposits', { account: '00'.repeat(32), amount: '1', reference: 'nobody' }),
    ).rejects.toMatchObject({ code: 'no_account' })
  })

  it('show what moved on them', async () => {
    const user = await served.party('user', 10n)
    await served.withdraw(user, 4)
    const statement = await served.ask<{ rows: object[] }>(user, 'GET', '/statement')
    expect(statement).toMatchObject({
      account: { balance: '6' },
      rows: [
        { kind: 'deposit', amount: '10', balance: '10' },
        { kind: 'issue', amount: '-4', balance: '6', reference: order(1) },
      ],
    })
    expect(await served.ask(served.operator, 'GET', `/statement/${keyText(user)}`)).toEqual(statement)
    const facts = { method: 'GET', path: '/statement?format=csv', to: 'bank', time: Date.now(), body: Buffer.from('') }
    const csv = await fetch(served.base + facts.path, { headers: signRequest(user, facts).headers })
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect((await csv.text()).split('\r\n')).toEqual([
      'entry,time,kind,reference,amount,balance',
      expect.stringMatching(/^\d+,20.*Z,deposit,r\d+,10,10$/),
      expect.stringMatching(/^\d+,20.*Z,issue,0{31}1,-4,6$/),
      '',
    ])
  })
})

describe('withdrawals', () => {
  it('are debited once and give the same tokens again', async () => {
    const user = await served.party('user', 10n)
    const { withdrawn, tokens } = await served.withdraw(user, 6)
    expect(withdrawn).toMatchObject({ order: order(1), balance: '4' })
    expect(tokens.every(({ group }) => toHex(group.holder) === keyText(user))).toBe(true)
    expect((await served.withdraw(user, 6)).withdrawn).toEqual(withdrawn)
    await expect(served.withdraw(user, 5)).rejects.toMatchObject({ code: 'conflict', fields: { field: 'count' } })
    const failure = await served.withdraw(user, 5, 2).catch((error: unknown) => error)
    expect(JSON.parse(JSON.stringify(failure))).toEqual({
      code: 'insufficient_funds',
      message: '5 are needed and the account holds 4',
      hint: 'mupib bank deposit USER AMOUNT',
      balance: '4',
      needed: '5',
    })
    await expect(served.withdraw(await identify(served.net, 'user', 'nobody'), 1)).rejects.toMatchObject({
      code: 'no_account',
    })
    // the operator's issue is paid for as well
    const issued = await served.ask(served.operator, 'POST', '/issue', { holder: keyText(user), count: 3 })
    expect(issued).toMatchObject({ tokens: { length: 3 } })
    await expect(
      served.ask(served.operator, 'POST', '/issue?publish=0', { holder: keyText(user), count: 2 }),
    ).rejects.toMatchObject({
      code: 'insufficient_funds',
    })
  })

  it('are for users whom the auditor trusts, where the policy says so', async () => {
    const user = await served.party('user', 10n)
    const home = { ...served.bank.home, servicesFile: `${served.net.dir}/policy-services.json` }
    policy = createTrustPolicy(home, served.checks, { auditor: 'auditor', minimumBlockSize: 3 })
    await expect(served.withdraw(user, 1)).rejects.toMatchObject({ code: 'unreachable', hint: expect.any(String) })
    let blockSize = 2
    const trusting = createServer({ identity: served.auditor, checks: served.checks })
    trusting.get('/trust/:user', { config: { access: ['bank'] } }, () => ({ blockSize }))
    const http = await trusting.listen({ port: 0, host: '127.0.0.1' })
    writeFileSync(home.servicesFile, JSON.stringify({ auditor: http }))
    await expect(served.withdraw(user, 1)).rejects.toMatchObject({
      code: 'blocked',
      fields: { blockSize: 2, minimumBlockSize: 3 },
    })
    blockSize = 3
    const { withdrawn } = await served.withdraw(user, 1)
    await trusting.close()
    // what was paid for is not asked about again
    expect((await served.withdraw(user, 1)).withdrawn).toEqual(withdrawn)
    await expect(served.withdraw(user, 1, 2)).rejects.toMatchObject({ code: 'unreachable' })
    policy = openPolicy
    expect(await served.ask(user, 'GET', '/account')).toMatchObject({ balance: '9' })
  })
})

describe('returns', () => {
  it('are refunded to their holder only, once, and not for what was spent', async () => {
    const user = await served.party('user', 10n)
    const other = await served.party('user')
    const { tokens } = await served.withdraw(user, 4)
    decideBlock(served.net.ledger, user.key, [payWith(served.net.ledger.network, user.key, [tokens[0]!])])
    const information = returnInformation(bytesOfHex(served.net.ledger.network), served.bank.home.fingerprint)
    const payment = { time: Date.now(), information, tokens }
    const signed = { ...payment, signature: signPayload(paymentDigest(served.net.ledger.network, payment), user.key) }
    const body = returnToJson(signed)
    await expect(served.ask(other, 'POST', '/returns', body)).rejects.toMatchObject({ code: 'holder_mismatch' })
    const back = await served.ask<{ tokens: { serial: string; verdict: string }[] }>(user, 'POST', '/returns', body)
    const digest = paymentDigest(served.net.ledger.network, payment)
    expect(back).toMatchObject({ digest, refundedTokens: 3, balance: '9' })
    expect(back.tokens.map(({ verdict }) => verdict)).toEqual(['10', '11', '11', '11'])
    expect(back.tokens[0]!.serial).toMatch(/^bank-\d+-0$/)
    expect(await served.ask(user, 'POST', '/returns', body)).toEqual(back)
    expect(await served.ask(served.operator, 'POST', '/returns', body)).toEqual(back)
  })
})

describe('redemption and transfers', () => {
  const transferTo = (
    payee: Identity,
    amount: bigint,
    name: string,
    parts: Partial<Transfer> = {},
    by = served.auditor,
  ) =>
    statementToJson(
      signStatement(
        {
          kind: 'transfer',
          network: served.net.ledger.network,
          signer: by.certificate.facts.fingerprint,
          payload: sha256Hex(Buffer.from(name)),
          time: Date.now(),
          bank: 'bank',
          payee: payee.key.publicKey,
          amount,
          ...parts,
        },
        by.key,
      ),
    )

  it('pay the auditor for its own blocks, and vendors from its account', async () => {
    const user = await served.party('user', 10n)
    const vendor = await served.party('vendor')
    const { tokens } = await served.withdraw(user, 10)
    const answer = toHex(
      decideBlock(served.net.ledger, user.key, [payWith(served.net.ledger.network, user.key, tokens)]),
    )
    // its signer is the auditor of genesis: a certificate of the same key may bring it, another auditor may not
    const rival = await served.party('auditor')
    await expect(served.ask(rival, 'POST', '/redemptions', { answers: [answer] })).rejects.toMatchObject({
      code: 'wrong_role',
    })
    const redeemed = { user: keyText(user), number: 1, tokens: 10, amount: '10' }
    const pay = (...transfers: object[]) => served.ask(served.auditor, 'POST', '/transfers', { transfers })
    expect(await pay(transferTo(vendor, 8n, 'p1'))).toMatchObject({
      results: [{ state: 'insufficient_funds', amount: '8' }],
      balance: '0',
    })
    expect(await served.ask(served.auditor, 'POST', '/redemptions', { answers: [answer] })).toMatchObject({
      results: [{ ...redeemed, state: 'redeemed' }],
      balance: '10',
    })
    expect(await served.ask(served.operator, 'POST', '/redemptions', { answers: [answer] })).toMatchObject({
      results: [{ ...redeemed, state: 'repeated' }],
      balance: '10',
    })
    await expect(served.ask(served.auditor, 'POST', '/redemptions', { answers: ['00'] })).rejects.toMatchObject({
      code: 'malformed',
    })
    const nobody = await identify(served.net, 'vendor', 'no-account')
    const paid = transferTo(vendor, 8n, 'p1')
    expect(await pay(paid, paid, transferTo(nobody, 1n, 'p2'), transferTo(vendor, 3n, 'p3'))).toMatchObject({
      results: [{ state: 'paid' }, { state: 'repeated' }, { state: 'no_account' }, { state: 'insufficient_funds' }],
      balance: '2',
    })
    // signed anew, it is still the same payment
    expect(await pay(transferTo(vendor, 8n, 'p1', { time: 5 }))).toMatchObject({ results: [{ state: 'repeated' }] })
    await expect(pay(transferTo(vendor, 1n, 'p4'), transferTo(vendor, 7n, 'p1'))).rejects.toMatchObject({
      code: 'conflict',
    })
    expect(await served.ask(served.auditor, 'GET', '/account')).toMatchObject({ balance: '2' })
    expect(await served.ask(vendor, 'GET', '/account')).toMatchObject({ balance: '8' })
    await expect(pay(transferTo(vendor, 1n, 'p5', {}, rival))).rejects.toMatchObject({ code: 'bad_signature' })
    await expect(pay(transferTo(vendor, 1n, 'p5', { bank: 'bank-2' }))).rejects.toMatchObject({ code: 'bad_input' })
    const otherNetwork = transferTo(vendor, 1n, 'p5', { network: '00'.repeat(32) })
    await expect(pay(otherNetwork)).rejects.toMatchObject({ code: 'wrong_network' })
    const books = await served.ask<{ transfers: object[]; redemptions: object[]; check: object }>(
      served.operator,
      'GET',
      '/books',
    )
    expect(books.transfers).toMatchObject([{ auditor: keyText(served.auditor), payee: keyText(vendor), amount: '8' }])
    expect(books.redemptions).toMatchObject([redeemed])
    expect(books.check).toEqual({ sum: '0', holds: true, faults: [] })
  })
})
