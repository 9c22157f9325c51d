// A user whose sessions run by themselves, as a process that may be killed at any moment: `testnet session-client --dir WALLET-FOLDER`. It runs them one
// after the other, honest or not, takes up what was open after a start, and writes down what it sees, a line each.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type ChannelClient, draftSession } from '../../../cli/channel/client.ts'
import { noItem, stepClient } from '../../../cli/channel/client-rules.ts'
import { ChannelConnection } from '../../../cli/channel/connection.ts'
import { channelLimits } from '../../../cli/channel/limits.ts'
import { WalletChannels } from '../../../cli/channel/wallet-channels.ts'
import { identityOf } from '../../../cli/common/actor-home.ts'
import { toMupibError } from '../../../cli/common/errors.ts'
import { readJson, writeAtomic } from '../../../cli/common/files.ts'
import { signedCall } from '../../../cli/common/http.ts'
import { CertificateChecks } from '../../../cli/common/identity.ts'
import { aborted, interruptible } from '../../../cli/common/interrupt.ts'
import { memberNamed } from '../../../cli/common/rulings.ts'
import { removeRunFile, writeRunFile } from '../../../cli/common/run-file.ts'
import { serviceNamed } from '../../../cli/common/services.ts'
import { openWalletHome } from '../../../cli/user/home.ts'
import { bytesOfHex } from '../../../proto/bytes.ts'
import type { Digest } from '../../../proto/hash.ts'
import type { SessionClaim } from '../../../proto/session/claims.ts'
import type { SessionTerms } from '../../../proto/session/terms.ts'
import type { ClientRule } from '../../dishonest/behaviour.ts'
import { dishonestClients, reopeningClients } from '../../dishonest/index.ts'
import type { Seen } from '../history.ts'
import type { Manifest } from '../manifest.ts'

/** What a client is told to do: `sessions.json` in its folder. */
export interface SessionOrder {
  readonly load: NonNullable<Manifest['load']['sessions']>
  /** The till, by its name in services.json. */
  readonly till: string
  /** Its public key as hex. */
  readonly tillKey: string
}

/** A line of what a client saw: `seen.jsonl` in its folder. Times in milliseconds since 1970. */
export type ClientLine = { readonly time: number } & (
  | Extract<Seen, { readonly type: 'session' | 'denied' }>
  | { readonly type: 'units'; readonly session: Digest; readonly made: number; readonly arrived: number }
  /** All of its sessions are over. */
  | { readonly type: 'over' }
)

interface Progress {
  /** Sessions that were begun. */
  readonly begun: number
  /** The one that is under way. */
  readonly session: Digest | undefined
}

export const orderFileOf = (folder: string): string => path.join(folder, 'sessions.json')
export const seenFileOf = (folder: string): string => path.join(folder, 'seen.jsonl')

const retryMs = 300
const openWithinMs = 10_000
/** Answers after which an opening is not asked for again. */
const neverOpened: readonly string[] = ['blocked', 'insufficient_funds', 'no_account', 'session_terms', 'too_late']
/** Answers after which a claim is not carried again. */
const neverTaken: readonly string[] = [
  'bad_proof',
  'bad_signature',
  'already_settled',
  'already_known',
  'claim_low',
  'too_late',
  'too_many',
]

/** Runs the sessions of the wallet in this folder, and waits for SIGINT or SIGTERM then. */
export function runSessionClient(folder: string): Promise<void> {
  return interruptible(async signal => {
    const runFile = path.join(folder, 'run.json')
    const channels = await WalletChannels.open(openWalletHome(folder), signal)
    const run = { pid: process.pid, startedAt: new Date().toISOString(), peerId: '', multiaddrs: [], http: '' }
    writeRunFile(runFile, run)
    try {
      await new SessionRunner(folder, channels, signal).run()
      await aborted(signal)
    } catch (error) {
      // whatever was under way is taken up at the next start
      if (!signal.aborted) throw error
    } finally {
      await channels.close()
      removeRunFile(runFile)
    }
  })
}

class SessionRunner {
  readonly #folder: string
  readonly #channels: WalletChannels
  readonly #signal: AbortSignal
  readonly #order: SessionOrder
  readonly #rule: ClientRule
  readonly #progressFile: string

