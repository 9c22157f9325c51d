// What no linter holds the tree to.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { describe, expect, it } from 'vitest'

const folders = ['proto', 'consensus', 'node', 'cli', 'testnet']

const sources = folders.flatMap(folder =>
  fs
    .readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts') && !file.includes('generated'))
    .map(file => path.join(folder, file)),
)

describe('the tree', () => {
  it('holds code in five folders', () => {
    const found = fs
      .readdirSync('.', { withFileTypes: true })
      .filter(entry => entry.isDirectory() && !entry.name.startsWith('.'))
    expect(
      found
        .map(({ name }) => name)
        .filter(name => !['node_modules', 'coverage', 'experiments-out'].includes(name))
        .sort(),
    ).toEqual([...folders, 'docs'].sort())
  })

  it('opens every source file with what it is', () => {
    const bare = sources.filter(file => !file.endsWith('.test.ts') && !/^(\/\/|#!)/.test(fs.readFileSync(file, 'utf8')))
    expect(bare).toEqual([])
  })

  it('leaves nothing undone in the code', () => {
    const marks = sources.filter(file =>
      /\b(TODO|FIXME|XXX)\b|@ts-(ignore|nocheck)|\.only\(/.test(fs.readFileSync(file, 'utf8')),
    )
    expect(marks).toEqual([])
  })

  it('draws chance only where pauses are spread', () => {
    const drawing = sources.filter(file => /Math\.random|\{ random \} = Math/.test(fs.readFileSync(file, 'utf8')))
    expect(drawing.every(file => file.startsWith('node') || file.endsWith('.test.ts'))).toBe(true)
  })
})

describe('the lockfile', () => {
  const { packages } = JSON.parse(fs.readFileSync('package-lock.json', 'utf8')) as {
    packages: Record<string, { resolved?: string }>
  }

  it('names no download address', () => {
    expect(Object.values(packages).filter(({ resolved }) => resolved !== undefined)).toEqual([])
  })
})
