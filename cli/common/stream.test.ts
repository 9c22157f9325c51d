import { describe, expect, it } from 'vitest'
import { zeroDigest } from '../../proto/hash.ts'
import { appendToStream, checkAgainstLedger, emptyStream, nextInStream, settleInStream } from './stream.ts'

const three = ['a', 'b', 'c'].reduce(appendToStream, emptyStream)
const decidedOne = settleInStream(three, 'a', false).stream

describe('an own stream', () => {
  it('S1: numbers records on from the last one, open ones included', () => {
    expect(nextInStream(emptyStream)).toEqual({ number: 1, previous: zeroDigest })
    expect(nextInStream(three)).toEqual({ number: 4, previous: 'c' })
    expect(three.open.map(({ number }) => number)).toEqual([1, 2, 3])
  })

  it('S2: is decided in order, and a refusal voids what follows', () => {
    expect(decidedOne).toEqual({ decided: { number: 1, digest: 'a' }, open: three.open.slice(1) })
    const { stream, voided } = settleInStream(decidedOne, 'b', true)
    expect(voided.map(({ digest }) => digest)).toEqual(['b', 'c'])
    expect(nextInStream(stream)).toEqual({ number: 2, previous: 'a' })
    expect(() => settleInStream(three, 'b', false)).toThrow(expect.objectContaining({ code: 'bug' }))
  })

  it('S3: is behind where the ledger holds what it does not', () => {
    const check = (number: number, digest: string) => () =>
      checkAgainstLedger(decidedOne, { number, digest }, 'records')
    const behind = expect.objectContaining({ code: 'store_behind' })
    for (const [number, digest] of [
      [0, zeroDigest],
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ] as const)
      expect(check(number, digest)).not.toThrow()
    expect(check(4, 'd')).toThrow(behind)
    expect(check(2, 'other')).toThrow(behind)
    expect(check(1, 'other')).toThrow(behind)
    expect(() => checkAgainstLedger(emptyStream, { number: 1, digest: 'a' }, 'records')).toThrow(behind)
  })
})