  constructor(folder: string, channels: WalletChannels, signal: AbortSignal) {
    this.#folder = folder
    this.#channels = channels
    this.#signal = signal
    this.#order = readJson(orderFileOf(folder), 'bad_config') as SessionOrder
    this.#progressFile = path.join(folder, 'progress.json')
    const { client } = this.#order.load
    this.#rule = client === 'honest' ? stepClient : dishonestClients[client](stepClient)
  }

  #see(line: Omit<ClientLine, 'time'>): void {
    fs.appendFileSync(seenFileOf(this.#folder), `${JSON.stringify({ time: Date.now(), ...line })}\n`)
  }

  #denied(session: Digest, by: string, code: string): void {
    this.#see({ type: 'denied', session, party: this.#channels.home.name, by, code } as Omit<ClientLine, 'time'>)
  }

  get #progress(): Progress {
    if (!fs.existsSync(this.#progressFile)) return { begun: 0, session: undefined }
    return readJson(this.#progressFile, 'bad_config') as Progress
  }

  #keep(progress: Progress): void {
    writeAtomic(this.#progressFile, JSON.stringify(progress))
  }

  async run(): Promise<void> {
    for (;;) {
      this.#signal.throwIfAborted()
      const { begun, session } = this.#progress
      if (session === undefined) {
        if (begun === this.#order.load.each) break
        await this.#draft(begun)
        continue
      }
      if (await this.#opened(session)) await this.#pay(session)
      this.#keep({ begun, session: undefined })
    }
    this.#see({ type: 'over' })
  }

  async #draft(begun: number): Promise<void> {
    const { load, till, tillKey } = this.#order
    const { home, store } = this.#channels
    const now = Date.now()
    const drafted = {
      network: home.network,
      bank: memberNamed(home.genesis, 'bank', home.own.bank).certificate.fingerprint,
      vendor: bytesOfHex(tillKey),
      suite: load.suite,
      unit: BigInt(load.unit),
      paymentsMax: load.payments,
      openBy: now + openWithinMs,
      expiry: now + load.lasts,
      windowMs: load.window,
    }
    const { session } = await draftSession(store, drafted, home.key.publicKey, { name: till, url: '' })
    this.#keep({ begun: begun + 1, session })
    const behaviours = { clientIs: load.client, tillIs: load.vendor }
    const terms = { unit: String(load.unit), paymentsMax: load.payments }
    this.#see({ type: 'session', session, client: home.name, till, ...behaviours, ...terms } as Omit<
      ClientLine,
      'time'
    >)
  }

  /** Does something until nobody stands in its way; undefined where a refusal stays what it is. */
  async #insist<T>(final: readonly string[], refused: (code: string) => void, work: () => Promise<T>) {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const { code } = toMupibError(error)
        if (code === 'bug') throw error
        if (final.includes(code)) {
          refused(code)
          return undefined
        }
      }
      await pause(retryMs, undefined, { signal: this.#signal })
    }
  }

  async #opened(session: Digest): Promise<boolean> {
    const opened = await this.#insist(
      neverOpened,
      // only the till finds fault with terms that were made for it
      code => this.#denied(session, code === 'session_terms' ? this.#order.till : 'bank', code),
      () => this.#channels.goOn(session),
    )
    return opened !== undefined
  }

  async #pay(session: Digest): Promise<void> {
    const over = new AbortController()
    const until = AbortSignal.any([over.signal, this.#signal])
    const paying = await PayingClient.open(this.#channels, session, {
      step: this.#watched(session, until),
      carry: claim => this.#carry(session, claim, until),
      unit: made => this.#see({ type: 'units', session, ...made } as Omit<ClientLine, 'time'>),
    })
    try {
      const ending = paying.run(this.#order.load.rate, until)
      await this.#insist(
        [],
        () => {},
        () => this.#channels.settled(session),
      )
      over.abort()
      await ending
      this.#see({ type: 'units', session, ...paying.counts } as Omit<ClientLine, 'time'>)
    } finally {
      over.abort()
      await paying.stop()
    }
    if (reopeningClients.has(this.#order.load.client)) await this.#reopen(session)
  }

  /** The client's rule, with every refusal of the till written down; what a dishonest one claims is no end of its session. */
  #watched(session: Digest, until: AbortSignal): ClientRule {
    return (context, state, event) => {
      if (event.type === 'received' && event.message.type === 'refused')
        this.#denied(session, this.#order.till, event.message.reason)
      const step = this.#rule(context, state, event)
      if (this.#order.load.client === 'honest') return step
      const effects = step.effects.filter(effect => {
        if (effect.type === 'claim') this.#carry(session, effect.claim, until)
        return effect.type !== 'claim'
      })
      return { ...step, effects }
    }
  }

  #carry(session: Digest, claim: SessionClaim, until: AbortSignal): void {
    const { ledger, terms } = { ledger: this.#channels.ledger, terms: this.#channels.terms(session) }
    const carrying = this.#insist(
      neverTaken,
      code => this.#denied(session, 'bank', code),
      async () => {
        if (!until.aborted) await ledger.close(session, terms, claim)
      },
    )
    // once the session is settled nobody needs to know
    carrying.catch(() => {})
  }

  /** Has the opening of a session that is settled carried once more, by an auditor. */
  async #reopen(session: Digest): Promise<void> {
    const { home } = this.#channels
    const caller = { identity: identityOf(home), checks: new CertificateChecks(home.roots), signal: this.#signal }
    const auditor = serviceNamed(home.servicesFile, home.own.auditor, 'auditor')
    const bank = serviceNamed(home.servicesFile, home.own.bank, 'bank')
    await this.#insist(
      ['already_known', 'already_settled', 'not_found'],
      code => this.#denied(session, 'auditor', code),
      async () => {
        const shown = await signedCall<Shown>(caller, bank, 'GET', `/sessions/${session}`)
        await signedCall(caller, auditor, 'POST', '/sessions', { terms: shown.terms, ...shown.signatures })
      },
    )
  }
}

