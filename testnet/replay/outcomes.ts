// What became of each purchase of a replay, as CSV: the trace's columns, how it ended, how long it took, and γ and W after it.
import { purchaseFields } from '../trace/trace.ts'
import type { PurchaseOutcome } from './replay.ts'

/** One line a purchase, in the order in which they ended. */
export function outcomesCsv(outcomes: readonly PurchaseOutcome[]): string {
  const head = 'time,user,vendor,item,price,behaviour,result,reason,waitMs,gamma,blockSize'
  const lines = outcomes.map(({ purchase, result, reason, waitMs, standing }) =>
    [
      ...purchaseFields(purchase),
      result,
      reason ?? '',
      waitMs.toFixed(1),
      standing?.gamma ?? '',
      standing?.blockSize ?? '',
    ].join(','),
  )
  return `${head}\n${lines.join('\n')}\n`
}
