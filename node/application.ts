// The ledger as the application of the consensus: chooses records for proposals, executes blocks on their parents' states, and hands over
// what a commit has to store. Unfinalized blocks live in memory as overlays on the final state.
import type { FinalBlock, Input } from '../consensus/types.ts'
import { type Block, type Certificate, type Header, outcomeOf } from '../proto/chain.ts'
import { assert, MupibError } from '../proto/errors.ts'
import type { Genesis } from '../proto/genesis.ts'
import type { Digest } from '../proto/hash.ts'
import { zeroDigest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import { decodeRecord, type SignedRecord } from '../proto/records.ts'
import { recordLeafHash, type Verdict } from '../proto/verdict.ts'
import { Allowances } from './allowance.ts'
import { type ChainStore, finalBlockOperations, type StoredBlock } from './chain-store.ts'
import { ofStore } from './faults.ts'
import { type Admission, admission, type NumberReuse } from './ledger/admission.ts'
import { type BlockLimits, blockLimits, type Executed, executeBlock } from './ledger/execute.ts'
import type { Answer } from './ledger/leaves.ts'
import { initialState, isAlive, type LedgerFacts, type Moment, signerKey, signerOf } from './ledger/members.ts'
import { headOf, streamName, streamOfRecord } from './ledger/queries.ts'
import type { StateDraft as LedgerDraft } from './ledger/state.ts'
import type { Head, Pool } from './pool.ts'
import type { Database, WriteOp } from './store/database.ts'
import { createStateTree, emptyStateRoot, type StateDraft, type StateTree, type StateView } from './store/state-tree.ts'

/** A block that was executed and is not final. */
interface ExecutedBlock {
  readonly block: Block
  readonly outcome: Digest
  readonly result: Executed
  readonly view: StateView
}

/** A stream by name, with its last decided record. */
export interface StandingStream {
  readonly name: string
  readonly head: Head
}

/** A record that became final, with its answer and where it stands. */
export interface FinalRecord {
  readonly digest: Digest
  readonly answer: Answer
  readonly stored: StoredBlock
  readonly place: number
}

/** A commit: what to write, what to do once it is written, and what became final by it. */
export interface Commit {
  readonly operations: WriteOp[]
  readonly written: () => void
  readonly records: readonly FinalRecord[]
  readonly evidence: readonly NumberReuse[]
  /** Tokens by verdict. */
  readonly verdicts: Readonly<Record<Verdict, number>>
  readonly tip: StoredBlock
}

const isRefusal = (admitted: Admission): boolean => typeof admitted !== 'string' && 'refused' in admitted

/** Height and time that a block on this parent would have if it were proposed now (rule 2b). */
const momentAfter = ({ height, time }: Header, now: number): Moment => ({
  height: height + 1,
  time: Math.max(time + 1, now),
})

const hex = (bytes: Uint8Array): Digest => Buffer.from(bytes).toString('hex')

/** The rules' view of a store draft: roots as hex. */
const ledgerDraft = (draft: StateDraft): LedgerDraft => ({
  get: key => draft.get(key),
  put: (key, value) => draft.put(key, value),
  root: () => hex(draft.root()),
})

const ledgerFacts = (genesis: Genesis): LedgerFacts => ({
  authority: genesis.authority,
  validators: genesis.validators,
  members: genesis.members,
})

/** State root that genesis describes, and the operations that store it in an empty store. */
export function genesisState(genesis: Genesis, database: Database): { root: Digest; operations: WriteOp[] } {
  const tree = createStateTree(database, emptyStateRoot)
  const draft = tree.final.fork()
  initialState(ledgerFacts(genesis), ledgerDraft(draft))
  const view = draft.seal()
  return { root: hex(view.root), operations: tree.commit(view).ops }
}

export interface ApplicationOptions {
  readonly database: Database
  readonly chain: ChainStore
  readonly genesis: Genesis
  readonly pool: Pool
  /** The last final block: its state root is the one that the store is held to. */
  readonly tip: StoredBlock
  /** A block cannot run because records are missing here: fetch them; `recordsArrived` goes on. */
  readonly missing: (block: Block, records: readonly Digest[]) => void
}

export class Application {
  readonly #options: ApplicationOptions
  readonly #tree: StateTree
  readonly #most: BlockLimits
  readonly #allowances = new Allowances()
  readonly #executed = new Map<Digest, ExecutedBlock>()
  readonly #waiting = new Map<Digest, { readonly block: Block; readonly missing: Set<Digest> }>()
  #tip: StoredBlock

  constructor(options: ApplicationOptions) {
    this.#options = options
    this.#tip = options.tip
    this.#tree = createStateTree(options.database, Buffer.from(options.tip.stateRoot, 'hex'))
    this.#most = { ...blockLimits, records: options.genesis.limits.proposalRecords }
  }

  /** The last final block. */
  get tip(): StoredBlock {
    return this.#tip
  }

  /** The final state. */
  get state(): StateView {
    return this.#tree.final
  }

  #viewOf(digest: Digest): StateView | undefined {
    return digest === this.#tip.block.digest ? this.#tree.final : this.#executed.get(digest)?.view
  }

  #headerOf(digest: Digest): Header | undefined {
    return (digest === this.#tip.block.digest ? this.#tip : this.#executed.get(digest))?.block.header
  }

  /** Records held by the unfinalized blocks from `digest` down to the final tip. */
  #inChain(digest: Digest): Set<Digest> {
    const records = new Set<Digest>()
    for (let at = this.#executed.get(digest); at; at = this.#executed.get(at.block.header.parent))
      for (const record of at.block.records) records.add(record)
    return records
  }

  /** Rule 2: records for a proposal on this parent, oldest first with a quota for each client. */
  build(parent: Digest, now: number): readonly Digest[] {
    const view = this.#viewOf(parent)
    // Without the parent's state an empty block is all that is certainly valid.
    if (!view) return []
    const inChain = this.#inChain(parent)
    const at = momentAfter(this.#headerOf(parent)!, now)
    const { clientRecords } = this.#options.genesis.limits
    return this.#options.pool.choose(
      {
        headOf: ({ signed }) => {
          const stream = streamOfRecord(view, signed.record)
          return stream ? headOf(view, stream) : { number: 0, digest: zeroDigest }
        },
        isInChain: digest => inChain.has(digest),
        isRefused: ({ signed }) => isRefusal(admission(view, signed, at)),
        provenOf: client => this.#allowances.provenOf(client),
      },
      {
        ...this.#most,
        perClient: clientRecords,
        untriedTokens: limits.blockTokens,
      },
    )
  }

  /** True where the final state refuses a record whatever comes before it. `now` in milliseconds. */
  isRefused(signed: SignedRecord, now: number): boolean {
    return isRefusal(admission(this.state, signed, momentAfter(this.#tip.block.header, now)))
  }

  /** True where the certificate is dead by the final state. `now` in milliseconds. */
  isDead(certificate: Digest, now: number): boolean {
    const at = momentAfter(this.#tip.block.header, now)
    const signer = signerOf(this.state, certificate, at.height)
    return signer !== undefined && !isAlive(signer, at)
  }

  /** Executes a block whose parent was executed. Undefined while records are missing. */
  execute(block: Block): Input | undefined {
    const { digest } = block
    const known = this.#executed.get(digest)
    if (known) return { type: 'executed', digest, outcome: known.outcome }
    const found = this.#recordsOf(block)
    if (Array.isArray(found)) return this.#run(block, found)
    this.#waiting.set(digest, { block, missing: found.missing })
    this.#options.missing(block, [...found.missing])
    return undefined
  }

  /** Goes on with blocks that waited for a record. */
  recordsArrived(digests: readonly Digest[]): Input[] {
    const inputs: Input[] = []
    for (const [digest, { block, missing }] of this.#waiting) {
      for (const record of digests) missing.delete(record)
      if (missing.size > 0) continue
      this.#waiting.delete(digest)
      const input = this.execute(block)
      if (input) inputs.push(input)
    }
    return inputs
  }

  /** True while some block waits for the record. */
  isAwaited(record: Digest): boolean {
    for (const { missing } of this.#waiting.values()) if (missing.has(record)) return true
    return false
  }

  #recordsOf(block: Block): SignedRecord[] | { missing: Set<Digest> } {
    const records: SignedRecord[] = []
    const missing = new Set<Digest>()
    for (const digest of block.records) {
      const record = this.record(digest)
      if (record) records.push(record)
      else missing.add(digest)
    }
    return missing.size === 0 ? records : { missing }
  }

  /** True where the record is held here, pending or final. */
  holds(digest: Digest): boolean {
    return this.#options.pool.get(digest) !== undefined || this.#options.chain.isDecided(digest)
  }

  /** A record that is pending here; its signature was verified. */
  held(digest: Digest): SignedRecord | undefined {
    return this.#options.pool.get(digest)?.signed
  }

  /** The bytes of a record that is held here. */
  recordBytes(digest: Digest): Uint8Array | undefined {
    return this.#options.pool.get(digest)?.signed.bytes ?? this.#options.chain.recordBytes(digest)
  }

  /** A record that is held here, pending or final. Its signature was verified before it was stored. */
  record(digest: Digest): SignedRecord | undefined {
    const held = this.#options.pool.get(digest)
    if (held) return held.signed
    const bytes = this.#options.chain.recordBytes(digest)
    return bytes && ofStore(`record ${digest}`, () => decodeRecord(bytes))
  }

  #run(block: Block, records: readonly SignedRecord[]): Input | undefined {
    const { digest, header } = block
    const parent = this.#viewOf(header.parent)
    const parentTime = this.#headerOf(header.parent)?.time
    // A parent that is neither final nor executed here has lost: nobody asks for this block any more.
    if (!parent || parentTime === undefined) return undefined
    const draft = parent.fork()
    const result = executeBlock(ledgerDraft(draft), header, parentTime, records, this.#most)
    if ('invalid' in result) return { type: 'unexecutable', digest, reason: result.invalid }
    const outcome = outcomeOf(result.verdictRoot, result.stateRoot)
    this.#executed.set(digest, { block, outcome, result, view: draft.seal() })
    return { type: 'executed', digest, outcome }
  }

  /** Makes executed blocks final, parents first. The state is final at once; `operations` make it durable. */
  commit(blocks: readonly FinalBlock[], certificate: Certificate): Commit {
    const operations: WriteOp[] = []
    const records: FinalRecord[] = []
    const evidence: NumberReuse[] = []
    const verdicts: Record<Verdict, number> = { '11': 0, '01': 0, '10': 0, '00': 0 }
    let view: StateView | undefined
    blocks.forEach(({ block, outcome }, i) => {
      const executed = this.#executed.get(block.digest)
      assert(executed && executed.outcome === outcome, `block ${block.header.height} is committed as it was executed`)
      const stored = storedBlock(executed, i === blocks.length - 1 ? certificate : undefined)
      operations.push(...finalBlockOperations(stored, executed.result.answers))
      executed.result.answers.forEach((answer, place) => {
        records.push({ digest: answer.record, answer, stored, place })
      })
      evidence.push(...executed.result.evidence)
      this.#learn(executed.result)
      for (const verdict of Object.keys(verdicts) as Verdict[]) verdicts[verdict] += executed.result.verdicts[verdict]
      view = executed.view
      this.#tip = stored
    })
    assert(view, 'a commit holds a block')
    const state = this.#tree.commit(view)
    operations.push(...state.ops)
    this.#forgetUpTo(this.#tip.block)
    return { operations, written: state.written, records, evidence, verdicts, tip: this.#tip }
  }

  #learn({ answers, verdicts }: Executed): void {
    const shown = answers.flatMap(answer => {
      const held = this.#options.pool.get(answer.record)
      return held && held.tokens > 0 ? [{ client: held.client, tokens: held.tokens, answer }] : []
    })
    this.#allowances.learn(shown, verdicts['01'] + verdicts['10'] + verdicts['00'])
  }

  /** Overlays at or below the final height are final or lost. */
  #forgetUpTo(tip: Block): void {
    for (const [digest, { block }] of this.#executed)
      if (block.header.height <= tip.header.height) this.#executed.delete(digest)
    for (const [digest, { block }] of this.#waiting)
      if (block.header.height <= tip.header.height) this.#waiting.delete(digest)
    // What built on a lost block has lost with it.
    for (let lost = true; lost; ) {
      lost = false
      for (const [digest, { block }] of this.#executed) {
        if (block.header.parent === tip.digest || this.#executed.has(block.header.parent)) continue
        this.#executed.delete(digest)
        lost = true
      }
    }
  }

  abandon(digests: readonly Digest[]): void {
    for (const digest of digests) {
      this.#executed.delete(digest)
      this.#waiting.delete(digest)
    }
  }

  /**
   * Executes the next final block as another node sent it, with its records. Throws `bad_proof` where it does not follow the tip or the block
   * before, `outcome_differs` where this node gets another outcome than the certified one.
   */
  follow(block: Block, records: readonly SignedRecord[], certified: Digest): FinalBlock {
    if (!this.#executed.has(block.digest)) {
      const answer = this.#run(block, records)
      if (answer?.type === 'unexecutable')
        throw new MupibError(
          'outcome_differs',
          `final block ${block.header.height} cannot be executed here: ${answer.reason}`,
        )
      if (!answer) throw new MupibError('bad_proof', `block ${block.header.height} does not follow the final chain`)
    }
    const { outcome } = this.#executed.get(block.digest)!
    if (outcome !== certified)
      throw new MupibError('outcome_differs', `final block ${block.header.height} has another outcome here`, {
        own: outcome,
        certified,
      })
    return { block, outcome }
  }

  /** Name of a record's stream and its head in the final state; undefined where the signer is unknown. */
  streamOf(signed: SignedRecord, state: StateView = this.state): StandingStream | undefined {
    const stream = streamOfRecord(state, signed.record)
    return stream && { name: streamName(stream), head: headOf(state, stream) }
  }

  /**
   * The signer's key and the stream, by the final state; where that does not know the signer yet, by the state that a block which waits
   * for this record extends. Undefined where neither knows it.
   */
  signerOf(signed: SignedRecord): { readonly key: Uint8Array; readonly stream: StandingStream } | undefined {
    const states = [this.state]
    for (const { block, missing } of this.#waiting.values()) {
      const view = missing.has(signed.digest) ? this.#viewOf(block.header.parent) : undefined
      if (view) states.push(view)
    }
    for (const state of states) {
      const key = signerKey(state, signed.record.signer)
      const stream = this.streamOf(signed, state)
      if (key && stream) return { key, stream }
    }
    return undefined
  }

  /** The signer's key as the block's parent has it; undefined where the parent was not executed here or does not know the signer. */
  signerKeyAt(block: Block, signer: Digest): Uint8Array | undefined {
    const view = this.#viewOf(block.header.parent)
    return view && signerKey(view, signer)
  }
}

function storedBlock({ block, outcome, result }: ExecutedBlock, certificate: Certificate | undefined): StoredBlock {
  return {
    block,
    outcome,
    verdictRoot: result.verdictRoot,
    stateRoot: result.stateRoot,
    leafHashes: result.answers.map(({ leaf }) => recordLeafHash(leaf)),
    certificate,
  }
}
