// What this node lacks for the vote and the fetcher pursues: records, blocks, certificates, votes held of the own key (rule 8a).
// Answers are decoded and verified here before the core sees them.
import type { Machine } from '../consensus/machine.ts'
import { isCertificateMissing } from '../consensus/queries.ts'
import type { Core } from '../consensus/state.ts'
import type { HeldVotes, Input } from '../consensus/types.ts'
import {
  type Block,
  type Certificate,
  decodeBlock,
  decodeCertificate,
  decodeProposal,
  decodeVote,
  leaderOf,
} from '../proto/chain.ts'
import type { Genesis } from '../proto/genesis.ts'
import type { Digest } from '../proto/hash.ts'
import { limits } from '../proto/limits.ts'
import type { HeldVotesBytes } from '../proto/wire/codec.ts'
import type { Application } from './application.ts'
import { codeOf, isSendersFault } from './faults.ts'
import type { Attempt, Fetcher } from './fetcher.ts'
import type { Intake } from './intake.ts'
import type { SignatureVerifier } from './signatures.ts'

export interface PursuitPorts {
  readonly genesis: Genesis
  readonly self: number
  readonly core: Core
  readonly machine: Machine
  readonly application: Application
  readonly intake: Intake
  readonly signatures: SignatureVerifier
  readonly fetcher: Fetcher
  /** An input that came from a validator. */
  pushFrom(origin: number, input: Input): void
  /** A validator answered with something false. */
  blame(peer: number, reason: string): void
  /** Something went wrong here, by nobody else's fault: a damaged store, a bug. */
  failed(error: unknown): void
}

export class Pursuits {
  readonly #ports: PursuitPorts

  constructor(ports: PursuitPorts) {
    this.#ports = ports
  }

  /** Records that a validator announced, where they are not held here. */
  fetchAnnounced(from: number, digests: readonly Digest[]): void {
    const { application } = this.#ports
    const name = `announced/${from}`
    // It announces again while the record is pending: looking it up for what cannot be asked for now would be work for nothing.
    if (this.#ports.fetcher.isPursuing(name)) return
    const unknown = digests.filter(digest => !application.holds(digest))
    if (unknown.length === 0) return
    // Only of the announcer, and once.
    let asked = false
    this.#ports.fetcher.pursue(
      name,
      from,
      () => !asked,
      () => {
        asked = true
        return { type: 'records', digests: unknown.slice(0, limits.fetchRecords) }
      },
      async (peer, response): Promise<Attempt> => {
        if (response.type === 'records') await this.#takeRecords(peer, response.records)
        return 'done'
      },
      from,
    )
  }

  /** Records that a block needs; the intake tells when they have come. */
  fetchRecords(block: Block, digests: readonly Digest[]): void {
    const { application, genesis } = this.#ports
    const leader = leaderOf(block.header.view, genesis.validators.length)
    const left = (): Digest[] => digests.filter(digest => application.isAwaited(digest))
    this.#ports.fetcher.pursue(
      `records/${block.digest}`,
      leader,
      () => left().length > 0,
      () => ({ type: 'records', digests: left().slice(0, limits.fetchRecords) }),
      async (peer, response): Promise<Attempt> => {
        if (response.type === 'records') await this.#takeRecords(peer, response.records)
        return left().length === 0 ? 'done' : 'next'
      },
    )
  }

  /** Takes records in as they come; one that does not hold is its sender's fault. */
  async #takeRecords(peer: number, records: readonly Uint8Array[]): Promise<void> {
    await Promise.all(
      records.map(async bytes => {
        try {
          await this.#ports.intake.take(bytes)
        } catch (error) {
          const code = codeOf(error)
          if (isSendersFault(code)) this.#ports.blame(peer, `a fetched record: ${code}`)
          else if (code !== 'unknown_signer' && code !== 'rate_limited') this.#ports.failed(error)
        }
      }),
    )
  }

  fetchBlock(digest: Digest): void {
    const { machine } = this.#ports
    this.#ports.fetcher.pursue(
      `block/${digest}`,
      undefined,
      () => machine.wantsBlock(digest),
      () => ({ type: 'block', digest }),
      (peer, response): Attempt => {
        if (response.type !== 'block' || !response.block) return 'next'
        const block = decodeBlock(response.block)
        if (block.digest !== digest) {
          this.#ports.blame(peer, 'another block than asked for')
          return 'next'
        }
        this.#ports.pushFrom(peer, { type: 'block', block })
        return 'done'
      },
    )
  }

  fetchCertificate(view: number): void {
    const { core, machine, signatures } = this.#ports
    this.#ports.fetcher.pursue(
      `certificate/${view}`,
      undefined,
      () => isCertificateMissing(core, view),
      () => ({ type: 'certificates', view }),
      (peer, response): Attempt => {
        if (response.type !== 'certificates') return 'next'
        const isNews = (certificate: Certificate): boolean => machine.isWanted({ type: 'certificate', certificate })
        const certificates = response.certificates.map(decodeCertificate).filter(isNews)
        if (!certificates.every(certificate => signatures.certificate(certificate))) {
          this.#ports.blame(peer, 'a fetched certificate that does not hold')
          return 'next'
        }
        for (const certificate of certificates) this.#ports.pushFrom(peer, { type: 'certificate', certificate })
        // What came need not be what the core lacks: `wanted` ends the pursuit.
        return 'next'
      },
    )
  }

  /** Rule 8a: asks every other validator, each until it answers. */
  askHeldVotes(): void {
    const { genesis, self, core, pushFrom } = this.#ports
    genesis.validators.forEach((_, peer) => {
      if (peer === self) return
      this.#ports.fetcher.pursue(
        `held-votes/${peer}`,
        peer,
        () => !core.answered.has(peer),
        () => ({ type: 'heldVotes', validator: self }),
        (_peer, response): Attempt => {
          if (response.type !== 'heldVotes') return 'next'
          const held = response.held && this.#verifiedHeldVotes(response.held)
          if (response.held && !held) this.#ports.blame(peer, 'held votes that are not of this key')
          else pushFrom(peer, { type: 'heldVotes', from: peer, held })
          return 'done'
        },
        peer,
      )
    })
  }

  /** Votes of this node's own key in one view, or undefined where something about them is false. */
  #verifiedHeldVotes(held: HeldVotesBytes): HeldVotes | undefined {
    const { signatures, self, genesis } = this.#ports
    const votes = held.votes.map(decodeVote)
    const proposal = held.proposal && decodeProposal(held.proposal)
    const isOwn = votes.every(vote => vote.signer === self && vote.view === held.view && signatures.vote(vote))
    const isOwnProposal =
      !proposal ||
      (proposal.block.header.view === held.view &&
        leaderOf(held.view, genesis.validators.length) === self &&
        signatures.proposal(proposal))
    return isOwn && isOwnProposal ? { view: held.view, votes, proposal } : undefined
  }
}
