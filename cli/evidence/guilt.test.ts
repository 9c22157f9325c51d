import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRootCertificate, issueCertificate } from '../../proto/certificates.ts'
import { createBlock, encodeProposal, type Proposal, signProposal } from '../../proto/chain.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { digestOfName, keyOf, start } from '../../proto/testing.ts'
import { altered } from '../common/testing.ts'
import type { Claim } from './claims.ts'
import { createFinding, verifyEvidence } from './guilt.ts'
import { evidenceId, evidenceToJson, parseEvidence } from './guilt-file.ts'
import { forged, Scene } from './testing.ts'

let scene: Scene

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() })
  scene = await Scene.set()
})
afterEach(() => {
  vi.useRealTimers()
})

const certificates = () => {
  const { alice, kiosk, cinema, auditor, otherAuditor } = scene
  return [alice, kiosk, cinema, auditor, otherAuditor].map(({ certificate }) => certificate)
}

/** Makes a file of the claim, reads it back, and gives what it proves. */
function judge(claim: Claim) {
  const { genesis } = scene.ledger
  const { id, json, guilt } = createFinding(claim, certificates(), genesis)
  const read = parseEvidence(json)
  expect([evidenceToJson(read), evidenceId(read)]).toEqual([json, id])
  expect(verifyEvidence(read, genesis)).toEqual(guilt)
  return guilt
}

function refuse(claim: Claim, why: RegExp): void {
  expect(() => judge(claim)).toThrow(
    expect.objectContaining({ code: 'bad_proof', message: expect.stringMatching(why) }),
  )
}

const as = (name: string, role: string, charged = false) =>
  expect.objectContaining({ guilty: expect.objectContaining({ name, role }), charged })

describe('vendors', () => {
  it('that present one payment twice sold it twice', () => {
    const { kiosk, cinema } = scene
    const payment = scene.pay(scene.issue(2))
    const first = scene.present(kiosk, payment)
    const sold = (second: typeof first): Claim => ({ kind: 'double_selling', presentations: [first, second] })
    expect(judge(sold(scene.present(kiosk, payment, { auditor: 'other-auditor' })))).toEqual(as('kiosk', 'vendor'))
    expect(judge(sold(scene.present(kiosk, payment, { time: 1 }))).statement).toMatch(
      /kiosk presented .*double selling/,
    )
    refuse(sold(first), /repeat/)
    refuse(sold(scene.present(kiosk, payment)), /repeat/)
    refuse(sold(scene.present(cinema, payment, { time: 1 })), /two vendors/)
    refuse(sold(scene.present(kiosk, scene.pay(payment.tokens))), /two payments/)
    // an auditor puts another holder's signature into the vendor's words
    const swapped = scene.present({ ...kiosk, key: keyOf('auditor') }, forged(payment, scene.network))
    refuse(sold(swapped), /kiosk did not sign/)
    refuse(sold(scene.present(kiosk, payment, { network: digestOfName('elsewhere') })), /another network/)
  })

  it('that no root certified are nobody', async () => {
    const [key, validity] = [keyOf('false root'), { notBefore: start, notAfter: start + 1e11 }]
    const issuer = await createRootCertificate({ name: 'authority', key, ...validity })
    const request = { issuer, issuerKey: key, name: 'kiosk', role: 'vendor', ...validity } as const
    const certificate = await issueCertificate({ ...request, publicKey: key.publicKey })
    const framed = { ...scene.kiosk, key, certificate }
    const payment = scene.pay(scene.issue(1))
    const claim: Claim = {
      kind: 'double_selling',
      presentations: [scene.present(framed, payment), scene.present(framed, payment, { time: 1 })],
    }
    refuse(claim, /is not in the evidence/)
    expect(() => createFinding(claim, [certificate], scene.ledger.genesis)).toThrow(/no root certificate issued/)
    expect(() => createFinding({ ...claim }, [scene.alice.certificate], scene.ledger.genesis)).toThrow(
      /not in the evidence/,
    )
  })

  it('that present a payment to another stole it', () => {
    const { kiosk, cinema, network } = scene
    const payment = scene.pay(scene.issue(2))
    const stolen = (parts: object = {}): Claim => ({
      kind: 'stolen_payload',
      presentation: scene.present(cinema, payment),
      payment,
      ...parts,
    })
    expect(judge(stolen())).toEqual(as('cinema', 'vendor'))
    refuse(stolen({ presentation: scene.present(kiosk, payment) }), /names kiosk/)
    // the information is bound by the digest: none that names another vendor fits
    const details = { ...payment.details, vendor: 'cinema' }
    refuse(
      stolen({ presentation: scene.present(kiosk, payment), payment: scene.pay(payment.tokens, details) }),
      /another payment/,
    )
    const bad = forged(payment, network)
    refuse(stolen({ payment: bad }), /not the one that the vendor presented/)
    refuse(stolen({ presentation: scene.present(cinema, bad), payment: bad }), /would be a forgery/)
  })

  it('that present what the holder did not sign are forgers, whatever an auditor puts beside it', () => {
    const { kiosk, network } = scene
    const payment = scene.pay(scene.issue(1))
    const bad = forged(payment, network)
    const claim = (of: typeof payment, beside = of): Claim => ({
      kind: 'forgery',
      presentation: scene.present(kiosk, of),
      payment: beside,
    })
    expect(judge(claim(bad))).toEqual(as('kiosk', 'vendor'))
    refuse(claim(payment), /did sign/)
    refuse(claim(payment, bad), /not the one that the vendor presented/)
    const otherHolder = payment.tokens.map(token => ({
      ...token,
      group: { ...token.group, holder: keyOf('mallory').publicKey },
    }))
    refuse(claim(payment, { ...payment, tokens: otherHolder }), /another payment/)
  })
})

