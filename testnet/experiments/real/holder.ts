// Somebody who holds tokens and signs with them by itself, without a wallet's scruples: cheats, and whoever speaks to the ledger directly.
import { randomBytes } from 'node:crypto'
import { identityOf } from '../../../cli/common/actor-home.ts'
import { type CallerIdentity, signedCall } from '../../../cli/common/http.ts'
import { CertificateChecks } from '../../../cli/common/identity.ts'
import { paymentDigest } from '../../../cli/common/payment.ts'
import { serviceNamed } from '../../../cli/common/services.ts'
import { openWalletHome } from '../../../cli/user/home.ts'
import { createWallet } from '../../../cli/user/operations.ts'
import type { WalletHome } from '../../../cli/user/wallet.ts'
import { checkWithdrawn } from '../../../cli/user/withdrawn.ts'
import type { LooseToken } from '../../../node/ledger/form.ts'
import type { Digest } from '../../../proto/hash.ts'
import { limits } from '../../../proto/limits.ts'
import { signPayload } from '../../../proto/token.ts'
import type { LoosePayment } from '../../replay/cheating-purse.ts'
import { fundUser, type ReplayedNetwork } from '../../replay/parties.ts'

export const serialOf = ({ group, index }: LooseToken): string => `bank-${group.publication}-${index}`

export class Holder {
  readonly home: WalletHome
  readonly #caller: CallerIdentity
  /** Everything that the bank ever handed out to it. */
  readonly withdrawn: LooseToken[] = []

  private constructor(home: WalletHome, signal: AbortSignal) {
    this.home = home
    this.#caller = { identity: identityOf(home), checks: new CertificateChecks(home.roots), signal }
  }

  /** Makes a user of the network with so many tokens. */
  static async open(network: ReplayedNetwork, name: string, tokens: number, signal: AbortSignal): Promise<Holder> {
    await createWallet(network.files.dir, name)
    const holder = new Holder(openWalletHome(network.files.dir, name), signal)
    await fundUser(network, holder.home.certificate, BigInt(tokens) * network.tokenValue, `experiment: ${name}`)
    for (let left = tokens; left > 0; left -= limits.publicationTokens)
      await holder.#withdraw(Math.min(left, limits.publicationTokens))
    return holder
  }

  ask<T>(name: string, role: 'bank' | 'auditor' | 'vendor', path: string, body?: unknown): Promise<T> {
    const peer = serviceNamed(this.home.servicesFile, name, role)
    return signedCall<T>(this.#caller, peer, body === undefined ? 'GET' : 'POST', path, body)
  }

  async #withdraw(count: number): Promise<void> {
    const order = { order: randomBytes(16).toString('hex'), count }
    const reply = await this.ask<Record<string, unknown>>(this.home.own.bank, 'bank', '/withdrawals', order)
    this.withdrawn.push(...checkWithdrawn(reply, this.home, count).tokens)
  }

  sign(tokens: readonly LooseToken[], information: Digest, time: number): LoosePayment {
    const digest = paymentDigest(this.home.network, { time, information, tokens })
    return { time, information, tokens, digest, signature: signPayload(digest, this.home.key) }
  }
}
