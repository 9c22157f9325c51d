// What is to be sent to banks: transfers to vendors (message 4) and redemptions (message 10). Each was persisted with the decision that causes it;
// it goes out until the bank's signed reply says that it is done, in order, one worker for each kind.
import { toHex } from '../../proto/bytes.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { statementToJson } from '../../proto/statements.ts'
import { encodeRecordAnswer } from '../../proto/wire/codec.ts'
import { identityOf } from '../common/actor-home.ts'
import { type CallerIdentity, signedCall } from '../common/http.ts'
import type { CertificateChecks } from '../common/identity.ts'
import { serviceNamed } from '../common/services.ts'
import type { Desk } from './desk.ts'
import type { OpenRedemption, Settlement } from './money-store.ts'
import type { Sender } from './settling.ts'
import { Worker } from './worker.ts'

/** Transfers in one request. */
const transfersMax = 256
/** Characters of answers in one request: below what a server takes as a body. */
const answersCharsMax = 6 * 1024 * 1024

interface TransferReply {
  readonly results: readonly { readonly payload: Digest; readonly state: string }[]
}
interface RedemptionReply {
  readonly results: readonly { readonly record: Digest; readonly amount: string; readonly state: string }[]
}

export class Outbox implements Sender {
  readonly #desk: Desk
  readonly #caller: CallerIdentity
  readonly #closing = new AbortController()
  readonly #transfers: Worker<Settlement>
  readonly #redemptions: Worker<OpenRedemption>

