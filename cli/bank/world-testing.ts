// For tests: a bank that serves beside scripted validators, and the services that a test puts beside it, found by their names.
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { FastifyInstance } from 'fastify'
import { createTestNetwork, type TestNetwork } from '../../node/client/testing.ts'
import { identityOf } from '../common/actor-home.ts'
import { CertificateChecks } from '../common/identity.ts'
import { writeHome } from '../common/testing.ts'
import { Bank } from './bank.ts'
import { openBankHome } from './home.ts'
import { bankOperations } from './operations.ts'
import { createBankServer } from './service.ts'

export interface Founded {
  readonly net: TestNetwork
  readonly bank: Bank
}

/** A network with its bank; whoever goes on from it closes both. */
export async function foundBank(
  bankOwn: Record<string, unknown> = {},
  moreAuditors: readonly string[] = [],
): Promise<Founded> {
  const net = await createTestNetwork(4, moreAuditors)
  return { net, bank: await Bank.open({ home: openBankHome(writeHome(net, 'bank', bankOwn)) }) }
}

export class BankWorld {
  readonly net: TestNetwork
  readonly bank: Bank
  readonly #toClose: (() => Promise<unknown>)[] = []
  readonly #services: Record<string, string> = {}

  protected constructor({ net, bank }: Founded) {
    this.net = net
    this.bank = bank
    this.onClose(() => net.close())
    this.onClose(() => bank.close())
  }

  protected serveBank(): Promise<string> {
    const { home } = this.bank
    const checks = new CertificateChecks(home.roots)
    const server = createBankServer(this.bank, bankOperations(this.bank, checks), {
      identity: identityOf(home),
      checks,
    })
    return this.serve('bank', server)
  }

  /** Serves under a name, so that others find it. Returns the address. */
  async serve(name: string, server: FastifyInstance): Promise<string> {
    const url = await server.listen({ port: 0, host: '127.0.0.1' })
    this.onClose(() => server.close())
    this.address(name, url)
    return url
  }

  /** Says where a service is found. */
  address(name: string, url: string): void {
    this.#services[name] = url
    fs.writeFileSync(path.join(this.net.dir, 'services.json'), JSON.stringify(this.#services))
  }

  urlOf(name: string): string {
    return this.#services[name]!
  }

  /** Closed last first. */
  onClose(close: () => Promise<unknown>): void {
    this.#toClose.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#toClose.splice(0).reverse()) await close()
  }
}
