// What parties may try against each other, on the real bank, auditors, tills and wallets over HTTP and the real ledger rules: each with the exact
// answer, and what it does to trust, tokens and money.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LooseToken } from '../node/ledger/form.ts'
import { layOutTokens } from '../node/ledger/form.ts'
import { bytesOfHex, toHex } from '../proto/bytes.ts'
import type { MupibError } from '../proto/errors.ts'
import { zeroDigest } from '../proto/hash.ts'
import type { SigningKey } from '../proto/keys.ts'
import { signRecord } from '../proto/records.ts'
import { signStatement, statementToJson } from '../proto/statements.ts'
import { keyOf } from '../proto/testing.ts'
import { groupDigest, returnInformation, signPayload, signToken } from '../proto/token.ts'
import { decodeRecordVerdict, decodeTransactionVerdict } from '../proto/verdict.ts'
import { decodeRecordAnswer } from '../proto/wire/codec.ts'
import { Auditor } from './auditor/auditor.ts'
import { openAuditorHome } from './auditor/home.ts'
import { auditorOperations } from './auditor/operations.ts'
import { createAuditorServer } from './auditor/service.ts'
import { decideBlock, identify, openAccount } from './bank/testing.ts'
import { identityOf } from './common/actor-home.ts'
import { signedCall } from './common/http.ts'
import { CertificateChecks, type Identity } from './common/identity.ts'
import { type PresentedPayment, paymentDigest, userPaymentToJson } from './common/payment.ts'
import { statementFromJson } from './common/rulings.ts'
import { altered, payWith, userKey, writeHome } from './common/testing.ts'
import { PartyWorld } from './user/testing.ts'

const w0 = 10
let world: PartyWorld
const auditors = new Map<string, Auditor>()

async function startAuditor(name: string): Promise<void> {
  const trust = { w0, model: 'neutral', rounding: 'floor' }
  const folder = writeHome(
    world.net,
    'auditor',
    { trust, withholding: 2_000, bank: 'bank', services: '../services.json' },
    name,
  )
  const home = openAuditorHome(folder)
  const auditor = await Auditor.open({ home })
  auditors.set(name, auditor)
  const served = { identity: identityOf(home), checks: auditor.checks }
  await world.serve(name, createAuditorServer(auditor, await auditorOperations(auditor), served))
  world.onClose(() => auditor.close())
  await openAccount(world.bank, world.net, 'auditor', name, 1_000_000, keyOf(name))
}

beforeAll(async () => {
  world = await PartyWorld.start({}, ['auditor-2'])
  await startAuditor('auditor')
  await startAuditor('auditor-2')
  for (const vendor of ['vendor-1', 'vendor-2']) await openAccount(world.bank, world.net, 'vendor', vendor)
}, 60_000)

afterAll(() => world.close())

interface Shopper {
  readonly key: SigningKey
  readonly hex: string
  readonly identity: Identity
  readonly tokens: readonly LooseToken[]
}

let shoppers = 0

/** A user of its own with so many tokens. */
async function shopper(count: number, name = `shopper-${++shoppers}`): Promise<Shopper> {
  const identity = await openAccount(world.bank, world.net, 'user', name, count)
  const { tokens } = await world.bank.issueFinal({ holder: identity.key.publicKey, count })
  return { key: identity.key, hex: toHex(identity.key.publicKey), identity, tokens }
}

const pay = (by: Shopper, tokens: readonly LooseToken[], parts: Partial<PresentedPayment['details']> = {}) =>
  payWith(world.net.ledger.network, by.key, tokens, parts)

interface Answer {
  readonly answer: string
  readonly reason: string
}

const vendors = new Map<string, Promise<Identity>>()

/** A vendor signs under one certificate. */
function vendorNamed(name: string): Promise<Identity> {
  const known = vendors.get(name) ?? identify(world.net, 'vendor', name)
  vendors.set(name, known)
  return known
}

const as = (identity: Identity) => ({ identity, checks: new CertificateChecks(identity.roots) })

function ask<T>(identity: Identity, auditor: string, path: string, body?: unknown): Promise<T> {
  const base = world.urlOf(auditor)
  const peer = { base, name: auditor, role: 'auditor' as const }
  return signedCall<T>(as(identity), peer, body === undefined ? 'GET' : 'POST', path, body)
}

