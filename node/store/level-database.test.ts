// The store on disk: what it refuses to open, and what survives processes that are killed and disks that are full. Real files, real processes.
import { execFileSync } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Level } from 'level'
import { describe, expect, test } from 'vitest'
import { toStored } from './database.ts'
import { batchMarkerKey, blockKey, metaKey, newestVotesKey, prefixes, rangeOf } from './keys.ts'
import { checkStore, type LevelDatabase, openLevelDatabase } from './level-database.ts'
import { storeLimits } from './limits.ts'
import { rowsOf } from './testing/database-suite.ts'
import { runWriter, withTempFolder } from './testing/temp-folder.ts'

const genesisHash = new Uint8Array(32)
const open = (location: string): Promise<LevelDatabase> => openLevelDatabase(location, { genesisHash })
const withCode = (code: string) => expect.objectContaining({ code, hint: expect.any(String) })
const writeBlock = (database: LevelDatabase, height: number, sync = true): Promise<void> =>
  database.write([{ type: 'put', key: blockKey(height), value: new Uint8Array(100).fill(height) }], { sync })
const heights = async (database: LevelDatabase): Promise<number[]> =>
  (await rowsOf(database, rangeOf(prefixes.block))).map(([, value]) => value[0]!)

/** Changes a closed store below our own code. */
async function tamper(location: string, change: (level: Level<Uint8Array, Uint8Array>) => Promise<void>) {
  const options = { keyEncoding: 'view', valueEncoding: 'view', compression: false }
  const level = new Level<Uint8Array, Uint8Array>(location, options)
  await level.open()
  await change(level)
  await level.close()
}

/** A closed store with some blocks. */
async function makeStore(location: string, blocks: number): Promise<void> {
  const database = await open(location)
  for (let height = 1; height <= blocks; height++) await writeBlock(database, height)
  await database.close()
}

describe('opening', () => {
  test('a store goes on where it was closed', () =>
    withTempFolder(async folder => {
      const location = join(folder, 'deep', 'store')
      await makeStore(location, 3)
      const database = await open(location)
      expect(await heights(database)).toEqual([1, 2, 3])
      expect(database.batchNumber).toBe(4)
      await writeBlock(database, 4)
      await database.close()
      expect(await checkStore(location, genesisHash)).toMatchObject({ batches: 5, files: { tornLog: false } })
    }))

  test('a folder without a store is made into one only where that is wanted', () =>
    withTempFolder(async folder => {
      const options = { genesisHash, createIfMissing: false }
      const missing = expect.objectContaining({ code: 'store_missing' })
      await expect(openLevelDatabase(folder, options)).rejects.toThrow(missing)
      await expect(openLevelDatabase(join(folder, 'none'), options)).rejects.toThrow(missing)
      expect(await readdir(folder)).toEqual([])
    }))

  test('the store of another network is refused, and untouched by that', () =>
    withTempFolder(async folder => {
      await makeStore(folder, 2)
      const foreign = { genesisHash: genesisHash.with(0, 1) }
      await expect(openLevelDatabase(folder, foreign)).rejects.toThrow(withCode('store_foreign'))
      const database = await open(folder)
      expect(await heights(database)).toEqual([1, 2])
      await database.close()
    }))

  test('a newer format is refused', () =>
    withTempFolder(async folder => {
      await makeStore(folder, 1)
      const key = metaKey('format')
      await tamper(folder, level => level.put(key, toStored(key, Uint8Array.of(2))))
      await expect(open(folder)).rejects.toThrow(withCode('store_newer'))
    }))

  test('a store that lost its identity is refused, not made anew', () =>
    withTempFolder(async folder => {
      for (const name of ['format', 'genesis']) {
        const location = join(folder, name)
        await makeStore(location, 1)
        await tamper(location, level => level.del(metaKey(name)))
        await expect(open(location)).rejects.toThrow(withCode('store_corrupt'))
      }
    }))

  test('a path that is no folder is refused', () =>
    withTempFolder(async folder => {
      const location = join(folder, 'file')
      await writeFile(location, 'text')
      await expect(open(location)).rejects.toThrow(withCode('bad_config'))
      await expect(open(join(location, 'below'))).rejects.toThrow(withCode('bad_config'))
    }))

  test('a store in use is refused: in this process, in another, and under another name; its owner goes on', () =>
    withTempFolder(async folder => {
      const database = await open(folder)
      await expect(open(folder)).rejects.toThrow(withCode('store_locked'))
      await expect(open(`${folder}/../${folder.split('/').at(-1)}`)).rejects.toThrow(withCode('store_locked'))
      for (let round = 0; round < 2; round++) {
        const lines: string[] = []
        await runWriter(folder, line => void lines.push(line))
        expect(lines).toEqual(['store_locked'])
      }
      await writeBlock(database, 1)
      expect(await heights(database)).toEqual([1])
      await database.close()
    }))
})

