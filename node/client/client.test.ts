import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type Publication, type SignedRecord, signRecord } from '../../proto/records.ts'
import { keyOf } from '../../proto/testing.ts'
import { decodeRecordVerdict, encodeRecordVerdict } from '../../proto/verdict.ts'
import type { RecordAnswer } from '../../proto/wire/codec.ts'
import { connectLedger } from './client.ts'
import { highestConfirmed } from './questions.ts'
import { createTestNetwork, type Script, seedOfName, type TestNetwork } from './testing.ts'
import type { LedgerClient } from './types.ts'

const toClose: { close(): Promise<void> }[] = []

afterEach(async () => {
  for (const each of toClose.splice(0).reverse()) await each.close()
})

async function setUp(count = 4): Promise<{ net: TestNetwork; client: LedgerClient }> {
  const net = await createTestNetwork(count)
  toClose.push(net)
  return { net, client: await connect(net) }
}

async function connect(net: TestNetwork, ready = net.validators.length): Promise<LedgerClient> {
  const client = await connectLedger({ genesis: net.genesis, seed: seedOfName('bank'), peersFile: net.peersFile })
  toClose.push(client)
  await client.ready(ready)
  return client
}

function publication(net: TestNetwork, number = 1, previous: Digest = zeroDigest): SignedRecord<Publication> {
  const now = Date.now()
  const bank = net.genesis.members[0]!
  return signRecord(
    {
      kind: 'publication',
      network: net.ledger.network,
      signer: bank.certificate.fingerprint,
      number,
      previous,
      value: bank.tokenValue,
      issuedAt: now,
      payBy: now + 3_600_000,
      expiry: now + 7_200_000,
      hashes: new Uint8Array(64).fill(number),
    },
    keyOf('bank'),
  )
}

/** The answer with another verdict in its leaf: what a liar would like to be believed. */
function forged(answer: RecordAnswer): RecordAnswer {
  const verdict = decodeRecordVerdict(answer.recordLeaf)
  return { ...answer, recordLeaf: encodeRecordVerdict({ ...verdict, refusal: 'number_used' }) }
}

const silent: Script = () => true
const submitsOf = (net: TestNetwork, at: number) => net.validators[at]!.frames.filter(frame => frame.type === 'submit')

