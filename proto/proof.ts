// Verdict proofs: what the ledger decided about a record, a transaction or a token, checkable offline from the genesis alone. A proof leads
// from the leaf by Merkle paths to a header's outcome, and from there, directly or through later headers, to a finalization certificate.
import { bytesOfHex, toHex } from './bytes.ts'
import {
  type Certificate,
  decodeCertificate,
  decodeHeader,
  type Header,
  headerBytes,
  headerDigest,
  outcomeOf,
  quorumOf,
  verifyCertificate,
} from './chain.ts'
import { MupibError } from './errors.ts'
import { type Genesis, genesisHash, validatorKeys } from './genesis.ts'
import type { Digest } from './hash.ts'
import { type JsonField, parseStrictJson } from './json.ts'
import { type SignatureCheck, verify } from './keys.ts'
import { limits } from './limits.ts'
import { merklePath, merkleRoot, rootFromPath } from './merkle.ts'
import { verifyPortably } from './portable-signature.ts'
import {
  decodeRecordVerdict,
  decodeTransactionVerdict,
  type RecordVerdict,
  recordLeafHash,
  type TokenVerdict,
  type TransactionVerdict,
  transactionLeafHash,
} from './verdict.ts'
import type { RecordAnswer } from './wire/codec.ts'

export const proofFormat = 'mupib-proof/1'

/**
 * A proof. In its file (JSON) bytes and digests are lower-case hex:
 * `format` "mupib-proof/1" · `network` genesis hash · `header`, `verdictRoot`, `stateRoot` of the block that holds the record ·
 * `record` {`leaf`, `index`, `count`, `path`} · `transaction` {`leaf`, `path`}, `token` (position in the transaction), where the proof is
 * about one · `descendants` the headers after `header` up to the certified one · `certificate` its finalization.
 */
export interface VerdictProof {
  readonly network: Digest
  readonly header: Uint8Array
  readonly verdictRoot: Digest
  readonly stateRoot: Digest
  readonly record: {
    readonly leaf: Uint8Array
    readonly index: number
    readonly count: number
    readonly path: readonly Digest[]
  }
  readonly transaction: { readonly leaf: Uint8Array; readonly path: readonly Digest[] } | undefined
  readonly token: number | undefined
  readonly descendants: readonly Uint8Array[]
  readonly certificate: Uint8Array
}

/** The block that holds what was proved, and by whom it is certified. */
export interface ProvedBlock {
  readonly height: number
  /** Milliseconds since 1970. */
  readonly time: number
  readonly block: Digest
  /** Validators (indices in genesis) whose signatures make the finalization. */
  readonly signers: readonly number[]
}

/** What a record's answer proves. */
export interface ProvedAnswer extends ProvedBlock {
  readonly digest: Digest
  readonly verdict: RecordVerdict
  /** One for each transaction of a token block or return, in order. */
  readonly transactions: readonly TransactionVerdict[]
}

/** What a proof file proves; `transaction` and `token` are there where it is about one. */
export interface Proved extends ProvedBlock {
  readonly network: string
  readonly record: RecordVerdict
  readonly transaction: TransactionVerdict | undefined
  readonly token: TokenVerdict | undefined
  /** Names of the validators whose signatures make the finalization. */
  readonly validators: readonly string[]
}

const fail = (why: string): never => {
  throw new MupibError('bad_proof', why)
}

/** Runs a check; whatever it throws becomes `bad_proof`. */
function proving<T>(what: string, check: () => T): T {
  try {
    return check()
  } catch (cause) {
    if (cause instanceof MupibError && cause.code === 'bad_proof') throw cause
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new MupibError('bad_proof', `${what}: ${why}`, { cause })
  }
}

interface Chain {
  readonly header: Uint8Array
  readonly verdictRoot: Digest
  readonly stateRoot: Digest
  readonly descendants: readonly Uint8Array[]
  readonly certificate: Uint8Array
}

