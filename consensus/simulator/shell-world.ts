// What the nodes of a schedule share, how one is set up, and how a planted bug makes its shell do its duty wrongly.
import type { Certificate, Proposal } from '../../proto/chain.ts'
import type { Digest } from '../../proto/hash.ts'
import type { Observation } from '../invariants/invariant.ts'
import type { CoreConfig, FinalBlock, JournalEntry, Restored } from '../types.ts'
import type { ApplicationFactory } from './application.ts'
import type { Events } from './events.ts'
import type { Keyring } from './keyring.ts'
import type { Machine } from './machine.ts'
import type { Network } from './network.ts'
import type { Random } from './random.ts'
import type { Trace } from './trace.ts'

/** What clocks show when a schedule begins. */
export const epoch = 1_700_000_000_000

/** Test-only ways in which a shell can be made to do its duty wrongly: the planted bugs. */
export interface ShellSwitches {
  /** Changes what is written, and whether it is synced. */
  readonly persist?: (
    entries: readonly JournalEntry[],
    urgent: boolean,
  ) => { entries: readonly JournalEntry[]; urgent: boolean }
  /** Records' bytes are not written with a block. */
  readonly omitsBodies?: boolean
  /** A final block's state is synced at once, the block itself with the next sync. */
  readonly storesStateFirst?: boolean
  /** Pending records are not announced. */
  readonly isSilentOnRecords?: boolean
  /** Everything is fetched from this one peer. */
  readonly fetchesOnlyFrom?: (self: number) => number
  /** Signatures that a certificate needs. */
  readonly certificateQuorum?: number
  /** Certificates are taken unverified. */
  readonly takesAnyCertificate?: boolean
  /** Blocks answered to a catch-up are not checked against their certificate. */
  readonly takesAnyChain?: boolean
  /** The machine is told the outcome that others came to. */
  readonly trustsOutcomes?: boolean
}

/** What all nodes of a schedule share. */
export interface ShellWorld {
  readonly events: Events
  readonly network: Network
  readonly keyring: Keyring
  readonly trace: Trace
  readonly factory: ApplicationFactory
  readonly genesis: FinalBlock
  readonly size: number
  readonly retryMs: number
  readonly announceMs: number
  observe(observation: Observation): void
  /** An honest node broke its contract with the shell. */
  complain(node: number, error: unknown): void
  isHonest(node: number): boolean
  /** What an application without fault came to, for the switch `trustsOutcomes`. */
  trueOutcomes: Map<Digest, Digest>
}

export interface ShellOptions {
  readonly index: number
  readonly config: CoreConfig
  readonly random: Random
  readonly create: (config: CoreConfig, restored: Restored) => Machine
  readonly switches: ShellSwitches
  readonly skewMs: number
  /** How long a synced write and an execution take, in milliseconds. */
  readonly diskMs: number
  readonly executeMs: number
  readonly rotsAt: number | undefined
}

export type CrashKind = 'power' | 'kill'

/** The checks of a node's shell before anything signed comes in; a planted bug may make them lax. */
export interface Verifier {
  certificate(certificate: Certificate): boolean
  proposal(proposal: Proposal): boolean
}

export function createVerifier(keyring: Keyring, switches: ShellSwitches): Verifier {
  const { certificateQuorum, takesAnyCertificate } = switches
  const certificate = (said: Certificate): boolean =>
    takesAnyCertificate || keyring.certificate(said, certificateQuorum)
  return {
    certificate,
    proposal: proposal =>
      keyring.proposalSignature(proposal) &&
      (proposal.parentCertificate === undefined || certificate(proposal.parentCertificate)) &&
      proposal.nullifications.every(said => said.kind === 'nullify' && certificate(said)),
  }
}
