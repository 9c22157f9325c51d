// The state tree against plain maps and a naive root, and against a database that lies.
import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bytesEqual } from '../../proto/bytes.ts'
import { CorruptionError } from './errors.ts'
import { prefixes, rangeOf } from './keys.ts'
import { createMemoryDatabase, type MemoryDatabase } from './memory-database.ts'
import { createStateTree, emptyStateRoot, type StateTree, type StateView } from './state-tree.ts'
import { rowsOf } from './testing/database-suite.ts'
import { verifyState } from './verify-state.ts'

const hash = (...parts: Uint8Array[]): Buffer => createHash('sha256').update(Buffer.concat(parts)).digest()
const toKey = (number: number): Uint8Array => Uint8Array.of(number >> 8, number & 255)
const toRow = (number: number): Uint8Array => new Uint8Array(number % 50).fill(number)

type Rows = ReadonlyMap<number, number>

/** The root as state-pages.ts defines it, by the definition. */
function naiveRoot(rows: Rows): Uint8Array {
  const entries = [...rows].map(([number, value]) => {
    const [key, row] = [toKey(number), toRow(value)]
    return { keyHash: hash(key), rowHash: hash(Buffer.from([0, 0, 0, 0, key.length]), key, row) }
  })
  const node = (entries: { keyHash: Buffer; rowHash: Buffer }[], depth: number): Buffer => {
    if (entries.length === 0) return Buffer.alloc(32)
    if (entries.length <= 32) {
      const sorted = entries.toSorted((a, b) => a.keyHash.compare(b.keyHash))
      return hash(Uint8Array.of(1), ...sorted.flatMap(({ keyHash, rowHash }) => [keyHash, rowHash]))
    }
    const nibble = (keyHash: Buffer): number => Number.parseInt(keyHash.toString('hex')[depth]!, 16)
    const child = (i: number) =>
      node(
        entries.filter(({ keyHash }) => nibble(keyHash) === i),
        depth + 1,
      )
    return hash(Uint8Array.of(2), ...Array.from({ length: 16 }, (_, i) => child(i)))
  }
  return new Uint8Array(node(entries, 0))
}

/** Puts rows over a view and seals. */
function extend(view: StateView, rows: Iterable<[number, number]>): StateView {
  const draft = view.fork()
  for (const [key, value] of rows) draft.put(toKey(key), toRow(value))
  return draft.seal()
}

async function commit(database: MemoryDatabase, tree: StateTree, view: StateView): Promise<void> {
  const { ops, written } = tree.commit(view)
  await database.write(ops, { sync: true })
  written()
}

const newTree = (): { database: MemoryDatabase; tree: StateTree } => {
  const database = createMemoryDatabase()
  return { database, tree: createStateTree(database, emptyStateRoot) }
}

const anyRows = fc.array(fc.tuple(fc.nat(1500), fc.nat(255)), { maxLength: 400 })

