// Proofs: a certified answer verifies directly and through later headers, from the genesis alone, and nothing that was bent does.
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { decodeCertificate, decodeHeader, encodeCertificate, encodeHeader } from './chain.ts'
import { MupibError } from './errors.ts'
import { type Genesis, genesisHash, validatorKeys } from './genesis.ts'
import type { Digest } from './hash.ts'
import { verify } from './keys.ts'
import {
  createProof,
  type Proved,
  parseProof,
  proofToJson,
  type VerdictProof,
  verifyAnswer,
  verifyProof,
} from './proof.ts'
import { type AnswerOptions, createAnswer, digestOfName, paymentVerdict, testGenesis } from './testing.ts'
import { encodeTransactionVerdict } from './verdict.ts'
import { decodeRecordAnswer, encodeRecordAnswer, type RecordAnswer } from './wire/codec.ts'

let genesis: Genesis
let network: Digest
let keys: Uint8Array[]
beforeAll(async () => {
  genesis = await testGenesis()
  network = genesisHash(genesis)
  keys = validatorKeys(genesis)
})

const bad = (words: string | RegExp) =>
  expect.objectContaining({ code: 'bad_proof', message: expect.stringMatching(words) })
const answer = (options?: AnswerOptions) => createAnswer(network, options)
const proofOf = (options: AnswerOptions = {}, about = {}) => createProof(answer(options), network, about)

describe('verifies', () => {
  it.each([0, 1, 2, 7])('an answer certified %i headers later', descendants => {
    const proved = verifyAnswer(answer({ descendants }), network, keys)
    expect(proved).toMatchObject({
      height: 5,
      digest: digestOfName('record'),
      verdict: { kind: 'tokenBlock', number: 3 },
      signers: [0, 1, 2],
    })
    expect(proved.transactions).toEqual([0, 1, 2].map(i => paymentVerdict(digestOfName('record'), i)))
    const again = decodeRecordAnswer(encodeRecordAnswer(answer({ descendants })))
    expect(verifyAnswer(again, network, keys)).toEqual(proved)
  })

  it('a file about a record, a transaction, and a token, and says by whom', () => {
    for (const descendants of [0, 3]) {
      const read = (about: object) =>
        verifyProof(parseProof(proofToJson(proofOf({ descendants, signers: [1, 2, 3] }, about))), genesis)
      const record = read({})
      expect(record).toMatchObject({ network: 'test-net', height: 5, transaction: undefined, token: undefined })
      expect(record.validators).toEqual(['validator-1', 'validator-2', 'validator-3'])
      expect(read({ transaction: 1 })).toMatchObject({ transaction: { index: 1 }, token: undefined })
      expect(read({ transaction: 2, token: 1 })).toMatchObject({
        transaction: { index: 2 },
        token: { index: 5, verdict: '11' },
      })
    }
  })

  it('with either verifier, in networks of 1 to 7', async () => {
    for (const validators of [1, 4, 7]) {
      const small = await testGenesis(validators)
      const proof = createProof(createAnswer(genesisHash(small), { validators }), genesisHash(small))
      expect(verifyProof(proof, small)).toEqual(verifyProof(proof, small, verify))
    }
  })

  it('a record alone in its block', () => {
    expect(verifyProof(proofOf({ others: 0 }), genesis).height).toBe(5)
  })
})

describe('refuses', () => {
  const refused = (bent: Partial<RecordAnswer>, options: AnswerOptions, words: string | RegExp) => {
    expect(() => verifyAnswer({ ...answer(options), ...bent }, network, keys)).toThrow(bad(words))
    expect(() => verifyProof(createProof({ ...answer(options), ...bent }, network), genesis)).toThrow(bad(words))
  }
  const changed = (bytes: Uint8Array, change: Partial<ReturnType<typeof decodeHeader>>) =>
    encodeHeader({ ...decodeHeader(bytes), ...change })

  it('too few signatures, and votes that are not final', () => {
    refused({}, { signers: [0, 1] }, 'lacks valid signatures of 3')
    refused({}, { kind: 'notarize' }, 'does not finalize')
    const certificate = decodeCertificate(answer().certificate)
    certificate.signatures[1]!.signature.fill(0)
    refused({ certificate: encodeCertificate(certificate) }, {}, 'lacks valid signatures')
  })
  it('another outcome, directly and through headers', () => {
    for (const descendants of [0, 1, 2]) {
      refused({ stateRoot: digestOfName('other') }, { descendants }, 'another certified outcome')
      refused({ verdictRoot: digestOfName('other') }, { descendants }, 'not among those of the block')
    }
  })
  it('headers that do not follow each other', () => {
    const { descendants, header } = answer({ descendants: 3 })
    refused({ descendants: descendants.slice(1) }, { descendants: 3 }, 'does not follow')
    refused({ descendants: descendants.slice(0, 2) }, { descendants: 3 }, 'for another block')
    refused({ descendants: descendants.toReversed() }, { descendants: 3 }, 'does not follow')
    refused({ header: changed(header, { time: 1 }) }, { descendants: 3 }, 'does not follow')
    refused({ header: changed(header, { time: 1 }) }, {}, 'for another block')
    refused({ header: changed(header, { network: digestOfName('x') }) }, {}, 'another network')
    refused(
      { descendants: descendants.with(1, changed(descendants[1]!, { height: 6 })) },
      { descendants: 3 },
      'does not follow',
    )
    refused({ descendants: Array(257).fill(header) }, {}, 'more than 256 headers')
  })
  it('another record, transaction or path', () => {
    refused({ path: answer().path.slice(1) }, {}, 'path is too short')
    refused({ leafIndex: 1 }, {}, /not among|path/)
    const { transactionLeaves } = answer()
    const bent = (leaves: Uint8Array[], words: string) =>
      expect(() => verifyAnswer({ ...answer(), transactionLeaves: leaves }, network, keys)).toThrow(bad(words))
    bent(transactionLeaves.slice(1), '2 transactions where the record has 3')
    bent(transactionLeaves.toReversed(), 'not those of the record')
    bent(
      transactionLeaves.with(0, encodeTransactionVerdict(paymentVerdict(digestOfName('other'), 0))),
      'not those of the record',
    )
  })
  it('another network or genesis', async () => {
    const other = await testGenesis(5)
    expect(() => verifyProof(proofOf(), other)).toThrow(bad('another network'))
    expect(() => verifyAnswer(answer(), genesisHash(other), validatorKeys(other))).toThrow(bad('another network'))
  })
  it('a token or transaction that is not there', () => {
    expect(() => proofOf({}, { transaction: 3 })).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(() => proofOf({}, { transaction: 0, token: 2 })).toThrow(expect.objectContaining({ code: 'not_found' }))
    expect(() => verifyProof({ ...proofOf({}, { transaction: 0 }), token: 2 }, genesis)).toThrow(bad('no such token'))
    expect(() => verifyProof({ ...proofOf(), token: 0 }, genesis)).toThrow(bad('no such token'))
  })
})

