// The commands `evidence …`: who cheated, as portable files.
import type { Command } from 'commander'
import { outputOf, pairs, short, table } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { EvidenceItem } from './evidence.ts'

const evidenceModule = () => import('./evidence.ts')

const listText = (items: readonly EvidenceItem[]): string =>
  table(
    items,
    [
      { head: 'id', cell: item => short(item.id) },
      { head: 'type', cell: item => item.type.replaceAll('_', ' ') },
      { head: 'guilty', cell: item => short(item.guilty) },
      { head: 'role', cell: item => item.role },
    ],
    'no evidence is kept',
  )

/** Adds `evidence` with its subcommands. */
export function addEvidenceCommands(program: Command): void {
  const evidence = program.command('evidence').description('who cheated: what validators have kept, as files')
  const http = ['--http <address>', 'where a validator answers (default: those of --dir)'] as const
  withExamples(evidence, 'mupib evidence list')
  withExamples(
    evidence
      .command('list')
      .description('what the validators have kept, each piece once')
      .option(...http)
      .action(async (options: { http?: string }, command: Command) => {
        const output = outputOf(command)
        const { listEvidence } = await evidenceModule()
        output.result(await listEvidence({ dir: output.dir, ...options }), listText)
      }),
    'mupib evidence list',
    'mupib evidence list --http http://127.0.0.1:4080 --json',
  )
  withExamples(
    evidence
      .command('show <id>')
      .description('one piece: both signed messages, in hex')
      .option(...http)
      .action(async (id: string, options: { http?: string }, command: Command) => {
        const output = outputOf(command)
        const { showEvidence } = await evidenceModule()
        output.result(await showEvidence({ dir: output.dir, ...options }, id), item => pairs(Object.entries(item)))
      }),
    'mupib evidence show 5d1e7a > evidence.json',
  )
}
