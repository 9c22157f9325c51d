import { beforeAll, describe, expect, it } from 'vitest'
import { ChainStore, finalBlockOperations, heldRecordOperations, type StoredBlock } from '../../node/chain-store.ts'
import { type Answer, answerOf } from '../../node/ledger/leaves.ts'
import type { Database, WriteOp } from '../../node/store/database.ts'
import { answerKey, blockKey, heightByDigestKey, recordKey } from '../../node/store/keys.ts'
import { createMemoryDatabase } from '../../node/store/memory-database.ts'
import { toHex } from '../../proto/bytes.ts'
import { createBlock, genesisBlock, outcomeOf } from '../../proto/chain.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import { type Digest, zeroDigest } from '../../proto/hash.ts'
import { merkleRoot } from '../../proto/merkle.ts'
import { type Revocation, type SignedRecord, signRecord } from '../../proto/records.ts'
import { certify, digestOfName, keyOf, testGenesis } from '../../proto/testing.ts'
import { recordLeafHash } from '../../proto/verdict.ts'
import { verifyChain } from './verify-chain.ts'

let genesis: Genesis
let network: Digest

beforeAll(async () => {
  genesis = await testGenesis()
  network = genesisHash(genesis)
})

function recordOf(number: number): { signed: SignedRecord<Revocation>; answer: Answer } {
  const signed = signRecord<Revocation>(
    {
      kind: 'revocation',
      network,
      signer: genesis.authority.fingerprint,
      number,
      previous: zeroDigest,
      certificate: digestOfName(`certificate ${number}`),
      reason: 'for the test',
    },
    keyOf('authority'),
  )
  return { signed, answer: answerOf(signed.record, signed.digest, undefined, undefined, []) }
}

interface Made {
  readonly stored: StoredBlock
  readonly answers: readonly Answer[]
  readonly records: readonly SignedRecord[]
}

/** The block after another, with so many records; certified or not. */
function blockAfter(before: StoredBlock, records: number, certified: boolean): Made {
  const { header, digest } = before.block
  const made = Array.from({ length: records }, (_, i) => recordOf(10 * header.height + i + 1))
  const next = { network, height: header.height + 1, view: header.view + 2, time: header.time + 5 }
  const block = createBlock(
    { ...next, parent: digest, parentOutcome: before.outcome },
    made.map(({ signed }) => signed.digest),
  )
  const leafHashes = made.map(({ answer }) => recordLeafHash(answer.leaf))
  const verdictRoot = toHex(merkleRoot(leafHashes))
  const stateRoot = digestOfName(`state ${next.height}`)
  const outcome = outcomeOf(verdictRoot, stateRoot)
  const ballot = { kind: 'finalize', view: next.view, digest: block.digest, outcome } as const
  const certificate = certified ? certify(network, ballot, [0, 1, 3]) : undefined
  return {
    stored: { block, outcome, verdictRoot, stateRoot, leafHashes, certificate },
    answers: made.map(({ answer }) => answer),
    records: made.map(({ signed }) => signed),
  }
}

const operationsOf = ({ stored, answers, records }: Made): WriteOp[] => [
  ...records.flatMap(({ digest, bytes }) => heldRecordOperations(digest, bytes)),
  ...finalBlockOperations(stored, answers),
]

/** A chain of three blocks, the middle one final by the last; what `change` gives is written over it. */
async function chainWith(change: (made: readonly Made[]) => readonly WriteOp[]): Promise<Database> {
  const database = createMemoryDatabase()
  const stateRoot = digestOfName('state 0')
  const { block, outcome } = genesisBlock(network, stateRoot, genesis.time)
  const first = { block, outcome, verdictRoot: zeroDigest, stateRoot, leafHashes: [], certificate: undefined }
  const one = blockAfter(first, 2, true)
  const two = blockAfter(one.stored, 1, false)
  const three = blockAfter(two.stored, 0, true)
  const made = [{ stored: first, answers: [], records: [] }, one, two, three]
  const waiting = recordOf(99).signed
  await database.write(made.flatMap(operationsOf), { sync: true })
  await database.write(heldRecordOperations(waiting.digest, waiting.bytes), { sync: true })
  await database.write(change(made), { sync: true })
  return database
}

const verify = (database: Database) => verifyChain(new ChainStore(database), genesis, () => {})