/** A presentation as the vendor signs it; a second one of the same payment needs another time. */
function presentationOf(vendor: Identity, payment: PresentedPayment, auditor: string, time = 1_000) {
  const { network, certificate, key } = vendor
  const payload = paymentDigest(network, payment)
  const signer = certificate.facts.fingerprint
  const statement = { network, signer, payload, time, auditor, holderSignature: payment.signature }
  return statementToJson(signStatement({ kind: 'presentation', ...statement }, key))
}

/** Presents a payment as a vendor and gives the last word on it. */
async function present(
  by: Shopper,
  payment: PresentedPayment,
  { vendor = payment.details.vendor, auditor = 'auditor', time = 1_000 } = {},
): Promise<Answer> {
  const identity = await vendorNamed(vendor)
  const presentation = presentationOf(identity, payment, auditor, time)
  const body = { ...userPaymentToJson({ certificate: by.identity.certificate.der, payment }), presentation }
  const first = await ask<{ ruling: unknown }>(identity, auditor, '/payments', body)
  let { statement } = statementFromJson('ruling', first.ruling)
  while (statement.answer === 'wait') {
    const digest = paymentDigest(world.net.ledger.network, payment)
    const later = await ask<{ ruling: unknown }>(identity, auditor, `/payments/${digest}?wait=1`)
    statement = statementFromJson('ruling', later.ruling).statement
  }
  return { answer: statement.answer, reason: statement.reason }
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'answered',
    error => (error as MupibError).code,
  )

const flush = (by: Shopper, auditor = 'auditor'): Promise<unknown> => auditors.get(auditor)!.queues.flush(by.hex)

async function trustOf(by: Shopper, auditor = 'auditor'): Promise<{ gamma: number; blockSize: number }> {
  const { gamma, blockSize } = await ask<{ gamma: number; blockSize: number }>(by.identity, auditor, `/trust/${by.hex}`)
  return { gamma, blockSize }
}

async function kindsFound(auditor: string, payload: string): Promise<string[]> {
  const bank = await identify(world.net, 'bank', 'bank', keyOf('bank'))
  const found = await ask<{ kind: string; payload?: string }[]>(bank, auditor, '/findings')
  return found.filter(finding => JSON.stringify(finding).includes(payload)).map(({ kind }) => kind)
}

const delivered: Answer = { answer: 'deliver', reason: '' }
const rejected = (reason: string): Answer => ({ answer: 'rejected', reason })
const clean = { gamma: 0, blockSize: w0 }

