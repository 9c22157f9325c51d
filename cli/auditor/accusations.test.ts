import * as fs from 'node:fs'
import * as path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import { certificateToPem } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import {
  type AnswerName,
  type Presentation,
  type SignedStatement,
  signStatement,
  statementToJson,
} from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { groupDigest, signToken } from '../../proto/token.ts'
import { identify, openAccount } from '../bank/testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { signedCall } from '../common/http.ts'
import { CertificateChecks, type Identity } from '../common/identity.ts'
import { type PresentedPayment, paymentDigest } from '../common/payment.ts'
import { writeRunFile } from '../common/run-file.ts'
import { createServer } from '../common/server.ts'
import { altered, payWith, writeHome } from '../common/testing.ts'
import { verifyEvidence } from '../evidence/guilt.ts'
import { parseEvidence } from '../evidence/guilt-file.ts'
import { type Inputs, makeEvidence } from '../evidence/make.ts'
import { forged } from '../evidence/testing.ts'
import { mupib, type Result } from '../testing.ts'
import { PartyWorld } from '../user/testing.ts'
import { verifyFile } from '../verify/verify.ts'
import { Auditor } from './auditor.ts'
import { openAuditorHome } from './home.ts'
import { auditorOperations } from './operations.ts'
import { createAuditorServer } from './service.ts'

const w0 = 6

let world: PartyWorld
let auditor: Auditor
let second: Auditor
let kiosk: Identity
let cinema: Identity
let users = 0
const bases = new Map<Auditor, string>()

/** An auditor; it answers to others once it serves. */
async function open(name: string): Promise<Auditor> {
  const folder = writeHome(world.net, 'auditor', { trust: { w0 } }, name)
  const opened = await Auditor.open({ home: openAuditorHome(folder) })
  world.onClose(() => opened.close())
  return opened
}

async function serve(which: Auditor): Promise<void> {
  const { home, checks } = which
  const server = createAuditorServer(which, await auditorOperations(which), { identity: identityOf(home), checks })
  const http = await world.serve(home.name, server)
  bases.set(which, http)
  writeRunFile(home.runFile, { pid: process.pid, startedAt: '', peerId: '', multiaddrs: [], http })
}

beforeAll(async () => {
  world = await PartyWorld.start({}, ['auditor-2'])
  auditor = await open('auditor')
  second = await open('auditor-2')
  kiosk = await identify(world.net, 'vendor', 'kiosk')
  cinema = await identify(world.net, 'vendor', 'cinema')
  await serve(second)
}, 60_000)

afterEach(() => {
  vi.useRealTimers()
})

afterAll(() => world.close())

/** A new user with so many tokens, and what it pays. */
async function newUser(count: number) {
  users += 1
  const { key, certificate } = await openAccount(world.bank, world.net, 'user', `user-${users}`, count)
  const tokens = count === 0 ? [] : (await world.bank.issueFinal({ holder: key.publicKey, count })).tokens
  const pay = (of: readonly LooseToken[], parts: Partial<PresentedPayment['details']> = {}) =>
    payWith(world.net.ledger.network, key, of, { vendor: 'kiosk', ...parts })
  return { name: certificate.name, key, certificate, tokens, pay }
}
type User = Awaited<ReturnType<typeof newUser>>

function presentationOf(payment: PresentedPayment, by: Identity, parts: Partial<Presentation> = {}) {
  const { network } = world.net.ledger
  const heading = { network, signer: by.certificate.facts.fingerprint, payload: paymentDigest(network, payment) }
  const content = { auditor: payment.details.auditor, holderSignature: payment.signature, time: Date.now() }
  return signStatement({ kind: 'presentation', ...heading, ...content, ...parts }, by.key)
}

/** Presents a payment; gives what was answered last, or why it was turned away. */
async function present(
  { certificate }: User,
  payment: PresentedPayment,
  to: Auditor = auditor,
  by: Identity = kiosk,
  presentation: SignedStatement<Presentation> = presentationOf(payment, by, { auditor: to.home.name }),
): Promise<string> {
  try {
    const { statement } = await to.intake.present(
      { certificate: certificate.der, payment, presentation },
      by.certificate,
    )
    const last = statement.answer === 'wait' ? await to.ruling(statement.payload) : undefined
    return (last?.statement ?? statement).answer
  } catch (error) {
    if (error instanceof MupibError) return error.code
    throw error
  }
}

const findings = async (of: Auditor = auditor): Promise<string[]> =>
  (await of.accusations.all()).map(piece => JSON.stringify(piece))

/** What was done came to this evidence, all of which holds. */
async function newlyFound(work: () => Promise<unknown>, of: Auditor = auditor): Promise<string[]> {
  const before = new Set(await findings(of))
  await work()
  const after = await findings(of)
  expect(await findings(of)).toEqual(after)
  return after
    .filter(json => !before.has(json))
    .map(json => {
      const { kind, guilty, charged } = verifyEvidence(parseEvidence(json), world.net.genesis)
      return `${kind} ${guilty!.name}${charged ? ' charged' : ''}`
    })
    .sort()
}

