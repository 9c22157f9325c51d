// For tests: a bank that serves over HTTP beside scripted validators, with parties that call it. Its answers are held to their schemas.
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import type { LooseToken } from '../../node/ledger/form.ts'
import { bytesOfHex, toHex } from '../../proto/bytes.ts'
import { keyOf } from '../../proto/testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { signedCall } from '../common/http.ts'
import { CertificateChecks, certificateToText, type Identity } from '../common/identity.ts'
import { toJson } from '../common/output.ts'
import { groupFromJson } from '../common/payment.ts'
import { writeHome } from '../common/testing.ts'
import { Bank } from './bank.ts'
import { openBankHome } from './home.ts'
import { bankOperations } from './operations.ts'
import { type IssuePolicy, openPolicy } from './policy.ts'
import { createBankServer } from './service.ts'
import { identify } from './testing.ts'

export interface Withdrawn {
  readonly order: string
  readonly publication: number
  readonly tokens: { group: unknown; index: number; signature: string }[]
  readonly balance: string
}

export const keyText = ({ key }: Identity): string => toHex(key.publicKey)
export const order = (number: number): string => number.toString(16).padStart(32, '0')

export class ServedBank {
  readonly net: TestNetwork
  readonly bank: Bank
  readonly base: string
  readonly checks: CertificateChecks
  readonly operator: Identity
  /** The auditor of genesis, with an account. */
  readonly auditor: Identity
  readonly #close: () => Promise<string[]>
  #parties = 0

  private constructor(
    parts: Pick<ServedBank, 'net' | 'bank' | 'base' | 'checks' | 'operator' | 'auditor'>,
    close: () => Promise<string[]>,
  ) {
    this.net = parts.net
    this.bank = parts.bank
    this.base = parts.base
    this.checks = parts.checks
    this.operator = parts.operator
    this.auditor = parts.auditor
    this.#close = close
  }

  /** `policy` is asked anew for each order. */
  static async start(policy: () => IssuePolicy = () => openPolicy): Promise<ServedBank> {
    const net = await createTestNetwork()
    const home = openBankHome(writeHome(net, 'bank'))
    const bank = await Bank.open({ home, policy: { refusalOf: account => policy().refusalOf(account) } })
    const operator = identityOf(home)
    const checks = new CertificateChecks(home.roots)
    const server = createBankServer(bank, bankOperations(bank, checks), { identity: operator, checks })
    const misshapen: string[] = []
    server.addHook('preSerialization', async (request, reply, payload) => {
      const { response } = request.routeOptions.schema as { response?: Record<string, object> }
      const schema = response?.[reply.statusCode] ?? response?.default
      const fits = schema === undefined || request.compileValidationSchema(schema)(JSON.parse(toJson(payload)))
      if (fits === false) misshapen.push(`${request.method} ${request.url}: ${toJson(payload)}`)
      return payload
    })
    const base = await server.listen({ port: 0, host: '127.0.0.1' })
    const auditor = await identify(net, 'auditor', 'auditor', keyOf('auditor'))
    const served = new ServedBank({ net, bank, base, checks, operator, auditor }, async () => {
      await server.close()
      await bank.close()
      await net.close()
      return misshapen
    })
    await served.open(auditor)
    return served
  }

  /** Stops everything; gives the answers that were not as their schema says. */
  close(): Promise<string[]> {
    return this.#close()
  }

  ask<T = Record<string, unknown>>(by: Identity, method: 'GET' | 'POST', path: string, body?: unknown): Promise<T> {
    const caller = { identity: by, checks: this.checks }
    return signedCall<T>(caller, { base: this.base, name: 'bank', role: 'bank' }, method, path, body)
  }

  open(party: Identity): Promise<{ account: unknown }> {
    return this.ask(this.operator, 'POST', '/accounts', { certificate: certificateToText(party.certificate) })
  }

  /** A new party with an account and so much money. */
  async party(role: 'user' | 'vendor' | 'auditor', money = 0n): Promise<Identity> {
    this.#parties += 1
    const identity = await identify(this.net, role, `${role}-${this.#parties}`)
    await this.open(identity)
    const deposit = { account: keyText(identity), amount: money, reference: `r${this.#parties}` }
    if (money > 0n) await this.ask(this.operator, 'POST', '/deposits', deposit)
    return identity
  }

  async withdraw(user: Identity, count: number, number = 1): Promise<{ withdrawn: Withdrawn; tokens: LooseToken[] }> {
    const withdrawn = await this.ask<Withdrawn>(user, 'POST', '/withdrawals', { order: order(number), count })
    const tokens = withdrawn.tokens.map(({ group, index, signature }) => ({
      group: groupFromJson(group, 'tokens'),
      index,
      signature: bytesOfHex(signature),
    }))
    return { withdrawn, tokens }
  }
}
