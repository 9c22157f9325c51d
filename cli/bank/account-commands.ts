// The commands `bank open|accounts|deposit|statement|books`: accounts and what moved on them.
import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { type Column, outputOf, pairs, short, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { AccountJson, StatementOfJson, StatementRowJson } from './json.ts'

// what a command needs is loaded when it runs: `mupib --help` has to be quick
const operationsModule = () => import('./operations.ts')
const argumentsModule = () => import('./arguments.ts')

const accountColumns: readonly Column<AccountJson>[] = [
  { head: 'name', cell: row => row.name },
  { head: 'role', cell: row => row.role },
  { head: 'balance', cell: row => row.balance, right: true },
  { head: 'key', cell: row => short(row.key) },
]

const rowColumns: readonly Column<StatementRowJson>[] = [
  { head: 'entry', cell: row => row.entry, right: true },
  { head: 'time', cell: row => row.time },
  { head: 'kind', cell: row => row.kind },
  { head: 'amount', cell: row => row.amount, right: true },
  { head: 'balance', cell: row => row.balance, right: true },
  { head: 'reference', cell: row => short(row.reference) },
]

/** Adds the commands about accounts to `bank`. */
export function addAccountCommands(bank: Command): void {
  addOpen(bank)
  addDeposit(bank)
  addStatement(bank)
  addBooks(bank)
}

function addOpen(bank: Command): void {
  withExamples(
    bank
      .command('open <user>')
      .description('open an account for a user, a vendor or an auditor of this network, or for a certificate file')
      .action(async (user: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const [{ certificateOf }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const certificate = Buffer.from(certificateOf(output.dir, user).der).toString('base64')
        await withBank(output, async operations => {
          const { account } = await operations.open(certificate)
          output.result(account, ({ name, role, balance }) => `account of ${role} ${name}, balance ${balance}`)
        })
      }),
    'mupib bank open alice',
    'mupib bank open vendors/kiosk',
    'mupib bank open certificate-of-alice.pem',
  )
  withExamples(
    bank
      .command('accounts')
      .description('all accounts with their balances')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withBank } = await operationsModule()
        await withBank(output, async operations => {
          output.result((await operations.accounts()).accounts, rows => table(rows, accountColumns, 'no accounts'))
        })
      }),
    'mupib bank accounts',
  )
}

function addDeposit(bank: Command): void {
  withExamples(
    bank
      .command('deposit <user> <amount>')
      .description('book money that came in, in minor units; the same reference is booked once')
      .option('--reference <text>', 'what names the deposit (default: a new name)')
      .action(async (user: string, amount: string, options: { reference?: string }, command: Command) => {
        const output = outputOf(command)
        const [{ accountOf }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const account = accountOf(output.dir, user)
        const reference = options.reference ?? randomUUID()
        await withBank(output, async operations => {
          const deposited = await operations.deposit(account, amount, reference)
          output.result(
            { ...deposited.account, reference },
            ({ name, balance }) => `the account of ${name} holds ${balance}`,
          )
        })
      }),
    'mupib bank deposit alice 5000',
    'mupib bank deposit alice 5000 --reference "transfer of 12 March"',
  )
}

function addStatement(bank: Command): void {
  withExamples(
    bank
      .command('statement [user]')
      .description('what moved on an account, with its running balance; without a user, on every account')
      .option('--csv', 'as CSV')
      .action(async (user: string | undefined, options: { csv?: boolean }, command: Command) => {
        const output = outputOf(command)
        const [{ accountOf }, { withBank }, { statementToCsv, statementsToCsv }] = await Promise.all([
          argumentsModule(),
          operationsModule(),
          import('./json.ts'),
        ])
        const account = user === undefined ? undefined : accountOf(output.dir, user)
        await withBank(output, async operations => {
          if (account !== undefined) {
            const statement = await operations.statement(account)
            if (options.csv === true) process.stdout.write(statementToCsv(statement))
            else output.result(statement, statementText)
            return
          }
          const { accounts } = await operations.accounts()
          const statements: StatementOfJson[] = []
          for (const { key } of accounts) statements.push(await operations.statement(key))
          if (options.csv === true) process.stdout.write(statementsToCsv(statements))
          else
            output.result(statements, all => (all.length === 0 ? 'no accounts' : all.map(statementText).join('\n\n')))
        })
      }),
    'mupib bank statement alice',
    'mupib bank statement alice --csv > alice.csv',
  )
}

const statementText = ({ account, rows }: StatementOfJson): string =>
  `${account.role} ${account.name}, balance ${account.balance}\n${table(rows, rowColumns, 'nothing moved')}`

interface BooksShown {
  readonly entries: number
  readonly accounts: { readonly count: number; readonly total: string }
  readonly own: Readonly<Record<'cash' | 'tokens' | 'expired' | 'escrow', string>>
  readonly check: { readonly sum: string; readonly holds: boolean; readonly faults: readonly string[] }
  readonly outstandingTokens: readonly Readonly<
    Record<'publication' | 'issued' | 'redeemed' | 'returned' | 'expired' | 'outstanding', number>
  >[]
}

function booksText({ entries, accounts, own, check, outstandingTokens }: BooksShown): string {
  const head = pairs([
    ['entries', entries],
    ['accounts', `${accounts.count}, holding ${accounts.total}`],
    ['cash', own.cash],
    ['owed for tokens', own.tokens],
    ['expired', own.expired],
    ['in escrow', own.escrow],
    ['sum of all', check.sum],
    ['check', check.holds ? 'the journal gives these balances' : check.faults.join('; ')],
  ])
  const numbers = ['publication', 'issued', 'redeemed', 'returned', 'expired', 'outstanding'] as const
  const columns = numbers.map(name => ({
    head: name,
    cell: (row: BooksShown['outstandingTokens'][number]) => row[name],
    right: true,
  }))
  return `${head}\n\n${table(outstandingTokens.slice(-20), columns, 'no publications')}`
}

function addBooks(bank: Command): void {
  withExamples(
    bank
      .command('books')
      .description("the bank's whole position, checked against its journal; exit 1 where it does not hold")
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withBank } = await operationsModule()
        await withBank(output, async operations => {
          const books = (await operations.books()) as unknown as BooksShown
          output.result(books, booksText)
          if (!books.check.holds) process.exitCode = 1
        })
      }),
    'mupib bank books',
  )
}