interface Shown {
  readonly terms: string
  readonly signatures: Readonly<Record<'client' | 'vendor' | 'bank', string>>
}

interface PayingHooks {
  readonly step: ClientRule
  readonly carry: (claim: SessionClaim) => void
  readonly unit: (counts: { readonly made: number; readonly arrived: number }) => void
}

/** One session that pays over a stream to the till. */
class PayingClient {
  readonly #connection: ChannelConnection
  readonly #expiring: NodeJS.Timeout
  readonly #paymentsMax: number
  #arrived: number

  private constructor(connection: ChannelConnection, { expiry, paymentsMax }: SessionTerms) {
    const { client } = connection
    this.#connection = connection
    this.#paymentsMax = paymentsMax
    this.#arrived = client.served
    // C8: in time for the ledger
    const endMs = expiry - channelLimits.expiryMarginMs - Date.now()
    this.#expiring = setTimeout(() => client.time(Date.now()), Math.max(0, endMs) + 1)
  }

  static async open(
    channels: WalletChannels,
    session: Digest,
    { step, carry, unit }: PayingHooks,
  ): Promise<PayingClient> {
    // a till that is away is asked again, and the session ends in time all the same
    const { multiaddrs } = await channels.listening(session).catch(() => ({ multiaddrs: [] }))
    let paying: PayingClient | undefined
    const connection: ChannelConnection = await ChannelConnection.open(channels, session, multiaddrs, {
      step,
      onClaim: carry,
      onUnit: ({ index }) => {
        if (!paying) return
        paying.#arrived = Math.max(paying.#arrived, index)
        unit({ made: paying.#client.made, arrived: index })
      },
      onFault: () => {
        if (paying) paying.#client.closeAlone().catch(() => {})
      },
    })
    paying = new PayingClient(connection, channels.terms(session))
    return paying
  }

  get #client(): ChannelClient {
    return this.#connection.client
  }

  get counts(): { readonly made: number; readonly arrived: number } {
    return { made: this.#client.made, arrived: this.#arrived }
  }

  /** Pays at a rate, each unit once the one before has come, and closes at the end. */
  async run(rate: number, until: AbortSignal): Promise<void> {
    const gone = aborted(until)
    try {
      while (!until.aborted && this.#client.phase === 'open' && this.#client.made < this.#paymentsMax) {
        await pause(1_000 / rate, undefined, { signal: until })
        await Promise.race([this.#client.pay(noItem), gone])
      }
      if (!until.aborted && this.#client.phase === 'open') await Promise.race([this.#client.close(), gone])
    } catch {
      // the session ends another way, or was refused: the ledger tells
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#expiring)
    await this.#connection.stop()
  }
}
