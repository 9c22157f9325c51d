// Values for tests: keys, arbitrary records, votes and verdicts, a certified answer, and the treatment that every decoder has to bear.
import fc from 'fast-check'
import { expect } from 'vitest'
import { amount, arbitraryBytes, arbitraryDigest, safe } from './arbitrary-testing.ts'
import { bytesEqual, toHex } from './bytes.ts'
import { createRootCertificate, issueCertificate } from './certificates.ts'
import {
  type Ballot,
  type Block,
  type Certificate,
  createBlock,
  encodeCertificate,
  encodeHeader,
  outcomeOf,
  quorumOf,
  signVote,
} from './chain.ts'
import { MupibError } from './errors.ts'
import { createGenesis, type Genesis, type GenesisContent } from './genesis.ts'
import { type Digest, sha256Hex, zeroDigest } from './hash.ts'
import { type SigningKey, signingKeyFromSeed } from './keys.ts'
import { merklePath, merkleRoot } from './merkle.ts'
import { type LedgerRecord, type RecordKind, recordKinds } from './records.ts'
import { arbitraryClaim, arbitraryStanding, arbitraryTerms } from './session/testing.ts'
import type { Payment, TokenGroup } from './token.ts'
import {
  encodeRecordVerdict,
  encodeTransactionVerdict,
  type RecordVerdict,
  reasons,
  recordLeafHash,
  refusals,
  type TokenVerdict,
  type TransactionVerdict,
  transactionLeafHash,
} from './verdict.ts'
import type { RecordAnswer } from './wire/codec.ts'

/** A key that is the same in every run. */
export const keyOf = (name: string): SigningKey => signingKeyFromSeed(Buffer.from(sha256Hex(Buffer.from(name)), 'hex'))
export const digestOfName = (name: string): Digest => sha256Hex(Buffer.from(name))

const day = 86_400_000
export const start = Date.UTC(2026, 0, 1)

/** A genesis of n validators (keys `validator-0`…), a bank, an auditor and perhaps more of them; the same bytes in every run. */
export async function genesisContent(validators = 4, moreAuditors: readonly string[] = []): Promise<GenesisContent> {
  const validity = { notBefore: start, notAfter: start + 3650 * day }
  const authority = keyOf('authority')
  const root = await createRootCertificate({ name: 'authority', key: authority, ...validity, serialNumber: '41' })
  const member = async (name: string, role: 'bank' | 'auditor', tokenValue: bigint, serialNumber: string) => {
    const { publicKey } = keyOf(name)
    const issued = { issuer: root, issuerKey: authority, name, role, publicKey, ...validity, serialNumber }
    const { facts, der } = await issueCertificate(issued)
    return { name, role, certificate: facts, certificateDer: der, tokenValue }
  }
  return {
    name: 'test-net',
    time: start,
    timing: { timeoutMs: 500, idleMs: 10_000, driftMs: 2_000 },
    limits: { proposalRecords: 512, clientRecords: 64 },
    authority: { publicKey: authority.publicKey, fingerprint: root.facts.fingerprint },
    roots: [root.der],
    validators: Array.from({ length: validators }, (_, i) => ({
      name: `validator-${i}`,
      publicKey: keyOf(`validator-${i}`).publicKey,
    })),
    members: await Promise.all([
      member('bank', 'bank', 1n, '42'),
      ...['auditor', ...moreAuditors].map((name, at) => member(name, 'auditor', 0n, String(43 + at))),
    ]),
  }
}

export const testGenesis = async (validators = 4, moreAuditors: readonly string[] = []): Promise<Genesis> =>
  createGenesis(await genesisContent(validators, moreAuditors))

// --- arbitrary values -------------------------------------------------------------------------------------------------------------

const u16 = fc.nat(0xffff)
const u32 = fc.nat(0xffff_ffff)
const words = fc.string({ unit: 'grapheme', maxLength: 20 }).filter(text => !/\p{Cc}/u.test(text))
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?$/)

