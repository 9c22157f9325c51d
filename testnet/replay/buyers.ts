// The users of a replay: honest ones are wallets as everybody has them, cheats sign by themselves and send it to the vendor.
import { randomBytes } from 'node:crypto'
import * as path from 'node:path'
import { identityOf } from '../../cli/common/actor-home.ts'
import { statOf } from '../../cli/common/files.ts'
import { type CallerIdentity, signedCall } from '../../cli/common/http.ts'
import { CertificateChecks } from '../../cli/common/identity.ts'
import { informationDigest } from '../../cli/common/information.ts'
import { type PresentedPayment, userPaymentToJson } from '../../cli/common/payment.ts'
import { readRuling } from '../../cli/common/rulings.ts'
import { serviceNamed } from '../../cli/common/services.ts'
import { openWalletHome } from '../../cli/user/home.ts'
import { createWallet } from '../../cli/user/operations.ts'
import { Wallet, type WalletHome } from '../../cli/user/wallet.ts'
import { checkWithdrawn } from '../../cli/user/withdrawn.ts'
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import { limits } from '../../proto/limits.ts'
import type { Ruling } from '../../proto/statements.ts'
import type { Purchase } from '../trace/trace.ts'
import { CheatingPurse } from './cheating-purse.ts'
import { fundUser, type ReplayedNetwork, sellAgain, type UserTrust } from './parties.ts'

/** What came of a purchase. */
export interface Told {
  readonly delivered: boolean
  /** It had to wait for its block's verdict. */
  readonly waited: boolean
  readonly reason: string | undefined
}

/** A user of a trace. */
export interface Buyer {
  readonly name: string
  /** Public key in hex. */
  readonly key: string
  readonly purchases: readonly Purchase[]
  /** Buys tokens of the bank. */
  withdraw(count: number): Promise<void>
  buy(purchase: Purchase, tokens: number): Promise<Told>
  /** What the auditor thinks of this user. */
  trust(): Promise<UserTrust>
  close(): Promise<void>
}

/** How long after its signature a payment is good. */
const deadlineMs = 600_000

const told = (ruling: Ruling | undefined, delivered: boolean, reason?: string): Told => ({
  delivered,
  waited: (ruling?.block ?? 0) !== 0,
  reason: delivered ? undefined : ruling?.reason || reason,
})

function refusalIn(error: unknown): string {
  if (!(error instanceof MupibError) || error.code !== 'refused') throw error
  return `vendor: ${String(error.fields.reason ?? error.code)}`
}

abstract class User {
  readonly name: string
  readonly purchases: readonly Purchase[]
  readonly key: string
  protected readonly home: WalletHome
  readonly #caller: CallerIdentity

  constructor(home: WalletHome, purchases: readonly Purchase[]) {
    this.home = home
    this.#caller = { identity: identityOf(home), checks: new CertificateChecks(home.roots) }
    this.name = home.name
    this.purchases = purchases
    this.key = toHex(home.key.publicKey)
  }

  protected ask<T>(name: string, role: 'bank' | 'auditor' | 'vendor', path: string, body?: unknown): Promise<T> {
    const peer = serviceNamed(this.home.servicesFile, name, role)
    return signedCall<T>(this.#caller, peer, body === undefined ? 'GET' : 'POST', path, body)
  }

  trust(): Promise<UserTrust> {
    return this.ask(this.home.own.auditor, 'auditor', `/trust/${this.key}`)
  }
}

class HonestBuyer extends User implements Buyer {
  readonly #wallet: Wallet
  readonly #network: ReplayedNetwork

  constructor(wallet: Wallet, network: ReplayedNetwork, purchases: readonly Purchase[]) {
    super(wallet.home, purchases)
    this.#wallet = wallet
    this.#network = network
  }

  async withdraw(count: number): Promise<void> {
    await this.#wallet.withdraw(count)
  }

