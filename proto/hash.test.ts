// Domains keep apart what is hashed and signed; SHA-256 is SHA-256 wherever it comes from.
import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toHex } from './bytes.ts'
import { type Domain, digestOf, domainPrefix, domains, hashParts, sha256, sha256Hex } from './hash.ts'

it('no domain prefix begins another', () => {
  const prefixes = (Object.keys(domains) as Domain[]).map(domain => toHex(domainPrefix(domain)))
  for (const [i, one] of prefixes.entries())
    for (const [j, other] of prefixes.entries()) if (i !== j) expect(other.startsWith(one)).toBe(false)
  for (const prefix of prefixes) expect(prefix.endsWith('00')).toBe(true)
})

it('is SHA-256', () => {
  expect(sha256Hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
      const expected = toHex(nobleSha256(bytes))
      expect([toHex(sha256(bytes)), sha256Hex(bytes)]).toEqual([expected, expected])
      expect(digestOf('body', bytes)).toBe(toHex(hashParts('body', bytes)))
    }),
  )
})
