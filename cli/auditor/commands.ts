// The commands `auditor …`: options in, results out. They speak to the running service, or do the work here where none runs.
import type { Command } from 'commander'
import { type Output, outputOf, pairs, short, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import { addBooks } from './books-commands.ts'
import { addRisk, addTrust } from './trust-commands.ts'

// what a command needs is loaded when it runs: `mupib --help` has to be quick
const operationsModule = () => import('./operations.ts')

type Json = Record<string, unknown>

/** Adds `auditor` with its subcommands. */
export function addAuditorCommands(program: Command): void {
  const auditor = program
    .command('auditor')
    .description('takes payments, sends token blocks to the ledger, acts on the verdicts')
  withExamples(
    auditor
      .command('serve')
      .description('run the auditor until Ctrl-C')
      .action(async (_options: unknown, command: Command) => {
        const { serveAuditor } = await import('./serve.ts')
        await serveAuditor(outputOf(command))
      }),
    'mupib auditor serve --dir .mupib',
  )
  addSubmit(auditor)
  addTrust(auditor)
  addRisk(auditor)
  addLists(auditor)
  addBooks(auditor)
  addProof(auditor)
  addPayload(auditor)
}

function addSubmit(auditor: Command): void {
  withExamples(
    auditor
      .command('submit <file>')
      .description(
        'take a file of payments that vendors have presented, send what is queued of their holders, and wait for the verdicts',
      )
      .action(async (file: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const { readBlockFile, submitAll, withAuditor } = await operationsModule()
        const payments = readBlockFile(file)
        await withAuditor(output, async operations => {
          output.result(await submitAll(operations, payments), told =>
            table(told, [
              { head: 'payment', cell: row => short(row.digest) },
              { head: 'answer', cell: row => row.answer },
              { head: 'reason', cell: row => row.reason ?? '' },
              { head: 'block', cell: row => row.block ?? '', right: true },
            ]),
          )
        })
      }),
    'mupib auditor submit block.json',
  )
  withExamples(
    auditor
      .command('flush [user]')
      .description('send what is queued, of one user or of all, and wait for the verdicts')
      .action(async (user: string | undefined, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          output.result(
            await operations.flush(user),
            ({ flushed }) => `nothing is open any more; ${flushed} users had something`,
          )
        })
      }),
    'mupib auditor flush',
  )
}

function blocksText(blocks: readonly Json[]): string {
  const verdicts = (row: Json): string => {
    const tokens = (row.tokens ?? []) as { verdict: string }[]
    const count = (verdict: string): number => tokens.filter(token => token.verdict === verdict).length
    return tokens.length === 0 ? '-' : ['11', '01', '10', '00'].map(verdict => `${verdict}:${count(verdict)}`).join(' ')
  }
  return table(blocks, [
    { head: 'user', cell: row => short(String(row.user)) },
    { head: 'block', cell: row => String(row.number), right: true },
    { head: 'state', cell: row => String(row.state) },
    { head: 'payments', cell: row => String(row.transactions), right: true },
    { head: 'tokens', cell: row => String(row.tokenCount), right: true },
    { head: 'verdicts', cell: verdicts },
    { head: 'ledger block', cell: row => String(row.height ?? '-'), right: true },
    { head: 'ms', cell: row => String(row.latencyMs ?? '-'), right: true },
  ])
}

function queueText(queues: readonly Json[]): string {
  return table(queues, [
    { head: 'user', cell: row => short(String(row.user)) },
    { head: 'W', cell: row => String(row.blockSize), right: true },
    { head: 'payments', cell: row => String(row.queuedPayments), right: true },
    { head: 'tokens', cell: row => String(row.queuedTokens), right: true },
    { head: 'held', cell: row => String(row.held), right: true },
    { head: 'awaited', cell: row => String(row.awaitedBlock ?? '-'), right: true },
    { head: 'decided', cell: row => String(row.decidedBlocks), right: true },
    { head: 'refused', cell: row => String(row.refusal ?? '') },
  ])
}

function addLists(auditor: Command): void {
  const list = (
    name: 'blocks' | 'queue',
    description: string,
    text: (rows: readonly Json[], output: Output) => string,
  ): void => {
    withExamples(
      auditor
        .command(`${name} [user]`)
        .description(description)
        .action(async (user: string | undefined, _options: unknown, command: Command) => {
          const output = outputOf(command)
          const { withAuditor } = await operationsModule()
          await withAuditor(output, async operations => {
            output.result(await operations[name](user), rows => text(rows, output))
          })
        }),
      `mupib auditor ${name}`,
      `mupib auditor ${name} 5d1e…(64 hex characters) --json`,
    )
  }
  list('blocks', 'token blocks with their verdicts, of one user or of all', blocksText)
  list('queue', 'what is queued, held and awaited, of one user or of all', queueText)
  withExamples(
    auditor
      .command('status')
      .description('what the auditor has taken, queued and had decided')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          output.result(await operations.status(), statusText)
        })
      }),
    'mupib auditor status',
  )
}

function statusText(status: Json): string {
  const peers = status.peers as { connected: boolean }[]
  const outbox = status.outbox as Json
  return pairs([
    ['auditor', status.name],
    ['terms', `W0 ${status.w0}, ${status.model}, rounding ${status.rounding}`],
    ['withholding', `${Number(status.withholding) / 100} %`],
    ['validators', `${peers.filter(peer => peer.connected).length} of ${peers.length} connected`],
    ['users', status.users],
    ['payments since the start', status.payments],
    ['queued', status.queued],
    ['held', status.held],
    ['awaited blocks', status.awaited],
    ['decided blocks', status.blocks],
    ['blocked users', status.blocked],
    ['refused users', status.refused],
    ['open transfers', (outbox.transfers as Json).open],
    ['open redemptions', (outbox.redemptions as Json).open],
  ])
}

function addProof(auditor: Command): void {
  withExamples(
    auditor
      .command('proof <serial>')
      .description("a token's verdict as a proof file")
      .option('--payment <digest>', 'the verdict in this payment, where the token stands in several')
      .action(async (serial: string, options: { payment?: string }, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          const proof = await operations.proof(serial, options.payment)
          output.result(proof, shown => JSON.stringify(shown, undefined, 2))
        })
      }),
    'mupib auditor proof bank-12-7 > proof.json && mupib verify proof.json --genesis .mupib/genesis.json',
  )
}

function addPayload(auditor: Command): void {
  withExamples(
    auditor
      .command('payload <digest>')
      .description('a payment as it was presented and is kept, to answer a dispute with')
      .action(async (digest: string, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          output.result(await operations.payload(digest), shown => JSON.stringify(shown, undefined, 2))
        })
      }),
    'mupib auditor payload 5d1e…(64 hex characters) --json > payment.json',
    'mupib evidence make shown_payload --payment payment.json --out shown.json',
  )
}
