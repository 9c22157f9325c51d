// The commands `vendor …`: run a till, look at its sales.
import type { Command } from 'commander'
import { outputOf, pairs, short, table } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'

interface SaleRow {
  readonly number: number
  readonly payment: string
  readonly time: string
  readonly user: string
  readonly item: string
  readonly price: string | bigint
  readonly state: string
  readonly reason?: string
}

interface VendorOptions {
  readonly vendor?: string
}

const chosen = (command: Command): Command =>
  command.option('--vendor <name>', 'which vendor, where --dir is the directory of a network')

/** Adds `vendor` with its subcommands. */
export function addVendorCommands(program: Command): void {
  const vendor = program.command('vendor').description('tills: take payments, have them audited, deliver')
  withExamples(
    chosen(vendor.command('serve').description('run a till until Ctrl-C')).action(
      async (options: VendorOptions, command: Command) => {
        const { serveVendor } = await import('./serve.ts')
        await serveVendor(outputOf(command), options.vendor)
      },
    ),
    'mupib vendor serve --dir .mupib/vendors/kiosk',
    'mupib vendor serve --dir .mupib --vendor kiosk',
  )
  withExamples(
    chosen(
      vendor
        .command('sales [payment]')
        .description('what was sold, newest first; with a payment, that sale and all that was signed about it')
        .option('--limit <n>', 'so many of the newest (default: all)', wholeNumber(1)),
    ).action(async (payment: string | undefined, options: VendorOptions & { limit?: number }, command: Command) => {
      const output = outputOf(command)
      const { saleOf, salesOf } = await import('./operations.ts')
      if (payment === undefined) output.result(await salesOf(output.dir, options.vendor, options.limit), salesTable)
      else
        output.result(await saleOf(output.dir, options.vendor, payment), sale =>
          pairs(Object.entries(sale).filter(([name]) => name !== 'evidence')),
        )
    }),
    'mupib vendor sales --dir .mupib --vendor kiosk',
    'mupib vendor sales 5d1e…(64 hex characters) --vendor kiosk --json > evidence.json',
  )
}

const salesTable = (rows: readonly Record<string, unknown>[]): string =>
  table(
    rows as unknown as readonly SaleRow[],
    [
      { head: 'sale', cell: row => row.number, right: true },
      { head: 'time', cell: row => row.time },
      { head: 'user', cell: row => short(row.user) },
      { head: 'item', cell: row => row.item },
      { head: 'price', cell: row => row.price, right: true },
      { head: 'state', cell: row => row.state },
      { head: 'reason', cell: row => row.reason ?? '' },
      { head: 'payment', cell: row => short(row.payment) },
    ],
    'no sales',
  )
