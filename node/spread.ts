// How records get to every validator: one publishes on gossip, all announce what stays undecided, and whoever lacks a record fetches it.
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import type { SignedRecord } from '../proto/records.ts'
import type { Pool } from './pool.ts'

/** Names of the gossip topics. */
export const topics = { publications: 'publications', blocks: 'blocks' } as const

export interface SpreadPorts {
  readonly validators: number
  readonly self: number
  readonly pool: Pool
  publish(topic: string, bytes: Uint8Array): void
  /** Announces digests of pending records to one validator, or to all. */
  announce(digests: readonly Digest[], to?: number): void
}

// A record is mostly final before its first announcement: announcing is for what got lost.
const announceAfterMs = 50
const announceMsMost = 2_000

export class Spread {
  readonly #ports: SpreadPorts
  #timer: NodeJS.Timeout | undefined
  #pauseMs = announceAfterMs

  constructor(ports: SpreadPorts) {
    this.#ports = ports
  }

  /**
   * A record came from a client. Where the client sends it to every validator itself, one of them, chosen by the digest, is
   * enough to gossip it to those whom the client could not reach.
   */
  fromClient({ digest, record, bytes }: SignedRecord, spreadByClient: boolean): void {
    const { validators, self } = this.#ports
    if (spreadByClient && Number.parseInt(digest.slice(0, 8), 16) % validators !== self) return
    this.#ports.publish(record.kind === 'tokenBlock' ? topics.blocks : topics.publications, bytes)
  }

  /** Something is pending: announce it unless it becomes final soon. */
  pending(): void {
    if (this.#timer || this.#ports.pool.size === 0) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#announceAll()
      this.#pauseMs = Math.min(this.#pauseMs * 2, announceMsMost)
      this.pending()
    }, this.#pauseMs)
  }

  /** Records became final or came in: the pauses start anew. */
  progress(): void {
    this.#pauseMs = announceAfterMs
  }

  #announceAll(to?: number): void {
    const digests = this.#ports.pool.toAnnounce(limits.announceDigests)
    if (digests.length > 0) this.#ports.announce(digests, to)
  }

  /** A link came up: its peer may know of nothing that is pending here. */
  linkUp(peer: number): void {
    this.#announceAll(peer)
  }

  stop(): void {
    if (this.#timer) clearTimeout(this.#timer)
  }
}
