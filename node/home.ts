// Opens a validator's store and finds out where it stands: the final tip, held to its certificate, and the journal above it.
import type { Restored } from '../consensus/types.ts'
import { genesisBlock, outcomeOf } from '../proto/chain.ts'
import { MupibError } from '../proto/errors.ts'
import { type Genesis, genesisHash, validatorKeys } from '../proto/genesis.ts'
import { type Digest, zeroDigest } from '../proto/hash.ts'
import { genesisState } from './application.ts'
import { ChainStore, finalBlockOperations, type StoredBlock } from './chain-store.ts'
import { EvidenceKeeper } from './evidence.ts'
import { Journal, mayRejoin } from './journal.ts'
import { SignatureVerifier } from './signatures.ts'
import { type LevelDatabase, openLevelDatabase } from './store/level-database.ts'

/** An open store and what it says. */
export interface Home {
  readonly network: Digest
  readonly database: LevelDatabase
  readonly chain: ChainStore
  readonly journal: Journal
  readonly evidence: EvidenceKeeper
  readonly tip: StoredBlock
  readonly genesis: StoredBlock
  readonly restored: Restored
}

/**
 * Opens the store, makes it where there is none, and checks that its tip is what a quorum finalized.
 * Throws `store_corrupt`, `store_foreign`, `store_newer`, `store_locked`, `permission`, `disk_full`.
 */
export async function openHome(location: string, genesis: Genesis): Promise<Home> {
  const network = genesisHash(genesis)
  const database = await openLevelDatabase(location, { genesisHash: Buffer.from(network, 'hex') })
  try {
    return await readHome(database, genesis, network)
  } catch (error) {
    await database.close()
    throw error
  }
}

async function readHome(database: LevelDatabase, genesis: Genesis, network: Digest): Promise<Home> {
  const chain = new ChainStore(database)
  if (chain.tipHeight() === undefined) await writeGenesis(database, genesis, network)
  const first = chain.mustHave(0)
  const tip = chain.mustHave(chain.tipHeight()!)
  checkTip(tip, genesis, network)
  const journal = new Journal()
  const restored: Restored = {
    tip: { block: tip.block, outcome: tip.outcome },
    certificate: tip.certificate,
    journal: await journal.restore(database),
    rejoin: mayRejoin(database),
  }
  const evidence = await EvidenceKeeper.open(database)
  return { network, database, chain, journal, evidence, tip, genesis: first, restored }
}

async function writeGenesis(database: LevelDatabase, genesis: Genesis, network: Digest): Promise<void> {
  const { root, operations } = genesisState(genesis, database)
  const { block, outcome } = genesisBlock(network, root, genesis.time)
  const stored = { block, outcome, verdictRoot: zeroDigest, stateRoot: root, leafHashes: [], certificate: undefined }
  await database.write([...operations, ...finalBlockOperations(stored, [])], { sync: true })
}

/** The tip's outcome is what a quorum signed, and it names the state root: nothing else of the state is ever believed. */
function checkTip(tip: StoredBlock, genesis: Genesis, network: Digest): void {
  const { block, outcome, verdictRoot, stateRoot, certificate } = tip
  if (outcomeOf(verdictRoot, stateRoot) !== outcome) throw damaged('the newest block does not fit its state root')
  if (block.header.height === 0) return
  if (!certificate || certificate.digest !== block.digest || certificate.outcome !== outcome)
    throw damaged('the newest block has no certificate')
  if (!new SignatureVerifier(network, validatorKeys(genesis)).certificate(certificate))
    throw damaged('the certificate of the newest block does not hold')
}

const damaged = (what: string): MupibError =>
  new MupibError('store_corrupt', `the store is damaged: ${what}`, {
    hint: 'remove the store and let the node fetch the chain again, then: mupib node rejoin',
  })
