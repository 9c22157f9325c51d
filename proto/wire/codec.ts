// The envelopes on the wire as plain typed values. Decoding accepts exactly what encoding writes (strict.ts, rules.ts) and throws
// `malformed` or `too_large`; byte fields of a decoded value are views of the frame. protobufjs does not show beyond this file.
import { bytesOfHex, toHex } from '../bytes.ts'
import { type ErrorCode, errorCodes, MupibError } from '../errors.ts'
import type { Digest } from '../hash.ts'
import { limits } from '../limits.ts'
import { type RecordKind, recordKinds } from '../records.ts'
import { mupib } from './generated/mupib.js'
import { clientFrameRule, consensusFrameRule, fetchRequestRule, fetchResponseRule, recordAnswerRule } from './rules.ts'
import { checkStrict, type MessageRule } from './strict.ts'

/** Validator to validator. `bytes` are the canonical encodings of chain.ts. */
export type ConsensusFrame =
  | { readonly type: 'proposal'; readonly bytes: Uint8Array }
  | { readonly type: 'vote'; readonly bytes: Uint8Array }
  | { readonly type: 'certificate'; readonly bytes: Uint8Array }
  /** Records that the sender holds and that are not final. */
  | { readonly type: 'announcement'; readonly digests: readonly Digest[] }

export type FetchRequest =
  /** Records by digest, at least one. */
  | { readonly type: 'records'; readonly digests: readonly Digest[] }
  | { readonly type: 'block'; readonly digest: Digest }
  /** The nullification and the notarization of a view. */
  | { readonly type: 'certificates'; readonly view: number }
  /** Final blocks from a height on. */
  | { readonly type: 'range'; readonly fromHeight: number; readonly maxBlocks: number }
  /** What is held of the votes of the validator with this index. */
  | { readonly type: 'heldVotes'; readonly validator: number }

/** A final block with its records, in the order of the block. */
export interface FinalBlockBytes {
  /** `encodeBlock`. */
  readonly block: Uint8Array
  readonly records: readonly Uint8Array[]
}

export interface HeldVotesBytes {
  readonly view: number
  readonly votes: readonly Uint8Array[]
  readonly proposal: Uint8Array | undefined
}

export type FetchResponse =
  /** Those of the records asked for that are held, in any order. */
  | { readonly type: 'records'; readonly records: readonly Uint8Array[] }
  | { readonly type: 'block'; readonly block: Uint8Array | undefined }
  | { readonly type: 'certificates'; readonly certificates: readonly Uint8Array[] }
  /** Blocks ascend by one height; the certificate finalizes the last and holds its outcome. Neither where there is nothing. */
  | {
      readonly type: 'range'
      readonly blocks: readonly FinalBlockBytes[]
      readonly certificate: Uint8Array | undefined
    }
  | { readonly type: 'heldVotes'; readonly held: HeldVotesBytes | undefined }

/** Everything that proves what the ledger decided about one record; proof.ts checks it. */
export interface RecordAnswer {
  /** Of the block that holds the record. */
  readonly header: Uint8Array
  readonly verdictRoot: Digest
  readonly stateRoot: Digest
  /** `encodeRecordVerdict`, its place among the block's records, and the siblings from it to the verdict root. */
  readonly recordLeaf: Uint8Array
  readonly leafIndex: number
  readonly leafCount: number
  readonly path: readonly Digest[]
  /** All of the record's `encodeTransactionVerdict`, in order. */
  readonly transactionLeaves: readonly Uint8Array[]
  /** Headers after the first, up to the one that the certificate finalizes. */
  readonly descendants: readonly Uint8Array[]
  readonly certificate: Uint8Array
}

/** What a validator holds of a record: nothing, the record, or its verdict. */
export type RecordState = 'unknown' | 'held' | 'decided'

export interface ValidatorStatus {
  readonly name: string
  /** Newest final block. */
  readonly height: number
  readonly digest: Digest
  readonly stateRoot: Digest
  /** The view it is in. */
  readonly view: number
  readonly mayVote: boolean
}

