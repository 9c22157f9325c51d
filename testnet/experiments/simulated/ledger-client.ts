// How a party deals with the ledger: it submits records to validators, the same bytes again until they are decided, and follows the final chain,
// believing nothing but what stands under a finalization certificate.
import { checkChain } from '../../../consensus/simulator/catch-up.ts'
import type { Keyring } from '../../../consensus/simulator/keyring.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { type Answer, verdictRoot } from '../../../node/ledger/leaves.ts'
import { outcomeOf } from '../../../proto/chain.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { SignedRecord } from '../../../proto/records.ts'
import {
  decodeRecordVerdict,
  decodeTransactionVerdict,
  type RecordVerdict,
  type TransactionVerdict,
} from '../../../proto/verdict.ts'
import type { AnsweredBlock, CertifiedBlocks, Letter } from './party.ts'

/** A certified answer as it is read. */
export interface ReadAnswer {
  readonly digest: Digest
  readonly verdict: RecordVerdict
  readonly transactions: readonly TransactionVerdict[]
  readonly leaves: Answer
}

export function readAnswer(answer: Answer): ReadAnswer {
  return {
    digest: answer.record,
    verdict: decodeRecordVerdict(answer.leaf),
    transactions: answer.transactions.map(decodeTransactionVerdict),
    leaves: answer,
  }
}

/** The calls of clients, as the history tells of them. */
export interface CallBook {
  invoked(client: string, record: SignedRecord): number
  timedOut(call: number): void
  answered(call: number, answer: ReadAnswer, height: number): void
}

/** What all clients of a ledger have in common. */
export interface LedgerAccess {
  readonly keyring: Keyring
  readonly validators: number
  /** Of a view. */
  readonly timeoutMs: number
  readonly calls: CallBook
}

export interface ClientHost extends LedgerAccess {
  readonly name: string
  readonly random: Random
  /** The last final block that was taken. */
  tip(): FinalBlock
  send(to: string, letter: Letter): void
  later(ms: number, run: () => void): void
  /** Takes a final block and stores it as the tip. */
  takeBlock(block: AnsweredBlock, proof: CertifiedBlocks): void
}

/** Validators to which a record goes at once. */
const submitTo = 2
const pollMs = 300

interface OpenCall {
  readonly record: SignedRecord
  call: number
}

/** True where the blocks follow the tip, the answers are those that were voted on, and the certificate finalizes the last. */
function checkCertified(tip: FinalBlock, { blocks, certificate }: CertifiedBlocks, keyring: Keyring): boolean {
  const finals = blocks.map(({ final }) => final)
  return (
    checkChain(tip, finals, certificate, keyring) &&
    blocks.every(({ final, stateRoot, answers }) => outcomeOf(verdictRoot(answers), stateRoot) === final.outcome)
  )
}

/** Lives from a start of its party to the next crash. */
export class LedgerClient {
  readonly #host: ClientHost
  readonly #open = new Map<Digest, OpenCall>()

  constructor(host: ClientHost) {
    this.#host = host
    this.#poll()
  }

  get openRecords(): number {
    return this.#open.size
  }

  #anyValidator(): string {
    return `v${1 + this.#host.random.below(this.#host.validators)}`
  }

  #poll(): void {
    this.#follow()
    this.#host.later(pollMs + this.#host.random.below(pollMs), () => this.#poll())
  }

  #follow(): void {
    this.#host.send(this.#anyValidator(), { type: 'follow', from: this.#host.tip().block.header.height + 1 })
  }

  /** Submits until it is decided. */
  submit(record: SignedRecord): void {
    if (this.#open.has(record.digest)) return
    const open = { record, call: this.#host.calls.invoked(this.#host.name, record) }
    this.#open.set(record.digest, open)
    this.#try(open)
  }

  #try(open: OpenCall): void {
    const { bytes, digest } = open.record
    for (let i = 0; i < submitTo; i++) this.#host.send(this.#anyValidator(), { type: 'submit', bytes })
    this.#host.later(2 * this.#host.timeoutMs, () => {
      if (this.#open.get(digest) !== open) return
      this.#host.calls.timedOut(open.call)
      open.call = this.#host.calls.invoked(this.#host.name, open.record)
      this.#try(open)
    })
  }

  /** Takes what a validator says. */
  blocks(certified: CertifiedBlocks): void {
    const tip = this.#host.tip()
    const { height } = tip.block.header
    const blocks = certified.blocks.filter(({ final }) => final.block.header.height > height)
    const [first] = blocks
    if (!first) return
    if (first.final.block.header.height > height + 1) {
      this.#follow()
      return
    }
    if (!checkCertified(tip, { ...certified, blocks }, this.#host.keyring)) return
    blocks.forEach((block, i) => {
      for (const answer of block.answers) {
        const open = this.#open.get(answer.record)
        if (!open) continue
        this.#open.delete(answer.record)
        this.#host.calls.answered(open.call, readAnswer(answer), block.final.block.header.height)
      }
      this.#host.takeBlock(block, { ...certified, blocks: blocks.slice(i) })
    })
  }

  /** The party goes down: nobody waits for an answer any more. */
  end(): void {
    for (const { call } of this.#open.values()) this.#host.calls.timedOut(call)
    this.#open.clear()
  }
}

/** True where the first of these blocks is final with these answers: what somebody else brings. */
export function checkBrought({ blocks, certificate }: CertifiedBlocks, keyring: Keyring): boolean {
  const [first, ...rest] = blocks
  if (!first || !keyring.block(first.final.block)) return false
  if (outcomeOf(verdictRoot(first.answers), first.stateRoot) !== first.final.outcome) return false
  if (rest.length > 0) return checkCertified(first.final, { blocks: rest, certificate }, keyring)
  const { digest } = first.final.block
  const isIts = certificate.digest === digest && certificate.outcome === first.final.outcome
  return certificate.kind === 'finalize' && isIts && keyring.certificate(certificate)
}
