// What can go wrong with a store, as typed errors with stable codes; LevelDB's and the system's own errors are translated here.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'

const corruptHint =
  'Nothing was changed. Run `mupib node check`; then restore the store, or remove it, let the node catch up, and run `mupib node rejoin`.'

/** Stored bytes are not what was written (or a page or row is missing): they are never answered with. */
export class CorruptionError extends MupibError {
  constructor(message: string, fields: { cause?: unknown } & Record<string, unknown> = {}) {
    super('store_corrupt', message, { hint: corruptHint, ...fields })
    this.name = 'CorruptionError'
  }
}

/** A value whose checksum does not match. */
export function corruptValue(key: Uint8Array): CorruptionError {
  return new CorruptionError(`store is damaged: the value of key ${toHex(key)} fails its checksum`, { key: toHex(key) })
}

/** A damaged file, with the place in it. */
export function corruptFile(file: string, offset: number, reason: string): CorruptionError {
  return new CorruptionError(`store is damaged: ${file}, byte ${offset}: ${reason}`, { file, offset })
}

/** The message and code of an error and of its causes, for matching. */
function describe(error: unknown): string {
  const parts: string[] = []
  let current: unknown = error
  for (let depth = 0; depth < 8 && current instanceof Error; depth++) {
    const code = (current as { code?: unknown }).code
    parts.push(typeof code === 'string' ? `${code} ${current.message}` : current.message)
    current = current.cause
  }
  return parts.join(' | ')
}

/** The store is open in another process, or elsewhere in this one. */
export function storeLocked(location: string): MupibError {
  return new MupibError('store_locked', `store ${location} is in use by another process`, {
    hint: 'Stop the node that uses it; one store belongs to one process.',
    location,
  })
}

/**
 * The typed error for a failure of LevelDB or of the file system.
 * @param fallback what an unexplained failure means: a failed write, or a store that cannot be read.
 */
export function toStoreError(
  error: unknown,
  location: string,
  fallback: 'store_write_failed' | 'store_corrupt',
): MupibError {
  if (error instanceof MupibError) return error
  const text = describe(error)
  const fields = { location, cause: error }
  if (/LEVEL_LOCKED/.test(text)) return storeLocked(location)
  if (/No space left|ENOSPC|quota exceeded|EDQUOT|File too large|EFBIG/i.test(text)) {
    return new MupibError('disk_full', `disk full: store ${location} could not be written`, {
      hint: 'Free some space and start the node again; everything it had acknowledged is stored.',
      ...fields,
    })
  }
  if (/Permission denied|EACCES|EPERM|EROFS|Read-only file system/i.test(text)) {
    return new MupibError('permission', `no permission for store ${location}`, {
      hint: 'The folder and every file in it must be readable and writable for the user that runs the node.',
      ...fields,
    })
  }
  if (/ENOTDIR|EEXIST|Not a directory/i.test(text)) {
    return new MupibError('bad_config', `store ${location} is not a folder`, {
      hint: 'Name a folder for the store in the configuration.',
      ...fields,
    })
  }
  if (/Too many open files|EMFILE|ENFILE/i.test(text)) {
    return new MupibError('store_write_failed', `store ${location}: too many open files`, {
      hint: 'Raise the limit of open files (ulimit -n).',
      ...fields,
    })
  }
  if (/LEVEL_CORRUPTION/.test(text) || fallback === 'store_corrupt') {
    return new CorruptionError(`store ${location} is damaged: ${text}`, fields)
  }
  return new MupibError('store_write_failed', `store ${location} could not be written: ${text}`, {
    hint: 'Look for disk errors in the system log; the node must be started again.',
    ...fields,
  })
}
