// What commands print: results on stdout (tables on a terminal, JSON for scripts), progress on stderr.
import type { Command } from 'commander'
import { toHex } from '../../proto/bytes.ts'

/** Options that every command has. */
export interface CommonOptions {
  /** Network or actor home. */
  readonly dir: string
  readonly json: boolean
  readonly quiet: boolean
  readonly yes: boolean
}

/** How one command talks to whoever started it. */
export interface Output extends CommonOptions {
  /** The command's one result: `value` as JSON, or what `text` makes of it for people. */
  result<T>(value: T, text: (value: T) => string): void
  /** One item of a stream: a JSON line, or a line for people. */
  item<T>(value: T, text: (value: T) => string): void
  /** Progress for people, on stderr, unless --quiet. */
  progress(text: string): void
}

/** JSON as scripts get it: amounts as decimal strings, bytes as hex, nothing undefined. */
export function toJson(value: unknown, indent?: number): string {
  return JSON.stringify(
    value,
    (_, item: unknown) => {
      if (typeof item === 'bigint') return item.toString()
      return item instanceof Uint8Array ? toHex(item) : item
    },
    indent,
  )
}

/** ISO 8601 in UTC of milliseconds since 1970. */
export const isoTime = (milliseconds: number): string => new Date(milliseconds).toISOString()

/** The common options of a command, with JSON chosen by itself where stdout is no terminal. */
export function outputOf(command: Command): Output {
  const options = command.optsWithGlobals<{ dir?: string; json?: boolean; quiet?: boolean; yes?: boolean }>()
  return createOutput({
    dir: options.dir ?? defaultDir,
    json: options.json ?? process.stdout.isTTY !== true,
    quiet: options.quiet ?? false,
    yes: options.yes ?? false,
  })
}

export const defaultDir = './.mupib'

function createOutput(options: CommonOptions): Output {
  return {
    ...options,
    result(value, text) {
      const shown = options.json ? toJson(value) : text(value)
      if (shown !== '') process.stdout.write(shown.endsWith('\n') ? shown : `${shown}\n`)
    },
    item(value, text) {
      process.stdout.write(`${options.json ? toJson(value) : text(value)}\n`)
    },
    progress(text) {
      if (!options.quiet) process.stderr.write(`${text}\n`)
    },
  }
}

export interface Column<T> {
  readonly head: string
  readonly cell: (row: T) => string | number | bigint
  /** Numbers stand on the right. */
  readonly right?: boolean
}

/** A plain table with a head line; `empty` where there are no rows. */
export function table<T>(rows: readonly T[], columns: readonly Column<T>[], empty = 'none'): string {
  if (rows.length === 0) return empty
  const lines = [
    columns.map(column => column.head),
    ...rows.map(row => columns.map(column => String(column.cell(row)))),
  ]
  const widths = columns.map((_, at) => Math.max(...lines.map(line => line[at]!.length)))
  return lines
    .map(line =>
      line
        .map((cell, at) => (columns[at]!.right === true ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** Name and value, one pair a line. */
export function pairs(entries: readonly (readonly [string, unknown])[]): string {
  const shown = entries.filter(([, value]) => value !== undefined)
  const width = Math.max(...shown.map(([name]) => name.length))
  return shown.map(([name, value]) => `${name.padEnd(width)}  ${String(value)}`).join('\n')
}

/** The first characters of a digest or a key, for tables. */
export const short = (hex: string): string => (hex.length > 16 ? `${hex.slice(0, 12)}…` : hex)
