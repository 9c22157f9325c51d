// The canonical primitives: what is written is read again, in one encoding only.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bytesOfHex, fromHex, Reader, toHex, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'

describe('Writer', () => {
  it('keeps every field while its buffer grows, from any first capacity', () => {
    for (let capacity = 0; capacity < 70; capacity++) {
      const writer = new Writer(capacity)
      for (let i = 0; i < 12; i++)
        writer
          .u8(i)
          .u16(i)
          .u32(i)
          .u64(i)
          .u64(BigInt(i))
          .digest('ab'.repeat(32))
          .fixed(Uint8Array.of(i), 1)
          .bytes(Uint8Array.of(i))
          .text('é')
          .boolean(true)
      const reader = new Reader(writer.finish())
      for (let i = 0; i < 12; i++) {
        expect([reader.u8(), reader.u16(), reader.u32(), reader.u64(), reader.amount(99n)]).toEqual([
          i,
          i,
          i,
          i,
          BigInt(i),
        ])
        expect(reader.digest()).toBe('ab'.repeat(32))
        expect([...reader.fixed(1), ...reader.bytes(1), reader.text(2), reader.boolean()]).toEqual([i, i, 'é', true])
      }
      reader.end()
    }
  })

  it('refuses what has no encoding', () => {
    const writer = new Writer()
    expect(() => writer.u8(256)).toThrow(RangeError)
    expect(() => writer.u16(-1)).toThrow(RangeError)
    expect(() => writer.u32(2 ** 32)).toThrow(RangeError)
    expect(() => writer.u32(0.5)).toThrow(RangeError)
    expect(() => writer.u64(2 ** 53)).toThrow(RangeError)
    expect(() => writer.u64(-1n)).toThrow(RangeError)
    expect(() => writer.u64(2n ** 64n)).toThrow(RangeError)
    expect(() => writer.digest('AB'.repeat(32))).toThrow(RangeError)
    expect(() => writer.digest('0g'.repeat(32))).toThrow(RangeError)
    expect(() => writer.digest('00')).toThrow(RangeError)
    expect(() => writer.fixed(new Uint8Array(3), 4)).toThrow(RangeError)
    expect(() => writer.text('\ud800')).toThrow(RangeError)
  })

  it('writes numbers in network order', () => {
    expect(
      toHex(
        new Writer()
          .u8(1)
          .u16(2)
          .u32(3)
          .u64(2 ** 53 - 1)
          .finish(),
      ),
    ).toBe('01000200000003001fffffffffffff')
    fc.assert(
      fc.property(fc.maxSafeNat(), value => {
        const [asNumber, asBigint] = [new Writer().u64(value).finish(), new Writer().u64(BigInt(value)).finish()]
        expect(asNumber).toEqual(asBigint)
        expect(new Reader(asNumber).u64()).toBe(value)
      }),
    )
  })
})

describe('Reader', () => {
  const refusal = (read: (reader: Reader) => unknown, hex: string): string | undefined => {
    try {
      read(new Reader(bytesOfHex(hex)))
      return undefined
    } catch (error) {
      return error instanceof MupibError ? error.code : String(error)
    }
  }

  it('refuses shortage, excess, and values that are not canonical', () => {
    expect(refusal(r => r.u32(), '000000')).toBe('malformed')
    expect(refusal(r => r.u64(), '0020000000000000')).toBe('malformed')
    expect(refusal(r => r.u64(), '001fffffffffffff')).toBeUndefined()
    expect(refusal(r => r.boolean(), '02')).toBe('malformed')
    expect(refusal(r => r.bytes(2), '00000003010203')).toBe('too_large')
    expect(refusal(r => r.bytes(2 ** 32), 'ffffffff010203')).toBe('malformed')
    expect(refusal(r => r.text(9), '00000002c0af')).toBe('malformed')
    expect(refusal(r => r.amount(2n ** 63n - 1n), '8000000000000000')).toBe('too_large')
    expect(refusal(r => r.count(3), '00000004')).toBe('too_large')
    expect(refusal(r => r.end(), '00')).toBe('trailing_bytes')
  })

  it('keeps a byte order mark: it is content', () => {
    expect(new Reader(new Writer().text('\ufeffa').finish()).text(9)).toBe('\ufeffa')
  })

  it('reads inside a larger buffer', () => {
    const reader = new Reader(bytesOfHex('ffff0102ff').subarray(2, 4))
    expect([reader.u8(), reader.u8(), reader.remaining]).toEqual([1, 2, 0])
  })
})

it('hex goes both ways and has one form', () => {
  fc.assert(
    fc.property(fc.uint8Array(), bytes => {
      expect(fromHex(toHex(bytes))).toEqual(bytes)
    }),
  )
  for (const bad of ['0', 'AB', 'zz', '0x', 'é1']) {
    expect(() => fromHex(bad)).toThrow(MupibError)
    expect(() => bytesOfHex(bad)).toThrow(RangeError)
  }
})
