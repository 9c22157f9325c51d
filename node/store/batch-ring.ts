// Every batch writes its number into a ring of markers: a batch missing in the middle is seen at the next open.
// (A batch missing at the end looks like one that was never written: the checks of the log files see to that.)
import type { Database, WriteOp } from './database.ts'
import { CorruptionError } from './errors.ts'
import { batchMarkerKey, prefixes, rangeOf } from './keys.ts'
import { storeLimits } from './limits.ts'

/** The marker of batch `number` (from 1). */
export function batchMarker(number: number): WriteOp {
  const value = new Uint8Array(8)
  new DataView(value.buffer).setBigUint64(0, BigInt(number))
  return { type: 'put', key: batchMarkerKey(number % storeLimits.batchRing), value }
}

/** The number of the newest batch (0 in a new store); throws CorruptionError where one of the ring's batches is missing. */
export async function verifyBatchRing(database: Pick<Database, 'iterate'>): Promise<number> {
  const numbers = new Map<number, number>()
  let newest = 0
  for await (const [key, value] of database.iterate(rangeOf(prefixes.batchMarker))) {
    const slot = (key[1]! << 8) | key[2]!
    const number = Number(new DataView(value.buffer, value.byteOffset, 8).getBigUint64(0))
    if (number % storeLimits.batchRing !== slot)
      throw new CorruptionError(`store is damaged: batch marker ${slot} holds ${number}`)
    numbers.set(slot, number)
    if (number > newest) newest = number
  }
  for (let number = Math.max(1, newest - storeLimits.batchRing + 1); number <= newest; number++) {
    if (numbers.get(number % storeLimits.batchRing) !== number) {
      throw new CorruptionError(`store is damaged: batch ${number} of ${newest} is missing`, { batch: number })
    }
  }
  return newest
}
