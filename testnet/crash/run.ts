// Kills bank, auditor, vendors and wallets at random moments under load, and counts what is left: `npm run crash -- --kills 200`.
// Exit codes: 0 everything holds, 1 something does not, 2 wrong use; what breaks the program off is told as by mupib itself, with its codes.
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { parseArgs } from 'node:util'
import { exitCodes } from '../../cli/common/errors.ts'
import { interruptible } from '../../cli/common/interrupt.ts'
import { limits } from '../../proto/limits.ts'
import { removeNetwork, upNetwork } from '../network.ts'
import { runToExit, wholeNumber } from '../script.ts'
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
  const read = (name: keyof typeof values, least: number, most: number): number =>
    wholeNumber(name, values[name], least, most)
  return {
    kills: read('kills', 0, 999_999),
    seed: read('seed', 0, 999_999),
    users: read('users', 1, 999),
    validators: read('validators', 1, limits.validators),
  }
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

await runToExit(usage, run)
