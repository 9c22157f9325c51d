// Verifies the files of a LevelDB folder without opening it: CURRENT, MANIFEST, live logs, live tables (LevelDB db/version_edit.cc,
// table/format.cc). LevelDB verifies only part of this when it opens a store, and nothing when it reads.
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { corruptFile } from './errors.ts'
import { LogDamage, scanLog } from './leveldb-log.ts'
import { verifyTable } from './leveldb-table.ts'
import { VarintReader } from './varint.ts'

/** What was verified. */
export interface FilesReport {
  readonly files: number
  readonly tableBytesVerified: number
  /** Bytes of tables beyond the limit given: their checksums were not verified. */
  readonly tableBytesSkipped: number
  /** A log broke off in the middle of its last record, as after a power loss. */
  readonly tornLog: boolean
}

interface Manifest {
  readonly logNumber: number
  readonly tables: ReadonlyMap<number, number>
}

/** What a folder is to whoever wants to open a store in it. */
export async function storeFolderState(location: string): Promise<'missing' | 'empty' | 'store'> {
  const names = await readdir(location).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (names === undefined) return 'missing'
  if (names.includes('CURRENT')) return 'store'
  // A crash while the store was made leaves a MANIFEST at most: anything more means that CURRENT was lost.
  const data = names.find(name => /^\d+\.(log|ldb|sst)$/.test(name))
  if (data !== undefined) throw corruptFile('CURRENT', 0, `the file is missing, but ${data} is there`)
  return 'empty'
}

/**
 * Verifies every file that LevelDB would read; throws CorruptionError at the first damage.
 * The LOCK file is never opened: closing it again would release the lock that this process may hold.
 * @param tableBytesMax tables are verified newest first, until this many bytes
 */
export async function verifyStoreFiles(location: string, tableBytesMax: number): Promise<FilesReport> {
  const names = new Set(await readdir(location))
  const manifest = await readManifest(location)
  const tornLog = await verifyLogs(location, names, manifest.logNumber)
  let files = 3
  let tableBytesVerified = 0
  let tableBytesSkipped = 0
  for (const [number, size] of [...manifest.tables].sort((a, b) => b[0] - a[0])) {
    const file = ['ldb', 'sst'].map(ending => fileName(number, ending)).find(name => names.has(name))
    if (file === undefined) throw corruptFile(fileName(number, 'ldb'), 0, 'the file is missing')
    const found = (await stat(join(location, file))).size
    if (found !== size) throw corruptFile(file, Math.min(found, size), `the file has ${found} bytes instead of ${size}`)
    if (tableBytesVerified + size > tableBytesMax) {
      tableBytesSkipped += size
      continue
    }
    verifyTable(file, await readFile(join(location, file)))
    tableBytesVerified += size
    files++
  }
  return { files, tableBytesVerified, tableBytesSkipped, tornLog }
}

function fileName(number: number, ending: string): string {
  return `${String(number).padStart(6, '0')}.${ending}`
}

async function readManifest(location: string): Promise<Manifest> {
  const current = await readFile(join(location, 'CURRENT'), 'latin1')
  const name = /^(MANIFEST-\d{6,})\n$/.exec(current)?.[1]
  if (name === undefined) throw corruptFile('CURRENT', 0, 'it names no MANIFEST')
  const bytes = await readFile(join(location, name)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw corruptFile(name, 0, 'the file is missing, or CURRENT names a wrong one')
    throw error
  })
  const tables = new Map<number, number>()
  let logNumber: number | undefined
  scanFile(name, bytes, record => {
    const edit = readVersionEdit(name, record)
    logNumber = edit.logNumber ?? logNumber
    for (const number of edit.deleted) tables.delete(number)
    for (const [number, size] of edit.added) tables.set(number, size)
  })
  if (logNumber === undefined) throw corruptFile(name, 0, 'it names no log')
  return { logNumber, tables }
}

interface VersionEdit {
  logNumber: number | undefined
  readonly deleted: number[]
  readonly added: [number, number][]
}

/** Decodes one record of a MANIFEST (LevelDB db/version_edit.cc). */
function readVersionEdit(file: string, record: Uint8Array): VersionEdit {
  const edit: VersionEdit = { logNumber: undefined, deleted: [], added: [] }
  const reader = new VarintReader(record)
  while (!reader.done) {
    const tag = reader.varint()
    if (tag === 1) reader.slice()
    else if (tag === 2) edit.logNumber = reader.varint()
    else if (tag === 3 || tag === 4 || tag === 9) reader.varint()
    else if (tag === 5) {
      reader.varint()
      reader.slice()
    } else if (tag === 6) {
      reader.varint()
      edit.deleted.push(reader.varint())
    } else if (tag === 7) {
      reader.varint()
      edit.added.push([reader.varint(), reader.varint()])
      reader.slice()
      reader.slice()
    } else throw corruptFile(file, 0, `unknown tag ${tag}`)
  }
  if (reader.failed) throw corruptFile(file, 0, 'a record ends early')
  return edit
}

/** Verifies the logs that LevelDB would replay; true where the newest breaks off in a record. */
async function verifyLogs(location: string, names: ReadonlySet<string>, logNumber: number): Promise<boolean> {
  const numbers = [...names]
    .flatMap(name => /^(\d+)\.log$/.exec(name)?.[1] ?? [])
    .map(Number)
    .filter(number => number >= logNumber)
    .sort((a, b) => a - b)
  if (logNumber > 0 && numbers[0] !== logNumber) throw corruptFile(fileName(logNumber, 'log'), 0, 'the file is missing')
  let torn: { file: string; offset: number } | undefined
  for (const number of numbers) {
    const file = fileName(number, 'log')
    const bytes = await readFile(join(location, file))
    // After a log that breaks off nothing more was written: a start that failed leaves an empty log at most.
    if (torn !== undefined && bytes.length > 0) throw corruptFile(torn.file, torn.offset, 'a record without its end')
    const { tornAt } = scanFile(file, bytes)
    if (tornAt !== undefined) torn = { file, offset: tornAt }
  }
  return torn !== undefined
}

function scanFile(
  file: string,
  bytes: Uint8Array,
  onRecord?: (record: Uint8Array) => void,
): ReturnType<typeof scanLog> {
  try {
    return scanLog(bytes, onRecord)
  } catch (error) {
    throw error instanceof LogDamage ? corruptFile(file, error.offset, error.message) : error
  }
}
