// The users of an experiment: wallets as everybody has them, and cheats that sign by themselves. Each takes payments that are due, never waits for
// one with the next, and says of every payment what came of it in the end.

import { randomBytes } from 'node:crypto'
import * as path from 'node:path'
import { readJson } from '../../../cli/common/files.ts'
import { informationDigest } from '../../../cli/common/information.ts'
import { type PresentedPayment, userPaymentToJson } from '../../../cli/common/payment.ts'
import { readRuling } from '../../../cli/common/rulings.ts'
import type { PaymentEntry } from '../../../cli/user/entries.ts'
import { openWalletHome } from '../../../cli/user/home.ts'
import { createWallet } from '../../../cli/user/operations.ts'
import { Wallet } from '../../../cli/user/wallet.ts'
import { MupibError } from '../../../proto/errors.ts'
import type { Ruling } from '../../../proto/statements.ts'
import { writeJson } from '../../folders.ts'
import { CheatingPurse, type MadePayment } from '../../replay/cheating-purse.ts'
import { fundUser, type ReplayedNetwork, sellAgain } from '../../replay/parties.ts'
import { Holder } from './holder.ts'
import type { Recorder } from './recorder.ts'
import { pause } from './schedule.ts'

export type Cheat = 'doubleSpend' | 'altered' | 'forged' | 'doubleSelling' | 'twoVendors'

/** How long after its signature a payment is good: longer than a process takes to be started again on a busy machine. */
const deadlineMs = 20_000
/** Between two looks at what is open. */
const recoverEveryMs = 500
/** Payments of one user under way: more are left out, as by somebody who waits. */
const underWayMax = 6

export interface Wish {
  readonly vendor: string
  readonly tokens: number
  readonly cheat: Cheat | undefined
}

/** What users share. */
export interface UserSettings {
  readonly network: ReplayedNetwork
  readonly recorder: Recorder
  readonly vendors: readonly string[]
  readonly auditors: readonly string[]
  /** Ends every wait. */
  readonly closing: AbortSignal
}

export interface ExperimentUser {
  readonly name: string
  /** Makes a payment that is due; false where too many are under way or no tokens are left. */
  pay(wish: Wish): boolean
  /** Nothing of it is under way or open. */
  readonly isIdle: boolean
  /** Tokens that it has and that nobody consumed, by its own books or, for a cheat, by the ledger's. */
  held(isConsumed: (serial: string) => boolean): { readonly held: number; readonly queued: number }
  close(): Promise<void>
}

interface Begun {
  readonly wish: Wish
  readonly since: number
}

/** `claim`: ruled on, and the vendor owes its receipt. */
const isOpen = ({ state }: PaymentEntry): boolean => state === 'open' || state === 'claim'

/** Failures of others are no reason to stop. */
const isPassing = (error: unknown): boolean => error instanceof MupibError && error.code !== 'bug'

export class WalletUser implements ExperimentUser {
  readonly name: string
  readonly #wallet: Wallet
  readonly #settings: UserSettings
  readonly #open = new Map<number, Begun>()
  readonly #recovering: Promise<void>
  #underWay = 0

  private constructor(wallet: Wallet, settings: UserSettings) {
    this.name = wallet.home.name
    this.#wallet = wallet
    this.#settings = settings
    this.#recovering = this.#recoverOnAndOn()
  }

  static async open(name: string, auditor: string, tokens: number, settings: UserSettings): Promise<WalletUser> {
    const { network } = settings
    await createWallet(network.files.dir, name)
    const configFile = path.join(network.files.usersFolder, name, 'config.json')
    writeJson(configFile, { ...(readJson(configFile, 'bad_config') as object), auditor })
    const home = openWalletHome(network.files.dir, name)
    await fundUser(network, home.certificate, BigInt(tokens) * network.tokenValue, `experiment: ${name}`)
    const wallet = await Wallet.open({ home })
    try {
      await wallet.withdraw(tokens)
    } catch (error) {
      await wallet.close()
      throw error
    }
    return new WalletUser(wallet, settings)
  }

  get isIdle(): boolean {
    return this.#underWay === 0 && this.#wallet.book.openEntries.length === 0
  }

