// L1 against a search that tries every order, and against histories that a ledger in the small produced.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { HistoryEvent, Run, TokenSpent } from '../history.ts'
import { isLinearizable, spendsLinearizable } from './linearizability.ts'
import type { Operation } from './token-model.ts'

type Answer = Operation['answers'][number]

/** The reference's token, told apart from the checker's on purpose: what the ledger's rows would hold. */
interface Row {
  published: boolean
  usedBy: string | undefined
}

/** Whether the answers of one record are what a ledger gives on this row; changes it. */
function answersFit(row: Row, record: string, answers: readonly Answer[]): boolean {
  let released = false
  const before = row.usedBy
  for (const { verdict, reason, use, firstUse } of answers) {
    if (!row.published) {
      if (verdict !== '00' || !['unpublished', 'payload_decided', undefined].includes(reason)) return false
    } else if (verdict === '11') {
      if (row.usedBy !== undefined) return false
      row.usedBy = record
      released = use === 'released'
    } else if (verdict === '10') {
      if (row.usedBy === undefined) return false
      if (firstUse !== undefined && firstUse !== row.usedBy) return false
      const isOwn = before === undefined
      if ((reason === 'repeated_in_block' && !isOwn) || (reason === 'duplicate' && isOwn)) return false
    } else if (verdict === '00' && !['expired', 'payload_decided'].includes(reason ?? '')) return false
  }
  if (released) row.usedBy = undefined
  return true
}

/** Tries every order of all decided and any unknown operations. */
function someOrderFits(left: readonly Operation[], row: Row): boolean {
  if (left.every(({ isDecided }) => !isDecided)) return true
  return left.some((next, at) => {
    const rest = left.toSpliced(at, 1)
    if (rest.some(({ isDecided, toMs }) => isDecided && toMs < next.fromMs)) return false
    const after = { ...row }
    if (next.kind === 'publish') {
      if (after.published) return false
      after.published = true
    } else if (!next.isDecided) {
      if (!after.published || after.usedBy !== undefined) return false
      after.usedBy = next.record
    } else if (!answersFit(after, next.record, next.answers)) return false
    return someOrderFits(rest, after)
  })
}

const answer = fc.record({
  payload: fc.constantFrom('p', 'q'),
  verdict: fc.constantFrom('11', '11', '10', '00', '01' as const),
  reason: fc.constant(undefined),
  use: fc.constantFrom('consumed', 'consumed', 'released', undefined),
  firstUse: fc.constantFrom(undefined, undefined, 'r0', 'r1', 'r2'),
}) as fc.Arbitrary<Answer>

const timed = fc.record({
  kind: fc.constantFrom('publish', 'spend', 'spend', 'spend' as const),
  fromMs: fc.nat(6),
  lastsMs: fc.nat(4),
  isDecided: fc.boolean(),
  answers: fc.array(answer, { minLength: 1, maxLength: 2 }),
})

const operationsOf = (
  drawn: readonly { kind: string; fromMs: number; lastsMs: number; isDecided: boolean; answers: Answer[] }[],
) =>
  drawn.map(
    ({ kind, fromMs, lastsMs, isDecided, answers }, at): Operation => ({
      record: `r${at}`,
      kind: kind as Operation['kind'],
      fromMs,
      toMs: isDecided ? fromMs + lastsMs : Infinity,
      isDecided,
      answers,
    }),
  )

