// A purchase trace: a CSV file with one purchase per line, `time,user,vendor,item,price[,behaviour]`.
import { readFileSync } from 'node:fs'
import { CsvError, parse } from 'csv-parse/sync'
import { toMupibError } from '../../cli/common/errors.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import { isName } from '../../proto/records.ts'

/** What a buyer (or, with `replay`, a vendor) does with the purchase's tokens. */
export const behaviours = ['honest', 'double-spend', 'altered', 'forged', 'replay'] as const
export type Behaviour = (typeof behaviours)[number]

export interface Purchase {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly user: string
  readonly vendor: string
  readonly item: string
  /** In minor units. */
  readonly price: bigint
  readonly behaviour: Behaviour
  /** With `double-spend`: how many of the purchase's tokens, in the trace as `double-spend:K`; left out, all of them. */
  readonly doubleSpends?: number
}

/** Most purchases in a trace, and most bytes of an item's name. */
const traceLimits = { purchases: 1_000_000, itemBytes: 128, doubleSpends: 1_000_000 } as const

const required = ['time', 'user', 'vendor', 'item', 'price'] as const
const columns: readonly string[] = [...required, 'behaviour']

type Row = Readonly<Record<string, string>>

function refuse(line: number, message: string, hint: string): never {
  throw new MupibError('bad_input', `line ${line}: ${message}`, { hint, line })
}

function checkHeader(header: readonly string[]): string[] {
  for (const name of required)
    if (!header.includes(name))
      refuse(1, `there is no column "${name}"`, `the first line must be ${required.join(',')}[,behaviour]`)
  for (const [index, name] of header.entries()) {
    if (!columns.includes(name)) refuse(1, `no column is called "${name}"`, `columns are ${columns.join(', ')}`)
    if (header.indexOf(name) !== index) refuse(1, `the column "${name}" stands twice`, 'remove one of them')
  }
  return [...header]
}

// With a zone it is that instant; without one it is taken as UTC, never as the machine's own zone.
const timeForm = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})?$/

function readTime(text: string, line: number): number {
  const zone = /(Z|[+-]\d{2}:\d{2})$/.test(text) ? '' : 'Z'
  const time = timeForm.test(text) ? Date.parse(text.replace(' ', 'T') + zone) : Number.NaN
  if (Number.isNaN(time)) refuse(line, `"${text}" is no time`, 'write times such as 2026-03-02T08:15:00Z')
  return time
}

function readName(text: string, column: string, line: number): string {
  if (!isName(text))
    refuse(
      line,
      `"${text}" is no name of a ${column}`,
      `1 to ${limits.nameBytes} lower-case letters, digits, dots and dashes, a letter or digit at both ends`,
    )
  return text
}

function readPrice(text: string, line: number): bigint {
  const price = /^[0-9]{1,19}$/.test(text) ? BigInt(text) : 0n
  if (price <= 0n || price > limits.amount)
    refuse(line, `"${text}" is no price`, 'a price is a whole number of minor units, at least 1')
  return price
}

function readBehaviour(text: string, line: number): Pick<Purchase, 'behaviour' | 'doubleSpends'> {
  if (text === '') return { behaviour: 'honest' }
  const [name, count, ...more] = text.split(':')
  const behaviour = behaviours.find(known => known === name)
  if (!behaviour) refuse(line, `"${text}" is no behaviour`, `behaviours are ${behaviours.join(', ')}`)
  if (count === undefined) return { behaviour }
  const doubleSpends = /^[0-9]{1,7}$/.test(count) ? Number(count) : 0
  const isCount = doubleSpends >= 1 && doubleSpends <= traceLimits.doubleSpends && more.length === 0
  if (behaviour !== 'double-spend' || !isCount)
    refuse(
      line,
      `"${text}" is no behaviour`,
      'double-spend:3 spends 3 of the tokens again; other behaviours take no number',
    )
  return { behaviour, doubleSpends }
}

function readPurchase(row: Row, line: number): Purchase {
  const item = row.item ?? ''
  if (item === '' || Buffer.byteLength(item) > traceLimits.itemBytes)
    refuse(line, 'the item has no name or too long a one', `an item is 1 to ${traceLimits.itemBytes} bytes of text`)
  return {
    time: readTime(row.time ?? '', line),
    user: readName(row.user ?? '', 'user', line),
    vendor: readName(row.vendor ?? '', 'vendor', line),
    item,
    price: readPrice(row.price ?? '', line),
    ...readBehaviour(row.behaviour ?? '', line),
  }
}

function parseRows(text: string): { record: Row; info: { lines: number } }[] {
  try {
    return parse(text, {
      bom: true,
      columns: checkHeader,
      info: true,
      skip_empty_lines: true,
      trim: true,
      max_record_size: 4096,
    }) as unknown as { record: Row; info: { lines: number } }[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const line = typeof error.lines === 'number' ? error.lines : 1
    if (error.code === 'CSV_RECORD_INCONSISTENT_COLUMNS')
      refuse(line, 'more or fewer fields than the first line names', 'quote a field that holds a comma: "a, b"')
    return refuse(line, error.message, 'the file must be CSV as RFC 4180 has it')
  }
}

/**
 * Reads a trace. The purchases come in the file's order, which must be that of time.
 * Throws `bad_input` with the line and what would be right.
 */
export function parseTrace(text: string): Purchase[] {
  const rows = parseRows(text)
  if (rows.length === 0) refuse(1, 'there is no purchase', `write ${columns.join(',')} and a line for each purchase`)
  if (rows.length > traceLimits.purchases)
    refuse(traceLimits.purchases + 2, 'too many purchases', `a trace holds at most ${traceLimits.purchases}`)
  let before = Number.NEGATIVE_INFINITY
  return rows.map(({ record, info }) => {
    const purchase = readPurchase(record, info.lines)
    if (purchase.time < before) refuse(info.lines, 'earlier than the line before', 'sort the purchases by time')
    before = purchase.time
    return purchase
  })
}

/** Reads a trace from a file. Throws `bad_input` with file and line. */
export function readTrace(file: string): Purchase[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw toMupibError(error)
  }
  try {
    return parseTrace(text)
  } catch (error) {
    if (!(error instanceof MupibError)) throw error
    throw new MupibError(error.code, `${file}: ${error.message}`, {
      ...error.fields,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    })
  }
}

const quoted = (text: string): string => (/[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

const behaviourText = ({ behaviour, doubleSpends }: Purchase): string =>
  doubleSpends === undefined ? behaviour : `${behaviour}:${doubleSpends}`

/** A purchase as the fields of a CSV line, in the order of the columns. */
export const purchaseFields = (purchase: Purchase): string[] => [
  new Date(purchase.time).toISOString().replace('.000Z', 'Z'),
  purchase.user,
  purchase.vendor,
  quoted(purchase.item),
  purchase.price.toString(),
  behaviourText(purchase),
]

/** The trace as CSV; `parseTrace` of it gives the same purchases. */
export function formatTrace(purchases: readonly Purchase[]): string {
  const lines = purchases.map(purchase => purchaseFields(purchase).join(','))
  return `${columns.join(',')}\n${lines.join('\n')}\n`
}