describe('root', () => {
  test('pinned: what the hashes of this tree are', () => {
    const { tree } = newTree()
    expect(Buffer.from(tree.final.root).toString('hex')).toBe('0'.repeat(64))
    const rows = Array.from({ length: 600 }, (_, i): [number, number] => [i, i % 256])
    const roots = [1, 32, 33, 600].map(count =>
      Buffer.from(extend(tree.final, rows.slice(0, count)).root).toString('hex'),
    )
    expect(roots).toMatchInlineSnapshot(`
      [
        "412f6fcae98e9789236e8e23630cafe98cb018fd967638573ee9689405fa4a66",
        "50cf3c11338414c9457989f0f88d372dd6e534abbe1ae5ae837d72cf0e2e502f",
        "faa5144b75a70408b49e69b33b06682a050a46f7c2122d10142ceeae4f1adb8e",
        "d3dd4a7eb9d91b345f25130c2c6f1a7b68de0163cf18ec036d3356174ac27554",
      ]
    `)
  })

  test('equals the naive one, in any order, in any number of blocks, and after a restart', () =>
    fc.assert(
      fc.asyncProperty(fc.array(anyRows, { maxLength: 4 }), fc.boolean(), async (blocks, commits) => {
        const { database, tree } = newTree()
        let view: StateView = tree.final
        for (const block of blocks) {
          view = extend(view, block)
          if (commits) await commit(database, tree, view)
        }
        const rows = new Map(blocks.flat())
        const root = naiveRoot(rows)
        expect(view.root).toEqual(root)
        expect(extend(newTree().tree.final, [...rows].reverse()).root).toEqual(root)
        if (!commits) await commit(database, tree, view)
        expect(await verifyState(database, root)).toMatchObject({ rows: rows.size })
        const reopened = createStateTree(database, root).final
        for (const [key, value] of rows) expect(reopened.get(toKey(key))).toEqual(toRow(value))
        expect(reopened.get(toKey(2000))).toBeUndefined()
      }),
      { numRuns: 25 },
    ))

  test('can be asked for between puts', () =>
    fc.assert(
      fc.property(fc.array(anyRows, { minLength: 1, maxLength: 3 }), parts => {
        const draft = newTree().tree.final.fork()
        const rows = new Map<number, number>()
        for (const part of parts) {
          for (const [key, value] of part) {
            draft.put(toKey(key), toRow(value))
            rows.set(key, value)
            expect(draft.get(toKey(key))).toEqual(toRow(value))
          }
          expect(draft.root()).toEqual(naiveRoot(rows))
        }
        expect(draft.seal().root).toEqual(naiveRoot(rows))
      }),
      { numRuns: 20 },
    ))
})

describe('overlays', () => {
  // A tree of blocks in which some become final, against a plain map per block.
  const step = fc.record({
    parent: fc.nat(),
    rows: anyRows,
    finalize: fc.option(fc.nat(), { freq: 3 }),
    late: fc.boolean(),
  })

  test('each view answers as a plain map does, whatever becomes final, and with caches of any size', () =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.constantFrom(1, 3, 1000), async (steps, cached) => {
        const database = createMemoryDatabase()
        const options = { innerPagesCached: cached, bucketPagesCached: cached, rowBytesCached: 300 * cached }
        const tree = createStateTree(database, emptyStateRoot, options)
        let live: { view: StateView; rows: Rows; ancestors: StateView[] }[] = [
          { view: tree.final, rows: new Map(), ancestors: [] },
        ]
        let writing = Promise.resolve()
        for (const { parent, rows, finalize, late } of steps) {
          const base = live[parent % live.length]!
          const view = extend(base.view, rows)
          live.push({ view, rows: new Map([...base.rows, ...rows]), ancestors: [...base.ancestors, base.view] })
          if (finalize !== null) {
            const chosen = live[finalize % live.length]!
            const { ops, written } = tree.commit(chosen.view)
            const lost = live.filter(({ view, ancestors }) => view !== chosen.view && !ancestors.includes(chosen.view))
            live = live.filter(each => !lost.includes(each))
            for (const { view } of lost) expect(() => view.get(toKey(1))).toThrow('neither final nor a descendant')
            // The batch may reach the disk before or after the state is read again.
            const store = async (): Promise<void> => database.write(ops, { sync: true }).then(written)
            writing = writing.then(store)
            if (!late) await writing
          }
          for (const { view, rows } of live) {
            for (const key of [...rows.keys()].filter((_, i) => i % 17 === 0).concat(1501)) {
              const value = rows.get(key)
              expect(view.get(toKey(key))).toEqual(value === undefined ? undefined : toRow(value))
            }
          }
        }
        await writing
        for (const { view, rows } of live) expect(view.root).toEqual(naiveRoot(rows))
        await verifyState(database, tree.final.root)
      }),
      { numRuns: 40 },
    ))

  test('a view of another tree, and one that lost, cannot be committed', () => {
    const { tree } = newTree()
    const [one, two] = [extend(tree.final, [[1, 1]]), extend(tree.final, [[2, 2]])]
    expect(() => newTree().tree.commit(one)).toThrow('the tree it comes from')
    tree.commit(one)
    expect(() => tree.commit(two)).toThrow('neither final nor a descendant')
    expect(() => extend(two, [[3, 3]])).toThrow('neither final nor a descendant')
  })
})