  private constructor(
    desk: Desk,
    checks: CertificateChecks,
    transfers: Map<number, Settlement>,
    redemptions: Map<number, OpenRedemption>,
  ) {
    this.#desk = desk
    const { signal } = this.#closing
    this.#caller = { identity: identityOf(desk.home), checks, signal }
    const failed = (kind: string) => (error: MupibError) => desk.log({ kind, code: error.code, message: error.message })
    this.#transfers = new Worker({
      open: transfers,
      signal,
      send: items => this.#sendTransfers(items),
      onFailure: failed('transfers_failed'),
    })
    this.#redemptions = new Worker({
      open: redemptions,
      signal,
      send: items => this.#sendRedemptions(items),
      onFailure: failed('redemptions_failed'),
    })
  }

  /** Takes up what is open; nothing is sent before `start`. */
  static async open(desk: Desk, checks: CertificateChecks): Promise<Outbox> {
    const transfers = new Map<number, Settlement>()
    for (const [number, payload] of await desk.money.openTransfers())
      transfers.set(number, desk.money.settlement(payload)!)
    return new Outbox(desk, checks, transfers, await desk.money.openRedemptions())
  }

  /** Numbers that were given out last. */
  get last(): { readonly transfer: number; readonly redemption: number } {
    const lastOf = (open: ReadonlyMap<number, unknown>): number => Math.max(0, ...open.keys())
    return { transfer: lastOf(this.#transfers.open), redemption: lastOf(this.#redemptions.open) }
  }

  start(): void {
    this.#redemptions.start()
    this.#transfers.start()
  }

  addTransfer(number: number, settlement: Settlement): void {
    this.#transfers.add(number, settlement)
  }

  addRedemption(number: number, redemption: OpenRedemption): void {
    this.#redemptions.add(number, redemption)
  }

  openTransfers(): readonly Settlement[] {
    return [...this.#transfers.open.values()]
  }

  openRedemptions(): readonly OpenRedemption[] {
    return [...this.#redemptions.open.values()]
  }

  status(): Record<string, unknown> {
    const of = ({ open, lastFailure }: Pick<Worker<unknown>, 'open' | 'lastFailure'>): Record<string, unknown> => ({
      open: open.size,
      ...(lastFailure === undefined ? {} : { lastFailure }),
    })
    return { transfers: of(this.#transfers), redemptions: of(this.#redemptions) }
  }

  /** Resolves when everything went through that the banks would take. */
  async settled(): Promise<void> {
    await this.#redemptions.settled()
    await this.#transfers.settled()
  }

  async #sendTransfers(items: ReadonlyMap<number, Settlement>): Promise<ReadonlySet<number>> {
    const done = new Set<number>()
    const parts = transfersByBank(items)
    const failure = await this.#eachPart(parts, part => this.#pay(part, done))
    if (done.size === 0 && failure !== undefined) throw failure
    return done
  }

  /** Sends parts one after the other, and the items of one that a bank refuses singly: one of them is not to hold up the others. */
  async #eachPart<T>(parts: readonly (readonly T[])[], send: (part: readonly T[]) => Promise<void>): Promise<unknown> {
    let failure: unknown
    for (const part of parts) {
      try {
        await send(part)
      } catch (error) {
        failure = error
        if (part.length > 1 && isRefusal(error)) for (const one of part) await send([one]).catch(() => {})
      }
    }
    return failure
  }

  /** Has transfers carried out that name one bank. */
  async #pay(part: readonly OpenTransfer[], done: Set<number>): Promise<void> {
    const transfers = part.map(([, { transfer }]) => statementToJson(transfer!))
    const peer = serviceNamed(this.#desk.home.servicesFile, part[0]![1].transfer!.statement.bank, 'bank')
    const { results } = await signedCall<TransferReply>(this.#caller, peer, 'POST', '/transfers', { transfers })
    const states = new Map(results.map(({ payload, state }) => [payload, state]))
    const paid = part.filter(([, { payload }]) => ['paid', 'repeated'].includes(states.get(payload) ?? ''))
    for (const [number] of paid) done.add(number)
    const failed = part.find(([number]) => !done.has(number))
    if (failed) this.#transfers.lastFailure = states.get(failed[1].payload)
    await this.#desk.write([{ operations: paid.map(([number]) => this.#desk.money.dropOpenTransfer(number)) }])
  }

  async #sendRedemptions(items: ReadonlyMap<number, OpenRedemption>): Promise<ReadonlySet<number>> {
    const done = new Set<number>()
    const failure = await this.#eachPart(this.#partsOf(items), part => this.#redeem(part, done))
    if (done.size > 0) this.#transfers.retry()
    else if (failure !== undefined) throw failure
    return done
  }

  /** Redemptions at one bank each, as many as fit a request. */
  #partsOf(items: ReadonlyMap<number, OpenRedemption>): Answered[][] {
    const parts: { bank: string; chars: number; items: Answered[] }[] = []
    for (const [number, redemption] of items) {
      const { user, number: block, bank } = redemption
      const answer = toHex(encodeRecordAnswer(this.#desk.store.blockAnswer(user, block)!.answer))
      let part = parts.findLast(candidate => candidate.bank === bank)
      if (!part || part.chars + answer.length > answersCharsMax) {
        part = { bank, chars: 0, items: [] }
        parts.push(part)
      }
      part.chars += answer.length
      part.items.push({ number, redemption, answer })
    }
    return parts.map(part => part.items)
  }

  async #redeem(part: readonly Answered[], done: Set<number>): Promise<void> {
    const peer = serviceNamed(this.#desk.home.servicesFile, part[0]!.redemption.bank, 'bank')
    const answers = part.map(({ answer }) => answer)
    const { results } = await signedCall<RedemptionReply>(this.#caller, peer, 'POST', '/redemptions', { answers })
    const time = Date.now()
    const { money, log } = this.#desk
    const operations = part.flatMap(({ number, redemption }, at) => {
      const { state, amount } = results[at] ?? {}
      if ((state !== 'redeemed' && state !== 'repeated') || amount === undefined) return []
      if (BigInt(amount) !== redemption.amount) {
        // the claim stays open: what is certified is due
        const { user, number: block, amount: due } = redemption
        log({ kind: 'redemption_differs', user, block, amount, due })
        this.#redemptions.lastFailure = 'redemption_differs'
        return []
      }
      done.add(number)
      return money.closeRedemption(number, redemption, { bank: redemption.bank, amount: BigInt(amount), time })
    })
    await this.#desk.write([{ operations }])
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await Promise.all([this.#transfers.close(), this.#redemptions.close()])
  }
}

type OpenTransfer = readonly [number, Settlement]

/** Transfers by the bank that each names, as many as fit a request: one that was signed for another bank goes there. */
function transfersByBank(items: ReadonlyMap<number, Settlement>): OpenTransfer[][] {
  const byBank = new Map<string, OpenTransfer[][]>()
  for (const item of items) {
    const { bank } = item[1].transfer!.statement
    const parts = byBank.get(bank) ?? []
    byBank.set(bank, parts)
    const last = parts.at(-1)
    if (last && last.length < transfersMax) last.push(item)
    else parts.push([item])
  }
  return [...byBank.values()].flat()
}

interface Answered {
  readonly number: number
  readonly redemption: OpenRedemption
  /** The ledger's certified answer to the block, in hex. */
  readonly answer: string
}

/** The bank answered, and would not. */
const isRefusal = (error: unknown): boolean =>
  error instanceof MupibError && !['unreachable', 'timeout', 'stopped'].includes(error.code)