const heading = {
  network: arbitraryDigest,
  signer: arbitraryDigest,
  number: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  previous: arbitraryDigest,
}
const group: fc.Arbitrary<TokenGroup> = fc.record({
  bank: arbitraryDigest,
  publication: safe,
  value: amount,
  issuedAt: safe,
  payBy: safe,
  expiry: safe,
  holder: arbitraryBytes(32),
})
const payment = (groups: number): fc.Arbitrary<Payment> =>
  fc.record({
    time: safe,
    information: arbitraryDigest,
    signature: arbitraryBytes(64),
    tokens: fc.array(fc.record({ group: fc.nat(groups - 1), index: u32, signature: arbitraryBytes(64) }), {
      minLength: 1,
      maxLength: 4,
    }),
  })
const groups = fc.array(group, { minLength: 1, maxLength: 3 })
const terms = fc.record({
  w0: u32,
  model: fc.constantFrom('neutral' as const, 'optimistic' as const, 'pessimistic' as const),
  rounding: fc.constantFrom('floor' as const, 'carry' as const),
})

export const arbitraryRecords: Readonly<Record<RecordKind, fc.Arbitrary<LedgerRecord>>> = {
  membership: fc.record({
    kind: fc.constant('membership' as const),
    ...heading,
    action: fc.constantFrom('admit' as const, 'end' as const),
    name,
    role: fc.constantFrom('bank' as const, 'auditor' as const),
    certificate: fc.record({
      fingerprint: arbitraryDigest,
      publicKey: arbitraryBytes(32),
      notBefore: safe,
      notAfter: safe,
    }),
    tokenValue: amount,
  }),
  revocation: fc.record({
    kind: fc.constant('revocation' as const),
    ...heading,
    certificate: arbitraryDigest,
    reason: words,
  }),
  publication: fc.record({
    kind: fc.constant('publication' as const),
    ...heading,
    value: amount,
    issuedAt: safe,
    payBy: safe,
    expiry: safe,
    hashes: fc.integer({ min: 1, max: 4 }).chain(count => arbitraryBytes(count * 32)),
  }),
  return: groups.chain(list =>
    fc.record({
      kind: fc.constant('return' as const),
      ...heading,
      user: arbitraryBytes(32),
      groups: fc.constant(list),
      payment: payment(list.length),
    }),
  ),
  tokenBlock: groups.chain(list =>
    fc.record({
      kind: fc.constant('tokenBlock' as const),
      ...heading,
      user: arbitraryBytes(32),
      pending: fc.boolean(),
      terms: fc.option(terms, { nil: undefined }),
      groups: fc.constant(list),
      transactions: fc.array(payment(list.length), { minLength: 1, maxLength: 3 }),
    }),
  ),
  sessionOpen: fc.record({
    kind: fc.constant('sessionOpen' as const),
    ...heading,
    attempt: u32,
    terms: arbitraryTerms,
    signatures: fc.record({ client: arbitraryBytes(64), vendor: arbitraryBytes(64), bank: arbitraryBytes(64) }),
  }),
  sessionClose: fc.record({
    kind: fc.constant('sessionClose' as const),
    ...heading,
    session: arbitraryDigest,
    attempt: u32,
    claim: arbitraryClaim,
  }),
}
export const arbitraryRecord: fc.Arbitrary<LedgerRecord> = fc.oneof(...Object.values(arbitraryRecords))

export const arbitraryBallot: fc.Arbitrary<Ballot> = fc.oneof(
  fc.record({
    kind: fc.constant('nullify' as const),
    view: safe,
    digest: fc.constant(zeroDigest),
    outcome: fc.constant(zeroDigest),
  }),
  fc.record({
    kind: fc.constantFrom('notarize' as const, 'finalize' as const),
    view: safe,
    digest: arbitraryDigest,
    outcome: arbitraryDigest,
  }),
)
export const arbitraryCertificate: fc.Arbitrary<Certificate> = fc
  .tuple(arbitraryBallot, fc.uniqueArray(u16, { maxLength: 5 }), arbitraryBytes(64))
  .map(([ballot, signers, signature]) => ({
    ...ballot,
    signatures: signers.sort((a, b) => a - b).map(signer => ({ signer, signature })),
  }))
