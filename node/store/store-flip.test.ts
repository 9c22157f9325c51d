// One flipped byte at every position of every file of a store: each is found when the store is opened, read or checked, or changes nothing.
import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { verifyValues, wholeRange } from './database.ts'
import { blockKey } from './keys.ts'
import { checkStore, type LevelDatabase, openLevelDatabase } from './level-database.ts'
import { createStateTree, emptyStateRoot } from './state-tree.ts'
import { rowsOf } from './testing/database-suite.ts'
import { withTempFolder } from './testing/temp-folder.ts'
import { verifyState } from './verify-state.ts'

const genesisHash = new Uint8Array(32).fill(5)

/** A store in use, with tables, a log and state; copied as a power loss would leave it. Returns its state root. */
async function makeStore(location: string, copy: string): Promise<Uint8Array> {
  let root = emptyStateRoot
  let database: LevelDatabase | undefined
  for (const round of [1, 2]) {
    database = await openLevelDatabase(location, { genesisHash })
    const tree = createStateTree(database, root)
    for (const block of [1, 2]) {
      const draft = tree.final.fork()
      for (let row = 0; row < 3; row++) draft.put(Uint8Array.of(round, row), Uint8Array.of(block, row, 7, 7))
      const { ops, written } = tree.commit(draft.seal())
      await database.write([...ops, { type: 'put', key: blockKey(2 * round + block), value: genesisHash }], {
        sync: true,
      })
      written()
    }
    root = tree.final.root
    if (round === 2) break
    await database.close()
  }
  await cp(location, copy, { recursive: true, filter: source => !source.endsWith('LOCK') })
  await database!.close()
  return root
}

/** Opens a store with or without verified tables, and reads everything; returns what was read, or the code of what was found. */
async function readAll(location: string, root: Uint8Array, tableBytesVerified: number): Promise<unknown> {
  try {
    const database = await openLevelDatabase(location, { genesisHash, createIfMissing: false, tableBytesVerified })
    try {
      await verifyValues(database)
      await verifyState(database, root)
      return await rowsOf(database, wholeRange)
    } finally {
      await database.close()
    }
  } catch (error) {
    return (error as { code?: unknown }).code ?? error
  }
}

test('one flipped byte in any file of a store is found, or harmless', { timeout: 120_000 }, () =>
  withTempFolder(async folder => {
    const sound = join(folder, 'sound')
    const root = await makeStore(join(folder, 'live'), sound)
    const files = await readdir(sound)
    for (const kind of [/CURRENT/, /MANIFEST/, /\.log$/, /\.ldb$/, /^LOG/])
      expect(files.some(name => kind.test(name))).toBe(true)

    const copy = join(folder, 'copy')
    const renew = async (): Promise<void> => {
      await rm(copy, { recursive: true, force: true })
      await cp(sound, copy, { recursive: true })
    }
    await renew()
    const expected = await readAll(copy, root, Number.POSITIVE_INFINITY)
    expect(expected).toHaveLength(18)
    await renew()

    for (const name of files) {
      const bytes = await readFile(join(sound, name))
      const isLogText = name.startsWith('LOG')
      for (let at = 0; at < bytes.length; at += isLogText ? 29 : 1) {
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= 1 << (at % 8)
        await writeFile(join(copy, name), flipped)
        const result = await readAll(copy, root, Number.POSITIVE_INFINITY)
        const where = `${name}, byte ${at}`
        if (isLogText) expect(result, where).toEqual(expected)
        else expect(result, where).toBe('store_corrupt')
        // Only a refusal leaves the files as they were.
        if (result === 'store_corrupt') await writeFile(join(copy, name), bytes)
        else await renew()
      }
    }
  }),
)

test('damaged values in a table that was not verified at open: store_corrupt for them, right answers beside them', () =>
  withTempFolder(async folder => {
    const sound = join(folder, 'sound')
    const root = await makeStore(join(folder, 'live'), sound)
    const table = (await readdir(sound)).find(name => name.endsWith('.ldb'))!
    const bytes = await readFile(join(sound, table))
    const copy = join(folder, 'copy')
    for (const damagedRow of [0, 1, 2]) {
      const start = bytes.indexOf(Uint8Array.of(2, damagedRow, 7, 7))
      for (let at = start; at < start + 8; at++) {
        await rm(copy, { recursive: true, force: true })
        await cp(sound, copy, { recursive: true })
        const flipped = Buffer.from(bytes)
        flipped[at]! ^= 1 << (at % 8)
        await writeFile(join(copy, table), flipped)
        await expect(checkStore(copy, genesisHash)).rejects.toThrow(expect.objectContaining({ code: 'store_corrupt' }))

        const database = await openLevelDatabase(copy, { genesisHash, tableBytesVerified: 0 })
        const { final } = createStateTree(database, root)
        for (const row of [0, 1, 2]) {
          const read = (): unknown => final.get(Uint8Array.of(1, row))
          if (row === damagedRow) expect(read).toThrow(expect.objectContaining({ code: 'store_corrupt' }))
          else expect(read()).toEqual(Uint8Array.of(2, row, 7, 7))
        }
        await database.close()
      }
    }
  }))
