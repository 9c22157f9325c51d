// What a vendor's config.json says of sessions: {"sessions": {"unit", "suites"?, "paymentsMax"?, "windowMs"?, "lockBatch"?, "listen"?, "file"?,
// "chunkBytes"?}}; a vendor without it takes none.
import { limits } from '../../proto/limits.ts'
import { type LockSuiteName, lockSuites } from '../../proto/session/terms.ts'
import { channelLimits } from '../channel/limits.ts'
import type { FieldReader } from '../common/config.ts'

export interface SessionSettings {
  /** Money of one payment, at least. */
  readonly unit: bigint
  readonly suites: readonly LockSuiteName[]
  readonly paymentsMax: number
  /** A client's close has to leave so much time to answer it. */
  readonly windowMs: number
  /** Locks that are checked together; 1 checks each before its unit is served. */
  readonly lockBatch: number
  readonly listen: readonly string[]
  /** What is sold by the unit, in pieces of `chunkBytes`; without it a unit is a receipt of 32 bytes. */
  readonly file: string | undefined
  readonly chunkBytes: number
}

/** The suites whose locks can be checked on arrival. */
const defaultSuites: readonly LockSuiteName[] = ['schnorr', 'bls']
const anyPort = '/ip4/127.0.0.1/tcp/0'
const addressesMax = 16
/** Longer than a restart of the vendor, and than a bank or auditor is away. */
const defaultWindowMs = 60_000

/** Reads the settings. Throws `bad_config`. */
export function readSessionSettings(config: FieldReader): SessionSettings | undefined {
  if (!config.has('sessions')) return undefined
  const fields = config.object('sessions')
  const names = Object.keys(lockSuites) as LockSuiteName[]
  const suites = fields.has('suites') ? fields.texts('suites', names.length) : defaultSuites
  if (!suites.every(suite => names.includes(suite as LockSuiteName))) fields.fail('suites', `of ${names.join(', ')}`)
  const settings: SessionSettings = {
    unit: fields.amount('unit', limits.amount),
    suites: suites as LockSuiteName[],
    paymentsMax: fields.integer('paymentsMax', 1, limits.sessionPayments, limits.sessionPayments),
    windowMs: fields.integer('windowMs', limits.sessionWindowMsMin, limits.sessionWindowMsMax, defaultWindowMs),
    lockBatch: fields.integer('lockBatch', 1, channelLimits.lockBatch, 1),
    listen: fields.has('listen') ? fields.texts('listen', addressesMax) : [anyPort],
    file: fields.has('file') ? fields.text('file') : undefined,
    chunkBytes: fields.integer('chunkBytes', 1, channelLimits.contentBytes, channelLimits.contentBytes),
  }
  if (settings.unit < 1n) fields.fail('unit', 'at least 1 minor unit')
  fields.end()
  return settings
}
