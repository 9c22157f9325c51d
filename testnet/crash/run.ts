// Kills bank, auditor, vendors and wallets at random moments under load, and counts what is left: `npm run crash -- --kills 200`.
// Exit codes: 0 everything holds, 1 something does not, 2 wrong use.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { exitCodes } from '../../cli/common/errors.ts'
import { interruptible } from '../../cli/common/interrupt.ts'
import { removeNetwork, upNetwork } from '../network.ts'
import { crashPayments } from './crash-payments.ts'

const usage = `npm run crash -- [options]
  --kills N        how many (default 200)
  --seed S         whom and when (default 1)
  --users N        wallets that shop (default 3)
  --validators N   default 4`

function numbers(): { kills: number; seed: number; users: number; validators: number } {
  const text = (fallback: string) => ({ type: 'string', default: fallback }) as const
  const { values } = parseArgs({
    options: { kills: text('200'), seed: text('1'), users: text('3'), validators: text('4') },
  })
  const read = (value: string): number => {
    if (!/^\d{1,6}$/.test(value)) throw new Error(`"${value}" is no whole number`)
    return Number(value)
  }
  const { kills, seed, users, validators } = values
  return { kills: read(kills), seed: read(seed), users: read(users), validators: read(validators) }
}

async function run(): Promise<number> {
  const { validators, ...options } = numbers()
  const progress = (line: string): void => void process.stderr.write(`${line}\n`)
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-crash-'))
  try {
    return await interruptible(async signal => {
      const network = await upNetwork(path.join(home, 'net'), { validators, vendors: 2 }, progress, signal)
      try {
        const result = await crashPayments(network.files, options, progress, signal)
        process.stdout.write(`${JSON.stringify({ ...options, ...result }, undefined, 2)}\n`)
        return result.faults.length === 0 ? exitCodes.done : exitCodes.refused
      } finally {
        await removeNetwork(network.files)
      }
    })
  } finally {
    fs.rmSync(home, { recursive: true, force: true })
  }
}

try {
  process.exitCode = await run()
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}\n`)
  process.exitCode = exitCodes.usage
}