export const arbitraryBlock: fc.Arbitrary<Block> = fc
  .tuple(
    fc.record({
      network: arbitraryDigest,
      height: safe,
      view: safe,
      parent: arbitraryDigest,
      parentOutcome: arbitraryDigest,
      time: safe,
    }),
    fc.array(arbitraryDigest, { maxLength: 3 }),
  )
  .map(([header, records]) => createBlock(header, records))

const tokenVerdict: fc.Arbitrary<TokenVerdict> = fc
  .record({
    bank: fc.constantFrom(digestOfName('bank-1'), digestOfName('bank-2')),
    publication: fc.nat(2),
    index: u32,
    verdict: fc.constantFrom('11' as const, '01' as const, '10' as const, '00' as const),
    reason: fc.constantFrom(...reasons),
    use: fc.constantFrom('consumed' as const, 'released' as const, 'none' as const),
    charged: fc.boolean(),
    firstUse: fc.option(fc.record({ record: arbitraryDigest, transaction: u16, payload: arbitraryDigest }), {
      nil: undefined,
    }),
  })
  .map(token => ({
    ...token,
    use: token.verdict === '11' ? token.use : 'none',
    charged: token.charged && token.verdict !== '11',
    firstUse: token.verdict === '10' ? token.firstUse : undefined,
  }))
export const arbitraryTransactionVerdict: fc.Arbitrary<TransactionVerdict> = fc.record({
  record: arbitraryDigest,
  index: u16,
  payload: arbitraryDigest,
  pending: fc.boolean(),
  holder: fc.constantFrom('unchecked' as const, 'valid' as const, 'invalid' as const),
  tokens: fc.array(tokenVerdict, { maxLength: 6 }),
})
const recordVerdict: fc.Arbitrary<Omit<RecordVerdict, 'session'>> = fc.record({
  record: arbitraryDigest,
  kind: fc.constantFrom(...(Object.keys(recordKinds) as RecordKind[])),
  signer: arbitraryDigest,
  number: safe,
  refusal: fc.option(fc.constantFrom(...refusals), { nil: undefined }),
  user: fc.option(fc.record({ key: arbitraryBytes(32), sequence: safe, gammaBefore: safe, gammaAfter: safe }), {
    nil: undefined,
  }),
  transactions: u16,
  transactionsRoot: arbitraryDigest,
})
export const arbitraryRecordVerdict: fc.Arbitrary<RecordVerdict> = fc.oneof(
  recordVerdict.map(verdict => ({ ...verdict, session: undefined })),
  fc.tuple(recordVerdict, arbitraryStanding).map(([verdict, session]) => ({ ...verdict, user: undefined, session })),
)

// --- the treatment of decoders ------------------------------------------------------------------------------------------------------

/** Runs a decoder: its value, or the MupibError that it threw. Anything else that it throws fails the test. */
export function decoded<T>(decode: (bytes: Uint8Array) => T, bytes: Uint8Array): { value: T } | { code: string } {
  try {
    return { value: decode(bytes) }
  } catch (error) {
    if (error instanceof MupibError && error.code !== 'bug') return { code: error.code }
    throw error
  }
}

/**
 * What every decoder of a canonical encoding has to bear: it refuses the bytes cut short at any place and any byte behind them, and
 * after a flipped bit it either refuses or reads a value whose encoding is exactly those bytes.
 */
export function expectCanonical<T>(
  decode: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
  bytes: Uint8Array,
): void {
  expect(toHex(encode(decode(bytes)))).toBe(toHex(bytes))
  for (let length = 0; length < bytes.length; length++) {
    const cut = decoded(decode, bytes.subarray(0, length))
    if ('value' in cut) expect(toHex(encode(cut.value)), `cut at ${length}`).toBe(toHex(bytes.subarray(0, length)))
  }
  for (const extra of [0, 1, 0x80, 0xff]) {
    const longer = decoded(decode, Uint8Array.of(...bytes, extra))
    if ('value' in longer) expect(toHex(encode(longer.value))).toBe(toHex(bytes) + extra.toString(16).padStart(2, '0'))
  }
  for (let at = 0; at < bytes.length; at++) {
    for (let bit = 0; bit < 8; bit++) {
      const flipped = bytes.slice()
      flipped[at]! ^= 1 << bit
      const read = decoded(decode, flipped)
      if ('value' in read && !bytesEqual(encode(read.value), flipped))
        expect.fail(`bit ${bit} of byte ${at} is not bound: ${toHex(flipped)}`)
    }
  }
}

