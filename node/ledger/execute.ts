// Executes the records of a ledger block on its parent's state. Deterministic: the same state, header and records give the same
// verdicts and the same state on every node.
// E1 a block's time is after its parent's; E2 it stays within the limits; E3 its records run in the order of their kinds;
// E4 none of them waits for a predecessor and none was answered before: otherwise no validator may vote for it.
// E5 a record that follows one which this block refuses is refused with it: an honest leader cannot know of the refusal beforehand.
// E6 every other record is decided, or refused with a certified reason; a refused one writes its refusal and nothing else.
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import {
  type LedgerRecord,
  type Return,
  recordKinds,
  type SessionClose,
  type SessionOpen,
  type SignedRecord,
  sessionChecks,
  spentTokens,
  type TokenBlock,
} from '../../proto/records.ts'
import { returnInformation } from '../../proto/token.ts'
import { type Refusal, reasons, type UserStanding, type Verdict } from '../../proto/verdict.ts'
import { examine, type NumberReuse } from './admission.ts'
import { type Presented, verdictOf } from './judgement.ts'
import { writeTransactionLeaf } from './leaf-writer.ts'
import { type Answer, answerOf, refusalAnswer, sessionAnswer, verdictRoot } from './leaves.ts'
import { applyMembership, applyRevocation, type Moment, type Signer } from './members.ts'
import { applyPublication, Publications } from './publications.ts'
import { streamName, streamOfRecord } from './queries.ts'
import {
  certificateRow,
  decisionRow,
  getRow,
  ledgerRow,
  putRow,
  recordRow,
  refusedRow,
  type Stream,
  streamRow,
  termsRow,
  userRow,
} from './rows.ts'
import { applyClose, applyOpen } from './sessions.ts'
import { signatureMemoOf } from './signature-memo.ts'
import type { StateDraft } from './state.ts'
import { type Case, Judge } from './verdicts.ts'

/** What a block may hold at most. */
export interface BlockLimits {
  readonly records: number
  readonly bytes: number
  /** Of token blocks and returns. */
  readonly tokens: number
  /** That its session records cost (`sessionChecks`). */
  readonly sessionChecks: number
}

/** What came of a block: what is voted on, the answer to each record in order, and what it proves against signers. */
export interface Executed {
  readonly verdictRoot: Digest
  readonly stateRoot: Digest
  readonly answers: readonly Answer[]
  readonly evidence: readonly NumberReuse[]
  /** Tokens by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>
}

/** The block can never be valid on this parent. What the draft holds then is worth nothing. */
export interface Invalid {
  readonly invalid: string
}

/** What every network allows; genesis may allow fewer records. */
export const blockLimits: BlockLimits = {
  records: limits.proposalRecords,
  bytes: limits.proposalBytes,
  tokens: limits.proposalTokens,
  sessionChecks: limits.proposalSessionChecks,
}

/**
 * Executes a block on a draft of its parent's state. The records passed `checkForm` and their signatures hold (`signerKey`).
 * Times in milliseconds.
 */
export function executeBlock(
  draft: StateDraft,
  header: Moment,
  parentTime: number,
  records: readonly SignedRecord[],
  most: BlockLimits = blockLimits,
): Executed | Invalid {
  if (header.time <= parentTime) return { invalid: 'its time is not after its parent' }
  const excess = overLimit(records, most)
  if (excess) return { invalid: excess }
  const execution = new Execution(draft, { height: header.height, time: header.time })
  let kindBefore = 0
  for (const signed of records) {
    const kind = recordKinds[signed.record.kind]
    if (kind < kindBefore) return { invalid: `a ${signed.record.kind} after records of a later kind` }
    kindBefore = kind
    const invalid = execution.run(signed)
    if (invalid !== undefined) return { invalid: `record ${signed.digest} ${invalid}` }
  }
  return execution.finish()
}

function overLimit(records: readonly SignedRecord[], most: BlockLimits): string | undefined {
  if (records.length > most.records) return `${records.length} records where at most ${most.records} are allowed`
  let bytes = 0
  let tokens = 0
  let checks = 0
  for (const signed of records) {
    bytes += signed.bytes.length
    tokens += spentTokens(signed.record)
    checks += sessionChecks(signed.record)
  }
  if (checks > most.sessionChecks) return `${checks} checks of sessions where at most ${most.sessionChecks} are allowed`
  if (bytes > most.bytes) return `${bytes} bytes of records where at most ${most.bytes} are allowed`
  return tokens > most.tokens ? `${tokens} tokens where at most ${most.tokens} are allowed` : undefined
}

class Execution {
  readonly #draft: StateDraft
  readonly #at: Moment
  readonly #publications: Publications
  readonly #judge: Judge
  readonly #answers: Answer[] = []
  readonly #evidence: NumberReuse[] = []
  readonly #verdicts: Record<Verdict, number> = { '11': 0, '01': 0, '10': 0, '00': 0 }
  /** Streams and numbers of the records that this block refused. */
  readonly #refused = new Set<string>()
  readonly #decisionsBefore: number
  #decisions: number

