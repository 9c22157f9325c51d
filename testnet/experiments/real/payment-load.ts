// The payments of an experiment: due by the rate of its file whether or not earlier ones are through, by users who are honest or cheat as it says.

import { setMaxListeners } from 'node:events'
import type { SeededRandom } from '../../random.ts'
import type { Manifest } from '../manifest.ts'
import { pause } from './schedule.ts'
import { type Cheat, CheatingUser, type ExperimentUser, type UserSettings, WalletUser } from './users.ts'

const byThemselves: readonly Cheat[] = ['doubleSpend', 'altered', 'forged', 'twoVendors']

/** Tokens that one user may need in so many seconds, with something to spare. */
const purseFor = (rate: number, users: number, tokens: number, seconds: number): number =>
  Math.min(16_384, Math.ceil(((rate / users) * tokens * seconds * 3) / 2) + 20 * tokens)

export class PaymentLoad {
  readonly users: readonly ExperimentUser[]
  readonly #wallets: readonly ExperimentUser[]
  readonly #cheats: readonly ExperimentUser[]
  readonly #load: Manifest['load']
  readonly #vendors: readonly string[]
  readonly #random: SeededRandom
  readonly #closing: AbortController
  #running: Promise<void> = Promise.resolve()
  #isEnding = false
  /** Payments that were due and not made: their user had too many under way. */
  left = 0

  private constructor(
    wallets: readonly ExperimentUser[],
    cheats: readonly ExperimentUser[],
    load: Manifest['load'],
    vendors: readonly string[],
    random: SeededRandom,
    closing: AbortController,
  ) {
    this.#wallets = wallets
    this.#cheats = cheats
    this.users = [...wallets, ...cheats]
    this.#load = load
    this.#vendors = vendors
    this.#random = random
    this.#closing = closing
  }

  static async open(
    load: Manifest['load'],
    seconds: number,
    settings: Omit<UserSettings, 'closing'>,
    random: SeededRandom,
    signal: AbortSignal,
  ): Promise<PaymentLoad> {
    const closing = new AbortController()
    const both: UserSettings = { ...settings, closing: AbortSignal.any([closing.signal, signal]) }
    // one for the pause of each user, which takes it away again
    setMaxListeners(0, both.closing)
    const cheating = byThemselves.reduce((sum, cheat) => sum + load.cheats[cheat], 0)
    const cheatCount = cheating === 0 ? 0 : Math.max(1, Math.round(load.users * Math.min(1, cheating)))
    const walletCount = Math.max(1, load.users - cheatCount)
    const opened: ExperimentUser[] = []
    const openAll = (count: number, open: (index: number) => Promise<ExperimentUser>): Promise<ExperimentUser[]> =>
      Promise.all(
        Array.from({ length: count }, async (_, index) => {
          const user = await open(index)
          opened.push(user)
          return user
        }),
      )
    try {
      const { auditors } = settings
      const purse = purseFor(load.rate, walletCount, load.tokens, seconds)
      const wallets = await openAll(walletCount, index =>
        WalletUser.open(`user-${index + 1}`, auditors[index % auditors.length]!, purse, both),
      )
      const cheatPurse = cheatCount === 0 ? 0 : 2 * purseFor(load.rate * cheating, cheatCount, load.tokens, seconds)
      const cheats = await openAll(cheatCount, index => CheatingUser.open(`cheat-${index + 1}`, cheatPurse, both))
      return new PaymentLoad(wallets, cheats, load, settings.vendors, random, closing)
    } catch (error) {
      closing.abort()
      await Promise.allSettled(opened.map(user => user.close()))
      throw error
    }
  }

  start(): void {
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const everyMs = 1_000 / this.#load.rate
    const start = performance.now()
    for (let due = 0; !this.#isEnding && !this.#closing.signal.aborted; due++) {
      await pause(start + due * everyMs - performance.now(), this.#closing.signal)
      if (!this.#isEnding) this.#makeOne(due)
    }
  }

  #makeOne(place: number): void {
    const cheat = this.#drawCheat()
    const users = cheat && byThemselves.includes(cheat) && this.#cheats.length > 0 ? this.#cheats : this.#wallets
    const vendor = this.#random.pick(this.#vendors)
    const tokens = this.#random.integer(1, this.#load.tokens)
    if (!users[place % users.length]!.pay({ vendor, tokens, cheat })) this.left += 1
  }

  #drawCheat(): Cheat | undefined {
    let draw = this.#random.fraction()
    for (const [cheat, share] of Object.entries(this.#load.cheats) as [Cheat, number][]) {
      draw -= share
      if (draw < 0) return cheat
    }
    return undefined
  }

  /** Makes no more payments, and waits so long at most until none is open. True where none is. */
  async drain(limitMs: number, flush: () => Promise<void>): Promise<boolean> {
    this.#isEnding = true
    await this.#running
    const deadline = performance.now() + limitMs
    const isIdle = (): boolean => this.users.every(user => user.isIdle)
    while (!isIdle() && performance.now() < deadline) {
      // what waits in a queue that no payment fills any more is not decided by itself
      await flush()
      await pause(250)
    }
    return isIdle()
  }

  async close(): Promise<void> {
    this.#isEnding = true
    this.#closing.abort()
    await Promise.allSettled(this.users.map(user => user.close()))
  }
}
