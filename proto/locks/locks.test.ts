// The three lock suites: correctness, tampering, the order in which signatures open, and vectors pinned by hash.
import { bls12_381 } from '@noble/curves/bls12-381.js'
import { ED25519_TORSION_SUBGROUP, ed25519 } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfHex, concatBytes, toHex } from '../bytes.ts'
import { sha256, sha256Hex } from '../hash.ts'
import type { LockSuiteName } from '../session/terms.ts'
import type { LockLink, LockSuite, LockVerifier, SecretSignature } from './lock-suite.ts'
import { firstBadLock, lockSuite, openChain } from './suites.ts'

const named = (text: string): Uint8Array => sha256(Buffer.from(text))

interface Chain {
  readonly suite: LockSuite
  readonly verifier: LockVerifier
  readonly signed: readonly SecretSignature[]
  readonly first: SecretSignature
  readonly links: readonly LockLink[]
}

function chainOf(name: LockSuiteName, length: number, seed = 'session'): Chain {
  const suite = lockSuite(name)
  const key = suite.keyGen(named(seed))
  const signed = Array.from({ length: length + 1 }, (_, index) => key.sign(named(`${seed} ${index}`)))
  const links = signed
    .slice(1)
    .map(({ message, commitment }, at) => ({ message, commitment, lock: key.lock(signed[at]!, signed[at + 1]!) }))
  return { suite, verifier: suite.verifier(key.publicKey)!, signed, first: signed[0]!, links }
}

const flipped = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = new Uint8Array(bytes)
  copy[(bit >> 3) % copy.length]! ^= 1 << (bit & 7)
  return copy
}

const names = ['xor', 'schnorr', 'bls'] as const
/** Of the public key, two signed messages and the lock between them: what was locked yesterday must open today. */
const pinned: Record<LockSuiteName, string> = {
  bls: '9ae2588d83cc4616dabc24f55c278f6198d3686cf7bb597e25557d56e0cf632d',
  schnorr: 'd87b4b6fec45bcc3a631d6a2ef6a7c255e6c10f4e25fa1b08ced574e102493e8',
  xor: 'aa9202cc7eac5e94e3a10b26c8f5b3239269d8a4a15449967dee5c970f3ff7ee',
}
const lengths: Record<LockSuiteName, number> = { xor: 20, schnorr: 20, bls: 3 }
const chains = Object.fromEntries(names.map(name => [name, chainOf(name, lengths[name])])) as Record<
  LockSuiteName,
  Chain
>