describe('submit', () => {
  it('goes to every validator, asks one for the answer, and resolves with the verified verdict', async () => {
    const { net, client } = await setUp()
    const record = publication(net)
    const answer = await client.submit(record)
    expect(answer.digest).toBe(record.digest)
    expect(answer.verdict).toMatchObject({ kind: 'publication', number: 1, refusal: undefined })
    expect(answer.height).toBe(1)
    await vi.waitFor(() => expect([0, 1, 2, 3].map(at => submitsOf(net, at).length)).toEqual([1, 1, 1, 1]))
    const submits = [0, 1, 2, 3].flatMap(at => submitsOf(net, at))
    expect(submits.every(frame => frame.type === 'submit' && frame.spread)).toBe(true)
    expect(submits.filter(frame => frame.type === 'submit' && frame.answer)).toHaveLength(1)
  })

  it('gives a certified refusal as an answer, and the stored verdict to a repeat', async () => {
    const { net, client } = await setUp()
    const first = publication(net)
    await client.submit(first)
    const other = publication(net, 1, zeroDigest)
    const clash = signRecord({ ...other.record, hashes: new Uint8Array(32).fill(9) }, keyOf('bank'))
    expect((await client.submit(clash)).verdict.refusal).toBe('number_used')
    expect((await client.submit(first)).height).toBe(1)
  })

  it('believes no forged answer, and asks the others', async () => {
    const { net, client } = await setUp()
    for (const validator of net.validators.slice(0, 3))
      validator.script = (frame, reply) => {
        if (frame.type !== 'submit') return false
        const digest = net.ledger.take(frame.record)
        reply({ type: 'answer', answer: forged(net.ledger.answers.get(digest)!) })
        return true
      }
    expect((await client.submit(publication(net))).verdict.refusal).toBeUndefined()
  })

  it('believes no answer to another record', async () => {
    const { net, client } = await setUp()
    const first = publication(net)
    await client.submit(first)
    for (const validator of net.validators.slice(0, 3))
      validator.script = (frame, reply) => {
        if (frame.type !== 'submit') return false
        reply({ type: 'answer', answer: net.ledger.answers.get(first.digest)! })
        return true
      }
    const second = publication(net, 2, first.digest)
    expect((await client.submit(second)).digest).toBe(second.digest)
  })

  it('waits for no silent validator', async () => {
    const { net, client } = await setUp()
    for (const validator of net.validators.slice(0, 3)) validator.script = silent
    expect((await client.submit(publication(net))).height).toBe(1)
  })

  it('is refused by f+1 validators, and by no fewer', async () => {
    const { net, client } = await setUp()
    const refuse: Script = (frame, reply) => {
      if (frame.type !== 'submit') return false
      reply({ type: 'error', code: 'bad_signature', message: 'no', hint: undefined })
      return true
    }
    net.validators[0]!.script = refuse
    expect((await client.submit(publication(net))).height).toBe(1)
    net.validators[1]!.script = refuse
    net.validators[2]!.script = silent
    net.validators[3]!.script = silent
    await expect(client.submit(publication(net, 2))).rejects.toMatchObject({ code: 'bad_signature' })
  })

  it('tries again where a refusal may pass', async () => {
    const { net, client } = await setUp()
    const refusals = new Map(net.validators.map(validator => [validator.name, 2]))
    for (const validator of net.validators)
      validator.script = (frame, reply) => {
        const left = refusals.get(validator.name)!
        if (frame.type !== 'submit' || left === 0) return false
        refusals.set(validator.name, left - 1)
        reply({ type: 'error', code: 'rate_limited', message: 'full', hint: undefined })
        return true
      }
    expect((await client.submit(publication(net))).height).toBe(1)
  })

  it('outlives the loss of every validator, and finds them at new addresses', async () => {
    const { net, client } = await setUp()
    net.ledger.isHolding = true
    const answered = client.submit(publication(net))
    await vi.waitFor(() => expect(submitsOf(net, 3)).toHaveLength(1))
    for (const validator of net.validators) await validator.stop()
    net.ledger.isHolding = false
    for (const validator of net.validators.slice(1)) await validator.start()
    expect((await answered).height).toBe(1)
  })

  it('asks another validator at once when the asked one disconnects', async () => {
    const { net, client } = await setUp()
    net.ledger.isHolding = true
    const answered = client.submit(publication(net))
    await vi.waitFor(() => expect([0, 1, 2, 3].flatMap(at => submitsOf(net, at))).toHaveLength(4))
    const asked = net.validators.findIndex((_, at) =>
      submitsOf(net, at).some(frame => 'answer' in frame && frame.answer),
    )
    await net.validators[asked]!.stop()
    await vi.waitFor(() => expect([0, 1, 2, 3].flatMap(at => submitsOf(net, at))).toHaveLength(5))
    net.ledger.release()
    expect((await answered).height).toBe(1)
  })

  it('is one submission however often it is called', async () => {
    const { net, client } = await setUp()
    const record = publication(net)
    const [one, two] = await Promise.all([client.submit(record), client.submit(record)])
    expect(one).toBe(two)
  })

  it('rejects with stopped when the client closes', async () => {
    const { net, client } = await setUp()
    net.ledger.isHolding = true
    const answered = expect(client.submit(publication(net))).rejects.toMatchObject({ code: 'stopped' })
    await client.close()
    await answered
    await expect(client.lookUp(zeroDigest)).rejects.toMatchObject({ code: 'stopped' })
  })

  it('takes many records at once, in the order of their stream', async () => {
    const { net, client } = await setUp()
    const records: SignedRecord<Publication>[] = []
    for (let number = 1; number <= 200; number++) records.push(publication(net, number, records.at(-1)?.digest))
    const answers = await Promise.all(records.map(record => client.submit(record)))
    expect(answers.map(answer => answer.verdict.number)).toEqual(records.map(({ record }) => record.number))
    expect(answers.every(answer => answer.verdict.refusal === undefined)).toBe(true)
  })
})