/** What a proof says, without how it is proved: the number of leaves beside it and the choice of signers do not matter. */
const meaning = ({ record, transaction, token, height, time, block, network: name }: Proved) =>
  JSON.stringify([record, transaction, token, height, time, block, name], (_, value) =>
    value instanceof Uint8Array ? [...value] : value,
  )

describe('tampering', () => {
  it('with any byte of a file is refused or changes nothing of what it says', () => {
    const proof = proofOf({ descendants: 1 }, { transaction: 1, token: 0 })
    const text = proofToJson(proof)
    const said = meaning(verifyProof(proof, genesis))
    for (let at = 0; at < text.length; at++) {
      for (const flip of [1 << (at % 5)]) {
        const bent = text.slice(0, at) + String.fromCharCode(text.charCodeAt(at) ^ flip) + text.slice(at + 1)
        let proved: Proved
        try {
          proved = verifyProof(parseProof(bent), genesis, verify)
        } catch (error) {
          if (error instanceof MupibError && error.code === 'bad_proof') continue
          throw error
        }
        // which token is asked for is the reader's own choice: it is no claim of the validators
        if (proved.token?.index !== undefined && JSON.parse(bent).token !== proof.token) continue
        expect(meaning(proved), `byte ${at}`).toBe(said)
      }
    }
  })

  it('with any bit of the bytes in it is refused or changes nothing', () => {
    const proof = proofOf({ descendants: 2 }, { transaction: 1 })
    const said = meaning(verifyProof(proof, genesis))
    const parts = (of: VerdictProof): Uint8Array[] => [
      of.header,
      of.record.leaf,
      of.transaction!.leaf,
      ...of.descendants,
      of.certificate,
    ]
    fc.assert(
      fc.property(fc.nat(), fc.nat(), (pick, bit) => {
        const bent = parseProof(proofToJson(proof))
        const target = parts(bent)[pick % parts(bent).length]!
        target[(bit >> 3) % target.length]! ^= 1 << (bit & 7)
        try {
          expect(meaning(verifyProof(bent, genesis, verify))).toBe(said)
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_proof' })
        }
      }),
      { numRuns: 1500 },
    )
  })
})

describe('files', () => {
  it.each<[string, (file: Record<string, unknown>) => void]>([
    ['format', file => Object.assign(file, { format: 'mupib-proof/2' })],
    ['more', file => Object.assign(file, { more: 1 })],
    ['header', file => Object.assign(file, { header: '00' })],
    ['certificate', file => Object.assign(file, { certificate: 'AB' })],
    ['record', file => Object.assign(file, { record: [] })],
    ['token', file => Object.assign(file, { token: 0 })],
    ['descendants', file => Object.assign(file, { descendants: Array(257).fill('') })],
  ])('names a bad %s', (field, change) => {
    const file = JSON.parse(proofToJson(proofOf()))
    change(file)
    expect(() => parseProof(JSON.stringify(file))).toThrow(
      expect.objectContaining({ code: 'bad_proof', fields: { field } }),
    )
  })
})

describe('outside Node', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
    vi.resetModules()
  })

  it('verifies without node:crypto and Buffer', async () => {
    const text = proofToJson(proofOf({ descendants: 1 }, { transaction: 1, token: 0 }))
    const expected = meaning(verifyProof(parseProof(text), genesis))
    vi.resetModules()
    const builtin = process.getBuiltinModule
    const buffer = globalThis.Buffer
    let portable: typeof import('./proof.ts')
    let platform: typeof import('./platform.ts')
    try {
      Object.assign(process, { getBuiltinModule: undefined })
      Object.assign(globalThis, { Buffer: undefined })
      platform = await import('./platform.ts')
      portable = await import('./proof.ts')
    } finally {
      Object.assign(process, { getBuiltinModule: builtin })
      Object.assign(globalThis, { Buffer: buffer })
    }
    expect([platform.nodeCrypto, platform.NodeBuffer]).toEqual([undefined, undefined])
    expect(meaning(portable.verifyProof(portable.parseProof(text), genesis))).toBe(expected)
    expect(() => portable.verifyProof({ ...portable.parseProof(text), stateRoot: digestOfName('x') }, genesis)).toThrow(
      'another certified outcome',
    )
  })
})
