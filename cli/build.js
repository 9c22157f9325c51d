// The built program: the whole command line in plain JavaScript under .build/, so that a process starts without loading 2,000 files or a TypeScript loader.
// It is used only while every source has the size and time of change that it was built from: `node cli/build.js` makes it, editing unmakes it.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = path.join(root, '.build')
const manifestFile = path.join(folder, 'manifest.json')

// Processes that still run an older build load parts of it when they need them.
const keptBuilds = 4

/** What tells one state of a file from another; undefined where there is none. */
function stampOf(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false })
  return stat && `${stat.size} ${stat.mtimeMs}`
}

/** URL of the built command line, or undefined where there is none for the sources as they are now. */
export function freshBuild() {
  let manifest
  try {
    manifest = JSON.parse(fs.readFileSync(manifestFile, 'utf8'))
  } catch {
    return undefined
  }
  // addresses of the sources are written into the build: it holds for this folder only
  if (manifest.root !== root) return undefined
  for (const [file, stamp] of Object.entries(manifest.stamps)) if (stampOf(file) !== stamp) return undefined
  return pathToFileURL(path.join(folder, manifest.name, 'main.js')).href
}

/** Builds unless the build there is fresh. Builders at the same time do not disturb each other, nor a program that runs. */
export async function build() {
  if (freshBuild()) return
  const { build: bundle } = await import('esbuild')
  const stamps = {}
  const read = file => {
    // before the content: a change in between makes the build stale, never wrong
    stamps[file] = stampOf(file)
    return fs.readFileSync(file, 'utf8')
  }
  for (const name of ['cli/build.js', 'package.json', 'tsconfig.json', 'node_modules/.package-lock.json'])
    if (fs.existsSync(path.join(root, name))) read(path.join(root, name))
  const ownSources = {
    name: 'own-sources',
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.[jt]s$/ }, ({ path: file }) => {
        if (!file.startsWith(root) || file.includes('/node_modules/')) return undefined
        // files beside a source are looked for where the source is
        const contents = read(file).replaceAll('import.meta.url', JSON.stringify(pathToFileURL(file).href))
        return { contents, loader: 'default' }
      }),
  }
  const { outputFiles } = await bundle({
    entryPoints: [path.join(root, 'cli/main.ts')],
    outdir: folder,
    write: false,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    sourcemap: 'linked',
    sourcesContent: false,
    // holds a binary, which it finds from where it is installed
    external: ['level'],
    banner: {
      js: "import { createRequire as createRequire_ } from 'node:module'; const require = createRequire_(import.meta.url)",
    },
    plugins: [ownSources],
  })
  const hash = createHash('sha256')
  for (const { path: file, contents } of outputFiles) hash.update(file).update(contents)
  const name = hash.digest('hex').slice(0, 16)
  publish(name, outputFiles)
  writeWhole(manifestFile, JSON.stringify({ root, name, stamps }))
  removeOldBuilds(name)
}

// Whole or not at all, whoever else builds: under a name of its own first.
function publish(name, outputFiles) {
  const target = path.join(folder, name)
  const draft = `${target}.${process.pid}`
  fs.mkdirSync(draft, { recursive: true })
  for (const { path: file, contents } of outputFiles) fs.writeFileSync(path.join(draft, path.basename(file)), contents)
  try {
    fs.renameSync(draft, target)
  } catch (error) {
    if (!fs.existsSync(target)) throw error
    fs.rmSync(draft, { recursive: true })
    fs.utimesSync(target, new Date(), new Date())
  }
}

function writeWhole(file, text) {
  fs.writeFileSync(`${file}.${process.pid}`, text)
  fs.renameSync(`${file}.${process.pid}`, file)
}

function removeOldBuilds(current) {
  const builds = fs
    .readdirSync(folder)
    .filter(name => /^[0-9a-f]{16}$/.test(name) && name !== current)
    .map(name => ({ name, time: fs.statSync(path.join(folder, name)).mtimeMs }))
  for (const { name } of builds.sort((a, b) => b.time - a.time).slice(keptBuilds - 1))
    fs.rmSync(path.join(folder, name), { recursive: true, force: true })
}

/** What vitest runs before the tests. */
export const setup = build

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