  pay(wish: Wish): boolean {
    if (this.#underWay + this.#open.size >= underWayMax) return false
    this.#underWay += 1
    void this.#pay(wish).finally(() => {
      this.#underWay -= 1
    })
    return true
  }

  async #pay(wish: Wish): Promise<void> {
    const { vendor, tokens } = wish
    const since = performance.now()
    const price = BigInt(tokens) * this.#settings.network.tokenValue
    try {
      const { entry } = await this.#wallet.pay({ vendor, item: `item at ${price}`, price, deadlineMs })
      if (isOpen(entry)) this.#open.set(entry.number, { wish, since })
      else await this.#tell(entry, { wish, since })
    } catch (error) {
      // nothing was signed: the vendor was away, or the wallet is empty
      if (!isPassing(error)) this.#bug(error)
    }
  }

  async #recoverOnAndOn(): Promise<void> {
    const { closing } = this.#settings
    while (!closing.aborted) {
      await pause(recoverEveryMs, closing)
      if (this.#wallet.book.openEntries.length === 0) continue
      try {
        const { outcomes } = await this.#wallet.recover()
        for (const { entry } of outcomes) {
          const begun = this.#open.get(entry.number)
          if (!begun || entry.kind !== 'payment' || isOpen(entry)) continue
          this.#open.delete(entry.number)
          await this.#tell(entry, begun)
        }
      } catch (error) {
        if (!isPassing(error)) this.#bug(error)
      }
    }
  }

  async #tell(entry: PaymentEntry, { wish, since }: Begun): Promise<void> {
    const { digest, ruling, payment, state } = entry
    const isDelivered = state !== 'rejected'
    this.#settings.recorder.see({
      type: 'payment',
      user: this.name,
      vendor: wish.vendor,
      payment: digest,
      tokens: payment.tokens.length,
      behaviour: wish.cheat ?? 'honest',
      outcome: isDelivered ? 'delivered' : 'rejected',
      waited: (ruling?.statement.block ?? 0) !== 0,
      waitedMs: Math.round(performance.now() - since),
    })
    if (wish.cheat !== 'doubleSelling' || !isDelivered) return
    const given = { certificate: this.#wallet.home.certificate.der, payment }
    await sellAgain(this.#settings.network, given, digest).catch(() => {})
  }

  #bug(error: unknown): void {
    this.#settings.recorder.see({ type: 'bug', node: this.name, text: String((error as Error).stack ?? error) })
  }

  held(isConsumed: (serial: string) => boolean): { held: number; queued: number } {
    let held = 0
    let queued = 0
    for (const { group, index, state } of this.#wallet.book.tokens.values()) {
      if (state.kind === 'free') held += 1
      else if (!isConsumed(`bank-${group.publication}-${index}`)) queued += 1
    }
    return { held, queued }
  }

  async close(): Promise<void> {
    for (const [number, { wish, since }] of this.#open) {
      const entry = this.#wallet.book.openEntries.find(candidate => candidate.number === number)
      if (entry?.kind !== 'payment') continue
      this.#settings.recorder.see({
        type: 'payment',
        user: this.name,
        vendor: wish.vendor,
        payment: entry.digest,
        tokens: entry.payment.tokens.length,
        behaviour: wish.cheat ?? 'honest',
        outcome: 'unknown',
        waited: true,
        waitedMs: Math.round(performance.now() - since),
      })
    }
    await this.#wallet.close()
    await this.#recovering
  }
}

const behaviours = { doubleSpend: 'double-spend', altered: 'altered', forged: 'forged' } as const

/** A user who cheats: hands vendors payments that no wallet would sign. */
export class CheatingUser implements ExperimentUser {
  readonly name: string
  readonly #holder: Holder
  readonly #purse: CheatingPurse
  readonly #settings: UserSettings
  #underWay = 0

  private constructor(holder: Holder, settings: UserSettings) {
    this.name = holder.home.name
    this.#holder = holder
    this.#settings = settings
    this.#purse = new CheatingPurse(holder.home.network, holder.home.key)
    this.#purse.add(holder.withdrawn)
  }

  static async open(name: string, tokens: number, settings: UserSettings): Promise<CheatingUser> {
    return new CheatingUser(await Holder.open(settings.network, name, tokens, settings.closing), settings)
  }

