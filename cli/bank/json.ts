// The bank's answers as JSON and CSV.
import { toHex } from '../../proto/bytes.ts'
import { proofToJson, type VerdictProof } from '../../proto/proof.ts'
import { isoTime } from '../common/output.ts'
import { groupToJson } from '../common/payment.ts'
import type { AccountStanding, Bank, HandedOut, PublicationSummary } from './bank.ts'
import type { Reputation } from './reputation-store.ts'
import type { Returned } from './returns.ts'
import type { BooksReport, StatementRow } from './statements.ts'

export type Json = Record<string, unknown>

export interface AccountJson {
  readonly key: string
  readonly name: string
  readonly role: string
  readonly balance: string
}

export interface StatementRowJson extends Omit<StatementRow, 'time' | 'amount' | 'balance'> {
  readonly time: string
  readonly amount: string
  readonly balance: string
}

export interface StatementOfJson {
  readonly account: AccountJson
  readonly rows: readonly StatementRowJson[]
}

export const accountToJson = ({ key, name, role, balance }: AccountStanding): AccountJson => ({
  key,
  name,
  role,
  balance: balance.toString(),
})

const rowToJson = ({ time, amount, balance, ...rest }: StatementRow): StatementRowJson => ({
  ...rest,
  time: isoTime(time),
  amount: amount.toString(),
  balance: balance.toString(),
})

export const statementToJson = (account: AccountStanding, rows: readonly StatementRow[]): StatementOfJson => ({
  account: accountToJson(account),
  rows: rows.map(rowToJson),
})

const csvFields = ['entry', 'time', 'kind', 'reference', 'amount', 'balance'] as const

const csvLines = (lines: readonly (readonly string[])[]): string =>
  lines.map(cells => `${cells.map(csvCell).join(',')}\r\n`).join('')

const csvRows = ({ rows }: StatementOfJson): string[][] => rows.map(row => csvFields.map(field => String(row[field])))

/** A statement as CSV (RFC 4180), with a head line. */
export const statementToCsv = (statement: StatementOfJson): string => csvLines([csvFields, ...csvRows(statement)])

/** Statements of several accounts as one CSV: whose account it is stands first in each line. */
export const statementsToCsv = (statements: readonly StatementOfJson[]): string =>
  csvLines([
    ['role', 'name', ...csvFields],
    ...statements.flatMap(of => csvRows(of).map(cells => [of.account.role, of.account.name, ...cells])),
  ])

const csvCell = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)

export const proofJson = (proof: VerdictProof): unknown => JSON.parse(proofToJson(proof))

/** Tokens as they are handed to their holder. */
export const handedOutToJson = ({ publication, tokens, proof }: HandedOut): Json => ({
  publication,
  tokens: tokens.map(({ group, index, signature }) => ({
    group: groupToJson(group),
    index,
    signature: toHex(signature),
  })),
  proof: proofJson(proof),
})

export const reputationToJson = ({ findings, ...rest }: Reputation): Json => ({
  ...rest,
  findings: findings.map(({ time, ...finding }) => ({ ...finding, time: isoTime(time) })),
})

/** A return with its verdicts, and what the holder's account holds now. */
export function returnedToJson(bank: Bank, { number, payload, record, tokens, refunded, holder }: Returned): Json {
  return {
    return: number,
    digest: payload,
    record,
    tokens: tokens.map(({ publication, index, verdict, reason, ...token }) => ({
      serial: bank.serialText({ bank: token.bank, publication, index }),
      verdict,
      reason,
    })),
    refundedTokens: refunded,
    balance: bank.account(toHex(holder)).balance.toString(),
  }
}

export const publicationToJson = ({ issuedAt, payBy, expiry, ...rest }: PublicationSummary): Json => ({
  ...rest,
  issuedAt: isoTime(issuedAt),
  payBy: isoTime(payBy),
  expiry: isoTime(expiry),
})

export const booksToJson = ({ outstandingTokens, transfers, redemptions, ...rest }: BooksReport): Json => ({
  ...rest,
  outstandingTokens: outstandingTokens.map(row => ({ ...row, expiry: isoTime(row.expiry) })),
  transfers: transfers.map(row => ({ ...row, time: isoTime(row.time) })),
  redemptions: redemptions.map(row => ({ ...row, time: isoTime(row.time) })),
})