describe('the search', () => {
  test('agrees with one that tries every order', () => {
    const seen = { yes: 0, no: 0 }
    fc.assert(
      fc.property(fc.array(timed, { maxLength: 5 }), drawn => {
        const operations = operationsOf(drawn)
        const expected = someOrderFits(operations, { published: false, usedBy: undefined })
        seen[expected ? 'yes' : 'no'] += 1
        expect(isLinearizable(operations)).toBe(expected)
      }),
      { numRuns: 3_000, seed: 11 },
    )
    expect(Math.min(seen.yes, seen.no)).toBeGreaterThan(300)
  })

  test('accepts whatever a ledger answers that decides each record once, within its time', () => {
    fc.assert(
      fc.property(fc.array(timed, { minLength: 2, maxLength: 12 }), drawn => {
        const row: Row = { published: false, usedBy: undefined }
        const points = drawn
          .map(({ fromMs, lastsMs }, at) => ({ at, ms: fromMs + lastsMs / 2 }))
          .sort((a, b) => a.ms - b.ms)
        const operations = operationsOf(drawn.map(one => ({ ...one, isDecided: true })))
        const made = points.flatMap(({ at }): Operation[] => {
          const operation = operations[at]!
          if (operation.kind === 'publish') {
            if (row.published) return []
            row.published = true
            return [operation]
          }
          const verdict = !row.published ? '00' : row.usedBy === undefined ? '11' : '10'
          const { use } = operation.answers[0]!
          const given = {
            payload: 'p',
            verdict,
            use: verdict === '11' ? use : undefined,
            firstUse: row.usedBy,
          } as const
          if (verdict === '11' && use !== 'released') row.usedBy = operation.record
          return [
            {
              ...operation,
              answers: [given],
              isDecided: drawn[at]!.isDecided,
              toMs: drawn[at]!.isDecided ? operation.toMs : Infinity,
            },
          ]
        })
        expect(isLinearizable(made)).toBe(true)
      }),
      { numRuns: 1_000, seed: 12 },
    )
  })
})

let call = 0
/** A record that is handed in and, unless `tokens` is undefined, answered. */
function handedIn(
  kind: 'publication' | 'tokenBlock' | 'return',
  record: string,
  fromMs: number,
  toMs: number | undefined,
  tokens: readonly TokenSpent[],
): HistoryEvent[] {
  call += 1
  const asked = tokens.map(({ serial, payload }) => ({ serial, payload }))
  const invoke: HistoryEvent = { at: fromMs, type: 'invoke', call, client: 'c', record, kind, tokens: asked }
  if (toMs === undefined) return [invoke]
  return [invoke, { at: toMs, type: 'return', call, result: 'ok', code: undefined, height: 1, tokens }]
}

const token = (verdict: TokenSpent['verdict'], more: Partial<TokenSpent> = {}): TokenSpent => ({
  serial: 's',
  payload: 'p',
  verdict,
  ...more,
})
const published = handedIn('publication', 'pub', 0, 1, [token(undefined)])

function verdictOn(...events: readonly HistoryEvent[][]): string {
  const history = events.flat().sort((a, b) => a.at - b.at)
  const run: Run = {
    engine: 'simulated',
    validators: ['v1'],
    adversaries: [],
    lost: [],
    timeoutMs: 1,
    redialCapMs: 1,
    history,
  }
  return spendsLinearizable(run).verdict
}

