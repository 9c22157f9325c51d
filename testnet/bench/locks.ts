// What a session costs in each lock suite, phase by phase as in the second paper's table: setup, n payments, release. Both parties run here, one
// after the other on one core, by the same rules as over a stream; stores, wire and ledger are left out (bench channel has the first two).
import { setImmediate } from 'node:timers/promises'
import { rounded } from '../../cli/common/statistics.ts'
import { type LockSuiteName, lockSuites } from '../../proto/session/terms.ts'
import type { Progress } from '../network.ts'
import { CountedSession, type Counts, countedCalls, type Party } from './counted-session.ts'
import type { BenchRow } from './row.ts'

/** The paper's table, for n = 10. */
const paperPayments = 10
const paper = {
  setup: '0.100 s, 311 kb',
  payments: '0.140 s, 476 kb',
  release: '0.004 s, 0',
} as const
type Phase = keyof typeof paper
const phases = Object.keys(paper) as Phase[]

interface PhaseCost {
  readonly ms: number
  readonly bytes: number
  readonly counts: Readonly<Record<Party, Counts>>
}

/** Processor time, not time on the wall: nothing here waits, and what else the machine does must not count. */
const timed = <T>(run: () => T): { readonly ms: number; readonly result: T } => {
  const before = process.cpuUsage()
  const result = run()
  const { user, system } = process.cpuUsage(before)
  return { ms: (user + system) / 1000, result }
}

const less = (after: Counts, before: Counts | undefined): Counts =>
  Object.fromEntries(countedCalls.map(call => [call, after[call] - (before?.[call] ?? 0)])) as Counts

/** What `run` costs a session; without one before, all that the session has cost since it was agreed on. */
function costOf(session: CountedSession | undefined, run: () => CountedSession): [CountedSession, PhaseCost] {
  const [bytes, before] = [session?.bytes ?? 0, session?.counts()]
  const { ms, result } = timed(run)
  const after = result.counts()
  const counts = {
    client: less(after.client, before?.client),
    vendor: less(after.vendor, before?.vendor),
    bank: less(after.bank, before?.bank),
  }
  return [result, { ms, bytes: result.bytes - bytes, counts }]
}

/** Time, bytes and every party's calls in each phase of one session with `count` payments, all of the same run. */
export function measurePhases(suite: LockSuiteName, count: number, seed: string): Record<Phase, PhaseCost> {
  const [session, setup] = costOf(undefined, () => new CountedSession(suite, count, seed))
  const [, payments] = costOf(session, () => {
    session.pay(count)
    return session
  })
  const [, release] = costOf(session, () => {
    session.release()
    return session
  })
  return { setup, payments, release }
}

const phaseName = { setup: 'setup', payments: `${paperPayments} payments`, release: 'release' } as const

const described = (counts: Counts): string => {
  const made = countedCalls.filter(call => counts[call] > 0)
  return made.length === 0 ? 'nothing' : made.map(call => `${counts[call]} ${call}`).join(', ')
}

/** Rows of one suite beside the paper's, and each party's calls. */
function phaseRows(suite: LockSuiteName): BenchRow[] {
  // the first session pays for tables and compilation, the median of the next ones is shown
  const rounds = suite === 'bls' ? 3 : 9
  measurePhases(suite, paperPayments, 'warm')
  const runs = Array.from({ length: rounds }, (_, round) => measurePhases(suite, paperPayments, `${suite} ${round}`))
  const first = runs[0]!
  const times = phases.map((phase): BenchRow => {
    const sorted = runs.map(run => run[phase].ms).sort((a, b) => a - b)
    return {
      operation: `${suite}: ${phaseName[phase]}`,
      value: rounded(sorted[rounds >> 1]!, 2),
      unit: 'CPU ms',
      detail: `${first[phase].bytes} bytes; the paper: ${paper[phase]}`,
    }
  })
  const calls = (['client', 'vendor', 'bank'] as const).map((party): BenchRow => {
    const all = phases.flatMap(phase => Object.values(first[phase].counts[party]))
    const detail = phases.map(phase => `${phaseName[phase]}: ${described(first[phase].counts[party])}`).join('; ')
    return {
      operation: `${suite}: calls of the ${party}, counted`,
      value: all.reduce((sum, count) => sum + count, 0),
      unit: 'calls',
      detail,
    }
  })
  return [...times, ...calls]
}

