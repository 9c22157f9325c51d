// Verifies the final chain in a store: every block against its parent and its certificate, every record and answer against its block.
import type { ChainStore, StoredBlock } from '../../node/chain-store.ts'
import { SignatureVerifier } from '../../node/signatures.ts'
import { toHex } from '../../proto/bytes.ts'
import { genesisBlock, outcomeOf } from '../../proto/chain.ts'
import { MupibError } from '../../proto/errors.ts'
import { type Genesis, genesisHash, validatorKeys } from '../../proto/genesis.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { merkleRoot } from '../../proto/merkle.ts'
import { digestOfRecordBytes } from '../../proto/records.ts'
import {
  decodeRecordVerdict,
  decodeTransactionVerdict,
  recordLeafHash,
  transactionLeafHash,
} from '../../proto/verdict.ts'

export interface ChainReport {
  readonly height: number
  readonly stateRoot: Digest
  readonly records: number
  /** Records that are held and not final. */
  readonly pending: number
}

function damaged(where: string, what: string): never {
  throw new MupibError('store_corrupt', `the store is damaged: ${where}: ${what}`, {
    hint: 'restore the store, or remove it, let the node catch up, and run "mupib node rejoin"',
  })
}

/** What decoding throws becomes damage in a named place. */
function reading<T>(where: string, read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof MupibError && cause.code === 'store_corrupt') throw cause
    return damaged(where, cause instanceof Error ? cause.message : String(cause))
  }
}

/**
 * Walks the chain from genesis to the tip. Throws `store_corrupt` with the first block or record that is not what a quorum signed;
 * `progress` hears of every block that holds.
 */
export async function verifyChain(
  chain: ChainStore,
  genesis: Genesis,
  progress: (height: number, tip: number) => void,
): Promise<ChainReport> {
  const height = chain.tipHeight() ?? damaged('the chain', 'it has no tip')
  const network = genesisHash(genesis)
  const signatures = new SignatureVerifier(network, validatorKeys(genesis))
  const first = reading('block 0', () => chain.mustHave(0))
  const { block, outcome } = genesisBlock(network, first.stateRoot, genesis.time)
  if (first.block.digest !== block.digest || first.outcome !== outcome) damaged('block 0', 'it is not of this genesis')
  let before = first
  let records = 0
  for (let at = 1; at <= height; at++) {
    const where = `block ${at}`
    const stored = reading(where, () => chain.mustHave(at))
    checkLink(stored, before, network, where)
    checkCertificate(stored, signatures, at === height, where)
    if (chain.heightOf(stored.block.digest) !== at) damaged(where, 'it is not found by its digest')
    checkRecords(chain, stored, where)
    records += stored.block.records.length
    before = stored
    progress(at, height)
  }
  const pending = await chain.pendingRecords()
  for (const digest of pending) checkBytes(chain, digest, 'a record that waits')
  return { height, stateRoot: before.stateRoot, records, pending: pending.length }
}

function checkLink(stored: StoredBlock, before: StoredBlock, network: Digest, where: string): void {
  const { header } = stored.block
  const parent = before.block
  if (header.network !== network) damaged(where, 'it is of another network')
  if (header.parent !== parent.digest) damaged(where, 'its parent is not the block before it')
  if (header.height !== parent.header.height + 1) damaged(where, `it says that it is block ${header.height}`)
  if (header.view <= parent.header.view || header.time <= parent.header.time)
    damaged(where, 'view and time do not go on')
  if (header.parentOutcome !== before.outcome) damaged(where, 'it certifies another outcome of the block before it')
  if (outcomeOf(stored.verdictRoot, stored.stateRoot) !== stored.outcome)
    damaged(where, 'its verdict and state roots are not those of its outcome')
}

/** A block without a certificate is final by the next one that has one: the tip has to. */
function checkCertificate(
  { block, outcome, certificate }: StoredBlock,
  signatures: SignatureVerifier,
  isTip: boolean,
  where: string,
): void {
  if (!certificate) {
    if (isTip) damaged(where, 'the newest block has no certificate')
    return
  }
  const { kind, view, digest } = certificate
  if (kind !== 'finalize' || view !== block.header.view || digest !== block.digest || certificate.outcome !== outcome)
    damaged(where, 'its certificate is for something else')
  if (!signatures.certificate(certificate)) damaged(where, 'its certificate lacks valid signatures of a quorum')
}

function checkRecords(chain: ChainStore, { block, leafHashes, verdictRoot }: StoredBlock, where: string): void {
  if (leafHashes.length !== block.records.length) damaged(where, 'records and answers differ in number')
  if (toHex(merkleRoot(leafHashes)) !== verdictRoot) damaged(where, 'its answers are not those of its verdict root')
  block.records.forEach((digest, place) => {
    const what = `${where}, record ${digest}`
    checkBytes(chain, digest, what)
    const answer = reading(what, () => chain.answer(digest)) ?? damaged(what, 'its answer is missing')
    if (answer.height !== block.header.height || answer.place !== place) damaged(what, 'its answer is of another place')
    if (Buffer.compare(recordLeafHash(answer.leaf), leafHashes[place]!) !== 0)
      damaged(what, 'its answer is not the certified one')
    const verdict = reading(what, () => decodeRecordVerdict(answer.leaf))
    if (verdict.record !== digest) damaged(what, 'its answer is to another record')
    const { transactions } = answer
    const root = transactions.length === 0 ? zeroDigest : toHex(merkleRoot(transactions.map(transactionLeafHash)))
    if (transactions.length !== verdict.transactions || root !== verdict.transactionsRoot)
      damaged(what, 'its transactions are not the certified ones')
    for (const leaf of transactions) reading(what, () => decodeTransactionVerdict(leaf))
  })
}

function checkBytes(chain: ChainStore, digest: Digest, where: string): void {
  const bytes = chain.recordBytes(digest) ?? damaged(where, `the bytes of ${digest} are missing`)
  if (digestOfRecordBytes(bytes) !== digest) damaged(where, `the bytes of ${digest} are others`)
}
