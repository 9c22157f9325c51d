import { describe, expect, it } from 'vitest'
import { createPeerScore } from './score.ts'

function scoreAt(clock: { now: number }) {
  return createPeerScore({ now: () => clock.now, threshold: 100, halfLifeMs: 1_000, cooldownMs: 500, peersMax: 2 })
}

describe('peer score', () => {
  it('disconnects at the threshold, refuses during the cool-down and forgives after it', () => {
    const clock = { now: 0 }
    const score = scoreAt(clock)
    expect(score.penalize('a', 60, 'malformed')).toBe('tolerated')
    expect(score.isRefused('a')).toBe(false)
    expect(score.penalize('a', 40, 'malformed')).toBe('disconnect')
    expect(score.isRefused('a')).toBe(true)
    clock.now = 500
    expect(score.isRefused('a')).toBe(false)
    expect(score.counts()).toEqual({ byReason: { malformed: 2 }, disconnects: 1 })
  })

  it('halves points with time', () => {
    const clock = { now: 0 }
    const score = scoreAt(clock)
    score.penalize('a', 80, 'malformed')
    clock.now = 2_000
    expect(score.points('a')).toBeCloseTo(20)
    expect(score.penalize('a', 79, 'malformed')).toBe('tolerated')
  })

  it('is sooner out again when it goes on', () => {
    const clock = { now: 0 }
    const score = scoreAt(clock)
    score.penalize('a', 100, 'malformed')
    clock.now = 500
    expect(score.penalize('a', 65, 'malformed')).toBe('disconnect')
  })

  it('remembers a bounded number of peers', () => {
    const score = scoreAt({ now: 0 })
    for (const peer of ['a', 'b', 'c']) score.penalize(peer, 10, 'malformed')
    expect(score.points('a')).toBe(0)
    expect(score.points('c')).toBe(10)
  })
})
