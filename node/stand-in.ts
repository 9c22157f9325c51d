// What may take part in a core's place: for tests of a network, whose code starts a validator in its own process. No setting leads here.
import type { Machine } from '../consensus/machine.ts'
import type { CoreConfig, Restored } from '../consensus/types.ts'
import type { FetchRequest, FetchResponse } from '../proto/wire/codec.ts'

/** May change what is answered to a validator. */
export type FetchAnswer = (request: FetchRequest, honest: FetchResponse, from: number) => FetchResponse

/** What votes, and what answers. */
export interface StandIn {
  readonly machine: Machine
  readonly answer?: FetchAnswer | undefined
}

export type StandInFor = (honest: Machine, config: CoreConfig, restored: Restored) => StandIn
