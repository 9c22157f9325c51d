// What clients, the till, the bank and auditors say to each other of sessions.
import type { OpeningRequest } from '../../../cli/bank/session-rules.ts'
import type { ClientMessage, VendorMessage } from '../../../cli/channel/messages.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { SessionClaim } from '../../../proto/session/claims.ts'
import type { Misconduct } from '../../../proto/session/misconduct.ts'
import type { SessionSignatures, SessionTerms } from '../../../proto/session/terms.ts'

export type StreamMessage = ClientMessage | VendorMessage

/** Frame `place` of a connection, which its client has numbered. */
export interface Frame {
  readonly type: 'frame'
  readonly session: Digest
  readonly connection: number
  readonly place: number
  readonly message: StreamMessage
}

export type SessionLetter =
  | { readonly type: 'offer'; readonly terms: SessionTerms; readonly signature: Uint8Array }
  | { readonly type: 'accepted'; readonly session: Digest; readonly signature: Uint8Array }
  | ({ readonly type: 'openSession' } & OpeningRequest)
  /** The bank's answer once its signature may go out. */
  | { readonly type: 'signed'; readonly session: Digest; readonly signatures: SessionSignatures }
  /** An opening that all have signed, for whoever carries records. */
  | { readonly type: 'carryOpening'; readonly terms: SessionTerms; readonly signatures: SessionSignatures }
  | { readonly type: 'closeSession'; readonly terms: SessionTerms; readonly claim: SessionClaim }
  /** An opening (where there is no claim) or a claim is not taken, or the ledger refused it. */
  | {
      readonly type: 'refusedSession'
      readonly session: Digest
      readonly claim: SessionClaim | undefined
      readonly code: string
    }
  | { readonly type: 'misconduct'; readonly terms: SessionTerms; readonly misconduct: Misconduct }
  | { readonly type: 'noted'; readonly session: Digest }
  | Frame
