// The application as a port: the simulator runs whatever executes blocks of records, a toy here, the real ledger from elsewhere.
import type { Block } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { FinalBlock } from '../types.ts'

export type Execution =
  | { readonly type: 'outcome'; readonly outcome: Digest }
  | { readonly type: 'invalid'; readonly reason: string }
  /** Records that must be fetched first. */
  | { readonly type: 'missing'; readonly records: readonly Digest[] }

/** What changed for the vote: records that are work now, and told ones that no longer are. */
export interface WorkChange {
  readonly work: readonly Digest[]
  readonly dropped: readonly Digest[]
}

/** One node's application. Blocks are executed on the state of their parent; only final ones move the state that is stored. */
export interface Application {
  /** Takes a record's bytes. Returns its digest where it is well-formed, else undefined. */
  receive(bytes: Uint8Array): Digest | undefined
  /** The bytes of a record held here. */
  record(digest: Digest): Uint8Array | undefined
  /** Records held here that are not decided: what is announced. */
  pending(): readonly Digest[]
  /** What became work or ceased to be since the last call. */
  workChange(): WorkChange
  /** Records for a block on top of a parent executed before. */
  build(parent: Digest): readonly Digest[]
  /** Executes on the parent's state; throws where the parent was not executed. */
  execute(block: Block): Execution
  /** True where the block's state is there: executed, or final. */
  hasExecuted(digest: Digest): boolean
  /** These blocks, executed before, are final. Returns the state to store. */
  commit(blocks: readonly FinalBlock[]): object
  /** These blocks will never be final. */
  abandon(digests: readonly Digest[]): void
  /** The outcome that this application itself came to for a block. */
  outcomeOf(digest: Digest): Digest | undefined
}

/** Makes applications: for a store's state and records, after every start. */
export interface ApplicationFactory {
  /** The state of genesis and its outcome. */
  readonly genesis: { readonly state: object; readonly stateRoot: Digest }
  create(options: {
    readonly tip: FinalBlock
    readonly state: object
    readonly records: Iterable<Uint8Array>
    /** Makes this node's execution go wrong from a height on (a fault, at most f of them). */
    readonly rotsAt: number | undefined
    /** Which validator it is for; an application without fault does not care. */
    readonly node?: number
  }): Application
  /** The bytes of a client's record. Salt tells apart two records under one number. */
  createRecord(client: number, number: number, salt: number): Uint8Array
  digestOf(bytes: Uint8Array): Digest
  /** Records in one block at most, where a backlog can be longer than that. */
  readonly blockRecordsMax?: number
}
