// All dishonest clients and vendors of sessions, by name.
import { badLock } from './bad-lock.ts'
import type { DishonestClient, DishonestVendor } from './behaviour.ts'
import { lyingVendor } from './lying-vendor.ts'
import { oldClose } from './old-close.ts'
import { replayedSession } from './replayed-session.ts'
import { stolenWord } from './stolen-word.ts'
import { twoPayments } from './two-payments.ts'
import { vanishingClient } from './vanishing-client.ts'
import { vanishingVendor } from './vanishing-vendor.ts'

export const dishonestClients = {
  vanishes: vanishingClient,
  'closes-old': oldClose,
  'bad-lock': badLock,
  'two-payments': twoPayments,
  'replays-session': replayedSession,
} as const satisfies Record<string, DishonestClient>
export type ClientBehaviour = 'honest' | keyof typeof dishonestClients

export const dishonestVendors = {
  vanishes: vanishingVendor,
  'claims-too-much': lyingVendor,
  'steals-word': stolenWord,
} as const satisfies Record<string, DishonestVendor>
export type VendorBehaviour = 'honest' | keyof typeof dishonestVendors

/** Clients that have the opening of a session that is over carried once more, by another than their bank. */
export const reopeningClients: ReadonlySet<ClientBehaviour> = new Set<ClientBehaviour>(['replays-session'])
