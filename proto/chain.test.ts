// Quorums, votes, certificates, proposals and headers.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryBytes } from './arbitrary-testing.ts'
import {
  type Ballot,
  bodyDigest,
  type Certificate,
  createBlock,
  decodeBlock,
  decodeCertificate,
  decodeHeader,
  decodeProposal,
  decodeVote,
  encodeBlock,
  encodeCertificate,
  encodeHeader,
  encodeProposal,
  encodeVote,
  faultsBorne,
  headerDigest,
  leaderOf,
  quorumOf,
  signProposal,
  signVote,
  verifyCertificate,
  verifyProposal,
  verifyVote,
} from './chain.ts'
import { zeroDigest } from './hash.ts'
import { limits } from './limits.ts'
import {
  arbitraryBallot,
  arbitraryBlock,
  arbitraryCertificate,
  certify,
  decoded,
  digestOfName,
  expectCanonical,
  expectNoPrefix,
  keyOf,
} from './testing.ts'

describe('quorums', () => {
  it('for 1 to 128 validators: any two share an honest one, and the honest alone make one', () => {
    for (let n = 1; n <= limits.validators; n++) {
      const [f, q] = [faultsBorne(n), quorumOf(n)]
      expect(3 * f).toBeLessThan(n)
      expect(3 * (f + 1)).toBeGreaterThanOrEqual(n)
      // two quorums overlap in 2q - n validators at least
      expect(2 * q - n).toBeGreaterThan(f)
      expect(q).toBeLessThanOrEqual(n - f)
      // more than two thirds, and no fewer would do
      expect(3 * q).toBeGreaterThan(2 * n)
      expect(3 * (q - 1)).toBeLessThanOrEqual(2 * n)
    }
    expect([1, 2, 3, 4, 7, 13, 31, 128].map(n => [faultsBorne(n), quorumOf(n)])).toEqual([
      [0, 1],
      [0, 2],
      [0, 3],
      [1, 3],
      [2, 5],
      [4, 9],
      [10, 21],
      [42, 86],
    ])
  })
  it('leaders rotate', () => {
    expect([0, 1, 2, 3, 4, 5].map(view => leaderOf(view, 4))).toEqual([0, 1, 2, 3, 0, 1])
  })
})

describe('encodings', () => {
  const proposal = fc
    .tuple(
      arbitraryBlock,
      arbitraryBytes(64),
      fc.option(arbitraryCertificate, { nil: undefined }),
      fc.array(arbitraryCertificate, { maxLength: 2 }),
    )
    .map(([block, signature, parentCertificate, nullifications]) => ({
      block,
      signature,
      parentCertificate,
      nullifications,
    }))
  const vote = fc
    .tuple(arbitraryBallot, fc.nat(0xffff), arbitraryBytes(64))
    .map(([ballot, signer, signature]) => ({ ...ballot, signer, signature }))

  const check = <T>(arbitrary: fc.Arbitrary<T>, encode: (value: T) => Uint8Array, decode: (bytes: Uint8Array) => T) => {
    fc.assert(
      fc.property(arbitrary, value => {
        expect(decode(encode(value))).toEqual(value)
      }),
      { numRuns: 50 },
    )
    for (const value of fc.sample(arbitrary, { numRuns: 3, seed: 3 })) {
      expectCanonical(decode, encode, encode(value))
      expectNoPrefix(decode, encode(value))
    }
  }
  it('votes', () => check(vote, encodeVote, decodeVote))
  it('certificates', () => check(arbitraryCertificate, encodeCertificate, decodeCertificate))
  it('blocks', () => check(arbitraryBlock, encodeBlock, decodeBlock))
  it('headers', () =>
    check(
      arbitraryBlock.map(({ header }) => header),
      encodeHeader,
      decodeHeader,
    ))
  it('proposals', () => check(proposal, encodeProposal, decodeProposal))

  it('a block holds the records of its header and no others', () => {
    const records = [digestOfName('a'), digestOfName('b')]
    const { header } = createBlock(
      { network: zeroDigest, height: 1, view: 1, parent: zeroDigest, parentOutcome: zeroDigest, time: 1 },
      records,
    )
    const swapped = encodeBlock({ digest: headerDigest(header), header, records: records.toReversed() })
    expect(decoded(decodeBlock, swapped)).toEqual({ code: 'malformed' })
    expect(bodyDigest([])).not.toBe(bodyDigest([zeroDigest]))
  })
  it('refuses signers that do not ascend, and too many', () => {
    const ballot: Ballot = { kind: 'nullify', view: 1, digest: zeroDigest, outcome: zeroDigest }
    const of = (signers: number[]): Certificate => ({
      ...ballot,
      signatures: signers.map(signer => ({ signer, signature: new Uint8Array(64) })),
    })
    expect(decoded(decodeCertificate, encodeCertificate(of([1, 1])))).toEqual({ code: 'malformed' })
    expect(decoded(decodeCertificate, encodeCertificate(of([2, 1])))).toEqual({ code: 'malformed' })
    expect(decoded(decodeCertificate, encodeCertificate(of(Array.from({ length: 129 }, (_, i) => i))))).toEqual({
      code: 'too_large',
    })
  })
})

