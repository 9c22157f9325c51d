import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { connectLedger } from '../../node/client/client.ts'
import { createTestNetwork, seedOfName, type TestNetwork } from '../../node/client/testing.ts'
import type { LedgerClient } from '../../node/client/types.ts'
import { createMemoryDatabase, type MemoryDatabase } from '../../node/store/memory-database.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { type LedgerRecord, type Membership, type Revocation, signRecord } from '../../proto/records.ts'
import { digestOfName, keyOf } from '../../proto/testing.ts'
import { Revocations } from './revocations.ts'

const user = digestOfName("a user's certificate")
const other = digestOfName("another user's certificate")

let net: TestNetwork
let client: LedgerClient
let database: MemoryDatabase
const errors: unknown[] = []
const toClose: { close(): Promise<void> }[] = []

beforeEach(async () => {
  net = await createTestNetwork()
  client = await connectLedger({ genesis: net.genesis, seed: seedOfName('auditor'), peersFile: net.peersFile })
  database = createMemoryDatabase()
  toClose.push(net, client)
})

afterEach(async () => {
  for (const each of toClose.splice(0).reverse()) await each.close()
  expect(errors.splice(0)).toEqual([])
})

async function open(): Promise<Revocations> {
  const revocations = await Revocations.open(client, database, error => errors.push(error))
  toClose.push(revocations)
  return revocations
}

/** Has the ledger decide a record of the authority; says why it was refused. */
async function decide(record: LedgerRecord): Promise<{ digest: Digest; refusal: string | undefined }> {
  const { bytes, digest } = signRecord(record, keyOf('authority'))
  net.ledger.take(bytes)
  return { digest, refusal: (await client.lookUp(digest))?.verdict.refusal }
}

const heading = (number: number, previous: Digest) => ({
  network: net.ledger.network,
  signer: net.genesis.authority.fingerprint,
  number,
  previous,
})
const revocation = (certificate: Digest, number = 1, previous = zeroDigest): Revocation => ({
  kind: 'revocation',
  ...heading(number, previous),
  certificate,
  reason: 'stolen',
})
const memberOf = (role: 'bank' | 'auditor') => net.genesis.members.find(member => member.role === role)!
function end(role: 'bank' | 'auditor', number = 1, previous = zeroDigest): Membership {
  const { name, certificate, tokenValue } = memberOf(role)
  return { kind: 'membership', action: 'end', ...heading(number, previous), name, role, certificate, tokenValue }
}

describe('revocations', () => {
  it("are known when it opens, and when they come: a user's that the ledger never saw, an auditor's", async () => {
    const auditor = memberOf('auditor').certificate.fingerprint
    const first = await decide(revocation(user))
    const revocations = await open()
    expect(revocations.isDead(user)).toBe(true)
    expect(revocations.isDead(auditor)).toBe(false)
    await decide(revocation(auditor, 2, first.digest))
    await vi.waitFor(() => expect(revocations.isDead(auditor)).toBe(true))
    // what is revoked is the certificate: its member may get another
    expect(revocations.isEnded('auditor', 'auditor')).toBe(false)
    expect(revocations.isDead(other)).toBe(false)
  })

  it('that were refused change nothing', async () => {
    const revocations = await open()
    const first = await decide(revocation(user))
    expect((await decide(revocation(other))).refusal).toBe('number_used')
    expect((await decide({ ...end('bank'), tokenValue: 2n })).refusal).toBe('token_value')
    const last = digestOfName('the last certificate')
    await decide(revocation(last, 2, first.digest))
    await vi.waitFor(() => expect(revocations.isDead(last)).toBe(true))
    const bank = memberOf('bank').certificate.fingerprint
    expect([user, other, bank].map(certificate => revocations.isDead(certificate))).toEqual([true, false, false])
    expect(revocations.isEnded('bank', 'bank')).toBe(false)
  })

  it('outlive a power loss, and a restart follows on from where it was', async () => {
    const first = await decide(revocation(user))
    const before = await open()
    await before.close()
    database.crash()
    await decide(revocation(other, 2, first.digest))
    const asked = net.validators[0]!.frames.length
    const fetched = vi.spyOn(client, 'recordBytes')
    const after = await open()
    expect([user, other].map(certificate => after.isDead(certificate))).toEqual([true, true])
    expect(fetched).toHaveBeenCalledTimes(1)
    for (const { frames } of net.validators)
      for (const frame of frames.slice(asked)) if (frame.type === 'follow') expect(frame.fromHeight).toBe(2)
  })

  it('are tried for again where no validator gives the record', async () => {
    const { digest } = await decide(revocation(user))
    for (const validator of net.validators)
      validator.script = (frame, reply) => {
        if (frame.type !== 'fetchRecord') return false
        reply({ type: 'record', record: undefined })
        return true
      }
    const opening = open()
    await vi.waitFor(() => expect(errors.splice(0)[0]).toMatchObject({ code: 'pruned', fields: { digest } }))
    for (const validator of net.validators) validator.script = undefined
    expect((await opening).isDead(user)).toBe(true)
    errors.splice(0)
  })

  it('do not hold up an end while nobody is connected, nor an opening that ends with the client', async () => {
    const revocations = await open()
    net.ledger.isHolding = true
    const digest = net.ledger.take(signRecord(revocation(user), keyOf('authority')).bytes)
    for (const validator of net.validators)
      validator.script = frame => frame.type === 'fetchRecord' && frame.digest === digest
    net.ledger.release()
    await vi.waitFor(() =>
      expect(net.validators.some(({ frames }) => frames.at(-1)?.type === 'fetchRecord')).toBe(true),
    )
    for (const validator of net.validators) await validator.stop()
    await revocations.close()
    const opening = expect(open()).rejects.toMatchObject({ code: 'stopped' })
    await client.close()
    await opening
  })
})

describe('ends of members', () => {
  it('are deaths of their certificate and of their name', async () => {
    await decide(end('bank'))
    const revocations = await open()
    expect(revocations.isDead(memberOf('bank').certificate.fingerprint)).toBe(true)
    expect(revocations.isEnded('bank', 'bank')).toBe(true)
    expect(revocations.isEnded('auditor', 'bank')).toBe(false)
    await revocations.close()
    expect((await open()).isEnded('bank', 'bank')).toBe(true)
  })
})
