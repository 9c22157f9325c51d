// Published tokens and what became of them, in segments: the hashes of tokens issued together lie in one row, the places of their
// first use in another. A ledger block reads each segment once and writes each changed one once.

import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { sha256 } from '../../proto/hash.ts'
import type { Publication } from '../../proto/records.ts'
import {
  getRow,
  type PublicationRow,
  publicationRow,
  putRow,
  segmentKey,
  segmentTokens,
  type UsePlace,
  useBytes,
  usesHeadBytes,
} from './rows.ts'
import type { StateDraft, StateReader } from './state.ts'

/** Carries out an admissible publication. */
export function applyPublication(draft: StateDraft, record: Publication): void {
  const { signer, number, value, issuedAt, payBy, expiry, hashes } = record
  const count = hashes.length / 32
  putRow(draft, publicationRow, { value, issuedAt, payBy, expiry, count }, signer, number)
  for (let segment = 0; segment * segmentTokens < count; segment++) {
    const column = hashes.slice(segment * segmentTokens * 32, (segment + 1) * segmentTokens * 32)
    const uses = new Uint8Array(usesHeadBytes + (column.length / 32) * useBytes)
    uses.set(sha256(column))
    draft.put(segmentKey('hashes', signer, number, segment), column)
    draft.put(segmentKey('uses', signer, number, segment), uses)
  }
}

/** The tokens of a publication that share rows. `uses` is the state's own row until the first change. */
export class Segment {
  readonly hashes: Uint8Array
  #uses: Uint8Array
  #changed = false

  constructor(hashes: Uint8Array, uses: Uint8Array) {
    this.hashes = hashes
    this.#uses = uses
  }

  /** The row of uses if it was changed. */
  get changed(): Uint8Array | undefined {
    return this.#changed ? this.#uses : undefined
  }

  /** True where the token at `slot` was used. A used place is never all zeros: decisions count from 1. */
  isUsed(slot: number): boolean {
    const uses = this.#uses
    const at = usesHeadBytes + slot * useBytes
    return (uses[at + 5]! | uses[at + 4]! | uses[at + 3]! | uses[at + 2]! | uses[at + 1]! | uses[at]!) !== 0
  }

  useOf(slot: number): UsePlace | undefined {
    if (!this.isUsed(slot)) return undefined
    const at = usesHeadBytes + slot * useBytes
    const view = new DataView(this.#uses.buffer, this.#uses.byteOffset + at, useBytes)
    return { decision: view.getUint16(0) * 2 ** 32 + view.getUint32(2), transaction: view.getUint16(6) }
  }

  /** Writes a place (as `placeBytes` makes it); zeros make the token unspent again. */
  setUse(slot: number, place: Uint8Array): void {
    if (!this.#changed) {
      this.#uses = this.#uses.slice()
      this.#changed = true
    }
    const uses = this.#uses
    const at = usesHeadBytes + slot * useBytes
    for (let i = 0; i < useBytes; i++) uses[at + i] = place[i]!
  }
}

/** A place of first use as a row of uses holds it. */
export function placeBytes({ decision, transaction }: UsePlace): Uint8Array {
  const high = Math.floor(decision / 2 ** 32)
  return Uint8Array.of(
    high >>> 8,
    high,
    decision >>> 24,
    decision >>> 16,
    decision >>> 8,
    decision,
    transaction >>> 8,
    transaction,
  )
}

export const noPlace: Uint8Array = new Uint8Array(useBytes)

/** A publication that a block looks into, with the segments it has read. */
export class OpenPublication {
  readonly row: PublicationRow
  readonly #bank: Digest
  readonly #number: number
  readonly #state: StateReader
  readonly #segments: (Segment | undefined)[] = []

  constructor(bank: Digest, number: number, row: PublicationRow, state: StateReader) {
    this.#bank = bank
    this.#number = number
    this.row = row
    this.#state = state
  }

  /** The segment that holds the token at `index`, which is below the publication's count. */
  segmentOf(index: number): Segment {
    const number = Math.floor(index / segmentTokens)
    return this.#segments[number] ?? this.#read(number)
  }

  #read(number: number): Segment {
    const hashes = this.#state.get(segmentKey('hashes', this.#bank, this.#number, number))
    const uses = this.#state.get(segmentKey('uses', this.#bank, this.#number, number))
    const tokens = Math.min(segmentTokens, this.row.count - number * segmentTokens)
    // A publication without its columns must never read as unspent tokens.
    if (hashes?.length !== tokens * 32 || uses?.length !== usesHeadBytes + tokens * useBytes)
      throw new MupibError('store_corrupt', `segment ${number} of publication ${this.#number} is not whole`)
    const segment = new Segment(hashes, uses)
    this.#segments[number] = segment
    return segment
  }

  /** Writes the changed segments. */
  flush(draft: StateDraft): void {
    this.#segments.forEach((segment, number) => {
      const changed = segment?.changed
      if (changed) draft.put(segmentKey('uses', this.#bank, this.#number, number), changed)
    })
  }
}

/** The publications that a ledger block looks into. */
export class Publications {
  readonly #state: StateReader
  readonly #open = new Map<string, OpenPublication>()

  constructor(state: StateReader) {
    this.#state = state
  }

  /** A publication by the fingerprint that signed it and its number; undefined where there is none. */
  open(bank: Digest, number: number): OpenPublication | undefined {
    const name = `${bank}/${number}`
    const known = this.#open.get(name)
    if (known) return known
    const row = getRow(this.#state, publicationRow, bank, number)
    if (!row) return undefined
    const opened = new OpenPublication(bank, number, row, this.#state)
    this.#open.set(name, opened)
    return opened
  }

  flush(draft: StateDraft): void {
    for (const publication of this.#open.values()) publication.flush(draft)
  }
}
