// What the stores of a run hold when everything has stopped: read from the files, with nothing of the running network in between.
import { createHash } from 'node:crypto'
import { toMupibError } from '../../../cli/common/errors.ts'
import { checkNode } from '../../../cli/node/check.ts'
import { ChainStore } from '../../../node/chain-store.ts'
import { readGenesis, readValidatorConfig } from '../../../node/config.ts'
import type { Database } from '../../../node/store/database.ts'
import { prefixes, rangeOf } from '../../../node/store/keys.ts'
import { openLevelDatabase } from '../../../node/store/level-database.ts'
import { bytesOfHex } from '../../../proto/bytes.ts'
import { encodeBlock } from '../../../proto/chain.ts'
import { type Genesis, genesisHash } from '../../../proto/genesis.ts'
import { decodeRecord } from '../../../proto/records.ts'
import { decodeRecordVerdict, decodeTransactionVerdict, type Verdict } from '../../../proto/verdict.ts'
import type { Actor } from '../../folders.ts'
import type { Seen } from '../history.ts'
import { answerDigest } from './ledger-load.ts'

type StoreSeen = Extract<Seen, { type: 'store' }>

/** A record of the final chain, as a store tells it. */
export interface StoredRecord extends Omit<Extract<Seen, { type: 'record' }>, 'type'> {
  readonly verdicts: Readonly<Record<Verdict, number>>
}

/** The final chain of one store. */
export interface StoredChain {
  readonly records: readonly StoredRecord[]
  /** Serials of the tokens that token blocks consumed. */
  readonly consumed: ReadonlySet<string>
}

async function reading<T>(actor: Actor, read: (database: Database, genesis: Genesis) => Promise<T>): Promise<T> {
  const config = readValidatorConfig(actor.configFile)
  const genesis = readGenesis(config.genesis)
  const network = bytesOfHex(genesisHash(genesis))
  const database = await openLevelDatabase(config.store, { genesisHash: network, createIfMissing: false })
  try {
    return await read(database, genesis)
  } finally {
    await database.close()
  }
}

/** Digest over everything that equal nodes have equal: blocks but for the signatures that made them final, records, answers, state. */
async function contentOf(database: Database): Promise<string> {
  const chain = new ChainStore(database)
  const hash = createHash('sha256')
  for (let height = 0; height <= (chain.tipHeight() ?? -1); height++) {
    const { block, outcome, verdictRoot, stateRoot } = chain.mustHave(height)
    hash.update(encodeBlock(block)).update(`${outcome} ${verdictRoot} ${stateRoot}`)
    for (const digest of block.records) {
      const answer = chain.answer(digest)
      hash.update(chain.recordBytes(digest) ?? '').update(answer?.leaf ?? '')
      for (const leaf of answer?.transactions ?? []) hash.update(leaf)
    }
  }
  for await (const [key, value] of database.iterate(rangeOf(prefixes.stateRow))) hash.update(key).update(value)
  return hash.digest('hex')
}

/** Verifies the store of a stopped validator in full and reads what it holds. Never throws. */
export async function readStore(actor: Actor, bug: (text: string) => void): Promise<StoreSeen> {
  const node = actor.name
  try {
    const { height, stateRoot } = await checkNode(actor.configFile, () => {})
    const content = await reading(actor, contentOf)
    return { type: 'store', node, height, stateRoot, content, check: 'sound' }
  } catch (thrown) {
    const error = toMupibError(thrown)
    if (error.code === 'bug') bug(`node check of ${node}: ${error.message}`)
    const check = error.code === 'store_corrupt' ? 'damaged' : 'unread'
    return { type: 'store', node, height: 0, stateRoot: '', content: `${error.code}: ${error.message}`, check }
  }
}

/** Who may sign: every certificate that genesis or a membership ever named, and since when it is revoked. */
class Members {
  readonly #byCertificate = new Map<string, { name: string; role: string; deadSince: number }>()

  constructor({ authority, members }: Genesis) {
    this.#byCertificate.set(authority.fingerprint, { name: 'authority', role: 'authority', deadSince: Infinity })
    for (const { name, role, certificate } of members)
      this.#byCertificate.set(certificate.fingerprint, { name, role, deadSince: Infinity })
  }

  /** Name and role of a signer at a height; the role is `none` where it was nobody, or dead. */
  at(certificate: string, height: number): { signer: string; role: string } {
    const known = this.#byCertificate.get(certificate)
    if (!known) return { signer: certificate, role: 'none' }
    return { signer: known.name, role: height >= known.deadSince ? 'none' : known.role }
  }

  note(record: ReturnType<typeof decodeRecord>['record'], height: number): void {
    if (record.kind === 'revocation') {
      const known = this.#byCertificate.get(record.certificate)
      if (known) known.deadSince = Math.min(known.deadSince, height)
    } else if (record.kind === 'membership') {
      const { name, role, action, certificate } = record
      if (action === 'admit')
        this.#byCertificate.set(certificate.fingerprint, { name, role, deadSince: Number.POSITIVE_INFINITY })
      else
        for (const known of this.#byCertificate.values())
          if (known.name === name) known.deadSince = Math.min(known.deadSince, height)
    }
  }
}

/** What a stopped validator's store answers to each of these records; undefined where it has no answer. */
export function readAnswers(actor: Actor, records: readonly string[]): Promise<Map<string, string | undefined>> {
  return reading(actor, async database => {
    const chain = new ChainStore(database)
    const answerTo = (record: string): string | undefined => {
      const answer = chain.answer(record)
      return answer && answerDigest(answer.leaf, answer.transactions)
    }
    return new Map(records.map(record => [record, answerTo(record)]))
  })
}

/** Reads all records of a stopped validator's chain, in order. */
export function readChain(actor: Actor): Promise<StoredChain> {
  return reading(actor, async (database, genesis) => {
    const chain = new ChainStore(database)
    const members = new Members(genesis)
    const records: StoredRecord[] = []
    const consumed = new Set<string>()
    for (let height = 1; height <= (chain.tipHeight() ?? 0); height++) {
      // what a block revokes is dead in that block already: revocations come first (recordKinds)
      for (const digest of chain.mustHave(height).block.records) {
        const { record } = decodeRecord(chain.recordBytes(digest)!)
        const answer = chain.answer(digest)!
        const { refusal, kind, number, signer } = decodeRecordVerdict(answer.leaf)
        if (refusal === undefined) members.note(record, height)
        const verdicts = { '11': 0, '01': 0, '10': 0, '00': 0 }
        for (const leaf of answer.transactions)
          for (const token of decodeTransactionVerdict(leaf).tokens) {
            verdicts[token.verdict] += 1
            if (token.use === 'consumed' && kind === 'tokenBlock')
              consumed.add(`${members.at(token.bank, 0).signer}-${token.publication}-${token.index}`)
          }
        records.push({ digest, kind, ...members.at(signer, height), number, height, refusal, verdicts })
      }
    }
    return { records, consumed }
  })
}
