// Sessions at the auditor: where the bank drops an opening or a claim, the auditor carries it, also over a stop, and both parties are told.
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { bytesEqual, fromHex, toHex } from '../../proto/bytes.ts'
import { validatorKeys } from '../../proto/genesis.ts'
import { verifyAnswer } from '../../proto/proof.ts'
import { decodeRecord, type RecordKind } from '../../proto/records.ts'
import { encodeClaim } from '../../proto/session/claims.ts'
import { encodeTerms, type SessionTerms } from '../../proto/session/terms.ts'
import { createTestSession, type TestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { decodeRecordAnswer } from '../../proto/wire/codec.ts'
import type { Bank } from '../bank/bank.ts'
import { openAccount } from '../bank/testing.ts'
import { signedCall } from '../common/http.ts'
import type { Identity } from '../common/identity.ts'
import type { Auditor } from './auditor.ts'
import { AuditorWorld } from './testing.ts'

let world: AuditorWorld
let auditor: Auditor
let client: Identity
let shop: Identity

beforeAll(async () => {
  world = await AuditorWorld.start()
  auditor = await world.auditor({})
  await world.serveAuditor(auditor)
  client = await openAccount(world.bank, world.net, 'user', 'payer', 1_000)
  shop = await openAccount(world.bank, world.net, 'vendor', 'shop')
})

beforeEach(() => {
  for (const validator of world.net.validators) validator.script = undefined
})

afterAll(async () => {
  await auditor.close()
  await world.close()
})

/** Up to 10 payments of 3. */
const agree = (parts: Partial<SessionTerms> = {}): TestSession => {
  const keys = { client: client.key, vendor: shop.key, bank: keyOf('bank') }
  const facts = { network: world.net.ledger.network, bank: world.bank.home.fingerprint, openBy: Date.now() + 60_000 }
  return createTestSession(keys, { ...facts, ...parts })
}

/** No validator hears records of a kind from a bank or an auditor: as if it dropped them. */
function dropFrom({ home }: Bank | Auditor, kind: RecordKind): void {
  for (const validator of world.net.validators)
    validator.script = frame => {
      if (frame.type !== 'submit') return false
      const { record } = decodeRecord(frame.record)
      return record.kind === kind && record.signer === home.fingerprint
    }
}

interface NewsJson {
  readonly height: number
  readonly sessions: readonly { readonly session: string; readonly standing: object; readonly answer: string }[]
}

const at =
  (name: 'bank' | 'auditor', by: Identity) =>
  <T = Record<string, unknown>>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> =>
    signedCall<T>(
      { identity: by, checks: auditor.checks },
      { base: world.urlOf(name), name, role: name },
      method,
      path,
      body,
    )

const openingOf = ({ terms, signatures }: TestSession) => {
  const [signedByClient, vendor, bank] = [signatures.client, signatures.vendor, signatures.bank].map(toHex)
  return { terms: toHex(encodeTerms(terms)), client: signedByClient, vendor, bank }
}
const balances = (): bigint[] => [client, shop].map(({ key }) => world.bank.account(toHex(key.publicKey)).balance)

it('carries what the bank drops: an opening and a claim, known and paid at the bank as if it had carried them', async () => {
  const session = agree()
  const { client: signedByClient, vendor, bank, terms } = openingOf(session)
  dropFrom(world.bank, 'sessionOpen')
  const news = at('auditor', shop)<NewsJson>('GET', '/sessions?wait=1')
  const asked = at('bank', client)('POST', '/sessions', { terms, client: signedByClient, vendor })
  await vi.waitFor(() => expect(balances()[0]).toBe(970n), { interval: 5 })
  const forged = { ...openingOf(session), bank: toHex(new Uint8Array(64)) }
  await expect(at('auditor', client)('POST', '/sessions', forged)).rejects.toMatchObject({ code: 'bad_signature' })
  const opened = await at('auditor', client)<{ standing: object }>('POST', '/sessions', openingOf(session))
  expect(opened).toMatchObject({ session: session.session, standing: { state: 'open' }, signatures: { bank } })
  expect(await asked).toEqual(opened)
  const { sessions, height } = await news
  expect(sessions).toMatchObject([{ session: session.session, standing: opened.standing }])
  const proved = verifyAnswer(
    decodeRecordAnswer(fromHex(sessions[0]!.answer)),
    world.net.ledger.network,
    validatorKeys(world.net.genesis),
  )
  expect(proved.verdict.session).toMatchObject({ session: session.session, state: 'open' })

  dropFrom(world.bank, 'sessionClose')
  const claim = { claim: toHex(encodeClaim(session.byVendor(7))) }
  const dropped = at('bank', shop)('POST', `/sessions/${session.session}/close`, claim).catch((error: unknown) => error)
  const closed = await at('auditor', shop)('POST', `/sessions/${session.session}/close`, claim)
  expect(closed).toMatchObject({
    standing: { state: 'settled', paid: '21', returned: '9' },
    answer: expect.any(String),
  })
  await vi.waitFor(() => expect(balances()).toEqual([979n, 21n]), { interval: 5 })
  const route = `/sessions/${session.session}`
  for (const by of [client, shop])
    expect(await at('auditor', by)('GET', route)).toEqual(await at('bank', by)('GET', route))
  const stranger = await world.identify('user', 'stranger')
  await expect(at('auditor', stranger)('GET', route)).rejects.toMatchObject({ code: 'not_found' })
  // the same news at both
  const query = `/sessions?after=${height}&wait=1`
  const told = (await at('auditor', client)<NewsJson>('GET', query)).sessions
  expect(told).toMatchObject([{ standing: { state: 'settled', paid: '21' } }])
  expect((await at('bank', client)<NewsJson>('GET', query)).sessions).toEqual(told)
  for (const validator of world.net.validators) validator.script = undefined
  void dropped
})

it('goes on with a claim after a stop, follows what it missed, and knows sessions that it never carried', async () => {
  const [first, second] = [agree(), agree()]
  await world.bank.openSession(first)
  await vi.waitFor(() => expect(auditor.sessions.book.show(first.session).standing?.state).toBe('open'))
  dropFrom(auditor, 'sessionClose')
  const waiting = auditor.sessions.book.close(first.session, first.byClient(4)).catch((error: unknown) => error)
  await vi.waitFor(() => expect(auditor.sessions.status()).toMatchObject({ carrying: 1 }))
  const { home } = auditor
  await auditor.close()
  expect(await waiting).toMatchObject({ code: 'stopped' })
  for (const validator of world.net.validators) validator.script = undefined
  await world.bank.openSession(second)
  auditor = await world.auditorAt(home)
  await vi.waitFor(() =>
    expect(auditor.sessions.book.show(first.session).standing).toMatchObject({ state: 'closing', index: 4 }),
  )
  await vi.waitFor(() => expect(auditor.sessions.book.show(second.session).standing?.state).toBe('open'))
  expect(bytesEqual(auditor.sessions.book.show(second.session).signatures.bank, second.signatures.bank)).toBe(true)
  // terms are needed only where it has none
  await expect(auditor.sessions.book.close('00'.repeat(32), first.joint(1))).rejects.toMatchObject({
    code: 'not_found',
  })
  await auditor.sessions.book.close(first.session, first.byVendor(5))
  await auditor.sessions.book.close(second.session, second.joint(0), second.terms)
})