describe('signatures', () => {
  const network = digestOfName('network')
  const keys = [0, 1, 2, 3].map(i => keyOf(`validator-${i}`).publicKey)
  const ballot: Ballot = { kind: 'finalize', view: 6, digest: digestOfName('block'), outcome: digestOfName('outcome') }

  it('bind a vote to network, kind, view, block, outcome and signer', () => {
    const vote = signVote(network, ballot, 2, keyOf('validator-2'))
    expect(verifyVote(network, vote, keys)).toBe(true)
    expect(verifyVote(digestOfName('other'), vote, keys)).toBe(false)
    for (const change of [
      { kind: 'notarize' as const },
      { view: 7 },
      { digest: zeroDigest },
      { outcome: zeroDigest },
      { signer: 1 },
      { signer: 4 },
      { kind: 'nullify' as const },
    ])
      expect(verifyVote(network, { ...vote, ...change }, keys)).toBe(false)
  })

  it('a certificate takes a quorum of distinct validators, each with a good signature', () => {
    const holds = (signers: number[], content = ballot) =>
      verifyCertificate(network, { ...certify(network, ballot, signers), ...content }, keys)
    expect(holds([0, 1, 2])).toBe(true)
    expect(holds([0, 1, 2, 3])).toBe(true)
    expect(holds([1, 2, 3])).toBe(true)
    expect(holds([0, 1])).toBe(false)
    expect(holds([])).toBe(false)
    expect(holds([0, 1, 1])).toBe(false)
    expect(holds([2, 1, 0])).toBe(false)
    expect(holds([0, 1, 4])).toBe(false)
    expect(holds([0, 1, 2, 4])).toBe(false)
    expect(holds([0, 1, 2], { ...ballot, outcome: zeroDigest })).toBe(false)
    expect(holds([0, 1, 2], { ...ballot, kind: 'notarize' })).toBe(false)
    const certificate = certify(network, ballot, [0, 1, 2, 3])
    certificate.signatures[3]!.signature[5]! ^= 1
    expect(verifyCertificate(network, certificate, keys)).toBe(false)
  })

  it('a proposal is signed by the leader of its view', () => {
    const block = createBlock(
      { network, height: 1, view: 6, parent: zeroDigest, parentOutcome: zeroDigest, time: 1 },
      [],
    )
    const by = (i: number) => ({
      block,
      signature: signProposal(network, block, keyOf(`validator-${i}`)),
      parentCertificate: undefined,
      nullifications: [],
    })
    expect(verifyProposal(network, by(2), keys)).toBe(true)
    expect(verifyProposal(network, by(3), keys)).toBe(false)
    expect(verifyProposal(digestOfName('other'), by(2), keys)).toBe(false)
  })
})
