// What a benchmark yields: rows that scripts compare, as a table, JSON and CSV.
import { type Column, table } from '../../cli/common/output.ts'
import { percentile, rounded } from '../../cli/common/statistics.ts'

export interface BenchRow {
  readonly operation: string
  readonly value: number
  readonly unit: string
  /** CPU time of the process (or processes) named in the operation. */
  readonly cpuSecondsPerMillionTokens?: number
  /** What the figure rests on: counts, sizes, seconds measured. */
  readonly detail?: string
}

const columns: readonly Column<BenchRow>[] = [
  { head: 'operation', cell: row => row.operation },
  { head: 'value', cell: row => row.value, right: true },
  { head: 'unit', cell: row => row.unit },
  { head: 'CPU s per million tokens', cell: row => row.cpuSecondsPerMillionTokens ?? '', right: true },
  { head: 'detail', cell: row => row.detail ?? '' },
]

export const benchTable = (rows: readonly BenchRow[]): string => table(rows, columns)

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text)

export function benchCsv(rows: readonly BenchRow[]): string {
  const lines = rows.map(row =>
    [quoted(row.operation), row.value, row.unit, row.cpuSecondsPerMillionTokens ?? '', quoted(row.detail ?? '')].join(
      ',',
    ),
  )
  return `operation,value,unit,cpuSecondsPerMillionTokens,detail\n${lines.join('\n')}\n`
}

/** Median and 99th percentile of times in milliseconds. */
export function latencyRows(operation: string, timesMs: readonly number[], detail: string): BenchRow[] {
  return (
    [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const
  ).map(([name, share]) => ({
    operation: `${operation}, ${name}`,
    value: rounded(percentile(timesMs, share) ?? 0, 2),
    unit: 'ms',
    detail,
  }))
}
