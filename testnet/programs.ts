// What processes of a local network run beside the programs of its parties: the relay, validators that misbehave. Nobody types these.
import { type Command, Option } from 'commander'
import { outputOf } from '../cli/common/output.ts'
import { wholeNumber, withExamples } from '../cli/common/program.ts'
import { adversaryNames } from '../consensus/adversaries/index.ts'
import type { ByzantineOptions } from './byzantine/run.ts'
import { dishonestVendors } from './dishonest/index.ts'
import type { DishonestVendorOptions } from './dishonest/run-vendor.ts'

/** Adds the programs, hidden from help. */
export function addPrograms(testnet: Command): void {
  withExamples(
    testnet
      .command('relay', { hidden: true })
      .description('run the relay whose folder --dir names')
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { serveRelay } = await import('./relay/serve.ts')
        await serveRelay(output.dir, line => output.progress(line))
      }),
    'mupib testnet relay --dir .mupib/relay',
  )
  withExamples(
    testnet
      .command('byzantine', { hidden: true })
      .description('run a validator that misbehaves on purpose')
      .requiredOption('--config <file>', "the validator's config.json")
      .addOption(new Option('--adversary <name>', 'what it does').choices(adversaryNames).makeOptionMandatory())
      .requiredOption('--seed <n>', 'what it draws its chance from', wholeNumber(0))
      .option('--accomplices <names>', 'other validators that misbehave', text => text.split(','), [])
      .action(async ({ config, ...options }: ByzantineOptions & { config: string }, command: Command) => {
        const output = outputOf(command)
        const { runByzantine } = await import('./byzantine/run.ts')
        await runByzantine(config, options, line => output.progress(line))
      }),
    'mupib testnet byzantine --config .mupib/validators/v4/config.json --adversary forger --seed 1',
  )
  withExamples(
    testnet
      .command('dishonest-vendor', { hidden: true })
      .description('run a till that cheats in its sessions')
      .addOption(
        new Option('--behaviour <name>', 'what it does').choices(Object.keys(dishonestVendors)).makeOptionMandatory(),
      )
      .action(async ({ behaviour }: DishonestVendorOptions, command: Command) => {
        const output = outputOf(command)
        const { runDishonestVendor } = await import('./dishonest/run-vendor.ts')
        await runDishonestVendor(output, behaviour)
      }),
    'mupib testnet dishonest-vendor --behaviour steals-word --dir .mupib/vendors/till',
  )
  withExamples(
    testnet
      .command('session-client', { hidden: true })
      .description("run a user's sessions, as an experiment wants them")
      .action(async (_options: unknown, command: Command) => {
        const output = outputOf(command)
        const { runSessionClient } = await import('./experiments/real/session-client.ts')
        await runSessionClient(output.dir)
      }),
    'mupib testnet session-client --dir .mupib/users/client-1',
  )
}