/** Where the last payments of sessions are measured: sessions of a power of ten of payments, as long as the suite's speed allows. */
const longest = { xor: 10_000, schnorr: 100_000, bls: 100 } as const satisfies Record<LockSuiteName, number>
/** Payments that a mean is taken of: fewer where they are slow. */
const samplesOf = { xor: 1_000, schnorr: 1_000, bls: 20 } as const satisfies Record<LockSuiteName, number>

/** One payment, both parties together: the mean of so many. */
interface PaymentCost {
  readonly label: string
  readonly ms: number
  readonly bytes: number
  readonly payments: number
}

/** Payments between two looks at what else the process is asked to do. */
const turnPayments = 1_000

async function payOn(sessions: readonly CountedSession[], count: number, signal: AbortSignal): Promise<void> {
  for (let left = count; left > 0 && !signal.aborted; left -= turnPayments) {
    for (const session of sessions) session.pay(Math.min(left, turnPayments))
    await setImmediate()
  }
}

/** The next `window` payments of each session. */
function measureWindow(sessions: readonly CountedSession[], window: number, label: string): PaymentCost {
  const bytesOf = (): number => sessions.reduce((sum, { bytes }) => sum + bytes, 0)
  const before = bytesOf()
  const { ms } = timed(() => {
    for (const session of sessions) session.pay(window)
  })
  const payments = sessions.length * window
  return { label, ms: ms / payments, bytes: (bytesOf() - before) / payments, payments }
}

/**
 * Cost of the last payments in sessions of 10, 100, … up to `paymentsMax` payments, all of which are made; the longest also tells of its start and
 * its middle. Each cost is the mean of `samples` payments. Ends early where the signal is aborted.
 */
export async function* measureFlatness(
  suite: LockSuiteName,
  signal: AbortSignal,
  paymentsMax: number = longest[suite],
  samples: number = samplesOf[suite],
): AsyncGenerator<PaymentCost> {
  for (let length = 10; length <= paymentsMax; length *= 10) {
    const window = Math.min(length, samples)
    const sessions = Array.from(
      { length: samples / window },
      (_, at) => new CountedSession(suite, length, `flat ${length} ${at}`),
    )
    let made = 0
    if (length === paymentsMax && length > window) {
      yield measureWindow(sessions, window, `the first ${window} of ${length}`)
      await payOn(sessions, length / 2 - window, signal)
      if (signal.aborted) return
      yield measureWindow(sessions, window, `${window} in the middle of ${length}`)
      made = length / 2 + window
    }
    await payOn(sessions, length - window - made, signal)
    if (signal.aborted) return
    yield measureWindow(sessions, window, `the last ${window} of ${length}`)
  }
}

async function flatRows(suite: LockSuiteName, progress: Progress, signal: AbortSignal): Promise<BenchRow[]> {
  const rows: BenchRow[] = []
  let first: PaymentCost | undefined
  for await (const cost of measureFlatness(suite, signal)) {
    first ??= cost
    progress(`${suite}: ${cost.label} payments: ${rounded(cost.ms, 3)} CPU ms each`)
    rows.push({
      operation: `${suite}: one payment, both sides, ${cost.label}`,
      value: rounded(cost.ms, 3),
      unit: 'CPU ms',
      detail:
        `${cost.bytes} bytes; mean of ${cost.payments}; to the first row: time × ${rounded(cost.ms / first.ms, 2)}, ` +
        `bytes × ${rounded(cost.bytes / first.bytes, 2)}`,
    })
  }
  return rows
}

/** Rows for all suites at n = 10 beside the paper's, and the cost of one payment along ever longer sessions. */
export async function benchLocks(progress: Progress, signal: AbortSignal): Promise<BenchRow[]> {
  const suites = Object.keys(lockSuites) as LockSuiteName[]
  const rows = suites.flatMap(phaseRows)
  for (const suite of suites) rows.push(...(await flatRows(suite, progress, signal)))
  return rows
}
