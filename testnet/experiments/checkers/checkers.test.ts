// A checker counts only if it can fail: a history in which everything holds, and for each rule what spoils it.
import { describe, expect, test } from 'vitest'
import { MupibError } from '../../../proto/errors.ts'
import type { HistoryEvent, Run, Seen } from '../history.ts'
import type { InvariantId } from '../manifest.ts'
import { plausibleRun } from '../testing.ts'
import { check } from './index.ts'
import { sameTrace } from './trace.ts'

const good = plausibleRun()

type Of<Type extends Seen['type']> = Extract<HistoryEvent, { readonly type: Type }>

/** Changes the first event of a type that fits. */
function change<Type extends Seen['type']>(
  type: Type,
  fits: (event: Of<Type>) => boolean,
  to: (event: Of<Type>) => Partial<Of<Type>>,
): (history: readonly HistoryEvent[]) => HistoryEvent[] {
  return history => {
    const at = history.findIndex(event => event.type === type && fits(event as Of<Type>))
    if (at < 0) throw new MupibError('bug', `no ${type} to change`)
    return history.with(at, { ...history[at]!, ...to(history[at] as Of<Type>) } as HistoryEvent)
  }
}

const add =
  (at: number, seen: Seen) =>
  (history: readonly HistoryEvent[]): HistoryEvent[] =>
    [...history, { at, ...seen }].sort((a, b) => a.at - b.at)

const without =
  (drop: (event: HistoryEvent) => boolean) =>
  (history: readonly HistoryEvent[]): HistoryEvent[] =>
    history.filter(event => !drop(event))

/** Everything that is decided after a moment comes so much later. */
const later =
  (from: number, byMs: number) =>
  (history: readonly HistoryEvent[]): HistoryEvent[] =>
    history
      .map(event =>
        event.at > from && ['final', 'return'].includes(event.type) ? { ...event, at: event.at + byMs } : event,
      )
      .sort((a, b) => a.at - b.at)

const find = <Type extends Seen['type']>(type: Type, fits: (event: Of<Type>) => boolean = () => true): Of<Type> =>
  good.history.find(event => event.type === type && fits(event as Of<Type>)) as Of<Type>

const vote = (node: string, view: number, kind: Of<'signed'>['kind'], digest = 'aa', outcome = 'bb'): Seen => ({
  type: 'signed',
  node,
  view,
  kind,
  digest,
  outcome,
})

const final40 = (event: Of<'final'>): boolean => event.node === 'v2' && event.height === 40
const spent = find('return', ({ tokens }) => tokens.some(({ verdict }) => verdict === '11'))
const spentToken = spent.tokens.find(({ verdict }) => verdict === '11')!
const isSpend = ({ call }: Of<'return'>): boolean => call === spent.call
const acknowledged = find('acknowledged')
const money = find('money').money
const record = find('record', ({ kind }) => kind === 'tokenBlock')
const isRecord = ({ digest }: Of<'record'>): boolean => digest === record.digest
/** Another record that is told to have done to the token of `spent` what the verdict says. */
const again = (verdict: '11' | '10' | '00' | '01', more: Partial<Of<'return'>['tokens'][number]> = {}) => {
  const tokens = [{ serial: spentToken.serial, payload: 'other', verdict, ...more }]
  const asked = [{ serial: spentToken.serial, payload: 'other' }]
  const invoke: Seen = {
    type: 'invoke',
    call: 9_001,
    client: 'auditor',
    record: 'ff',
    kind: 'tokenBlock',
    tokens: asked,
  }
  const told: Seen = { type: 'return', call: 9_001, result: 'ok', code: undefined, height: 60, tokens }
  return (history: readonly HistoryEvent[]): HistoryEvent[] => add(18_500, told)(add(18_400, invoke)(history))
}
const repeat = (result: Of<'return'>['result'], height = spent.height) => {
  const { client, record, kind, tokens } = find('invoke', ({ call }) => call === spent.call)
  const invoke: Seen = { type: 'invoke', call: 9_002, client, record, kind, tokens }
  const told: Seen = {
    type: 'return',
    call: 9_002,
    result,
    code: 'x',
    height,
    tokens: result === 'ok' ? spent.tokens : [],
  }
  return (history: readonly HistoryEvent[]): HistoryEvent[] => add(18_500, told)(add(18_400, invoke)(history))
}
const damaged = (found: Of<'damage'>['found']): Seen => ({ type: 'damage', node: 'v1', file: 'x', found, text: 'y' })
const wipe: Seen = { type: 'fault', fault: 9, action: 'wipe', edge: 'begins', nodes: ['v1'], text: '' }
const sample = (more: Partial<Of<'sample'>>): Seen => ({
  type: 'sample',
  node: 'v1',
  height: 1,
  view: 1,
  state: 'voting',
  rssBytes: undefined,
  descriptors: undefined,
  pending: undefined,
  ...more,
})

