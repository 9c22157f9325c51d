// The envelopes: decoding takes exactly what encoding writes, says no in time to what is too large, and never throws anything but a MupibError.
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { arbitraryBytes, arbitraryDigest } from '../arbitrary-testing.ts'
import { bytesOfHex, concatBytes, toHex } from '../bytes.ts'
import { encodeCertificate, encodeVote } from '../chain.ts'
import { errorCodes } from '../errors.ts'
import { limits } from '../limits.ts'
import { type RecordKind, recordKinds } from '../records.ts'
import { arbitraryCertificate, createAnswer, decoded, digestOfName, expectCanonical } from '../testing.ts'
import {
  type ClientFrame,
  type ConsensusFrame,
  decodeClientFrame,
  decodeConsensusFrame,
  decodeFetchRequest,
  decodeFetchResponse,
  decodeRecordAnswer,
  encodeClientFrame,
  encodeConsensusFrame,
  encodeFetchRequest,
  encodeFetchResponse,
  encodeRecordAnswer,
  type FetchRequest,
  type FetchResponse,
} from './codec.ts'

const safe = fc.maxSafeNat()
const some = fc.uint8Array({ minLength: 1, maxLength: 9 })
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
const digests = fc.array(arbitraryDigest, { maxLength: 3 })
const many = fc.array(some, { maxLength: 3 })
const is = <T extends string>(type: T) => fc.constant(type)
const kinds = Object.keys(recordKinds) as RecordKind[]
const words = fc.string({ maxLength: 9 }).filter(text => !/\p{Cc}/u.test(text))

const consensusFrame: fc.Arbitrary<ConsensusFrame> = fc.oneof(
  fc.record({ type: fc.constantFrom('proposal' as const, 'vote' as const, 'certificate' as const), bytes: some }),
  fc.record({ type: is('announcement'), digests }),
)
const fetchRequest: fc.Arbitrary<FetchRequest> = fc.oneof(
  fc.record({ type: is('records'), digests: fc.array(arbitraryDigest, { minLength: 1, maxLength: 3 }) }),
  fc.record({ type: is('block'), digest: arbitraryDigest }),
  fc.record({ type: is('certificates'), view: safe }),
  fc.record({ type: is('range'), fromHeight: safe, maxBlocks: fc.integer({ min: 1, max: limits.fetchBlocks }) }),
  fc.record({ type: is('heldVotes'), validator: fc.nat(limits.validators - 1) }),
)
const finalBlock = fc.record({ block: some, records: many })
const fetchResponse: fc.Arbitrary<FetchResponse> = fc.oneof(
  fc.record({ type: is('records'), records: many }),
  fc.record({ type: is('block'), block: maybe(some) }),
  fc.record({ type: is('certificates'), certificates: many }),
  fc.record({ type: is('range'), blocks: fc.array(finalBlock, { minLength: 1, maxLength: 3 }), certificate: some }),
  fc.constant({ type: 'range' as const, blocks: [], certificate: undefined }),
  fc.record({ type: is('heldVotes'), held: maybe(fc.record({ view: safe, votes: many, proposal: maybe(some) })) }),
)
const clientMessage = fc.oneof(
  fc.record({ type: is('submit'), record: some, spread: fc.boolean(), answer: fc.boolean() }),
  fc.record({
    type: is('received'),
    digest: arbitraryDigest,
    state: fc.constantFrom('unknown' as const, 'held' as const, 'decided' as const),
  }),
  fc.record({ type: is('queryRecord'), digest: arbitraryDigest }),
  fc.record({
    type: is('queryStream'),
    kind: fc.constantFrom(...kinds),
    signer: arbitraryDigest,
    user: maybe(arbitraryBytes(32)),
  }),
  fc.record({ type: is('streamHead'), number: safe, digest: arbitraryDigest }),
  fc.record({ type: is('answer'), answer: fc.constantFrom(createAnswer(digestOfName('network'), { descendants: 2 })) }),
  fc.record({ type: is('follow'), fromHeight: safe, kinds: fc.subarray(kinds) }),
  fc.record({ type: is('followed'), height: safe }),
  fc.record({ type: is('fetchRecord'), digest: arbitraryDigest }),
  fc.record({ type: is('record'), record: maybe(some) }),
  fc.record({ type: is('cancel') }),
  fc.record({ type: is('queryStatus') }),
  fc.record({
    type: is('status'),
    status: fc.record({
      name: words,
      height: safe,
      view: safe,
      digest: arbitraryDigest,
      stateRoot: arbitraryDigest,
      mayVote: fc.boolean(),
    }),
  }),
  fc.record({ type: is('error'), code: fc.constantFrom(...errorCodes), message: words, hint: maybe(words) }),
)
const clientFrame = fc
  .tuple(fc.nat(2 ** 32 - 1), clientMessage)
  .map(([id, message]): ClientFrame => ({ id, ...message }))
