// The commands `auditor trust` and `auditor risk`: how far users are trusted, and what that costs.
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { outputOf, pairs, short, table, toJson } from '../common/output.ts'
import { withExamples } from '../common/program.ts'

const operationsModule = () => import('./operations.ts')

type Json = Record<string, unknown>

const trustPairs = (trust: Json): string =>
  pairs([
    ['user', trust.user],
    ['γ', trust.gamma],
    ['trust', trust.trust],
    ['W', trust.blocked ? '0: blocked' : trust.blockSize],
    ['terms', `W0 ${trust.w0}, ${trust.model}, rounding ${trust.rounding}`],
    ['blocks', trust.blocks],
  ])

function historyText(trust: Json): string {
  const rows = table(trust.history as Json[], [
    { head: 'block', cell: row => String(row.block), right: true },
    { head: 'auditor', cell: row => short(String(row.auditor)) },
    { head: 'ledger block', cell: row => String(row.height), right: true },
    { head: 'β', cell: row => String(row.beta), right: true },
    { head: 'γ', cell: row => String(row.gamma), right: true },
    { head: 'T', cell: row => String(row.trust), right: true },
    { head: 'x', cell: row => String(row.x), right: true },
    { head: 'W', cell: row => String(row.blockSize), right: true },
    { head: 'proved by record', cell: row => short(String(row.record)) },
  ])
  return `${trustPairs(trust)}\n\n${rows}`
}

const trustTable = (rows: readonly Json[]): string =>
  table(rows, [
    { head: 'user', cell: row => short(String(row.user)) },
    { head: 'γ', cell: row => String(row.gamma), right: true },
    { head: 'trust', cell: row => String(row.trust), right: true },
    { head: 'W', cell: row => String(row.blockSize), right: true },
    { head: 'model', cell: row => String(row.model) },
    { head: 'blocks', cell: row => String(row.blocks), right: true },
  ])

const withoutProofs = (trust: Json): Json => ({
  ...trust,
  history: (trust.history as Json[]).map(({ proof: _, ...row }) => row),
})

/** Adds `auditor trust`. */
export function addTrust(auditor: Command): void {
  withExamples(
    auditor
      .command('trust [user]')
      .description('γ, trust and W of one user with the history, or of all')
      .option('--explain', 'each step with the proof of the verdict that it follows from')
      .option('--out <file>', 'write the history as a file that "mupib verify" checks')
      .action(async (user: string | undefined, options: { explain?: boolean; out?: string }, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          if (user === undefined) return output.result(await operations.trust(), trustTable)
          const trust = await operations.trustOf(user)
          if (options.out !== undefined) writeFileSync(options.out, `${toJson(await operations.trustFile(user), 2)}\n`)
          const shown = options.explain ? trust : withoutProofs(trust)
          output.result(shown, options.explain ? historyText : trustPairs)
        })
      }),
    'mupib auditor trust',
    'mupib auditor trust 5d1e…(64 hex characters) --explain',
    'mupib auditor trust 5d1e… --out trust.json && mupib verify trust.json --genesis .mupib/genesis.json',
  )
}

const amountOf = (exposure: unknown): string => {
  const { tokens, amount, worstCase } = exposure as Json
  return `${amount} (${tokens} tokens), at worst ${(worstCase as Json).amount}`
}

const riskTable = (rows: readonly Json[]): string =>
  table(rows, [
    { head: 'user', cell: row => short(String(row.user)) },
    { head: 'W', cell: row => String(row.blockSize), right: true },
    { head: 'exposure', cell: row => String((row.exposure as Json).amount), right: true },
    { head: 'at worst', cell: row => String(((row.exposure as Json).worstCase as Json).amount), right: true },
    { head: 'blocks', cell: row => String(row.blocks), right: true },
    { head: 'paid', cell: row => String(row.paid), right: true },
    { head: 'received', cell: row => String(row.received), right: true },
    { head: 'risk', cell: row => String(row.risk), right: true },
    { head: 'gross loss', cell: row => String(row.grossLoss), right: true },
  ])

function userRiskText(risk: Json): string {
  const head = pairs([
    ['user', risk.user],
    ['W', risk.blockSize],
    ['exposure', amountOf(risk.exposure)],
    ['risk', risk.risk],
    ['gross loss', risk.grossLoss],
  ])
  const rows = table(risk.history as Json[], [
    { head: 'block', cell: row => String(row.number), right: true },
    { head: 'settled', cell: row => `${row.settled} of ${row.payments}`, right: true },
    { head: 'tokens', cell: row => String(row.tokens), right: true },
    { head: 'invalid', cell: row => String(row.invalid), right: true },
    { head: 'paid', cell: row => String(row.paid), right: true },
    { head: 'margin', cell: row => String(row.margin), right: true },
    { head: 'received', cell: row => String(row.received), right: true },
    { head: 'covered', cell: row => String(row.covered), right: true },
    { head: 'risk', cell: row => String(row.risk), right: true },
    { head: 'gross loss', cell: row => String(row.grossLoss), right: true },
    { head: 'risk so far', cell: row => String(row.riskSum), right: true },
  ])
  return `${head}\n\n${rows}`
}

/** Adds `auditor risk`. */
export function addRisk(auditor: Command): void {
  withExamples(
    auditor
      .command('risk [user]')
      .description('what users cost so far and may cost now (above 0 is a loss), of one block by block or of all')
      .action(async (user: string | undefined, _options: unknown, command: Command) => {
        const output = outputOf(command)
        const { withAuditor } = await operationsModule()
        await withAuditor(output, async operations => {
          if (user === undefined) output.result(await operations.risk(), riskTable)
          else output.result(await operations.riskOf(user), userRiskText)
        })
      }),
    'mupib auditor risk',
  )
}
