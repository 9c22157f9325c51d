// Files of the command line: whole or not at all, keys for their owner only, and errors that name the file.
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs'
import { dirname, isAbsolute, join } from 'node:path'
import { fromHex, toHex } from '../../proto/bytes.ts'
import { type ErrorCode, MupibError } from '../../proto/errors.ts'
import { publicKeyBytes, seedBytes, signingKeyFromSeed } from '../../proto/keys.ts'
import { toMupibError } from './errors.ts'

/** A path as a file names it: relative to the folder of that file. */
export const besideFile = (file: string, path: string): string => (isAbsolute(path) ? path : join(dirname(file), path))

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

/** True where a file or folder is there; other errors than its absence are thrown. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw toMupibError(error)
  }
}

/** A file's bytes. A missing file gets the given code, one that may not be read `permission`. */
export function readBytes(file: string, code: ErrorCode, bytesMax: number, hint?: string): Uint8Array {
  try {
    const size = statSync(file).size
    if (size > bytesMax) throw new MupibError(code, `${file} has ${size} bytes where at most ${bytesMax} are allowed`)
    return readFileSync(file)
  } catch (error) {
    if (error instanceof MupibError) throw error
    const failure = toMupibError(error)
    if (failure.code !== 'bad_input') throw failure
    throw new MupibError(code, `no file at ${file}`, hint === undefined ? {} : { hint })
  }
}

/** Largest JSON file that is read: genesis, config, blocks. */
const jsonBytesMax = 16 * 1024 * 1024

/** A JSON file as it was parsed; what is no JSON gets the given code and the place of the fault. */
export function readJson(file: string, code: ErrorCode, hint?: string): unknown {
  const text = Buffer.from(readBytes(file, code, jsonBytesMax, hint)).toString('utf8')
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new MupibError(code, `${file} is not JSON: ${(error as Error).message}`)
  }
}

/** Writes a file whole or not at all: beside it first, synced, then renamed. */
export function writeAtomic(file: string, content: string | Uint8Array, mode = 0o644): void {
  const beside = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const handle = openSync(beside, 'wx', mode)
    try {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content
      for (let at = 0; at < bytes.length; ) at += writeSync(handle, bytes, at)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(beside, file)
  } catch (error) {
    rmSync(beside, { force: true })
    throw toMupibError(error)
  }
}

/** Removes a file that may be gone already. */
export function removeFile(file: string): void {
  rmSync(file, { force: true })
}

/** Seed and public key of a key.json, which only its owner may read. Throws `bad_key`, `permission`. */
export function readKeyFile(file: string): { seed: Uint8Array; publicKey: Uint8Array } {
  const value = readJson(file, 'bad_key', 'a key file is made together with the network')
  const mode = statOf(file)?.mode ?? 0
  if (process.platform !== 'win32' && (mode & 0o077) !== 0)
    throw new MupibError('permission', `${file} can be read by others`, { hint: `chmod 600 ${file}` })
  const { algorithm, seed, publicKey } = value as Record<string, unknown>
  if (algorithm !== 'ed25519') throw new MupibError('bad_key', `${file}: algorithm must be "ed25519"`)
  if (typeof seed !== 'string' || !/^[0-9a-f]*$/.test(seed) || seed.length !== 2 * seedBytes)
    throw new MupibError('bad_key', `${file}: seed must be ${seedBytes} bytes in lower-case hex`)
  const key = signingKeyFromSeed(fromHex(seed))
  if (publicKey !== undefined && publicKey !== toHex(key.publicKey))
    throw new MupibError('bad_key', `${file}: publicKey is not the public key of this seed`)
  return { seed: fromHex(seed), publicKey: key.publicKey }
}

/** Writes a key file, readable by its owner only. */
export function writeKeyFile(file: string, seed: Uint8Array): void {
  const publicKey = toHex(signingKeyFromSeed(seed).publicKey)
  writeAtomic(file, `${JSON.stringify({ algorithm: 'ed25519', seed: toHex(seed), publicKey })}\n`, 0o600)
}

/** A public key given as hex on a command line or in a file. Throws `bad_input`. */
export function parsePublicKey(text: string, what: string): Uint8Array {
  if (!/^[0-9a-fA-F]*$/.test(text) || text.length !== 2 * publicKeyBytes)
    throw new MupibError('bad_input', `${what} must be a public key: ${publicKeyBytes} bytes in hex`)
  return fromHex(text.toLowerCase())
}
