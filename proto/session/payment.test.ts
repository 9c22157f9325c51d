// Payments of a session and the chain that carries their money: encodings, limits, and what each proves.
import { describe, expect, it } from 'vitest'
import { toHex } from '../bytes.ts'
import { hashParts, sha256, sha256Hex, zeroDigest } from '../hash.ts'
import { signingKeyFromSeed } from '../keys.ts'
import { lockSuite } from '../locks/suites.ts'
import {
  decodePayment,
  decodeRelease,
  encodePayment,
  encodeRelease,
  isSamePayment,
  linkOf,
  type SignedPayment,
  signPayment,
  verifyPaymentSignature,
} from './payment.ts'
import { checkClaim, paywordStep } from './payword.ts'
import { PaywordChain } from './payword-chain.ts'
import type { LockSuiteName } from './terms.ts'

const named = (text: string): Uint8Array => sha256(Buffer.from(text))
const client = signingKeyFromSeed(named('client'))
const session = sha256Hex(named('session'))

/** Of payment 2: what was signed yesterday must mean the same today. */
const pinned: Record<LockSuiteName, string> = {
  bls: '6b57847672f5d32eea24c99a903d39833359704ad8993ed65b8f952c0e8d5043',
  schnorr: '659d9aef4d9797b61c861f4c1f516436db54d91eb3385dd2974e80c17e6cb765',
  xor: '00ef310bc22f55b8a9aee5fdbf8f53fa85e9b3e594db7e1f2c8fdcc8d3dd1e8d',
}

function paymentsOf(suite: LockSuiteName, count: number, item = zeroDigest): SignedPayment[] {
  const lockKey = lockSuite(suite).keyGen(named('lock seed'))
  const made: SignedPayment[] = []
  for (let index = 0; index <= count; index++) {
    const content = { session, index, word: named(`word ${index}`), amount: 7n * BigInt(index), item }
    made.push(signPayment(content, made.at(-1)?.secret, lockKey, client))
  }
  return made
}

describe('a payment', () => {
  it.each(['xor', 'schnorr', 'bls'] as const)('of %s reads back, is a few hundred bytes, and is pinned', suite => {
    const payments = paymentsOf(suite, 2).map(({ payment }) => payment)
    const encoded = payments.map(encodePayment)
    expect(encoded.map(bytes => toHex(encodePayment(decodePayment(bytes))))).toEqual(encoded.map(toHex))
    expect(encoded[1]!.length).toBe(encoded[2]!.length)
    expect(encoded[1]!.length).toBe({ xor: 244, schnorr: 244, bls: 276 }[suite])
    expect(payments.every(payment => verifyPaymentSignature(payment, client.publicKey))).toBe(true)
    const verifier = lockSuite(suite).verifier(lockSuite(suite).keyGen(named('lock seed')).publicKey)!
    expect(verifier.verifyLocks(linkOf(payments[0]!), payments.slice(1).map(linkOf))).toBe(true)
    expect(sha256Hex(encoded[2]!)).toBe(pinned[suite])
  })

  it('is the same bytes whenever it is made, and differs in every field that is changed', () => {
    const [again, other] = [paymentsOf('schnorr', 2), paymentsOf('schnorr', 2, 'ab'.repeat(32))]
    const { payment } = paymentsOf('schnorr', 2)[2]!
    expect(encodePayment(again[2]!.payment)).toEqual(encodePayment(payment))
    expect(isSamePayment(payment, other[2]!.payment)).toBe(false)
    expect(toHex(other[2]!.payment.commitment)).not.toBe(toHex(payment.commitment))
    for (const changes of [
      { index: 3 },
      { amount: 15n },
      { item: 'ab'.repeat(32) },
      { word: named('other') },
      { commitment: named('c') },
      { lock: named('l') },
    ])
      expect(verifyPaymentSignature({ ...payment, ...changes }, client.publicKey)).toBe(false)
  })

  it('is refused cut short, too long, or beyond its limits', () => {
    const bytes = encodePayment(paymentsOf('schnorr', 1)[1]!.payment)
    for (let length = 0; length < bytes.length; length++)
      expect(() => decodePayment(bytes.subarray(0, length))).toThrow()
    expect(() => decodePayment(new Uint8Array([...bytes, 0]))).toThrow(/after the end/)
    expect(() => decodePayment(bytes.with(32, 0xff))).toThrow(/count/)
    const release = { session, index: 1, signature: named('s') }
    expect(toHex(encodeRelease(decodeRelease(encodeRelease(release))))).toBe(toHex(encodeRelease(release)))
  })
})

describe('a chain of payment words', () => {
  it('gives each value its place, across anchors, forwards and at random', () => {
    const nonce = named('nonce')
    for (const paymentsMax of [1, 1023, 1024, 1025, 2500]) {
      const chain = new PaywordChain(nonce, named('top'), paymentsMax)
      const terms = { nonce, paymentsMax, anchors: chain.anchors() }
      for (const index of [1, 1022, 1023, 1024, 1025, 2048, 2500, 1, 1025].filter(at => at <= paymentsMax)) {
        expect(checkClaim(terms, index, chain.value(index))).toBe(true)
        expect(toHex(paywordStep(nonce, index, chain.value(index)))).toBe(toHex(chain.value(index - 1)))
        expect(checkClaim(terms, index, hashParts('payword', chain.value(index)))).toBe(false)
      }
      expect(chain.value(paymentsMax)).toEqual(named('top'))
      expect(() => chain.value(paymentsMax + 1)).toThrow(RangeError)
    }
  })
})
