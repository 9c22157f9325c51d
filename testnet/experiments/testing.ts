// A plausible history for tests of checkers and reports: seven validators under load while one is killed, one cut off, one paused and one wiped, the
// network splits and heals, and one validator equivocates. Everything in it holds; tests spoil it.
import { createHash } from 'node:crypto'
import type { Verdict } from '../../proto/verdict.ts'
import { SeededRandom } from '../random.ts'
import type { EngineRun } from './engine.ts'
import type { HistoryEvent, Run, Seen, TokenSpent } from './history.ts'
import { type Manifest, manifestSchema } from './manifest.ts'

const validators = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6', 'v7']
const honest = validators.slice(0, 6)
const auditors = ['auditor', 'auditor-2']
const phases = { warmUp: 0, faults: 2_500, healed: 15_000, settled: 19_000, ends: 20_000 }
const timeoutMs = 500

const digestOf = (...parts: readonly unknown[]): string => createHash('sha256').update(parts.join(' ')).digest('hex')

/** When a node is away from the chain. */
const away: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  v2: [[4_000, 7_200]],
  v3: [[5_200, 8_400]],
  v5: [[8_800, 10_400]],
}
/** Nothing can be decided: the network is split without a quorum on either side. */
const splitMs = [11_600, 15_000] as const

const isAway = (node: string, at: number): boolean => (away[node] ?? []).some(([from, to]) => at >= from && at < to)

export const plausibleManifest: Manifest = manifestSchema.parse({
  name: 'rough-afternoon',
  title: 'A rough afternoon: crash, isolation, a split without quorum, a wiped disk',
  about:
    'Seven validators, one of which votes twice, keep deciding while one of the others is killed and another cut off. Then the network splits so that neither side has a quorum: nothing may be decided, and nothing lost. What is to be learnt: how long users wait, and how soon the ledger goes on after the split.',
  network: { validators: 7, auditors: 2, timeout: '500ms', byzantine: { v7: 'equivocating-voter' } },
  load: { users: 12, rate: 40, cheats: { doubleSpend: 0.05, altered: 0.03, forged: 0.02 } },
  phases: { warmUp: '2500ms', faults: '12500ms', settle: '4s' },
  faults: [
    { at: '1500ms', for: '3s', kill: { nodes: 'v2' } },
    { at: '2700ms', for: '3s', isolate: { nodes: 'v3' } },
    { at: '6300ms', for: '1s', wipe: { nodes: 'v5' } },
    { at: '6500ms', for: '2500ms', flood: { by: 'user', perSecond: 400 } },
    { at: '8s', clockJump: { nodes: 'v4', by: '+30s' } },
    {
      at: '9100ms',
      for: '3400ms',
      partition: {
        groups: [
          ['v1', 'v2', 'v3'],
          ['v4', 'v5', 'v6', 'v7'],
        ],
      },
    },
  ],
  expect: { delivered: 100, stalls: true, recoversIn: '4s', verdicts: { '11': 100 } },
})

/** Writes the history down as it happens. */
class Writer {
  readonly random: SeededRandom
  readonly history: HistoryEvent[] = []
  readonly chain: Extract<Seen, { type: 'final' }>[] = []
  readonly answers = new Map<string, string>()
  #call = 0
  #serial = 0
  readonly #consumed: { readonly serial: string; readonly record: string }[] = []

  constructor(seed: number) {
    this.random = new SeededRandom(seed)
  }

  add(at: number, seen: Seen): void {
    this.history.push({ at: Math.round(at), ...seen })
  }

