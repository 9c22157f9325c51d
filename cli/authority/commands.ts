// The commands `authority …`: certificates and membership.
import { type Command, Option } from 'commander'
import { type Output, outputOf, pairs } from '../common/output.ts'
import { wholeNumber, withExamples } from '../common/program.ts'
import type { AdmitOptions, Asking, IssueOptions, RenewOptions } from './authority.ts'

const authorityModule = () => import('./authority.ts')

const shown = (result: object): string => pairs(Object.entries(result))

interface PlaceOptions {
  readonly genesis?: string
  readonly peers?: string
  /** Seconds. */
  readonly timeout: number
}

function placed(command: Command): Command {
  return command
    .option('--genesis <file>', "genesis file (default: in the authority's folder, or above it)")
    .option('--peers <file>', "the validators' addresses (default: beside genesis)")
    .option('--timeout <seconds>', 'how long to wait for the ledger', wholeNumber(1, 86_400), 60)
}

const placeOf = (output: Output, { genesis, peers }: PlaceOptions) => ({
  dir: output.dir,
  ...(genesis === undefined ? {} : { genesis }),
  ...(peers === undefined ? {} : { peers }),
})

const asking = (output: Output, options: PlaceOptions): Asking => ({
  ...placeOf(output, options),
  limitMs: options.timeout * 1000,
  progress: line => output.progress(line),
})

/** Adds `authority` with its subcommands. */
export function addAuthorityCommands(program: Command): void {
  const authority = program
    .command('authority')
    .description('certificates and membership: issue, admit, renew, end, revoke')
  withExamples(authority, 'mupib authority revoke auditor --reason "key lost"', 'mupib authority renew bank')
  addRevoke(authority)
  addMembership(authority)
  addCertificates(authority)
}

function addRevoke(authority: Command): void {
  withExamples(
    placed(authority.command('revoke <certificate>'))
      .description('declare a certificate dead: a PEM file, a fingerprint, or the name of a member')
      .requiredOption('--reason <text>', 'why, in words; it stands on the ledger')
      .action(async (certificate: string, options: PlaceOptions & { reason: string }, command: Command) => {
        const output = outputOf(command)
        const { revoke } = await authorityModule()
        output.result(await revoke(asking(output, options), certificate, options.reason), shown)
      }),
    'mupib authority revoke auditor --reason "key lost"',
    'mupib authority revoke vendor.pem --reason "sold twice"',
  )
}

function addMembership(authority: Command): void {
  withExamples(
    placed(authority.command('admit <certificate>'))
      .description('admit a bank or an auditor by its certificate (PEM)')
      .option('--role <role>', 'bank or auditor, as a check: the certificate says it')
      .option('--name <name>', 'its name, as a check: the certificate says it')
      .option('--token-value <amount>', 'what a token of the bank is worth, in minor units')
      .action(async (certificate: string, options: PlaceOptions & AdmitOptions, command: Command) => {
        const output = outputOf(command)
        const { admit } = await authorityModule()
        output.result(await admit(asking(output, options), certificate, options), shown)
      }),
    'mupib authority admit second-bank/certificate.pem --role bank --name second-bank --token-value 1',
  )
  withExamples(
    placed(authority.command('end <name>'))
      .description('end the membership of a bank or an auditor, for good')
      .action(async (name: string, options: PlaceOptions, command: Command) => {
        const output = outputOf(command)
        const { end } = await authorityModule()
        output.result(await end(asking(output, options), name), shown)
      }),
    'mupib authority end auditor',
  )
}

function addCertificates(authority: Command): void {
  const days = (text: string): number => wholeNumber(1, 36_500)(text)
  withExamples(
    placed(authority.command('renew <name>'))
      .description('issue a bank or an auditor a new certificate for its key, and put it on the ledger')
      .option('--days <n>', 'how long it is valid', days, 730)
      .option('--out <file>', "where the certificate goes (default: the authority's folder)")
      .action(async (name: string, options: PlaceOptions & RenewOptions, command: Command) => {
        const output = outputOf(command)
        const { renew } = await authorityModule()
        output.result(await renew(asking(output, options), name, options), shown)
      }),
    'mupib authority renew bank --out .mupib/bank/certificate.pem',
  )
  const roles = ['bank', 'auditor', 'vendor', 'user', 'validator']
  withExamples(
    placed(authority.command('issue <name>'))
      .description('issue a certificate into a folder, with a new key unless one is given; nothing goes to the ledger')
      .addOption(new Option('--role <role>', 'of whom').choices(roles).makeOptionMandatory())
      .requiredOption('--out <dir>', 'folder for certificate.pem and key.json')
      .option('--public-key <hex>', 'the Ed25519 key to certify')
      .option('--days <n>', 'how long it is valid', days, 730)
      .action(async (name: string, options: PlaceOptions & IssueOptions, command: Command) => {
        const output = outputOf(command)
        const { issue } = await authorityModule()
        output.result(await issue(placeOf(output, options), name, options), shown)
      }),
    'mupib authority issue second-bank --role bank --out ./second-bank',
  )
}
