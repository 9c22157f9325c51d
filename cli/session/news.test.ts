// News of sessions: whole heights in ledger order, nothing before all in front of it is known, and waiting that ends.
import { expect, it } from 'vitest'
import { TestLedger } from '../../node/client/testing.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { signRecord } from '../../proto/records.ts'
import { createTestSession } from '../../proto/session/testing.ts'
import { keyOf, testGenesis } from '../../proto/testing.ts'
import { userKey } from '../common/testing.ts'
import { SessionNews } from './news.ts'
import { learn, type Place, signedFile } from './rules.ts'
import { SessionStore } from './store.ts'

const [client, vendor, bank] = [userKey('client'), userKey('vendor'), keyOf('bank')]

/** A store, and how sessions get into it at a place of the ledger. */
async function createNews() {
  const ledger = new TestLedger(await testGenesis())
  const { network, genesis } = ledger
  const member = genesis.members.find(({ role }) => role === 'bank')!.certificate.fingerprint
  const database = createMemoryDatabase()
  const store = new SessionStore(database)
  const agree = () =>
    createTestSession({ client, vendor, bank }, { network, bank: member, openBy: Date.now() + 60_000 })
  // one answer for all of them: what it says is looked at elsewhere
  const heading = { network, signer: member, number: 1, previous: zeroDigest }
  const { terms, signatures } = agree()
  const body = { kind: 'sessionOpen', ...heading, attempt: 0, terms, signatures } as const
  const answer = ledger.answers.get(ledger.take(signRecord(body, bank).bytes))!
  const opened = (): { session: string; put(place: Place): Promise<void> } => {
    const { session, terms, signatures } = agree()
    const standing = {
      session,
      state: 'open',
      index: 0,
      by: 'none',
      paid: 0n,
      returned: 0n,
      windowEnd: 1,
      contestedAt: undefined,
    } as const
    const put = async (place: Place): Promise<void> => {
      const before = store.file(session)
      const step = learn(signedFile(session, terms, signatures, undefined), standing)
      if (!step || step === 'contradiction') throw new Error('no step')
      await database.write(
        [...store.putFile({ ...step.file, place }, before), store.putProof(session, 'open', answer)],
        { sync: true },
      )
    }
    return { session, put }
  }
  return { store, opened }
}

const ask = { after: 0, wait: false, signal: new AbortController().signal }

it('gives whole heights in ledger order, each session where it changed last', async () => {
  const { store, opened } = await createNews()
  const news = new SessionNews(store, 9)
  const all = Array.from({ length: 259 }, opened)
  const moved = opened()
  await moved.put({ height: 2, index: 0 })
  for (const [i, { put }] of all.entries()) await put({ height: i < 255 ? 3 : i < 258 ? 4 : 5, index: 300 - i })
  await moved.put({ height: 7, index: 0 })
  const first = await news.read(client.publicKey, ask)
  expect(first.height).toBe(4)
  expect(first.sessions.map(({ height }) => height)).toEqual([...Array<number>(255).fill(3), 4, 4, 4])
  expect(first.sessions[0]).toMatchObject({ session: all[254]!.session, standing: { state: 'open' } })
  const second = await news.read(vendor.publicKey, { ...ask, after: first.height })
  expect(second.sessions.map(({ session }) => session)).toEqual([all[258]!.session, moved.session])
  expect(second.height).toBe(9)
  expect(await news.read(bank.publicKey, ask)).toEqual({ height: 9, sessions: [] })
})

it('tells nothing before everything in front of it is known, and wakes for that only whom it concerns', async () => {
  const { store, opened } = await createNews()
  const news = new SessionNews(store, 3)
  const { put, session } = opened()
  await put({ height: 5, index: 0 })
  expect(await news.read(client.publicKey, ask)).toEqual({ height: 3, sessions: [] })
  const waiting = news.read(client.publicKey, { ...ask, after: 3, wait: true })
  const told = waiting.then(({ sessions }) => sessions.map(each => each.session))
  news.reached(4, [])
  const hungUp = new AbortController()
  const other = news.read(bank.publicKey, { after: 0, wait: true, signal: hungUp.signal })
  news.reached(5, [toHex(client.publicKey)])
  expect(await told).toEqual([session])
  hungUp.abort()
  expect((await other).sessions).toEqual([])
})
