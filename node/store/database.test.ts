// Both databases against the port's contract, and what the memory twin models beyond it.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { verifyValues, type WriteOp } from './database.ts'
import { CorruptionError } from './errors.ts'
import { blockKey, prefixes, rangeOf } from './keys.ts'
import { openLevelDatabase } from './level-database.ts'
import { createMemoryDatabase } from './memory-database.ts'
import { describeDatabase, rowsOf } from './testing/database-suite.ts'

describeDatabase('level database', async () => {
  const location = await mkdtemp(join(tmpdir(), 'mupib-suite-'))
  const database = await openLevelDatabase(location, { genesisHash: new Uint8Array(32) })
  const remove = async (): Promise<void> => {
    await database.close()
    await rm(location, { recursive: true })
  }
  return { database, remove }
})

describeDatabase('memory database', async () => ({ database: createMemoryDatabase(), remove: async () => {} }))

describe('memory database as a disk', () => {
  const put = (number: number, value: number): WriteOp => ({
    type: 'put',
    key: blockKey(number),
    value: Uint8Array.of(value),
  })
  const values = async (database = createMemoryDatabase()): Promise<number[]> =>
    (await rowsOf(database, rangeOf(prefixes.block))).map(([, value]) => value[0]!)

  test('a crash loses unsynced writes, save the oldest that reached the disk, and never a synced one', async () => {
    for (const kept of [0, 1, 2, 9]) {
      const database = createMemoryDatabase()
      await database.write([put(1, 1)], { sync: false })
      await database.write([put(2, 2)], { sync: true })
      await database.write([put(1, 3), put(3, 3)], { sync: false })
      await database.write([{ type: 'delete', key: blockKey(2) }, put(1, 4)], { sync: false })
      expect(await values(database)).toEqual([4, 3])
      expect(await values(database.snapshot())).toEqual([1, 2])
      database.crash(kept)
      expect(await values(database)).toEqual(
        [
          [1, 2],
          [3, 2, 3],
          [4, 3],
        ][Math.min(kept, 2)],
      )
    }
  })

  test('a snapshot is an old copy: later writes to either do not show in the other', async () => {
    const database = createMemoryDatabase()
    await database.write([put(1, 1)], { sync: true })
    const copy = database.snapshot()
    await database.write([put(1, 2)], { sync: true })
    await copy.write([put(2, 3)], { sync: true })
    expect(await values(database)).toEqual([2])
    expect(await values(copy)).toEqual([1, 3])
  })

  test('a batch that does not fit is refused whole, and so is every later one', async () => {
    const database = createMemoryDatabase({ capacityBytes: 40 })
    await database.write([put(1, 1)], { sync: true })
    const full = expect.objectContaining({ code: 'disk_full' })
    await expect(database.write([put(1, 2), put(2, 2), put(3, 2)], { sync: true })).rejects.toThrow(full)
    await expect(database.write([put(1, 3)], { sync: true })).rejects.toThrow(full)
    expect(await values(database)).toEqual([1])
  })

  test('every damaged bit of a value is noticed, and so is a value under a wrong key', async () => {
    const database = createMemoryDatabase()
    await database.write([put(1, 1), put(2, 1)], { sync: true })
    const sound = database.snapshot()
    for (let bit = 0; bit < 5 * 8; bit++) {
      const flipped = sound.snapshot()
      flipped.damage(blockKey(1), stored => stored.with(bit >> 3, stored[bit >> 3]! ^ (1 << (bit & 7))))
      expect(() => flipped.get(blockKey(1))).toThrow(CorruptionError)
      await expect(flipped.getMany([blockKey(1)])).rejects.toThrow(CorruptionError)
      await expect(verifyValues(flipped)).rejects.toThrow(CorruptionError)
    }
    let other: Uint8Array = new Uint8Array()
    sound.damage(blockKey(2), stored => {
      other = stored
      return stored
    })
    sound.damage(blockKey(1), () => other)
    expect(() => sound.get(blockKey(1))).toThrow(CorruptionError)
    expect(sound.get(blockKey(2))).toEqual(Uint8Array.of(1))
  })
})
