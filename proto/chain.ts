// What validators sign: proposals, votes and certificates, and the headers that they are about.
// Votes sign the outcome of a block (verdicts and state), not only its content.
import { bytesOfHex, Reader, Writer } from './bytes.ts'
import { MupibError } from './errors.ts'
import { type Digest, digestOf, zeroDigest } from './hash.ts'
import { type SignatureCheck, type SigningKey, sign, signatureBytes, verify } from './keys.ts'
import { limits } from './limits.ts'

/** Header of a ledger block. `time` is in milliseconds since 1970 and grows with every block. */
export interface Header {
  readonly network: Digest
  readonly height: number
  readonly view: number
  readonly parent: Digest
  /** Outcome of the parent block, so that a chain of headers carries the outcomes of all before. */
  readonly parentOutcome: Digest
  readonly time: number
  /** Digest over the records' digests, in order. */
  readonly body: Digest
}

/** A block as it is voted on: header and the digests of its records. */
export interface Block {
  readonly digest: Digest
  readonly header: Header
  readonly records: readonly Digest[]
}

export type VoteKind = 'notarize' | 'nullify' | 'finalize'
export const voteKinds = { notarize: 1, nullify: 2, finalize: 3 } as const satisfies Record<VoteKind, number>

/** What a vote or a certificate says. A nullify names no block: digest and outcome are zeros. */
export interface Ballot {
  readonly kind: VoteKind
  readonly view: number
  readonly digest: Digest
  readonly outcome: Digest
}

/** A validator's signed vote; `signer` is its index in genesis. */
export interface Vote extends Ballot {
  readonly signer: number
  readonly signature: Uint8Array
}

/** q votes of distinct validators for the same content, by ascending signer. */
export interface Certificate extends Ballot {
  readonly signatures: readonly { readonly signer: number; readonly signature: Uint8Array }[]
}

/** A leader's signed proposal with what justifies it: its parent's notarization and a nullification for every view between. */
export interface Proposal {
  readonly block: Block
  readonly signature: Uint8Array
  /** Absent only where the parent is the genesis block. */
  readonly parentCertificate: Certificate | undefined
  /** One for each view after the parent's and before the block's, ascending. */
  readonly nullifications: readonly Certificate[]
}

/** Faults that n validators bear: f = ⌊(n−1)/3⌋. */
export const faultsBorne = (validators: number): number => Math.floor((validators - 1) / 3)

/** Votes that make a certificate: q = ⌊2n/3⌋ + 1. Two quorums share an honest validator while at most f lie. */
export const quorumOf = (validators: number): number => Math.floor((2 * validators) / 3) + 1

/** Index of the leader of a view, by rotation. */
export const leaderOf = (view: number, validators: number): number => view % validators

/** Bytes of an encoded header: all are of one length. */
export const headerBytes = 32 + 8 + 8 + 32 + 32 + 8 + 32

function writeHeader(writer: Writer, header: Header): Writer {
  return writer
    .digest(header.network)
    .u64(header.height)
    .u64(header.view)
    .digest(header.parent)
    .digest(header.parentOutcome)
    .u64(header.time)
    .digest(header.body)
}

function readHeader(reader: Reader): Header {
  return {
    network: reader.digest(),
    height: reader.u64(),
    view: reader.u64(),
    parent: reader.digest(),
    parentOutcome: reader.digest(),
    time: reader.u64(),
    body: reader.digest(),
  }
}

export function encodeHeader(header: Header): Uint8Array {
  return writeHeader(new Writer(headerBytes), header).finish()
}

export function decodeHeader(bytes: Uint8Array): Header {
  const reader = new Reader(bytes)
  const header = readHeader(reader)
  reader.end()
  return header
}

export const headerDigest = (header: Header): Digest => digestOf('header', encodeHeader(header))

/** Digest over the records of a block, in order. */
export function bodyDigest(records: readonly Digest[]): Digest {
  const writer = new Writer(4 + records.length * 32).u32(records.length)
  for (const record of records) writer.digest(record)
  return digestOf('body', writer.finish())
}

/** Puts a block together; its digest is its header's. */
export function createBlock(header: Omit<Header, 'body'>, records: readonly Digest[]): Block {
  const whole: Header = { ...header, body: bodyDigest(records) }
  return { digest: headerDigest(whole), header: whole, records }
}

/** The block before the first: final by definition, its outcome the state that genesis describes. */
export function genesisBlock(network: Digest, stateRoot: Digest, time: number): { block: Block; outcome: Digest } {
  const block = createBlock({ network, height: 0, view: 0, parent: zeroDigest, parentOutcome: zeroDigest, time }, [])
  return { block, outcome: outcomeOf(zeroDigest, stateRoot) }
}

/** What validators vote on beside the block: the root of its verdicts and the state root after it. */
export const outcomeOf = (verdictRoot: Digest, stateRoot: Digest): Digest =>
  digestOf('outcome', bytesOfHex(verdictRoot), bytesOfHex(stateRoot))

export function encodeBlock(block: Block): Uint8Array {
  const writer = writeHeader(new Writer(192 + block.records.length * 32), block.header).u32(block.records.length)
  for (const record of block.records) writer.digest(record)
  return writer.finish()
}

function readBlock(reader: Reader): Block {
  const header = readHeader(reader)
  const count = reader.count(limits.proposalRecords)
  const records: Digest[] = []
  for (let i = 0; i < count; i++) records.push(reader.digest())
  if (bodyDigest(records) !== header.body) throw new MupibError('malformed', 'the records are not those of the header')
  return { digest: headerDigest(header), header, records }
}

/** Reads a block and checks that its body is the header's. Throws `malformed` and the like. */
export function decodeBlock(bytes: Uint8Array): Block {
  const reader = new Reader(bytes)
  const block = readBlock(reader)
  reader.end()
  return block
}

