import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraryBytes, arbitraryDigest } from './arbitrary-testing.ts'
import { sha256Hex } from './hash.ts'
import {
  answers,
  decodeStatement,
  type Presentation,
  type Ruling,
  type Statement,
  signStatement,
  statementToJson,
  verifyStatement,
} from './statements.ts'
import { decoded, digestOfName, expectNoPrefix, keyOf, start } from './testing.ts'

const key = keyOf('vendor')
const heading = {
  network: digestOfName('network'),
  signer: digestOfName('certificate'),
  payload: digestOfName('payload'),
  time: start,
}
const examples: readonly Statement[] = [
  { kind: 'presentation', ...heading, auditor: 'auditor', holderSignature: new Uint8Array(64).fill(7) },
  { kind: 'ruling', ...heading, answer: 'rejected', reason: 'deadline_passed', block: 0 },
  { kind: 'receipt', ...heading, outcome: 'delivered', item: 'ein Stück Käse' },
  { kind: 'transfer', ...heading, bank: 'bank', payee: key.publicKey, amount: 2n ** 63n - 1n },
]

const arbitraryHeading = {
  network: arbitraryDigest,
  signer: arbitraryDigest,
  payload: arbitraryDigest,
  time: fc.nat({ max: Number.MAX_SAFE_INTEGER }),
}
const name = fc.string({ unit: 'grapheme', maxLength: 20 })
const arbitraryStatement: fc.Arbitrary<Statement> = fc.oneof(
  fc.record({
    kind: fc.constant('presentation'),
    ...arbitraryHeading,
    auditor: name,
    holderSignature: arbitraryBytes(64),
  }),
  fc.record({
    kind: fc.constant('ruling'),
    ...arbitraryHeading,
    answer: fc.constantFrom(...(Object.keys(answers) as (keyof typeof answers)[])),
    reason: name,
    block: fc.nat(),
  }),
  fc.record({
    kind: fc.constant('receipt'),
    ...arbitraryHeading,
    outcome: fc.constantFrom('delivered', 'refused'),
    item: name,
  }),
  fc.record({
    kind: fc.constant('transfer'),
    ...arbitraryHeading,
    bank: name,
    payee: arbitraryBytes(32),
    amount: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  }),
) as fc.Arbitrary<Statement>

describe('a statement', () => {
  it('has one encoding, from which it is read again', () => {
    fc.assert(
      fc.property(arbitraryStatement, statement => {
        const { content, signature } = signStatement(statement, key)
        const again = decodeStatement(statement.kind, content, signature)
        expect(again.statement).toEqual(statement)
        expect(signStatement(again.statement, key).content).toEqual(content)
        expect(verifyStatement(again, key.publicKey)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  it('fails with any bit changed, under another key, and as another kind', () => {
    for (const statement of examples) {
      const signed = signStatement(statement, key)
      expect(verifyStatement(signed, keyOf('other').publicKey)).toBe(false)
      for (let at = 0; at < signed.content.length; at++) {
        const content = Uint8Array.from(signed.content)
        content[at]! ^= 1
        expect(verifyStatement({ ...signed, content }, key.publicKey)).toBe(false)
      }
      for (const { kind } of examples)
        if (kind !== statement.kind)
          expect(() => decodeStatement(kind, signed.content, signed.signature)).toThrow(/belongs/)
    }
  })

  it('is refused cut short, with more behind it, too long, or with a signature of another length', () => {
    for (const statement of examples) {
      const { content, signature } = signStatement(statement, key)
      const decode = (bytes: Uint8Array) => decodeStatement(statement.kind, bytes, signature)
      expectNoPrefix(decode, content)
      expect(decoded(decode, Uint8Array.of(...content, 0))).toEqual({ code: 'trailing_bytes' })
      expect(decoded(decode, new Uint8Array(513))).toEqual({ code: 'too_large' })
      expect(() => decodeStatement(statement.kind, content, signature.subarray(1))).toThrow(/length/)
    }
  })

  it('is told from another presentation of the same payment, and from one with another holder signature', () => {
    const first = examples[0] as Presentation
    const contents = [first, { ...first, time: start + 1 }, { ...first, holderSignature: new Uint8Array(64) }].map(
      statement => statementToJson(signStatement(statement, key)).content,
    )
    expect(new Set(contents).size).toBe(3)
  })

  it('means tomorrow what it means today', () => {
    const [presentation, ruling, receipt, transfer] = examples.map(statement =>
      sha256Hex(Buffer.from(JSON.stringify(statementToJson(signStatement(statement as Ruling, key))))),
    )
    expect({ presentation, ruling, receipt, transfer }).toMatchInlineSnapshot(`
      {
        "presentation": "43c1b171bc260e5e43761f49fcbe741cf6b67e6b7031aefba426b9fef7cdad0d",
        "receipt": "c76dfd4b818d9cf3f7e1d8294d20d5c9ded1faa9c747ce7c048d5f74f5cffe49",
        "ruling": "635fe9ecf2e16d77f7ce8dfad20c70c48455548bcf7393db4f03cc97c8913648",
        "transfer": "a6461e66a1e1121ab8c5b9b250c0d351a7d7b5a7236e34cc2e4966738e196651",
      }
    `)
  })
})
