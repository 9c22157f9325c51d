// For tests: vendors, wallets and their bank beside scripted validators, an auditor that says what a test wants, and stores that die.
import * as fs from 'node:fs'
import * as path from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { seedOfName, type TestNetwork } from '../../node/client/testing.ts'
import type { Database } from '../../node/store/database.ts'
import { toHex } from '../../proto/bytes.ts'
import { certificateToPem } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import type { SigningKey } from '../../proto/keys.ts'
import { type AnswerName, type StatementJson, signStatement, statementToJson } from '../../proto/statements.ts'
import { keyOf } from '../../proto/testing.ts'
import { Auditor } from '../auditor/auditor.ts'
import { openAuditorHome } from '../auditor/home.ts'
import { auditorOperations } from '../auditor/operations.ts'
import { createAuditorServer } from '../auditor/service.ts'
import { identify, openAccount } from '../bank/testing.ts'
import { BankWorld, foundBank } from '../bank/world-testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { writeKeyFile } from '../common/files.ts'
import { CertificateChecks, type Identity } from '../common/identity.ts'
import { paymentDigest, presentedFromJson, userPaymentFromJson } from '../common/payment.ts'
import { createServer } from '../common/server.ts'
import { writeHome } from '../common/testing.ts'
import { openVendorHome } from '../vendor/home.ts'
import { createVendorServer } from '../vendor/service.ts'
import { VendorSessions } from '../vendor/sessions.ts'
import { Till } from '../vendor/till.ts'
import { openWalletHome } from './home.ts'
import { Wallet } from './wallet.ts'

/** Writes the home of a party with a certificate of the network's authority, in `vendors/NAME` or `users/NAME`. Returns the folder. */
export async function writePartyHome(
  net: TestNetwork,
  role: 'vendor' | 'user',
  name: string,
  own: Record<string, unknown> = {},
): Promise<string> {
  const folder = path.join(net.dir, `${role}s`, name)
  fs.mkdirSync(folder, { recursive: true })
  writeKeyFile(path.join(folder, 'key.json'), seedOfName(`user ${name}`))
  const { certificate } = await identify(net, role, name)
  fs.writeFileSync(path.join(folder, 'certificate.pem'), certificateToPem(certificate))
  const files = { genesis: '../../genesis.json', key: 'key.json', certificate: 'certificate.pem', store: 'store' }
  const service = { http: { host: '127.0.0.1', port: 0 }, runFile: 'run.json' }
  const config = {
    ...files,
    services: '../../services.json',
    bank: 'bank',
    ...(role === 'vendor' ? service : {}),
    ...own,
  }
  fs.writeFileSync(path.join(folder, 'config.json'), JSON.stringify(config))
  return folder
}

const deathMs = 40

/** A store whose process dies at a write: that one reaches the disk or not, nothing after it does. */
export function dyingAt(database: Database, write: number, reaches: boolean): Database {
  let writes = 0
  return {
    get: key => database.get(key),
    getMany: keys => database.getMany(keys),
    iterate: options => database.iterate(options),
    compact: range => database.compact(range),
    approximateSize: range => database.approximateSize(range),
    close: async () => {},
    async write(ops, options) {
      writes += 1
      if (writes < write || (writes === write && reaches)) await database.write(ops, options)
      if (writes < write) return
      // what is done before its write is on disk has time to be seen
      await pause(deathMs)
      throw new MupibError('stopped', 'killed')
    },
  }
}

/** A store that outlives those who open it. */
export const kept = (database: Database): Database => dyingAt(database, Number.POSITIVE_INFINITY, true)

/** What a scripted auditor is to do with a payment: an answer, or a ruling of its own making, or nothing at all. */
export type AuditorScript = (digest: Digest) => AnswerName | { readonly ruling: StatementJson } | 'silent'

/** An auditor that keeps its word and judges nothing. For what the real one cannot be brought to do. */
export class ScriptedAuditor {
  readonly identity: Identity
  readonly server: FastifyInstance
  /** Bytes of all presentations that came, by payment. */
  readonly presented = new Map<Digest, Set<string>>()
  /** Payments in which each token came. */
  readonly spent = new Map<string, Set<Digest>>()
  /** What it has answered last. */
  readonly rulings = new Map<Digest, StatementJson>()
  script: AuditorScript = () => 'deliver'
  /** What it says of anybody's trust, and of any token. */
  trust: object = { blockSize: 100, blocked: false }
  tokenState: (serial: string) => string = () => 'unknown'