describe('a user', () => {
  it('who is honest waits with the payment that brings the queue to W, and with no other', async () => {
    const alice = await shopper(3 * w0)
    const answers: string[] = []
    const vendor = await vendorNamed('vendor-1')
    for (let at = 0; at < alice.tokens.length; at += 5) {
      const payment = pay(alice, alice.tokens.slice(at, at + 5))
      const presentation = presentationOf(vendor, payment, 'auditor')
      const body = { ...userPaymentToJson({ certificate: alice.identity.certificate.der, payment }), presentation }
      const { ruling } = await ask<{ ruling: unknown }>(vendor, 'auditor', '/payments', body)
      answers.push(statementFromJson('ruling', ruling).statement.answer)
      expect(await present(alice, payment)).toEqual(delivered)
    }
    expect(answers).toEqual(['deliver', 'wait', 'deliver', 'wait', 'deliver', 'wait'])
    expect(await trustOf(alice)).toEqual(clean)
  })

  it('who spends a token at two vendors at the same instant is charged once, and the second vendor is paid all the same', async () => {
    const bob = await shopper(3)
    const payments = [pay(bob, bob.tokens, { vendor: 'vendor-1' }), pay(bob, bob.tokens, { vendor: 'vendor-2' })]
    expect(await Promise.all(payments.map(payment => present(bob, payment)))).toEqual([delivered, delivered])
    await flush(bob)
    // both were delivered below W: three tokens of the second are duplicates, and the auditor covers them
    expect(await trustOf(bob)).toEqual({ gamma: 3, blockSize: w0 - 3 })
  })

  it('who spends a token through two auditors is found out by both, and both come to the same W', async () => {
    const carol = await shopper(3)
    const payments = ['auditor', 'auditor-2'].map(auditor => pay(carol, carol.tokens, { auditor }))
    expect(
      await Promise.all(payments.map(payment => present(carol, payment, { auditor: payment.details.auditor }))),
    ).toEqual([delivered, delivered])
    await Promise.all([flush(carol, 'auditor'), flush(carol, 'auditor-2')])
    await Promise.all(['auditor', 'auditor-2'].map(name => auditors.get(name)!.book.catchUp()))
    const expected = { gamma: 3, blockSize: w0 - 3 }
    expect([await trustOf(carol), await trustOf(carol, 'auditor-2')]).toEqual([expected, expected])
  })

  it('who gives back tokens that are queued is refunded nothing for what was consumed, or answers for it', async () => {
    const dave = await shopper(4)
    expect(await present(dave, pay(dave, dave.tokens.slice(0, 2)))).toEqual(delivered)
    const information = returnInformation(bytesOfHex(world.net.ledger.network), dave.tokens[0]!.group.bank)
    const unsigned = { time: Date.now(), information, tokens: dave.tokens }
    const signature = signPayload(paymentDigest(world.net.ledger.network, unsigned), dave.key)
    // the return is decided first: the queued tokens are refunded, and the payment with them is a double spend
    expect(await world.bank.takeBack({ ...unsigned, signature })).toMatchObject({ refunded: 4 })
    await flush(dave)
    expect(await trustOf(dave)).toEqual({ gamma: 2, blockSize: w0 - 2 })
  })

  it('who alters or forges a token in the payment that waits has it rejected, and the rest of it back', async () => {
    const erin = await shopper(2 * w0)
    const bad = [altered(erin.tokens[0]!), ...erin.tokens.slice(1, w0)]
    expect(await present(erin, pay(erin, bad))).toEqual(rejected('invalid_tokens'))
    expect(await trustOf(erin)).toEqual({ gamma: 1, blockSize: w0 - 1 })
    // released, so they are good at once, and the token that was altered was not burnt
    expect(await present(erin, pay(erin, erin.tokens.slice(0, w0)))).toEqual(delivered)
    const { group } = erin.tokens[0]!
    const made = { ...group, publication: 2 ** 40 }
    const forged = {
      group: made,
      index: 0,
      signature: signToken(groupDigest(bytesOfHex(world.net.ledger.network), made), 0, erin.key),
    }
    expect(await present(erin, pay(erin, [forged, ...erin.tokens.slice(w0, 2 * w0 - 1)]))).toEqual(
      rejected('invalid_tokens'),
    )
    expect(await trustOf(erin)).toEqual({ gamma: 2, blockSize: w0 - 2 })
  })

  it('whose payment was rejected spends its tokens elsewhere, and nothing is found', async () => {
    const frank = await shopper(w0 + 1)
    const payment = pay(frank, [altered(frank.tokens[0]!), ...frank.tokens.slice(1, w0)])
    expect(await present(frank, payment)).toEqual(rejected('invalid_tokens'))
    const before = await trustOf(frank)
    const again = pay(frank, frank.tokens.slice(1, w0), { vendor: 'vendor-2', auditor: 'auditor-2' })
    expect(await present(frank, again, { auditor: 'auditor-2' })).toEqual(delivered)
    await flush(frank, 'auditor-2')
    expect(await trustOf(frank)).toEqual(before)
    expect(await kindsFound('auditor-2', paymentDigest(world.net.ledger.network, again))).toEqual([])
  })

  it('with W = 0 is refused whatever comes, by a ruling', async () => {
    const grace = await shopper(3 * w0)
    const spent = grace.tokens.slice(0, w0 - 1)
    expect(await present(grace, pay(grace, spent))).toEqual(delivered)
    await flush(grace)
    expect(await present(grace, pay(grace, spent))).toEqual(delivered)
    await flush(grace)
    expect(await trustOf(grace)).toEqual({ gamma: w0 - 1, blockSize: 1 })
    expect(await present(grace, pay(grace, [spent[0]!]))).toEqual(rejected('invalid_tokens'))
    expect(await present(grace, pay(grace, [spent[1]!]))).toEqual(rejected('blocked'))
    expect(await trustOf(grace)).toEqual({ gamma: w0, blockSize: 0 })
    expect(await present(grace, pay(grace, grace.tokens.slice(w0)))).toEqual(rejected('blocked'))
  })

  it('may pay more than W at once, a thousand tokens too, and then waits', async () => {
    const heidi = await shopper(1_000 + w0 + 1)
    expect(await present(heidi, pay(heidi, heidi.tokens.slice(0, w0 + 1)))).toEqual(delivered)
    expect(await present(heidi, pay(heidi, heidi.tokens.slice(w0 + 1)))).toEqual(delivered)
    expect(await trustOf(heidi)).toEqual(clean)
  })

  it('pays no price of 0, and none that is not the worth of the tokens', async () => {
    const ivan = await shopper(2)
    expect(await present(ivan, pay(ivan, ivan.tokens, { price: 0n }))).toEqual(rejected('price'))
    expect(await present(ivan, pay(ivan, ivan.tokens, { price: 3n }))).toEqual(rejected('price'))
    expect(await present(ivan, pay(ivan, ivan.tokens, { deadline: Date.now() - 1 }))).toEqual(
      rejected('deadline_passed'),
    )
    expect(await trustOf(ivan)).toEqual(clean)
  })

  it('does not put one token into a payment twice, with a vendor that does not mind', async () => {
    const mallory = await shopper(1)
    // the ledger charges nobody for it, so each round would bring W - 1 tokens' worth for one
    const often = Array.from({ length: w0 - 1 }, () => mallory.tokens[0]!)
    expect(await present(mallory, pay(mallory, often))).toEqual(rejected('token_twice'))
    expect(await present(mallory, pay(mallory, mallory.tokens))).toEqual(delivered)
  })

  it('gets no ruling on a payment of another, under the own name', async () => {
    const [oscar, peggy] = [await shopper(1), await shopper(1)]
    const hers = pay(peggy, peggy.tokens)
    const digest = paymentDigest(world.net.ledger.network, hers)
    const taken = { ...hers, holder: oscar.key.publicKey, signature: signPayload(digest, oscar.key) }
    expect(await codeOf(present(oscar, taken))).toBe('holder_mismatch')
    expect(await present(peggy, hers)).toEqual(delivered)
  })

  it('of a name that is taken gets no account, and another’s trust is not touched', async () => {
    const judy = await shopper(w0, 'judy')
    const other = await identify(world.net, 'user', 'judy', keyOf('another judy'))
    expect(await codeOf(world.bank.openAccount(other.certificate))).toBe('name_taken')
    expect(await present(judy, pay(judy, [altered(judy.tokens[0]!), ...judy.tokens.slice(1)]))).toEqual(
      rejected('invalid_tokens'),
    )
    const namesake: Shopper = { key: other.key, hex: toHex(other.key.publicKey), identity: other, tokens: [] }
    expect(await trustOf(namesake)).toEqual(clean)
  })
})

