// Puts certified answers together from the final chain: a record's leaf, its path to the verdict root, and what proves the block final.
import { encodeCertificate, encodeHeader } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import type { RecordAnswer } from '../proto/wire/codec.ts'
import type { ChainStore, StoredAnswer, StoredBlock } from './chain-store.ts'

const hex = (bytes: Uint8Array): Digest => Buffer.from(bytes).toString('hex')

/** The answer to a record at a place of a final block. Undefined while no certificate on disk proves the block. */
export function answerAt(
  chain: ChainStore,
  stored: StoredBlock,
  place: number,
  answer: { readonly leaf: Uint8Array; readonly transactions: readonly Uint8Array[] },
): RecordAnswer | undefined {
  const finality = stored.certificate
    ? { descendants: [], certificate: stored.certificate }
    : chain.finality(stored.block.header.height)
  if (!finality) return undefined
  return {
    header: encodeHeader(stored.block.header),
    verdictRoot: stored.verdictRoot,
    stateRoot: stored.stateRoot,
    recordLeaf: answer.leaf,
    leafIndex: place,
    leafCount: stored.leafHashes.length,
    path: chain.pathOf(stored, place).map(hex),
    transactionLeaves: answer.transactions,
    descendants: finality.descendants.map(({ block }) => encodeHeader(block.header)),
    certificate: encodeCertificate(finality.certificate),
  }
}

/** The answer to a decided record; undefined where it is not decided. */
export function answerTo(chain: ChainStore, record: Digest): RecordAnswer | undefined {
  const answer: StoredAnswer | undefined = chain.answer(record)
  return answer && answerAt(chain, chain.mustHave(answer.height), answer.place, answer)
}
