// The commands `bench` and `channel bench`. What they measure is loaded when it is measured: `channel pay` starts without it.
import { mkdirSync } from 'node:fs'
import * as path from 'node:path'
import type { Command } from 'commander'
import { writeAtomic } from '../../cli/common/files.ts'
import { interruptible } from '../../cli/common/interrupt.ts'
import { outputOf, toJson } from '../../cli/common/output.ts'
import { wholeNumber } from '../../cli/common/program.ts'
import { type BenchRow, benchCsv, benchTable } from './row.ts'
import { benchNames, runBenches } from './run.ts'

/** Adds `bench`. */
export function addBenchCommand(program: Command): void {
  withBench(program, 'bench [name]', `the benchmarks: ${benchNames.join(', ')} (default: all)`).addHelpText(
    'after',
    '\nExamples:\n  mupib bench\n  mupib bench throughput --seconds 10 --out ./results',
  )
}

/** Adds `channel bench`. */
export function addChannelBenchCommand(channel: Command): void {
  withBench(channel, 'bench', 'payments per second of one session between two processes', 'channel').addHelpText(
    'after',
    '\nExample:\n  mupib channel bench --seconds 10',
  )
}

/** A command that runs benchmarks: the one given here, or the one that its argument names. */
function withBench(program: Command, usage: string, description: string, given?: string): Command {
  const bench = program.command(usage).description(description)
  bench.option('--seconds <n>', 'how long each one measures', wholeNumber(1, 3_600), 30)
  if (given === undefined) bench.option('--validators <n>', 'validators of the network', wholeNumber(1, 128), 4)
  return bench.option('--out <dir>', 'also write bench.json and bench.csv there').action(async (...args: unknown[]) => {
    const command = args.at(-1) as Command
    const options = args.at(-2) as { seconds: number; validators?: number; out?: string }
    const name = given ?? (args.length > 2 ? (args[0] as string | undefined) : undefined)
    const output = outputOf(command)
    const rows: BenchRow[] = await interruptible(signal =>
      runBenches(name, { validators: 1, ...options }, line => output.progress(line), signal),
    )
    if (options.out !== undefined) {
      mkdirSync(options.out, { recursive: true })
      writeAtomic(path.join(options.out, 'bench.json'), `${toJson(rows, 2)}\n`)
      writeAtomic(path.join(options.out, 'bench.csv'), benchCsv(rows))
    }
    output.result(rows, benchTable)
  })
}
