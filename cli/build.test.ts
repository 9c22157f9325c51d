import { execFile } from 'node:child_process'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'

const here = import.meta.dirname
let root: string

// Says what it is asked, and whether it runs from the build.
const mainOf = (word: string): string => `import { readFileSync } from 'node:fs'
export async function main(argv: readonly string[]): Promise<void> {
  const beside: string = readFileSync(new URL('beside.txt', import.meta.url), 'utf8')
  const { lazy } = await import('./lazy.ts')
  console.log('${word}', beside, lazy, argv[2], new Error().stack!.includes('.build'))
}
`

const run = async (program: string, ...args: string[]): Promise<string> => {
  const file = path.join(root, 'cli', program)
  const { stdout } = await promisify(execFile)(process.execPath, [file, ...args], { timeout: 50_000 })
  return stdout.trim()
}

const write = (name: string, text: string): void => fs.writeFileSync(path.join(root, 'cli', name), text)

const builds = (): string[] => fs.readdirSync(path.join(root, '.build')).sort()

beforeAll(() => {
  root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'mupib-build-')))
  fs.mkdirSync(path.join(root, 'cli'))
  for (const name of ['build.js', 'built.js', 'mupib.js'])
    fs.copyFileSync(path.join(here, name), path.join(root, 'cli', name))
  fs.writeFileSync(path.join(root, 'package.json'), '{"type":"module"}')
  fs.symlinkSync(path.join(here, '..', 'node_modules'), path.join(root, 'node_modules'))
  write('main.ts', mainOf('first'))
  write('lazy.ts', "export const lazy: string = 'late'\n")
  write('beside.txt', 'beside')
})

afterAll(() => fs.rmSync(root, { recursive: true }))

it('runs from the build while that is of the sources as they are, and from the sources otherwise', async () => {
  expect(await run('mupib.js', 'a')).toBe('first beside late a false')
  await Promise.all([run('build.js'), run('build.js')])
  expect(builds()).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), 'manifest.json'])
  expect(await run('mupib.js', 'b')).toBe('first beside late b true')

  write('main.ts', mainOf('again'))
  expect(await run('mupib.js', 'c')).toBe('again beside late c false')
  await run('build.js')
  expect(await run('mupib.js', 'd')).toBe('again beside late d true')
  // a process of the build before still finds its parts
  expect(builds()).toHaveLength(3)

  fs.rmSync(path.join(root, 'cli', 'lazy.ts'))
  await expect(run('mupib.js', 'e')).rejects.toThrow(/lazy\.ts/)

  write('lazy.ts', "export const lazy: string = 'late'\n")
  await run('build.js')
  const moved = `${root}-moved`
  fs.renameSync(root, moved)
  root = moved
  expect(await run('mupib.js', 'f')).toBe('again beside late f false')
})
