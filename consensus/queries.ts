// What a shell may ask a core between steps. Nothing here changes it.
import type { Certificate, Proposal, Vote } from '../proto/chain.ts'
import type { Digest } from '../proto/hash.ts'
import { type Core, entryCertificates, finalView, isInWindow, leaderAt, type Signing, sameBallot } from './state.ts'
import { certificateOf, votersOf } from './tally.ts'
import type { HeldVotes, Message } from './types.ts'

/** Newest votes held of a validator: the answer to its `askHeldVotes`. */
export const heldVotesOf = (core: Core, validator: number): HeldVotes | undefined => core.newest.get(validator)

/** Answers a peer's `fetchCertificate`: what leads out of the view, or the newest finalization where the view is decided. */
export function certificatesFor(core: Core, view: number): Certificate[] {
  if (view <= finalView(core)) return core.final.certificate ? [core.final.certificate] : []
  return entryCertificates(core, view + 1)
}

/** True while an answer to `fetchCertificate` may still help: the view is neither decided, nor left with its nullification held. */
export const isCertificateMissing = (core: Core, view: number): boolean =>
  view > finalView(core) && (view >= core.view || !core.rounds.get(view)?.nullification)

/** True while an answer to `fetchBlock` is waited for. */
export const isBlockMissing = (core: Core, digest: Digest): boolean => core.fetching.has(digest)

/**
 * False where a message would change nothing, so that its signatures need no check: a certificate of a kind and view that is held, a
 * vote counted before or of a decided view. A repeated Nullify is wanted once per timeout (rule 5c).
 */
export function isWanted(core: Core, message: Message): boolean {
  if (message.type === 'proposal') return isProposalWanted(core, message.proposal)
  if (message.type === 'certificate') return isCertificateWanted(core, message.certificate)
  return isVoteWanted(core, message.vote)
}

function isProposalWanted(core: Core, { block, parentCertificate, nullifications }: Proposal): boolean {
  const { view } = block.header
  if (view <= finalView(core)) return false
  if (core.rounds.get(view)?.proposal?.block.digest !== block.digest) return true
  return [parentCertificate, ...nullifications].some(attached => attached && isCertificateWanted(core, attached))
}

function isCertificateWanted(core: Core, certificate: Certificate): boolean {
  if (certificate.view < finalView(core)) return false
  if (certificate.view === finalView(core)) {
    return certificate.kind === 'finalize' && certificate.digest !== core.final.block.digest
  }
  const round = core.rounds.get(certificate.view)
  const held = round && certificateOf(round, certificate.kind)
  return !held || (certificate.kind === 'finalize' && held.digest !== certificate.digest)
}

function isVoteWanted(core: Core, vote: Vote): boolean {
  if (vote.signer === core.config.self) return false
  const held = core.rounds.get(vote.view)?.votes.get(vote.signer)?.[vote.kind]
  const isNews = vote.view > finalView(core) && !(held && sameBallot(held, vote))
  if (isNews && (isInWindow(core, vote.view) || vote.view > (core.newest.get(vote.signer)?.view ?? 0))) return true
  return vote.kind === 'nullify' && !wasAssistedLately(core, vote.signer)
}

function wasAssistedLately(core: Core, validator: number): boolean {
  const assistedAt = core.assistedAt.get(validator)
  return assistedAt !== undefined && core.elapsed < assistedAt + core.config.timing.timeoutMs
}

/** For status and logs: where the vote stands, and who has not voted. */
export interface CoreStatus {
  readonly view: number
  readonly leader: number
  readonly finalHeight: number
  readonly finalView: number
  readonly signing: Signing
  readonly signFrom: number
  readonly proposed: boolean
  /** What each validator voted for: where outcomes differ, this shows whose. */
  readonly notarized: readonly { readonly validator: number; readonly digest: Digest; readonly outcome: Digest }[]
  readonly nullified: readonly number[]
  /** Validators of which no vote came in this view. */
  readonly silent: readonly number[]
}

export function statusOf(core: Core): CoreStatus {
  const { view, signing, signFrom } = core
  const round = core.rounds.get(view)
  const validators = [...Array(core.config.validators).keys()]
  return {
    view,
    leader: leaderAt(core, view),
    finalHeight: core.final.block.header.height,
    finalView: finalView(core),
    signing,
    signFrom,
    proposed: round?.proposal !== undefined,
    notarized: votersOf(round, 'notarize').flatMap(validator => {
      const vote = round?.votes.get(validator)?.notarize
      return vote ? [{ validator, digest: vote.digest, outcome: vote.outcome }] : []
    }),
    nullified: votersOf(round, 'nullify'),
    silent: validators.filter(validator => !round?.votes.has(validator)),
  }
}
