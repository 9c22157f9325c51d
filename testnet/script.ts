// What the programs behind `npm run` share: a line on stderr that says how far it is, flags that are whole numbers, help, and exit codes.
import { errorText, exitCodeOf } from '../cli/common/errors.ts'
import { MupibError } from '../proto/errors.ts'

export const exitCodes = { pass: 0, fail: 1, usage: 2, unknown: 3 } as const

/** Shows the line that `describe` makes of the seconds gone: rewritten on a terminal, now and then elsewhere. */
export function createProgress(describe: (seconds: number) => string): { show(): void; end(): void } {
  const startedAt = performance.now()
  const isTerminal = process.stderr.isTTY
  let shownAt = startedAt
  return {
    show() {
      const now = performance.now()
      if (now - shownAt < (isTerminal ? 200 : 10_000)) return
      shownAt = now
      const line = describe((now - startedAt) / 1000)
      process.stderr.write(isTerminal ? `\r${line}\u001b[K` : `${line}\n`)
    },
    end() {
      if (isTerminal) process.stderr.write('\r\u001b[K')
    },
  }
}

/** Reads a flag. Throws `usage` where it is no whole number of the range. */
export function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least && value <= most) return value
  throw new MupibError('usage', `--${name}: a whole number from ${least} to ${most}, not '${text}'`, { field: name })
}

/** The same for numbers with commas between them. */
export const wholeNumbers = (name: string, text: string, least: number, most: number): number[] =>
  text.split(',').map(part => wholeNumber(name, part, least, most))

const isWrongUse = (error: unknown): error is Error =>
  (error instanceof MupibError && error.code === 'usage') ||
  (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'))

/**
 * Ends the process with what `main` gives. Help is given where it is asked for, and the usage with wrong use; whatever else goes wrong is told, and
 * ends the process, as any command of mupib does.
 */
export async function runToExit(usage: string, main: () => number | Promise<number>): Promise<void> {
  if (process.argv.slice(2).some(word => word === '--help' || word === '-h')) {
    process.stdout.write(`${usage}\n`)
    return
  }
  try {
    process.exitCode = await main()
  } catch (error) {
    process.stderr.write(isWrongUse(error) ? `${error.message}\n\n${usage}\n` : errorText(error, false))
    process.exitCode = isWrongUse(error) ? exitCodes.usage : exitCodeOf(error)
  }
}