  get isIdle(): boolean {
    return this.#underWay === 0
  }

  pay(wish: Wish): boolean {
    if (this.#underWay >= underWayMax || this.#purse.balance < 2 * wish.tokens) return false
    if (wish.cheat === 'twoVendors') this.#payTwice(wish)
    else this.#payOnce(wish)
    return true
  }

  #payOnce(wish: Wish): void {
    const { vendor, tokens, cheat } = wish
    const behaviour = behaviours[cheat as keyof typeof behaviours]
    const { details, information, time } = this.#about(vendor, this.#holder.home.own.auditor, tokens)
    const made = this.#purse.pay(behaviour, tokens, information, time)
    void this.#hand(made, details, wish)
  }

  /** The same tokens at two vendors, through two auditors where there are two, at once. */
  #payTwice(wish: Wish): void {
    const { vendors, auditors } = this.#settings
    const other = vendors[(vendors.indexOf(wish.vendor) + 1) % vendors.length]!
    const first = this.#about(wish.vendor, auditors[0]!, wish.tokens)
    const made = this.#purse.pay('honest', wish.tokens, first.information, first.time)
    const second = this.#about(other, auditors[1 % auditors.length]!, wish.tokens)
    const again = this.#holder.sign(made.taken, second.information, second.time)
    void this.#hand(made, first.details, wish)
    void this.#hand({ payment: again, taken: [] }, second.details, { ...wish, vendor: other })
  }

  #about(vendor: string, auditor: string, tokens: number) {
    const time = Date.now()
    const price = BigInt(tokens) * this.#settings.network.tokenValue
    const nonce = randomBytes(16).toString('hex')
    const details = { vendor, auditor, item: `item at ${price}`, price, nonce, deadline: time + deadlineMs }
    return { details, time, information: informationDigest(this.#holder.home.network, details) }
  }

  async #hand({ payment, taken }: MadePayment, details: PresentedPayment['details'], wish: Wish): Promise<void> {
    this.#underWay += 1
    const since = performance.now()
    const { home } = this.#holder
    const body = userPaymentToJson({
      certificate: home.certificate.der,
      payment: { ...payment, holder: home.key.publicKey, details },
    })
    const answer = await this.#insist(wish.vendor, details.auditor, payment.digest, body, details.deadline)
    if (answer?.answer === 'deliver') this.#purse.noteSpent(taken)
    else if (answer) this.#purse.add(taken)
    this.#settings.recorder.see({
      type: 'payment',
      user: this.name,
      vendor: wish.vendor,
      payment: payment.digest,
      tokens: payment.tokens.length,
      behaviour: wish.cheat ?? 'honest',
      outcome: answer === undefined ? 'unknown' : answer.answer === 'deliver' ? 'delivered' : 'rejected',
      waited: (answer?.block ?? 0) !== 0,
      waitedMs: Math.round(performance.now() - since),
    })
    this.#underWay -= 1
  }

  /** The auditor's last word; undefined where none came until the run ended or long after the deadline. */
  async #insist(
    vendor: string,
    auditor: string,
    digest: string,
    body: unknown,
    deadline: number,
  ): Promise<Pick<Ruling, 'answer' | 'block'> | undefined> {
    const { closing } = this.#settings
    while (!closing.aborted && Date.now() < deadline + deadlineMs) {
      try {
        const said = await this.#holder.ask<{ ruling?: unknown }>(vendor, 'vendor', '/payments?wait=1', body)
        if (said.ruling !== undefined) {
          const { statement } = readRuling(said.ruling, this.#holder.home, auditor, digest)
          if (statement.answer !== 'wait') return statement
        }
      } catch (error) {
        // a vendor that looks at tokens itself refuses without asking the auditor
        if (error instanceof MupibError && error.code === 'refused') return { answer: 'rejected', block: 0 }
      }
      await pause(recoverEveryMs, closing)
    }
    return undefined
  }

  held(isConsumed: (serial: string) => boolean): { held: number; queued: number } {
    const left = this.#holder.withdrawn.filter(({ group, index }) => !isConsumed(`bank-${group.publication}-${index}`))
    return { held: left.length, queued: 0 }
  }

  async close(): Promise<void> {}
}
