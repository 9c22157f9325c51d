// Remembers what the signatures inside a record turned out to be. A record may be executed in several views, and one full of
// altered tokens costs a second of verification each time: only the first time then holds up the vote.
import type { LedgerRecord } from '../../proto/records.ts'

export class SignatureMemo {
  readonly #results = new Map<number, boolean>()

  /** The result under a name of the caller's (each signature of the record has one), computed once. */
  recall(name: number, verify: () => boolean): boolean {
    const known = this.#results.get(name)
    if (known !== undefined) return known
    const result = verify()
    this.#results.set(name, result)
    return result
  }
}

// Records are never changed, so what was true of one stays true; a memo goes when its record goes.
const memos = new WeakMap<LedgerRecord, SignatureMemo>()

export function signatureMemoOf(record: LedgerRecord): SignatureMemo {
  const known = memos.get(record)
  if (known) return known
  const memo = new SignatureMemo()
  memos.set(record, memo)
  return memo
}
