import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { zeroDigest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import type { TokenVerdict, TransactionVerdict } from '../../proto/verdict.ts'
import {
  type Answer,
  createUserState,
  type Effect,
  heldMax,
  step,
  tokensOf,
  type UserEvent,
  type UserState,
} from './rules.ts'

type State = UserState<string>
type Event = UserEvent<string>

const far = 1e12

interface Parts {
  readonly deadline?: number
  readonly payBy?: number
  readonly groups?: readonly string[]
}

const start = (blockSize = 10, shareBp?: number): State =>
  createUserState({ number: 0, digest: zeroDigest }, blockSize, shareBp === undefined ? undefined : { shareBp })
const present = (digest: string, tokens: number, now = 0, parts: Parts = {}): Event => {
  const { deadline = far, payBy = far, groups = ['1'] } = parts
  return { type: 'present', digest, facts: { tokens, groups, deadline, payBy }, payment: digest, now }
}

/** The verdicts on the open block: valid, save for the payments named. */
function verdicts(state: State, invalid: readonly string[] = []): TransactionVerdict[] {
  const { payments, pending } = state.block!
  const allValid = !payments.some(({ digest }) => invalid.includes(digest))
  return payments.map(({ digest, facts }, index) => {
    const isLast = pending && index === payments.length - 1
    const isInvalid = invalid.includes(digest)
    const token = {
      bank: zeroDigest,
      publication: 1,
      index: 0,
      verdict: isInvalid ? '10' : '11',
      reason: isInvalid ? 'duplicate' : 'valid',
      use: isInvalid ? 'none' : isLast && !allValid ? 'released' : 'consumed',
      charged: isInvalid,
      firstUse: undefined,
    } satisfies TokenVerdict
    const tokens = Array.from({ length: facts.tokens }, (_, i) => ({ ...token, index: i }))
    return { record: zeroDigest, index, payload: digest, pending: isLast, holder: 'unchecked', tokens }
  })
}

const decide = (state: State, invalid: readonly string[] = [], now = 0): Event => ({
  type: 'decided',
  digest: `block ${state.block!.number}`,
  transactions: verdicts(state, invalid),
  now,
})
const trust = (blockSize = 10, now = 0): Event => ({ type: 'trust', blockSize, now })

/** Runs events, a function being an event made from the state; returns the state and what was answered, by payment. */
function run(state: State, ...events: (Event | ((state: State) => Event))[]) {
  const answers: Record<string, Answer[]> = {}
  const effects: Effect<string>[] = []
  let current = state
  for (const event of events) {
    const done = step(current, typeof event === 'function' ? event(current) : event)
    current = done.state
    effects.push(...done.effects)
    for (const effect of done.effects)
      if (effect.type === 'answer') answers[effect.digest] = [...(answers[effect.digest] ?? []), effect.answer]
  }
  const last = (digest: string) => answers[digest]?.at(-1)
  const settled = effects.flatMap(effect => (effect.type === 'settle' ? [effect.payment.digest] : []))
  return { state: current, answers, effects, last, settled }
}

const names = (payments: readonly { digest: string }[]) => payments.map(({ digest }) => digest)

describe('the queue', () => {
  it('Q1: delivers below W, and closes with the payment that reaches it', () => {
    const { state, last, effects } = run(start(), present('a', 4), present('b', 5), present('c', 1))
    expect(last('a')).toEqual({ answer: 'deliver' })
    expect(last('b')).toEqual({ answer: 'deliver' })
    expect(last('c')).toEqual({ answer: 'wait', block: 1 })
    expect(state.block).toMatchObject({ number: 1, pending: true, previous: zeroDigest })
    expect(names(state.block!.payments)).toEqual(['a', 'b', 'c'])
    expect(effects.filter(({ type }) => type === 'submit')).toHaveLength(1)
  })

  it('Q1: a single payment of W tokens or more is a block of its own', () => {
    const { state, last } = run(start(), present('a', 25))
    expect(last('a')).toEqual({ answer: 'wait', block: 1 })
    expect(tokensOf(state.block!.payments)).toBe(25)
  })

  it('Q2: holds what comes while a pending payment is awaited, in order', () => {
    const { state, last } = run(start(), present('a', 10), present('b', 1), present('c', 1))
    expect(names(state.held)).toEqual(['b', 'c'])
    expect(last('c')).toEqual({ answer: 'wait' })
  })

  it('Q2: holds up to a limit, and then takes nothing', () => {
    const many = Array.from({ length: heldMax }, (_, i) => present(`h${i}`, 1))
    const { state } = run(start(), present('a', 10), ...many)
    const { state: after, effects } = step(state, present('more', 1))
    expect(effects).toEqual([{ type: 'full' }])
    expect(after).toBe(state)
  })

  it('Q3: a payment that no longer fits into one record has the queue sent first', () => {
    const groups = Array.from({ length: limits.blockGroups }, (_, i) => present(`g${i}`, 1, 0, { groups: [`${i}`] }))
    const { state, last } = run(start(1_000), ...groups, present('more', 1, 0, { groups: ['more'] }))
    expect(last('more')).toEqual({ answer: 'wait' })
    expect(state.block).toMatchObject({ pending: false })
    expect(run(state, decide, trust(1_000)).last('more')).toEqual({ answer: 'deliver' })
    const tokens = run(start(limits.blockTokens), present('a', limits.blockTokens - 1), present('b', 2))
    expect(tokens.last('b')).toEqual({ answer: 'wait' })
    expect(tokens.state.block).toMatchObject({ pending: false })
  })

  it('Q8: takes nothing from a blocked user', () => {
    expect(run(start(0), present('a', 1)).last('a')).toEqual({ answer: 'rejected', reason: 'blocked' })
  })

  it('refuses what is past its deadline or its payBy, and keeps nothing of it', () => {
    const late = run(start(), present('a', 1, 5, { deadline: 4 }), present('b', 1, 5, { payBy: 4 }))
    expect(late.last('a')).toEqual({ answer: 'rejected', reason: 'deadline_passed' })
    expect(late.last('b')).toEqual({ answer: 'rejected', reason: 'pay_by_passed' })
    expect(late.effects.every(({ type }) => type === 'answer')).toBe(true)
    expect(run(start(), present('c', 1, 4, { deadline: 4, payBy: 4 })).last('c')).toEqual({ answer: 'deliver' })
  })
})

describe('the verdict', () => {
  const waiting = [present('a', 6), present('b', 4), present('c', 2), present('d', 3)]

  it('Q4: delivers the pending payment where all is valid, and places the held ones when W is known', () => {
    const { state, last } = run(start(), ...waiting, decide, present('e', 1))
    expect(last('b')).toEqual({ answer: 'deliver', block: 1 })
    expect(state.last).toEqual({ number: 1, digest: 'block 1' })
    expect(last('c')).toEqual({ answer: 'wait' })
    expect(names(state.held)).toEqual(['c', 'd', 'e'])
    // Q5
    const after = run(state, trust())
    expect(after.last('c')).toEqual({ answer: 'deliver' })
    expect(names(after.state.queue)).toEqual(['c', 'd', 'e'])
    expect(after.state.queuedTokens).toBe(6)
  })

  it('Q4: rejects the pending payment where an earlier one is invalid, and leaves that one delivered', () => {
    const { answers, last } = run(start(), ...waiting, state => decide(state, ['a']))
    expect(last('b')).toEqual({ answer: 'rejected', reason: 'block_invalid', block: 1 })
    expect(answers.a).toEqual([{ answer: 'deliver' }])
  })

  it('Q4: says so where the pending payment itself is invalid', () => {
    const { last } = run(start(), ...waiting, state => decide(state, ['b']))
    expect(last('b')).toEqual({ answer: 'rejected', reason: 'invalid_tokens', block: 1 })
  })

  it('Q5: checks held payments again, and goes on with the next block at once, of the W that is', () => {
    const { state, last } = run(
      start(),
      present('a', 10),
      present('b', 1, 0, { deadline: 50 }),
      present('c', 5),
      present('d', 1),
      present('e', 1),
      state => decide(state, [], 100),
      trust(6, 100),
    )
    expect(last('b')).toEqual({ answer: 'rejected', reason: 'deadline_passed' })
    expect(last('d')).toEqual({ answer: 'wait', block: 2 })
    expect(names(state.block!.payments)).toEqual(['c', 'd'])
    expect(state.block).toMatchObject({ number: 2, previous: 'block 1', tokens: 6 })
    expect(names(state.held)).toEqual(['e'])
  })

  it('Q10: settles what was delivered at once, the pending one when it is accepted, and no payment twice', () => {
    expect(run(start(), ...waiting).settled).toEqual(['a'])
    expect(run(start(), ...waiting, decide, trust()).settled).toEqual(['a', 'b', 'c', 'd'])
    expect(run(start(), ...waiting, state => decide(state, ['b']), trust()).settled).toEqual(['a', 'c', 'd'])
  })
})

describe('W', () => {
  it('Q8: at 0 rejects what is held, flushes what is queued, and takes nothing more', () => {
    const pending = run(start(), present('a', 10), present('b', 1), state => decide(state, ['a']), trust(0))
    expect(pending.last('b')).toEqual({ answer: 'rejected', reason: 'blocked' })
    expect(pending.state).toMatchObject({ held: [], block: undefined, blockSize: 0 })
    const queued = run(start(), present('a', 1), trust(0), present('b', 1))
    expect(queued.state.block).toMatchObject({ pending: false, tokens: 1 })
    expect(queued.last('b')).toEqual({ answer: 'rejected', reason: 'blocked' })
    expect(run(queued.state, decide, trust(0)).state).toMatchObject({ block: undefined, queue: [] })
  })

  it('Q8: at 0 while a block is awaited leaves the pending payment to its verdict', () => {
    const { state, last } = run(start(), present('a', 10), present('b', 1), trust(0))
    expect(last('b')).toEqual({ answer: 'rejected', reason: 'blocked' })
    expect(run(state, decide).last('a')).toEqual({ answer: 'deliver', block: 1 })
  })

  it('Q9: lowered to the queue by another auditor flushes it, with nothing pending', () => {
    const { state } = run(start(), present('a', 4), trust(5), present('b', 1, 0), trust(5))
    expect(state.block).toMatchObject({ pending: true, tokens: 5 })
    const lowered = run(start(), present('a', 4), trust(4), present('b', 3))
    expect(lowered.state.block).toMatchObject({ pending: false, tokens: 4 })
    expect(lowered.last('b')).toEqual({ answer: 'deliver' })
  })

  it('Q9: lowered while a block is awaited flushes after it', () => {
    const { state } = run(start(), present('a', 1), { type: 'flush', now: 0 }, present('b', 6), trust(5))
    expect(names(state.block!.payments)).toEqual(['a'])
    const after = run(state, decide, trust(5))
    expect(after.state.block).toMatchObject({ number: 2, pending: false, tokens: 6 })
  })
})

describe('early checking', () => {
  it('Q11: sends the queue ahead at its share of W, and nobody waits', () => {
    const { state, last } = run(start(10, 4_500), present('a', 4), present('b', 1), present('c', 4))
    expect(['a', 'b', 'c'].map(last)).toEqual(Array.from({ length: 3 }, () => ({ answer: 'deliver' })))
    expect(names(state.block!.payments)).toEqual(['a', 'b'])
    expect(state.block).toMatchObject({ pending: false })
    // what was queued meanwhile has not reached the share
    expect(run(state, decide, trust()).state).toMatchObject({ block: undefined, queuedTokens: 4 })
    // and is sent where it has
    expect(run(state, decide, trust(8)).state.block).toMatchObject({ number: 2, pending: false, tokens: 4 })
  })

  it('Q11: counts what is in flight until the verdict, and then places what was held', () => {
    const { state, last } = run(start(10, 5_000), present('a', 5), present('b', 4), present('c', 1))
    expect(last('b')).toEqual({ answer: 'deliver' })
    expect(last('c')).toEqual({ answer: 'wait' })
    const after = run(state, decide, trust())
    expect(after.last('c')).toEqual({ answer: 'deliver' })
    expect(names(after.state.block!.payments)).toEqual(['b', 'c'])
    const large = run(start(10, 5_000), present('a', 5), present('b', 12), decide, trust())
    expect(large.last('b')).toEqual({ answer: 'wait', block: 2 })
    expect(large.state.block).toMatchObject({ pending: true, tokens: 12 })
  })
})

describe('a flush', () => {
  const flush: Event = { type: 'flush', now: 0 }

  it('Q6: sends the queue with nothing pending, and holds nobody', () => {
    const { state, last } = run(start(), present('a', 3), flush, present('b', 3))
    expect(state.block).toMatchObject({ pending: false })
    expect(last('b')).toEqual({ answer: 'deliver' })
    // Q3: but a second block waits for the first one, and for the W after it
    const more = run(state, present('c', 8), decide)
    expect(more.answers.c).toEqual([{ answer: 'wait' }])
    expect(run(more.state, present('d', 1)).last('d')).toEqual({ answer: 'wait' })
    const after = run(more.state, trust())
    expect(after.last('c')).toEqual({ answer: 'wait', block: 2 })
    expect(after.state.block).toMatchObject({ pending: true, number: 2 })
  })

  it('Q6: holds nobody below W either while W is to be known', () => {
    expect(run(start(), present('a', 3), flush, decide, present('b', 9)).last('b')).toEqual({ answer: 'deliver' })
  })

  it('Q6: waits for what is awaited, and goes through to the end', () => {
    const { state } = run(start(), present('a', 10), present('b', 2), flush)
    expect(state.isFlushing).toBe(true)
    const after = run(state, decide, trust())
    expect(names(after.state.block!.payments)).toEqual(['b'])
    const last = run(after.state, decide, trust())
    expect(last.state).toMatchObject({ isFlushing: false, block: undefined, queue: [], held: [] })
  })

  it('Q6: is nothing where nothing is open', () => {
    expect(run(start(), flush)).toMatchObject({ effects: [], state: { isFlushing: false } })
  })
})

describe('a refused block', () => {
  const refused: Event = { type: 'refused', refusal: 'certificate_dead', now: 0 }

  it('Q7: frees its number, rejects the pending payment, keeps the delivered ones, and takes nothing until a flush', () => {
    const { state, last, effects } = run(start(), present('a', 6), present('b', 4), present('c', 1), refused)
    expect(last('b')).toEqual({ answer: 'rejected', reason: 'block_refused' })
    expect(names(state.queue)).toEqual(['a'])
    expect(names(state.held)).toEqual(['c'])
    expect(effects.some(({ type }) => type === 'discard')).toBe(true)
    expect(run(state, present('d', 1)).last('d')).toEqual({ answer: 'rejected', reason: 'block_refused' })
    // W from elsewhere changes nothing of that
    expect(run(state, trust(3))).toMatchObject({ effects: [], state: { blockSize: 3, block: undefined } })
    const again = run(state, { type: 'flush', now: 0 })
    expect(again.last('c')).toEqual({ answer: 'deliver' })
    expect(again.state.block).toMatchObject({ number: 1, pending: false })
    expect(names(again.state.block!.payments)).toEqual(['a', 'c'])
  })
})

// --- properties over random histories ---------------------------------------------------------------------------------------------

type Move =
  | { readonly move: 'pay'; readonly tokens: number; readonly lifetime: number }
  | { readonly move: 'verdict'; readonly invalid: number }
  | { readonly move: 'trust'; readonly lower: number }
  | { readonly move: 'refuse' }
  | { readonly move: 'flush' }

const moves = fc.array(
  fc.oneof(
    {
      weight: 8,
      arbitrary: fc.record({
        move: fc.constant('pay' as const),
        tokens: fc.integer({ min: 1, max: 14 }),
        lifetime: fc.integer({ min: 1, max: 60 }),
      }),
    },
    { weight: 4, arbitrary: fc.record({ move: fc.constant('verdict' as const), invalid: fc.nat(7) }) },
    { weight: 4, arbitrary: fc.record({ move: fc.constant('trust' as const), lower: fc.nat(1) }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('refuse' as const) }) },
    { weight: 1, arbitrary: fc.record({ move: fc.constant('flush' as const) }) },
  ),
  { maxLength: 80 },
)

