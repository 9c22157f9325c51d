import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRootCertificate, issueCertificate } from '../../proto/certificates.ts'
import { limits } from '../../proto/limits.ts'
import { keyOf } from '../../proto/testing.ts'
import { call } from '../common/http.ts'
import { certificateToText, type Identity } from '../common/identity.ts'
import { signRequest } from '../common/signed-http.ts'
import { userKey } from '../common/testing.ts'
import { keyText, order, ServedBank } from './service-testing.ts'

let served: ServedBank

beforeAll(async () => {
  served = await ServedBank.start()
})

afterAll(async () => {
  expect(await served.close()).toEqual([])
})

/** A user whose certificate another authority issued. */
async function stranger(): Promise<Identity> {
  const issuerKey = keyOf('another authority')
  const { notBefore, notAfter } = served.net.genesis.members[0]!.certificate
  const issuer = await createRootCertificate({ name: 'authority', key: issuerKey, notBefore, notAfter })
  const key = userKey('stranger')
  const named = { name: 'stranger', role: 'user', publicKey: key.publicKey } as const
  const certificate = await issueCertificate({ issuer, issuerKey, ...named, notBefore, notAfter })
  return { network: served.net.ledger.network, key, certificate, roots: [issuer] }
}

/** A request as it goes over the wire. */
async function raw(by: Identity | undefined, path: string, body: string, change: Record<string, string> = {}) {
  const facts = { method: 'POST', path, to: 'bank', time: Date.now(), body: Buffer.from(body) }
  const headers = { 'content-type': 'application/json', ...(by ? signRequest(by, facts).headers : {}), ...change }
  const send = async (text = body, to = path) => {
    const response = await fetch(served.base + to, { method: 'POST', headers, body: text })
    const answer = (await response.json()) as { error?: { code: string; field?: string } }
    return { status: response.status, answer, error: answer.error }
  }
  return send
}

describe('who may ask what', () => {
  it('is said by signatures and roles', async () => {
    const user = await served.party('user', 10n)
    const vendor = await served.party('vendor')
    const body = JSON.stringify({ order: order(1), count: 1 })
    const unsigned = await raw(undefined, '/withdrawals', body)
    expect(await unsigned()).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
    // another's certificate, signed with the own key
    const forger = await raw({ ...vendor, certificate: user.certificate }, '/withdrawals', body)
    expect(await forger()).toMatchObject({ status: 401, error: { code: 'bad_signature' } })
    const unknown = await raw(await stranger(), '/withdrawals', body)
    expect(await unknown()).toMatchObject({ status: 401, error: { code: 'bad_certificate' } })
    for (const [by, method, path, given] of [
      [vendor, 'POST', '/withdrawals', { order: order(1), count: 1 }],
      [user, 'POST', '/deposits', { account: keyText(user), amount: '5', reference: 'mine' }],
      [user, 'POST', '/accounts', { certificate: certificateToText(user.certificate) }],
      [user, 'GET', '/accounts', undefined],
      [user, 'GET', '/books', undefined],
      [user, 'GET', `/statement/${keyText(user)}`, undefined],
      [user, 'POST', '/issue', { holder: keyText(user), count: 1 }],
      [vendor, 'POST', '/redemptions', { answers: ['00'] }],
      [user, 'POST', '/transfers', { transfers: [{ content: '00', signature: '00'.repeat(64) }] }],
    ] as const)
      await expect(served.ask(by, method, path, given)).rejects.toMatchObject({ code: 'wrong_role' })
    expect(await served.ask(user, 'GET', '/account')).toMatchObject({ balance: '10' })
  })

  it('replays change nothing, and a signed request is good for nothing else', async () => {
    const user = await served.party('user', 10n)
    const send = await raw(user, '/withdrawals', JSON.stringify({ order: order(7), count: 4 }))
    const first = await send()
    expect(first).toMatchObject({ status: 200, answer: { balance: '6' } })
    expect(await send()).toEqual(first)
    expect(await send(JSON.stringify({ order: order(8), count: 4 }))).toMatchObject({
      error: { code: 'bad_signature' },
    })
    expect(await send(undefined, '/withdrawals?x=1')).toMatchObject({ error: { code: 'bad_signature' } })
    const elsewhere = await raw(user, '/withdrawals', '{}', { 'mupib-to': 'auditor' })
    expect(await elsewhere()).toMatchObject({ error: { code: 'bad_signature' } })
    expect(await served.ask(user, 'GET', '/account')).toMatchObject({ balance: '6' })
  })

  it('what is not as the schema says names the field', async () => {
    const user = await served.party('user', 10n)
    const fields: [string, unknown, string][] = [
      ['/withdrawals', { order: order(1), count: '1' }, 'count'],
      ['/withdrawals', { order: 'x', count: 1 }, 'order'],
      ['/withdrawals', { order: order(1) }, 'count'],
      ['/withdrawals', { order: order(1), count: 1, more: 1 }, 'more'],
      ['/withdrawals', { order: order(1), count: limits.publicationTokens + 1 }, 'count'],
      ['/returns', { groups: [], payment: {} }, 'groups'],
    ]
    for (const [path, body, field] of fields)
      await expect(served.ask(user, 'POST', path, body)).rejects.toMatchObject({ code: 'bad_input', fields: { field } })
    const account = keyText(user)
    for (const amount of [5, '5.0', '-1', '05', '9223372036854775808', ''])
      await expect(
        served.ask(served.operator, 'POST', '/deposits', { account, amount, reference: 'x' }),
      ).rejects.toMatchObject({
        code: 'bad_input',
      })
    await expect(
      served.ask(served.operator, 'POST', '/deposits', { account, amount: '0', reference: 'x' }),
    ).rejects.toMatchObject({
      code: 'bad_input',
      fields: { field: 'amount' },
    })
  })

  it('is described in OpenAPI, for anyone', async () => {
    const document = await call<{
      openapi: string
      paths: Record<string, Record<string, { responses: object; requestBody?: object }>>
    }>(served.base, 'GET', '/openapi.json')
    expect(document.openapi).toBe('3.0.3')
    expect(Object.keys(document.paths).sort()).toMatchInlineSnapshot(`
      [
        "/account",
        "/accounts",
        "/books",
        "/deposits",
        "/issue",
        "/misconduct",
        "/publications",
        "/publications/{number}/proof",
        "/publications/{number}/tokens",
        "/publish",
        "/redemptions",
        "/reputation/{key}",
        "/returns",
        "/sessions",
        "/sessions/{session}",
        "/sessions/{session}/close",
        "/statement",
        "/statement/{key}",
        "/status",
        "/tokens/state",
        "/transfers",
        "/withdrawals",
      ]
    `)
    for (const [path, methods] of Object.entries(document.paths))
      for (const [method, operation] of Object.entries(methods)) {
        expect(Object.keys(operation.responses), `${method} ${path}`).toContain('200')
        if (method === 'post') expect(operation.requestBody, path).toBeDefined()
      }
    expect(await call(served.base, 'GET', '/status')).toMatchObject({ name: 'bank', state: 'running' })
  })
})
