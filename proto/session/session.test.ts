// What the parties to a session sign, and what a claim proves: one encoding each, pinned by hash.
import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes.ts'
import { sha256Hex } from '../hash.ts'
import { limits } from '../limits.ts'
import { digestOfName, expectCanonical, expectNoPrefix, keyOf, start } from '../testing.ts'
import { decodeClaim, encodeClaim, signClose, verifyClaim, verifyClose } from './claims.ts'
import { anchorCount, checkClaim, paywordAnchor, paywordStep } from './payword.ts'
import {
  decodeTerms,
  encodeTerms,
  type SessionTerms,
  sessionDigest,
  sessionEscrow,
  sessionKeyBytes,
  signSession,
  termsFault,
  verifySession,
} from './terms.ts'
import { createTestSession, settleClaim } from './testing.ts'

const parties = { client: keyOf('client'), vendor: keyOf('vendor'), bank: keyOf('bank') }
const parts = { network: digestOfName('network'), bank: digestOfName('bank certificate'), openBy: start }
const nonce = new Uint8Array(32).fill(7)
const create = (more: Partial<SessionTerms> = {}) => createTestSession(parties, { ...parts, nonce, ...more })

describe('terms', () => {
  it('have one encoding for each suite', () => {
    for (const suite of ['xor', 'schnorr', 'bls'] as const) {
      const { terms } = create({ suite, sessionKey: new Uint8Array(sessionKeyBytes[suite]).fill(9) })
      const bytes = encodeTerms(terms)
      expect(decodeTerms(bytes)).toEqual(terms)
      expectCanonical(decodeTerms, encodeTerms, bytes)
      expectNoPrefix(decodeTerms, bytes)
    }
  })

  it('are pinned, and so are the signatures and the chain', () => {
    const { terms, session, signatures, chain, ...claims } = create({ paymentsMax: 2_000 })
    expect({
      terms: sha256Hex(encodeTerms(terms)),
      session,
      client: sha256Hex(signatures.client),
      vendor: sha256Hex(signatures.vendor),
      bank: sha256Hex(signatures.bank),
      step: toHex(paywordStep(nonce, 1, chain[1]!)),
      anchors: terms.anchors.map(toHex),
      claims: [claims.joint(4), claims.byVendor(1_025), claims.byClient(0), settleClaim].map(claim =>
        sha256Hex(encodeClaim(claim)),
      ),
    }).toMatchInlineSnapshot(`
      {
        "anchors": [
          "00e9a84e5c6042ac204fc9f93247716527545d7da90db4000c457fabfba77b5b",
          "479733f4c199795e1ce5dacec99c6475b4465fe0d8bd5c756be06075b7e35e9f",
        ],
        "bank": "69fa2c30126e70c6566f0fcf8a58aaa5e03d5282c6f95c12b42027be1bf82f32",
        "claims": [
          "3ebc64163c493f7e755692a3a9394cc89e1c9007f9b317d7389cbbaf9560ec7b",
          "c99789e262ba6ca70aa2423db1c6fc922bc7715647107acbc12397e324e2696c",
          "a0159ef24966651ea494baa931980399d0da84480881d3e487b795b6b63da4c1",
          "e52d9c508c502347344d8c07ad91cbd6068afc75ff6292f062a09ca381c89e71",
        ],
        "client": "c0a5ad0644b333559919fbe9b549c550db75ed0d52076b1ce085fcdf1c656537",
        "session": "fdeb12635fa7c2f421c7dd721b39dd1c808206b702fe5271617a0c684ad8a8e0",
        "step": "a58696cfdc2338a927ea037539c4a9487b099728c43f35924cb667a320468000",
        "terms": "517831d16310685d7d760c833f8f7f34041dfac511e1f0acff8647e5293fc061",
        "vendor": "08093ca0ffe6bf5dfdabbd6989af86e16b24f291aa1b2501517ebb012afa4c15",
      }
    `)
  })

  it.each<[keyof SessionTerms, Partial<SessionTerms>]>([
    ['vendor', { vendor: parties.client.publicKey }],
    ['unit', { unit: 0n }],
    ['unit', { unit: limits.amount / 10n + 1n }],
    ['paymentsMax', { paymentsMax: 0 }],
    ['paymentsMax', { paymentsMax: limits.sessionPayments + 1 }],
    ['anchors', { anchors: [] }],
    ['anchors', { paymentsMax: 1_024 }],
    ['expiry', { expiry: start }],
    ['windowMs', { windowMs: limits.sessionWindowMsMin - 1 }],
    ['windowMs', { windowMs: limits.sessionWindowMsMax + 1 }],
    ['expiry', { expiry: Number.MAX_SAFE_INTEGER - 5 }],
  ])('nobody signs a wrong %s: %o', (field, change) => {
    const { terms } = create()
    expect(termsFault(terms)).toBeUndefined()
    expect(termsFault({ ...terms, ...change })?.field).toBe(field)
  })

  it('are signed by each party in a domain of its own', () => {
    const { session, signatures, terms } = create()
    const { client } = parties
    expect(verifySession(session, 'client', client.publicKey, signatures.client)).toBe(true)
    expect(verifySession(session, 'vendor', client.publicKey, signSession(session, 'client', client))).toBe(false)
    const other = sessionDigest({ ...terms, unit: terms.unit + 1n })
    expect(verifySession(other, 'client', client.publicKey, signatures.client)).toBe(false)
    expect(sessionEscrow(terms)).toBe(30n)
  })
})

