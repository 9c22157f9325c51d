// The keys of all validators of a simulated network. Signatures are short keyed hashes by default (fast, binding inside the
// simulation: nobody but the holder of a signer can make one) or Ed25519 as in the real network.
import {
  type Ballot,
  type Block,
  bodyDigest,
  type Certificate,
  headerDigest,
  leaderOf,
  type Proposal,
  quorumOf,
  signProposal,
  signVote,
  type Vote,
  verifyProposal,
  verifyVote,
  voteKinds,
} from '../../proto/chain.ts'
import { type Digest, sha256 } from '../../proto/hash.ts'
import { type SigningKey, signatureBytes, signingKeyFromSeed } from '../../proto/keys.ts'
import type { HeldVotes, Signer } from '../types.ts'
import type { Random } from './random.ts'

interface Secret {
  readonly low: number
  readonly high: number
  readonly key: SigningKey | undefined
}

function keyedHash(secret: Secret, kind: number, view: number, texts: readonly string[]): [number, number] {
  let a = secret.low ^ Math.imul(kind + 1, 0x9e3779b1) ^ view
  let b = secret.high ^ Math.imul(view + 1, 0x85ebca6b) ^ Math.floor(view / 2 ** 32)
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i)
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul((b << 5) ^ (b >>> 27) ^ code, 0x2c1b3c6d)
    }
  }
  a = Math.imul(a ^ (a >>> 15) ^ b, 0x735a2d97)
  b = Math.imul(b ^ (b >>> 13) ^ a, 0x21f0aaad)
  return [a ^ (a >>> 16), b ^ (b >>> 15)]
}

const proposalKind = 9

/** Makes signers, one for each validator, and checks what they made. Nothing else can sign. */
export class Keyring {
  readonly #network: Digest
  readonly #secrets: Secret[]
  readonly #publicKeys: readonly Uint8Array[] | undefined
  // Everything here is immutable, so an object that held once holds for ever and for every node.
  readonly #checked = new WeakSet<object>()

  constructor(network: Digest, validators: number, random: Random, real: boolean) {
    this.#network = network
    this.#secrets = Array.from({ length: validators }, () => ({
      low: random.uint32() | 0,
      high: random.uint32() | 0,
      key: real ? signingKeyFromSeed(sha256(Buffer.from(random.digest(), 'hex'))) : undefined,
    }))
    this.#publicKeys = real ? this.#secrets.map(secret => (secret.key as SigningKey).publicKey) : undefined
  }

  #sign(signer: number, kind: number, view: number, texts: readonly string[]): Uint8Array {
    const [a, b] = keyedHash(this.#secrets[signer] as Secret, kind, view, texts)
    const signature = new Uint8Array(signatureBytes)
    for (let i = 0; i < 4; i++) {
      signature[i] = a >>> (8 * i)
      signature[i + 4] = b >>> (8 * i)
    }
    return signature
  }

  #holds(signer: number, signature: Uint8Array, kind: number, view: number, texts: readonly string[]): boolean {
    const secret = this.#secrets[signer]
    if (secret === undefined || signature.length !== signatureBytes) return false
    const [a, b] = keyedHash(secret, kind, view, texts)
    for (let i = 0; i < 4; i++) {
      if (signature[i] !== ((a >>> (8 * i)) & 0xff) || signature[i + 4] !== ((b >>> (8 * i)) & 0xff)) return false
    }
    return true
  }

  /** The signer of one validator: whoever has it is that validator. */
  signer(index: number): Signer {
    const key = this.#secrets[index]?.key
    const network = this.#network
    if (key) {
      return {
        vote: ballot => signVote(network, ballot, index, key),
        proposal: block => signProposal(network, block, key),
      }
    }
    return {
      vote: ballot => {
        const vote = { ...ballot, signer: index, signature: this.#signBallot(ballot, index) }
        this.#checked.add(vote)
        return vote
      },
      proposal: block => this.#sign(index, proposalKind, block.header.view, [block.digest]),
    }
  }

  #signBallot(ballot: Ballot, index: number): Uint8Array {
    const texts = ballot.kind === 'nullify' ? [] : [ballot.digest, ballot.outcome]
    return this.#sign(index, voteKinds[ballot.kind], ballot.view, texts)
  }

  #ballotHolds(ballot: Ballot, signer: number, signature: Uint8Array): boolean {
    if (this.#publicKeys) return verifyVote(this.#network, { ...ballot, signer, signature }, this.#publicKeys)
    const texts = ballot.kind === 'nullify' ? [] : [ballot.digest, ballot.outcome]
    return this.#holds(signer, signature, voteKinds[ballot.kind], ballot.view, texts)
  }

  /** True where the vote was signed by the validator that it names. */
  vote(vote: Vote): boolean {
    if (this.#checked.has(vote)) return true
    const holds = this.#ballotHolds(vote, vote.signer, vote.signature)
    if (holds) this.#checked.add(vote)
    return holds
  }

  /** True where at least a quorum of distinct validators signed the certificate's content. */
  certificate(certificate: Certificate, needed = quorumOf(this.#secrets.length)): boolean {
    if (this.#checked.has(certificate)) return true
    if (certificate.signatures.length < needed) return false
    let last = -1
    for (const { signer, signature } of certificate.signatures) {
      if (signer <= last || !this.#ballotHolds(certificate, signer, signature)) return false
      last = signer
    }
    if (needed >= quorumOf(this.#secrets.length)) this.#checked.add(certificate)
    return true
  }

  /** True where digest and body are those of the header, and the header is of this network. */
  block(block: Block): boolean {
    if (this.#checked.has(block)) return true
    const { header, digest, records } = block
    const holds =
      header.network === this.#network && headerDigest(header) === digest && bodyDigest(records) === header.body
    if (holds) this.#checked.add(block)
    return holds
  }

  /** True where the leader of the block's view signed it; the certificates inside are checked apart. */
  proposalSignature(proposal: Proposal): boolean {
    if (this.#checked.has(proposal)) return true
    const { block, signature } = proposal
    if (!this.block(block)) return false
    const leader = leaderOf(block.header.view, this.#secrets.length)
    const holds = this.#publicKeys
      ? verifyProposal(this.#network, proposal, this.#publicKeys)
      : this.#holds(leader, signature, proposalKind, block.header.view, [block.digest])
    if (holds) this.#checked.add(proposal)
    return holds
  }

  /** True where the proposal and every certificate inside hold. */
  proposal(proposal: Proposal): boolean {
    const { parentCertificate, nullifications } = proposal
    return (
      this.proposalSignature(proposal) &&
      (parentCertificate === undefined || this.certificate(parentCertificate)) &&
      nullifications.every(certificate => certificate.kind === 'nullify' && this.certificate(certificate))
    )
  }

  /** True where everything in it was signed by the validator, in the view that it names. */
  heldVotes(held: HeldVotes, validator: number): boolean {
    return (
      held.votes.every(vote => vote.signer === validator && vote.view === held.view && this.vote(vote)) &&
      (held.proposal === undefined ||
        (held.proposal.block.header.view === held.view &&
          leaderOf(held.view, this.#secrets.length) === validator &&
          this.proposal(held.proposal)))
    )
  }
}
