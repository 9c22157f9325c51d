// Who may connect: validators and the authority by genesis, banks and auditors by the final state. Kept as a table, for the gate is asked often.
import type { Genesis } from '../proto/genesis.ts'
import { peerIdOf } from '../proto/peer-id.ts'
import { listMembers } from './ledger/queries.ts'
import type { StateReader } from './ledger/state.ts'
import type { PeerRole } from './network/host.ts'

interface Entry {
  readonly role: PeerRole
  readonly name: string
  readonly notAfter: number
}

export class AdmissionList {
  readonly #genesis: Genesis
  readonly #now: () => number
  #entries = new Map<string, Entry>()

  constructor(genesis: Genesis, state: StateReader, now: () => number) {
    this.#genesis = genesis
    this.#now = now
    this.refresh(state)
  }

  /** Reads the members anew, after a membership or a revocation; returns peer ids that may no longer connect. */
  refresh(state: StateReader): string[] {
    const before = this.#entries
    const always = Number.MAX_SAFE_INTEGER
    const entries = new Map<string, Entry>()
    for (const { name, peerId } of this.#genesis.validators)
      entries.set(peerId, { role: 'validator', name, notAfter: always })
    entries.set(this.#genesis.authority.peerId, { role: 'authority', name: 'authority', notAfter: always })
    for (const { name, role, endedFrom, certificates } of listMembers(state)) {
      if ((role !== 'bank' && role !== 'auditor') || endedFrom !== 0) continue
      for (const { publicKey, deadFrom, notAfter } of certificates)
        if (deadFrom === 0) entries.set(peerIdOf(publicKey), { role, name, notAfter })
    }
    this.#entries = entries
    return [...before.keys()].filter(peerId => !entries.has(peerId))
  }

  /** Role of a peer that may connect now. A certificate past its time is no way in, though only block time judges records. */
  roleOf(peerId: string): PeerRole | undefined {
    const entry = this.#entries.get(peerId)
    return entry && this.#now() <= entry.notAfter ? entry.role : undefined
  }

  nameOf(peerId: string): string | undefined {
    return this.#entries.get(peerId)?.name
  }
}
