// Experiments back to files: what a report holds, or a program drew, as YAML that reads as the same experiment.
import { stringify } from 'yaml'
import type { Fault, Manifest } from './manifest.ts'
import { type Path, timeAt, timeText } from './schema.ts'

/** The experiment as the text of a file, complete with what was left to defaults. */
export function formatManifest(manifest: Manifest): string {
  const faults = manifest.faults.map(faultToFile)
  return stringify({ ...(written(manifest, []) as object), faults }, { lineWidth: 100 })
}

function faultToFile(fault: Fault, index: number): Record<string, unknown> {
  const { at, lasts, every, action, ...others } = fault
  // the one fault whose file has another name for a setting
  const what = fault.action === 'followLeader' ? { every: fault.looksEvery } : others
  return {
    at: timeText(at),
    ...(lasts === undefined ? {} : { for: timeText(lasts) }),
    ...(every === undefined ? {} : { every: timeText(every) }),
    [action]: written(what, ['faults', index, action]),
  }
}

/** A value as a file has it: times with their unit, nothing undefined. */
function written(value: unknown, path: Path): unknown {
  if (Array.isArray(value)) return value.map((item, at) => written(item, [...path, at]))
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, written(item, [...path, key])]),
    )
  const kind = typeof value === 'number' ? timeAt(path) : undefined
  if (kind === undefined) return value
  return kind === 'signed time' ? signedTimeText(value as number) : timeText(value as number)
}

const signedTimeText = (milliseconds: number): string =>
  `${milliseconds < 0 ? '-' : '+'}${timeText(Math.abs(milliseconds))}`