describe('lookUp', () => {
  it('finds what was decided, and takes undecided from f+1 only', async () => {
    const { net, client } = await setUp()
    const record = publication(net)
    expect(await client.lookUp(record.digest)).toBeUndefined()
    net.ledger.take(record.bytes)
    // one liar says that it is unknown
    net.validators[0]!.script = (frame, reply) => {
      if (frame.type !== 'queryRecord') return false
      reply({ type: 'received', digest: frame.digest, state: 'unknown' })
      return true
    }
    for (let i = 0; i < 5; i++) expect((await client.lookUp(record.digest))?.height).toBe(1)
  })
})

describe('recordBytes', () => {
  const fetchesOf = (net: TestNetwork) =>
    net.validators.map(({ frames }) => frames.filter(({ type }) => type === 'fetchRecord').length)
  const answering =
    (record: (digest: Digest) => Uint8Array | undefined): Script =>
    (frame, reply) => {
      if (frame.type !== 'fetchRecord') return false
      reply({ type: 'record', record: record(frame.digest) })
      return true
    }

  it('are had from one validator', async () => {
    const { net, client } = await setUp()
    const record = publication(net)
    net.ledger.take(record.bytes)
    expect(await client.recordBytes(record.digest)).toEqual(record.bytes)
    expect(fetchesOf(net).sort()).toEqual([0, 0, 0, 1])
  })

  it('are taken from an honest validator, whatever others send in their place', async () => {
    const { net } = await setUp()
    const record = publication(net)
    const other = publication(net, 2, record.digest)
    for (const { bytes } of [record, other]) net.ledger.take(bytes)
    const [honest, ...liars] = net.validators
    const oversized = new Uint8Array(limits.recordBytes + 1)
    for (const lie of [other.bytes, record.bytes.subarray(0, -1), oversized]) {
      const liarsAsked = new Set<string>()
      for (const liar of liars)
        liar.script = answering(() => {
          liarsAsked.add(liar.name)
          return lie
        })
      // the honest one cannot answer before every liar has
      honest!.script = (frame, reply) => {
        if (frame.type !== 'fetchRecord' || liarsAsked.size === liars.length) return false
        reply({ type: 'error', code: 'stopped', message: 'not now', hint: undefined })
        return true
      }
      expect(await (await connect(net)).recordBytes(record.digest)).toEqual(record.bytes)
    }
  })

  it('wait for no silent validator, and for none who goes', async () => {
    const { net, client } = await setUp()
    const record = publication(net)
    net.ledger.take(record.bytes)
    for (const validator of net.validators.slice(1)) validator.script = silent
    expect(await client.recordBytes(record.digest)).toEqual(record.bytes)
    expect(fetchesOf(net)).toEqual([1, 1, 1, 1])
    const other = await connect(net)
    const answered = other.recordBytes(record.digest)
    await vi.waitFor(() => expect(fetchesOf(net)).toContain(2))
    for (const validator of net.validators.slice(1)) await validator.stop()
    expect(await answered).toEqual(record.bytes)
  })

  it('are missing where f+1 validators have none, and are asked for again where one could not answer', async () => {
    const { net, client } = await setUp()
    expect(await client.recordBytes(zeroDigest)).toBeUndefined()
    expect(fetchesOf(net)).toEqual([1, 1, 1, 1])
    const record = publication(net)
    net.ledger.take(record.bytes)
    net.validators[0]!.script = silent
    expect(await client.recordBytes(zeroDigest)).toBeUndefined()
    for (const validator of net.validators.slice(1)) validator.script = silent
    let refusals = 2
    net.validators[0]!.script = (frame, reply) => {
      if (frame.type !== 'fetchRecord' || refusals-- <= 0) return false
      reply({ type: 'error', code: 'stopped', message: 'not now', hint: undefined })
      return true
    }
    expect(await client.recordBytes(record.digest)).toEqual(record.bytes)
  })
})

describe('streamHead', () => {
  it('is what f+1 validators report, whatever one of them says', async () => {
    const { net, client } = await setUp()
    expect(await client.streamHead('publication')).toEqual({ number: 0, digest: zeroDigest })
    const record = publication(net)
    await client.submit(record)
    net.validators[2]!.script = (frame, reply) => {
      if (frame.type !== 'queryStream') return false
      reply({ type: 'streamHead', number: 99, digest: 'ab'.repeat(32) })
      return true
    }
    expect(await client.streamHead('publication')).toEqual({ number: 1, digest: record.digest })
  })

  it('answers with f+1 of four connected', async () => {
    const net = await createTestNetwork()
    toClose.push(net)
    await net.validators[0]!.stop()
    await net.validators[1]!.stop()
    const client = await connect(net, 2)
    expect((await client.streamHead('return')).number).toBe(0)
  })

  it('takes the highest of the confirmed heads', () => {
    const head = (number: number) => ({ number, digest: String(number) })
    expect(highestConfirmed([head(1), head(1), head(2), head(2)], 2)).toEqual(head(2))
    expect(highestConfirmed([head(1), head(1), head(2), head(3)], 2)).toEqual(head(1))
    expect(highestConfirmed([head(1), head(2), head(3)], 2)).toBeUndefined()
  })
})

