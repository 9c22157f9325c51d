// What a dishonest party of a session is: a pure wrapper of the honest rules, which has its own keys only. One is made for each party, and sees all
// of that party's sessions.
import type { ClientContext, ClientEvent, ClientState, ClientStep } from '../../cli/channel/client-rules.ts'
import type { VendorContext, VendorEvent, VendorState, VendorStep } from '../../cli/channel/vendor-rules.ts'
import type { SessionTerms } from '../../proto/session/terms.ts'

/** How a client decides: `stepClient`, or what stands around it. */
export type ClientRule = (context: ClientContext, state: ClientState, event: ClientEvent) => ClientStep
/** How a vendor decides: `stepVendor`, or what stands around it. */
export type VendorRule = (context: VendorContext, state: VendorState, event: VendorEvent) => VendorStep

export type DishonestClient = (honest: ClientRule) => ClientRule
export type DishonestVendor = (honest: VendorRule) => VendorRule

/** The payment at which they begin, so that there is something to lose before it and after it. */
export const turningPoint = ({ paymentsMax }: Pick<SessionTerms, 'paymentsMax'>): number => Math.ceil(paymentsMax / 2)
