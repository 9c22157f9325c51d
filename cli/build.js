// Builds the programs as plain JavaScript under .build/, so that a process starts without loading 2,000 files or a TypeScript loader.
// A build is used only while every source has the size and time of change that it was built from: `node cli/build.js` makes it, editing unmakes it.
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildFolder, freshBuild, manifestFile, root, stampOf } from './built.js'

/** What is started as a process of its own: the command line, and what works for it on the other cores. */
const programs = [
  'cli/main.ts',
  'testnet/bench/channel-vendor.ts',
  'testnet/bench/prepare-worker.ts',
  'testnet/campaign/campaign-worker.ts',
  'testnet/campaign/twins-worker.ts',
  'testnet/crash/shopper.ts',
  'testnet/experiments/worker.ts',
  'testnet/simulations/worker.ts',
]

// Processes that still run an older build load parts of it when they need them.
const keptBuilds = 4

/** Builds unless the build there is fresh. Builders at the same time do not disturb each other, nor a program that runs. */
export async function build() {
  if (freshBuild('cli/main.ts')) return
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
    entryPoints: programs.map(program => path.join(root, program)).filter(file => fs.existsSync(file)),
    outdir: buildFolder,
    outbase: root,
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
  const target = path.join(buildFolder, name)
  const draft = `${target}.${process.pid}`
  fs.mkdirSync(draft, { recursive: true })
  for (const { path: file, contents } of outputFiles) {
    const place = path.join(draft, path.relative(buildFolder, file))
    fs.mkdirSync(path.dirname(place), { recursive: true })
    fs.writeFileSync(place, contents)
  }
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
    .readdirSync(buildFolder)
    .filter(name => /^[0-9a-f]{16}$/.test(name) && name !== current)
    .map(name => ({ name, time: fs.statSync(path.join(buildFolder, name)).mtimeMs }))
  for (const { name } of builds.sort((a, b) => b.time - a.time).slice(keptBuilds - 1))
    fs.rmSync(path.join(buildFolder, name), { recursive: true, force: true })
}

/** What vitest runs before the tests. */
export const setup = build

if (process.argv[1] === fileURLToPath(import.meta.url)) await build()
