// Blocks that become final: what their batch holds beside the ledger's state, and who learns of them once it is on disk.
import type { FinalBlock, Input } from '../consensus/types.ts'
import type { Certificate } from '../proto/chain.ts'
import { decodeRecordVerdict, type Verdict } from '../proto/verdict.ts'
import type { AdmissionList } from './admission-list.ts'
import type { Application, Commit } from './application.ts'
import type { Clients } from './clients.ts'
import { finalBlockTold, type Told } from './events.ts'
import type { EvidenceKeeper } from './evidence.ts'
import type { Intake } from './intake.ts'
import type { Journal } from './journal.ts'
import type { Metrics } from './metrics.ts'
import type { Pool } from './pool.ts'
import type { Spread } from './spread.ts'
import type { Status } from './status.ts'
import type { WriteOp } from './store/database.ts'

export interface CommitPorts {
  readonly application: Application
  readonly pool: Pool
  readonly journal: Journal
  readonly evidence: EvidenceKeeper
  readonly intake: Intake
  readonly clients: Clients
  readonly spread: Spread
  readonly admission: AdmissionList
  readonly metrics: Metrics
  readonly status: Status
  push(...inputs: readonly Input[]): void
  drop(peerId: string, reason: string): void
  tell(told: Told): void
}

export class Commits {
  readonly #ports: CommitPorts
  /** Commits of the current turn that are being written, in order. */
  readonly #writing: Commit[] = []

  constructor(ports: CommitPorts) {
    this.#ports = ports
  }

  /** Operations that make the blocks final on disk; `written` follows once they are there. */
  commit(blocks: readonly FinalBlock[], certificate: Certificate): WriteOp[] {
    const commit = this.#ports.application.commit(blocks, certificate)
    this.#writing.push(commit)
    return [...commit.operations, ...this.operationsBeside(commit)]
  }

  /** What goes into the batch of a commit beside the state: the journal below it goes, evidence stays. */
  operationsBeside({ tip, evidence }: Commit): WriteOp[] {
    return [
      ...this.#ports.journal.prune(tip.block.header.view),
      ...evidence.flatMap(reuse => this.#ports.evidence.numberReuse(reuse)),
    ]
  }

  /** The first of the commits that are being written is on disk. */
  written(): void {
    const commit = this.#writing.shift()!
    commit.written()
    this.#tellAll(commit)
  }

  /** A run of blocks that was fetched is on disk; the core did not commit it, so it has to hear which records are decided. */
  caughtUp(commit: Commit): void {
    const { pool, push } = this.#ports
    const held = commit.records.map(({ digest }) => digest).filter(digest => pool.get(digest))
    if (held.length > 0) push({ type: 'dropped', records: held })
    this.#tellAll(commit)
  }

  /** The pool, clients and people learn of a commit. */
  #tellAll(commit: Commit): void {
    const { application, pool, intake, clients, spread, admission, status, drop, tell } = this.#ports
    status.progress(commit.tip)
    const streams = pool.remove(commit.records.map(({ digest }) => digest))
    const { membersChanged, refused } = this.#count(commit)
    for (const [stream, sample] of streams) {
      intake.tellReady(stream, sample)
      if (refused.size > 0) intake.tellAfterRefusals(stream, sample, refused)
    }
    if (membersChanged) {
      intake.tellAllReady()
      intake.tellAfterDeaths()
    }
    clients.recordsFinal(commit.records)
    spread.progress()
    if (membersChanged) for (const peerId of admission.refresh(application.state)) drop(peerId, 'no member any more')
    tell(finalBlockTold(commit))
  }

  /** Counts what became final; says whether members changed and which records were refused. */
  #count({ records, verdicts }: Commit): { membersChanged: boolean; refused: Set<string> } {
    const { metrics } = this.#ports
    let membersChanged = false
    const refused = new Set<string>()
    for (const { digest, answer } of records) {
      const { kind, refusal } = decodeRecordVerdict(answer.leaf)
      metrics.recordFinal(kind, refusal ?? 'decided')
      if (refusal) refused.add(digest)
      membersChanged ||= kind === 'membership' || kind === 'revocation'
    }
    for (const [verdict, count] of Object.entries(verdicts)) metrics.tokens(verdict as Verdict, count)
    return { membersChanged, refused }
  }
}
