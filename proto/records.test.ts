// Records: one encoding for each content, a digest that the signature is no part of, and no crash on anything that comes in.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { concatBytes, Writer } from './bytes.ts'
import { limits } from './limits.ts'
import {
  decodeRecord,
  isName,
  type LedgerRecord,
  type RecordKind,
  recordContent,
  roles,
  type SignedRecord,
  signRecord,
  verifyRecord,
} from './records.ts'
import {
  arbitraryRecord,
  arbitraryRecords,
  decoded,
  digestOfName,
  expectCanonical,
  expectNoPrefix,
  keyOf,
} from './testing.ts'

const encode = ({ record, signature }: SignedRecord) => concatBytes(recordContent(record), signature)
const key = keyOf('signer')

describe.each(Object.keys(arbitraryRecords) as RecordKind[])('%s', kind => {
  const arbitrary = arbitraryRecords[kind]

  it('reads what was written', () => {
    fc.assert(
      fc.property(arbitrary, record => {
        const signed = signRecord(record, key)
        const read = decodeRecord(signed.bytes)
        expect(read.record).toEqual(record)
        expect(read.digest).toBe(signed.digest)
        expect(verifyRecord(read, key.publicKey)).toBe(true)
        expect(verifyRecord(read, keyOf('another').publicKey)).toBe(false)
      }),
      { numRuns: 30 },
    )
  })

  it('has one encoding, and no part of it is one', () => {
    for (const record of fc.sample(arbitrary, { numRuns: 2, seed: 7 })) {
      const { bytes } = signRecord(record, key)
      expectCanonical(decodeRecord, encode, bytes)
      expectNoPrefix(decodeRecord, bytes)
    }
  })
})

it('reads or refuses random bytes, and never crashes', () => {
  fc.assert(
    fc.property(arbitraryRecord, fc.uint8Array({ maxLength: 40 }), fc.nat(), (record, noise, at) => {
      const bytes = signRecord(record, key).bytes.slice()
      bytes.set(noise.subarray(0, bytes.length), at % Math.max(1, bytes.length - noise.length))
      const read = decoded(decodeRecord, bytes)
      if ('value' in read) expect(encode(read.value)).toEqual(bytes)
    }),
    { numRuns: 300 },
  )
})

describe('limits', () => {
  const code = (bytes: Uint8Array) => expect(decoded(decodeRecord, bytes))
  const heading = (kind: number) =>
    new Writer().u8(kind).digest(digestOfName('n')).digest(digestOfName('s')).u64(1).digest(digestOfName('p'))
  const signed = (writer: Writer) => concatBytes(writer.finish(), new Uint8Array(64))

  it('refuses a record over its size before it is read', () => {
    code(new Uint8Array(limits.recordBytes + 1)).toEqual({ code: 'too_large' })
  })
  it('refuses counts over their limit without reading what is counted', () => {
    code(
      signed(
        heading(3)
          .u64(1)
          .u64(1)
          .u64(1)
          .u64(1)
          .u32(limits.publicationTokens * 32 + 1),
      ),
    ).toEqual({ code: 'too_large' })
    const groups = heading(5).fixed(new Uint8Array(32), 32).u8(0).u8(0)
    code(signed(groups.u16(limits.blockGroups + 1))).toEqual({ code: 'too_large' })
    const transactions = heading(5).fixed(new Uint8Array(32), 32).u8(0).u8(0).u16(0)
    code(signed(transactions.u16(limits.blockTransactions + 1))).toEqual({ code: 'too_large' })
  })
  it('refuses what no record may say', () => {
    code(signed(heading(9))).toEqual({ code: 'unknown_kind' })
    const record = fc.sample(arbitraryRecords.revocation, { numRuns: 1, seed: 1 })[0]! as LedgerRecord & {
      kind: 'revocation'
    }
    code(signRecord({ ...record, number: 0 }, key).bytes).toEqual({ code: 'malformed' })
    code(signRecord({ ...record, reason: 'a\u001b[2J' }, key).bytes).toEqual({ code: 'malformed' })
    code(signRecord({ ...record, reason: 'é'.repeat(129) }, key).bytes).toEqual({ code: 'too_large' })
    const member = fc.sample(arbitraryRecords.membership, { numRuns: 1, seed: 1 })[0]! as LedgerRecord & {
      kind: 'membership'
    }
    for (const name of ['', 'Bank', '-a', 'a.', 'a b', 'ä', 'a'.repeat(33)]) {
      expect(isName(name)).toBe(false)
      expect(decoded(decodeRecord, signRecord({ ...member, name }, key).bytes)).toHaveProperty('code')
    }
    expect(Object.values(roles)).toEqual([...new Set(Object.values(roles))])
  })
})