/** What clients and validators say on a session. */
export type ClientMessage =
  /** `spread`: the client sends it to every validator itself. `answer`: send the verdict once the record is decided. */
  | { readonly type: 'submit'; readonly record: Uint8Array; readonly spread: boolean; readonly answer: boolean }
  | { readonly type: 'received'; readonly digest: Digest; readonly state: RecordState }
  /** Answered with `answer`, or with `received` where the record is not decided. */
  | { readonly type: 'queryRecord'; readonly digest: Digest }
  /** The stream of the signer with this certificate (any that its holder has or had); token blocks have one for each user. */
  | {
      readonly type: 'queryStream'
      readonly kind: RecordKind
      readonly signer: Digest
      readonly user: Uint8Array | undefined
    }
  /** The stream's last decided record: number 0 and zeros where there is none. */
  | { readonly type: 'streamHead'; readonly number: number; readonly digest: Digest }
  | { readonly type: 'answer'; readonly answer: RecordAnswer }
  /** Answers for all final records of these kinds from a height on, until cancelled. */
  | { readonly type: 'follow'; readonly fromHeight: number; readonly kinds: readonly RecordKind[] }
  /** Everything up to this height was sent. */
  | { readonly type: 'followed'; readonly height: number }
  /** Answered with `record`. */
  | { readonly type: 'fetchRecord'; readonly digest: Digest }
  /** The bytes of a decided record; undefined where the validator has not got them. */
  | { readonly type: 'record'; readonly record: Uint8Array | undefined }
  /** Ends the request of this id. */
  | { readonly type: 'cancel' }
  | { readonly type: 'queryStatus' }
  | { readonly type: 'status'; readonly status: ValidatorStatus }
  | { readonly type: 'error'; readonly code: ErrorCode; readonly message: string; readonly hint: string | undefined }

/** A message with the id that the client gave to its request; answers bear the same. */
export type ClientFrame = ClientMessage & { readonly id: number }

const recordStates: readonly RecordState[] = ['unknown', 'held', 'decided']

/** A 64-bit number as protobufjs gives it: the rules have held it to 2^53 - 1. */
type Wide = number | { toNumber(): number } | null | undefined

const malformed = (what: string): never => {
  throw new MupibError('malformed', what)
}
const wide = (value: Wide): number => (typeof value === 'object' && value !== null ? value.toNumber() : (value ?? 0))
const some = (bytes: Uint8Array | null | undefined, what: string): Uint8Array =>
  bytes && bytes.length > 0 ? bytes : malformed(`no ${what}`)
const maybe = (bytes: Uint8Array | null | undefined): Uint8Array | undefined => bytes ?? undefined
const readDigest = (bytes: Uint8Array | null | undefined, what: string): Digest => toHex(some(bytes, what))

function readDigests(bytes: Uint8Array | null | undefined): Digest[] {
  const digests: Digest[] = []
  for (let at = 0; bytes && at < bytes.length; at += 32) digests.push(toHex(bytes.subarray(at, at + 32)))
  return digests
}

const writeDigests = (digests: readonly Digest[]): Uint8Array => bytesOfHex(digests.join(''))

/** Holds a frame to its rule and hands protobufjs plain bytes (it would give out Buffers for a Buffer). */
function checked(frame: Uint8Array, rule: MessageRule, maxBytes: number): Uint8Array {
  checkStrict(frame, rule, maxBytes)
  return new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength)
}

export function encodeConsensusFrame(frame: ConsensusFrame): Uint8Array {
  switch (frame.type) {
    case 'announcement':
      return mupib.ConsensusFrame.encode({ announcement: { digests: writeDigests(frame.digests) } }).finish()
    default:
      return mupib.ConsensusFrame.encode({ [frame.type]: frame.bytes }).finish()
  }
}

export function decodeConsensusFrame(bytes: Uint8Array): ConsensusFrame {
  const frame = mupib.ConsensusFrame.decode(checked(bytes, consensusFrameRule, limits.frameBytes))
  switch (frame.body) {
    case 'proposal':
      return { type: 'proposal', bytes: some(frame.proposal, 'proposal') }
    case 'vote':
      return { type: 'vote', bytes: some(frame.vote, 'vote') }
    case 'certificate':
      return { type: 'certificate', bytes: some(frame.certificate, 'certificate') }
    case 'announcement':
      return { type: 'announcement', digests: readDigests(frame.announcement.digests) }
    default:
      return malformed('an empty frame')
  }
}

export function encodeFetchRequest(request: FetchRequest): Uint8Array {
  const { encode } = mupib.FetchRequest
  switch (request.type) {
    case 'records':
      return encode({ records: writeDigests(request.digests) }).finish()
    case 'block':
      return encode({ block: bytesOfHex(request.digest) }).finish()
    case 'certificates':
      return encode({ certificates: request.view }).finish()
    case 'range':
      return encode({ range: { fromHeight: request.fromHeight, maxBlocks: request.maxBlocks } }).finish()
    case 'heldVotes':
      return encode({ heldVotes: request.validator }).finish()
  }
}