const recordAnswer = fc
  .tuple(fc.nat(3), fc.nat(4))
  .map(([descendants, others]) => createAnswer(digestOfName('network'), { descendants, others }))

interface Envelope<T> {
  name: string
  arbitrary: fc.Arbitrary<T>
  encode: (value: T) => Uint8Array
  decode: (bytes: Uint8Array) => T
}
const envelope = <T>(
  name: string,
  arbitrary: fc.Arbitrary<T>,
  encode: (value: T) => Uint8Array,
  decode: (bytes: Uint8Array) => T,
) => ({ name, arbitrary, encode, decode }) as Envelope<unknown>

const envelopes = [
  envelope('ConsensusFrame', consensusFrame, encodeConsensusFrame, decodeConsensusFrame),
  envelope('FetchRequest', fetchRequest, encodeFetchRequest, decodeFetchRequest),
  envelope('FetchResponse', fetchResponse, encodeFetchResponse, decodeFetchResponse),
  envelope('ClientFrame', clientFrame, encodeClientFrame, decodeClientFrame),
  envelope('RecordAnswer', recordAnswer, encodeRecordAnswer, decodeRecordAnswer),
]

const varint = (value: number): number[] => (value < 128 ? [value] : [128 | (value & 127), ...varint(value >>> 7)])

