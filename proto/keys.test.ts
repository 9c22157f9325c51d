// Ed25519: the nodes' verifier (node:crypto) and the portable one (@noble) against RFC 8032, each other, and the inputs on which they differ.
import * as crypto from 'node:crypto'
import { ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfHex, concatBytes, toHex } from './bytes.ts'
import { type Domain, domainPrefix, domains } from './hash.ts'
import {
  isSmallOrder,
  publicKeyOfSpki,
  sign,
  signingKeyFromSeed,
  signUntagged,
  spkiOf,
  verify,
  verifyUntagged,
} from './keys.ts'
import { verifyPortably } from './portable-signature.ts'
import { publicKeyFault } from './public-key.ts'
import { keyOf } from './testing.ts'

// RFC 8032, section 7.1: seed, public key, message, signature
const rfc8032 = [
  [
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
] as const

const order = 2n ** 252n + 27742317777372353535851937790883648493n
const littleEndian = (value: bigint): Uint8Array =>
  bytesOfHex(value.toString(16).padStart(64, '0')).reverse() as Uint8Array
const scalarOf = (bytes: Uint8Array): bigint => BigInt(`0x${toHex(bytes.slice().reverse())}`)
const challenge = (...parts: Uint8Array[]): bigint =>
  scalarOf(
    new Uint8Array(
      crypto
        .createHash('sha512')
        .update(concatBytes(...parts))
        .digest(),
    ),
  ) % order

describe('both verifiers', () => {
  it.each(rfc8032)('accept the vectors of RFC 8032 (%s)', (seed, publicKey, message, signature) => {
    const key = signingKeyFromSeed(bytesOfHex(seed))
    expect(toHex(key.publicKey)).toBe(publicKey)
    expect(toHex(signUntagged(bytesOfHex(message), key))).toBe(signature)
    expect(verifyUntagged(bytesOfHex(message), key.publicKey, bytesOfHex(signature))).toBe(true)
    expect(ed25519.verify(bytesOfHex(signature), bytesOfHex(message), key.publicKey, { zip215: false })).toBe(true)
  })

  it('agree on generated signatures, true and damaged', () => {
    const flip = fc.record({ of: fc.constantFrom('none', 'message', 'key', 'signature'), bit: fc.nat(8 * 64 - 1) })
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        flip,
        (seed, message, { of, bit }) => {
          const key = signingKeyFromSeed(seed)
          const parts = {
            message: message.slice(),
            key: key.publicKey.slice(),
            signature: sign('notarize', message, key),
          }
          if (of !== 'none') {
            const target = parts[of as keyof typeof parts]
            target[(bit >> 3) % target.length]! ^= 1 << (bit & 7)
          }
          const native = verify('notarize', parts.message, parts.key, parts.signature)
          expect(native).toBe(of === 'none')
          expect(verifyPortably('notarize', parts.message, parts.key, parts.signature)).toBe(native)
        },
      ),
      { numRuns: 60 },
    )
  })

  it('bind a signature to its domain', () => {
    const key = keyOf('a')
    const message = new Uint8Array(8)
    const signature = sign('notarize', message, key)
    for (const domain of Object.keys(domains) as Domain[])
      expect(verify(domain, message, key.publicKey, signature)).toBe(domain === 'notarize')
  })

  it('refuse a signature whose S is not reduced, and wrong lengths', () => {
    const key = keyOf('a')
    const message = new Uint8Array(8)
    const signature = sign('finalize', message, key)
    const s = scalarOf(signature.subarray(32))
    const unreduced = concatBytes(signature.subarray(0, 32), littleEndian(s + order))
    for (const check of [verify, verifyPortably]) {
      expect(check('finalize', message, key.publicKey, signature)).toBe(true)
      expect(check('finalize', message, key.publicKey, unreduced)).toBe(false)
      expect(check('finalize', message, key.publicKey, signature.subarray(1))).toBe(false)
      expect(check('finalize', message, key.publicKey.subarray(1), signature)).toBe(false)
    }
  })

  // The two libraries differ here: OpenSSL checks sB = R + kA, noble the same times the cofactor 8. A signer who adds a point of
  // small order to R makes a signature that only noble takes; the portable verifier must not.
  it('agree to refuse an R with a torsion component, which @noble alone accepts', () => {
    const seed = new Uint8Array(32).fill(9)
    const key = signingKeyFromSeed(seed)
    const { scalar } = ed25519.utils.getExtendedPublicKey(seed)
    const message = Buffer.from('x')
    const tagged = concatBytes(domainPrefix('finalize'), message)
    const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
    expect(torsion.isSmallOrder()).toBe(true)
    const nonce = 12345n
    const r = ed25519.Point.BASE.multiply(nonce).add(torsion).toBytes()
    const k = challenge(r, key.publicKey, tagged)
    const signature = concatBytes(r, littleEndian((nonce + k * scalar) % order))
    expect(ed25519.verify(signature, tagged, key.publicKey, { zip215: false })).toBe(true)
    expect(verify('finalize', message, key.publicKey, signature)).toBe(false)
    expect(verifyPortably('finalize', message, key.publicKey, signature)).toBe(false)
  })
})

