// What a schema has against an experiment file, in words: for each problem where it is, what is wrong, and what to write instead.
import type * as z from 'zod'
import { actionNames } from './manifest.ts'
import { meant, nearest } from './nearest.ts'
import { keysAt, type Path, timeAt } from './schema.ts'

/** Something wrong in an experiment, and where. */
export interface Flaw {
  readonly path: Path
  /** The problem is with the last key of the path, rather than with what stands there. */
  readonly isKey?: boolean
  readonly message: string
  readonly hint: string
}

type Issue = z.core.$ZodIssue

const typeTexts: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a mapping with keys',
  record: 'a mapping with keys',
  array: 'a list',
  tuple: 'a list of two',
}

const timeHint = 'write a number and its unit, such as 250ms, 5s or 2m'
const signedTimeHint = 'write a sign, a number and its unit, such as +5s or -300ms'
const faultHint = `a fault is one of ${actionNames.join(', ')}; such as {at: 2s, for: 3s, kill: {nodes: v1}}`

const isFault = (path: Path): boolean => path.length === 2 && path[0] === 'faults'

function timeHintAt(path: Path): string | undefined {
  const kind = timeAt(path)
  if (kind === undefined) return undefined
  return kind === 'time' ? timeHint : signedTimeHint
}

const isMissing = (issue: Issue): boolean =>
  (issue.code === 'invalid_type' && issue.input === undefined) ||
  (issue.code === 'invalid_union' && issue.input === undefined)

/** An inner problem of a choice, as one of the whole file. */
const within = (path: readonly PropertyKey[], issue: Issue): Issue => ({ ...issue, path: [...path, ...issue.path] })

const isAtRoot = (issue: Issue): boolean =>
  issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value')

/** Problems of the alternative that was most likely meant; of none, where the value is of another type than all. */
function choose(issue: z.core.$ZodIssueInvalidUnion): Flaw[] {
  const path = issue.path as Path
  const near = issue.errors
    .filter(issues => !issues.some(isAtRoot))
    .map(issues => flawsOf(issues.map(inner => within(issue.path, inner))))
    .toSorted((a, b) => a.length - b.length)
  if (near[0]) return near[0]
  const expected = issue.errors.flat().map(inner => {
    if (inner.code === 'invalid_value') return inner.values.map(String).join(' or ')
    return inner.code === 'invalid_type' ? (typeTexts[inner.expected] ?? inner.expected) : inner.message
  })
  return [{ path, message: `must be ${[...new Set(expected)].join(' or ')}`, hint: keysHint(path) }]
}

function keysHint(path: Path): string {
  const keys = keysAt(path)
  return keys.length === 0 ? 'see docs/experiments.md' : `keys here: ${[...new Set(keys)].join(', ')}`
}

function missing(path: Path): Flaw {
  const key = String(path.at(-1))
  const example = timeAt(path) === undefined ? '…' : '250ms'
  return { path, message: 'is missing', hint: `add "${key}: ${example}"` }
}

function unknownKeys(path: Path, keys: readonly string[]): Flaw[] {
  const known = [...new Set(keysAt(path))]
  const what = isFault(path) ? 'no fault and no key of one' : 'no key that is known here'
  return keys.map(key => ({ path: [...path, key], isKey: true, message: `is ${what}`, hint: meant(key, known) }))
}

const count = (value: number | bigint, origin: string): string =>
  origin === 'array' ? `${value} entries` : origin === 'string' ? `${value} characters` : String(value)

const bound = (path: Path, side: 'least' | 'most', limit: string): Flaw => ({
  path,
  message: `must be at ${side} ${limit}`,
  hint: `write ${limit}, or ${side === 'least' ? 'more' : 'fewer'}`,
})

function typeHint(path: Path, expected: string): string {
  if (expected === 'boolean') return 'write true or false'
  if (expected === 'string') return 'put it in quotes, if it is a text'
  if (expected === 'number' || expected === 'int') return 'write a number, without unit and quotes'
  return expected === 'array' ? 'write each entry on a line of its own, after "- "' : keysHint(path)
}

function faultCount(input: unknown): string {
  const named = actionNames.filter(name => Object.hasOwn(Object(input) as object, name))
  return named.length === 0
    ? 'names no fault'
    : `names ${named.length} faults (${named.join(', ')}) where it can be one`
}

function flawOf(issue: Issue): Flaw[] {
  const path = issue.path as Path
  if (isMissing(issue)) return [missing(path)]
  const time = timeHintAt(path)
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeys(path, issue.keys)
    case 'invalid_union':
      return choose(issue as z.core.$ZodIssueInvalidUnion)
    case 'invalid_key': {
      const what = issue.issues[0]?.message ?? 'another key'
      return [{ path, isKey: true, message: `must be ${what}`, hint: `write ${what}` }]
    }
    case 'invalid_value': {
      const values = issue.values.map(String)
      const given = String(issue.input)
      return [{ path, message: `"${given}" is not known here`, hint: meant(given, values) }]
    }
    case 'invalid_type': {
      if (time !== undefined) return [{ path, message: 'must be a time with its unit', hint: time }]
      const expected = typeTexts[issue.expected] ?? issue.expected
      const message = issue.input === null ? `is empty, and must be ${expected}` : `must be ${expected}`
      return [{ path, message, hint: typeHint(path, issue.expected) }]
    }
    case 'too_small':
      if (issue.inclusive === false)
        return [{ path, message: `must be more than ${issue.minimum}`, hint: `write more than ${issue.minimum}` }]
      return [bound(path, 'least', count(issue.minimum, issue.origin))]
    case 'too_big':
      return [bound(path, 'most', count(issue.maximum, issue.origin))]
    case 'invalid_format':
      return [{ path, message: `must be ${issue.message}`, hint: time ?? `write ${issue.message}` }]
    default:
      return [{ path, message: faultCount(issue.input), hint: faultHint }]
  }
}

/** True where a misspelt key beside it explains why this one is missing. */
function isExplained(flaw: Flaw, flaws: readonly Flaw[]): boolean {
  if (flaw.message !== 'is missing') return false
  return flaws.some(other => {
    const isBeside = other.isKey && other.path.slice(0, -1).join() === flaw.path.slice(0, -1).join()
    return isBeside && nearest(String(other.path.at(-1)), [String(flaw.path.at(-1))]) !== undefined
  })
}

/** Problems that a schema found, in words. */
export function flawsOf(issues: readonly Issue[]): Flaw[] {
  const misspelt = issues.filter(({ code }) => code === 'unrecognized_keys').map(({ path }) => path.join())
  // a fault with an unknown key also names no fault
  const telling = issues.filter(({ code, path }) => code !== 'custom' || !misspelt.includes(path.join()))
  const flaws = telling.flatMap(flawOf)
  return flaws.filter(flaw => !isExplained(flaw, flaws))
}