  async buy({ vendor, item, price, behaviour }: Purchase): Promise<Told> {
    let { entry, problem } = await this.#wallet.pay({ vendor, item, price, deadlineMs })
    // the vendor answers after half a minute where the verdict takes longer: the wallet goes on asking
    while (entry.state === 'open' && problem === undefined) {
      const { outcomes } = await this.#wallet.recover()
      const again = outcomes.find(outcome => outcome.entry.number === entry.number)
      if (again?.entry.kind !== 'payment') throw new MupibError('bug', 'a payment that was lost')
      entry = again.entry
      problem = again.problem
    }
    const { payment, digest, ruling } = entry
    if (behaviour === 'replay' && entry.state === 'delivered')
      await sellAgain(this.#network, { certificate: this.home.certificate.der, payment }, digest)
    return told(ruling?.statement, entry.state === 'delivered', problem && refusalIn(problem))
  }

  close(): Promise<void> {
    return this.#wallet.close()
  }
}

class Cheat extends User implements Buyer {
  readonly #purse: CheatingPurse

  constructor(home: WalletHome, purchases: readonly Purchase[]) {
    super(home, purchases)
    this.#purse = new CheatingPurse(home.network, home.key)
  }

  async withdraw(count: number): Promise<void> {
    const order = { order: randomBytes(16).toString('hex'), count }
    const reply = await this.ask<Record<string, unknown>>(this.home.own.bank, 'bank', '/withdrawals', order)
    this.#purse.add(checkWithdrawn(reply, this.home, count).tokens)
  }

  async buy(purchase: Purchase, count: number): Promise<Told> {
    const { vendor, item, price, behaviour, doubleSpends } = purchase
    const { network, own, certificate } = this.home
    const time = Date.now()
    const nonce = randomBytes(16).toString('hex')
    const details = { vendor, auditor: own.auditor, item, price, nonce, deadline: time + deadlineMs }
    const information = informationDigest(network, details)
    const { payment, taken } = this.#purse.pay(behaviour, count, information, time, doubleSpends)
    const presented: PresentedPayment = { ...payment, holder: this.home.key.publicKey, details }
    const body = userPaymentToJson({ certificate: certificate.der, payment: presented })
    try {
      for (;;) {
        const said = await this.ask<{ ruling?: unknown }>(vendor, 'vendor', '/payments?wait=1', body)
        const ruling =
          said.ruling === undefined
            ? undefined
            : readRuling(said.ruling, this.home, own.auditor, payment.digest).statement
        if (!ruling || ruling.answer === 'wait') continue
        const delivered = ruling.answer === 'deliver'
        if (delivered) this.#purse.noteSpent(taken)
        else this.#purse.add(taken)
        return told(ruling, delivered)
      }
    } catch (error) {
      const reason = refusalIn(error)
      this.#purse.add(taken)
      return told(undefined, false, reason)
    }
  }

  async close(): Promise<void> {}
}

async function openHome({ files }: ReplayedNetwork, name: string): Promise<WalletHome> {
  if (!statOf(path.join(files.usersFolder, name, 'config.json'))) await createWallet(files.dir, name)
  return openWalletHome(files.dir, name)
}

/** Tokens that a price takes. Throws `bad_input` where it is no multiple of a token's value. */
export function tokensFor({ price, item }: Purchase, tokenValue: bigint): number {
  if (price % tokenValue !== 0n)
    throw new MupibError('bad_input', `the price ${price} of ${item} is no multiple of ${tokenValue}`, {
      hint: `a token of this bank is worth ${tokenValue}`,
    })
  return Number(price / tokenValue)
}

/** The users of a trace with their purchases in order: each has a folder in the network, a certificate, an account and the tokens it needs. */
export async function openBuyers(purchases: readonly Purchase[], network: ReplayedNetwork): Promise<Buyer[]> {
  const byName = new Map<string, Purchase[]>()
  for (const purchase of purchases) byName.set(purchase.user, [...(byName.get(purchase.user) ?? []), purchase])
  const run = randomBytes(8).toString('hex')
  return Promise.all(
    [...byName].map(async ([name, own]) => {
      const home = await openHome(network, name)
      const tokens = own.reduce((sum, purchase) => sum + tokensFor(purchase, network.tokenValue), 0)
      const worth = BigInt(tokens) * network.tokenValue
      await fundUser(network, home.certificate, worth, `replay ${run} of ${name}`)
      const isHonest = own.every(({ behaviour }) => behaviour === 'honest' || behaviour === 'replay')
      const buyer = isHonest ? new HonestBuyer(await Wallet.open({ home }), network, own) : new Cheat(home, own)
      for (let left = tokens; left > 0; left -= limits.publicationTokens)
        await buyer.withdraw(Math.min(left, limits.publicationTokens))
      return buyer
    }),
  )
}