describe.each(names)('%s', name => {
  const { suite, verifier, signed, first, links } = chains[name]
  const length = links.length

  it('checks every lock on its own and all together, and opens all signatures from the last one backwards', () => {
    const previous = [first, ...links]
    for (const [at, link] of links.entries()) expect(verifier.verifyLock(previous[at]!, link, link.lock)).toBe(true)
    expect(verifier.verifyLocks(first, links)).toBe(true)
    const released = signed.at(-1)!.signature
    const opened = openChain(suite, verifier, first, links, released, false)
    expect(opened.map(toHex)).toEqual(signed.map(({ signature }) => toHex(signature)).reverse())
    expect(openChain(suite, verifier, first, links, released, true)).toEqual(opened)
    expect(opened.every((signature, at) => verifier.verify(previous[length - at]!, signature))).toBe(true)
  })

  it('gives nothing away before the release: no lock and no sum of neighbours is a signature', () => {
    for (const { signature } of signed)
      for (const link of links) expect(toHex(link.lock)).not.toContain(toHex(signature).slice(0, 32))
    expect(openChain(suite, verifier, first, links, links.at(-1)!.lock, true)).toEqual([])
    expect(openChain(suite, verifier, first, links, new Uint8Array(suite.signatureBytes), true)).toEqual([])
  })

  it('has one signature of a message, of fixed length, and takes no other bytes for it', () => {
    const { message, commitment, signature } = signed[1]!
    expect([commitment.length, links[0]!.lock.length, signature.length]).toEqual([
      suite.commitmentBytes,
      suite.lockBytes,
      suite.signatureBytes,
    ])
    expect(verifier.verify({ message, commitment }, signature)).toBe(true)
    expect(verifier.verify({ message: named('another'), commitment }, signature)).toBe(false)
    expect(verifier.verify({ message, commitment }, concatBytes(signature, Uint8Array.of(0)))).toBe(false)
    expect(verifier.verify({ message, commitment: concatBytes(commitment, Uint8Array.of(1)) }, signature)).toBe(false)
    expect(suite.verifier(new Uint8Array(32))).toBeUndefined()
    expect(suite.verifier(new Uint8Array(48))).toBeUndefined()
    fc.assert(
      fc.property(fc.nat(suite.signatureBytes * 8 - 1), bit => {
        expect(verifier.verify({ message, commitment }, flipped(signature, bit))).toBe(false)
      }),
      { numRuns: name === 'bls' ? 6 : 60 },
    )
  })

  it('is pinned', () => {
    const key = suite.keyGen(named('pinned'))
    const [a, b] = [key.sign(named('a')), key.sign(named('b'))]
    const parts = [key.publicKey, a.commitment, a.signature, b.commitment, b.signature, key.lock(a, b)]
    expect(sha256Hex(concatBytes(...parts))).toBe(pinned[name])
  })
})

describe.each(['schnorr', 'bls'] as const)('%s, on arrival', name => {
  const { verifier, first, links } = chains[name]
  const previous = [first, ...links]

  it('finds any tampering with lock, commitment, message or order, alone and in a batch, and names the link', () => {
    const kinds = name === 'bls' ? (['lock', 'message'] as const) : (['lock', 'message', 'commitment'] as const)
    fc.assert(
      fc.property(fc.nat(links.length - 1), fc.constantFrom(...kinds), fc.nat(2000), (at, kind, bit) => {
        const bad = { ...links[at]!, [kind]: flipped(links[at]![kind], bit) }
        expect(verifier.verifyLock(previous[at]!, bad, bad.lock)).toBe(false)
        const batch = links.with(at, bad)
        expect(verifier.verifyLocks(first, batch)).toBe(false)
        expect(firstBadLock(verifier, first, batch)).toBe(at)
      }),
      { numRuns: name === 'bls' ? 4 : 60 },
    )
    expect(verifier.verifyLock(previous[1]!, links[0]!, links[0]!.lock)).toBe(false)
    expect(verifier.verifyLock(first, links[1]!, links[1]!.lock)).toBe(false)
    expect(firstBadLock(verifier, first, links)).toBeUndefined()
  })

  it('finds two wrong locks whose errors cancel out', () => {
    const swapped = links
      .with(0, { ...links[0]!, lock: links[1]!.lock })
      .with(1, { ...links[1]!, lock: links[0]!.lock })
    expect(verifier.verifyLocks(first, swapped)).toBe(false)
    expect(firstBadLock(verifier, first, swapped)).toBe(0)
  })

  it('refuses a chain under another key', () => {
    const other = chainOf(name, 1, 'another session')
    expect(verifier.verifyLocks(other.first, other.links)).toBe(false)
    expect(verifier.verifyLock(other.first, other.links[0]!, other.links[0]!.lock)).toBe(false)
  })
})

describe('xor', () => {
  it('takes a wrong lock, and loses by it every earlier signature at the end', () => {
    const { suite, verifier, signed, first, links } = chains.xor
    const bad = links.with(9, { ...links[9]!, lock: flipped(links[9]!.lock, 77) })
    expect(verifier.verifyLocks(first, bad)).toBe(true)
    const opened = openChain(suite, verifier, first, bad, signed.at(-1)!.signature, false)
    expect(opened).toHaveLength(links.length - 9)
  })

  it('opens nothing as printed in the paper, where the last lock is the last signature and σ_{n-1} is locked nowhere', () => {
    const { suite, verifier, signed, first, links } = chains.xor
    const printed = links.with(-1, { ...links.at(-1)!, lock: signed.at(-1)!.signature })
    expect(openChain(suite, verifier, first, printed, signed.at(-1)!.signature, false)).toHaveLength(1)
  })
})

