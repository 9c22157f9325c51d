// Every failure that crosses a boundary carries one of these codes: scripts and peers rely on the code, people on the message and hint.

/**
 * Stable error codes. A code is never renamed; a new failure gets a new code.
 * Groups: what was sent, who sent it, what the ledger answers, the local store, the local machine, the command line.
 */
export const errorCodes = [
  // what was sent
  'malformed',
  'too_large',
  'trailing_bytes',
  'unknown_kind',
  'wrong_network',
  'bad_signature',
  'bad_key',
  'bad_certificate',
  'bad_proof',
  // who sent it
  'not_admitted',
  'wrong_role',
  'unknown_signer',
  'rate_limited',
  // accounts and payments
  'no_account',
  'name_taken',
  'insufficient_funds',
  'insufficient_tokens',
  'blocked',
  'too_early',
  'conflict',
  // what the ledger answers (certified refusals)
  'number_used',
  'number_ahead',
  'previous_mismatch',
  'certificate_dead',
  'holder_mismatch',
  'trust_terms',
  'session_terms',
  'too_late',
  'already_settled',
  'claim_low',
  'times',
  'token_value',
  'already_known',
  'not_found',
  'too_many',
  'undecided',
  'pruned',
  // the local store
  'store_corrupt',
  'store_foreign',
  'store_newer',
  'store_locked',
  'store_missing',
  'store_write_failed',
  'disk_full',
  'needs_rejoin',
  'store_behind',
  'outcome_differs',
  // the local machine
  'port_taken',
  'too_many_files',
  'permission',
  'unreachable',
  'timeout',
  'stopped',
  'already_running',
  // the command line and its files
  'usage',
  'bad_genesis',
  'bad_config',
  'bad_input',
  'refused',
  'bug',
] as const

export type ErrorCode = (typeof errorCodes)[number]

/** An error with a stable code, a message for people, and where possible a hint that says what to do. */
export class MupibError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined
  readonly fields: Readonly<Record<string, unknown>>

  constructor(
    code: ErrorCode,
    message: string,
    options: { hint?: string; cause?: unknown } & Record<string, unknown> = {},
  ) {
    const { hint, cause, ...fields } = options
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'MupibError'
    this.code = code
    this.hint = hint
    this.fields = fields
  }

  /** The JSON shape in which the command line and the HTTP interfaces show an error. */
  toJSON(): Record<string, unknown> {
    return {
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...this.fields,
    }
  }
}

/** Stops on a broken invariant: a bug of ours, never an answer to bad input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MupibError('bug', `invariant broken: ${message}`)
}