describe('a token', () => {
  const spend = (record: string, fromMs: number, toMs: number | undefined, ...tokens: TokenSpent[]): HistoryEvent[] =>
    handedIn('tokenBlock', record, fromMs, toMs, tokens)

  test.each<readonly [string, string, HistoryEvent[][]]>([
    ['spent once', 'holds', [published, spend('a', 2, 3, token('11'))]],
    [
      'spent before it was published',
      'broken',
      [handedIn('publication', 'pub', 4, 5, [token(undefined)]), spend('a', 2, 3, token('11'))],
    ],
    [
      'spent while it was published',
      'holds',
      [handedIn('publication', 'pub', 2, 5, [token(undefined)]), spend('a', 2, 3, token('11'))],
    ],
    ['published by nobody who was watched', 'holds', [spend('a', 2, 3, token('00')), spend('b', 4, 5, token('11'))]],
    ['published twice', 'broken', [published, handedIn('publication', 'pub2', 2, 3, [token(undefined)])]],
    [
      'taken by two at once, one first',
      'holds',
      [published, spend('a', 2, 5, token('10')), spend('b', 3, 4, token('11'))],
    ],
    [
      'duplicate before its first use',
      'broken',
      [published, spend('a', 2, 3, token('10')), spend('b', 4, 5, token('11'))],
    ],
    [
      'duplicate of a spend without an answer',
      'holds',
      [published, spend('a', 2, undefined, token(undefined)), spend('b', 4, 5, token('10', { firstUse: 'a' }))],
    ],
    [
      'live after a spend without an answer, and then not',
      'holds',
      [
        published,
        spend('a', 2, undefined, token(undefined)),
        spend('b', 4, 5, token('11', { use: 'released' })),
        spend('c', 6, 7, token('10', { firstUse: 'a' })),
      ],
    ],
    ['duplicate of nothing', 'broken', [published, spend('b', 4, 5, token('10'))]],
    [
      'taken back, then spent',
      'holds',
      [published, handedIn('return', 'ret', 2, 3, [token('11')]), spend('b', 4, 5, token('10', { firstUse: 'ret' }))],
    ],
    [
      'taken back and spent',
      'broken',
      [published, handedIn('return', 'ret', 2, 5, [token('11')]), spend('b', 2, 5, token('11', { payload: 'q' }))],
    ],
    [
      'released, then spent',
      'holds',
      [published, spend('a', 2, 3, token('11', { use: 'released' })), spend('b', 4, 5, token('11'))],
    ],
    [
      'twice in one block',
      'holds',
      [published, spend('a', 2, 3, token('11'), token('10', { payload: 'q', reason: 'repeated_in_block' }))],
    ],
    [
      'in the same payment again, by another record',
      'holds',
      [published, spend('a', 2, 3, token('11')), spend('b', 4, 5, token('10', { firstUse: 'a' }))],
    ],
    [
      'in a payment that was decided in part before',
      'holds',
      [
        published,
        spend('a', 2, 3, token('11'), token('01', { serial: 't' })),
        spend('b', 4, 5, token('00', { reason: 'payload_decided' })),
      ],
    ],
    [
      'in a payment that is decided in part later',
      'broken',
      [
        published,
        spend('a', 6, 7, token('11'), token('01', { serial: 't' })),
        spend('b', 4, 5, token('00', { reason: 'payload_decided' })),
      ],
    ],
  ])('%s: %s', (_what, expected, events) => {
    expect(verdictOn(...events)).toBe(expected)
  })

  test('that is handed in again is one operation, from the first call on', () => {
    const repeated = spend('a', 9, 10, token('11'))
    expect(
      verdictOn(
        published,
        spend('a', 2, undefined, token(undefined)),
        spend('b', 4, 5, token('10', { firstUse: 'a' })),
        repeated,
      ),
    ).toBe('holds')
    expect(verdictOn(published, spend('b', 4, 5, token('10', { firstUse: 'a' })), repeated)).toBe('broken')
  })

  test('that two hundred calls ask for without an answer is searched in no time', () => {
    const unanswered = Array.from({ length: 200 }, (_, at) => spend(`u${at}`, 2, undefined, token(undefined)))
    expect(verdictOn(published, ...unanswered, spend('a', 3, 4, token('10')), spend('b', 5, 6, token('10')))).toBe(
      'holds',
    )
    expect(verdictOn(published, ...unanswered, spend('a', 3, 4, token('10')), spend('b', 5, 6, token('11')))).toBe(
      'broken',
    )
  })

  test('that hundreds are told is a duplicate at once is searched in no time', () => {
    const told = Array.from({ length: 300 }, (_, at) => spend(`d${at}`, 2, 9, token('10')))
    expect(verdictOn(published, ...told, spend('a', 2, 9, token('11')))).toBe('holds')
    expect(
      verdictOn(published, ...told, spend('a', 2, 9, token('11')), spend('b', 2, 9, token('00', { payload: 'q' }))),
    ).toBe('broken')
  })
})
