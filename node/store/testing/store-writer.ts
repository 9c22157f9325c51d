// A process for tests: opens the store named by its argument, writes synced batches until it is killed or a write fails, and prints the number
// of each one that was acknowledged, or the error's code.
import { MupibError } from '../../../proto/errors.ts'
import { blockKey, newestVotesKey } from '../keys.ts'
import { openLevelDatabase } from '../level-database.ts'

// Node resets this signal's action, which is to die; a server that runs into a file size limit gets an error instead.
process.on('SIGXFSZ', () => {})

const report = (line: string): boolean => process.stdout.write(`${line}\n`)

try {
  const database = await openLevelDatabase(process.argv[2]!, { genesisHash: new Uint8Array(32) })
  report('open')
  for (let number = 1; ; number++) {
    const value = new Uint8Array(1000).fill(number)
    const ops = [blockKey(number), newestVotesKey(number % 4)].map(key => ({ type: 'put', key, value }) as const)
    await database.write(ops, { sync: true })
    report(String(number))
  }
} catch (error) {
  report(error instanceof MupibError ? error.code : String(error))
}
