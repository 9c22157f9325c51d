// How damage to a store shows: the codes with which a validator refuses to start or stops.
import type { ErrorCode } from '../../../proto/errors.ts'

/** `store_missing` and `store_foreign` too: a flipped bit in CURRENT or in the network's name makes a store seem to be that. */
export const damageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'store_corrupt',
  'store_foreign',
  'store_newer',
  'store_missing',
])
