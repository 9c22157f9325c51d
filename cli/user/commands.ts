// The commands `user …`: options in, results out; the wallet does the work.
import type { Command } from 'commander'
import { limits } from '../../proto/limits.ts'
import { parseAmount } from '../../proto/money.ts'
import { exitCodeOf, exitCodes } from '../common/errors.ts'
import { type Output, outputOf, pairs, short, table } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'
import type { Entry } from './entries.ts'
import type { Outcome, Purchase, Wallet } from './wallet.ts'

// what a command needs is loaded when it runs: `mupib --help` has to be quick
const operationsModule = () => import('./operations.ts')
const entriesModule = () => import('./entries.ts')

interface UserOptions {
  readonly user?: string
}

const chosen = (command: Command): Command =>
  command.option('--user <name>', 'whose wallet, where --dir is the directory of a network')

async function withWallet(
  command: Command,
  options: UserOptions,
  work: (wallet: Wallet, output: Output) => Promise<void>,
): Promise<void> {
  const output = outputOf(command)
  const operations = await operationsModule()
  await operations.withWallet(output.dir, options.user, wallet => work(wallet, output))
}

/** An entry and what stands in the way of more, as JSON. */
async function outcomeJson({ entry, problem }: Outcome): Promise<Record<string, unknown>> {
  const { entryView } = await entriesModule()
  return { ...entryView(entry), ...(problem ? { problem: problem.toJSON() } : {}) }
}

const shown = (result: Record<string, unknown>): string =>
  pairs(Object.entries(result).filter(([, value]) => typeof value !== 'object' || value === null))

/** Adds `user` with its subcommands. */
export function addUserCommands(program: Command): void {
  const user = program.command('user').description('wallets: withdraw tokens, pay, give back, back up')
  addMaking(user)
  addWithdraw(user)
  addPay(user)
  addReturn(user)
  addRecover(user)
  addReading(user)
  addBackup(user)
}

function addMaking(user: Command): void {
  withExamples(
    user
      .command('create <name>')
      .description('make a wallet in users/NAME of a network; its authority issues the certificate where it is at hand')
      .option('--network <dir>', "the network's directory (default: --dir)")
      .action(async (name: string, options: { network?: string }, command: Command) => {
        const output = outputOf(command)
        const { createWallet } = await operationsModule()
        output.result(await createWallet(options.network ?? output.dir, name), made =>
          made.certificate === null
            ? `${shown(made)}\n\nno authority is at hand: have the certificate issued, then put it in`
            : shown(made),
        )
      }),
    'mupib user create alice --network .mupib',
  )
  withExamples(
    chosen(
      user
        .command('renew <certificate>')
        .description("put in a new certificate (PEM) of the wallet's own key; the tokens stay"),
    ).action(async (certificate: string, options: UserOptions, command: Command) => {
      const output = outputOf(command)
      const { renewHome } = await import('./home.ts')
      const { name, facts } = renewHome(output.dir, options.user, certificate)
      const validUntil = new Date(facts.notAfter).toISOString()
      output.result({ name, certificate: facts.fingerprint, validUntil }, shown)
    }),
    'mupib user renew alice.pem --user alice',
  )
}

function addWithdraw(user: Command): void {
  withExamples(
    chosen(user.command('withdraw').description("get tokens from the bank, paid from the user's account"))
      .requiredOption('--count <n>', 'how many tokens', wholeNumber(1, limits.publicationTokens))
      .action((options: UserOptions & { count: number }, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          output.progress(`ordering ${options.count} tokens; they come once their publication is final`)
          const entry = await wallet.withdraw(options.count)
          const { entryView } = await entriesModule()
          output.result(
            { ...entryView(entry), balance: wallet.balance() },
            () => `${entry.count} tokens of publication ${entry.publication}, proved final`,
          )
        }),
      ),
    'mupib user withdraw --count 100 --user alice',
  )
}

interface PayOptions extends UserOptions {
  readonly vendor: string
  readonly item: string
  readonly price?: string
  readonly deadline?: number
}

function addPay(user: Command): void {
  withExamples(
    chosen(user.command('pay').description('pay a vendor for an item'))
      .requiredOption('--vendor <vendor>', 'its name in services.json, or its address')
      .requiredOption('--item <item>', 'what to buy')
      .option('--price <amount>', "in minor units (default: the vendor's listed price)")
      .option('--deadline <seconds>', 'how long the auditor may take the payment', wholeNumber(1, 86_400))
      .action((options: PayOptions, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          const purchase: Purchase = {
            vendor: options.vendor,
            item: options.item,
            ...(options.price === undefined ? {} : { price: parseAmount(options.price) }),
            ...(options.deadline === undefined ? {} : { deadlineMs: options.deadline * 1000 }),
          }
          const outcome = await wallet.pay(purchase)
          output.result(await outcomeJson(outcome), () => paidText(outcome))
          if (outcome.problem) process.exitCode = exitCodeOf(outcome.problem)
          else if (outcome.entry.state !== 'delivered') process.exitCode = exitCodes.refused
        }),
      ),
    'mupib user pay --vendor kiosk --item newspaper --price 5 --user alice',
    'mupib user pay --vendor http://127.0.0.1:4300 --item newspaper --price 5 --deadline 60 --user alice',
  )
}

function paidText({ entry, problem }: Outcome): string {
  if (entry.kind !== 'payment') return ''
  const { item, price } = entry.payment.details
  const what = `${item} for ${price} from ${entry.vendor.name}`
  const hint = 'mupib user recover asks again'
  switch (entry.state) {
    case 'delivered':
      return `delivered: ${what}`
    case 'rejected':
      return `rejected: ${what} (${entry.ruling?.statement.reason || 'not queued'}); the tokens are free again`
    case 'claim':
      return `paid and no receipt: ${what}; the auditor's ruling is kept as a claim. ${hint}`
    case 'open':
      return `not known yet: ${what}${problem ? ` (${problem.message})` : ''}. ${hint}`
  }
}