  constructor(identity: Identity) {
    this.identity = identity
    this.server = createServer({ identity, checks: new CertificateChecks(identity.roots) })
    const { network } = identity
    this.server.post('/payments', { config: { access: ['vendor'] } }, async (request, reply) => {
      const { presentation, ...given } = request.body as Record<string, unknown>
      const { payment } = userPaymentFromJson(given, network)
      const digest = paymentDigest(network, payment)
      for (const { group, index } of payment.tokens) {
        const serial = `bank-${group.publication}-${index}`
        this.spent.set(serial, (this.spent.get(serial) ?? new Set()).add(digest))
      }
      this.presented.set(digest, (this.presented.get(digest) ?? new Set()).add(JSON.stringify(presentation)))
      const wanted = this.rulings.has(digest) ? undefined : this.script(digest)
      if (wanted === 'silent') return reply.hijack()
      if (typeof wanted === 'object') return { digest, ...wanted }
      if (wanted) this.rule(digest, wanted)
      return { digest, ruling: this.rulings.get(digest) }
    })
    this.server.get<{ Params: { digest: string } }>(
      '/payments/:digest',
      { config: { access: ['vendor', 'user'] } },
      async ({ params: { digest } }) => ({ digest, ruling: this.#known(digest) }),
    )
    this.server.get('/trust/:user', { config: { access: ['vendor'] } }, async () => this.trust)
    this.server.post<{ Body: { serials: string[] } }>(
      '/tokens/state',
      { config: { access: ['user'] } },
      async ({ body }) => ({
        states: Object.fromEntries(body.serials.map(serial => [serial, this.tokenState(serial)])),
      }),
    )
    this.server.post('/inquiries', { config: { access: ['user'] } }, async request => {
      const payment = presentedFromJson(request.body, network)
      const digest = paymentDigest(network, payment)
      if (!this.rulings.has(digest)) {
        if (Date.now() <= payment.details.deadline) throw new MupibError('too_early', 'it may still be presented')
        this.rule(digest, 'not_queued')
      }
      return { digest, ruling: this.rulings.get(digest) }
    })
  }

  #known(digest: Digest): StatementJson {
    const ruling = this.rulings.get(digest)
    if (!ruling) throw new MupibError('not_found', 'no such payment')
    return ruling
  }

  /** Signs a ruling and keeps it. */
  rule(digest: Digest, answer: AnswerName, key: SigningKey = this.identity.key): StatementJson {
    const { network, certificate } = this.identity
    const reason = answer === 'rejected' ? 'invalid_tokens' : ''
    const heading = { network, signer: certificate.facts.fingerprint, payload: digest, time: Date.now() }
    const ruling = statementToJson(signStatement({ kind: 'ruling', ...heading, answer, reason, block: 0 }, key))
    if (key === this.identity.key) this.rulings.set(digest, ruling)
    return ruling
  }
}

/** A till that serves. */
export interface ServedTill {
  readonly till: Till
  /** Where its config has sessions. */
  readonly sessions: VendorSessions | undefined
  readonly url: string
  stop(): Promise<void>
}

/** A network with a bank that serves; auditor, vendors and wallets are what the test makes of it. */
export class PartyWorld extends BankWorld {
  static async start(bankOwn: Record<string, unknown> = {}, moreAuditors: readonly string[] = []): Promise<PartyWorld> {
    const world = new PartyWorld(await foundBank(bankOwn, moreAuditors))
    await world.serveBank()
    return world
  }

  async scriptedAuditor(): Promise<ScriptedAuditor> {
    const auditor = new ScriptedAuditor(await identify(this.net, 'auditor', 'auditor', keyOf('auditor')))
    await this.serve('auditor', auditor.server)
    return auditor
  }

  /** The real auditor, with so much money at the bank to pay vendors from. */
  async auditor(w0: number, money = 10_000): Promise<Auditor> {
    await openAccount(this.bank, this.net, 'auditor', 'auditor', money, keyOf('auditor'))
    const services = { services: '../services.json' }
    const home = openAuditorHome(writeHome(this.net, 'auditor', { ...services, trust: { w0 } }))
    const auditor = await Auditor.open({ home })
    const options = { identity: identityOf(home), checks: auditor.checks }
    this.onClose(() => auditor.close())
    await this.serve('auditor', createAuditorServer(auditor, await auditorOperations(auditor), options))
    return auditor
  }

  /** A vendor that serves; the same name again is the same vendor, on the store of its home unless one is given. */
  async till(name: string, own: Record<string, unknown> = {}, database?: Database): Promise<ServedTill> {
    const home = openVendorHome(await writePartyHome(this.net, 'vendor', name, own))
    const till = await Till.open({ home, ...(database ? { database } : {}) })
    till.failed.catch(() => {})
    const checks = new CertificateChecks(home.roots)
    const settings = home.own.sessions
    const sessions = settings && (await VendorSessions.open({ home, settings }))
    const server = createVendorServer(till, { identity: identityOf(home), checks }, sessions)
    const url = await this.serve(name, server)
    let stopped: Promise<void> | undefined
    const stop = (): Promise<void> => {
      stopped ??= Promise.all([till.close(), sessions?.close()]).then(() => server.close())
      return stopped
    }
    this.onClose(stop)
    return { till, sessions, url, stop }
  }

  /** A wallet whose user has so much money at the bank; the same name again is the same user. */
  async wallet(name: string, money = 0, own: Record<string, unknown> = {}, database?: Database): Promise<Wallet> {
    const folder = await writePartyHome(this.net, 'user', name, { auditor: 'auditor', ...own })
    await openAccount(this.bank, this.net, 'user', name, money)
    return this.openWallet(folder, database)
  }

  async openWallet(folder: string, database?: Database): Promise<Wallet> {
    const wallet = await Wallet.open({ home: openWalletHome(folder), ...(database ? { database } : {}) })
    this.onClose(() => wallet.close())
    return wallet
  }

  /** What the user has at the bank. */
  moneyOf(wallet: Wallet): bigint {
    return this.bank.account(toHex(wallet.home.key.publicKey)).balance
  }
}
