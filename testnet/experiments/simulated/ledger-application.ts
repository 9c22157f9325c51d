// The ledger's own rules (pool, admission, execution) as the application of simulated validators. Each node executes for itself; only what a
// signature turned out to be is shared between them.
import type {
  Application,
  ApplicationFactory,
  Execution,
  WorkChange,
} from '../../../consensus/simulator/application.ts'
import type { FinalBlock } from '../../../consensus/types.ts'
import { admission } from '../../../node/ledger/admission.ts'
import { blockLimits, type Executed, executeBlock, type Invalid } from '../../../node/ledger/execute.ts'
import { checkForm } from '../../../node/ledger/form.ts'
import { isAlive, type LedgerFacts, type Moment, signerKey, signerOf } from '../../../node/ledger/members.ts'
import { headOf, streamName, streamOfRecord } from '../../../node/ledger/queries.ts'
import type { StateDraft } from '../../../node/ledger/state.ts'
import { type ChainView, type Head, type Held, Pool } from '../../../node/pool.ts'
import { type Block, outcomeOf } from '../../../proto/chain.ts'
import { MupibError } from '../../../proto/errors.ts'
import { type Digest, digestOf, zeroDigest } from '../../../proto/hash.ts'
import { limits } from '../../../proto/limits.ts'
import { decodeRecord, digestOfRecordBytes, type SignedRecord } from '../../../proto/records.ts'
import { genesisLedger, LedgerDraft, LedgerState } from './ledger-state.ts'
import { ledgerNetwork } from './parties.ts'
import { isRecordSigned } from './signing.ts'

/** Everything that the execution of a block needs. */
export interface ExecutionCase {
  readonly node: number
  readonly draft: StateDraft
  readonly header: Moment
  readonly parentTime: number
  readonly records: readonly SignedRecord[]
  /** The last final state, below the parent's. */
  readonly final: LedgerState
}

/** Ways in which planted bugs make simulated ledgers go wrong. */
export interface LedgerSwitches {
  readonly execute?: (of: ExecutionCase) => Executed | Invalid
  /** What a start reads of what was written. */
  readonly restore?: (state: LedgerState, node: number) => LedgerState
}

/** Records in a simulated block, and blocks below the tip whose state is kept. */
const blockRecordsMax = 32
const keptBlocks = 64

// Bytes of records are never changed and are shared by all nodes: each is read and verified once.
const decoded = new WeakMap<Uint8Array, SignedRecord | 'malformed'>()
const digests = new WeakMap<Uint8Array, Digest>()
const verified = new WeakMap<SignedRecord, boolean>()

export function decodedRecord(bytes: Uint8Array): SignedRecord | undefined {
  const known = decoded.get(bytes)
  if (known) return known === 'malformed' ? undefined : known
  let signed: SignedRecord | 'malformed' = 'malformed'
  try {
    signed = decodeRecord(bytes)
    checkForm(signed, ledgerNetwork)
  } catch (error) {
    if (!(error instanceof MupibError)) throw error
    signed = 'malformed'
  }
  decoded.set(bytes, signed)
  return signed === 'malformed' ? undefined : signed
}

function digestOfBytes(bytes: Uint8Array): Digest {
  const known = digests.get(bytes)
  if (known) return known
  const digest = digestOfRecordBytes(bytes)
  digests.set(bytes, digest)
  return digest
}

function isSigned(signed: SignedRecord, key: Uint8Array): boolean {
  const known = verified.get(signed)
  if (known !== undefined) return known
  const holds = isRecordSigned(signed, key)
  verified.set(signed, holds)
  return holds
}

const momentAfter = ({ height, time }: LedgerState): Moment => ({ height: height + 1, time: time + 1 })

function isRefused(state: LedgerState, signed: SignedRecord): boolean {
  const admitted = admission(state, signed, momentAfter(state))
  return typeof admitted !== 'string' && 'refused' in admitted
}

class LedgerApplication implements Application {
  readonly #node: number
  readonly #switches: LedgerSwitches
  readonly #rotsAt: number | undefined
  readonly #pool = new Pool()
  readonly #states = new Map<Digest, LedgerState>()
  readonly #blocks = new Map<Digest, Block>()
  /** All records that are held, pending and final. */
  readonly #records = new Map<Digest, SignedRecord>()
  readonly #pending = new Map<Digest, string>()
  #tip: LedgerState
  /** Streams that may have new work. */
  #touched = new Map<string, SignedRecord>()
  #refused = new Set<Digest>()
  #told = new Set<Digest>()

