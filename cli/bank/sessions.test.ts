// Sessions at the bank (E1 to E4): escrow, settlement by whoever carried it, crashes at every write, reputation.
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import type { Database } from '../../node/store/database.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { digestOf } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import { createProof, verifyProof } from '../../proto/proof.ts'
import { type LedgerRecord, signRecord } from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { encodeMisconduct } from '../../proto/session/misconduct.ts'
import { type Payment, signPayment } from '../../proto/session/payment.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'
import { createTestSession, settleClaim, type TestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { userKey, writeHome } from '../common/testing.ts'
import { SessionStore } from '../session/store.ts'
import { Bank, type BankOptions } from './bank.ts'
import { openBankHome } from './home.ts'
import { openAccount } from './testing.ts'

let net: TestNetwork
let folder: string
const database: MemoryDatabase = createMemoryDatabase()
let bank: Bank
const logged: { readonly kind: string; readonly [field: string]: unknown }[] = []

const openBank = (options: Partial<BankOptions> = {}): Promise<Bank> =>
  Bank.open({ home: openBankHome(folder), database: stopping, log: event => logged.push(event), ...options })

beforeAll(async () => {
  net = await createTestNetwork()
  folder = writeHome(net, 'bank')
  bank = await openBank()
})

beforeEach(() => {
  logged.length = 0
  net.ledger.release()
})

afterAll(async () => {
  // whatever happened, the books hold
  expect((await bank.books()).check).toEqual({ sum: 0n, holds: true, faults: [] })
  await bank.close()
  await net.close()
})

async function reopen(options: Partial<BankOptions> = {}): Promise<void> {
  await bank.close()
  writesLeft = Number.POSITIVE_INFINITY
  database.crash()
  bank = await openBank(options)
}

/** Writes that are still done: the next one fails, and nothing after it happens. */
let writesLeft = Number.POSITIVE_INFINITY

/** The store of the one bank that all tests use. */
const stopping: Database = {
  write: (ops, options) => {
    writesLeft -= 1
    if (writesLeft < 0) return Promise.reject(new MupibError('stopped', 'the power is gone'))
    return database.write(ops, options)
  },
  get: key => database.get(key),
  getMany: keys => database.getMany(keys),
  iterate: options => database.iterate(options),
  compact: () => database.compact(),
  approximateSize: () => database.approximateSize(),
  close: () => database.close(),
}

let parties = 0

interface Party extends TestSession {
  readonly user: string
  readonly shop: string
}

/** A user with 100 units and a vendor, and terms of up to 10 payments of 3 between them. */
async function agree(
  parts: Partial<SessionTerms> = {},
  keys?: { client: SigningKey; vendor: SigningKey },
): Promise<Party> {
  parties += 1
  const { client, vendor } = keys ?? { client: userKey(`payer ${parties}`), vendor: userKey(`shop ${parties}`) }
  if (!keys) {
    await openAccount(bank, net, 'user', `payer-${parties}`, 100, client)
    await openAccount(bank, net, 'vendor', `shop-${parties}`, 0, vendor)
  }
  const facts = { network: net.ledger.network, bank: bank.home.fingerprint, openBy: Date.now() + 60_000 }
  const session = createTestSession({ client, vendor, bank: keyOf('bank') }, { ...facts, ...parts })
  return { ...session, user: toHex(client.publicKey), shop: toHex(vendor.publicKey) }
}

const balances = ({ user, shop }: Party): bigint[] => [bank.account(user).balance, bank.account(shop).balance]
const settled = (party: Party): Promise<unknown> =>
  vi.waitFor(() => expect(bank.sessions.show(party.session).standing?.state).toBe('settled'), {
    timeout: 5_000,
    interval: 5,
  })

const heads = new Map<string, { number: number; digest: string }>()

/** Has the auditor carry a session record, as the bank does not know of. */
function carryElsewhere(body: Pick<LedgerRecord, 'kind'> & Record<string, unknown>): string {
  const { genesis, network } = net.ledger
  const signer = genesis.members.find(({ role }) => role === 'auditor')!.certificate.fingerprint
  const head = heads.get(body.kind) ?? net.ledger.head(body.kind, signer, undefined)
  const heading = { network, signer, number: head.number + 1, previous: head.digest }
  return net.ledger.take(signRecord({ ...heading, ...body } as unknown as LedgerRecord, keyOf('auditor')).bytes)
}

const closeElsewhere = ({ session }: Party, claim: SessionClaim, attempt = 0): string =>
  carryElsewhere({ kind: 'sessionClose', session, attempt, claim })

describe('a session', () => {
  it('is opened against escrow, settled once, and paid out to the unit', async () => {
    const party = await agree()
    const opened = await bank.openSession(party)
    expect(opened.standing).toMatchObject({ session: party.session, state: 'open' })
    expect(opened.signatures).toEqual(party.signatures)
    const proved = verifyProof(createProof(opened.proofs.open!, net.ledger.network), net.genesis)
    expect(proved.record).toMatchObject({ kind: 'sessionOpen', session: { session: party.session, state: 'open' } })
    expect(balances(party)).toEqual([70n, 0n])
    expect(await bank.books()).toMatchObject({ own: { escrow: 30n }, openSessions: { count: 1, amount: 30n } })
    // the same again
    expect(await bank.openSession(party)).toEqual(opened)
    const answer = await bank.sessions.close(party.session, party.byVendor(7))
    expect(verifyProof(createProof(answer, net.ledger.network), net.genesis).record.session).toMatchObject({ index: 7 })
    expect(balances(party)).toEqual([79n, 21n])
    await expect(bank.sessions.close(party.session, party.joint(8))).rejects.toMatchObject({ code: 'already_settled' })
    expect((await bank.statement(party.user)).map(({ kind, amount }) => [kind, amount])).toEqual([
      ['deposit', 100n],
      ['escrow', -30n],
      ['settle', 9n],
    ])
    expect(await bank.books()).toMatchObject({ own: { escrow: 0n }, check: { holds: true } })
    expect(await bank.openSession(party)).toMatchObject({ standing: { state: 'settled' } })
  })

  it('is refused where terms, parties or money are not as they must be', async () => {
    const party = await agree()
    const open = (more: Partial<Party>) => bank.openSession({ ...party, ...more })
    const other = await agree({ unit: 4n }, party)
    await expect(open({ terms: other.terms })).rejects.toMatchObject({
      code: 'bad_signature',
      fields: { field: 'client' },
    })
    await expect(bank.openSession(await agree({ unit: 11n }, party))).rejects.toMatchObject({
      code: 'insufficient_funds',
    })
    await expect(bank.openSession(await agree({ openBy: Date.now() - 1 }, party))).rejects.toMatchObject({
      code: 'too_late',
    })
    await expect(bank.openSession(await agree({ network: '00'.repeat(32) }, party))).rejects.toMatchObject({
      code: 'wrong_network',
    })
    await expect(bank.openSession(await agree({ bank: '00'.repeat(32) }, party))).rejects.toMatchObject({
      code: 'bad_input',
    })
    await expect(bank.openSession(await agree({ unit: 0n }, party))).rejects.toMatchObject({ code: 'session_terms' })
    const strangers = { client: userKey('stranger'), vendor: party.vendor }
    await expect(bank.openSession(await agree({}, strangers))).rejects.toMatchObject({ code: 'no_account' })
    const swapped = { client: party.vendor, vendor: party.client }
    await expect(bank.openSession(await agree({}, swapped))).rejects.toMatchObject({ code: 'wrong_role' })
    expect(balances(party)).toEqual([100n, 0n])
  })

  it('is closed for a party only by a claim that holds', async () => {
    const party = await agree()
    await bank.openSession(party)
    const close = (claim: SessionClaim) => bank.sessions.close(party.session, claim)
    await expect(close(party.byVendor(5, party.chain[4]))).rejects.toMatchObject({ code: 'bad_proof' })
    await expect(close({ ...party.joint(5), index: 6 } as SessionClaim)).rejects.toMatchObject({
      code: 'bad_signature',
    })
    await expect(bank.sessions.close('00'.repeat(32), party.joint(1))).rejects.toMatchObject({ code: 'not_found' })
    await expect(close(settleClaim)).rejects.toMatchObject({ code: 'too_early' })
    await close(party.byClient(5))
    const { height } = net.ledger
    await expect(close(party.byClient(6))).rejects.toMatchObject({ code: 'already_known' })
    await expect(close(party.byVendor(4))).rejects.toMatchObject({ code: 'claim_low' })
    // no record is made of what can never be taken: it would be refused, and void those after it
    expect(net.ledger.height).toBe(height)
    expect(bank.sessions.show(party.session).standing).toMatchObject({ state: 'closing', index: 5 })
    await close(party.joint(2))
    expect(balances(party)).toEqual([94n, 6n])
  })

  it('is paid out whoever carried its opening and its close', async () => {
    const party = await agree()
    const { terms, signatures } = party
    carryElsewhere({ kind: 'sessionOpen', attempt: 0, terms, signatures })
    expect(await bank.openSession(party)).toMatchObject({ standing: { state: 'open' } })
    closeElsewhere(party, party.byVendor(4))
    await settled(party)
    expect(balances(party)).toEqual([88n, 12n])
    const other = await agree({ nonce: new Uint8Array(32).fill(3) }, party)
    await expect(bank.sessions.close(party.session, party.joint(1), other.terms)).rejects.toMatchObject({
      code: 'conflict',
    })
    // a session that this bank keeps nothing of, and the ledger neither
    await expect(bank.sessions.close(other.session, other.joint(1), other.terms)).rejects.toMatchObject({
      code: 'not_found',
    })
  })

  it('remembers no claim on a session that does not exist, and takes it again once it does (C14)', async () => {
    const wishes = () => new SessionStore(database).wishes()
    const before = await wishes()
    const facts = { network: net.ledger.network, bank: bank.home.fingerprint, openBy: Date.now() + 60_000 }
    const nobody = { client: userKey('nobody'), vendor: userKey('nothing'), bank: keyOf('bank') }
    for (let more = 0; more < 5; more++) {
      const { session, terms } = createTestSession(nobody, { ...facts, openBy: facts.openBy + more })
      await expect(bank.sessions.close(session, settleClaim, terms)).rejects.toMatchObject({ code: 'not_found' })
    }
    const party = await agree()
    const claim = party.byVendor(3)
    for (let again = 0; again < 2; again++)
      await expect(bank.sessions.close(party.session, claim, party.terms)).rejects.toMatchObject({ code: 'not_found' })
    expect(await wishes()).toEqual(before)
    await reopen()
    await bank.openSession(party)
    await bank.sessions.close(party.session, claim, party.terms)
    expect(balances(party)).toEqual([91n, 9n])
  })

  it('takes a claim again that came too early: as another record (C14)', async () => {
    const party = await agree({ windowMs: 1_000 })
    await bank.openSession(party)
    await bank.sessions.close(party.session, party.byClient(1))
    await expect(bank.sessions.close(party.session, settleClaim)).rejects.toMatchObject({ code: 'too_early' })
    net.ledger.passTo(bank.sessions.show(party.session).standing!.windowEnd + 1)
    await bank.sessions.close(party.session, settleClaim)
    expect(balances(party)).toEqual([97n, 3n])
  })

  it('is settled by the bank itself when the client’s window is over', async () => {
    const party = await agree({ windowMs: 1_000 })
    await bank.openSession(party)
    await bank.sessions.close(party.session, party.byClient(2))
    const { due, standing } = bank.sessions.show(party.session)
    expect(due).toBe(standing!.windowEnd)
    await settled(party)
    expect(bank.sessions.show(party.session).standing).toMatchObject({ by: 'client', index: 2 })
    expect(balances(party)).toEqual([94n, 6n])
  })
})

describe('an opening that the ledger does not take', () => {
  it('costs the client nothing: its money comes back once it can never open, also over a stop', async () => {
    net.ledger.isHolding = true
    const party = await agree({ openBy: Date.now() + 15_000 })
    const waiting = expect(bank.openSession(party)).rejects.toMatchObject({ code: 'stopped' })
    await vi.waitFor(() => expect(balances(party)[0]).toBe(70n), { interval: 1 })
    await reopen()
    await waiting
    expect(balances(party)).toEqual([70n, 0n])
    net.ledger.passTo(party.terms.openBy)
    net.ledger.release()
    await vi.waitFor(() => expect(balances(party)[0]).toBe(100n), { timeout: 5_000, interval: 5 })
    expect(bank.sessions.show(party.session)).toMatchObject({ refusal: 'too_late', due: undefined })
    await expect(bank.openSession(party)).rejects.toMatchObject({ code: 'too_late' })
    expect((await bank.books()).check.holds).toBe(true)
  })
})

describe('a bank that stops at any write', () => {
  it('neither loses nor doubles money of a session that opens and settles', async () => {
    for (let writes = 0, isDone = false; !isDone; writes++) {
      const party = await agree()
      writesLeft = writes
      const went = await (async () => {
        await bank.openSession(party)
        return bank.sessions.close(party.session, party.byVendor(6))
      })().catch((error: unknown) => error)
      isDone = writesLeft >= 0
      if (!isDone) expect(went).toMatchObject({ code: 'stopped' })
      await reopen()
      const held = bank.account(party.user).balance
      expect([100n, 70n, 82n]).toContain(held)
      expect((await bank.books()).check).toMatchObject({ holds: true })
      const shown = await bank.openSession(party)
      expect(shown.signatures).toEqual(party.signatures)
      if (shown.standing!.state !== 'settled') await bank.sessions.close(party.session, party.byVendor(6))
      await settled(party)
      expect(balances(party)).toEqual([82n, 18n])
      expect((await bank.books()).check).toMatchObject({ holds: true })
      // escrow, carrying the opening, its answer, the claim, carrying it, its answer: no fewer
      if (isDone) expect(writes).toBeGreaterThanOrEqual(6)
    }
  })

  it('finds settlements that others carried while it was away', async () => {
    const party = await agree()
    await bank.openSession(party)
    await bank.close()
    database.crash()
    closeElsewhere(party, party.byVendor(9))
    bank = await openBank()
    await settled(party)
    expect(balances(party)).toEqual([73n, 27n])
    await reopen()
    expect(balances(party)).toEqual([73n, 27n])
  })

  it('carries anew what a refusal took along', async () => {
    const [first, second] = [await agree(), await agree()]
    await bank.openSession(first)
    await bank.openSession(second)
    net.ledger.isHolding = true
    const closes = [
      bank.sessions.close(first.session, first.joint(1)),
      bank.sessions.close(first.session, first.joint(2)),
      bank.sessions.close(second.session, second.joint(3)),
    ]
    await vi.waitFor(() =>
      expect(net.validators[0]!.frames.filter(({ type }) => type === 'submit').slice(-3)).toHaveLength(3),
    )
    net.ledger.release()
    const outcomes = await Promise.allSettled(closes)
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(outcomes[1]).toMatchObject({ reason: { code: 'already_settled' } })
    expect([balances(first), balances(second)]).toEqual([
      [97n, 3n],
      [91n, 9n],
    ])
  })
})

describe('reputation', () => {
  it('falls by certified contested closes, by themselves and when they are shown, once each; at 50 nobody opens', async () => {
    const party = await agree()
    expect(await bank.reputation(party.user)).toEqual({ key: party.user, reputation: 100, findings: [] })
    const contest = async (of: Party): Promise<Uint8Array> => {
      await bank.openSession(of)
      await bank.sessions.close(of.session, of.byClient(2))
      return encodeRecordAnswer(await bank.sessions.close(of.session, of.byVendor(5)))
    }
    const material = await contest(party)
    expect(balances(party)).toEqual([85n, 15n])
    expect(await bank.reputation(party.user)).toMatchObject({ reputation: 70 })
    const evidence = { kind: 'contested_close', terms: party.terms, material } as const
    expect(await bank.reportMisconduct(evidence)).toMatchObject({
      reputation: 70,
      findings: [{ session: party.session }],
    })
    const honest = await agree()
    await bank.openSession(honest)
    const calm = encodeRecordAnswer(await bank.sessions.close(honest.session, honest.byVendor(5)))
    await expect(bank.reportMisconduct({ ...evidence, terms: honest.terms, material: calm })).rejects.toMatchObject({
      code: 'bad_proof',
    })
    await expect(bank.reportMisconduct({ ...evidence, terms: honest.terms })).rejects.toMatchObject({
      code: 'bad_proof',
    })
    const again = await agree({}, party)
    await contest({ ...again, user: party.user, shop: party.shop })
    expect(await bank.reputation(party.user)).toMatchObject({ reputation: 40 })
    await expect(bank.openSession(await agree({}, party))).rejects.toMatchObject({
      code: 'blocked',
      fields: { field: 'client', reputation: 40 },
    })
  })

  it('falls by payments that the client signed: 50 is not enough', async () => {
    const party = await agree()
    const lockKey = lockSuite('schnorr').keyGen(new Uint8Array(32).fill(3))
    const signed = (item: string) => {
      const content = {
        session: party.session,
        index: 0,
        word: party.chain[0]!,
        amount: 0n,
        item: digestOf('body', Buffer.from(item)),
      }
      return signPayment(content, undefined, lockKey, party.client).payment
    }
    const shown = (first: Payment, second: Payment) => {
      const material = encodeMisconduct({ kind: 'conflicting_payments', first, second })
      return { kind: 'conflicting_payments', terms: party.terms, material } as const
    }
    const evidence = shown(signed('a song'), signed('a film'))
    for (const nothing of [shown(signed('a song'), signed('a song')), { ...evidence, kind: 'bad_lock' } as const])
      await expect(bank.reportMisconduct(nothing)).rejects.toMatchObject({ code: 'bad_proof' })
    expect(await bank.reportMisconduct(evidence)).toMatchObject({
      reputation: 50,
      findings: [{ kind: 'conflicting_payments' }],
    })
    await expect(bank.openSession(party)).rejects.toMatchObject({ code: 'blocked', fields: { reputation: 50 } })
    expect(balances(party)).toEqual([100n, 0n])
    await reopen()
    expect(await bank.reputation(party.user)).toMatchObject({ reputation: 50 })
  })
})

describe('a session that nobody closes', () => {
  it('is settled by the bank when its time is over, also where that was while it was away', async () => {
    const party = await agree()
    await bank.openSession(party)
    const { expiry, windowMs } = party.terms
    vi.useFakeTimers({ toFake: ['Date'], now: expiry + windowMs + 1 })
    try {
      await reopen()
      await settled(party)
    } finally {
      vi.useRealTimers()
    }
    expect(bank.sessions.show(party.session).standing).toMatchObject({ by: 'expiry', index: 0 })
    expect(balances(party)).toEqual([100n, 0n])
  })
})

describe('an opening in the bank’s name that its store does not know', () => {
  it('stops it: the store is an old copy, or the key was stolen', async () => {
    const { terms, signatures } = await agree({ openBy: Date.now() + 3_600_000 })
    carryElsewhere({ kind: 'sessionOpen', attempt: 0, terms, signatures })
    await expect(bank.failed).rejects.toMatchObject({ code: 'store_behind' })
  })
})
