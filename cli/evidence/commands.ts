// The commands `evidence …`: who cheated, as portable files.
import { join } from 'node:path'
import type { Command } from 'commander'
import { outputOf, pairs, short, table, toJson } from '../common/output.ts'
import { withExamples } from '../common/program.ts'
import type { EvidenceItem } from './evidence.ts'
import type { Inputs } from './make.ts'

const evidenceModule = () => import('./evidence.ts')

const gather = (file: string, before: readonly string[]): string[] => [...before, file]

const listText = (items: readonly EvidenceItem[]): string =>
  table(
    items,
    [
      { head: 'id', cell: item => short(item.id) },
      { head: 'kind', cell: item => item.kind.replaceAll('_', ' ') },
      { head: 'guilty', cell: item => short(item.guilty) },
      { head: 'role', cell: item => item.role },
      { head: 'charged', cell: item => (item.charged ? 'yes' : 'no') },
    ],
    'no evidence is kept',
  )

/** Where to ask, and by which genesis to check. */
interface Options {
  readonly http?: string
  readonly genesis?: string
}

interface MakeOptions extends Inputs {
  readonly out: string
  readonly genesis?: string
}

/** Adds `evidence` with its subcommands. */
export function addEvidenceCommands(program: Command): void {
  const evidence = program.command('evidence').description('who cheated: what validators and auditors keep, as files')
  const http = ['--http <address>', 'where a validator answers (default: those of --dir)'] as const
  const genesis = ['--genesis <file>', 'genesis file to check by (default: that of --dir)'] as const
  withExamples(evidence, 'mupib evidence list')
  withExamples(
    evidence
      .command('list')
      .description('what validators and auditors have kept and what holds, each piece once')
      .option(...http)
      .option(...genesis)
      .action(async (options: Options, command: Command) => {
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
      .description('one piece as a file that "mupib verify" checks')
      .option(...http)
      .option(...genesis)
      .action(async (id: string, options: Options, command: Command) => {
        const output = outputOf(command)
        const { showEvidence } = await evidenceModule()
        output.result(await showEvidence({ dir: output.dir, ...options }, id), file => toJson(file, 2))
      }),
    'mupib evidence show 5d1e7a > evidence.json',
    'mupib verify evidence.json --genesis .mupib/genesis.json',
  )
  addMake(evidence, genesis)
}

function addMake(evidence: Command, genesis: readonly [string, string]): void {
  withExamples(
    evidence
      .command('make <kind>')
      .description(
        'make a piece of what you have: double_selling, broken_ruling, unshown_payload, or shown_payload which answers that; of a session conflicting_payments, bad_lock, contested_close',
      )
      .requiredOption('--out <file>', 'where the evidence goes')
      .option('--proof <file>', 'a proof, as "mupib auditor proof" writes it')
      .option('--payment <file>', 'a payment, as "mupib auditor payload" or "mupib vendor sales PAYMENT" prints it')
      .option('--ruling <file>', 'a ruling {content, signature}, or a sale or wallet entries that hold it')
      .option('--other-ruling <file>', 'a ruling that contradicts it')
      .option('--presentation <file>', 'a presentation {content, signature}, or a sale or kept payment that holds it')
      .option('--other <file>', 'another presentation of the same payment')
      .option('--misconduct <file>', 'what a client did in a session {terms, material}, as a bank takes it')
      .option('--certificate <file>', "a signer's certificate in PEM that genesis lacks (repeatable)", gather, [])
      .option(...genesis)
      .action(async (kind: string, { out, genesis: file, ...inputs }: MakeOptions, command: Command) => {
        const output = outputOf(command)
        const { makeEvidence } = await import('./make.ts')
        const genesisFile = file ?? join(output.dir, 'genesis.json')
        output.result(makeEvidence(kind, inputs, genesisFile, out), made => pairs(Object.entries(made)))
      }),
    'mupib evidence make unshown_payload --proof proof.json --out evidence.json',
    'mupib evidence make shown_payload --payment payment.json --out answer.json',
    'mupib evidence make bad_lock --misconduct misconduct.json --out evidence.json',
    'mupib evidence make broken_ruling --ruling history.json --proof proof.json --out evidence.json',
    'mupib evidence make broken_ruling --ruling first.json --other-ruling second.json --out evidence.json',
    'mupib evidence make double_selling --presentation one.json --other two.json --certificate kiosk.pem --out evidence.json',
  )
}