/** Refused at every length below the whole. */
export function expectNoPrefix(decode: (bytes: Uint8Array) => unknown, bytes: Uint8Array): void {
  for (let length = 0; length < bytes.length; length++)
    expect(decoded(decode, bytes.subarray(0, length)), `cut at ${length}`).toHaveProperty('code')
  expect(decoded(decode, Uint8Array.of(...bytes, 0))).toHaveProperty('code')
}

// --- a certified answer -------------------------------------------------------------------------------------------------------------

export interface AnswerOptions {
  /** Number of headers between the record's block and the certified one, that one included. */
  readonly descendants?: number
  readonly signers?: readonly number[]
  readonly validators?: number
  /** Leaves of other records beside it in the block. */
  readonly others?: number
  readonly kind?: 'finalize' | 'notarize'
}

export const paymentVerdict = (record: Digest, index: number): TransactionVerdict => ({
  record,
  index,
  payload: digestOfName(`payload-${index}`),
  pending: index === 2,
  holder: 'unchecked',
  tokens: [0, 1].map(i => ({
    bank: digestOfName('bank'),
    publication: 7,
    index: 2 * index + i,
    verdict: '11',
    reason: 'valid',
    use: 'consumed',
    charged: false,
    firstUse: undefined,
  })),
})

/** An answer to a token block of three transactions, certified by validators `validator-0`… of the network. */
export function createAnswer(network: Digest, options: AnswerOptions = {}): RecordAnswer {
  const { descendants = 0, validators = 4, others = 3, kind = 'finalize' } = options
  const record = digestOfName('record')
  const transactionLeaves = [0, 1, 2].map(i => encodeTransactionVerdict(paymentVerdict(record, i)))
  const recordLeaf = encodeRecordVerdict({
    record,
    kind: 'tokenBlock',
    signer: digestOfName('auditor'),
    number: 3,
    refusal: undefined,
    user: { key: keyOf('user').publicKey, sequence: 2, gammaBefore: 0, gammaAfter: 0 },
    session: undefined,
    transactions: 3,
    transactionsRoot: toHex(merkleRoot(transactionLeaves.map(transactionLeafHash))),
  })
  const leaves = Array.from({ length: others + 1 }, (_, i) =>
    i === others ? recordLeafHash(recordLeaf) : recordLeafHash(Buffer.from(`another leaf ${i}`)),
  )
  const verdictRoot = toHex(merkleRoot(leaves))
  const stateRoot = digestOfName('state')
  const first = {
    network,
    height: 5,
    view: 9,
    parent: digestOfName('parent'),
    parentOutcome: digestOfName('before'),
    time: start,
  }
  let block = createBlock(first, [record])
  let outcome = outcomeOf(verdictRoot, stateRoot)
  const header = encodeHeader(block.header)
  const chain: Uint8Array[] = []
  for (let i = 0; i < descendants; i++) {
    const { height, view, time } = block.header
    block = createBlock(
      { network, height: height + 1, view: view + 2, parent: block.digest, parentOutcome: outcome, time: time + 1 },
      [],
    )
    outcome = digestOfName(`outcome ${i}`)
    chain.push(encodeHeader(block.header))
  }
  const ballot: Ballot = { kind, view: block.header.view, digest: block.digest, outcome }
  const signers = options.signers ?? Array.from({ length: quorumOf(validators) }, (_, i) => i)
  return {
    header,
    verdictRoot,
    stateRoot,
    recordLeaf,
    leafIndex: others,
    leafCount: others + 1,
    path: merklePath(leaves, others).map(toHex),
    transactionLeaves,
    descendants: chain,
    certificate: encodeCertificate(certify(network, ballot, signers)),
  }
}

export function certify(network: Digest, ballot: Ballot, signers: readonly number[]): Certificate {
  const signatures = signers.map(signer => {
    const { signature } = signVote(network, ballot, signer, keyOf(`validator-${signer}`))
    return { signer, signature }
  })
  return { ...ballot, signatures }
}
