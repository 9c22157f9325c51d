// Own records whose predecessor the ledger refuses: numbers are given out anew while answers are still on their way.
import { expect, it, onTestFinished } from 'vitest'
import { connectLedger } from '../../node/client/client.ts'
import { createTestNetwork, seedOfName } from '../../node/client/testing.ts'
import type { WriteOp } from '../../node/store/database.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import type { Digest } from '../../proto/hash.ts'
import { decodeRecord, signRecord } from '../../proto/records.ts'
import { createTestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { OwnRecordStore } from './own-record-store.ts'
import { OwnRecords } from './own-records.ts'
import { emptyStream } from './stream.ts'
import { userKey } from './testing.ts'
import { Turn } from './turn.ts'

it('a record is submitted whose number was another’s that is still unanswered', async () => {
  const net = await createTestNetwork()
  onTestFinished(() => net.close())
  const client = await connectLedger({ genesis: net.genesis, seed: seedOfName('auditor'), peersFile: net.peersFile })
  onTestFinished(() => client.close())
  const unanswered = new Set<Digest>()
  for (const validator of net.validators)
    validator.script = frame => {
      if (frame.type !== 'submit' || !unanswered.has(decodeRecord(frame.record).digest)) return false
      net.ledger.take(frame.record)
      return true
    }
  const database = createMemoryDatabase()
  const write = (operations: readonly WriteOp[]): Promise<void> => database.write(operations, { sync: true })
  const store = new OwnRecordStore<'sessionOpen'>(database)
  const voided: number[][] = []
  const records = new OwnRecords(
    { sessionOpen: emptyStream },
    {
      client,
      store,
      turns: new Turn(),
      settlement: {
        decided: (_kind, _number, _kept, operations) => write(operations),
        voided: (_kind, numbers, _refused, operations) => {
          voided.push([...numbers])
          return write(operations)
        },
      },
      write,
      log: () => {},
    },
  )
  const { network, genesis } = net.ledger
  const fingerprintOf = (role: 'bank' | 'auditor'): Digest =>
    genesis.members.find(member => member.role === role)!.certificate.fingerprint
  const parties = { client: userKey('client'), vendor: userKey('vendor'), bank: keyOf('bank') }
  const append = async (openBy: number): Promise<{ number: number; digest: Digest }> => {
    const { terms, signatures } = createTestSession(parties, { network, bank: fingerprintOf('bank'), openBy })
    const heading = { network, signer: fingerprintOf('auditor'), ...records.next('sessionOpen') }
    const record = signRecord({ kind: 'sessionOpen', ...heading, attempt: 0, terms, signatures }, keyOf('auditor'))
    await write([store.putRecord(record)])
    records.append('sessionOpen', record)
    return { number: heading.number, digest: record.digest }
  }
  const soon = Date.now() + 60_000
  const late = await append(Date.now() - 1)
  const behind = await append(soon)
  unanswered.add(behind.digest)
  const first = records.submit('sessionOpen', late.number)
  const second = records.submit('sessionOpen', behind.number)
  second.catch(() => {})
  await expect(first).rejects.toMatchObject({ code: 'too_late' })
  expect(voided).toEqual([[1, 2]])
  const anew = [await append(soon), await append(soon)]
  expect(anew.map(({ number }) => number)).toEqual([1, 2])
  const decided = await Promise.all(anew.map(({ number }) => records.submit('sessionOpen', number)))
  expect(decided.map(({ digest }) => digest)).toEqual(anew.map(({ digest }) => digest))
  // its answer comes at last, and changes nothing
  unanswered.clear()
  await expect(second).rejects.toMatchObject({ code: 'previous_mismatch' })
  expect(records.stream('sessionOpen')).toMatchObject({ decided: anew[1], open: [] })
}, 15_000)