function ballotMessage(network: Digest, ballot: Ballot): Uint8Array {
  const writer = new Writer(104).digest(network).u64(ballot.view)
  if (ballot.kind !== 'nullify') writer.digest(ballot.digest).digest(ballot.outcome)
  return writer.finish()
}

export function signVote(network: Digest, ballot: Ballot, signer: number, key: SigningKey): Vote {
  return { ...ballot, signer, signature: sign(ballot.kind, ballotMessage(network, ballot), key) }
}

export function verifyVote(network: Digest, vote: Vote, keys: readonly Uint8Array[]): boolean {
  const key = keys[vote.signer]
  return key !== undefined && verify(vote.kind, ballotMessage(network, vote), key, vote.signature)
}

/** True where at least a quorum of distinct validators signed the certificate's content. */
export function verifyCertificate(
  network: Digest,
  certificate: Certificate,
  keys: readonly Uint8Array[],
  check: SignatureCheck = verify,
): boolean {
  if (certificate.signatures.length < quorumOf(keys.length)) return false
  const message = ballotMessage(network, certificate)
  let before = -1
  for (const { signer, signature } of certificate.signatures) {
    const key = keys[signer]
    if (signer <= before || key === undefined || !check(certificate.kind, message, key, signature)) return false
    before = signer
  }
  return true
}

const proposalMessage = (network: Digest, block: Block): Uint8Array =>
  new Writer(72).digest(network).u64(block.header.view).digest(block.digest).finish()

export function signProposal(network: Digest, block: Block, key: SigningKey): Uint8Array {
  return sign('proposal', proposalMessage(network, block), key)
}

/** True where the leader of the block's view signed it. The certificates inside are checked apart. */
export function verifyProposal(network: Digest, proposal: Proposal, keys: readonly Uint8Array[]): boolean {
  const leader = keys[leaderOf(proposal.block.header.view, keys.length)]
  return (
    leader !== undefined && verify('proposal', proposalMessage(network, proposal.block), leader, proposal.signature)
  )
}

function writeBallot(writer: Writer, ballot: Ballot): Writer {
  writer.u8(voteKinds[ballot.kind]).u64(ballot.view)
  return ballot.kind === 'nullify' ? writer : writer.digest(ballot.digest).digest(ballot.outcome)
}

function readBallot(reader: Reader): Ballot {
  const tag = reader.u8()
  const view = reader.u64()
  if (tag === voteKinds.nullify) return { kind: 'nullify', view, digest: zeroDigest, outcome: zeroDigest }
  if (tag !== voteKinds.notarize && tag !== voteKinds.finalize) throw new MupibError('malformed', `no vote kind ${tag}`)
  const kind = tag === voteKinds.notarize ? 'notarize' : 'finalize'
  return { kind, view, digest: reader.digest(), outcome: reader.digest() }
}

export function encodeVote(vote: Vote): Uint8Array {
  return writeBallot(new Writer(144), vote).u16(vote.signer).fixed(vote.signature, signatureBytes).finish()
}

export function decodeVote(bytes: Uint8Array): Vote {
  const reader = new Reader(bytes)
  const vote = { ...readBallot(reader), signer: reader.u16(), signature: reader.fixed(signatureBytes) }
  reader.end()
  return vote
}

function writeCertificate(writer: Writer, certificate: Certificate): Writer {
  writeBallot(writer, certificate).u16(certificate.signatures.length)
  for (const { signer, signature } of certificate.signatures) writer.u16(signer).fixed(signature, signatureBytes)
  return writer
}

function readCertificate(reader: Reader): Certificate {
  const ballot = readBallot(reader)
  const count = reader.u16()
  if (count > limits.validators) throw new MupibError('too_large', `${count} signatures in a certificate`)
  const signatures: { signer: number; signature: Uint8Array }[] = []
  let before = -1
  for (let i = 0; i < count; i++) {
    const signer = reader.u16()
    if (signer <= before) throw new MupibError('malformed', 'signers of a certificate ascend')
    before = signer
    signatures.push({ signer, signature: reader.fixed(signatureBytes) })
  }
  return { ...ballot, signatures }
}

export function encodeCertificate(certificate: Certificate): Uint8Array {
  return writeCertificate(new Writer(80 + certificate.signatures.length * 66), certificate).finish()
}

export function decodeCertificate(bytes: Uint8Array): Certificate {
  const reader = new Reader(bytes)
  const certificate = readCertificate(reader)
  reader.end()
  return certificate
}

export function encodeProposal(proposal: Proposal): Uint8Array {
  const writer = new Writer(1024).bytes(encodeBlock(proposal.block)).fixed(proposal.signature, signatureBytes)
  writer.boolean(proposal.parentCertificate !== undefined)
  if (proposal.parentCertificate) writeCertificate(writer, proposal.parentCertificate)
  writer.u16(proposal.nullifications.length)
  for (const certificate of proposal.nullifications) writeCertificate(writer, certificate)
  return writer.finish()
}

export function decodeProposal(bytes: Uint8Array): Proposal {
  const reader = new Reader(bytes)
  const block = decodeBlock(reader.bytes(limits.frameBytes))
  const signature = reader.fixed(signatureBytes)
  const parentCertificate = reader.boolean() ? readCertificate(reader) : undefined
  const count = reader.u16()
  if (count > limits.proposalGap) throw new MupibError('too_large', `${count} nullifications in a proposal`)
  const nullifications: Certificate[] = []
  for (let i = 0; i < count; i++) nullifications.push(readCertificate(reader))
  reader.end()
  return { block, signature, parentCertificate, nullifications }
}