type Spoil = (history: readonly HistoryEvent[]) => HistoryEvent[]

const spoiled: readonly (readonly [InvariantId, string, Spoil])[] = [
  ['I1', 'another block at a height', change('final', final40, () => ({ digest: 'ff' }))],
  ['I1', 'a block that continues another', change('final', final40, () => ({ parent: 'ff' }))],
  ['I1', 'a node that goes back on a block', add(19_000, { ...find('final', final40), digest: 'ff' })],
  ['I2', 'a token told to be consumed by two records', again('11')],
  [
    'I2',
    'a token twice in one record',
    change('return', isSpend, ({ tokens }) => ({ tokens: [...tokens, spentToken] })),
  ],
  ['I2', 'two records that nodes have consume a token', add(18_000, { ...record, digest: 'ff' })],
  [
    'I2',
    'a token that nodes do not have consumed',
    change(
      'record',
      ({ consumed }) => consumed?.includes(spentToken.serial) === true,
      () => ({ consumed: [] }),
    ),
  ],
  [
    'I3',
    'a node that answers otherwise',
    change(
      'read',
      ({ record }) => record === acknowledged.record,
      () => ({ answer: 'ff' }),
    ),
  ],
  [
    'I3',
    'a node that lost a record',
    change(
      'read',
      ({ record }) => record === acknowledged.record,
      () => ({ answer: undefined }),
    ),
  ],
  ['I3', 'a node that was never read', without(event => event.type === 'read' && event.node === 'v4')],
  ['I3', 'two answers to one record', add(19_000, { ...acknowledged, client: 'auditor-2', answer: 'ff' })],
  [
    'I4',
    'a store with other content',
    change(
      'store',
      ({ node }) => node === 'v2',
      () => ({ content: 'ff' }),
    ),
  ],
  [
    'I4',
    'a damaged store',
    change(
      'store',
      ({ node }) => node === 'v2',
      () => ({ check: 'damaged' }),
    ),
  ],
  ['I5', 'another state after a block', change('final', final40, () => ({ stateRoot: 'ff' }))],
  ['I5', 'other verdicts of a block', change('final', final40, () => ({ verdictRoot: 'ff' }))],
  [
    'I5',
    'another state in the store',
    change(
      'store',
      ({ node }) => node === 'v3',
      () => ({ stateRoot: 'ff' }),
    ),
  ],
  [
    'I6',
    'a token that is nowhere',
    change(
      'money',
      () => true,
      () => ({ money: { ...money, held: money.held - 1 } }),
    ),
  ],
  [
    'I6',
    'books that do not balance',
    change(
      'money',
      () => true,
      () => ({ money: { ...money, books: [{ name: 'a', left: '1', right: '2' }] } }),
    ),
  ],
  [
    'I7',
    'two Notarize in a view',
    history => add(19_500, vote('v1', 999, 'notarize', 'cc'))(add(19_400, vote('v1', 999, 'notarize'))(history)),
  ],
  [
    'I7',
    'two outcomes for one block',
    history => add(19_500, vote('v1', 999, 'finalize', 'aa', 'cc'))(add(19_400, vote('v1', 999, 'finalize'))(history)),
  ],
  [
    'I7',
    'two proposals',
    history => add(19_500, vote('v1', 999, 'proposal', 'cc'))(add(19_400, vote('v1', 999, 'proposal'))(history)),
  ],
  [
    'I7',
    'Nullify and then Finalize',
    history => add(19_500, vote('v1', 999, 'finalize'))(add(19_400, vote('v1', 999, 'nullify', '', ''))(history)),
  ],
  [
    'I7',
    'Finalize and then Nullify',
    history => add(19_500, vote('v1', 999, 'nullify', '', ''))(add(19_400, vote('v1', 999, 'finalize'))(history)),
  ],
  ['I7', 'evidence against an honest node', add(19_000, { type: 'accused', node: 'v1', by: 'v2' })],
  [
    'I7',
    'a wiped node that votes as if nothing were',
    history => add(19_500, vote('v1', 999, 'notarize'))(add(19_400, wipe)(history)),
  ],
  ['I8', 'a signer with another role', change('record', isRecord, () => ({ role: 'vendor' }))],
  ['I8', 'a signer whose right had ended', change('record', isRecord, ({ height }) => ({ revokedAt: height - 1 }))],
  [
    'I8',
    'a record at another height than in the chain',
    change('record', isRecord, ({ height }) => ({ height: height + 1 })),
  ],
  ['I9', 'a verdict that comes too late', later(15_000, 3_000)],
  [
    'I9',
    'no verdict soon after a parting in the middle of the run',
    // what began before the verdict would be the reason
    without(({ at, type }) => at > 8_200 && at < 12_000 && ['final', 'return', 'fault'].includes(type)),
  ],
  ['I9', 'no verdict any more', without(event => event.at > 15_000 && ['final', 'return'].includes(event.type))],
  [
    'I9',
    'a node that stays behind',
    without(event => event.at > 14_000 && (event.type === 'final' || event.type === 'store') && event.node === 'v4'),
  ],
  ['I10', 'damage that was served', add(9_000, damaged('served'))],
  ['I11', 'another answer to the same record', repeat('ok', 99)],
  ['I11', 'a refusal of what was decided', repeat('refused')],
  [
    'I11',
    'a record in two blocks',
    change(
      'final',
      ({ height }) => height === 50,
      ({ records }) => ({ records: [...records, record.digest] }),
    ),
  ],
  ['I12', 'memory that grows', add(13_000, sample({ rssBytes: 2 ** 31 }))],
  ['I12', 'descriptors that grow', add(13_000, sample({ descriptors: 5_000 }))],
  ['I12', 'a queue that grows', add(13_000, sample({ pending: 100_000 }))],
  ['L1', 'a token consumed once more', again('11')],
  ['L1', 'a consumed token that was not published', again('00', { reason: 'unpublished' })],
  ['L1', '00 without a reason', again('00')],
  ['L1', 'a payment said to be decided, which nobody handed in', again('00', { reason: 'payload_decided' })],
  ['L1', 'a first use that is not the one', again('10', { firstUse: 'ee' })],
  [
    'L1',
    'a duplicate before anybody spent it',
    change('return', isSpend, ({ tokens }) => ({
      tokens: tokens.map(token =>
        token === spentToken ? { ...token, verdict: '10' as const, reason: 'duplicate' as const } : token,
      ),
    })),
  ],
]