describe('users', () => {
  it('that spend a token in two payments, or return it and spend it, are charged', () => {
    const [a, b, c] = scene.issue(3)
    const [first, second, unrelated] = [scene.pay([a!, b!]), scene.pay([c!, b!]), scene.pay([a!])]
    scene.decide([first])
    const proof = scene.decide([second])(0, 1)
    const spent = (parts: object = {}): Claim => ({ kind: 'double_spending', first, second, proof, ...parts })
    expect(judge(spent())).toEqual(as('alice', 'user', true))
    refuse(spent({ first: unrelated }), /another payment/)
    refuse(spent({ second: first }), /verdict is about another payment/)
    refuse(spent({ first: forged(first, scene.network) }), /did not sign the first/)
    refuse(spent({ second: forged(second, scene.network) }), /did not sign the second/)
    expect(() => createFinding(spent(), [], scene.ledger.genesis)).toThrow(/certificate of the user/)
    const forgedSecond = forged(scene.pay([b!]), scene.network)
    const uncharged = scene.decide([forgedSecond])(0, 0)
    refuse(spent({ second: forgedSecond, proof: uncharged }), /did not charge/)
    const [d] = scene.issue(1)
    const back = scene.giveBack([d!])
    const again = scene.pay([d!])
    expect(judge(spent({ first: back, second: again, proof: scene.decide([again])(0, 0) })).charged).toBe(true)
  })

  it('are not charged for a repeat, nor for tokens of a rejected payment', () => {
    const [a, b] = scene.issue(2)
    const [once, more] = [scene.pay([a!]), scene.pay([a!])]
    scene.decide([once])
    const repeated: Claim = { kind: 'double_spending', first: more, second: once, proof: scene.decide([once])(0, 0) }
    refuse(repeated, /a repeat/)
    refuse({ ...repeated, first: once }, /a repeat/)
    const rejected = scene.pay([b!, altered(b!)])
    scene.decide([rejected], true)
    const elsewhere = scene.pay([b!])
    const proof = scene.decide([elsewhere])(0, 0)
    refuse({ kind: 'double_spending', first: rejected, second: elsewhere, proof }, /no duplicate \(11\)/)
  })
})

