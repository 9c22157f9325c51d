// What `checkForm` refuses, one case each, and the layout of tokens that it demands.
import { describe, expect, it } from 'vitest'
import { MupibError } from '../../proto/errors.ts'
import { zeroDigest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type LedgerRecord, type Publication, type SignedRecord, signRecord } from '../../proto/records.ts'
import { checkForm, compareGroups } from './form.ts'
import { certificateOf, keyOf, network, spend, startTime, tokenValue, World } from './testing.ts'

function faultOf(signed: SignedRecord, of = network): unknown {
  try {
    checkForm(signed, of)
    return undefined
  } catch (error) {
    if (!(error instanceof MupibError)) throw error
    expect(error.hint).toBeTypeOf('string')
    return [error.code, error.fields.field]
  }
}

/** The same record with other fields, signed again. */
const changed = (signed: SignedRecord, parts: object): SignedRecord =>
  signRecord({ ...signed.record, ...parts } as LedgerRecord, keyOf('anybody'))

function samples() {
  const world = new World()
  const one = world.publication(4, 'alice')
  const two = world.publication(4, 'alice')
  const payment = spend('alice', [two.tokens[1]!, one.tokens[0]!, one.tokens[2]!])
  return {
    membership: world.membership({ name: 'new-bank', role: 'bank' }),
    revocation: world.revocation(zeroDigest),
    publication: one.signed,
    return: world.return('alice', [one.tokens[0]!, two.tokens[0]!]),
    tokenBlock: world.block('alice', [payment]),
  }
}

describe('checkForm', () => {
  it('accepts a proper record of each kind, on its network alone', () => {
    for (const signed of Object.values(samples())) {
      expect(faultOf(signed)).toBeUndefined()
      expect(faultOf(signed, zeroDigest)).toEqual(['wrong_network', 'network'])
    }
  })

  it.each([
    ['times out of order', { payBy: startTime - 1 }, ['times', 'payBy']],
    ['an expiry before payBy', { expiry: startTime }, ['times', 'payBy']],
    ['a value of nothing', { value: 0n }, ['token_value', 'value']],
    ['no hashes', { hashes: new Uint8Array(0) }, ['malformed', 'hashes']],
    ['half a hash', { hashes: new Uint8Array(48) }, ['malformed', 'hashes']],
    ['too many hashes', { hashes: new Uint8Array((limits.publicationTokens + 1) * 32) }, ['too_large', 'hashes']],
  ] as const)('refuses a publication with %s', (_, parts, fault) => {
    expect(faultOf(changed(samples().publication, parts))).toEqual(fault)
  })

  it('accepts a publication whose times are one', () => {
    const times = { issuedAt: startTime, payBy: startTime, expiry: startTime }
    expect(faultOf(changed(samples().publication, times))).toBeUndefined()
  })

  it.each([
    ['a bad name', { name: 'New Bank' }, ['malformed', 'name']],
    [
      'a small-order key',
      { certificate: { ...certificateOf('x'), publicKey: new Uint8Array(32) } },
      ['bad_key', 'certificate.publicKey'],
    ],
    [
      'a certificate that ends first',
      { certificate: certificateOf('x', { notAfter: 1 }) },
      ['times', 'certificate.notAfter'],
    ],
    ['a bank without a value', { tokenValue: 0n }, ['token_value', 'tokenValue']],
    ['an auditor with a value', { role: 'auditor', tokenValue }, ['token_value', 'tokenValue']],
  ] as const)('refuses a membership with %s', (_, parts, fault) => {
    expect(faultOf(changed(samples().membership, parts))).toEqual(fault)
  })

  it('refuses terms outside the limits', () => {
    const { tokenBlock } = samples()
    const terms = (w0: number) => ({ terms: { w0, model: 'neutral', rounding: 'floor' } })
    expect(faultOf(changed(tokenBlock, terms(0)))).toEqual(['trust_terms', 'terms.w0'])
    expect(faultOf(changed(tokenBlock, terms(limits.blockTokens + 1)))).toEqual(['trust_terms', 'terms.w0'])
    expect(faultOf(changed(tokenBlock, terms(limits.blockTokens)))).toBeUndefined()
  })

  it('demands groups in order, each once, each in use', () => {
    const { tokenBlock } = samples()
    if (tokenBlock.record.kind !== 'tokenBlock') throw new Error('not a token block')
    const { groups, transactions } = tokenBlock.record
    const [first, second] = groups
    expect(compareGroups(first!, second!)).toBeLessThan(0)
    expect(faultOf(changed(tokenBlock, { groups: [second, first] }))).toEqual(['malformed', 'groups'])
    expect(faultOf(changed(tokenBlock, { groups: [first, first] }))).toEqual(['malformed', 'groups'])
    expect(faultOf(changed(tokenBlock, { groups: [first, second, second] }))).toEqual(['malformed', 'groups'])
    expect(faultOf(changed(tokenBlock, { groups: [first] }))).toEqual(['malformed', 'tokens'])
    expect(faultOf(changed(tokenBlock, { transactions: [] }))).toEqual(['malformed', 'transactions'])
    const [payment] = transactions
    expect(faultOf(changed(tokenBlock, { transactions: [payment, { ...payment!, tokens: [] }] }))).toEqual([
      'malformed',
      'tokens',
    ])
  })

  it('keeps the limits of tokens, transactions and groups', () => {
    const { tokenBlock } = samples()
    if (tokenBlock.record.kind !== 'tokenBlock') throw new Error('not a token block')
    const { groups, transactions } = tokenBlock.record
    const [payment] = transactions
    const many = { ...payment!, tokens: Array.from({ length: limits.blockTokens + 1 }, () => payment!.tokens[0]!) }
    expect(faultOf(changed(tokenBlock, { transactions: [many] }))).toEqual(['too_large', 'tokens'])
    const short = { ...payment!, tokens: payment!.tokens.slice(0, 1) }
    const payments = Array.from({ length: limits.blockTransactions + 1 }, () => short)
    expect(faultOf(changed(tokenBlock, { transactions: payments }))).toEqual(['too_large', 'transactions'])
    const tooMany = Array.from({ length: limits.blockGroups + 1 }, () => groups[0])
    expect(faultOf(changed(tokenBlock, { groups: tooMany }))).toEqual(['too_large', 'groups'])
  })

  it('refuses a record over the limit of bytes', () => {
    const { publication } = samples()
    const { record, digest, signature } = publication as SignedRecord<Publication>
    const bytes = new Uint8Array(limits.recordBytes + 1)
    expect(faultOf({ record, digest, signature, bytes })).toEqual(['too_large', 'record'])
  })
})
