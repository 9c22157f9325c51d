// The certified leaves: one encoding for each verdict, and none for what no verdict says.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toHex } from './bytes.ts'
import {
  arbitraryRecordVerdict,
  arbitraryTransactionVerdict,
  decoded,
  digestOfName,
  expectCanonical,
  expectNoPrefix,
  paymentVerdict,
} from './testing.ts'
import {
  decodeRecordVerdict,
  decodeTransactionVerdict,
  encodeRecordVerdict,
  encodeTransactionVerdict,
  recordLeafHash,
  type TokenVerdict,
  transactionLeafHash,
} from './verdict.ts'

it('transaction leaves', () => {
  fc.assert(
    fc.property(arbitraryTransactionVerdict, leaf => {
      expect(decodeTransactionVerdict(encodeTransactionVerdict(leaf))).toEqual(leaf)
    }),
  )
  for (const leaf of fc.sample(arbitraryTransactionVerdict, { numRuns: 8, seed: 5 })) {
    expectCanonical(decodeTransactionVerdict, encodeTransactionVerdict, encodeTransactionVerdict(leaf))
    expectNoPrefix(decodeTransactionVerdict, encodeTransactionVerdict(leaf))
  }
})

it('record leaves', () => {
  fc.assert(
    fc.property(arbitraryRecordVerdict, leaf => {
      expect(decodeRecordVerdict(encodeRecordVerdict(leaf))).toEqual(leaf)
    }),
  )
  for (const leaf of fc.sample(arbitraryRecordVerdict, { numRuns: 8, seed: 5 })) {
    expectCanonical(decodeRecordVerdict, encodeRecordVerdict, encodeRecordVerdict(leaf))
    expectNoPrefix(decodeRecordVerdict, encodeRecordVerdict(leaf))
  }
})

describe('refuses verdicts that contradict themselves', () => {
  const leaf = paymentVerdict(digestOfName('record'), 0)
  const firstUse = { record: digestOfName('r'), transaction: 0, payload: digestOfName('p') }
  it.each<[string, Partial<TokenVerdict>]>([
    ['a first use of a valid token', { firstUse }],
    ['an altered token that is consumed', { verdict: '01', reason: 'altered' }],
    ['a duplicate that is released', { verdict: '10', reason: 'duplicate', use: 'released', firstUse }],
    ['a valid token that is charged', { charged: true }],
  ])('%s', (_, change) => {
    const bytes = encodeTransactionVerdict({ ...leaf, tokens: [{ ...leaf.tokens[0]!, ...change }] })
    expect(decoded(decodeTransactionVerdict, bytes)).toEqual({ code: 'malformed' })
  })
})

it('the two kinds of leaf never share a hash', () => {
  const bytes = Uint8Array.of(1, 2, 3)
  expect(toHex(recordLeafHash(bytes))).not.toBe(toHex(transactionLeafHash(bytes)))
})
