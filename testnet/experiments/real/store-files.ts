// Damage to the files of a stopped LevelDB store, drawn from a seed: a bit flipped, the end of the newest log cut off.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { assert } from '../../../proto/errors.ts'
import type { SeededRandom } from '../../random.ts'

export type FileType = 'log' | 'table' | 'manifest' | 'current'

/** What was done, for people. */
export interface Damage {
  readonly file: string
  readonly text: string
}

const forms: Readonly<Record<FileType, RegExp>> = {
  log: /^\d+\.log$/,
  table: /^\d+\.(ldb|sst)$/,
  manifest: /^MANIFEST-\d+$/,
  current: /^CURRENT$/,
}

/** Files of one type that hold something, in the order of their names. */
function filesOf(store: string, type: FileType): string[] {
  return fs
    .readdirSync(store)
    .filter(name => forms[type].test(name) && fs.statSync(path.join(store, name)).size > 0)
    .sort()
}

/** The types of which the store holds a file. */
export const typesIn = (store: string): FileType[] =>
  (Object.keys(forms) as FileType[]).filter(type => filesOf(store, type).length > 0)

/** Flips one bit of one file of the type, or of any; undefined where there is no such file. */
export function flipBit(store: string, wanted: FileType | 'any', random: SeededRandom): Damage | undefined {
  const types = typesIn(store)
  const type = wanted === 'any' ? random.pick(types) : wanted
  if (!types.includes(type)) return undefined
  const file = random.pick(filesOf(store, type))
  const place = path.join(store, file)
  const bytes = fs.readFileSync(place)
  const at = random.integer(0, bytes.length - 1)
  const bit = random.integer(0, 7)
  bytes[at]! ^= 1 << bit
  fs.writeFileSync(place, bytes)
  return { file, text: `bit ${bit} of byte ${at} of ${bytes.length} in ${file}` }
}

/** Cuts bytes off the end of the newest log; undefined where no log holds any. */
export function tearTail(store: string, random: SeededRandom): Damage | undefined {
  const file = filesOf(store, 'log').at(-1)
  if (file === undefined) return undefined
  const place = path.join(store, file)
  const { size } = fs.statSync(place)
  const cut = random.integer(1, Math.min(size, 4_096))
  assert(cut <= size, 'no more is cut off than there is')
  fs.truncateSync(place, size - cut)
  return { file, text: `${cut} of ${size} bytes cut off the end of ${file}` }
}
