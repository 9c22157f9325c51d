// From errors to exit codes and to what is shown on stderr: one line for people, one JSON document for scripts.
import { type ErrorCode, MupibError } from '../../proto/errors.ts'

/** Exit codes of every command; scripts rely on them. */
export const exitCodes = { done: 0, refused: 1, usage: 2, unreachable: 3, unknown: 4, bug: 70 } as const

const usageCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'usage',
  'bad_genesis',
  'bad_config',
  'bad_input',
  'bad_key',
  'bad_certificate',
  'malformed',
  'too_large',
  'trailing_bytes',
  'unknown_kind',
  'wrong_network',
])

const unreachableCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['unreachable', 'timeout'])

/** The exit code that a failure ends a command with; what has no code is a bug. */
export function exitCodeOf(error: unknown): number {
  const code = toMupibError(error).code
  if (code === 'bug') return exitCodes.bug
  if (usageCodes.has(code)) return exitCodes.usage
  return unreachableCodes.has(code) ? exitCodes.unreachable : exitCodes.refused
}

function systemCodeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** Gives errors of the operating system their stable code; anything else without a code becomes `bug`. */
export function toMupibError(error: unknown): MupibError {
  if (error instanceof MupibError) return error
  const message = error instanceof Error ? error.message : String(error)
  const path = error instanceof Error && 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const what = path ?? message
  switch (systemCodeOf(error)) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new MupibError('permission', `not permitted: ${what}`, { cause: error })
    case 'ENOSPC':
    case 'EDQUOT':
      return new MupibError('disk_full', `no space left: ${what}`, { hint: 'free some space and repeat', cause: error })
    case 'EMFILE':
    case 'ENFILE':
      return new MupibError('too_many_files', `too many files are open: ${what}`, {
        hint: 'raise the limit (ulimit -n), or stop what holds so many',
        cause: error,
      })
    case 'EADDRINUSE':
      return new MupibError('port_taken', message, { hint: 'stop what uses the port, or choose another', cause: error })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new MupibError('bad_config', `no address of this machine: ${message}`, { cause: error })
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'EPIPE':
    case 'UND_ERR_SOCKET':
      return new MupibError('unreachable', `nothing answers: ${message}`, { cause: error })
    case 'ENOENT':
    case 'ENOTDIR':
    case 'EISDIR':
      return new MupibError('bad_input', `no such file: ${what}`, { cause: error })
    default:
      return new MupibError('bug', message, {
        hint: 'this is a bug of mupib: please report it with the command and MUPIB_DEBUG=1',
        cause: error,
      })
  }
}

/** What a failure looks like on stderr, with a newline at its end. */
export function errorText(error: unknown, json: boolean): string {
  const failure = toMupibError(error)
  if (json)
    return `${JSON.stringify({ error: failure.toJSON() }, (_, value) => (typeof value === 'bigint' ? String(value) : value))}\n`
  const hint = failure.hint === undefined ? '' : ` (${failure.hint})`
  const stack = failure.code === 'bug' && failure.cause instanceof Error ? `\n${failure.cause.stack}` : ''
  return `mupib: ${failure.message} [${failure.code}]${hint}${stack}\n`
}
