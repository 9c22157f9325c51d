// What build.js made of the sources, for whoever starts a process. Plain JavaScript, since it comes before what strips types.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const buildFolder = path.join(root, '.build')
export const manifestFile = path.join(buildFolder, 'manifest.json')

/** What tells one state of a file from another; undefined where there is none. */
export function stampOf(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  return stat && `${stat.size} ${stat.mtimeMs}`
}

/** URL of the built form of a program, `cli/main.ts` or another; undefined where there is none for the sources as they are now. */
export function freshBuild(program) {
  let manifest
  try {
    manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'))
  } catch {
    return undefined
  }
  // addresses of the sources are written into the build: it holds for this folder only
  if (manifest.root !== root) return undefined
  for (const [file, stamp] of Object.entries(manifest.stamps)) if (stampOf(file) !== stamp) return undefined
  const file = path.join(buildFolder, manifest.name, program.replace(/\.ts$/, '.js'))
  return fs.existsSync(file) ? pathToFileURL(file).href : undefined
}