describe('a vendor', () => {
  it('that repeats a presentation after a time-out has done nothing wrong; one that signs a second is found out', async () => {
    const kim = await shopper(2)
    const payment = pay(kim, kim.tokens)
    const payload = paymentDigest(world.net.ledger.network, payment)
    for (let repeat = 0; repeat < 3; repeat++) expect(await present(kim, payment)).toEqual(delivered)
    expect(await kindsFound('auditor', payload)).toEqual([])
    expect(await present(kim, payment, { time: 2_000 })).toEqual(delivered)
    expect(await kindsFound('auditor', payload)).toEqual(['double_selling'])
    await flush(kim)
    // the user's trust has nothing to do with it
    expect(await trustOf(kim)).toEqual(clean)
  })

  it('gets nothing for a payment that names another vendor, and is found out', async () => {
    const leo = await shopper(2)
    const payment = pay(leo, leo.tokens, { vendor: 'vendor-2' })
    expect(await codeOf(present(leo, payment, { vendor: 'vendor-1' }))).toBe('wrong_role')
    expect(await kindsFound('auditor', paymentDigest(world.net.ledger.network, payment))).toEqual(['stolen_payload'])
    expect(await present(leo, payment)).toEqual(delivered)
  })

  it('gets nothing for a payment that it made up', async () => {
    const mia = await shopper(2)
    const payment = { ...pay(mia, mia.tokens), signature: new Uint8Array(64).fill(1) }
    expect(await codeOf(present(mia, payment))).toBe('bad_signature')
    expect(await kindsFound('auditor', paymentDigest(world.net.ledger.network, payment))).toEqual(['forgery'])
    // nothing was ruled on it, so the real payment is not hindered
    expect(
      await present(mia, {
        ...payment,
        signature: signPayload(paymentDigest(world.net.ledger.network, payment), mia.key),
      }),
    ).toEqual(delivered)
  })

  it('presents nothing of a user whose certificate was revoked', async () => {
    const nina = await shopper(2)
    const payment = pay(nina, nina.tokens)
    const { network, genesis } = world.net.ledger
    const revocation = signRecord(
      {
        kind: 'revocation',
        network,
        signer: genesis.authority.fingerprint,
        number: 1,
        previous: zeroDigest,
        certificate: nina.identity.certificate.facts.fingerprint,
        reason: 'stolen',
      },
      keyOf('authority'),
    )
    world.net.ledger.take(revocation.bytes)
    await expect.poll(() => codeOf(trustOf(nina))).toBe('certificate_dead')
    expect(await codeOf(present(nina, payment))).toBe('certificate_dead')
  })
})

