// What a validator says of itself: to people its state and why, where it stands, and whom it waits for; to clients where it stands.
import { statusOf } from '../consensus/queries.ts'
import type { Core } from '../consensus/state.ts'
import { quorumOf } from '../proto/chain.ts'
import type { Genesis } from '../proto/genesis.ts'
import type { ValidatorStatus } from '../proto/wire/codec.ts'
import type { Application } from './application.ts'
import type { StoredBlock } from './chain-store.ts'
import type { Pool } from './pool.ts'

type ValidatorState = 'following' | 'voting' | 'stalled' | 'mute' | 'halted'

export interface StatusSources {
  readonly genesis: Genesis
  readonly self: number
  readonly core: Core
  readonly application: Application
  readonly pool: Pool
  now(): number
  nameOf(validator: number): string
  /** Other validators with a live link. */
  linked(): readonly number[]
  /** Client sessions that are open. */
  sessions(): number
}

const stalledAfterTimeouts = 4

export class Status {
  readonly #sources: StatusSources
  #lastProgress: number
  /** The last final block on disk: what a validator says that it has, it can show. */
  #tip: StoredBlock
  #equivocations = 0

  constructor(sources: StatusSources) {
    this.#sources = sources
    this.#lastProgress = sources.now()
    this.#tip = sources.application.tip
  }

  /** Final blocks up to this one are on disk. */
  progress(tip: StoredBlock): void {
    this.#tip = tip
    this.#lastProgress = this.#sources.now()
  }

  equivocation(): void {
    this.#equivocations += 1
  }

  #state(linked: number): { state: ValidatorState; reason: string | undefined } {
    const { core, genesis, pool, now } = this.#sources
    const { signing } = core
    const up = linked + 1
    const quorum = quorumOf(genesis.validators.length)
    if (signing === 'stopped')
      return { state: 'halted', reason: 'the own outcome differs from the certified one, or the chain is split' }
    if (signing === 'mute')
      return {
        state: 'mute',
        reason: 'the store lacks votes that others hold of this key; stop it and run: mupib node rejoin',
      }
    if (up < quorum)
      return {
        state: 'stalled',
        reason: `${up} of ${genesis.validators.length} validators are up; ${quorum} are needed`,
      }
    if (signing === 'asking')
      return { state: 'following', reason: 'asks the other validators what this key has signed' }
    const idle = now() - this.#lastProgress
    if (pool.readyCount > 0 && idle > stalledAfterTimeouts * genesis.timing.timeoutMs)
      return { state: 'stalled', reason: `nothing became final for ${idle} ms while records wait` }
    return { state: 'voting', reason: undefined }
  }

  forClients(): ValidatorStatus {
    const { genesis, self, core } = this.#sources
    const { block, stateRoot } = this.#tip
    return {
      name: genesis.validators[self]!.name,
      height: block.header.height,
      digest: block.digest,
      stateRoot,
      view: core.view,
      mayVote: core.signing === 'may',
    }
  }

  /** What /status shows. */
  show(): Record<string, unknown> {
    const { genesis, self, core, pool, nameOf, sessions } = this.#sources
    const { view, leader, silent, notarized, nullified } = statusOf(core)
    const linked = new Set(this.#sources.linked())
    const { state, reason } = this.#state(linked.size)
    const { block, stateRoot } = this.#tip
    return {
      name: nameOf(self),
      pid: process.pid,
      state,
      ...(reason && { reason }),
      height: block.header.height,
      view,
      digest: block.digest,
      stateRoot,
      leader: nameOf(leader),
      notVoted: silent.map(nameOf),
      notarized: notarized.map(({ validator, digest, outcome }) => ({ validator: nameOf(validator), digest, outcome })),
      nullified: nullified.map(nameOf),
      pendingRecords: pool.size,
      sessions: sessions(),
      equivocations: this.#equivocations,
      peers: genesis.validators
        .map(({ name }, index) => ({ name, connected: linked.has(index), index }))
        .filter(({ index }) => index !== self)
        .map(({ name, connected }) => ({ name, connected })),
    }
  }
}
