// Answers to what other validators fetch. Everything answered was verified when it was taken in; what is damaged is refused, never sent.
import type { HeldVotes } from '../consensus/types.ts'
import {
  type Block,
  type Certificate,
  encodeBlock,
  encodeCertificate,
  encodeProposal,
  encodeVote,
} from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import type { FetchRequest, FetchResponse, FinalBlockBytes } from '../proto/wire/codec.ts'
import type { ChainStore } from './chain-store.ts'

export interface ServePorts {
  readonly chain: ChainStore
  recordBytes(digest: Digest): Uint8Array | undefined
  block(digest: Digest): Block | undefined
  certificates(view: number): readonly Certificate[]
  heldVotes(validator: number): HeldVotes | undefined
}

// Room for the envelope around what is counted.
const answerBytesMost = limits.fetchBytes - 64 * 1024

export async function serve(request: FetchRequest, ports: ServePorts): Promise<FetchResponse> {
  switch (request.type) {
    case 'records':
      return { type: 'records', records: records(request.digests, ports) }
    case 'block': {
      const block = ports.block(request.digest)
      return { type: 'block', block: block && encodeBlock(block) }
    }
    case 'certificates':
      return { type: 'certificates', certificates: ports.certificates(request.view).map(encodeCertificate) }
    case 'range':
      return range(request.fromHeight, request.maxBlocks, ports)
    case 'heldVotes': {
      const held = ports.heldVotes(request.validator)
      if (!held) return { type: 'heldVotes', held: undefined }
      const proposal = held.proposal && encodeProposal(held.proposal)
      return { type: 'heldVotes', held: { view: held.view, votes: held.votes.map(encodeVote), proposal } }
    }
  }
}

function records(digests: readonly Digest[], ports: ServePorts): Uint8Array[] {
  const found: Uint8Array[] = []
  let bytes = 0
  for (const digest of digests) {
    const record = ports.recordBytes(digest)
    if (!record) continue
    bytes += record.length
    if (bytes > answerBytesMost) break
    found.push(record)
  }
  return found
}

/** Final blocks from a height on, up to the last that has a certificate of its own. */
async function range(fromHeight: number, maxBlocks: number, ports: ServePorts): Promise<FetchResponse> {
  const blocks: FinalBlockBytes[] = []
  let bytes = 0
  let whole = 0
  let certificate: Certificate | undefined
  // The bound asked for is exceeded where no block within it has a certificate: without one nothing could be verified.
  for await (const stored of ports.chain.blocksFrom(fromHeight, limits.fetchBlocks)) {
    const held = stored.block.records.map(digest => ports.recordBytes(digest))
    if (held.includes(undefined) || (certificate && blocks.length >= maxBlocks)) break
    const block = encodeBlock(stored.block)
    bytes += block.length + held.reduce((sum, record) => sum + record!.length + 8, 0)
    if (bytes > answerBytesMost) break
    blocks.push({ block, records: held as Uint8Array[] })
    if (!stored.certificate) continue
    certificate = stored.certificate
    whole = blocks.length
  }
  return { type: 'range', blocks: blocks.slice(0, whole), certificate: certificate && encodeCertificate(certificate) }
}