const outcomeTable = (rows: readonly Record<string, unknown>[]): string =>
  table(
    rows,
    [
      { head: 'entry', cell: row => String(row.number), right: true },
      { head: 'time', cell: row => String(row.time) },
      { head: 'kind', cell: row => String(row.kind) },
      { head: 'state', cell: row => String(row.state) },
      { head: 'tokens', cell: row => String(row.tokens), right: true },
      { head: 'vendor', cell: row => String(row.vendor ?? '') },
      { head: 'item', cell: row => String(row.item ?? '') },
      { head: 'payment', cell: row => short(String(row.payment ?? '')) },
      {
        head: 'remark',
        cell: row => String((row.problem as { message?: string } | undefined)?.message ?? row.reason ?? ''),
      },
    ],
    'nothing',
  )

function addReturn(user: Command): void {
  withExamples(
    chosen(user.command('return').description('give free tokens back to the bank, which refunds them'))
      .option('--count <n>', 'how many; those first that run out first', wholeNumber(1))
      .option('--all', 'all of them')
      .action((options: UserOptions & { count?: number; all?: boolean }, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          if ((options.count === undefined) !== (options.all === true)) {
            const { MupibError } = await import('../../proto/errors.ts')
            throw new MupibError('usage', 'how many? --count N or --all')
          }
          const outcomes = await wallet.returnTokens(options.count)
          const rows = await Promise.all(outcomes.map(outcomeJson))
          output.result({ returns: rows, balance: wallet.balance() }, () => outcomeTable(rows))
          const problem = outcomes.find(outcome => outcome.problem)?.problem
          if (problem) process.exitCode = exitCodeOf(problem)
        }),
      ),
    'mupib user return --count 10 --user alice',
    'mupib user return --all --user alice',
  )
}

function addRecover(user: Command): void {
  withExamples(
    chosen(
      user.command('recover').description('find out what became of everything that is open; free what may be freed'),
    ).action((options: UserOptions, command: Command) =>
      withWallet(command, options, async (wallet, output) => {
        const { outcomes, problem } = await wallet.recover()
        const rows = await Promise.all(outcomes.map(outcomeJson))
        const result = { entries: rows, balance: wallet.balance(), ...(problem ? { problem: problem.toJSON() } : {}) }
        output.result(result, () => `${outcomeTable(rows)}${problem ? `\n${problem.message}` : ''}`)
        const first: Entry | undefined = outcomes.find(
          ({ entry, problem: of }) => of && entry.kind !== 'payment',
        )?.entry
        if (problem || first) process.exitCode = exitCodes.refused
      }),
    ),
    'mupib user recover --user alice',
  )
}

function addReading(user: Command): void {
  withExamples(
    chosen(user.command('balance').description('what the wallet holds, and the account at the bank'))
      .option('--offline', 'do not ask the bank')
      .action((options: UserOptions & { offline?: boolean }, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          const account =
            options.offline === true
              ? undefined
              : await wallet.account().catch(error => {
                  output.progress(`the bank did not say what the account holds: ${(error as Error).message}`)
                  return undefined
                })
          const balance = wallet.balance()
          output.result({ ...balance, account: account ?? null }, () =>
            pairs([
              ['wallet', balance.name],
              ['tokens', `${balance.tokens} free, worth ${balance.amount}`],
              ['pledged', balance.pledged],
              ['returning', balance.returning],
              ['unchecked', balance.unchecked],
              ['too old to pay', balance.payByPassed],
              ['expired', balance.expired],
              ['open entries', balance.open],
              ['account', account?.balance],
            ]),
          )
        }),
      ),
    'mupib user balance --user alice',
  )
  withExamples(
    chosen(user.command('history').description('what the wallet did, newest first'))
      .option('--limit <n>', 'how many entries', wholeNumber(1, 100_000), 100)
      .action((options: UserOptions & { limit: number }, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          const { entryView } = await entriesModule()
          output.result((await wallet.history(options.limit)).map(entryView), outcomeTable)
        }),
      ),
    'mupib user history --user alice',
  )
}

function addBackup(user: Command): void {
  const passphrase = 'a file whose content encrypts the backup'
  withExamples(
    chosen(user.command('backup <file>').description('write key, tokens and open payments into one file'))
      .option('--passphrase-file <file>', passphrase)
      .action((file: string, options: UserOptions & { passphraseFile?: string }, command: Command) =>
        withWallet(command, options, async (wallet, output) => {
          const { backUp } = await operationsModule()
          output.result(backUp(wallet, file, options.passphraseFile), shown)
        }),
      ),
    'mupib user backup alice.json --passphrase-file secret.txt --user alice',
  )
  withExamples(
    user
      .command('restore <file>')
      .description('make a new wallet, in the folder --dir, of a backup; its tokens are checked before it pays')
      .requiredOption('--network <dir>', "the network's directory, with genesis.json and services.json")
      .option('--passphrase-file <file>', passphrase)
      .action(async (file: string, options: { network: string; passphraseFile?: string }, command: Command) => {
        const output = outputOf(command)
        const { restoreWallet } = await operationsModule()
        output.result(
          await restoreWallet(file, output.dir, options.network, options.passphraseFile),
          restored =>
            `${shown(restored)}\n\nthe tokens are unchecked: mupib user recover asks auditor and bank about them`,
        )
      }),
    'mupib user restore alice.json --dir .mupib/users/alice-2 --network .mupib',
  )
}
