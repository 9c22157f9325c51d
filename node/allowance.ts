// How many tokens a leader takes of one client into a proposal. A token that is not what was published costs every validator a signature
// check, a thousand times the price of a match: a client must have shown as many good tokens before, or a view could be made to outlast its
// timeout at will. Local to each leader; nothing depends on two of them thinking alike.
import { decodeTransactionVerdict } from '../proto/verdict.ts'
import type { Answer } from './ledger/leaves.ts'

// Bad tokens in one block for which nobody is suspected, and beyond it the share of a client's tokens.
const tolerated = 64
const toleratedShare = 1 / 8
const provenMost = 1 << 17

/** Tokens of one record, whose it was. */
export interface Shown {
  readonly client: string
  readonly tokens: number
  readonly answer: Answer
}

export class Allowances {
  readonly #proven = new Map<string, number>()

  /** Tokens of a client that may be taken without counting as untried. */
  provenOf(client: string): number {
    return this.#proven.get(client) ?? 0
  }

  /** Learns from a final block. `bad`: tokens in it that were not valid. */
  learn(shown: readonly Shown[], bad: number): void {
    const clients = new Map<string, { tokens: number; bad: number }>()
    for (const { client, tokens, answer } of shown) {
      const sum = clients.get(client) ?? { tokens: 0, bad: 0 }
      sum.tokens += tokens
      // Reading every verdict costs more than it is worth where all are good.
      if (bad > tolerated) sum.bad += badIn(answer)
      clients.set(client, sum)
    }
    for (const [client, { tokens, bad }] of clients) {
      if (bad > tolerated && bad > tokens * toleratedShare) this.#proven.delete(client)
      else this.#proven.set(client, Math.min(provenMost, this.provenOf(client) + tokens - bad))
    }
  }
}

function badIn({ transactions }: Answer): number {
  let bad = 0
  for (const leaf of transactions)
    for (const { verdict } of decodeTransactionVerdict(leaf).tokens) if (verdict !== '11') bad++
  return bad
}
