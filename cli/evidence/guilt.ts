// Checks evidence: does it hold, and who cheated? Pure, offline, from the genesis alone.
import type { Certificate } from '../../proto/certificates.ts'
import { type Genesis, genesisHash } from '../../proto/genesis.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Claim, Evidence, Guilt } from './claims.ts'
import { type Court, openCourt, proving } from './court.ts'
import { evidenceId, evidenceToJson } from './guilt-file.ts'
import {
  brokenRuling,
  doubleSelling,
  expiredInQueue,
  forgery,
  shownPayload,
  stolenPayload,
  unshownPayload,
} from './party-guilt.ts'
import { contestedClose, sessionMisconduct } from './session-guilt.ts'
import { bankTwoTokens, bankUnpublished, doubleSpending } from './token-guilt.ts'
import { numberReuse, twoProposals, twoVotes } from './validator-guilt.ts'

function judge(court: Court, claim: Claim): Guilt {
  switch (claim.kind) {
    case 'double_selling':
      return doubleSelling(court, claim)
    case 'stolen_payload':
      return stolenPayload(court, claim)
    case 'double_spending':
      return doubleSpending(court, claim)
    case 'forgery':
      return forgery(court, claim)
    case 'bank_unpublished':
      return bankUnpublished(court, claim)
    case 'bank_two_tokens':
      return bankTwoTokens(court, claim)
    case 'expired_in_queue':
      return expiredInQueue(court, claim)
    case 'unshown_payload':
      return unshownPayload(court, claim)
    case 'shown_payload':
      return shownPayload(court, claim)
    case 'broken_ruling':
      return brokenRuling(court, claim)
    case 'two_votes':
      return twoVotes(court, claim)
    case 'two_proposals':
      return twoProposals(court, claim)
    case 'number_reuse':
      return numberReuse(court, claim)
    case 'conflicting_payments':
    case 'bad_lock':
      return sessionMisconduct(court, claim)
    case 'contested_close':
      return contestedClose(court, claim)
  }
}

/** What evidence proves. Throws `bad_proof` with the reason where it does not hold. */
export function verifyEvidence({ network, certificates, claim }: Evidence, genesis: Genesis): Guilt {
  return proving('evidence', () => judge(openCourt(network, certificates, genesis), claim))
}

/** A claim that holds, as it is kept and handed on. */
export interface Finding {
  /** SHA-256 of the canonical JSON. */
  readonly id: Digest
  /** The whole evidence file. */
  readonly json: string
  readonly guilt: Guilt
}

/**
 * Makes evidence of a claim with the certificates of those who signed (and of the user who is accused); those of genesis need not be given.
 * Throws `bad_proof` where the claim does not hold: nobody is accused without proof.
 */
export function createFinding(claim: Claim, certificates: readonly Certificate[], genesis: Genesis): Finding {
  const known = new Set(genesis.members.map(member => member.certificate.fingerprint))
  const needed = new Map(
    certificates.filter(({ facts }) => !known.has(facts.fingerprint)).map(({ facts, der }) => [facts.fingerprint, der]),
  )
  const evidence = { network: genesisHash(genesis), certificates: [...needed.values()], claim }
  return { id: evidenceId(evidence), json: evidenceToJson(evidence), guilt: verifyEvidence(evidence, genesis) }
}