describe('banks', () => {
  it('that sign a token and publish none or another are guilty; a token that they did not sign is not theirs', () => {
    const [hidden] = scene.issue(1, { published: false, publication: 7 })
    const claim = (token = hidden!, reading = 0): Claim => {
      const payment = scene.pay([token])
      return { kind: 'bank_unpublished', payment, proof: scene.decide([payment])(0, reading) }
    }
    expect(judge(claim())).toEqual(as('bank', 'bank'))
    refuse(claim(altered(hidden!)), /did not sign the token/)
    const [shown] = scene.issue(1)
    refuse(claim(shown!), /did not miss its publication \(valid\)/)
    const [twin] = scene.issue(1, { published: false, publication: shown!.group.publication, issuedAt: Date.now() - 1 })
    expect(judge(claim(twin!)).statement).toMatch(/published another one/)
    const two = (first = shown!, second = twin!): Claim => ({ kind: 'bank_two_tokens', first, second })
    expect(judge(two())).toEqual(as('bank', 'bank'))
    refuse(two(shown!, shown!), /one token twice/)
    refuse(two(shown!, hidden!), /two serials/)
    refuse(two(shown!, altered(shown!)), /did not sign/)
  })
})

describe('auditors', () => {
  it('that let a token expire after they took it bear that', () => {
    const { auditor, otherAuditor } = scene
    const [token] = scene.issue(1, { lifeMs: 1_000 })
    const payment = scene.pay([token!])
    const ruling = scene.rule(auditor, payment, 'deliver')
    vi.setSystemTime(Date.now() + 5_000)
    const proof = scene.decide([payment])(0, 0)
    const expired = (parts: object = {}): Claim => ({ kind: 'expired_in_queue', ruling, payment, proof, ...parts })
    expect(judge(expired())).toEqual(as('auditor', 'auditor'))
    refuse(expired({ ruling: scene.rule(auditor, payment, 'wait') }), /after the token had expired/)
    refuse(expired({ ruling: scene.rule(otherAuditor, payment, 'wait', 1) }), /two auditors/)
    refuse(expired({ ruling: scene.rule(auditor, payment, 'rejected', 1) }), /did not take/)
    const other = scene.pay(scene.issue(1))
    const inTime = scene.decide([other])(0, 0)
    refuse(expired({ ruling: scene.rule(auditor, other, 'wait'), payment: other, proof: inTime }), /did not expire/)
    refuse(expired({ payment: other, proof: inTime }), /another payment/)
  })

  it('that put a forgery into a block are guilty of it', () => {
    const [a, b, c] = scene.issue(3)
    const good = scene.pay([a!, altered(b!)])
    const bad = forged(scene.pay([b!, altered(a!)]), scene.network)
    const prove = scene.decide([good, bad, scene.pay([c!])])
    expect(judge({ kind: 'forgery', proof: prove(1) })).toEqual(as('auditor', 'auditor'))
    refuse({ kind: 'forgery', proof: prove(0) }, /signature good/)
    refuse({ kind: 'forgery', proof: prove(2) }, /did not look/)
  })

  it('have to show what they consumed, and are cleared by it', () => {
    const { network } = scene
    const [a, b, c] = scene.issue(3)
    const payment = scene.pay([a!])
    const prove = scene.decide([payment, scene.pay([b!]), scene.pay([c!, altered(c!)])], true)
    const challenge = judge({ kind: 'unshown_payload', proof: prove(0) })
    expect(challenge).toEqual(as('auditor', 'auditor'))
    expect(challenge.statement).toMatch(/guilty unless it shows the signed payload/)
    refuse({ kind: 'unshown_payload', proof: prove(2) }, /consumed nothing/)
    const looked = scene.decide([scene.pay([c!, altered(c!)])])(0)
    refuse({ kind: 'unshown_payload', proof: looked }, /looked at the holder's signature already/)
    expect(judge({ kind: 'shown_payload', payment })).toMatchObject({ guilty: undefined, payload: challenge.payload })
    refuse({ kind: 'shown_payload', payment: forged(payment, network) }, /did not sign/)
  })

  it('are held to their rulings, and not to those that follow from a verdict', () => {
    const { auditor, otherAuditor } = scene
    const [a, b] = scene.issue(2)
    const payment = scene.pay([a!])
    const ruling = scene.rule(auditor, payment, 'not_queued')
    vi.setSystemTime(Date.now() + 1_000)
    const proof = scene.decide([payment])(0)
    const broken = (parts: object = {}): Claim => ({ kind: 'broken_ruling', ruling, proof, ...parts }) as Claim
    expect(judge(broken())).toEqual(as('auditor', 'auditor'))
    // consumed and given up afterwards: the holder would spend the tokens again and be charged
    expect(judge(broken({ ruling: scene.rule(auditor, payment, 'rejected', Date.now() + 9_000) }))).toEqual(
      as('auditor', 'auditor'),
    )
    refuse(broken({ ruling: scene.rule(auditor, payment, 'deliver', 1) }), /did not give/)
    refuse(broken({ ruling: scene.rule(otherAuditor, payment, 'rejected', 1) }), /two auditors/)
    refuse(broken({ ruling: scene.rule(auditor, scene.pay([b!]), 'rejected', 1) }), /another payment/)
    const pending = scene.pay([b!, altered(b!)])
    const verdict = scene.decide([pending], true)(0)
    vi.setSystemTime(Date.now() + 1_000)
    refuse(broken({ ruling: scene.rule(auditor, pending, 'rejected'), proof: verdict }), /follows the block/)
    expect(judge(broken({ ruling: scene.rule(auditor, pending, 'rejected', 1), proof: verdict })).guilty?.name).toBe(
      'auditor',
    )
  })

  it('sign no two final rulings of one payment', () => {
    const { auditor, otherAuditor } = scene
    const payment = scene.pay(scene.issue(1))
    const deliver = scene.rule(auditor, payment, 'deliver')
    const two = (second: typeof deliver, first = deliver): Claim => ({
      kind: 'broken_ruling',
      rulings: [first, second],
    })
    expect(judge(two(scene.rule(auditor, payment, 'rejected')))).toEqual(as('auditor', 'auditor'))
    for (const answer of ['deliver', 'wait'] as const)
      refuse(two(scene.rule(auditor, payment, answer)), /do not contradict/)
    refuse(two(scene.rule(auditor, payment, 'wait'), scene.rule(auditor, payment, 'rejected')), /do not contradict/)
    refuse(two(scene.rule(otherAuditor, payment, 'rejected')), /two auditors/)
    refuse(two(scene.rule(auditor, scene.pay(payment.tokens), 'rejected')), /two payments/)
  })
})

function proposal(content: string, key = keyOf('validator-1')): Uint8Array {
  const parts = { height: 3, view: 5, parent: zeroDigest, parentOutcome: zeroDigest, time: start }
  const block = createBlock({ network: scene.network, ...parts }, [digestOfName(content)])
  const signature = signProposal(scene.network, block, key)
  const whole: Proposal = { block, signature, parentCertificate: undefined, nullifications: [] }
  return encodeProposal(whole)
}

describe('validators', () => {
  it('sign one vote of a kind and one proposal in a view; a number used twice is only told', () => {
    const vote: Scene['vote'] = (...of) => scene.vote(...of)
    const votes = (first: Uint8Array, second: Uint8Array): Claim => ({ kind: 'two_votes', first, second })
    expect(judge(votes(vote('notarize', 'a'), vote('notarize', 'b')))).toEqual(as('validator-2', 'validator'))
    expect(judge(votes(vote('finalize', 'a'), vote('nullify', '')))).toEqual(as('validator-2', 'validator'))
    refuse(votes(vote('notarize', 'a'), vote('nullify', '')), /do not contradict/)
    refuse(votes(vote('notarize', 'a'), vote('notarize', 'a')), /do not contradict/)
    refuse(votes(vote('notarize', 'a'), vote('notarize', 'b', 6)), /two views/)
    refuse(votes(vote('notarize', 'a'), vote('notarize', 'b', 5, 1)), /two validators/)
    const unsigned = vote('notarize', 'b')
    unsigned[unsigned.length - 1]! ^= 1
    refuse(votes(vote('notarize', 'a'), unsigned), /did not sign/)
    const proposals = (second: Uint8Array): Claim => ({ kind: 'two_proposals', first: proposal('a'), second })
    expect(judge(proposals(proposal('b')))).toEqual(as('validator-1', 'validator'))
    refuse(proposals(proposal('a')), /one block/)
    refuse(proposals(proposal('b', keyOf('validator-0'))), /leader/)
    const digests = { signer: scene.bank, first: digestOfName('a'), second: digestOfName('b') }
    refuse({ kind: 'number_reuse', record: 'publication', number: 3, ...digests }, /their word, not a proof/)
  })
})
