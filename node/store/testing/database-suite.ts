// The tests that every implementation of the storage port passes.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, type IterateOptions, type WriteOp, wholeRange } from '../database.ts'
import { prefixes, rangeOf } from '../keys.ts'

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const put = (key: Uint8Array, value: Uint8Array): WriteOp => ({ type: 'put', key, value })
const del = (key: Uint8Array): WriteOp => ({ type: 'delete', key })
const synced = { sync: true }

/** Rows of a range, without those that the database keeps for itself. */
export async function rowsOf(database: Database, options: IterateOptions = rangeOf(prefixes.stateRow)) {
  const rows: [Uint8Array, Uint8Array][] = []
  for await (const row of database.iterate(options)) rows.push(row)
  return rows
}

/** Describes the port's contract; `create` gives an empty database and takes it away again. */
export function describeDatabase(
  name: string,
  create: () => Promise<{ database: Database; remove: () => Promise<void> }>,
): void {
  describe(name, () => {
    let database: Database
    let remove: () => Promise<void>
    beforeEach(async () => {
      ;({ database, remove } = await create())
    })
    afterEach(() => remove())
    const key = (...values: number[]): Uint8Array => bytes(prefixes.stateRow, ...values)

    test('what was written is read, what was not is undefined, and the empty value is a value', async () => {
      await database.write([put(key(1), bytes(7, 8)), put(key(2), bytes())], synced)
      expect(database.get(key(1))).toEqual(bytes(7, 8))
      expect(database.get(key(2))).toEqual(bytes())
      expect(database.get(key(3))).toBeUndefined()
      expect(await database.getMany([key(3), key(2), key(1)])).toEqual([undefined, bytes(), bytes(7, 8)])
    })

    test('overwriting and deleting: the last change of a batch counts', async () => {
      await database.write([put(key(1), bytes(1)), put(key(2), bytes(1))], { sync: false })
      await database.write([put(key(1), bytes(2)), put(key(1), bytes(3)), del(key(2)), del(key(9))], synced)
      expect(database.get(key(1))).toEqual(bytes(3))
      expect(database.get(key(2))).toBeUndefined()
      expect(await rowsOf(database)).toEqual([[key(1), bytes(3)]])
    })

    test('writes under way at once are applied in the order of the calls', async () => {
      await Promise.all(
        Array.from({ length: 50 }, (_, i) =>
          database.write([put(key(0), bytes(i)), put(key(1, i), bytes(i))], { sync: i % 7 === 0 }),
        ),
      )
      expect(database.get(key(0))).toEqual(bytes(49))
      expect(await rowsOf(database)).toHaveLength(51)
    })

    test('a value that its reader changes stays as it is in the store', async () => {
      await database.write([put(key(1), bytes(1, 2, 3))], synced)
      database.get(key(1))?.fill(9)
      expect(database.get(key(1))).toEqual(bytes(1, 2, 3))
    })

    test('ranges, order, reverse and limit agree with a sorted list', async () => {
      const text = (key: Uint8Array): string => Buffer.from(key).toString('latin1')
      const shortKey = fc.uint8Array({ maxLength: 3 }).map(suffix => key(...suffix))
      await fc.assert(
        fc.asyncProperty(
          fc.array(shortKey, { maxLength: 20 }),
          fc.record({ gte: shortKey, lt: shortKey, reverse: fc.boolean(), limit: fc.integer({ min: 1, max: 8 }) }),
          async (keys, options) => {
            for await (const [old] of database.iterate(rangeOf(prefixes.stateRow)))
              await database.write([del(old)], { sync: false })
            await database.write(
              keys.map(key => put(key, key)),
              { sync: false },
            )
            const [from, to] = [text(options.gte), text(options.lt)]
            const expected = [...new Set(keys.map(text))].filter(key => key >= from && key < to).sort()
            if (options.reverse) expected.reverse()
            const found = await rowsOf(database, options)
            expect(found.map(([key]) => text(key))).toEqual(expected.slice(0, options.limit))
            for (const [key, value] of found) expect(value).toEqual(key)
          },
        ),
        { numRuns: 30 },
      )
    })

    test('an iteration shows the rows of its first step, and may be left early', async () => {
      await database.write([put(key(1), bytes(1)), put(key(2), bytes(2)), put(key(3), bytes(3))], synced)
      const seen: Uint8Array[] = []
      for await (const [found] of database.iterate(rangeOf(prefixes.stateRow))) {
        seen.push(found)
        await database.write([del(key(2)), put(key(4), bytes(4))], { sync: false })
      }
      expect(seen).toEqual([key(1), key(2), key(3)])
      for await (const [found] of database.iterate(rangeOf(prefixes.stateRow))) {
        expect(found).toEqual(key(1))
        break
      }
    })

    test('compaction and size', async () => {
      const big = new Uint8Array(100_000).map((_, i) => (i * 7919) >>> 3)
      await database.write([put(key(1), big)], synced)
      await database.compact()
      expect(await database.approximateSize()).toBeGreaterThan(90_000)
      await database.write([del(key(1))], synced)
      await database.compact(wholeRange)
      expect(await database.approximateSize()).toBeLessThan(10_000)
    })

    test('after close everything is refused; writes under way are finished first', async () => {
      const writing = database.write([put(key(1), bytes(1))], synced)
      await database.close()
      await writing
      const stopped = expect.objectContaining({ code: 'stopped' })
      expect(() => database.get(key(1))).toThrow(stopped)
      await expect(database.write([], synced)).rejects.toThrow(stopped)
      await expect(rowsOf(database)).rejects.toThrow(stopped)
    })
  })
}