describe('a chain', () => {
  const { terms, chain } = create({ paymentsMax: 2_048 })

  it('proves every payment by the value that it reveals, across anchors, and none by another value', () => {
    expect(terms.anchors).toHaveLength(anchorCount(2_048))
    for (const index of [1, 2, 1_023, 1_024, 1_025, 2_047, 2_048]) {
      expect(checkClaim(terms, index, chain[index]!), `${index}`).toBe(true)
      expect(checkClaim(terms, index, chain[index - 1]!)).toBe(false)
      expect(checkClaim(terms, index + 1, chain[index]!)).toBe(false)
    }
    expect(checkClaim(terms, 0, chain[0]!)).toBe(false)
    expect(checkClaim(terms, 2_049, chain[2_048]!)).toBe(false)
    expect(checkClaim(terms, 1.5, chain[1]!)).toBe(false)
    expect(checkClaim(terms, 1, chain[1]!.subarray(1))).toBe(false)
  })

  it('is worth nothing in another session, and its anchors are no values of it', () => {
    expect(checkClaim({ ...terms, nonce: new Uint8Array(32) }, 5, chain[5]!)).toBe(false)
    // were w_1024 itself in the terms, it would be 1,024 payments for nothing
    expect(checkClaim(terms, 1_024, terms.anchors[1]!)).toBe(false)
    expect(toHex(paywordAnchor(nonce, 1_024, chain[1_024]!))).toBe(toHex(terms.anchors[1]!))
  })
})

describe('claims', () => {
  const session = create()
  const all = [session.joint(3), session.byVendor(4), session.byClient(0), settleClaim]

  it('have one encoding', () => {
    for (const claim of all) {
      const bytes = encodeClaim(claim)
      expect(decodeClaim(bytes)).toEqual(claim)
      expectCanonical(decodeClaim, encodeClaim, bytes)
      expectNoPrefix(decodeClaim, bytes)
    }
    expect(() => decodeClaim(Uint8Array.of(5))).toThrow(expect.objectContaining({ code: 'malformed' }))
    expect(() => decodeClaim(Uint8Array.of(0))).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it('hold by every signature in them, for this session, form and index', () => {
    for (const claim of all) expect(verifyClaim(session.session, session.terms, claim)).toBe(true)
    for (const claim of all.slice(0, 3)) {
      expect(verifyClaim(create({ unit: 4n }).session, session.terms, claim)).toBe(false)
      expect(verifyClaim(session.session, session.terms, { ...claim, index: 9 } as typeof claim)).toBe(false)
    }
    const forged = { ...session.joint(3), vendor: signClose(session.session, 'joint', 3, parties.client) }
    expect(verifyClaim(session.session, session.terms, forged as typeof settleClaim)).toBe(false)
    const { client } = parties
    const alone = signClose(session.session, 'client', 3, client)
    expect(verifyClose(session.session, 'joint', 3, client.publicKey, alone)).toBe(false)
  })
})
