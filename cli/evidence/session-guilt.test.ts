// What clients do wrong in sessions, as portable files that the genesis alone checks.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { toHex } from '../../proto/bytes.ts'
import { certificateToPem } from '../../proto/certificates.ts'
import { genesisToJson } from '../../proto/genesis.ts'
import { sha256Hex } from '../../proto/hash.ts'
import { lockSuite } from '../../proto/locks/suites.ts'
import { type SessionClose, type SessionOpen, signRecord } from '../../proto/records.ts'
import type { SessionClaim } from '../../proto/session/claims.ts'
import { encodeMisconduct, type Misconduct } from '../../proto/session/misconduct.ts'
import { type Payment, type SignedPayment, signPayment } from '../../proto/session/payment.ts'
import { encodeTerms, type SessionTerms } from '../../proto/session/terms.ts'
import { createTestSession, type TestSession } from '../../proto/session/testing.ts'
import { keyOf } from '../../proto/testing.ts'
import { encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { verifyFile } from '../verify/verify.ts'
import { makeEvidence } from './make.ts'
import { Scene } from './testing.ts'

const lockKey = lockSuite('schnorr').keyGen(new Uint8Array(32).fill(3))

let scene: Scene
let dir: string

beforeAll(async () => {
  scene = await Scene.set()
  dir = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-session-guilt-'))
  fs.writeFileSync(path.join(dir, 'genesis.json'), genesisToJson(scene.ledger.genesis))
  fs.writeFileSync(path.join(dir, 'alice.pem'), certificateToPem(scene.alice.certificate))
})

afterAll(() => fs.rmSync(dir, { recursive: true }))

const agree = (): TestSession => {
  const keys = { client: scene.alice.key, vendor: scene.kiosk.key, bank: keyOf('bank') }
  const facts = { network: scene.network, bank: scene.bank, openBy: Date.now() + 60_000 }
  return createTestSession(keys, { ...facts, sessionKey: lockKey.publicKey })
}

function pay(
  { session, chain, client }: TestSession,
  index: number,
  item: string,
  before?: SignedPayment,
): SignedPayment {
  const content = {
    session,
    index,
    word: chain[index]!,
    amount: 3n * BigInt(index),
    item: sha256Hex(Buffer.from(item)),
  }
  return signPayment(content, before?.secret, lockKey, client)
}

/** Makes a file of what a client did, and gives what the genesis alone makes of it. */
function judge(kind: string, { terms }: { terms: SessionTerms }, material: Uint8Array, named = true): unknown {
  const [given, out, genesis] = ['misconduct.json', 'evidence.json', 'genesis.json'].map(name => path.join(dir, name))
  fs.writeFileSync(given!, JSON.stringify({ kind, terms: toHex(encodeTerms(terms)), material: toHex(material) }))
  fs.rmSync(out!, { force: true })
  const certificate = named ? [path.join(dir, 'alice.pem')] : []
  const { proved } = makeEvidence(kind, { misconduct: given!, certificate }, genesis!, out!)
  const { result } = verifyFile(out!, genesis!)
  expect(result).toMatchObject({ holds: true, kind, statement: proved })
  return result
}

const material = (kind: Misconduct['kind'], first: Payment, second: Payment): Uint8Array =>
  encodeMisconduct({ kind, first, second })

it('two payments of one index convict the client, by its key where no certificate is at hand', () => {
  const [session, other] = [agree(), agree()]
  const [song, film] = [pay(session, 0, 'a song').payment, pay(session, 0, 'a film').payment]
  const guilty = { name: 'alice', role: 'user', key: toHex(scene.alice.key.publicKey) }
  const conflicting = material('conflicting_payments', song, film)
  expect(judge('conflicting_payments', session, conflicting)).toMatchObject({ guilty })
  expect(judge('conflicting_payments', session, conflicting, false)).toMatchObject({
    guilty: { key: guilty.key },
    statement: expect.stringContaining('two different payments 0'),
  })
  const refused = expect.objectContaining({ code: 'bad_proof' })
  expect(() => judge('conflicting_payments', session, material('conflicting_payments', song, song))).toThrow(refused)
  expect(() => judge('conflicting_payments', other, conflicting)).toThrow(refused)
  expect(() => judge('bad_lock', session, conflicting)).toThrow(expect.objectContaining({ code: 'bad_input' }))
  const elsewhere = { terms: { ...session.terms, network: '00'.repeat(32) } }
  expect(() => judge('conflicting_payments', elsewhere, conflicting)).toThrow(/another network/)
})

it('a lock that does not open the payment before it convicts the client, and a good one nobody', () => {
  const session = agree()
  const first = pay(session, 0, 'a song')
  const [good, bad] = [pay(session, 1, 'a song', first), pay(session, 1, 'a song', pay(session, 0, 'a film'))]
  expect(judge('bad_lock', session, material('bad_lock', first.payment, bad.payment))).toMatchObject({
    statement: expect.stringMatching(/alice signed payment 1 .* lock/),
  })
  expect(() => judge('bad_lock', session, material('bad_lock', first.payment, good.payment))).toThrow(
    expect.objectContaining({ code: 'bad_proof' }),
  )
})

it('the ledger’s answer to a contested close convicts the client, to any other nobody', () => {
  const { ledger, network, bank } = scene
  const carry = (
    body: Omit<SessionOpen, keyof typeof heading> | Omit<SessionClose, keyof typeof heading>,
  ): Uint8Array => {
    const { number, digest: previous } = ledger.head(body.kind, bank, undefined)
    const record = { ...heading, ...body, number: number + 1, previous } as SessionOpen | SessionClose
    return encodeRecordAnswer(ledger.answers.get(ledger.take(signRecord(record, keyOf('bank')).bytes))!)
  }
  const heading = { network, signer: bank, number: 0, previous: '' }
  const closed = (session: TestSession, ...claims: SessionClaim[]): Uint8Array[] => {
    carry({ kind: 'sessionOpen', attempt: 0, terms: session.terms, signatures: session.signatures })
    return claims.map(claim => carry({ kind: 'sessionClose', session: session.session, attempt: 0, claim }))
  }
  const [lied, honest] = [agree(), agree()]
  const [closing, contested] = closed(lied, lied.byClient(2), lied.byVendor(5))
  const [calm] = closed(honest, honest.byVendor(5))
  expect(judge('contested_close', lied, contested!)).toMatchObject({
    guilty: { name: 'alice' },
    statement: expect.stringContaining('at payment 2, and the vendor proved 5'),
  })
  const refused = expect.objectContaining({ code: 'bad_proof' })
  for (const answer of [closing!, calm!]) expect(() => judge('contested_close', lied, answer)).toThrow(refused)
  expect(() => judge('contested_close', honest, calm!)).toThrow(/nobody contested/)
})
