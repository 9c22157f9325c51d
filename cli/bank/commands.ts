// The commands `bank …`: options in, results out. They speak to the running service, or do the work here where none runs.
import type { Command } from 'commander'
import { limits } from '../../proto/limits.ts'
import { type Output, outputOf, pairs, short, table } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'
import { addAccountCommands } from './account-commands.ts'

// what a command needs is loaded when it runs: `mupib --help` has to be quick
const operationsModule = () => import('./operations.ts')
const argumentsModule = () => import('./arguments.ts')

interface PublicationRow {
  readonly publication: number
  readonly tokens: number
  readonly holders: number
  readonly state: string
  readonly payBy: string
}

async function serve(output: Output, options: { recover?: boolean }): Promise<void> {
  const { serveBank } = await import('./serve.ts')
  await serveBank(output, options.recover === true)
}

/** Adds `bank` with its subcommands. */
export function addBankCommands(program: Command): void {
  const bank = program.command('bank').description('accounts and tokens: issue, publish, take back')
  withExamples(
    bank
      .command('serve')
      .description('run the bank until Ctrl-C')
      .option('--recover', 'go on from the ledger where the store is an old copy')
      .action((options: { recover?: boolean }, command: Command) => serve(outputOf(command), options)),
    'mupib bank serve --dir .mupib',
  )
  addAccountCommands(bank)
  addIssue(bank)
  addPublish(bank)
  addReturn(bank)
  addRedeem(bank)
  addReading(bank)
}

function addIssue(bank: Command): void {
  withExamples(
    bank
      .command('issue <user>')
      .description('issue tokens for the money of an account, named by its public key or by its user')
      .requiredOption('--count <n>', 'how many tokens', wholeNumber(1, limits.publicationTokens))
      .option('--publish', 'publish them as well, and print the tokens once that is final')
      .action(async (user: string, options: { count: number; publish?: boolean }, command: Command) => {
        const output = outputOf(command)
        const [{ accountOf }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const request = { holder: accountOf(output.dir, user), count: options.count }
        await withBank(output, async operations => {
          if (options.publish === true) {
            const handed = await operations.issueFinal(request)
            output.result(handed, ({ publication }) => `${options.count} tokens in publication ${publication}, final`)
          } else {
            const issued = await operations.issue(request)
            output.result(
              issued,
              ({ publication }) => `${options.count} tokens in publication ${publication}, not published yet`,
            )
          }
        })
      }),
    'mupib bank issue alice --count 100',
    'mupib bank issue 5d1e…(64 hex characters) --count 100 --publish > tokens.json',
  )
}

function addPublish(bank: Command): void {
  withExamples(
    bank
      .command('publish')
      .description('publish what was issued, and wait until it is final')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withBank } = await operationsModule()
        await withBank(output, async operations => {
          output.result(await operations.publish(), ({ published }) =>
            Array.isArray(published) && published.length > 0
              ? `final: publication ${published.join(', ')}`
              : 'nothing was left to publish',
          )
        })
      }),
    'mupib bank publish',
  )
  withExamples(
    bank
      .command('tokens <publication>')
      .description('the tokens of a final publication, with its proof, for their holders')
      .option('--holder <user>', 'only those of this user or public key')
      .action(async (publication: string, options: { holder?: string }, command: Command) => {
        const output = outputOf(command)
        const [{ accountOf, numberOf }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const holder = options.holder === undefined ? undefined : accountOf(output.dir, options.holder)
        await withBank(output, async operations => {
          const handed = await operations.tokens(numberOf(publication, 'publication'), holder)
          output.result(handed, ({ tokens }) => `${(tokens as unknown[]).length} tokens; --json prints them`)
        })
      }),
    'mupib bank tokens 12 --json > tokens.json',
  )
}

function addReturn(bank: Command): void {
  withExamples(
    bank
      .command('return <file>')
      .description('take unspent tokens back: a file of tokens, signed by their holder')
      .action(async (file: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const [{ readReturn }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const given = readReturn(file)
        await withBank(output, async operations => {
          const back = await operations.takeBack(given)
          output.result(back, ({ refundedTokens, tokens, balance }) => {
            const rows = tokens as { serial: string; verdict: string; reason: string }[]
            const lines = table(rows, [
              { head: 'serial', cell: row => row.serial },
              { head: 'verdict', cell: row => row.verdict },
              { head: 'reason', cell: row => row.reason },
            ])
            return `${lines}\n${refundedTokens} of ${rows.length} taken back; the account holds ${balance}`
          })
        })
      }),
    'mupib bank return tokens-of-alice.json',
  )
}

function addRedeem(bank: Command): void {
  withExamples(
    bank
      .command('redeem <file>')
      .description("pay an auditor for consumed tokens, against the ledger's answers to its blocks; - reads stdin")
      .action(async (file: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const [{ readAnswers }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const answers = readAnswers(file)
        await withBank(output, async operations => {
          output.result(await operations.redeem(answers), ({ results, balance }) => {
            const rows = results as { record: string; user: string; tokens: number; amount: string; state: string }[]
            const lines = table(rows, [
              { head: 'record', cell: row => short(row.record) },
              { head: 'user', cell: row => short(row.user) },
              { head: 'tokens', cell: row => row.tokens, right: true },
              { head: 'amount', cell: row => row.amount, right: true },
              { head: 'state', cell: row => row.state },
            ])
            return `${lines}\nthe auditor's account holds ${balance}`
          })
        })
      }),
    'mupib bank redeem answers.json',
    'echo \'{"answers":["0a…"]}\' | mupib bank redeem -',
  )
}

function addReading(bank: Command): void {
  withExamples(
    bank
      .command('proof <publication>')
      .description('proof that a publication is final, by its number or by the serial of one of its tokens')
      .action(async (publication: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const [{ publicationOf }, { withBank }] = await Promise.all([argumentsModule(), operationsModule()])
        const number = publicationOf(publication)
        await withBank(output, async operations => {
          output.result(await operations.proof(number), proof => JSON.stringify(proof, undefined, 2))
        })
      }),
    'mupib bank proof 12 > proof.json && mupib verify proof.json --genesis .mupib/genesis.json',
  )
  withExamples(
    bank
      .command('status')
      .description('what the bank has issued and published')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withBank } = await operationsModule()
        await withBank(output, async operations => {
          const [status, publications] = await Promise.all([operations.status(), operations.publications()])
          output.result({ ...status, list: publications }, () => statusText(status, publications as never))
        })
      }),
    'mupib bank status',
  )
}

function statusText(status: Record<string, unknown>, publications: readonly PublicationRow[]): string {
  const peers = status.peers as { connected: boolean }[]
  const newest = publications.slice(-20)
  const rows = table(
    newest,
    [
      { head: 'publication', cell: row => row.publication, right: true },
      { head: 'tokens', cell: row => row.tokens, right: true },
      { head: 'holders', cell: row => row.holders, right: true },
      { head: 'state', cell: row => row.state },
      { head: 'pay by', cell: row => row.payBy },
    ],
    'no publications',
  )
  const head = pairs([
    ['bank', status.name],
    ['token value', status.tokenValue],
    ['validators', `${peers.filter(peer => peer.connected).length} of ${peers.length} connected`],
    ['final', status.publications],
    ['undecided', status.undecided],
    ['unpublished', status.unpublished],
    ['returns', status.returns],
  ])
  return `${head}\n\n${rows}`
}