describe('schnorr', () => {
  const { suite, verifier, signed, first, links } = chains.schnorr
  const order = ed25519.Point.Fn.ORDER
  const plusOrder = (scalar: Uint8Array): Uint8Array => {
    const number = BigInt(`0x${toHex(scalar.toReversed())}`) + order
    return bytesOfHex(number.toString(16).padStart(64, '0')).toReversed()
  }

  it('refuses scalars of q and more, for signatures and locks', () => {
    expect(verifier.verify(first, plusOrder(first.signature))).toBe(false)
    const lock = plusOrder(links[0]!.lock)
    expect(verifier.verifyLock(first, links[0]!, lock)).toBe(false)
    expect(verifier.verifyLocks(first, [{ ...links[0]!, lock }])).toBe(false)
    expect(suite.unlock(lock, signed[1]!.signature)).toBeUndefined()
  })

  it('refuses keys with a part of small order, and encodings of points that are not canonical', () => {
    const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1]!)
    const key = ed25519.Point.BASE.multiply(7n).add(torsion)
    expect(suite.verifier(key.toBytes())).toBeUndefined()
    expect(suite.verifier(torsion.toBytes())).toBeUndefined()
    const beyond = bytesOfHex(`ee${'ff'.repeat(30)}7f`)
    expect(verifier.verifyLock(first, { ...links[0]!, commitment: beyond }, links[0]!.lock)).toBe(false)
  })

  it('answers alike alone and in a batch where a signer adds a part of small order', () => {
    const torsion = ed25519.Point.fromHex(ED25519_TORSION_SUBGROUP[1]!)
    const commitment = ed25519.Point.fromBytes(links[0]!.commitment).add(torsion).toBytes()
    const link = { ...links[0]!, commitment }
    expect(verifier.verifyLock(first, link, link.lock)).toBe(verifier.verifyLocks(first, [link]))
  })

  it('reveals every later signature of a session with one in the middle, which is why there is one release, at the last index', () => {
    const middle = BigInt(`0x${toHex(signed[10]!.signature.toReversed())}`)
    const lock = BigInt(`0x${toHex(links[10]!.lock.toReversed())}`)
    const later = (((middle - lock) % order) + order) % order
    expect(verifier.verify(links[10]!, bytesOfHex(later.toString(16).padStart(64, '0')).toReversed())).toBe(true)
  })
})

describe('bls', () => {
  it('refuses zero, points outside the subgroup and keys that are none', () => {
    const { suite, verifier, first, links } = chains.bls
    const zero = bls12_381.G2.Point.ZERO.toBytes()
    expect(verifier.verifyLock(first, links[0]!, zero)).toBe(false)
    expect(suite.verifier(bls12_381.G1.Point.ZERO.toBytes())).toBeUndefined()
    // x = 0, 1, 2 … until one is on the curve: not in the subgroup but for a chance of 2^-250
    const outside = Array.from({ length: 40 }, (_, x) => x).find(x => {
      try {
        return !bls12_381.G2.Point.fromHex(`80${'00'.repeat(94)}${x.toString(16).padStart(2, '0')}`).isTorsionFree()
      } catch (error) {
        return /subgroup|torsion/.test(String(error))
      }
    })
    expect(outside).toBeDefined()
    const lock = bytesOfHex(`80${'00'.repeat(94)}${outside!.toString(16).padStart(2, '0')}`)
    expect(verifier.verifyLock(first, links[0]!, lock)).toBe(false)
  })
})
