// One numbered stream of own records: what the ledger has decided of it, and what was persisted and not decided yet. Pure.
// S1 a record gets the number after the last one, open ones included, and names the digest before it;
// S2 decisions come in order of numbers; a refused record uses up no number, and every open record after it is void;
// S3 a store is behind where the ledger's head is a record that it does not hold: it was restored from an old copy, and whoever signs on
//    from there signs one number twice.
import { assert, MupibError } from '../../proto/errors.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'

export interface Head {
  readonly number: number
  readonly digest: Digest
}

export interface OwnStream {
  readonly decided: Head
  /** Ascending by one from the decided head on. */
  readonly open: readonly Head[]
}

export const emptyStream: OwnStream = { decided: { number: 0, digest: zeroDigest }, open: [] }

/** Number and predecessor of the next record (S1). */
export function nextInStream(stream: OwnStream): { readonly number: number; readonly previous: Digest } {
  const last = stream.open.at(-1) ?? stream.decided
  return { number: last.number + 1, previous: last.digest }
}

export function appendToStream(stream: OwnStream, digest: Digest): OwnStream {
  return { ...stream, open: [...stream.open, { number: nextInStream(stream).number, digest }] }
}

/** The first open record was decided, or refused: then it and all after it are void (S2). */
export function settleInStream(
  stream: OwnStream,
  digest: Digest,
  isRefused: boolean,
): { readonly stream: OwnStream; readonly voided: readonly Head[] } {
  const first = stream.open[0]
  assert(first?.digest === digest, 'records of one stream are decided in order')
  if (isRefused) return { stream: { ...stream, open: [] }, voided: stream.open }
  return { stream: { decided: first, open: stream.open.slice(1) }, voided: [] }
}

/** Holds a stream to the ledger's head. Throws `store_behind` (S3). */
export function checkAgainstLedger(stream: OwnStream, ledger: Head, what: string): void {
  const own = [stream.decided, ...stream.open].find(head => head.number === ledger.number)
  // a ledger that seems to be behind is one whose answering validators are still catching up
  if (ledger.number < stream.decided.number || own?.digest === ledger.digest) return
  throw new MupibError(
    'store_behind',
    `the ledger holds ${what} up to number ${ledger.number}, this store only up to ${nextInStream(stream).number - 1}: it is an old copy`,
    { hint: 'bring back the newest copy of the store; signing on from this one would sign a number twice' },
  )
}
