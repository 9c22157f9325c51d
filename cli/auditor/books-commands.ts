// The command `auditor books`.
import type { Command } from 'commander'
import { MupibError } from '../../proto/errors.ts'
import { outputOf, pairs, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { Reconciled } from './reconcile.ts'

const operationsModule = () => import('./operations.ts')

type Json = Record<string, unknown>

function booksText(books: Json): string {
  const decided = books.decided as Json
  const undecided = books.undecided as Json
  const open = books.open as { transfers: Json[]; redemptions: Json[] }
  const head = pairs([
    ['decided blocks', decided.blocks],
    ['paid to vendors', decided.paid],
    ['margin', decided.margin],
    ['received from banks', decided.received],
    ['covered losses', decided.covered],
    ['balances', decided.balances],
    ['risk', decided.risk],
    ['gross loss', decided.grossLoss],
    [
      'delivered, not decided',
      `${undecided.worth} in ${undecided.payments} payments, of which ${undecided.paid} is paid`,
    ],
    ['open transfers', open.transfers.length],
    ['open redemptions', open.redemptions.length],
  ])
  const vendors = table(books.vendors as Json[], [
    { head: 'vendor', cell: row => String(row.name) },
    { head: 'payments', cell: row => String(row.payments), right: true },
    { head: 'worth', cell: row => String(row.worth), right: true },
    { head: 'due', cell: row => String(row.due), right: true },
    { head: 'paid', cell: row => String(row.paid), right: true },
    { head: 'of it open', cell: row => String(row.open), right: true },
  ])
  return `${head}\n\n${vendors}`
}

function reconciledText({ checks, inFlight }: Reconciled): string {
  const rows = table(checks, [
    { head: '', cell: ({ holds }) => (holds ? 'holds' : 'DOES NOT HOLD') },
    { head: 'check', cell: ({ check }) => check },
    { head: 'expected', cell: ({ expected }) => expected, right: true },
    { head: 'found', cell: ({ found }) => found, right: true },
  ])
  const faults = checks.flatMap(check => check.faults.map(fault => `${check.check}: ${fault}`))
  const { transfers, redemptions, sales } = inFlight
  const flight = `in flight: ${transfers.count} transfers of ${transfers.amount}, ${redemptions.count} redemptions of ${redemptions.amount}, ${sales} sales`
  return [rows, ...faults, flight].join('\n')
}

/** Adds `auditor books`. */
export function addBooks(auditor: Command): void {
  withExamples(
    auditor
      .command('books')
      .description('what was paid, withheld, received and covered')
      .option('--reconcile', 'hold the books to the verdicts, to the bank and to the vendors; exit 1 where they differ')
      .action(async (options: { reconcile?: boolean }, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        if (!options.reconcile) {
          await withAuditor(output, async operations => output.result(await operations.books(), booksText))
          return
        }
        const audit = await withAuditor(output, operations => operations.audit())
        const { reconcile } = await import('./reconcile.ts')
        const reconciled = await reconcile(output, audit)
        output.result(reconciled, reconciledText)
        if (reconciled.holds) return
        const failed = reconciled.checks.filter(({ holds }) => !holds)
        throw new MupibError('refused', `${failed.length} of ${reconciled.checks.length} checks do not hold`)
      }),
    'mupib auditor books',
    'mupib auditor books --reconcile',
  )
}
