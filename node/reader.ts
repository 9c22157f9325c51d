// What a validator's pages show: tokens, records, blocks, in the words of the command line.
import { MupibError } from '../proto/errors.ts'
import type { Digest } from '../proto/hash.ts'
import { decodeRecordVerdict, decodeTransactionVerdict } from '../proto/verdict.ts'
import { answerTo } from './answers.ts'
import type { Application } from './application.ts'
import type { ChainStore, StoredBlock } from './chain-store.ts'
import { listEvidence } from './evidence.ts'
import { codeOf, isDamage } from './faults.ts'
import type { ListedBlock, NodeEvent, NodeReader } from './http.ts'
import { listMembers, tokenHistory } from './ledger/queries.ts'
import type { StateReader } from './ledger/state.ts'
import type { Metrics } from './metrics.ts'
import type { Database } from './store/database.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const iso = (ms: number): string => new Date(ms).toISOString()

interface Serial {
  readonly bank: string
  readonly publication: number
  readonly index: number
}

/** Reads a serial as text: BANK-PUBLICATION-INDEX; the bank's name may hold dashes. Throws `usage`. */
function parseSerial(text: string): Serial {
  const match = /^(.+)-(\d{1,15})-(\d{1,9})$/.exec(text)
  if (!match)
    throw new MupibError('usage', `"${text}" is no serial`, {
      hint: 'a serial looks like bank-12-7: bank, publication, index',
    })
  return { bank: match[1]!, publication: Number(match[2]), index: Number(match[3]) }
}

function nameOfSigner(state: StateReader, signer: Digest): string | undefined {
  return listMembers(state).find(({ certificates }) => certificates.some(({ fingerprint }) => fingerprint === signer))
    ?.name
}

/** A token's history on the ledger. Throws `not_found` where it was never published. */
function showToken(application: Application, text: string): Record<string, unknown> {
  const { bank, publication, index } = parseSerial(text)
  const { state } = application
  const member = listMembers(state).find(({ name, role }) => name === bank && role === 'bank')
  if (!member) throw new MupibError('not_found', `there is no bank "${bank}"`)
  for (const { fingerprint } of member.certificates) {
    const history = tokenHistory(state, fingerprint, publication, index)
    if (!history) continue
    const { value, issuedAt, payBy, expiry } = history.publication
    const { consumed } = history
    return {
      serial: text,
      state: consumed ? 'consumed' : application.tip.block.header.time > expiry ? 'expired' : 'unspent',
      bank,
      value: value.toString(),
      issuedAt: iso(issuedAt),
      payBy: iso(payBy),
      expiry: iso(expiry),
      hash: hex(history.hash),
      ...(consumed && {
        consumed: {
          record: consumed.decision.record,
          kind: consumed.decision.kind,
          by: nameOfSigner(state, consumed.decision.signer) ?? consumed.decision.signer,
          user: hex(consumed.decision.user),
          number: consumed.decision.number,
          height: consumed.decision.height,
          transaction: consumed.transaction,
          payload: consumed.payload,
        },
      }),
    }
  }
  throw new MupibError('not_found', `no token ${text} was published`)
}

/** A record's certified answer, decoded and with the material of its proof. Throws `not_found`, `undecided`. */
function showRecord(application: Application, chain: ChainStore, digest: string): Record<string, unknown> {
  if (!/^[0-9a-f]{64}$/.test(digest)) throw new MupibError('usage', 'a record is named by 64 hex characters')
  const answer = answerTo(chain, digest)
  if (!answer) {
    if (application.holds(digest)) throw new MupibError('undecided', 'the record is held and not decided yet')
    throw new MupibError('not_found', `no record ${digest} is known here`)
  }
  const { user, ...verdict } = decodeRecordVerdict(answer.recordLeaf)
  return {
    ...verdict,
    ...(user && { user: { ...user, key: hex(user.key) } }),
    height: chain.answer(digest)?.height,
    payments: answer.transactionLeaves.map(decodeTransactionVerdict),
    proof: {
      ...answer,
      header: hex(answer.header),
      recordLeaf: hex(answer.recordLeaf),
      transactionLeaves: answer.transactionLeaves.map(hex),
      descendants: answer.descendants.map(hex),
      certificate: hex(answer.certificate),
    },
  }
}

function showBlock({ block, outcome, verdictRoot, stateRoot }: StoredBlock): ListedBlock {
  const { height, view, time, parent } = block.header
  return {
    height,
    view,
    digest: block.digest,
    parent,
    time: iso(time),
    records: block.records,
    outcome,
    verdictRoot,
    stateRoot,
  }
}

export interface ReaderSources {
  readonly application: Application
  readonly chain: ChainStore
  readonly database: Database
  readonly registry: Metrics['registry']
  status(): Record<string, unknown>
  subscribe(listener: (event: NodeEvent) => void): () => void
  /** Reading came upon damage in the store. */
  failed(error: unknown): void
}

/** Reads for the pages what a validator holds. */
export function createReader(sources: ReaderSources): NodeReader {
  const { application, chain, database, registry, status, subscribe, failed } = sources
  const careful = async <T>(read: () => T | Promise<T>): Promise<T> => {
    try {
      return await read()
    } catch (error) {
      if (isDamage(codeOf(error))) failed(error)
      throw error
    }
  }
  return {
    status,
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
    blocks: (from, limit) =>
      careful(async () => {
        const blocks: ListedBlock[] = []
        for await (const stored of chain.blocksFrom(from, limit)) blocks.push(showBlock(stored))
        return blocks
      }),
    token: serial => careful(() => showToken(application, serial)),
    record: digest => careful(() => showRecord(application, chain, digest)),
    evidence: () => careful(() => listEvidence(database)),
    subscribe,
  }
}
