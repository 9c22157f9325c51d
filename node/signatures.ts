// Verifies what validators sign, each signature once: a certificate mostly repeats votes that came before it.
import { LRUCache } from 'lru-cache'
import { type Certificate, type Proposal, quorumOf, type Vote, verifyProposal, verifyVote } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'

const signaturesRemembered = 16_384

const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')

/** Checks votes, certificates and proposals against the validators' keys. Never throws on bad content. */
export class SignatureVerifier {
  readonly #network: Digest
  readonly #keys: readonly Uint8Array[]
  readonly #verified = new LRUCache<string, true>({ max: signaturesRemembered })

  constructor(network: Digest, keys: readonly Uint8Array[]) {
    this.#network = network
    this.#keys = keys
  }

  vote(vote: Vote): boolean {
    const name = `${vote.kind}${vote.view}/${vote.signer}/${vote.digest}${vote.outcome}${latin1(vote.signature)}`
    if (this.#verified.get(name)) return true
    if (!verifyVote(this.#network, vote, this.#keys)) return false
    this.#verified.set(name, true)
    return true
  }

  /** True where a quorum of distinct validators signed; signers ascend, as decoding made sure. */
  certificate(certificate: Certificate): boolean {
    const { signatures, ...ballot } = certificate
    let before = -1
    for (const { signer, signature } of signatures) {
      if (signer <= before || !this.vote({ ...ballot, signer, signature })) return false
      before = signer
    }
    return signatures.length >= quorumOf(this.#keys.length)
  }

  /** The leader's signature and every certificate that the proposal carries. */
  proposal(proposal: Proposal): boolean {
    const { block, signature } = proposal
    const name = `p${block.digest}${latin1(signature)}`
    if (!this.#verified.get(name)) {
      if (block.header.network !== this.#network || !verifyProposal(this.#network, proposal, this.#keys)) return false
      this.#verified.set(name, true)
    }
    const carried = [...(proposal.parentCertificate ? [proposal.parentCertificate] : []), ...proposal.nullifications]
    return carried.every(certificate => this.certificate(certificate))
  }
}
