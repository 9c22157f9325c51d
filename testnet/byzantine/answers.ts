// Lies of an adversary in the form in which validators ask each other: its answers are made on what was decoded, and encoded again.
import type { Answer, Ask, Machine } from '../../consensus/machine.ts'
import type { HeldVotes } from '../../consensus/types.ts'
import type { FetchAnswer } from '../../node/stand-in.ts'
import {
  type Block,
  type Certificate,
  decodeBlock,
  decodeCertificate,
  decodeProposal,
  decodeVote,
  encodeBlock,
  encodeCertificate,
  encodeProposal,
  encodeVote,
} from '../../proto/chain.ts'
import type { FetchRequest, FetchResponse, HeldVotesBytes } from '../../proto/wire/codec.ts'

type Chain = Extract<Answer, { type: 'chain' }>
type Range = Extract<FetchResponse, { type: 'range' }>

/** What a validator answers whose machine lies when it is asked; undefined for one that does not. */
export function answersOf(machine: Machine): FetchAnswer | undefined {
  if (!machine.answer) return undefined
  return (request, honest, from) => responseOf(machine.answer!(askOf(request), answerOf(honest), from), honest)
}

function askOf(request: FetchRequest): Ask {
  switch (request.type) {
    case 'records':
    case 'block':
      return request
    case 'certificates':
      return { type: 'certificate', view: request.view }
    case 'range':
      return { type: 'chain', from: request.fromHeight }
    case 'heldVotes':
      return { type: 'heldVotes' }
  }
}

function answerOf(response: FetchResponse): Answer {
  switch (response.type) {
    case 'records':
      return response
    case 'block':
      return { type: 'block', block: response.block && decodeBlock(response.block) }
    case 'certificates':
      return { type: 'certificate', certificates: response.certificates.map(decodeCertificate) }
    case 'range':
      return chainOf(response)
    case 'heldVotes':
      return { type: 'heldVotes', held: response.held && heldVotesOf(response.held) }
  }
}

function responseOf(answer: Answer, honest: FetchResponse): FetchResponse {
  switch (answer.type) {
    case 'records':
      return { type: 'records', records: [...answer.records] }
    case 'block':
      return { type: 'block', block: answer.block && encodeBlock(answer.block) }
    case 'certificate':
      return { type: 'certificates', certificates: answer.certificates.map(encodeCertificate) }
    case 'chain':
      return rangeOf(answer, honest as Range)
    case 'heldVotes':
      return { type: 'heldVotes', held: answer.held && heldVotesBytes(answer.held) }
  }
}

const heldVotesOf = ({ view, votes, proposal }: HeldVotesBytes): HeldVotes => ({
  view,
  votes: votes.map(decodeVote),
  proposal: proposal && decodeProposal(proposal),
})

const heldVotesBytes = ({ view, votes, proposal }: HeldVotes): HeldVotesBytes => ({
  view,
  votes: votes.map(encodeVote),
  proposal: proposal && encodeProposal(proposal),
})

// An outcome is not sent with its block: the next header holds it, and the certificate that of the last one.
function chainOf({ blocks, certificate: bytes }: Range): Chain {
  const certificate: Certificate | undefined = bytes && decodeCertificate(bytes)
  const decoded = blocks.map(({ block }) => decodeBlock(block))
  const outcomeAfter = (index: number): string =>
    decoded[index + 1]?.header.parentOutcome ?? certificate?.outcome ?? decoded[index]!.header.parentOutcome
  return {
    type: 'chain',
    blocks: decoded.map((block, index) => ({ block, outcome: outcomeAfter(index) })),
    certificate,
    records: blocks.flatMap(({ records }) => records),
  }
}

function rangeOf({ blocks, certificate, records }: Chain, honest: Range): Range {
  const digests = honest.blocks.flatMap(({ block }) => decodeBlock(block).records)
  const shown = new Map(digests.map((digest, index) => [digest, records[index]]))
  const recordsOf = (block: Block): Uint8Array[] =>
    block.records.map(digest => shown.get(digest)).filter(bytes => bytes !== undefined)
  const outcome = blocks.at(-1)?.outcome
  return {
    type: 'range',
    blocks: blocks.map(({ block }) => ({ block: encodeBlock(block), records: recordsOf(block) })),
    certificate: certificate && encodeCertificate({ ...certificate, outcome: outcome ?? certificate.outcome }),
  }
}