  constructor(tip: LedgerState, node: number, switches: LedgerSwitches, rotsAt: number | undefined) {
    this.#tip = tip
    this.#states.set(tip.digest, tip)
    this.#node = node
    this.#switches = switches
    this.#rotsAt = rotsAt
  }

  receive(bytes: Uint8Array): Digest | undefined {
    const signed = decodedRecord(bytes)
    if (!signed) return undefined
    const { digest } = signed
    if (this.#records.has(digest)) return digest
    const key = signerKey(this.#tip, signed.record.signer)
    const stream = streamOfRecord(this.#tip, signed.record)
    if (!key || !stream || !isSigned(signed, key)) return undefined
    this.#records.set(digest, signed)
    const admitted = admission(this.#tip, signed, momentAfter(this.#tip))
    if (typeof admitted !== 'string' && 'repeat' in admitted) return digest
    const name = streamName(stream)
    this.#pool.add(signed, name, signed.record.signer, true)
    this.#pending.set(digest, name)
    this.#touched.set(name, signed)
    return digest
  }

  record(digest: Digest): Uint8Array | undefined {
    return this.#records.get(digest)?.bytes
  }

  pending(): readonly Digest[] {
    return [...this.#pending.keys()]
  }

  #headOf(sample: SignedRecord, state = this.#tip): Head {
    const stream = streamOfRecord(state, sample.record)
    return stream ? headOf(state, stream) : { number: 0, digest: zeroDigest }
  }

  workChange(): WorkChange {
    const work: Digest[] = []
    const dropped: Digest[] = []
    const touched = this.#touched
    this.#touched = new Map()
    const following = this.#refused
    this.#refused = new Set()
    for (const [name, sample] of touched) {
      const held = [...this.#pool.ofStream(name)].sort((a, b) => a.signed.record.number - b.signed.record.number)
      for (const { signed } of held) if (following.has(signed.record.previous)) following.add(signed.digest)
      const isOwed = ({ signed }: Held): boolean => following.has(signed.digest) || isRefused(this.#tip, signed)
      const head = this.#headOf(sample)
      dropped.push(...this.#pool.noLongerReady(name, head, isOwed))
      work.push(...this.#pool.newlyReady(name, head))
      for (const each of held)
        if (isOwed(each) && this.#pool.markReady(each.signed.digest)) work.push(each.signed.digest)
    }
    const gone = dropped.filter(digest => this.#told.delete(digest))
    for (const digest of work) this.#told.add(digest)
    return { work, dropped: gone }
  }

  build(parent: Digest): readonly Digest[] {
    const state = this.#stateOf(parent)
    const inChain = new Set<Digest>()
    for (let at = this.#blocks.get(parent); at && at.header.height > this.#tip.height; ) {
      for (const record of at.records) inChain.add(record)
      at = this.#blocks.get(at.header.parent)
    }
    const chain: ChainView = {
      headOf: ({ signed }) => this.#headOf(signed, state),
      isInChain: digest => inChain.has(digest),
      isRefused: ({ signed }) => isRefused(state, signed),
      provenOf: () => limits.blockTokens * blockRecordsMax,
    }
    const most = { ...blockLimits, records: blockRecordsMax, perClient: blockRecordsMax }
    return this.#pool.choose(chain, { ...most, untriedTokens: limits.blockTokens })
  }

  #stateOf(digest: Digest): LedgerState {
    const state = this.#states.get(digest)
    if (!state) throw new Error(`the core asks for the state of ${digest.slice(0, 8)}, which was never executed`)
    return state
  }

  hasExecuted(digest: Digest): boolean {
    return this.#states.has(digest)
  }

  outcomeOf(digest: Digest): Digest | undefined {
    return this.#states.get(digest)?.outcome
  }

  execute(block: Block): Execution {
    const known = this.#states.get(block.digest)
    if (known) return { type: 'outcome', outcome: known.outcome }
    const missing = block.records.filter(digest => !this.#records.has(digest))
    if (missing.length > 0) return { type: 'missing', records: missing }
    const { header, digest } = block
    const parent = this.#stateOf(header.parent)
    const records = block.records.map(record => this.#records.get(record)!)
    const draft = new LedgerDraft(parent)
    const moment = { height: header.height, time: header.time }
    const executed = this.#run({ draft, header: moment, parentTime: parent.time, records })
    if ('invalid' in executed) return { type: 'invalid', reason: executed.invalid }
    const isRotten = this.#rotsAt !== undefined && header.height >= this.#rotsAt
    const stateRoot = draft.root()
    const right = outcomeOf(executed.verdictRoot, stateRoot)
    const outcome = isRotten ? digestOf('outcome', Buffer.from(`rotten ${right}`)) : right
    const bytesOf = (record: Digest): Uint8Array | undefined => this.#records.get(record)?.bytes
    const result = {
      digest,
      block,
      bytesOf,
      height: header.height,
      executed: { ...executed, stateRoot },
      before: parent.result,
    }
    this.#states.set(digest, draft.seal({ digest, ...moment, outcome, result }))
    this.#blocks.set(digest, block)
    return { type: 'outcome', outcome }
  }

  #run(of: Omit<ExecutionCase, 'node' | 'final'>): Executed | Invalid {
    const { draft, header, parentTime, records } = of
    const { execute } = this.#switches
    if (execute) return execute({ ...of, node: this.#node, final: this.#tip })
    return executeBlock(draft, header, parentTime, records)
  }

  commit(blocks: readonly FinalBlock[]): object {
    for (const { block } of blocks) {
      this.#tip = this.#stateOf(block.digest)
      for (const digest of block.records) this.#decided(digest)
      for (const { record } of this.#tip.result?.executed.answers ?? []) this.#noteRefusal(record)
      if (this.#changesMembers(block)) for (const [digest, name] of this.#pending) this.#touch(name, digest)
    }
    this.#forget()
    return this.#tip
  }

  #decided(digest: Digest): void {
    const name = this.#pending.get(digest)
    const signed = this.#records.get(digest)
    if (signed && name !== undefined) this.#touched.set(name, signed)
    this.#pending.delete(digest)
    this.#told.delete(digest)
    this.#pool.remove([digest])
  }

  #noteRefusal(digest: Digest): void {
    const signed = this.#records.get(digest)
    const admitted = signed && admission(this.#tip, signed, momentAfter(this.#tip))
    if (admitted && typeof admitted !== 'string' && 'repeat' in admitted && admitted.repeat.refusal)
      this.#refused.add(digest)
  }

  /** The authority's records may have taken a signer's right away. */
  #changesMembers({ records }: Block): boolean {
    return records.some(digest => {
      const kind = this.#records.get(digest)?.record.kind
      return kind === 'membership' || kind === 'revocation'
    })
  }

  #touch(name: string, digest: Digest): void {
    const signed = this.#records.get(digest)
    const signer = signed && signerOf(this.#tip, signed.record.signer, this.#tip.height + 1)
    if (signed && signer && !isAlive(signer, momentAfter(this.#tip))) this.#touched.set(name, signed)
  }

  #forget(): void {
    for (const [digest, { height }] of this.#states) {
      if (height >= this.#tip.height - keptBlocks) break
      this.#states.delete(digest)
      this.#blocks.delete(digest)
    }
  }

  abandon(lost: readonly Digest[]): void {
    for (const digest of lost) {
      this.#states.delete(digest)
      this.#blocks.delete(digest)
    }
  }
}

/** Ledgers of these members. `records` makes a client's numbered records, for schedules whose clients do nothing but submit. */
export function createLedgerFactory(
  facts: LedgerFacts,
  switches: LedgerSwitches = {},
  createRecord: ApplicationFactory['createRecord'] = () => new Uint8Array(0),
): ApplicationFactory & { readonly genesis: { readonly state: LedgerState } } {
  const genesis = genesisLedger(facts)
  return {
    genesis: { state: genesis, stateRoot: genesis.root },
    create({ tip, state, records, rotsAt, node = 0 }) {
      if (!(state instanceof LedgerState)) throw new TypeError('not a state of the ledger')
      const { digest, header } = tip.block
      const read = switches.restore?.(state, node) ?? state
      // genesis is the same for every schedule, its block is not
      const { height, time } = header
      const known =
        height === 0
          ? new LedgerDraft(genesis).seal({ digest, height, time, outcome: tip.outcome, result: undefined })
          : read
      const application = new LedgerApplication(known, node, switches, rotsAt)
      for (const bytes of records) application.receive(bytes)
      return application
    },
    createRecord,
    digestOf: digestOfBytes,
  }
}
