// What a validator's core is made with: the network's rules, its own place and its signatures.
import type { CoreConfig } from '../consensus/types.ts'
import { signProposal, signVote } from '../proto/chain.ts'
import type { Genesis } from '../proto/genesis.ts'
import type { SigningKey } from '../proto/keys.ts'
import type { Home } from './home.ts'

export function coreConfigOf(home: Home, { timing, validators }: Genesis, self: number, key: SigningKey): CoreConfig {
  const { network, genesis } = home
  const signer: CoreConfig['signer'] = {
    vote: ballot => signVote(network, ballot, self, key),
    proposal: block => signProposal(network, block, key),
  }
  const first = { block: genesis.block, outcome: genesis.outcome }
  return { network, validators: validators.length, self, timing, signer, genesis: first }
}
