// The bytes of decided records, asked for until some validator gives them.
import { setTimeout } from 'node:timers/promises'
import { clientSettings } from '../../node/client/settings.ts'
import type { LedgerClient } from '../../node/client/types.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { decodeRecord, type LedgerRecord } from '../../proto/records.ts'
import { unlessAborted } from './interrupt.ts'

/** Records fetched at once. */
const fetchedAtOnce = 64

interface Asking {
  readonly client: LedgerClient
  readonly signal: AbortSignal
  /** Hears `pruned` each time that nobody has a record. */
  readonly onMissing: (error: MupibError) => void
}

/** What decided records say, in the order of their digests. Rejects when the signal aborts or the client closes. */
export async function decidedRecords(digests: readonly Digest[], asking: Asking): Promise<LedgerRecord[]> {
  const records: LedgerRecord[] = []
  for (let from = 0; from < digests.length; from += fetchedAtOnce) {
    const some = digests.slice(from, from + fetchedAtOnce)
    records.push(...(await Promise.all(some.map(digest => decidedRecord(digest, asking)))))
  }
  return records
}

/** That a decided record cannot be had passes when a validator that has it is connected. */
async function decidedRecord(digest: Digest, { client, signal, onMissing }: Asking): Promise<LedgerRecord> {
  for (let attempt = 0; ; attempt++) {
    // a question stays open as long as nobody is connected; a stop does not wait for that
    const bytes = await unlessAborted(signal, client.recordBytes(digest))
    if (bytes) return decodeRecord(bytes).record
    onMissing(new MupibError('pruned', `no validator gives record ${digest}, which is decided`, { digest }))
    const { retryFirstMs, retryCapMs } = clientSettings
    await setTimeout(Math.min(retryCapMs, retryFirstMs * 2 ** attempt), undefined, { signal })
  }
}
