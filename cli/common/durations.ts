// Times and rates as people write them on a command line.
import { InvalidArgumentError } from 'commander'

/** Milliseconds of the units in which times are written. */
export const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A time with its unit, such as 500ms, 60s, 5m, 2h or 1d: in milliseconds. For commander. */
export function durationMs(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? []
  const value = Math.round(Number(count) * (unitsMs[unit ?? ''] ?? Number.NaN))
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('A time with its unit, such as 60s or 5m.')
}

/** A rate, such as 100/s or 30/m: per second. For commander. */
export function ratePerSecond(text: string): number {
  const [, count, unit] = /^(\d+(?:\.\d+)?)\/(s|m|h)$/.exec(text) ?? []
  const value = (Number(count) * 1_000) / (unitsMs[unit ?? ''] ?? Number.NaN)
  if (value > 0 && Number.isFinite(value)) return value
  throw new InvalidArgumentError('A rate, such as 100/s or 30/m.')
}
