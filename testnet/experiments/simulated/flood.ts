// Floods: an auditor that hands in one block after the other of a user that nobody knows, or somebody who sends bytes that are nothing.

import type { Events } from '../../../consensus/simulator/events.ts'
import type { Network } from '../../../consensus/simulator/network.ts'
import type { Random } from '../../../consensus/simulator/random.ts'
import { epoch } from '../../../consensus/simulator/shell-world.ts'
import { layOutTokens } from '../../../node/ledger/form.ts'
import { type Digest, zeroDigest } from '../../../proto/hash.ts'
import { signRecord, type TokenBlock } from '../../../proto/records.ts'
import { certificateOf, keyOf, ledgerNetwork, tokenValue } from './parties.ts'
import type { Letter } from './party.ts'
import { issueTokens, plainPayment } from './tokens.ts'

export interface FloodOptions {
  readonly events: Events
  readonly network: Network
  readonly validators: number
  readonly random: Random
  post(from: string, to: string, letter: Letter): void
}

const everyMs = 50
const garbageBytes = 200
const hourMs = 3_600_000

export class Flood {
  readonly #options: FloodOptions
  #number = 0
  #previous: Digest = zeroDigest

  constructor(options: FloodOptions) {
    this.#options = options
  }

  /** Begins to flood; the function returned ends it. */
  begin(by: 'auditor' | 'user' | 'validator' | 'stranger', what: string, perSecond: number): () => void {
    let isOver = false
    const send = (): void => {
      if (isOver) return
      for (let i = 0; i < Math.ceil((perSecond * everyMs) / 1_000); i++) this.#one(by, what)
      this.#options.events.after(everyMs, send)
    }
    send()
    return () => {
      isOver = true
    }
  }

  #one(by: string, what: string): void {
    const { random, validators, network, post } = this.#options
    const to = random.below(validators)
    if (what === 'requests') {
      post('a stranger', `v${to + 1}`, { type: 'follow', from: 1 })
      return
    }
    const bytes = by === 'auditor' && what === 'records' ? this.#record() : this.#garbage()
    if (by === 'validator') network.send((to + 1) % validators, to, { type: 'record', bytes })
    else post('a stranger', `v${to + 1}`, { type: 'submit', bytes })
  }

  #garbage(): Uint8Array {
    return Uint8Array.from({ length: garbageBytes }, () => this.#options.random.below(256))
  }

  /** A token block that is in order but for its tokens, which no bank signed. */
  #record(): Uint8Array {
    this.#number += 1
    const user = keyOf('a flooding user').publicKey
    const times = { issuedAt: epoch, payBy: epoch + hourMs, expiry: epoch + hourMs }
    const bank = certificateOf('bank').fingerprint
    const group = { bank, publication: 2_000_000, value: tokenValue, ...times, holder: user }
    const tokens = issueTokens(group, this.#number, 1, keyOf('a forger'))
    const { groups, transactions } = layOutTokens([
      plainPayment('a flooding user', tokens, `flood ${this.#number}`, epoch),
    ])
    const content: TokenBlock = {
      kind: 'tokenBlock',
      network: ledgerNetwork,
      signer: certificateOf('auditor').fingerprint,
      number: this.#number,
      previous: this.#previous,
      user,
      pending: false,
      terms: this.#number === 1 ? { w0: 100, model: 'neutral', rounding: 'floor' } : undefined,
      groups,
      transactions,
    }
    const signed = signRecord(content, keyOf('auditor'))
    this.#previous = signed.digest
    return signed.bytes
  }
}