const named = (name: string): string => find('session', ({ client }) => client === name).session
const [jointSession, oldSession] = [named('client-1'), named('client-2')]
const ofSession =
  (session: string) =>
  (event: { readonly session: string }): boolean =>
    event.session === session
const ofParty =
  (party: string) =>
  (event: Of<'account'>): boolean =>
    event.party === party

/** What spoils the sessions, by the rules that it breaks. */
const unfair: readonly (readonly [readonly InvariantId[], string, Spoil])[] = [
  [
    ['I6'],
    'escrow for other payments',
    change('escrow', ofSession(jointSession), () => ({ escrowed: '95', paid: '95' })),
  ],
  [['I6'], 'an escrow that leaked', change('escrow', ofSession(oldSession), () => ({ returned: '45' }))],
  [
    ['I6'],
    'a payout that the ledger did not certify',
    change('standing', ofSession(oldSession), () => ({ paid: '55', returned: '45' })),
  ],
  [['I6'], 'a settlement at another index', change('standing', ofSession(oldSession), () => ({ index: 11 }))],
  [
    ['I6'],
    'a dishonest client that has a unit more',
    change('account', ofParty('client-2'), () => ({ balance: '955' })),
  ],
  [
    ['I6', 'F1'],
    'a till that has less than it was paid',
    change('account', ofParty('till'), () => ({ balance: '135' })),
  ],
  [
    ['F1'],
    'a client that paid for two units which did not arrive',
    change('service', ofSession(jointSession), () => ({ arrived: 18 })),
  ],
  [
    ['F1'],
    'a till that delivered two units for nothing',
    change('service', ofSession(oldSession), () => ({ delivered: 12 })),
  ],
  [
    ['F1'],
    'a till that delivered before there was an escrow',
    history =>
      without(event => (event.type === 'escrow' || event.type === 'standing') && event.session === oldSession)(
        change('account', ofParty('client-2'), () => ({ balance: '1000' }))(
          change('account', ofParty('till'), () => ({ balance: '100' }))(history),
        ),
      ),
  ],
  [
    ['I6', 'F1'],
    'an escrow that never comes back',
    change('escrow', ofSession(jointSession), () => ({ paid: '0', returned: '0', held: '200' })),
  ],
]

