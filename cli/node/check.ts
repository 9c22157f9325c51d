// `node check`: the whole store of a stopped validator, verified offline.
import { ChainStore } from '../../node/chain-store.ts'
import { readGenesis, readValidatorConfig } from '../../node/config.ts'
import { Journal } from '../../node/journal.ts'
import { checkStore, openLevelDatabase } from '../../node/store/level-database.ts'
import { verifyState } from '../../node/store/verify-state.ts'
import { bytesOfHex } from '../../proto/bytes.ts'
import { genesisHash } from '../../proto/genesis.ts'
import { verifyChain } from './verify-chain.ts'

export interface CheckReport {
  readonly holds: true
  readonly store: string
  readonly height: number
  readonly stateRoot: string
  readonly files: number
  readonly values: number
  readonly records: number
  readonly pending: number
  readonly stateRows: number
}

const progressEveryMs = 1_000

/**
 * Verifies every byte of every file, every value, the chain from genesis on, and the state against the certified root.
 * Throws `store_corrupt` with the first damage, `store_locked`, `store_missing`, `store_foreign`, `store_newer`.
 */
export async function checkNode(configFile: string, progress: (line: string) => void): Promise<CheckReport> {
  const config = readValidatorConfig(configFile)
  const genesis = readGenesis(config.genesis)
  const network = bytesOfHex(genesisHash(genesis))
  progress(`files and values of ${config.store}`)
  const { files, rows } = await checkStore(config.store, network)
  const database = await openLevelDatabase(config.store, { genesisHash: network, createIfMissing: false })
  try {
    progress('blocks, records and answers')
    let told = performance.now()
    const chain = await verifyChain(new ChainStore(database), genesis, (height, tip) => {
      if (performance.now() - told < progressEveryMs) return
      told = performance.now()
      progress(`block ${height} of ${tip}`)
    })
    progress('the state')
    const state = await verifyState(database, bytesOfHex(chain.stateRoot))
    progress('the consensus journal')
    await new Journal().restore(database)
    const counts = { files: files.files, values: rows, stateRows: state.rows }
    return { holds: true, store: config.store, ...chain, ...counts }
  } finally {
    await database.close()
  }
}