describe('a database that lies', () => {
  const count = 700
  const present = Array.from({ length: count }, (_, i): [number, number] => [i, (i * 7) % 256])
  const absent = [900, 901, 902, 2000]

  const build = async (): Promise<{ database: MemoryDatabase; root: Uint8Array }> => {
    const { database, tree } = newTree()
    await commit(database, tree, extend(tree.final, present))
    return { database, root: tree.final.root }
  }

  /** Every answer must be right or CorruptionError; returns how many were errors. */
  function readAll(database: MemoryDatabase, root: Uint8Array): number {
    const caches = { innerPagesCached: 1, bucketPagesCached: 1, rowBytesCached: 1 }
    const { final } = createStateTree(database, root, caches)
    let errors = 0
    for (const [key, value] of [...present, ...absent.map((key): [number, undefined] => [key, undefined])]) {
      try {
        const found = final.get(toKey(key))
        // Many thousand comparisons: only a wrong one is worth an expectation.
        const isRight =
          value === undefined ? found === undefined : found !== undefined && bytesEqual(found, toRow(value))
        if (!isRight) expect(found, `key ${key}`).toEqual(value)
      } catch (error) {
        if (!(error instanceof CorruptionError)) throw error
        errors++
      }
    }
    return errors
  }

  const everyKey = async (database: MemoryDatabase): Promise<Uint8Array[]> =>
    [...(await rowsOf(database, rangeOf(prefixes.statePage))), ...(await rowsOf(database))].map(([key]) => key)

  test('every page and row that is missing, old or under a wrong key gives CorruptionError, never "absent"', async () => {
    const { database, root } = await build()
    expect(readAll(database, root)).toBe(0)
    const keys = await everyKey(database)
    const sound = new Map(await Promise.all(keys.map(async key => [key, database.get(key)!] as const)))
    for (let i = 0; i < keys.length; i += i < 20 ? 1 : 61) {
      const key = keys[i]!
      const other = sound.get(keys[(i + 1) % keys.length]!)!
      const changed = sound.get(key)!.map((byte, at) => (at === 3 ? byte ^ 1 : byte))
      for (const value of [undefined, other, changed, new Uint8Array(0)]) {
        const lying = database.snapshot()
        // With a fresh checksum: only the tree can tell.
        await lying.write([value === undefined ? { type: 'delete', key } : { type: 'put', key, value }], { sync: true })
        if (Buffer.compare(sound.get(key)!, value ?? Buffer.from('none')) === 0) continue
        expect(readAll(lying, root)).toBeGreaterThan(0)
        await expect(verifyState(lying, root)).rejects.toThrow(CorruptionError)
      }
    }
  })

  test('check finds a stray row, a stray page and a wrong root', async () => {
    const { database, root } = await build()
    expect(await verifyState(database, root)).toMatchObject({ rows: count })
    for (const prefix of [prefixes.stateRow, prefixes.statePage]) {
      for (const suffix of [
        [0, 0, 0],
        [1, 0xff, 1],
        [12, 1, 2, 3, 4, 5, 6],
        [255, 255],
      ]) {
        const stray = database.snapshot()
        await stray.write([{ type: 'put', key: Uint8Array.of(prefix, ...suffix), value: Uint8Array.of(1) }], {
          sync: true,
        })
        await expect(verifyState(stray, root)).rejects.toThrow(/stray/)
      }
    }
    await expect(verifyState(database, root.with(0, root[0]! ^ 1))).rejects.toThrow(CorruptionError)
    await expect(verifyState(database, emptyStateRoot)).rejects.toThrow(/stray/)
    await expect(verifyState(createMemoryDatabase(), root)).rejects.toThrow(/missing/)
  })
})
