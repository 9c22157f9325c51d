// All adversaries by name. Each is a pure wrapper of `step` that has the keys of its own validator only.
import type { Wrap } from '../simulator/machine.ts'
import { equivocatingProposer } from './equivocating-proposer.ts'
import { equivocatingVoter } from './equivocating-voter.ts'
import { flooder } from './flooder.ts'
import { forger } from './forger.ts'
import { invalidProposer } from './invalid-proposer.ts'
import { lyingPeer } from './lying-peer.ts'
import { replayer } from './replayer.ts'
import { selectiveSender } from './selective-sender.ts'
import { silent } from './silent.ts'
import { twin } from './twin.ts'
import { withholder } from './withholder.ts'

export const adversaries = {
  twin,
  'equivocating-proposer': equivocatingProposer,
  'equivocating-voter': equivocatingVoter,
  withholder,
  'selective-sender': selectiveSender,
  replayer,
  forger,
  'invalid-proposer': invalidProposer,
  'lying-peer': lyingPeer,
  flooder,
  silent,
} as const satisfies Record<string, Wrap>

export type AdversaryName = keyof typeof adversaries

export const adversaryNames = Object.keys(adversaries) as readonly AdversaryName[]

export const isAdversaryName = (name: string): name is AdversaryName => name in adversaries