describe.each(envelopes)('$name', ({ name, arbitrary, encode, decode }) => {
  const schema = protobuf.loadSync(new URL('mupib.proto', import.meta.url).pathname).lookupType(`mupib.${name}`)

  it('reads what was written', () => {
    fc.assert(
      fc.property(arbitrary, value => {
        const bytes = encode(value)
        expect(decode(bytes)).toEqual(value)
        expect(decode(Buffer.from(bytes))).toEqual(value)
        // another implementation of the schema agrees
        expect(toHex(schema.encode(schema.decode(bytes)).finish())).toBe(toHex(bytes))
      }),
      { numRuns: name === 'RecordAnswer' ? 10 : 100 },
    )
  })

  it('has one encoding', () => {
    for (const value of fc.sample(arbitrary, { numRuns: name === 'RecordAnswer' ? 1 : 12, seed: 11 })) {
      // an error code that is not known is read as `refused`, and so are lists of kinds: the one place where reading loses something
      if ((value as { type?: string }).type === 'error') continue
      expectCanonical(decode, encode, encode(value))
    }
  })

  it('refuses unknown fields, other wire types, numbers that are not minimal, and fields that stand twice', () => {
    for (const value of fc.sample(arbitrary, { numRuns: 20, seed: 12 })) {
      const bytes = encode(value)
      const refused = (bent: Uint8Array) => expect(decoded(decode, bent), toHex(bent)).toHaveProperty('code')
      for (const wire of [0, 1, 2, 5])
        refused(concatBytes(bytes, Uint8Array.of(...varint(8 * 100 + wire), 1, 0, 0, 0, 0, 0, 0, 0)))
      refused(concatBytes(bytes, Uint8Array.of(0)))
      if (bytes.length > 0) {
        refused(concatBytes(Uint8Array.of(bytes[0]! | 0x80, 0), bytes.subarray(1)))
        for (const wire of [1, 3, 4, 5])
          refused(concatBytes(Uint8Array.of((bytes[0]! & 0xf8) | wire), bytes.subarray(1)))
        if (bytes.length < 60) refused(concatBytes(bytes, bytes))
      }
    }
  })

  it('reads or refuses random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), bytes => {
        const read = decoded(decode, bytes)
        if ('value' in read && (read.value as { type?: string }).type !== 'error')
          expect(toHex(encode(read.value))).toBe(toHex(bytes))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('limits', () => {
  it('are looked at before anything is read', () => {
    const tooLarge = { code: 'too_large' }
    expect(decoded(decodeConsensusFrame, new Uint8Array(limits.frameBytes + 1))).toEqual(tooLarge)
    expect(decoded(decodeFetchRequest, new Uint8Array(limits.requestBytes + 1))).toEqual(tooLarge)
    expect(decoded(decodeFetchResponse, new Uint8Array(limits.fetchBytes + 1))).toEqual(tooLarge)
    expect(decoded(decodeClientFrame, new Uint8Array(limits.clientFrameBytes + 1))).toEqual(tooLarge)
    const zeros = (count: number) => Array<string>(count).fill('00'.repeat(32))
    expect(decoded(decodeConsensusFrame, encodeConsensusFrame({ type: 'announcement', digests: zeros(1025) }))).toEqual(
      tooLarge,
    )
    expect(decoded(decodeFetchRequest, encodeFetchRequest({ type: 'records', digests: zeros(257) }))).toEqual(tooLarge)
    expect(decoded(decodeConsensusFrame, encodeConsensusFrame({ type: 'vote', bytes: new Uint8Array(140) }))).toEqual(
      tooLarge,
    )
    const records = Array<Uint8Array>(257).fill(new Uint8Array(1))
    expect(decoded(decodeFetchResponse, encodeFetchResponse({ type: 'records', records }))).toEqual(tooLarge)
    const record = new Uint8Array(limits.recordBytes + 1)
    expect(
      decoded(decodeClientFrame, encodeClientFrame({ id: 1, type: 'submit', record, spread: true, answer: true })),
    ).toEqual(tooLarge)
    expect(decoded(decodeClientFrame, encodeClientFrame({ id: 1, type: 'record', record }))).toEqual(tooLarge)
  })

  it('leave room for the largest that may be sent', () => {
    const [certificate] = fc.sample(arbitraryCertificate, { numRuns: 1, seed: 1 })
    const signatures = Array.from({ length: limits.validators }, (_, signer) => ({
      signer,
      signature: new Uint8Array(64),
    }))
    const digest = digestOfName('d')
    const largest = encodeCertificate({ ...certificate!, kind: 'finalize', digest, outcome: digest, signatures })
    expect(decodeConsensusFrame(encodeConsensusFrame({ type: 'certificate', bytes: largest }))).toMatchObject({
      type: 'certificate',
    })
    const vote = encodeVote({
      kind: 'finalize',
      view: 1,
      digest,
      outcome: digest,
      signer: 1,
      signature: new Uint8Array(64),
    })
    expect(decodeConsensusFrame(encodeConsensusFrame({ type: 'vote', bytes: vote }))).toMatchObject({ type: 'vote' })
    const record = new Uint8Array(limits.recordBytes)
    expect(
      decodeClientFrame(encodeClientFrame({ id: 1, type: 'submit', record, spread: true, answer: true })),
    ).toMatchObject({ id: 1 })
  })
})

describe('single values', () => {
  it('refuses contradictions', () => {
    const malformed = { code: 'malformed' }
    expect(decoded(decodeFetchRequest, encodeFetchRequest({ type: 'range', fromHeight: 1, maxBlocks: 0 }))).toEqual(
      malformed,
    )
    const block = { block: Uint8Array.of(1), records: [] }
    expect(
      decoded(decodeFetchResponse, encodeFetchResponse({ type: 'range', blocks: [block], certificate: undefined })),
    ).toEqual(malformed)
    // two messages in one frame
    expect(decoded(decodeConsensusFrame, bytesOfHex('0a0101120101'))).toEqual(malformed)
    expect(decoded(decodeConsensusFrame, new Uint8Array())).toEqual(malformed)
  })

  it('cuts and cleans the words of an error', () => {
    const error = {
      id: 1,
      type: 'error',
      code: 'refused',
      message: `a\n\u001b[2J${'é'.repeat(400)}`,
      hint: '\ud800',
    } as const
    const read = decodeClientFrame(encodeClientFrame(error))
    expect(read).toMatchObject({ type: 'error', code: 'refused', hint: '\ufffd' })
    if (read.type !== 'error') return
    expect(read.message).toMatch(/^a \[2Jé+$/)
    expect(Buffer.byteLength(read.message)).toBeLessThanOrEqual(limits.messageBytes)
  })
})
