// `bank serve --recover` of a bank that had sessions: the ledger knows them, the old copy of the store does not.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import { toHex } from '../../proto/bytes.ts'
import { signRecord } from '../../proto/records.ts'
import { createTestSession, type TestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { userKey, writeHome } from '../common/testing.ts'
import { Bank } from './bank.ts'
import { openBankHome } from './home.ts'
import { openAccount } from './testing.ts'

let net: TestNetwork
let folder: string
let bank: Bank

const open = async (recover = false): Promise<Bank> => {
  bank = await Bank.open({ home: openBankHome(folder), recover })
  return bank
}

beforeAll(async () => {
  net = await createTestNetwork()
  folder = writeHome(net, 'bank')
})

afterAll(async () => {
  await bank.close()
  await net.close()
})

const [alice, bob, shop] = [userKey('alice'), userKey('bob'), userKey('shop')]

/** Up to 10 payments of 3. */
const agree = (client = alice): TestSession =>
  createTestSession(
    { client, vendor: shop, bank: keyOf('bank') },
    { network: net.ledger.network, bank: bank.home.fingerprint, openBy: Date.now() + 60_000 },
  )

/** Has an auditor carry an opening that the bank has signed. */
function carryElsewhere({ terms, signatures }: TestSession): void {
  const { genesis, network } = net.ledger
  const signer = genesis.members.find(({ role }) => role === 'auditor')!.certificate.fingerprint
  const { number, digest: previous } = net.ledger.head('sessionOpen', signer, undefined)
  const heading = { network, signer, number: number + 1, previous }
  net.ledger.take(
    signRecord({ kind: 'sessionOpen', ...heading, attempt: 0, terms, signatures }, keyOf('auditor')).bytes,
  )
}

const balance = (of: typeof alice): bigint => bank.account(toHex(of.publicKey)).balance

it('finds the sessions of the lost store, takes their escrow, and pays each once', async () => {
  await open()
  await openAccount(bank, net, 'user', 'alice', 100, alice)
  await openAccount(bank, net, 'vendor', 'shop', 0, shop)
  await bank.close()
  const store = path.join(folder, 'store')
  fs.cpSync(store, `${store}.old`, { recursive: true })

  await open()
  const [settled, running] = [agree(), agree()]
  await bank.openSession(settled)
  await bank.openSession(running)
  await bank.sessions.close(settled.session, settled.byVendor(5))
  // a client whose money came after the copy, and a session that the bank has signed and another opens
  await openAccount(bank, net, 'user', 'bob', 40, bob)
  const unbacked = agree(bob)
  await bank.openSession(unbacked)
  await bank.sessions.close(unbacked.session, unbacked.byVendor(2))
  const late = agree()
  expect([balance(alice), balance(bob), balance(shop)]).toEqual([55n, 34n, 21n])
  await bank.close()
  fs.rmSync(store, { recursive: true })
  fs.renameSync(`${store}.old`, store)

  await expect(open()).rejects.toMatchObject({ code: 'store_behind' })
  await open(true)
  expect([balance(alice), balance(shop)]).toEqual([55n, 15n])
  expect(await bank.books()).toMatchObject({
    own: { escrow: 30n },
    openSessions: { count: 1, amount: 30n },
    check: { holds: false, faults: [expect.stringContaining(unbacked.session)] },
  })
  expect(bank.sessions.show(running.session)).toMatchObject({
    standing: { state: 'open' },
    due: running.terms.expiry + 10_000,
  })
  // once the lost deposit is booked again, what was owed is paid
  await openAccount(bank, net, 'user', 'bob', 40, bob)
  expect([balance(alice), balance(bob), balance(shop)]).toEqual([55n, 34n, 21n])
  expect(await bank.books()).toMatchObject({ own: { escrow: 30n }, check: { holds: true } })

  // from now on without the flag, also where a session of the lost store opens only now
  await bank.close()
  await open()
  carryElsewhere(late)
  await vi.waitFor(() => expect(balance(alice)).toBe(25n), { timeout: 5_000, interval: 5 })
  await bank.sessions.close(running.session, running.byVendor(10))
  await bank.sessions.close(late.session, late.joint(0))
  expect([balance(alice), balance(bob), balance(shop)]).toEqual([55n, 34n, 51n])
  expect(await bank.books()).toMatchObject({ own: { escrow: 0n }, check: { holds: true } })
})