describe('an auditor', () => {
  it('that puts a rejected payment into a block again consumes nothing', async () => {
    const olga = await shopper(w0)
    const payment = pay(olga, [altered(olga.tokens[0]!), ...olga.tokens.slice(1)])
    expect(await present(olga, payment)).toEqual(rejected('invalid_tokens'))
    const answer = decideBlock(world.net.ledger, olga.key, [payment])
    const [leaf] = decodeRecordAnswer(answer).transactionLeaves
    const { tokens } = decodeTransactionVerdict(leaf!)
    expect(new Set(tokens.map(({ verdict, reason, use }) => `${verdict} ${reason} ${use}`))).toEqual(
      new Set(['00 payload_decided none']),
    )
    expect(tokens.some(({ charged }) => charged)).toBe(false)
  })

  it('that frames a user with another’s tokens has the whole block refused', async () => {
    const [pia, quinn] = [await shopper(2), await shopper(2)]
    const { network, genesis } = world.net.ledger
    const stolen = payWith(network, pia.key, quinn.tokens)
    const { groups, transactions } = layOutTokens([stolen])
    const signer = genesis.members.find(({ name }) => name === 'auditor')!.certificate.fingerprint
    const heading = { network, signer, number: 1, previous: zeroDigest }
    const terms = { w0, model: 'neutral', rounding: 'floor' } as const
    const record = signRecord(
      {
        kind: 'tokenBlock',
        ...heading,
        user: pia.key.publicKey,
        pending: false,
        terms,
        groups,
        transactions,
      },
      keyOf('auditor'),
    )
    const answer = world.net.ledger.answers.get(world.net.ledger.take(record.bytes))!
    expect(decodeRecordVerdict(answer.recordLeaf).refusal).toBe('holder_mismatch')
    expect(await present(quinn, pay(quinn, quinn.tokens))).toEqual(delivered)
  })
})

it('expired tokens end in the auditor’s loss, never in the user’s trust', async () => {
  const rosa = await shopper(2)
  const payment = pay(rosa, rosa.tokens)
  expect(await present(rosa, payment)).toEqual(delivered)
  world.net.ledger.passTo(rosa.tokens[0]!.group.expiry + 1)
  await flush(rosa)
  expect(await trustOf(rosa)).toEqual(clean)
  expect(await kindsFound('auditor', paymentDigest(world.net.ledger.network, payment))).toEqual(['expired_in_queue'])
})

it('the users of these tests have keys of their own', () => {
  expect(toHex(userKey('shopper-1').publicKey)).not.toBe(toHex(userKey('shopper-2').publicKey))
})