/** The block at a height, stored with other content. */
const stored = (made: readonly Made[], height: number, changes: Partial<StoredBlock>): WriteOp[] =>
  finalBlockOperations({ ...made[height]!.stored, ...changes }, []).slice(0, 2)

describe('verifyChain', () => {
  it('takes a chain that holds, and counts what is in it', async () => {
    expect(await verify(await chainWith(() => []))).toEqual({
      height: 3,
      stateRoot: digestOfName('state 3'),
      records: 3,
      pending: 1,
    })
  })

  const bytes = new Uint8Array(200)
  const damages: Record<string, [(made: readonly Made[]) => WriteOp[], RegExp]> = {
    'a missing block': [() => [{ type: 'delete', key: blockKey(2) }], /block 2 is missing/],
    'a block of another genesis': [
      made => stored(made, 0, { outcome: digestOfName('other') }),
      /block 0: it is not of this genesis/,
    ],
    'a block that does not follow its parent': [
      made => [{ type: 'put', key: blockKey(2), value: firstValue(stored(made, 3, {})) }],
      /block 2: its parent is not the block before it/,
    ],
    'an outcome that its roots do not give': [
      made => stored(made, 2, { stateRoot: digestOfName('other') }),
      /block 2: its verdict and state roots are not those of its outcome/,
    ],
    'another outcome than the child certifies': [
      made => {
        const stateRoot = digestOfName('other')
        return stored(made, 2, { stateRoot, outcome: outcomeOf(made[2]!.stored.verdictRoot, stateRoot) })
      },
      /block 3: it certifies another outcome of the block before it/,
    ],
    'a tip without certificate': [
      made => stored(made, 3, { certificate: undefined }),
      /newest block has no certificate/,
    ],
    'a certificate of another block': [
      made => stored(made, 3, { certificate: made[1]!.stored.certificate }),
      /block 3: its certificate is for something else/,
    ],
    'a certificate of fewer than a quorum': [
      made => {
        const { certificate } = made[1]!.stored
        return stored(made, 1, { certificate: { ...certificate!, signatures: certificate!.signatures.slice(1) } })
      },
      /block 1: its certificate lacks valid signatures/,
    ],
    'a forged certificate': [
      made => {
        const { certificate } = made[1]!.stored
        const [first, ...rest] = certificate!.signatures
        const signatures = [{ ...first!, signature: new Uint8Array(64) }, ...rest]
        return stored(made, 1, { certificate: { ...certificate!, signatures } })
      },
      /block 1: its certificate lacks valid signatures/,
    ],
    'a block that is not found by its digest': [
      made => [{ type: 'delete', key: heightByDigestKey(made[1]!.stored.block.digest) }],
      /block 1: it is not found by its digest/,
    ],
    'answers that are not those of the verdict root': [
      made => stored(made, 1, { leafHashes: made[1]!.stored.leafHashes.toReversed() }),
      /block 1: its answers are not those of its verdict root/,
    ],
    'a missing answer': [
      made => [{ type: 'delete', key: answerKey(made[1]!.records[1]!.digest) }],
      /block 1, record [0-9a-f]{64}: its answer is missing/,
    ],
    'an answer that was not certified': [
      made => {
        const { record, digest } = made[2]!.records[0]!
        return finalBlockOperations(made[2]!.stored, [answerOf(record, digest, 'times', undefined, [])]).slice(3, 4)
      },
      /block 2, record [0-9a-f]{64}: its answer is not the certified one/,
    ],
    'a missing record': [
      made => [{ type: 'delete', key: recordKey(made[1]!.records[0]!.digest) }],
      /the bytes of [0-9a-f]{64} are missing/,
    ],
    'a record of other bytes': [
      made => [{ type: 'put', key: recordKey(made[2]!.records[0]!.digest), value: bytes }],
      /the bytes of [0-9a-f]{64} are others/,
    ],
    'a waiting record of other bytes': [
      () => [{ type: 'put', key: recordKey(recordOf(99).signed.digest), value: bytes }],
      /a record that waits: the bytes of [0-9a-f]{64} are others/,
    ],
  }

  it.each(Object.entries(damages))('finds %s', async (_, [change, message]) => {
    const damaged = verify(await chainWith(change))
    await expect(damaged).rejects.toMatchObject({ code: 'store_corrupt', message: expect.stringMatching(message) })
  })
})

const firstValue = ([first]: readonly WriteOp[]): Uint8Array =>
  first?.type === 'put' ? first.value : new Uint8Array(0)