describe('an auditor', () => {
  it('holds to vendors what they presented', async () => {
    const user = await newUser(3)
    const payment = user.pay(user.tokens.slice(0, 1))
    const sell = async (): Promise<void> => {
      expect(await present(user, payment, auditor, kiosk, presentationOf(payment, kiosk, { time: 1 }))).toBe('deliver')
      expect(await present(user, payment, auditor, kiosk, presentationOf(payment, kiosk, { time: 2 }))).toBe('deliver')
    }
    expect(await newlyFound(sell)).toEqual(['double_selling kiosk'])
    expect(await newlyFound(sell)).toEqual([])
    const stolen = user.pay(user.tokens.slice(1, 2))
    expect(
      await newlyFound(async () => expect(await present(user, stolen, auditor, cinema)).toBe('wrong_role')),
    ).toEqual(['stolen_payload cinema'])
    const madeUp = forged(user.pay(user.tokens.slice(2)), world.net.ledger.network)
    expect(await newlyFound(async () => expect(await present(user, madeUp)).toBe('bad_signature'))).toEqual([
      'forgery kiosk',
    ])
    // stolen and forged: it could have been made up by anybody
    expect(await newlyFound(() => present(user, madeUp, auditor, cinema))).toEqual([])
  })

  it('holds one piece for each pair of payments to a user who spends twice, and nothing to one who spends once', async () => {
    const user = await newUser(6)
    const [one, two] = [user.pay(user.tokens.slice(0, 2)), user.pay(user.tokens.slice(2, 3))]
    const honest = async (): Promise<void> => {
      for (const payment of [one, two]) expect(await present(user, payment)).toBe('deliver')
      await auditor.queues.flush()
      // the wallet, or its vendor, repeats what was signed
      const again = presentationOf(one, kiosk, { time: 1 })
      for (let times = 0; times < 2; times++) await present(user, one, auditor, kiosk, again)
      await auditor.queues.flush()
    }
    expect(await newlyFound(honest)).toEqual(['double_selling kiosk'])
    const cheat = async (): Promise<void> => {
      expect(await present(user, user.pay(user.tokens.slice(0, 4)))).toBe('deliver')
      await auditor.queues.flush()
    }
    expect(await newlyFound(cheat)).toEqual([
      `double_spending ${user.name} charged`,
      `double_spending ${user.name} charged`,
    ])
  })

  it('holds unpublished tokens to the bank that signed them; the user whose payment is rejected spends its others elsewhere', async () => {
    const user = await newUser(6)
    const group = { ...user.tokens[0]!.group, publication: 9_999 }
    const digest = groupDigest(bytesOfHex(world.net.ledger.network), group)
    const unpublished = [0, 1].map(index => ({ group, index, signature: signToken(digest, index, keyOf('bank')) }))
    const reject = async (): Promise<void> => {
      expect(await present(user, user.pay([...unpublished, altered(user.tokens[5]!)]))).toBe('deliver')
      expect(await present(user, user.pay(user.tokens.slice(0, 3)))).toBe('rejected')
    }
    expect(await newlyFound(reject)).toEqual(['bank_unpublished bank'])
    const elsewhere = async (): Promise<void> => {
      expect(await present(user, user.pay(user.tokens.slice(0, 3), { auditor: 'auditor-2' }), second)).toBe('deliver')
      await second.queues.flush()
    }
    expect(await newlyFound(elsewhere, second)).toEqual([])
    expect(await newlyFound(async () => {})).toEqual([])
  })

  it('asks another for the first payment, and does without while that is silent', async () => {
    const user = await newUser(3)
    const [first, sold] = [user.pay(user.tokens.slice(0, 1)), user.pay(user.tokens.slice(2))]
    for (const payment of [first, sold]) expect(await present(user, payment)).toBe('deliver')
    await auditor.queues.flush()
    const spendAgain = async (): Promise<void> => {
      expect(await present(user, user.pay(user.tokens.slice(0, 2), { auditor: 'auditor-2' }), second)).toBe('deliver')
      await second.queues.flush()
      // the vendor presents what is for the one auditor to the other
      expect(await present(user, sold, second)).toBe('rejected')
    }
    expect(await newlyFound(spendAgain, second)).toEqual([])
    const found = await newlyFound(() => serve(auditor), second)
    expect(found).toEqual(['double_selling kiosk', `double_spending ${user.name} charged`])
  })

  it('shows it to auditors, banks and the authority only', async () => {
    const checks = new CertificateChecks(auditor.home.roots)
    const peer = { base: bases.get(auditor)!, name: 'auditor', role: 'auditor' } as const
    const ask = (identity: Identity) => signedCall<unknown[]>({ identity, checks }, peer, 'GET', '/findings')
    const bank = await identify(world.net, 'bank', 'bank', keyOf('bank'))
    for (const identity of [identityOf(auditor.home), identityOf(second.home), bank])
      expect((await ask(identity)).length).toBeGreaterThan(3)
    const { key, certificate } = await newUser(0)
    for (const identity of [kiosk, { ...kiosk, key, certificate }])
      await expect(ask(identity)).rejects.toMatchObject({ code: 'wrong_role' })
  })
})