/** Plays a history; calls `look` after every step. */
function play(
  history: readonly Move[],
  look: (event: Event, before: State, after: State, effects: readonly Effect<string>[]) => void,
  shareBp?: number,
): State {
  let state = start(10, shareBp)
  history.forEach((move, now) => {
    let event: Event
    if (move.move === 'pay') event = present(`p${now}`, move.tokens, now, { deadline: now + move.lifetime })
    else if (move.move === 'flush') event = { type: 'flush', now }
    else if (move.move === 'trust') event = trust(Math.max(0, state.blockSize - move.lower), now)
    else if (!state.block) return
    else if (move.move === 'refuse') event = { type: 'refused', refusal: 'certificate_dead', now }
    else {
      const at = state.block.payments[move.invalid]
      event = decide(state, at ? [at.digest] : [], now)
    }
    const done = step(state, event)
    look(event, state, done.state, done.effects)
    state = done.state
  })
  return state
}

describe('in any history', () => {
  it('no payload is decided by two blocks, and none changes its final answer', () => {
    fc.assert(
      fc.property(moves, history => {
        const decidedBy = new Map<string, number>()
        const final = new Map<string, Answer>()
        play(history, (event, before, _after, effects) => {
          if (event.type === 'decided')
            for (const { digest } of before.block!.payments) {
              expect(decidedBy.has(digest)).toBe(false)
              decidedBy.set(digest, before.block!.number)
            }
          for (const effect of effects) {
            if (effect.type !== 'answer') continue
            expect(final.has(effect.digest)).toBe(false)
            if (effect.answer.answer !== 'wait') final.set(effect.digest, effect.answer)
          }
        })
      }),
    )
  })

  it('payments keep their order through queue, blocks and holding', () => {
    fc.assert(
      fc.property(moves, history => {
        const order: number[] = []
        play(history, (event, before, after) => {
          if (event.type === 'decided') order.push(...before.block!.payments.map(({ sequence }) => sequence))
          const open = [...(after.block?.payments ?? []), ...after.queue, ...after.held].map(({ sequence }) => sequence)
          const all = [...order, ...open]
          expect(all).toEqual([...all].sort((a, b) => a - b))
        })
      }),
    )
  })

  it('only a last payment is pending, and a block without it stays below W', () => {
    fc.assert(
      fc.property(moves, history => {
        play(history, (_event, before, after, effects) => {
          for (const effect of effects) {
            if (effect.type !== 'submit' || !effect.block.pending) continue
            expect(effect.block.tokens).toBe(tokensOf(effect.block.payments))
            expect(effect.block.tokens).toBeGreaterThanOrEqual(after.blockSize)
            expect(tokensOf(effect.block.payments.slice(0, -1))).toBeLessThan(after.blockSize)
          }
          expect(after.queuedTokens).toBe(tokensOf(after.queue))
          if (after.block?.pending && before.block === after.block) expect(after.queue).toEqual(before.queue)
        })
      }),
    )
  })

  it('nobody waits while what was delivered since the last verdict stays below W', () => {
    fc.assert(
      fc.property(moves, fc.option(fc.integer({ min: 1, max: 10_000 }), { nil: undefined }), (history, shareBp) => {
        play(
          history,
          (event, before, _after, effects) => {
            if (event.type !== 'present' || before.awaitsTrust?.pending || before.block?.pending) return
            const exposed = before.queuedTokens + (before.block?.tokens ?? 0) + event.facts.tokens
            if (before.held.length > 0 || exposed >= before.blockSize) return
            const [told] = effects.filter(effect => effect.type === 'answer')
            expect(told?.answer.answer).not.toBe('wait')
          },
          shareBp,
        )
      }),
    )
  })

  it('with early checking what is delivered and not verified stays below W', () => {
    fc.assert(
      fc.property(moves, fc.integer({ min: 1, max: 10_000 }), (history, shareBp) => {
        play(
          history.filter(({ move }) => move !== 'refuse'),
          (event, before, after) => {
            if (event.type !== 'present' || after.queuedTokens === before.queuedTokens) return
            const open = after.block?.pending ? 0 : (after.block?.tokens ?? 0)
            expect(after.queuedTokens + open).toBeLessThan(Math.max(1, before.blockSize))
          },
          shareBp,
        )
      }),
    )
  })

  it('numbers follow one another, and each block names the one before', () => {
    fc.assert(
      fc.property(moves, history => {
        play(history, (event, before, after, effects) => {
          for (const effect of effects)
            if (effect.type === 'submit') expect(effect.block.previous).toBe(after.last.digest)
          if (event.type === 'decided') expect(after.last.number).toBe(before.last.number + 1)
          if (after.block) expect(after.block.number).toBe(after.last.number + 1)
        })
      }),
    )
  })

  it('what is kept is what is open: the store can put the state together again after any step', () => {
    fc.assert(
      fc.property(moves, history => {
        const kept = new Map<string, number>()
        const answers = new Map<string, Answer>()
        play(history, (_event, _before, after, effects) => {
          for (const effect of effects) {
            if (effect.type === 'keep') kept.set(effect.payment.digest, effect.payment.sequence)
            else if (effect.type === 'drop') kept.delete(effect.payment.digest)
            else if (effect.type === 'answer') answers.set(effect.digest, effect.answer)
          }
          const open = [...kept].sort(([, a], [, b]) => a - b).map(([digest]) => digest)
          const inBlock = new Set(names(after.block?.payments ?? []))
          const outside = open.filter(digest => !inBlock.has(digest))
          expect(names(after.queue)).toEqual(outside.filter(digest => answers.get(digest)?.answer === 'deliver'))
          expect(names(after.held)).toEqual(outside.filter(digest => answers.get(digest)?.answer === 'wait'))
          expect(open.filter(digest => inBlock.has(digest))).toEqual(names(after.block?.payments ?? []))
        })
      }),
    )
  })

  it('after a flush and the verdicts nothing is open', () => {
    fc.assert(
      fc.property(moves, history => {
        let state = play(history, () => {})
        state = step(state, { type: 'flush', now: 1_000 }).state
        for (let i = 0; state.block || state.awaitsTrust; i++) {
          expect(i).toBeLessThan(100)
          if (state.block) state = step(state, decide(state, [], 1_000)).state
          state = step(state, trust(state.blockSize, 1_000)).state
        }
        expect(state).toMatchObject({ queue: [], held: [], isFlushing: false })
      }),
    )
  })
})
