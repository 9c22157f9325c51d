// Whose fault an error is: what a sender got wrong costs the sender, what went wrong here must never cost a peer.
import { type ErrorCode, MupibError } from '../proto/errors.ts'
import { CorruptionError } from './store/errors.ts'

const senders: ReadonlySet<ErrorCode> = new Set([
  'malformed',
  'too_large',
  'trailing_bytes',
  'unknown_kind',
  'wrong_network',
  'bad_signature',
  'bad_key',
  'bad_certificate',
  'bad_proof',
  'wrong_role',
  'trust_terms',
  'times',
  'token_value',
])

/** The code of an error; `bug` for what was not foreseen. */
export const codeOf = (error: unknown): ErrorCode => (error instanceof MupibError ? error.code : 'bug')

/** True for errors that an honest sender never causes. */
export const isSendersFault = (code: ErrorCode): boolean => senders.has(code)

/** True where the own store cannot be trusted any more: the node has to stop rather than answer from it. */
export const isDamage = (code: ErrorCode): boolean => code === 'store_corrupt'

/** Reads what the own store holds: what cannot be read is damage here, whoever sent it once. Throws CorruptionError. */
export function ofStore<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isSendersFault(codeOf(error))) throw error
    throw new CorruptionError(`the store is damaged: ${what} cannot be read`, { cause: error })
  }
}