export function decodeFetchRequest(bytes: Uint8Array): FetchRequest {
  const request = mupib.FetchRequest.decode(checked(bytes, fetchRequestRule, limits.requestBytes))
  switch (request.body) {
    case 'records':
      return { type: 'records', digests: readDigests(request.records) }
    case 'block':
      return { type: 'block', digest: readDigest(request.block, 'digest') }
    case 'certificates':
      return { type: 'certificates', view: wide(request.certificates) }
    case 'range':
      return {
        type: 'range',
        fromHeight: wide(request.range.fromHeight),
        maxBlocks: request.range.maxBlocks || malformed('a range of no blocks'),
      }
    case 'heldVotes':
      return { type: 'heldVotes', validator: request.heldVotes }
    default:
      return malformed('an empty request')
  }
}

export function encodeFetchResponse(response: FetchResponse): Uint8Array {
  const { encode } = mupib.FetchResponse
  switch (response.type) {
    case 'records':
      return encode({ records: { records: [...response.records] } }).finish()
    case 'block':
      return encode({ block: { block: response.block ?? null } }).finish()
    case 'certificates':
      return encode({ certificates: { certificates: [...response.certificates] } }).finish()
    case 'range': {
      const blocks = response.blocks.map(({ block, records }) => ({ block, records: [...records] }))
      return encode({ range: { blocks, certificate: response.certificate ?? null } }).finish()
    }
    case 'heldVotes': {
      const { held } = response
      const heldVotes = held ? { view: held.view, votes: [...held.votes], proposal: held.proposal ?? null } : {}
      return encode({ heldVotes }).finish()
    }
  }
}

export function decodeFetchResponse(bytes: Uint8Array): FetchResponse {
  const response = mupib.FetchResponse.decode(checked(bytes, fetchResponseRule, limits.fetchBytes))
  switch (response.body) {
    case 'records':
      return { type: 'records', records: response.records.records ?? [] }
    case 'block':
      return { type: 'block', block: maybe(response.block.block) }
    case 'certificates':
      return { type: 'certificates', certificates: response.certificates.certificates ?? [] }
    case 'range': {
      const certificate = maybe(response.range.certificate)
      const blocks = (response.range.blocks ?? []).map(({ block, records }) => ({
        block: some(block, 'block'),
        records: records ?? [],
      }))
      if ((blocks.length === 0) !== (certificate === undefined)) malformed('blocks and a certificate come together')
      return { type: 'range', blocks, certificate }
    }
    case 'heldVotes': {
      const { view, votes, proposal } = response.heldVotes
      const isEmpty = view === undefined || view === null
      if (isEmpty && (votes?.length || proposal)) malformed('votes without a view')
      const held = { view: wide(view), votes: votes ?? [], proposal: maybe(proposal) }
      return { type: 'heldVotes', held: isEmpty ? undefined : held }
    }
    default:
      return malformed('an empty response')
  }
}

function answerToWire(answer: RecordAnswer) {
  return {
    header: answer.header,
    verdictRoot: bytesOfHex(answer.verdictRoot),
    stateRoot: bytesOfHex(answer.stateRoot),
    recordLeaf: answer.recordLeaf,
    leafIndex: answer.leafIndex,
    leafCount: answer.leafCount,
    path: writeDigests(answer.path),
    transactionLeaves: [...answer.transactionLeaves],
    descendants: [...answer.descendants],
    certificate: answer.certificate,
  }
}

function answerFromWire(wire: mupib.RecordAnswer.$Properties): RecordAnswer {
  const leafCount = wire.leafCount ?? 0
  const leafIndex = wire.leafIndex ?? 0
  if (leafIndex >= leafCount) malformed('no such leaf')
  return {
    header: some(wire.header, 'header'),
    verdictRoot: readDigest(wire.verdictRoot, 'verdict root'),
    stateRoot: readDigest(wire.stateRoot, 'state root'),
    recordLeaf: some(wire.recordLeaf, 'record leaf'),
    leafIndex,
    leafCount,
    path: readDigests(wire.path),
    transactionLeaves: wire.transactionLeaves ?? [],
    descendants: wire.descendants ?? [],
    certificate: some(wire.certificate, 'certificate'),
  }
}

/** An answer as bytes of its own: for stores that keep answers. */
export function encodeRecordAnswer(answer: RecordAnswer): Uint8Array {
  return mupib.RecordAnswer.encode(answerToWire(answer)).finish()
}

export function decodeRecordAnswer(bytes: Uint8Array): RecordAnswer {
  return answerFromWire(mupib.RecordAnswer.decode(checked(bytes, recordAnswerRule, limits.clientFrameBytes)))
}

export function encodeClientFrame(frame: ClientFrame): Uint8Array {
  return mupib.ClientFrame.encode({ id: frame.id, ...clientMessageToWire(frame) }).finish()
}

