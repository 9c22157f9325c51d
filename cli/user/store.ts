// What a wallet keeps: its tokens, the proofs of their publications, and a journal of what it did. Every change is one synced write.
import type { Database, WriteOp } from '../../node/store/database.ts'
import { Reader, toHex, Writer } from '../../proto/bytes.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { signatureBytes } from '../../proto/keys.ts'
import type { TokenGroup } from '../../proto/token.ts'
import { toJson } from '../common/output.ts'
import { groupFromJson, groupToJson } from '../common/payment.ts'
import { actorKey, actorPrefixes, actorRange, numberOfKey } from '../common/store-keys.ts'
import { type Entry, entryFromJson, entryToJson, isOpenEntry } from './entries.ts'
import { noTotals, type OwnToken, type TokenChange, type TokenState, type Totals } from './rules.ts'

/** Since when, and from how old a backup, a wallet goes on. Times in milliseconds since 1970. */
export interface Restoration {
  readonly restoredAt: number
  readonly backedUpAt: number
}

const encode = (value: unknown): Uint8Array => new TextEncoder().encode(toJson(value))
const decode = (row: Uint8Array): Record<string, unknown> =>
  JSON.parse(Buffer.from(row).toString('utf8')) as Record<string, unknown>

const stateKinds = ['free', 'unchecked', 'pledged', 'returning'] as const

function encodeToken(signature: Uint8Array, state: TokenState): Uint8Array {
  return new Writer(signatureBytes + 33)
    .fixed(signature, signatureBytes)
    .u8(stateKinds.indexOf(state.kind))
    .digest('to' in state ? state.to : zeroDigest)
    .finish()
}

function decodeState(reader: Reader): TokenState {
  const kind = stateKinds[reader.u8()]!
  const to = reader.digest()
  return kind === 'pledged' || kind === 'returning' ? { kind, to } : { kind }
}

export class WalletStore {
  readonly #database: Database
  readonly #network: Digest

  constructor(database: Database, network: Digest) {
    this.#database = database
    this.#network = network
  }

  write(operations: readonly WriteOp[]): Promise<void> {
    return this.#database.write(operations, { sync: true })
  }

  close(): Promise<void> {
    return this.#database.close()
  }

  putChange({ token, state }: TokenChange): WriteOp {
    const key = actorKey(actorPrefixes.walletToken, token.group.bank, token.group.publication, token.index)
    return state ? { type: 'put', key, value: encodeToken(token.signature, state) } : { type: 'delete', key }
  }

  /** What the wallet's tokens of one publication share, and the proof that the publication is final. */
  putGroup(group: TokenGroup, proof: unknown): WriteOp {
    const key = actorKey(actorPrefixes.walletGroup, group.bank, group.publication)
    return { type: 'put', key, value: encode({ group: groupToJson(group), proof }) }
  }

  putEntry(entry: Entry): WriteOp[] {
    const open = actorKey(actorPrefixes.openWalletEntry, entry.number)
    return [
      { type: 'put', key: actorKey(actorPrefixes.walletEntry, entry.number), value: encode(entryToJson(entry)) },
      isOpenEntry(entry) ? { type: 'put', key: open, value: new Uint8Array(0) } : { type: 'delete', key: open },
    ]
  }

  /** An order that the bank refused: it never was. */
  dropEntry(number: number): WriteOp[] {
    return [
      { type: 'delete', key: actorKey(actorPrefixes.walletEntry, number) },
      { type: 'delete', key: actorKey(actorPrefixes.openWalletEntry, number) },
    ]
  }

  putTotals(totals: Totals): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.walletTotals), value: encode(totals) }
  }

  putRestoration(restoration: Restoration): WriteOp {
    return { type: 'put', key: actorKey(actorPrefixes.restoration), value: encode(restoration) }
  }

  restoration(): Restoration | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.restoration))
    return row && (decode(row) as unknown as Restoration)
  }

  totals(): Totals {
    const row = this.#database.get(actorKey(actorPrefixes.walletTotals))
    return row ? (decode(row) as unknown as Totals) : noTotals
  }

  async tokens(): Promise<OwnToken[]> {
    const groups = new Map<string, TokenGroup>()
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.walletGroup)))
      groups.set(toHex(key.subarray(1)), groupFromJson(decode(row).group, 'group', 'store_corrupt'))
    const tokens: OwnToken[] = []
    for await (const [key, row] of this.#database.iterate(actorRange(actorPrefixes.walletToken))) {
      const reader = new Reader(row)
      const signature = Uint8Array.from(reader.fixed(signatureBytes))
      const group = groups.get(toHex(key.subarray(1, -8)))!
      tokens.push({ group, index: numberOfKey(key), signature, state: decodeState(reader) })
    }
    return tokens
  }

  /** The proof that a publication is final, as the bank gave it. */
  proof(bank: Digest, publication: number): unknown {
    const row = this.#database.get(actorKey(actorPrefixes.walletGroup, bank, publication))
    return row && decode(row).proof
  }

  entry(number: number): Entry | undefined {
    const row = this.#database.get(actorKey(actorPrefixes.walletEntry, number))
    return row && entryFromJson(decode(row), this.#network, 'store_corrupt')
  }

  async openEntries(): Promise<Entry[]> {
    const entries: Entry[] = []
    for await (const [key] of this.#database.iterate(actorRange(actorPrefixes.openWalletEntry)))
      entries.push(this.entry(numberOfKey(key))!)
    return entries
  }

  /** The newest entries, newest first. */
  async newest(limit: number): Promise<Entry[]> {
    const range = actorRange(actorPrefixes.walletEntry)
    const entries: Entry[] = []
    for await (const [, row] of this.#database.iterate({ ...range, reverse: true, limit }))
      entries.push(entryFromJson(decode(row), this.#network, 'store_corrupt'))
    return entries
  }
}
