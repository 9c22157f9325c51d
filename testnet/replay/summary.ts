// The summary of a replay: from the outcomes of its purchases and the blocks that the auditor got verdicts for.
import { pairs, table } from '../../cli/common/output.ts'
import { percentile, rounded } from '../../cli/common/statistics.ts'
import type { Verdict } from '../../proto/verdict.ts'
import type { Buyer } from './buyers.ts'
import type { DecidedBlock, UserTrust } from './parties.ts'
import type { PurchaseOutcome } from './replay.ts'

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
  /** Share of its purchases that had to wait. */
  readonly waited: number
  /** γ: tokens that count against the user, over all its blocks. */
  readonly gamma: number
  readonly trust: string
  /** W: 0 for a user who is blocked. */
  readonly blockSize: number
}

/** What `auditor books` and `auditor books --reconcile` say, as far as the summary shows it. Amounts in minor units, as decimal strings. */
export interface BooksSummary {
  readonly holds: boolean
  readonly checks: readonly { readonly check: string; readonly holds: boolean }[]
  readonly decided: {
    readonly paid: string
    readonly margin: string
    readonly received: string
    readonly covered: string
    readonly risk: string
    readonly grossLoss: string
  }
}

/** A line of `evidence list`. */
export interface FindingSummary {
  readonly kind: string
  /** Name of the guilty party. */
  readonly guilty: string
  readonly role: string
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
  readonly books: BooksSummary
  /** Who cheated, as the auditor and the validators can prove it. */
  readonly findings: readonly FindingSummary[]
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
  buyers: readonly Buyer[],
  outcomes: readonly PurchaseOutcome[],
  standings: readonly UserTrust[],
): UserSummary[] {
  const byKey = new Map(standings.map(standing => [standing.user, standing]))
  return buyers
    .map(({ name, key }) => {
      const own = outcomes.filter(({ purchase }) => purchase.user === name)
      const { gamma, trust, blockSize } = byKey.get(key)!
      return {
        user: name,
        purchases: own.length,
        tokens: own.reduce((sum, { tokens }) => sum + tokens, 0),
        rejected: own.filter(({ result }) => result === 'rejected').length,
        waited: rounded(own.filter(({ waited }) => waited).length / Math.max(1, own.length), 4),
        gamma,
        trust,
        blockSize,
      }
    })
    .sort((a, b) => (a.user < b.user ? -1 : 1))
}

/** Puts the summary together; `seconds` is how long the replay took. */
export function summarize(
  buyers: readonly Buyer[],
  outcomes: readonly PurchaseOutcome[],
  blocks: readonly DecidedBlock[],
  standings: readonly UserTrust[],
  seconds: number,
): Omit<ReplaySummary, 'proofs' | 'proofsDir' | 'books' | 'findings'> {
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
    users: userSummaries(buyers, outcomes, standings),
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

function booksText({ holds, decided, checks }: BooksSummary): string {
  const { paid, margin, received, covered, risk, grossLoss } = decided
  const failed = checks.filter(check => !check.holds).map(({ check }) => check)
  return pairs([
    ['paid to vendors', paid],
    ["auditor's margin", margin],
    ['received from the bank', received],
    ['losses covered', covered],
    ['risk: loss, or gain below 0', `${risk} (gross loss ${grossLoss})`],
    ['books', holds ? `balance to the unit, ${checks.length} checks hold` : `DO NOT BALANCE: ${failed.join('; ')}`],
  ])
}

/** How often each party was caught at what. */
function findingsText(findings: readonly FindingSummary[]): string {
  const counts = countsBy(findings, ({ kind, guilty, role }) => `${role} ${guilty}: ${kind.replaceAll('_', ' ')}`)
  return table(
    Object.entries(counts),
    [
      { head: 'who cheated, and how', cell: ([what]) => what },
      { head: 'pieces of evidence', cell: ([, count]) => count, right: true },
    ],
    'nobody was caught cheating',
  )
}

/** The summary for people. */
export function summaryText(summary: ReplaySummary): string {
  const { delivered, waiting, ledger, verdicts } = summary
  const users = table(summary.users, [
    { head: 'user', cell: row => row.user },
    { head: 'purchases', cell: row => row.purchases, right: true },
    { head: 'rejected', cell: row => row.rejected, right: true },
    { head: 'tokens', cell: row => row.tokens, right: true },
    { head: 'waited', cell: row => `${rounded(row.waited * 100)} %`, right: true },
    { head: 'γ', cell: row => row.gamma, right: true },
    { head: 'trust', cell: row => row.trust, right: true },
    { head: 'W', cell: row => (row.blockSize === 0 ? 'blocked' : row.blockSize), right: true },
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
    findingsText(summary.findings),
    '',
    booksText(summary.books),
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