/** Changes that break nothing. */
const harmless: readonly (readonly [string, Spoil])[] = [
  [
    'a unit that an honest till delivered and was not paid for',
    change('service', ofSession(oldSession), () => ({ delivered: 11 })),
  ],
  ['whatever a dishonest client lost', change('service', ofSession(oldSession), () => ({ arrived: 0 }))],
  [
    'a duplicate, with its first use',
    again('10', { firstUse: find('invoke', ({ call }) => call === spent.call).record }),
  ],
  ['an altered copy of a consumed token', again('01', { reason: 'altered' })],
  ['an expired copy', again('00', { reason: 'expired' })],
  ['the same record handed in again', repeat('ok')],
  ['a repeated call without an answer', repeat('unknown')],
  ['a damage that was found', add(9_000, damaged('at start'))],
  [
    'a wiped node that was mute before it votes',
    history =>
      [
        add(19_700, wipe),
        add(19_800, { type: 'life', node: 'v1', state: 'mute', code: undefined }),
        add(19_900, vote('v1', 999, 'notarize')),
      ].reduce((soFar, next) => next(soFar), [...history]),
  ],
  [
    'a vote sent again as it was stored',
    history => add(19_500, vote('v1', 999, 'notarize'))(add(19_400, vote('v1', 999, 'notarize'))(history)),
  ],
  [
    'Notarize and then Nullify',
    history => add(19_500, vote('v1', 999, 'nullify', '', ''))(add(19_400, vote('v1', 999, 'notarize'))(history)),
  ],
  [
    'anything that the adversary says',
    history =>
      [
        add(9_000, vote('v7', 5, 'finalize', 'cc')),
        add(9_001, vote('v7', 5, 'finalize', 'dd')),
        add(9_002, { ...find('final', final40), node: 'v7', digest: 'ff' }),
        add(9_003, { type: 'accused', node: 'v7', by: 'v1' }),
      ].reduce((soFar, next) => next(soFar), [...history]),
  ],
  [
    'a record refused after its signer was revoked',
    change('record', isRecord, ({ height }) => ({ revokedAt: height - 1, refusal: 'certificate_dead', consumed: [] })),
  ],
]

const brokenIn = (run: Run): InvariantId[] =>
  check(run)
    .filter(({ verdict }) => verdict === 'broken')
    .map(({ invariant }) => invariant)

describe('the checkers', () => {
  test('find nothing in a good history, and each was put to the test', () => {
    const findings = check(good)
    expect(findings.map(({ invariant, verdict }) => `${invariant} ${verdict}`)).toEqual(
      ['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10', 'I11', 'I12', 'L1', 'F1'].map(id => `${id} holds`),
    )
    for (const { checked, evidence } of findings) {
      expect(checked).toBeGreaterThan(0)
      expect(evidence.length).toBeGreaterThan(0)
    }
  })

  test.each(spoiled)('%s reports %s', (invariant, _what, spoil) => {
    expect(brokenIn({ ...good, history: spoil(good.history) })).toContain(invariant)
  })

  test.each(unfair)('%s: %s', (invariants, _what, spoil) => {
    expect(brokenIn({ ...good, history: spoil(good.history) })).toEqual(invariants)
  })

  test.each(harmless)('take %s', (_what, spoil) => {
    expect(brokenIn({ ...good, history: spoil(good.history) })).toEqual([])
  })

  test('are idle where nothing put them to the test', () => {
    expect(new Set(check({ ...good, history: [] }).map(({ verdict }) => verdict))).toEqual(new Set(['idle']))
  })

  test('report a split of lying validators beyond f', () => {
    const split = change('final', final40, () => ({ digest: 'ff', stateRoot: 'ee' }))(good.history)
    expect(brokenIn({ ...good, adversaries: ['v5', 'v6', 'v7'], history: split })).toEqual(['I1', 'I5'])
  })

  test('let lost nodes stay behind, and ask for no verdict without a quorum', () => {
    const behind = without(event => event.at > 14_000 && 'node' in event && event.node === 'v4')(good.history)
    expect(brokenIn({ ...good, lost: ['v4'], history: behind })).toEqual([])
    const silent = without(event => event.at > 15_000 && ['final', 'return'].includes(event.type))(good.history)
    const i9 = check({ ...good, lost: ['v3', 'v4', 'v5'], history: silent }).find(({ invariant }) => invariant === 'I9')
    expect(i9?.verdict).toBe('idle')
  })

  test('tell the first few violations and count the rest', () => {
    const history = good.history.map(event =>
      event.type === 'final' && event.node === 'v1' ? { ...event, stateRoot: `${event.height}` } : event,
    )
    const { evidence } = check({ ...good, history }).find(({ invariant }) => invariant === 'I5')!
    expect(evidence).toHaveLength(6)
    expect(evidence.at(-1)).toMatch(/^and \d+ more$/)
  })
})

describe('the trace', () => {
  test('is the same for the same seed', () => {
    expect(sameTrace(['a', undefined]).verdict).toBe('idle')
    expect(sameTrace(['a', 'a']).verdict).toBe('holds')
    expect(sameTrace(['a', 'b']).verdict).toBe('broken')
  })
})
