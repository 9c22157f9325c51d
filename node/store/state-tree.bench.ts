// Measures the state tree over LevelDB: microseconds per updated row by size of the state. Run: npx tsx node/store/state-tree.bench.ts 10000 100000 1000000
import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Database } from './database.ts'
import { openLevelDatabase } from './level-database.ts'
import { createStateTree, emptyStateRoot, type StateTree } from './state-tree.ts'
import { verifyState } from './verify-state.ts'

const rowBytes = 1000
const blocks = 100
const rowsPerBlock = Number(process.env.ROWS_PER_BLOCK ?? 300)

const keyOfRow = (index: number): Uint8Array => {
  const key = new Uint8Array(16)
  new DataView(key.buffer).setUint32(12, index)
  return key
}

/** A row of which every 32 bytes differ, made cheaply. */
function makeRow(seed: number): Uint8Array {
  const row = Buffer.alloc(rowBytes, createHash('sha256').update(String(seed)).digest())
  row.writeUInt32BE(seed, 0)
  return row
}

async function fill(database: Database, tree: StateTree, rows: number): Promise<void> {
  for (let start = 0; start < rows; start += 10_000) {
    const draft = tree.final.fork()
    for (let index = start; index < Math.min(rows, start + 10_000); index++) draft.put(keyOfRow(index), makeRow(index))
    const { ops, written } = tree.commit(draft.seal())
    await database.write(ops, { sync: false })
    written()
  }
}

interface Times {
  readUs: number
  rootUs: number
  commitUs: number
  writeUs: number
  cpuUs: number
  putsPerRow: number
  pageBytesPerRow: number
}

/** Reads and rewrites random rows, block after block. */
async function update(database: Database, tree: StateTree, rows: number, seed: number): Promise<Times> {
  let random = seed
  const times = { readUs: 0, rootUs: 0, commitUs: 0, writeUs: 0, cpuUs: 0, putsPerRow: 0, pageBytesPerRow: 0 }
  for (let block = 0; block < blocks; block++) {
    const cpu = process.cpuUsage()
    const changes = Array.from({ length: rowsPerBlock }, () => {
      random = (Math.imul(random, 1664525) + 1013904223) >>> 0
      return { key: keyOfRow(Math.floor((random / 2 ** 32) * rows)), row: makeRow(random) }
    })
    const start = performance.now()
    const draft = tree.final.fork()
    for (const { key } of changes) draft.get(key)
    const read = performance.now()
    for (const { key, row } of changes) draft.put(key, row)
    const view = draft.seal()
    const rooted = performance.now()
    const { ops, written } = tree.commit(view)
    const committed = performance.now()
    await database.write(ops, { sync: true })
    written()
    times.readUs += read - start
    times.rootUs += rooted - read
    times.commitUs += committed - rooted
    times.writeUs += performance.now() - committed
    const { user, system } = process.cpuUsage(cpu)
    times.cpuUs += (user + system) / 1000
    times.putsPerRow += ops.length
    for (const op of ops)
      if (op.type === 'put' && op.value.length !== rowBytes) times.pageBytesPerRow += op.value.length
  }
  const updates = blocks * rowsPerBlock
  const perRow = (milliseconds: number): number => Math.round((milliseconds * 10_000) / updates) / 10
  return {
    readUs: perRow(times.readUs),
    rootUs: perRow(times.rootUs),
    commitUs: perRow(times.commitUs),
    writeUs: perRow(times.writeUs),
    cpuUs: perRow(times.cpuUs),
    putsPerRow: Math.round((10 * times.putsPerRow) / updates) / 10,
    pageBytesPerRow: Math.round(times.pageBytesPerRow / updates),
  }
}

async function measure(rows: number): Promise<Record<string, number>> {
  const location = await mkdtemp(join(tmpdir(), 'mupib-bench-'))
  try {
    const options = { genesisHash: new Uint8Array(32) }
    let database = await openLevelDatabase(location, options)
    const filled = createStateTree(database, emptyStateRoot)
    const start = performance.now()
    await fill(database, filled, rows)
    const fillUs = Math.round(((performance.now() - start) * 10_000) / rows) / 10
    await database.compact()
    await database.close()

    const opening = performance.now()
    database = await openLevelDatabase(location, options)
    const openMs = Math.round(performance.now() - opening)
    const tree = createStateTree(database, filled.final.root)
    const cold = await update(database, tree, rows, 1)
    const hot = await update(database, tree, rows, 1)
    const warm = await update(database, tree, rows, 2)
    const verifying = performance.now()
    await verifyState(database, tree.final.root)
    const verifyUs = Math.round(((performance.now() - verifying) * 10_000) / rows) / 10
    await database.close()
    return {
      rows,
      fillUs,
      openMs,
      coldReadUs: cold.readUs,
      coldRootUs: cold.rootUs,
      hotReadUs: hot.readUs,
      hotRootUs: hot.rootUs,
      readUs: warm.readUs,
      rootUs: warm.rootUs,
      commitUs: warm.commitUs,
      writeUs: warm.writeUs,
      cpuUs: warm.cpuUs,
      putsPerRow: warm.putsPerRow,
      pageBytesPerRow: warm.pageBytesPerRow,
      verifyUs,
    }
  } finally {
    await rm(location, { recursive: true })
  }
}

const sizes = process.argv.slice(2).map(Number)
const results: Record<string, number>[] = []
for (const rows of sizes.length > 0 ? sizes : [10_000, 100_000]) results.push(await measure(rows))
console.table(results)