describe('what is lost is noticed', () => {
  test('a batch missing in the middle', () =>
    withTempFolder(async folder => {
      await makeStore(folder, 5)
      await tamper(folder, level => level.del(batchMarkerKey(3)))
      await expect(open(folder)).rejects.toThrow('batch 3 of 6 is missing')
    }))

  test('a batch missing after the ring of markers has gone round', () =>
    withTempFolder(async folder => {
      await makeStore(folder, 1)
      const marker = (number: number): [Uint8Array, Uint8Array] => {
        const value = new Uint8Array(8)
        new DataView(value.buffer).setBigUint64(0, BigInt(number))
        const key = batchMarkerKey(number % storeLimits.batchRing)
        return [key, toStored(key, value)]
      }
      const newest = storeLimits.batchRing + 100
      await tamper(folder, async level => {
        const batch = level.batch()
        for (let number = 3; number <= newest; number++) batch.put(...marker(number))
        await batch.write()
      })
      const database = await open(folder)
      expect(database.batchNumber).toBe(newest)
      await database.close()
      await tamper(folder, level => level.put(...marker(50)))
      await expect(open(folder)).rejects.toThrow(`batch ${storeLimits.batchRing + 50} of ${newest} is missing`)
    }))

  test('each file that a store cannot do without', () =>
    withTempFolder(async folder => {
      const whole = join(folder, 'whole')
      for (let round = 0; round < 2; round++) await makeStore(whole, 2)
      const needed = (await readdir(whole)).filter(name => /^(CURRENT|MANIFEST.*|.*\.ldb|.*\.log)$/.test(name))
      expect(needed.length).toBeGreaterThanOrEqual(4)
      for (const name of needed) {
        const copy = join(folder, 'copy')
        await cp(whole, copy, { recursive: true })
        await rm(join(copy, name))
        await expect(open(copy)).rejects.toThrow(withCode('store_corrupt'))
        await rm(copy, { recursive: true })
      }
    }))

  test('a log cut anywhere opens with the batches before the cut, whole', () =>
    withTempFolder(async folder => {
      const whole = join(folder, 'whole')
      await mkdir(whole)
      const database = await open(whole)
      for (let height = 1; height <= 4; height++) await writeBlock(database, height)
      const copy = join(folder, 'copy')
      await cp(whole, copy, { recursive: true, filter: source => !source.endsWith('LOCK') })
      await database.close()
      const name = (await readdir(copy)).find(name => name.endsWith('.log'))!
      const log = await readFile(join(copy, name))
      let fewest = 4
      for (let size = log.length; size >= 0; size -= 13) {
        const cut = join(folder, 'cut')
        await cp(copy, cut, { recursive: true })
        await writeFile(join(cut, name), log.subarray(0, size))
        const reopened = await open(cut)
        const found = await heights(reopened)
        expect(found).toEqual([1, 2, 3, 4].slice(0, found.length))
        expect(found.length).toBeLessThanOrEqual(fewest)
        fewest = found.length
        await reopened.close()
        await rm(cut, { recursive: true })
      }
      expect(fewest).toBe(0)
    }))
})

describe('processes and disks that fail', () => {
  test('kill -9: every acknowledged batch is there, and no half of one', () =>
    withTempFolder(async folder => {
      let acknowledged = 0
      for (const target of [7, 40, 90]) {
        await runWriter(folder, (line, child) => {
          if (line !== 'open') acknowledged = Math.max(acknowledged, Number(line))
          if (acknowledged >= target) child.kill('SIGKILL')
        })
        const database = await open(folder)
        for (let number = 1; number <= acknowledged; number++) {
          expect(database.get(blockKey(number))).toEqual(new Uint8Array(1000).fill(number))
        }
        const last = (await heights(database)).length
        expect(database.get(newestVotesKey(last % 4))?.[0]).toBe(last % 256)
        await database.close()
      }
    }))

  /** The disk fills up: one clear error, everything acknowledged is there, nothing half-written. */
  async function expectFull(folder: string, run: (onLine: (line: string) => void) => Promise<void>): Promise<void> {
    const lines: string[] = []
    await run(line => void lines.push(line))
    expect(lines[0]).toBe('open')
    expect(lines.at(-1)).toBe('disk_full')
    const acknowledged = lines.length - 2
    expect(lines.slice(1, -1)).toEqual(Array.from({ length: acknowledged }, (_, i) => String(i + 1)))
    expect(acknowledged).toBeGreaterThan(10)
    return withTempFolder(async room => {
      const copy = join(room, 'store')
      await cp(folder, copy, { recursive: true })
      const database = await open(copy)
      for (let number = 1; number <= acknowledged; number++) {
        expect(database.get(blockKey(number))).toEqual(new Uint8Array(1000).fill(number))
      }
      await database.close()
    })
  }

  test.skipIf(process.platform === 'win32')('a file size limit is a full disk', () =>
    withTempFolder(folder => expectFull(folder, onLine => runWriter(folder, onLine, 'ulimit -f 200'))),
  )

  const canMount = process.platform === 'linux' && process.getuid?.() === 0
  test.skipIf(!canMount)('a full disk (needs root, to mount a small one)', ({ skip }) =>
    withTempFolder(async folder => {
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=400k', 'tmpfs', folder], { stdio: 'pipe' })
      } catch {
        skip('mounting is not allowed here')
      }
      try {
        await expectFull(folder, onLine => runWriter(folder, onLine))
        // Nothing fits, not even what opening writes.
        await runWriter(folder, line => expect(line).toBe('disk_full'))
      } finally {
        execFileSync('umount', [folder])
      }
    }),
  )
})
