// What a bank's operator does: at the running service, or in this process on the bank's own store.
import { bytesOfHex, fromHex } from '../../proto/bytes.ts'
import { parseAmount } from '../../proto/money.ts'
import { identityOf, runningService } from '../common/actor-home.ts'
import { ownService } from '../common/http.ts'
import { CertificateChecks, certificateBytes } from '../common/identity.ts'
import { type Output, toJson } from '../common/output.ts'
import { returnFromJson } from '../common/payment.ts'
import { partyRoles } from './account-store.ts'
import type { Bank } from './bank.ts'
import { type BankHome, openBankHome } from './home.ts'
import {
  type AccountJson,
  accountToJson,
  booksToJson,
  handedOutToJson,
  type Json,
  proofJson,
  publicationToJson,
  returnedToJson,
  type StatementOfJson,
  statementToJson,
} from './json.ts'
import { issuePolicyOf } from './policy.ts'

/** Tokens for somebody; keys and order in hex. */
export interface IssueJson {
  readonly holder: string
  readonly count: number
  readonly order?: string
}

export interface BankOperations {
  /** A certificate in base64. */
  open(certificate: string): Promise<{ account: AccountJson }>
  accounts(): Promise<{ accounts: readonly AccountJson[] }>
  deposit(account: string, amount: string, reference: string): Promise<{ account: AccountJson }>
  issue(request: IssueJson): Promise<Json>
  issueFinal(request: IssueJson): Promise<Json>
  publish(): Promise<Json>
  publications(): Promise<readonly Json[]>
  tokens(publication: number, holder: string | undefined): Promise<Json>
  takeBack(given: unknown): Promise<Json>
  /** Certified answers to token blocks, in hex. */
  redeem(answers: readonly string[]): Promise<Json>
  statement(account: string): Promise<StatementOfJson>
  books(): Promise<Json>
  proof(publication: number): Promise<unknown>
  status(): Promise<Json>
}

/** Bytes as people write them. Throws `malformed`. */
const orderOf = ({ holder, count, order }: IssueJson) => ({
  holder: bytesOfHex(holder),
  count,
  ...(order === undefined ? {} : { order }),
})

/** The operations on a bank that runs in this process. */
export function bankOperations(bank: Bank, checks: CertificateChecks): BankOperations {
  return {
    async open(certificate) {
      const checked = checks.check(certificateBytes(certificate), partyRoles, Date.now())
      return { account: accountToJson(await bank.openAccount(checked)) }
    },
    accounts: async () => ({ accounts: (await bank.accounts()).map(accountToJson) }),
    deposit: async (account, amount, reference) => ({
      account: accountToJson(await bank.deposit(account, parseAmount(amount), reference)),
    }),
    issue: async request => ({ ...(await bank.issue(orderOf(request))), published: false }),
    async issueFinal(request) {
      const handed = await bank.issueFinal(orderOf(request))
      return { order: handed.order, ...handedOutToJson(handed) }
    },
    publish: async () => ({ published: await bank.publish() }),
    publications: async () => (await bank.publications()).map(publicationToJson),
    tokens: async (publication, holder) =>
      handedOutToJson(bank.handOut(publication, holder === undefined ? {} : { holder: bytesOfHex(holder) })),
    takeBack: async given => returnedToJson(bank, await bank.takeBack(returnFromJson(given, 'return'))),
    redeem: async answers => plain(await bank.redeem(answers.map(fromHex), 'operator')),
    statement: async account => statementToJson(bank.account(account), await bank.statement(account)),
    books: async () => plain(booksToJson(await bank.books())),
    proof: async publication => proofJson(bank.proof(publication)),
    status: async () => plain(bank.status()),
  }
}

/** As it arrives where it was sent: amounts as text. */
const plain = (value: unknown): Json => JSON.parse(toJson(value)) as Json

function remoteBank(home: BankHome, base: string): BankOperations {
  const call = ownService(identityOf(home), base)
  return {
    open: certificate => call('POST', '/accounts', { certificate }),
    accounts: () => call('GET', '/accounts'),
    deposit: (account, amount, reference) => call('POST', '/deposits', { account, amount, reference }),
    issue: request => call('POST', '/issue?publish=0', request),
    issueFinal: request => call('POST', '/issue', request),
    publish: () => call('POST', '/publish', {}),
    publications: () => call('GET', '/publications'),
    tokens: (publication, holder) =>
      call('GET', `/publications/${publication}/tokens${holder === undefined ? '' : `?holder=${holder}`}`),
    takeBack: given => call('POST', '/returns', given),
    redeem: answers => call('POST', '/redemptions', { answers }),
    statement: account => call('GET', `/statement/${account}`),
    books: () => call('GET', '/books'),
    proof: publication => call('GET', `/publications/${publication}/proof`),
    status: () => call('GET', '/status'),
  }
}

/** Does something with the bank of a directory. Throws what the operation throws. */
export async function withBank(output: Output, work: (operations: BankOperations) => Promise<void>): Promise<void> {
  const running = runningService(output.dir, 'bank')
  const home = openBankHome(output.dir)
  if (running) return work(remoteBank(home, running.http))
  const { Bank } = await import('./bank.ts')
  output.progress('no bank runs: this command opens its store and asks the ledger')
  const checks = new CertificateChecks(home.roots)
  const bank = await Bank.open({ home, policy: issuePolicyOf(home, checks) })
  try {
    await work(bankOperations(bank, checks))
  } finally {
    await bank.close()
  }
}