const json = <T>({ output, errors, exitCode }: Result): T => {
  expect([exitCode, exitCode === 0 ? '' : errors]).toEqual([0, ''])
  return JSON.parse(output) as T
}

it('users and vendors make evidence of the files that they have', async () => {
  const { dir, genesisFile, ledger } = world.net
  const run = (...args: string[]): Promise<Result> => mupib(...args, '--dir', dir)
  const file = (name: string, content?: unknown): string => {
    const at = path.join(dir, name)
    if (content !== undefined) fs.writeFileSync(at, JSON.stringify(content))
    return at
  }
  const user = await newUser(1)
  const payment = user.pay(user.tokens)
  const presentation = presentationOf(payment, kiosk)
  await present(user, payment, auditor, kiosk, presentation)
  await auditor.queues.flush()
  const digest = paymentDigest(ledger.network, payment)
  const rule = (answer: AnswerName, payload = digest) => {
    const heading = { network: ledger.network, signer: auditor.home.fingerprint, payload, time: Date.now() }
    return statementToJson(
      signStatement({ kind: 'ruling', ...heading, answer, reason: '', block: 0 }, auditor.home.key),
    )
  }
  const proof = file('proof.json', await (await auditorOperations(auditor)).proof(serialOf(user.tokens[0]!), undefined))
  const kept = file('kept.json', json(await run('auditor', 'payload', digest)))
  const other = file('other.json', statementToJson(presentationOf(payment, kiosk, { time: 1 })))
  const plain = file('plain.json', statementToJson(presentation))
  // as wallets list their payments
  const history = file('history.json', [{ ruling: rule('not_queued') }, { ruling: rule('deliver', '00'.repeat(32)) }])
  const delivered = file('delivered.json', { evidence: { ruling: rule('deliver') } })
  const certificate = file('kiosk.pem')
  fs.writeFileSync(certificate, certificateToPem(kiosk.certificate))
  const made = file('made.json')
  const mupibMakes = (kind: string, ...inputs: string[]) => run('evidence', 'make', kind, '--out', made, ...inputs)
  for (const [kind, guilty, ...inputs] of [
    ['unshown_payload', 'auditor auditor', '--proof', proof],
    ['shown_payload', 'nobody', '--payment', kept],
    ['broken_ruling', 'auditor auditor', '--ruling', history, '--proof', proof],
    ['double_selling', 'vendor kiosk', '--presentation', other, '--other', plain, '--certificate', certificate],
  ] as const) {
    expect(json(await mupibMakes(kind, ...inputs))).toMatchObject({ kind, guilty, file: made })
    expect(verifyFile(made, genesisFile).result).toMatchObject({ holds: true, kind })
    fs.rmSync(made)
  }
  const make = (kind: string, inputs: Inputs) => makeEvidence(kind, inputs, genesisFile, made)
  expect(make('broken_ruling', { ruling: history, otherRuling: delivered }).guilty).toBe('auditor auditor')
  // the vendor's certificate is in what the auditor keeps
  expect(make('double_selling', { presentation: other, other: kept }).guilty).toBe('vendor kiosk')
  fs.rmSync(made)
  for (const [code, kind, inputs] of [
    ['bad_proof', 'broken_ruling', { ruling: delivered, proof }],
    ['bad_proof', 'double_selling', { presentation: kept, other: kept }],
    ['bad_input', 'shown_payload', { payment: proof }],
    ['bad_input', 'shown_payload', { proof }],
    ['bad_input', 'broken_ruling', { ruling: kept, proof }],
    ['bad_input', 'forgery', { proof }],
  ] as const)
    expect(() => make(kind, inputs)).toThrow(expect.objectContaining({ code }))
  expect(fs.existsSync(made)).toBe(false)
  const validator = createServer({ identity: kiosk, checks: new CertificateChecks(kiosk.roots) })
  validator.get('/evidence', { config: { access: 'anyone' } }, async () => [])
  const http = await world.serve('validator', validator)
  const listed = json<{ kind: string }[]>(await run('evidence', 'list', '--http', http))
  expect(new Set(listed.map(({ kind }) => kind))).toEqual(
    new Set(['double_selling', 'stolen_payload', 'forgery', 'double_spending', 'bank_unpublished']),
  )
}, 200_000)

const serialOf = ({ group, index }: LooseToken): string => `bank-${group.publication}-${index}`

it('an auditor holds to itself what expired in its queue', async () => {
  const user = await newUser(1)
  const late = async (): Promise<void> => {
    expect(await present(user, user.pay(user.tokens))).toBe('deliver')
    vi.useFakeTimers({ toFake: ['Date'], now: user.tokens[0]!.group.expiry + 1 })
    await auditor.queues.flush()
  }
  expect(await newlyFound(late)).toEqual(['expired_in_queue auditor'])
})