describe('keys that must not be registered', () => {
  // Signatures that satisfy OpenSSL's equation sB = R + kA with a key or an R of small order. OpenSSL 3.0 takes them, 3.5 does not, so
  // `verify` has to refuse them itself.
  const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
  const smallPoints = Array.from({ length: 8 }, (_, i) =>
    i === 0 ? ed25519.Point.ZERO : torsion.multiplyUnsafe(BigInt(i)),
  )
  const refusedByBoth = (message: Uint8Array, publicKey: Uint8Array, signature: Uint8Array) => {
    expect(verify('finalize', message, publicKey, signature)).toBe(false)
    expect(verifyPortably('finalize', message, publicKey, signature)).toBe(false)
  }
  /** The first message and R of small order for which s = k·scalar (0 for a key of small order) solves the equation. */
  const forge = (key: Uint8Array, keyTorsion: bigint, scalar: bigint) => {
    for (let i = 0; ; i++) {
      const message = Uint8Array.of(i)
      for (const [j, point] of smallPoints.entries()) {
        const r = point.toBytes()
        const k = challenge(r, key, concatBytes(domainPrefix('finalize'), message))
        if ((k * keyTorsion + BigInt(j)) % 8n === 0n)
          return { message, signature: concatBytes(r, littleEndian((k * scalar) % order)) }
      }
    }
  }

  it('small order, in all 14 encodings: a signature fits without a secret', () => {
    expect(smallPoints.every(point => isSmallOrder(point.toBytes()))).toBe(true)
    const canonical = smallPoints.map((point, i) => ({ bytes: point.toBytes(), i }))
    const [zeroX, minusOne] = [canonical[0]!, canonical[4]!]
    const others = [
      ...[`01${'00'.repeat(30)}80`, `ee${'ff'.repeat(30)}7f`, `ee${'ff'.repeat(31)}`].map(hex => ({
        bytes: bytesOfHex(hex),
        i: zeroX.i,
      })),
      { bytes: bytesOfHex('ec'.padEnd(64, 'f')), i: minusOne.i },
      ...canonical
        .filter(({ bytes }) => bytes.subarray(0, 31).every(byte => byte === 0))
        .map(({ bytes, i }) => ({ bytes: bytesOfHex(`ed${'ff'.repeat(30)}${bytes[31] === 0 ? '7f' : 'ff'}`), i })),
    ]
    expect(new Set([...canonical, ...others].map(({ bytes }) => toHex(bytes))).size).toBe(14)
    for (const { bytes, i } of [...canonical, ...others]) {
      const { message, signature } = forge(bytes, BigInt(i), 0n)
      expect(isSmallOrder(bytes)).toBe(true)
      expect(publicKeyFault(bytes)).toBeDefined()
      refusedByBoth(message, bytes, signature)
    }
  })

  it('an R of small order, under a good key and under one of mixed order', () => {
    const seed = new Uint8Array(32).fill(9)
    const { scalar } = ed25519.utils.getExtendedPublicKey(seed)
    const good = signingKeyFromSeed(seed).publicKey
    const mixed = ed25519.Point.fromBytes(good).add(torsion).toBytes()
    for (const [key, keyTorsion] of [
      [good, 0n],
      [mixed, 1n],
    ] as const) {
      const { message, signature } = forge(key, keyTorsion, scalar)
      refusedByBoth(message, key, signature)
    }
  })

  it('no honest key or signature is of small order', () => {
    for (let i = 0; i < 200; i++) {
      const key = keyOf(`honest ${i}`)
      expect(isSmallOrder(key.publicKey) || isSmallOrder(sign('finalize', key.publicKey, key))).toBe(false)
    }
  })

  it.each([
    ['order 2', 'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['order 4', '0000000000000000000000000000000000000000000000000000000000000000'],
    ['order 8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['y = p, not canonical', 'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['y = p + 1, not canonical', 'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f'],
    ['x = 0 with a sign', '0100000000000000000000000000000000000000000000000000000000000080'],
    ['no point', '0200000000000000000000000000000000000000000000000000000000000000'],
    ['too short', 'aa'],
  ])('%s', (_, hex) => {
    expect(publicKeyFault(bytesOfHex(hex))).toBeDefined()
  })

  it('a key of mixed order', () => {
    const torsion = ed25519.Point.fromHex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05')
    const mixed = ed25519.Point.fromBytes(keyOf('a').publicKey).add(torsion).toBytes()
    expect(publicKeyFault(mixed)).toBe('an Ed25519 key in the prime-order subgroup')
    expect(publicKeyFault(keyOf('a').publicKey)).toBeUndefined()
  })
})

it('reads only Ed25519 keys from SubjectPublicKeyInfo', () => {
  const { publicKey } = keyOf('a')
  expect(publicKeyOfSpki(spkiOf(publicKey))).toEqual(publicKey)
  const { publicKey: other } = crypto.generateKeyPairSync('x25519')
  const spki = new Uint8Array(other.export({ format: 'der', type: 'spki' }))
  expect(() => publicKeyOfSpki(spki)).toThrow(expect.objectContaining({ code: 'bad_key' }))
})