describe('follow', () => {
  it('gives every record in order although one validator leaves some out', async () => {
    const { net, client } = await setUp()
    const records: SignedRecord<Publication>[] = []
    for (let number = 1; number <= 6; number++) records.push(publication(net, number, records.at(-1)?.digest))
    for (const record of records.slice(0, 3)) net.ledger.take(record.bytes)
    net.validators[0]!.script = (frame, reply) => {
      if (frame.type !== 'follow') return false
      reply({ type: 'followed', height: 1_000 })
      return true
    }
    const abort = new AbortController()
    const seen: Digest[] = []
    for await (const { height, answers } of client.follow(1, ['publication'], abort.signal)) {
      seen.push(...answers.map(({ digest }) => digest))
      // one record in each block
      expect(height).toBe(seen.length)
      if (seen.length === 3) for (const record of records.slice(3)) net.ledger.take(record.bytes)
      if (seen.length === 6) abort.abort()
    }
    expect(seen).toEqual(records.map(({ digest }) => digest))
  })

  it('tells how far it is where there is nothing to give, and as far as f+1 have told only', async () => {
    const { net, client } = await setUp()
    net.ledger.take(publication(net).bytes)
    let told = 0
    for (const [at, validator] of net.validators.entries())
      validator.script = (frame, reply) => {
        if (frame.type !== 'follow') return false
        told += 1
        reply({ type: 'followed', height: at === 0 ? 1_000 : 1 })
        return true
      }
    const abort = new AbortController()
    for await (const batch of client.follow(1, ['return'], abort.signal)) {
      expect(batch).toEqual({ height: 1, answers: [] })
      abort.abort()
    }
    expect(told).toBeGreaterThanOrEqual(2)
  })

  it('goes on from a height with what comes after it', async () => {
    const { net, client } = await setUp()
    const first = publication(net)
    const second = publication(net, 2, first.digest)
    net.ledger.take(first.bytes)
    const abort = new AbortController()
    const following = client.follow(2, ['publication'], abort.signal)[Symbol.asyncIterator]()
    const next = following.next()
    await client.submit(second)
    expect(await next).toMatchObject({ value: { height: 2, answers: [{ digest: second.digest }] } })
    const end = following.next()
    abort.abort()
    expect((await end).done).toBe(true)
  })
})

describe('height', () => {
  it('is one that f+1 validators have reached, whoever boasts or lies low', async () => {
    const { net, client } = await setUp()
    net.ledger.take(publication(net).bytes)
    for (const height of [0, 1_000]) {
      net.validators[0]!.script = (frame, reply) => {
        if (frame.type !== 'queryStatus') return false
        reply({ type: 'status', status: { ...net.ledger.status('validator-0'), height } })
        return true
      }
      expect(await client.height()).toBe(1)
    }
    net.validators[0]!.script = silent
    net.validators[1]!.script = silent
    expect(await client.height()).toBe(1)
  })
})

describe('connections', () => {
  it('tells who is connected, and connects to nobody with a validator key', async () => {
    const { net, client } = await setUp()
    expect(client.connections().map(({ connected }) => connected)).toEqual([true, true, true, true])
    await net.validators[3]!.stop()
    await vi.waitFor(() => expect(client.connections()[3]!.connected).toBe(false))
    const { genesis, peersFile } = net
    await expect(connectLedger({ genesis, peersFile, seed: seedOfName('validator-0') })).rejects.toMatchObject({
      code: 'wrong_role',
    })
    await expect(
      connectLedger({ genesis, peersFile: `${peersFile}.not`, seed: seedOfName('bank') }),
    ).rejects.toMatchObject({ code: 'bad_config' })
  })
})