  constructor(draft: StateDraft, at: Moment) {
    this.#draft = draft
    this.#at = at
    this.#publications = new Publications(draft)
    this.#judge = new Judge(draft, this.#publications, at)
    this.#decisionsBefore = getRow(draft, ledgerRow)!.decisions
    this.#decisions = this.#decisionsBefore
  }

  /** Runs one record; why the whole block is invalid, or undefined. */
  run(signed: SignedRecord): string | undefined {
    const { admission, found } = examine(this.#draft, signed, this.#at)
    if (admission === 'ahead') {
      if (!this.#refused.has(this.#nameOf(signed.record, signed.record.number - 1))) return 'comes before what it needs'
      this.#refuse(signed, 'previous_mismatch')
      return undefined
    }
    if (typeof admission !== 'string' && 'repeat' in admission) return 'was answered before'
    if (typeof admission !== 'string') {
      if (admission.evidence) this.#evidence.push(admission.evidence)
      this.#refuse(signed, admission.refused)
      return undefined
    }
    const refusal = this.#apply(signed, found!.signer, found!.stream)
    if (refusal) this.#refuse(signed, refusal)
    return undefined
  }

  finish(): Executed {
    this.#publications.flush(this.#draft)
    if (this.#decisions !== this.#decisionsBefore)
      putRow(this.#draft, ledgerRow, { ...getRow(this.#draft, ledgerRow)!, decisions: this.#decisions })
    const answers = this.#answers
    return {
      verdictRoot: verdictRoot(answers),
      stateRoot: this.#draft.root(),
      answers,
      evidence: this.#evidence,
      verdicts: this.#verdicts,
    }
  }

  #refuse({ record, digest }: SignedRecord, refusal: Refusal): void {
    putRow(this.#draft, refusedRow, { refusal, height: this.#at.height, place: this.#answers.length }, digest)
    this.#answers.push(refusalAnswer(record, digest, refusal))
    this.#refused.add(this.#nameOf(record, record.number))
  }

  #nameOf(record: LedgerRecord, number: number): string {
    const stream = streamOfRecord(this.#draft, record)
    return stream ? `${streamName(stream)}/${number}` : ''
  }

  #accept(record: LedgerRecord, digest: Digest, stream: Stream, decision: number): void {
    const place = this.#answers.length
    putRow(this.#draft, streamRow, { number: record.number, digest }, stream)
    putRow(this.#draft, recordRow, { digest, height: this.#at.height, place, decision }, stream, record.number)
  }

  #apply({ record, digest }: SignedRecord, signer: Signer, stream: Stream): Refusal | undefined {
    switch (record.kind) {
      case 'membership':
        applyMembership(this.#draft, record, this.#at)
        break
      case 'revocation':
        applyRevocation(this.#draft, record, this.#at)
        break
      case 'publication':
        applyPublication(this.#draft, record)
        break
      case 'return':
        return this.#applyReturn(record, digest, signer, stream)
      case 'tokenBlock':
        return this.#applyTokenBlock(record, digest, stream)
      case 'sessionOpen':
      case 'sessionClose':
        return this.#applySession(record, digest, stream)
    }
    this.#accept(record, digest, stream, 0)
    this.#answers.push(answerOf(record, digest, undefined, undefined, []))
    return undefined
  }

  /** A return's holder must have signed it, to this bank, and a bank takes back its own tokens only. */
  #applyReturn(record: Return, digest: Digest, signer: Signer, stream: Stream): Refusal | undefined {
    const { certificates } = signer.member
    const network = Buffer.from(record.network, 'hex')
    const { information } = record.payment
    if (!certificates.some(fingerprint => returnInformation(network, fingerprint) === information))
      return 'bad_signature'
    for (const { bank } of record.groups)
      if (!certificates.includes(bank) && getRow(this.#draft, certificateRow, bank)) return 'wrong_role'
    const judged = this.#judge.compare(this.#presented(record, digest, [record.payment]))
    if (!judged) return 'holder_mismatch'
    if (!judged.isHolderSigned(0)) return 'bad_signature'
    judged.judgement.payments[0]!.holder = 'valid'
    judged.decide()
    this.#decided(record, digest, stream, judged, undefined)
    return undefined
  }

  #applyTokenBlock(record: TokenBlock, digest: Digest, stream: Stream): Refusal | undefined {
    const judged = this.#judge.compare(this.#presented(record, digest, record.transactions))
    if (!judged) return 'holder_mismatch'
    judged.decide()
    if (record.terms) putRow(this.#draft, termsRow, record.terms, stream.member, record.user)
    const before = getRow(this.#draft, userRow, record.user) ?? { blocks: 0, gamma: 0, partial: false }
    const after = { ...before, blocks: before.blocks + 1, gamma: before.gamma + judged.judgement.chargedTokens }
    putRow(this.#draft, userRow, after, record.user)
    this.#decided(record, digest, stream, judged, {
      key: record.user,
      sequence: after.blocks,
      gammaBefore: before.gamma,
      gammaAfter: after.gamma,
    })
    return undefined
  }

  #applySession(record: SessionOpen | SessionClose, digest: Digest, stream: Stream): Refusal | undefined {
    const { kind } = record
    const standing =
      kind === 'sessionOpen' ? applyOpen(this.#draft, record, this.#at) : applyClose(this.#draft, record, this.#at)
    if (typeof standing === 'string') return standing
    this.#accept(record, digest, stream, 0)
    this.#answers.push(sessionAnswer(record, digest, standing))
    return undefined
  }

  #presented(record: Return | TokenBlock, digest: Digest, payments: Presented['payments']): Presented {
    return {
      record: digest,
      network: record.network,
      user: record.user,
      groups: record.groups,
      payments,
      pending: record.kind === 'tokenBlock' && record.pending,
      isReturn: record.kind === 'return',
      decision: this.#decisions + 1,
      memo: signatureMemoOf(record),
    }
  }

  #decided(
    record: Return | TokenBlock,
    digest: Digest,
    stream: Stream,
    { presented, judgement }: Case,
    standing: UserStanding | undefined,
  ): void {
    this.#decisions = presented.decision
    const { signer, kind, user, number } = record
    const place = { height: this.#at.height, place: this.#answers.length }
    const row = { record: digest, signer, kind, user, number, ...place, payloads: judgement.payloads }
    putRow(this.#draft, decisionRow, row, presented.decision)
    this.#accept(record, digest, stream, presented.decision)
    for (const code of judgement.reason) this.#verdicts[verdictOf[reasons[code]!]] += 1
    const leaves = presented.payments.map((_, transaction) => writeTransactionLeaf(presented, judgement, transaction))
    this.#answers.push(answerOf(record, digest, undefined, standing, leaves))
  }
}