function clientMessageToWire(message: ClientMessage): mupib.ClientFrame.$Properties {
  switch (message.type) {
    case 'submit':
      return { submit: { record: message.record, spread: message.spread, answer: message.answer } }
    case 'received':
      return { received: { digest: bytesOfHex(message.digest), state: 1 + recordStates.indexOf(message.state) } }
    case 'queryRecord':
      return { queryRecord: bytesOfHex(message.digest) }
    case 'queryStream': {
      const { kind, signer, user } = message
      return { queryStream: { kind: recordKinds[kind], signer: bytesOfHex(signer), user: user ?? null } }
    }
    case 'streamHead':
      return { streamHead: { number: message.number, digest: bytesOfHex(message.digest) } }
    case 'answer':
      return { answer: answerToWire(message.answer) }
    case 'follow': {
      const kinds = message.kinds.map(kind => recordKinds[kind] as number).sort((a, b) => a - b)
      return { follow: { fromHeight: message.fromHeight, kinds } }
    }
    case 'followed':
      return { followed: message.height }
    case 'fetchRecord':
      return { fetchRecord: bytesOfHex(message.digest) }
    case 'record':
      return { record: { record: message.record ?? null } }
    case 'cancel':
      return { cancel: {} }
    case 'queryStatus':
      return { queryStatus: {} }
    case 'status': {
      const { digest, stateRoot, ...rest } = message.status
      return { status: { ...rest, digest: bytesOfHex(digest), stateRoot: bytesOfHex(stateRoot) } }
    }
    case 'error': {
      const { code, hint } = message
      const words = sentText(message.message)
      return { failure: { code, message: words, hint: hint === undefined ? null : sentText(hint) } }
    }
  }
}

export function decodeClientFrame(bytes: Uint8Array): ClientFrame {
  const frame = mupib.ClientFrame.decode(checked(bytes, clientFrameRule, limits.clientFrameBytes))
  return { id: frame.id ?? 0, ...clientMessageFromWire(frame) }
}

function clientMessageFromWire(frame: mupib.ClientFrame.$Shape): ClientMessage {
  switch (frame.body) {
    case 'submit': {
      const { record, spread, answer } = frame.submit
      return { type: 'submit', record: some(record, 'record'), spread: spread ?? false, answer: answer ?? false }
    }
    case 'received': {
      const state = recordStates[(frame.received.state ?? 0) - 1] ?? malformed('no such state of a record')
      return { type: 'received', digest: readDigest(frame.received.digest, 'digest'), state }
    }
    case 'queryRecord':
      return { type: 'queryRecord', digest: readDigest(frame.queryRecord, 'digest') }
    case 'queryStream': {
      const { kind, signer, user } = frame.queryStream
      return { type: 'queryStream', kind: readKind(kind), signer: readDigest(signer, 'signer'), user: maybe(user) }
    }
    case 'streamHead': {
      const { number, digest } = frame.streamHead
      return { type: 'streamHead', number: wide(number), digest: readDigest(digest, 'digest') }
    }
    case 'answer':
      return { type: 'answer', answer: answerFromWire(frame.answer) }
    case 'follow': {
      const numbers = frame.follow.kinds ?? []
      if (numbers.some((kind, i) => i > 0 && kind <= numbers[i - 1]!)) malformed('kinds ascend')
      return { type: 'follow', fromHeight: wide(frame.follow.fromHeight), kinds: numbers.map(readKind) }
    }
    case 'followed':
      return { type: 'followed', height: wide(frame.followed) }
    case 'fetchRecord':
      return { type: 'fetchRecord', digest: readDigest(frame.fetchRecord, 'digest') }
    case 'record':
      return { type: 'record', record: maybe(frame.record.record) }
    case 'cancel':
      return { type: 'cancel' }
    case 'queryStatus':
      return { type: 'queryStatus' }
    case 'status': {
      const { name, height, view, digest, stateRoot, mayVote } = frame.status
      const status = {
        name: name ?? '',
        height: wide(height),
        view: wide(view),
        digest: readDigest(digest, 'digest'),
        stateRoot: readDigest(stateRoot, 'state root'),
        mayVote: mayVote ?? false,
      }
      return { type: 'status', status }
    }
    case 'failure': {
      const { code, message, hint } = frame.failure
      const known = errorCodes.find(one => one === code) ?? 'refused'
      return { type: 'error', code: known, message: message ?? '', hint: hint ?? undefined }
    }
    default:
      return malformed('an empty frame')
  }
}

function readKind(value: number | null | undefined): RecordKind {
  for (const kind of Object.keys(recordKinds) as RecordKind[]) if (recordKinds[kind] === value) return kind
  return malformed('no such kind of record')
}

/** Words as they may be sent: no control characters, no half characters, cut to the limit. */
function sentText(words: string): string {
  const bytes = new TextEncoder().encode(words.replace(/\p{Cc}+/gu, ' '))
  return new TextDecoder().decode(bytes.subarray(0, limits.messageBytes), { stream: true })
}
