// The summary of a replay: from the outcomes of its purchases and the blocks that the auditor got verdicts for.
import { pairs, table } from '../../cli/common/output.ts'
import { toHex } from '../../proto/bytes.ts'
import type { Verdict } from '../../proto/verdict.ts'
import { percentile, rounded } from '../statistics.ts'
import type { PurchaseOutcome, ReplayUser } from './replay.ts'
import type { DecidedBlock } from './services.ts'

export interface ProofCheck {
  readonly verdict: Verdict
  readonly serial: string
  /** Where it is kept, if it is. */
  readonly file?: string
  /** `mupib verify` said so, in a process of its own. */
  readonly holds: boolean
  /** What it says is proved, or why nothing is. */
  readonly statement: string
}

export interface UserSummary {
  readonly user: string
  readonly purchases: number
  readonly tokens: number
  readonly rejected: number
  /** Tokens that count against the user (β). */
  readonly charged: number
}

export interface ReplaySummary {
  readonly purchases: number
  readonly delivered: { readonly atOnce: number; readonly afterWaiting: number }
  readonly rejected: number
  readonly rejectedBy: Readonly<Record<string, number>>
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly users: readonly UserSummary[]
  /** Of the purchases that had to wait, in milliseconds. */
  readonly waiting: { readonly share: number; readonly p50Ms: number | null; readonly p99Ms: number | null }
  readonly ledger: {
    readonly blocks: number
    readonly tokens: number
    readonly seconds: number
    readonly tokensPerSecond: number
    readonly verdictP50Ms: number | null
    readonly verdictP99Ms: number | null
  }
  readonly proofs: readonly ProofCheck[]
  /** Folder of the proof files and of the genesis file by which they are checked, where they are kept. */
  readonly proofsDir?: string
}

/** All verdicts, in the order in which people read them. */
export const verdictKinds: readonly Verdict[] = ['11', '01', '10', '00']

export const verdictNames: Readonly<Record<Verdict, string>> = {
  '11': 'valid',
  '01': 'altered',
  '10': 'duplicate',
  '00': 'never published',
}

const roundedOrNull = (value: number | undefined): number | null => (value === undefined ? null : rounded(value))

function countsBy<T>(items: readonly T[], nameOf: (item: T) => string): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const item of items) counts[nameOf(item)] = (counts[nameOf(item)] ?? 0) + 1
  return counts
}

function userSummaries(
  users: readonly ReplayUser[],
  outcomes: readonly PurchaseOutcome[],
  blocks: readonly DecidedBlock[],
): UserSummary[] {
  return users
    .map(({ name, wallet }) => {
      const own = outcomes.filter(({ purchase }) => purchase.user === name)
      const key = toHex(wallet.key.publicKey)
      const tokens = blocks.filter(block => block.user === key).flatMap(block => block.tokens)
      return {
        user: name,
        purchases: own.length,
        tokens: tokens.length,
        rejected: own.filter(({ result }) => result === 'rejected').length,
        charged: tokens.filter(token => token.charged).length,
      }
    })
    .sort((a, b) => (a.user < b.user ? -1 : 1))
}

/** Puts the summary together; `seconds` is how long the replay took. */
export function summarize(
  users: readonly ReplayUser[],
  outcomes: readonly PurchaseOutcome[],
  blocks: readonly DecidedBlock[],
  seconds: number,
): Omit<ReplaySummary, 'proofs' | 'proofsDir'> {
  const results = countsBy(outcomes, ({ result }) => result)
  const tokens = blocks.flatMap(block => block.tokens)
  const verdicts = { '11': 0, '01': 0, '10': 0, '00': 0, ...countsBy(tokens, ({ verdict }) => verdict) }
  const waits = outcomes.filter(({ waited }) => waited)
  const waitsMs = waits.map(({ waitMs }) => waitMs)
  const latencies = blocks.map(({ latencyMs }) => latencyMs)
  const rejected = outcomes.filter(({ result }) => result === 'rejected')
  return {
    purchases: outcomes.length,
    delivered: { atOnce: results['delivered at once'] ?? 0, afterWaiting: results['delivered after waiting'] ?? 0 },
    rejected: rejected.length,
    rejectedBy: countsBy(rejected, ({ purchase, reason }) => `${purchase.behaviour}: ${reason ?? 'rejected'}`),
    verdicts,
    users: userSummaries(users, outcomes, blocks),
    waiting: {
      share: outcomes.length === 0 ? 0 : rounded(waits.length / outcomes.length, 4),
      p50Ms: roundedOrNull(percentile(waitsMs, 0.5)),
      p99Ms: roundedOrNull(percentile(waitsMs, 0.99)),
    },
    ledger: {
      blocks: blocks.length,
      tokens: tokens.length,
      seconds: rounded(seconds),
      tokensPerSecond: seconds === 0 ? 0 : Math.round(tokens.length / seconds),
      verdictP50Ms: roundedOrNull(percentile(latencies, 0.5)),
      verdictP99Ms: roundedOrNull(percentile(latencies, 0.99)),
    },
  }
}

const ms = (value: number | null): string => (value === null ? '-' : `${value} ms`)

/** How many were rejected, the most frequent reasons first. */
function rejectedText({ rejected, rejectedBy }: ReplaySummary): string {
  const reasons = Object.entries(rejectedBy).sort(([, a], [, b]) => b - a)
  return [String(rejected), ...reasons.map(([reason, count]) => `  ${count} × ${reason}`)].join('\n')
}

/** The summary for people. */
export function summaryText(summary: ReplaySummary): string {
  const { delivered, waiting, ledger, verdicts } = summary
  const users = table(summary.users, [
    { head: 'user', cell: row => row.user },
    { head: 'purchases', cell: row => row.purchases, right: true },
    { head: 'rejected', cell: row => row.rejected, right: true },
    { head: 'tokens', cell: row => row.tokens, right: true },
    { head: 'charged', cell: row => row.charged, right: true },
  ])
  const verdictRows = verdictKinds.map(verdict => {
    const proof = summary.proofs.find(candidate => candidate.verdict === verdict)
    const checked = proof ? `${proof.holds ? 'holds' : `DOES NOT HOLD (${proof.serial})`}: ${proof.statement}` : '-'
    return { verdict, name: verdictNames[verdict], count: verdicts[verdict], checked }
  })
  return [
    users,
    '',
    table(verdictRows, [
      { head: 'verdict', cell: row => row.verdict },
      { head: 'meaning', cell: row => row.name },
      { head: 'tokens', cell: row => row.count, right: true },
      { head: 'proof checked offline', cell: row => row.checked },
    ]),
    '',
    pairs([
      ['purchases', summary.purchases],
      ['delivered at once', delivered.atOnce],
      ['delivered after waiting', delivered.afterWaiting],
      ['rejected', rejectedText(summary)],
      [
        'waiting',
        `${rounded(waiting.share * 100, 2)} % of purchases, p50 ${ms(waiting.p50Ms)}, p99 ${ms(waiting.p99Ms)}`,
      ],
      [
        'ledger',
        `${ledger.blocks} token blocks, ${ledger.tokens} tokens in ${ledger.seconds} s (${ledger.tokensPerSecond} tokens/s)`,
      ],
      ['verdict', `p50 ${ms(ledger.verdictP50Ms)}, p99 ${ms(ledger.verdictP99Ms)}`],
      ['proof files', summary.proofsDir && `${summary.proofsDir}, with the genesis.json that checks them`],
    ]),
  ].join('\n')
}
