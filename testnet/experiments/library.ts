// The experiments that ship, and those in files of one's own: found by name or path, with their text.
import { readdirSync } from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath } from 'node:url'
import { readBytes, statOf } from '../../cli/common/files.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Manifest } from './manifest.ts'
import { nearest } from './nearest.ts'
import { parseManifest } from './parse.ts'

/** An experiment with the text that it was read from. */
export interface Experiment {
  readonly manifest: Manifest
  readonly text: string
  /** What its errors name. */
  readonly file: string
  /** What commands call it: the name of one that ships, or the path of a file. */
  readonly reference: string
}

const libraryFolder = fileURLToPath(new URL('./library/', import.meta.url))
const ending = '.yaml'

/** More is no experiment. */
const fileBytesMax = 1024 * 1024

/** Names of the experiments that ship, in order. */
export const shippedNames = (): string[] =>
  readdirSync(libraryFolder)
    .filter(file => file.endsWith(ending))
    .map(file => file.slice(0, -ending.length))
    .toSorted()

function read(file: string, reference: string): Experiment {
  const text = Buffer.from(readBytes(file, 'bad_input', fileBytesMax)).toString('utf8')
  return { manifest: parseManifest(text, file), text, file, reference }
}

/** All experiments that ship. */
export const shippedExperiments = (): Experiment[] =>
  shippedNames().map(name => read(path.join(libraryFolder, `${name}${ending}`), name))

/** An experiment by the name of one that ships, or by the path of its file. Throws `bad_input`. */
export function findExperiment(reference: string): Experiment {
  const names = shippedNames()
  if (names.includes(reference)) return read(path.join(libraryFolder, `${reference}${ending}`), reference)
  if (/[/\\]|\.ya?ml$/.test(reference) || statOf(reference)?.isFile()) return read(reference, reference)
  const close = nearest(reference, names)
  const hint = close === undefined ? 'mupib experiment list shows what there is' : `did you mean ${close}?`
  throw new MupibError('bad_input', `no experiment "${reference}" ships with mupib`, { hint })
}
