// Values of an experiment set from the command line: by their path in the file, or by a short name where only one place has it.
import { parseDocument } from 'yaml'
import { MupibError } from '../../proto/errors.ts'
import type { Experiment } from './library.ts'
import { nearest } from './nearest.ts'
import { parseManifest } from './parse.ts'
import { isScalarAt, keysAt, type Path, pathText } from './schema.ts'

/** A place in an experiment file and the value that it is to have, as text. */
export interface Setting {
  readonly path: Path
  readonly value: string
}

/** Where short names look, in this order. */
const homes: readonly Path[] = [['network'], ['load'], ['load', 'cheats'], ['phases']]

const shortNames = (): string[] =>
  homes.flatMap(home => keysAt(home).filter(key => isScalarAt([...home, key]))).map(String)

/** The path that a name stands for: `validators`, `network.delay`, `faults[0].delay.by`. Throws `usage`. */
export function parameterPath(name: string): Path {
  const written = name.split(/\.|\[|\]\.?/).filter(part => part !== '')
  const path = written.map(part => (/^\d+$/.test(part) ? Number(part) : part))
  if (isScalarAt(path)) return path
  const home = homes.find(one => path.length === 1 && keysAt(one).includes(name) && isScalarAt([...one, name]))
  if (home) return [...home, name]
  const close = nearest(name, shortNames())
  throw new MupibError('usage', `"${name}" is no value of an experiment`, {
    hint:
      close === undefined
        ? `one of ${shortNames().join(', ')}, or a path such as network.delay or faults[0].delay.by`
        : `did you mean ${close}?`,
  })
}

/** Reads KEY=VALUE. Throws `usage`. */
export function readSetting(text: string): Setting {
  const at = text.indexOf('=')
  if (at < 1 || at === text.length - 1)
    throw new MupibError('usage', `"${text}" sets nothing`, { hint: 'such as validators=7' })
  return { path: parameterPath(text.slice(0, at)), value: text.slice(at + 1) }
}

function scalarOf(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true'
  return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text
}

/** The experiment with other values, read anew: it has to hold together with them. Throws `usage`, and `bad_input` as reading does. */
export function withSettings(experiment: Experiment, settings: readonly Setting[]): Experiment {
  if (settings.length === 0) return experiment
  const document = parseDocument(experiment.text)
  for (const { path, value } of settings) {
    if (path[0] === 'faults' && !document.hasIn(path.slice(0, 3)))
      throw new MupibError('usage', `${experiment.reference} has no ${pathText(path.slice(0, 3))}`, {
        hint: `it has ${experiment.manifest.faults.map(({ action }, at) => `faults[${at}].${action}`).join(', ') || 'no faults'}`,
      })
    document.setIn(path, scalarOf(value))
  }
  const changes = settings.map(({ path, value }) => `${pathText(path)}=${value}`).join(', ')
  const text = document.toString({ lineWidth: 0 })
  return { ...experiment, text, manifest: parseManifest(text, `${experiment.file} with ${changes}`) }
}