  /** A batch of tokens that the bank publishes. */
  #publish(at: number, latencyMs: number): string {
    const record = digestOf('publication', at)
    const call = ++this.#call
    const tokens = Array.from({ length: 40 }, (_, index) => ({ serial: `bank-${at}-${index}`, payload: '' }))
    this.add(at - latencyMs, { type: 'invoke', call, client: 'bank', record, kind: 'publication', tokens })
    const returned = tokens.map(token => ({ ...token, verdict: undefined }))
    this.add(at, {
      type: 'return',
      call,
      result: 'ok',
      code: undefined,
      height: this.chain.length + 1,
      tokens: returned,
    })
    this.#serial = 0
    return record
  }

  #tokens(batch: number): TokenSpent[] {
    const { random } = this
    return Array.from({ length: random.integer(1, 6) }, (): TokenSpent => {
      const payload = digestOf('payment', this.#call, this.#serial)
      const chance = random.fraction()
      if (chance < 0.05 && this.#consumed.length > 0) {
        const { serial, record } = random.pick(this.#consumed)
        return { serial, payload, verdict: '10', reason: 'duplicate', firstUse: record }
      }
      const serial = `bank-${batch}-${this.#serial % 40}`
      if (chance < 0.08) return { serial, payload, verdict: '01', reason: 'altered' }
      if (chance < 0.1) return { serial: `bank-${batch}-9${this.#call}`, payload, verdict: '00', reason: 'unpublished' }
      this.#serial += 1
      return { serial, payload, verdict: '11', reason: 'valid', use: 'consumed' }
    })
  }

  /** One auditor's block of tokens, decided at `at`; some calls time out and are repeated. */
  #spend(at: number, height: number, batch: number, latencyMs: number): { record: string; tokens: TokenSpent[] } {
    const client = this.random.pick(auditors)
    const tokens = this.#tokens(batch)
    const record = digestOf('block', ++this.#call, at)
    const asked = tokens.map(({ serial, payload }) => ({ serial, payload }))
    const invoke = (from: number): void =>
      this.add(from, { type: 'invoke', call: this.#call, client, record, kind: 'tokenBlock', tokens: asked })
    invoke(at - latencyMs)
    if (latencyMs > 1_000) {
      this.add(at - 400, {
        type: 'return',
        call: this.#call,
        result: 'unknown',
        code: 'timeout',
        height: undefined,
        tokens: [],
      })
      this.#call += 1
      invoke(at - 390)
    }
    const told = at + this.random.integer(3, 12)
    this.add(told, { type: 'return', call: this.#call, result: 'ok', code: undefined, height, tokens })
    this.answers.set(record, digestOf('answer', record))
    this.add(told, { type: 'acknowledged', client, record, answer: this.answers.get(record)! })
    for (const { serial, verdict } of tokens) if (verdict === '11') this.#consumed.push({ serial, record })
    return { record, tokens }
  }

  /** One final block. */
  decide(at: number, view: number, waitedMs: number): void {
    const height = this.chain.length + 1
    const latencyMs = waitedMs + this.random.integer(60, 170)
    const records: string[] = []
    const verdicts: Record<Verdict, number> = { '11': 0, '01': 0, '10': 0, '00': 0 }
    const batch = Math.floor((height - 1) / 4) * 4 + 1
    const seenRecord = (
      digest: string,
      kind: string,
      signer: string,
      role: string,
      tokens: readonly TokenSpent[],
    ): void => {
      const consumed = tokens.filter(({ verdict }) => verdict === '11').map(({ serial }) => serial)
      this.add(at, { type: 'record', digest, kind, signer, role, number: height, height, refusal: undefined, consumed })
      records.push(digest)
    }
    if (height % 4 === 1) {
      this.#batchAt = Math.round(at)
      seenRecord(this.#publish(Math.round(at), latencyMs), 'publication', 'bank', 'bank', [])
    }
    if (height !== batch)
      for (let i = this.random.integer(1, 3); i > 0; i--) {
        const { record, tokens } = this.#spend(at, height, this.#batchAt, latencyMs)
        for (const { verdict } of tokens) verdicts[verdict!] += 1
        seenRecord(record, 'tokenBlock', 'auditor', 'auditor', tokens)
      }
    const parent = this.chain.at(-1)?.digest ?? digestOf('genesis')
    const digest = digestOf('block', height)
    const roots = { stateRoot: digestOf('state', height), verdictRoot: digestOf('verdicts', height) }
    this.chain.push({ type: 'final', node: '', height, view, digest, parent, ...roots, time: at, records, verdicts })
  }

  #batchAt = 0
}

function writeChain(writer: Writer): void {
  const { random } = writer
  const reached = new Map(honest.map(node => [node, 0]))
  let view = 0
  let last = 200
  for (let at = 300; at < 19_600; ) {
    if (at >= splitMs[0] && at < splitMs[1]) at = splitMs[1] + 840
    view += 1
    const skips = random.fraction() < (at > 4_000 && at < 8_400 ? 0.24 : 0.04)
    if (skips) {
      for (const node of honest)
        if (!isAway(node, at))
          writer.add(at + 500, { type: 'signed', node, view, kind: 'nullify', digest: '', outcome: '' })
      view += 1
      at += timeoutMs
    }
    writer.decide(at, view, Math.max(0, at - last - 300))
    const block = writer.chain.at(-1)!
    if (block.records.length > 0 && block.height % 4 !== 1) last = at
    for (const node of honest) {
      if (isAway(node, at)) continue
      const outcome = digestOf('outcome', block.height)
      const lateMs = random.integer(0, 14)
      for (let height = reached.get(node)! + 1; height <= block.height; height++)
        writer.add(at + lateMs, { ...writer.chain[height - 1]!, node })
      reached.set(node, block.height)
      if (node === 'v5' && at >= 8_800 && at < 11_400) continue
      for (const kind of ['notarize', 'finalize'] as const)
        writer.add(at - 20, { type: 'signed', node, view, kind, digest: block.digest, outcome })
    }
    at += random.integer(90, 260) + (at > 9_000 && at < 11_500 ? 120 : 0)
  }
}

function writeFaults(writer: Writer): void {
  const fault = (index: number, nodes: readonly string[], from: number, to: number, text: string): void => {
    const { action } = plausibleManifest.faults[index]!
    writer.add(from, { type: 'fault', fault: index, action, edge: 'begins', nodes, text })
    writer.add(to, { type: 'fault', fault: index, action, edge: 'ends', nodes, text })
  }
  fault(0, ['v2'], 4_000, 7_000, 'kill v2')
  fault(1, ['v3'], 5_200, 8_200, 'isolate v3')
  fault(5, validators, 11_600, 15_000, 'v1 v2 v3 | v4 v5 v6 v7')
  fault(2, ['v5'], 8_800, 9_800, 'wipe v5')
  fault(3, [], 9_000, 11_500, 'flood of records by a user, 400 a second')
  writer.add(10_500, {
    type: 'fault',
    fault: 4,
    action: 'clockJump',
    edge: 'skipped',
    nodes: ['v4'],
    text: 'no libfaketime here',
  })
  const life = (at: number, node: string, state: Extract<Seen, { type: 'life' }>['state'], code?: string): void =>
    writer.add(at, { type: 'life', node, state, code })
  for (const node of validators) {
    life(0, node, 'starts')
    life(180, node, 'ready')
    life(190, node, 'votes')
  }
  life(4_000, 'v2', 'ends')
  life(7_000, 'v2', 'starts')
  life(7_180, 'v2', 'votes')
  life(8_800, 'v5', 'ends')
  life(9_800, 'v5', 'starts')
  life(10_000, 'v5', 'mute', 'store_lacks_votes')
  life(11_400, 'v5', 'votes')
  writer.add(6_000, {
    type: 'damage',
    node: 'v3',
    file: '000012.ldb',
    found: 'on read',
    text: 'a block fails its checksum',
  })
  for (const [phase, at] of Object.entries(phases))
    writer.add(at, { type: 'phase', phase: phase as keyof typeof phases })
}

function writePayments(writer: Writer): void {
  const { random } = writer
  for (let at = 400; at < 19_000; at += random.integer(15, 45)) {
    const waited = random.fraction() < 0.22
    const isCheat = random.fraction() < 0.08
    writer.add(at, {
      type: 'payment',
      user: `user-${random.integer(1, 12)}`,
      vendor: `vendor-${random.integer(1, 2)}`,
      payment: digestOf('pays', at),
      tokens: random.integer(1, 3),
      behaviour: isCheat ? 'doubleSpend' : 'honest',
      outcome: isCheat && waited ? 'rejected' : 'delivered',
      waited,
      waitedMs: waited
        ? random.integer(90, 380) + (at > splitMs[0] && at < splitMs[1] ? splitMs[1] - at + 900 : 0)
        : random.integer(8, 24),
    })
  }
}

function writeEnd(writer: Writer): void {
  const { height, stateRoot } = writer.chain.at(-1)!
  for (const node of honest) {
    const content = digestOf('content', height)
    writer.add(20_000, { type: 'store', node, height, stateRoot, content, check: 'sound' })
    for (const [record, answer] of writer.answers) writer.add(20_000, { type: 'read', node, record, answer })
  }
  const parts = { held: 40_120, queued: 0, consumedUnredeemed: 36, redeemed: 812, takenBack: 12, expiredUnspent: 20 }
  const books = [{ name: 'auditor: paid + margin = received + covered', left: '812000', right: '812000' }]
  writer.add(20_000, { type: 'money', money: { issued: 41_000, ...parts, books } })
  writer.add(20_000, { type: 'insurance', auditor: 'auditor', loss: '-18240', withheld: '162400', deficit: '0' })
  writer.add(20_000, { type: 'insurance', auditor: 'auditor-2', loss: '4120', withheld: '98200', deficit: '1200' })
}

/** Two clients and the till: a session to its joint end, one whose client closed at an earlier payment, one whose till took a payment and vanished. */
function writeSessions(writer: Writer): void {
  const [unit, paymentsMax] = ['5', 20]
  const session = (
    name: string,
    client: string,
    {
      clientIs = 'honest',
      tillIs = 'honest',
    }: Partial<Pick<Extract<Seen, { type: 'session' }>, 'clientIs' | 'tillIs'>>,
    { index, arrived }: { readonly index: number; readonly arrived: number },
  ): void => {
    const named = { session: digestOf('session', name) }
    const till = tillIs === 'honest' ? 'till' : 'other-till'
    writer.add(500, { type: 'session', ...named, client, till, clientIs, tillIs, unit, paymentsMax })
    const [paid, returned] = [`${5 * index}`, `${5 * (paymentsMax - index)}`]
    const by = clientIs === 'honest' && tillIs === 'honest' ? 'joint' : 'vendor'
    const contestedAt = clientIs === 'honest' ? undefined : 2
    writer.add(9_000, { type: 'standing', ...named, state: 'settled', by, index, paid, returned, contestedAt })
    writer.add(20_000, { type: 'service', ...named, made: index, arrived, delivered: arrived })
    writer.add(20_000, { type: 'escrow', ...named, escrowed: '100', paid, returned, held: '0' })
  }
  session('joint', 'client-1', {}, { index: 20, arrived: 20 })
  session('old', 'client-2', { clientIs: 'closes-old' }, { index: 10, arrived: 10 })
  session('gone', 'client-1', { tillIs: 'vanishes' }, { index: 11, arrived: 10 })
  const account = (party: string, deposited: string, balance: string, reputation = 100): void =>
    writer.add(20_000, { type: 'account', party, deposited, balance, reputation })
  account('client-1', '1000', '845')
  account('client-2', '1000', '950', 70)
  account('till', '0', '150')
  account('other-till', '0', '55')
}

/** The run; a sample of every node stands at every half second. */
export function plausibleRun(seed = 7): EngineRun {
  const writer = new Writer(seed)
  writeChain(writer)
  writeFaults(writer)
  writePayments(writer)
  for (let at = 500; at < 20_000; at += 500)
    for (const node of honest) {
      if (isAway(node, at)) continue
      const state = node === 'v5' && at > 10_000 && at < 11_400 ? 'mute' : 'voting'
      const pending = at > 9_000 && at < 11_500 ? 900 : 12
      const use = { rssBytes: 120_000_000 + at * 1_000, descriptors: 60 + (pending > 100 ? 30 : 0), pending }
      writer.add(at, { type: 'sample', node, height: 0, view: 0, state, ...use })
    }
  writeEnd(writer)
  writeSessions(writer)
  const history = writer.history.toSorted((a, b) => a.at - b.at)
  return {
    engine: 'simulated',
    validators,
    adversaries: ['v7'],
    lost: [],
    timeoutMs,
    redialCapMs: 500,
    history,
    seed,
    traceHash: digestOf('trace', seed),
    startedAt: undefined,
    durationMs: 20_000,
  } satisfies EngineRun & Run
}