/** Checks that the block of the header is final with this outcome. */
function provedBlock(chain: Chain, network: Digest, keys: readonly Uint8Array[], check: SignatureCheck): ProvedBlock {
  if (chain.descendants.length > limits.proofHeaders) fail(`more than ${limits.proofHeaders} headers`)
  const header = proving('header', () => decodeHeader(chain.header))
  const block = headerDigest(header)
  const outcome = outcomeOf(chain.verdictRoot, chain.stateRoot)
  if (header.network !== network) fail('the header is of another network')
  let last: Header = header
  let lastDigest = block
  let lastOutcome: Digest | undefined = outcome
  chain.descendants.forEach((bytes, i) => {
    const next = proving(`descendant ${i}`, () => decodeHeader(bytes))
    if (next.network !== network) fail(`descendant ${i} is of another network`)
    if (next.parent !== lastDigest || next.height !== last.height + 1 || next.view <= last.view)
      fail(`descendant ${i} does not follow the header before it`)
    // only the first one speaks for the outcome that is to be proved; the outcomes after it do not matter
    if (lastOutcome !== undefined && next.parentOutcome !== lastOutcome) fail('the block has another certified outcome')
    last = next
    lastDigest = headerDigest(next)
    lastOutcome = undefined
  })
  const certificate = proving('certificate', () => decodeCertificate(chain.certificate))
  checkFinal(certificate, last, lastDigest, lastOutcome)
  if (!verifyCertificate(network, certificate, keys, check))
    fail(`the certificate lacks valid signatures of ${quorumOf(keys.length)} validators`)
  return {
    height: header.height,
    time: header.time,
    block,
    signers: certificate.signatures.map(({ signer }) => signer),
  }
}

function checkFinal(certificate: Certificate, header: Header, digest: Digest, outcome: Digest | undefined): void {
  if (certificate.kind !== 'finalize') fail(`a certificate that does not finalize (${certificate.kind})`)
  if (certificate.digest !== digest || certificate.view !== header.view) fail('the certificate is for another block')
  if (outcome !== undefined && certificate.outcome !== outcome) fail('the block has another certified outcome')
}

function provedRecord(record: VerdictProof['record'], verdictRoot: Digest): RecordVerdict {
  const path = proving('record path', () => record.path.map(bytesOfHex))
  const root = proving('record path', () => rootFromPath(recordLeafHash(record.leaf), record.index, record.count, path))
  if (toHex(root) !== verdictRoot) fail('the record is not among those of the block')
  return proving('record leaf', () => decodeRecordVerdict(record.leaf))
}

/**
 * Checks a validator's answer against the network's genesis hash and the validators' keys, and returns what it proves. The hot path of
 * clients: signatures go through node:crypto. Throws `bad_proof` with the reason.
 */
export function verifyAnswer(
  answer: RecordAnswer,
  network: Digest,
  keys: readonly Uint8Array[],
  check: SignatureCheck = verify,
): ProvedAnswer {
  const verdict = provedRecord(recordOf(answer), answer.verdictRoot)
  const transactions = provedTransactions(answer.transactionLeaves, verdict)
  return { ...provedBlock(answer, network, keys, check), digest: verdict.record, verdict, transactions }
}

function provedTransactions(leaves: readonly Uint8Array[], record: RecordVerdict): TransactionVerdict[] {
  if (leaves.length !== record.transactions)
    fail(`${leaves.length} transactions where the record has ${record.transactions}`)
  const root = toHex(merkleRoot(leaves.map(transactionLeafHash)))
  if (root !== record.transactionsRoot) fail('the transactions are not those of the record')
  return leaves.map((leaf, i) => provedTransaction(leaf, record, i))
}

function provedTransaction(leaf: Uint8Array, record: RecordVerdict, index: number | undefined): TransactionVerdict {
  const transaction = proving('transaction leaf', () => decodeTransactionVerdict(leaf))
  if (transaction.record !== record.record) fail('the transaction is of another record')
  if (index !== undefined && transaction.index !== index) fail('the transaction stands in another place')
  return transaction
}

const recordOf = (answer: RecordAnswer): VerdictProof['record'] => ({
  leaf: answer.recordLeaf,
  index: answer.leafIndex,
  count: answer.leafCount,
  path: answer.path,
})

/**
 * Makes a proof of an answer: about the record as a whole (a publication's finality, a refusal), about one of its transactions, or about
 * one token by its position in the transaction. The answer is taken as verified. Throws `not_found` where there is no such part.
 */
