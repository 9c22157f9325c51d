// `token show`: one token's whole history, as a validator tells it.
import type { Command } from 'commander'
import { outputOf, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { TokenHistory } from './show.ts'

interface Step {
  readonly what: string
  readonly when: string
  readonly detail: string
}

function stepsOf(token: TokenHistory): Step[] {
  const { consumed, block, verdict, redemption } = token
  const steps: Step[] = [
    { what: 'published', when: token.issuedAt, detail: `by ${token.bank}, value ${token.value}, hash ${token.hash}` },
    { what: 'pay by', when: token.payBy, detail: '' },
    { what: 'expires', when: token.expiry, detail: '' },
  ]
  if (!consumed || !block || !verdict) return steps
  const used = consumed.kind === 'return' ? 'returned' : 'paid'
  return [
    ...steps,
    { what: used, when: '', detail: `payload ${consumed.payload} of user ${consumed.user}` },
    {
      what: consumed.kind === 'return' ? 'return record' : 'token block',
      when: '',
      detail: `${consumed.number} of ${consumed.by}, transaction ${consumed.transaction}, record ${consumed.record}`,
    },
    { what: 'decided', when: block.time, detail: `in block ${block.height}, ${block.digest}` },
    { what: 'verdict', when: '', detail: `${verdict.verdict} ${verdict.reason}, ${verdict.use}` },
    ...(redemption ? [{ what: 'redeemed', when: redemption.time, detail: `by auditor ${redemption.auditor}` }] : []),
  ]
}

function historyText(token: TokenHistory): string {
  const steps = table(stepsOf(token), [
    { head: 'what', cell: step => step.what },
    { head: 'when', cell: step => step.when },
    { head: 'detail', cell: step => step.detail },
  ])
  return `${token.serial} is ${token.state}\n\n${steps}`
}

/** Adds `token`. */
export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('what became of a token')
  withExamples(token, 'mupib token show bank-12-7')
  withExamples(
    token
      .command('show <serial>')
      .description("a token's publication, payment, block, verdict and redemption")
      .option('--http <address>', 'where a validator answers (default: those of --dir)')
      .action(async (serial: string, options: { http?: string }, command: Command) => {
        const output = outputOf(command)
        const { showToken } = await import('./show.ts')
        output.result(await showToken({ dir: output.dir, ...options }, serial), historyText)
      }),
    'mupib token show bank-12-7',
    'mupib token show bank-12-7 --http http://127.0.0.1:4080 --json',
  )
}
