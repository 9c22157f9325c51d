import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeFrames, FrameDecoder } from './frames.ts'

function decodeAll(decoder: FrameDecoder): Uint8Array[] {
  const frames: Uint8Array[] = []
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame)
  return frames
}

function encode(frames: Uint8Array[]): Uint8Array {
  return encodeFrames(
    frames,
    frames.reduce((sum, frame) => sum + frame.byteLength, 0),
  )
}

describe('frames', () => {
  it('come out as they went in, however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 30 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (frames, cuts) => {
          const bytes = encode(frames)
          const decoder = new FrameDecoder(300)
          const received: Uint8Array[] = []
          for (let at = 0, cut = 0; at < bytes.byteLength; cut += 1) {
            const length = cuts[cut % cuts.length]!
            decoder.push(bytes.subarray(at, at + length))
            at += length
            if (cut % 3 === 0) received.push(...decodeAll(decoder))
          }
          received.push(...decodeAll(decoder))
          expect(received.map(frame => [...frame])).toEqual(frames.map(frame => [...frame]))
          expect(decoder.bufferedBytes).toBe(0)
        },
      ),
    )
  })

  it('refuse a frame over the limit as soon as its length is known, and an empty one', () => {
    const tooLarge = new FrameDecoder(10)
    tooLarge.push(Uint8Array.of(0, 0, 0, 11))
    expect(() => tooLarge.next()).toThrow(expect.objectContaining({ code: 'too_large' }))
    const empty = new FrameDecoder(10)
    empty.push(Uint8Array.of(0, 0, 0, 0))
    expect(() => empty.next()).toThrow(expect.objectContaining({ code: 'malformed' }))
  })

  it('hold no more memory than was received, whatever length is announced', () => {
    const decoder = new FrameDecoder(1_000_000)
    decoder.push(Uint8Array.of(0, 15, 0, 0))
    for (let count = 0; count < 1000; count += 1) {
      decoder.push(Uint8Array.of(1))
      expect(decoder.next()).toBeUndefined()
    }
    expect(decoder.bufferedBytes).toBe(1004)
  })
})