export function createProof(
  answer: RecordAnswer,
  network: Digest,
  about: { readonly transaction?: number; readonly token?: number } = {},
): VerdictProof {
  const { header, verdictRoot, stateRoot, descendants, certificate, transactionLeaves } = answer
  const { transaction: index, token } = about
  const leaf = index === undefined ? undefined : transactionLeaves[index]
  if (index !== undefined && !leaf) throw new MupibError('not_found', `the record has no transaction ${index}`)
  if (token !== undefined && !(leaf && decodeTransactionVerdict(leaf).tokens[token]))
    throw new MupibError('not_found', `the transaction has no token ${token}`)
  const path = leaf ? merklePath(transactionLeaves.map(transactionLeafHash), index!).map(toHex) : []
  return {
    network,
    header,
    verdictRoot,
    stateRoot,
    record: recordOf(answer),
    transaction: leaf ? { leaf, path } : undefined,
    token,
    descendants,
    certificate,
  }
}

/**
 * Checks a proof against a genesis alone and returns what it proves. Needs nothing of Node. Throws `bad_proof` with the reason.
 */
export function verifyProof(proof: VerdictProof, genesis: Genesis, check: SignatureCheck = verifyPortably): Proved {
  const network = genesisHash(genesis)
  if (proof.network !== network) fail('the proof is of another network, or this is another genesis')
  const record = provedRecord(proof.record, proof.verdictRoot)
  const transaction = proof.transaction && provedByPath(proof.transaction, record)
  const token =
    proof.token === undefined ? undefined : (transaction?.tokens[proof.token] ?? fail('there is no such token'))
  const block = provedBlock(proof, network, validatorKeys(genesis), check)
  const validators = block.signers.map(signer => genesis.validators[signer]!.name)
  return { ...block, network: genesis.name, record, transaction, token, validators }
}

function provedByPath(part: NonNullable<VerdictProof['transaction']>, record: RecordVerdict): TransactionVerdict {
  const transaction = provedTransaction(part.leaf, record, undefined)
  const path = proving('transaction path', () => part.path.map(bytesOfHex))
  const root = rootFromPath(transactionLeafHash(part.leaf), transaction.index, record.transactions, path)
  if (toHex(root) !== record.transactionsRoot) fail('the transaction is not among those of the record')
  return transaction
}

/** The text of a proof file. */
export function proofToJson(proof: VerdictProof): string {
  const { record, transaction, token } = proof
  const file = {
    format: proofFormat,
    network: proof.network,
    header: toHex(proof.header),
    verdictRoot: proof.verdictRoot,
    stateRoot: proof.stateRoot,
    record: { leaf: toHex(record.leaf), index: record.index, count: record.count, path: record.path },
    ...(transaction ? { transaction: { leaf: toHex(transaction.leaf), path: transaction.path } } : {}),
    ...(token === undefined ? {} : { token }),
    descendants: proof.descendants.map(toHex),
    certificate: toHex(proof.certificate),
  }
  return `${JSON.stringify(file, undefined, 2)}\n`
}

/** Reads a proof file; its form only, `verifyProof` says whether it holds. Throws `bad_proof` naming the field. */
export function parseProof(json: string): VerdictProof {
  const file = parseStrictJson(json, limits.proofBytes, 'bad_proof').object(
    ['format', 'network', 'header', 'verdictRoot', 'stateRoot', 'record', 'descendants', 'certificate'],
    ['transaction', 'token'],
  )
  file.format.oneOf([proofFormat])
  const record = file.record.object(['leaf', 'index', 'count', 'path'])
  const transaction = file.transaction?.object(['leaf', 'path'])
  if (file.token && !transaction) file.token.refuse('absent, or beside a transaction')
  return {
    network: file.network.digest(),
    header: file.header.hex(headerBytes, true),
    verdictRoot: file.verdictRoot.digest(),
    stateRoot: file.stateRoot.digest(),
    record: {
      leaf: record.leaf.hex(limits.proofBytes),
      index: record.index.integer(0, limits.proposalRecords - 1),
      count: record.count.integer(1, limits.proposalRecords),
      path: readPath(record.path),
    },
    transaction: transaction && { leaf: transaction.leaf.hex(limits.proofBytes), path: readPath(transaction.path) },
    token: file.token?.integer(0, limits.blockTokens - 1),
    descendants: file.descendants.list(0, limits.proofHeaders).map(header => header.hex(headerBytes, true)),
    certificate: file.certificate.hex(limits.proofBytes),
  }
}

const readPath = (field: JsonField): Digest[] => field.list(0, limits.merkleDepth).map(digest => digest.digest())
