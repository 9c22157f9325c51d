// Sessions and reputations over HTTP: who may ask what, and the shape of the answers.
import * as fs from 'node:fs'
import * as nodePath from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { toHex } from '../../proto/bytes.ts'
import { encodeClaim, type SessionClaim } from '../../proto/session/claims.ts'
import { encodeTerms } from '../../proto/session/terms.ts'
import { createTestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { signedCall } from '../common/http.ts'
import { verifyFile } from '../verify/verify.ts'
import { keyText, ServedBank } from './service-testing.ts'

let served: ServedBank

interface NewsJson {
  readonly height: number
  readonly sessions: readonly { readonly session: string; readonly standing: object; readonly answer: string }[]
}

beforeAll(async () => {
  served = await ServedBank.start()
})

afterAll(async () => {
  // every answer had the form that its schema promises
  expect(await served.close()).toEqual([])
})

it('a client opens, a party closes, and both see how they stand', async () => {
  const [user, vendor, stranger] = [
    await served.party('user', 50n),
    await served.party('vendor'),
    await served.party('user'),
  ]
  const keys = { client: user.key, vendor: vendor.key, bank: keyOf('bank') }
  const facts = { network: served.net.ledger.network, bank: served.bank.home.fingerprint, openBy: Date.now() + 60_000 }
  const session = createTestSession(keys, facts)
  const route = `/sessions/${session.session}`
  const terms = toHex(encodeTerms(session.terms))
  const { client, vendor: accepted } = session.signatures
  const body = { terms, client: toHex(client), vendor: toHex(accepted) }
  await expect(served.ask(stranger, 'POST', '/sessions', body)).rejects.toMatchObject({ code: 'wrong_role' })
  await expect(served.ask(vendor, 'POST', '/sessions', body)).rejects.toMatchObject({ code: 'wrong_role' })
  await expect(served.ask(user, 'POST', '/sessions', { ...body, terms: '00' })).rejects.toMatchObject({
    code: 'malformed',
  })
  const opened = await served.ask<{ standing: object; answers: { open: string } }>(user, 'POST', '/sessions', body)
  expect(opened).toMatchObject({
    session: session.session,
    terms,
    signatures: { bank: toHex(session.signatures.bank) },
    standing: { state: 'open', index: 0, paid: '0' },
    answers: { open: expect.any(String) },
  })
  expect(await served.ask(user, 'POST', '/sessions', body)).toEqual(opened)
  expect(await served.ask(vendor, 'GET', route)).toEqual(opened)
  expect(await served.ask(served.operator, 'GET', route)).toEqual(opened)
  await expect(served.ask(stranger, 'GET', route)).rejects.toMatchObject({ code: 'not_found' })

  // news, also for who waits for it, and for the parties only
  const news = (by: typeof user, query = '') => served.ask<NewsJson>(by, 'GET', `/sessions${query}`)
  const first = await news(user)
  expect(first).toEqual({
    height: expect.any(Number),
    sessions: [
      { session: session.session, height: first.height, standing: opened.standing, answer: opened.answers.open },
    ],
  })
  expect(await news(stranger)).toEqual({ ...first, sessions: [] })
  expect(await news(vendor, `?after=${first.height}`)).toEqual({ ...first, sessions: [] })
  await expect(news(served.auditor)).rejects.toMatchObject({ code: 'wrong_role' })
  // four may wait, and who hangs up waits no more
  const peer = { base: served.base, name: 'bank', role: 'bank' } as const
  const path = `/sessions?wait=1&after=${first.height}`
  const hangUp = new AbortController()
  const caller = { identity: vendor, checks: served.checks, signal: hangUp.signal }
  const ends = Array.from({ length: 5 }, () =>
    signedCall(caller, peer, 'GET', path).catch((error: { code: string }) => error.code),
  )
  expect(await Promise.race(ends)).toBe('rate_limited')
  hangUp.abort()
  expect((await Promise.all(ends)).sort()).toEqual(['rate_limited', ...Array(4).fill('stopped')])
  const waiting = Array.from({ length: 4 }, async () => {
    for (;;) {
      const told = await served.ask<NewsJson>(vendor, 'GET', path).catch((error: { code: string }) => error.code)
      if (told !== 'rate_limited') return told as NewsJson
    }
  })

  const close = (by: typeof user, claim: SessionClaim) =>
    served.ask<{ proof: object; answer: string }>(by, 'POST', `${route}/close`, {
      claim: toHex(encodeClaim(claim)),
      terms,
    })
  expect(await close(user, session.byClient(1))).toMatchObject({ standing: { state: 'closing', index: 1 } })
  const told = await Promise.all(waiting)
  expect(told[0]).toMatchObject({ sessions: [{ standing: { state: 'closing', index: 1 } }] })
  expect(told[0]!.height).toBeGreaterThan(first.height)
  const closed = await close(vendor, session.byVendor(4))
  // each session once, where it stands now; its answer is checked by genesis alone
  const { sessions } = await news(user, '?wait=1')
  expect(sessions).toMatchObject([{ standing: { state: 'settled', paid: '12' }, answer: closed.answer }])
  expect(closed).toMatchObject({ standing: { by: 'vendor', paid: '12', returned: '18', contestedAt: 1 } })
  const file = nodePath.join(served.net.dir, 'settled.json')
  fs.writeFileSync(file, JSON.stringify(closed.proof))
  expect(verifyFile(file, served.net.genesisFile).result).toMatchObject({
    holds: true,
    statement: `session ${session.session} is settled after 4 payments, as the vendor proved: 12 go to the vendor, 18 back to the client; the client had closed it at 1`,
    record: { kind: 'sessionClose', session: { session: session.session, contestedAt: 1 } },
  })
  await expect(close(vendor, session.byVendor(5))).rejects.toMatchObject({ code: 'already_settled' })
  expect(await served.ask(vendor, 'GET', '/account')).toMatchObject({ balance: '12' })
  expect(await served.ask(user, 'GET', '/account')).toMatchObject({ balance: '38' })
  expect(await served.ask(served.operator, 'GET', '/books')).toMatchObject({
    own: { escrow: '0' },
    openSessions: { count: 0, amount: '0' },
    check: { holds: true },
  })

  const reputation = { key: keyText(user), reputation: 70, findings: [{ kind: 'contested_close', severity: 30 }] }
  expect(await served.ask(vendor, 'GET', `/reputation/${keyText(user)}`)).toMatchObject(reputation)
  expect(await served.ask(user, 'GET', `/reputation/${keyText(vendor)}`)).toMatchObject({
    reputation: 100,
    findings: [],
  })
  const evidence = { kind: 'contested_close', terms, material: closed.answer }
  expect(await served.ask(vendor, 'POST', '/misconduct', evidence)).toMatchObject(reputation)
  await expect(served.ask(vendor, 'POST', '/misconduct', { ...evidence, kind: 'bad_lock' })).rejects.toMatchObject({
    code: 'malformed',
  })
  await expect(served.ask(user, 'GET', `/reputation/${'00'.repeat(32)}`)).rejects.toMatchObject({ code: 'no_account' })
})
