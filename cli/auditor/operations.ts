// What an auditor's operator does: at the running service, or in this process on the auditor's own store.
import { bytesEqual, bytesOfHex } from '../../proto/bytes.ts'
import type { Certificate } from '../../proto/certificates.ts'
import { MupibError } from '../../proto/errors.ts'
import type { Digest } from '../../proto/hash.ts'
import { limits } from '../../proto/limits.ts'
import { type StatementJson, statementToJson } from '../../proto/statements.ts'
import { identityOf, runningService } from '../common/actor-home.ts'
import { FieldReader } from '../common/config.ts'
import { readJson } from '../common/files.ts'
import { ownService } from '../common/http.ts'
import { certificateBytes } from '../common/identity.ts'
import { type Output, toJson } from '../common/output.ts'
import { checkDigest, userPaymentFromJson } from '../common/payment.ts'
import { statementFromJson } from '../common/rulings.ts'
import type { Audit } from './audit.ts'
import type { Auditor } from './auditor.ts'
import type { AuditorHome } from './desk.ts'
import { presentedMaterial } from './findings.ts'
import { openAuditorHome } from './home.ts'
import type { Presented } from './intake.ts'
import type { SignedRuling } from './rulings.ts'

type Json = Record<string, unknown>

/** What is told of a payment; only the ruling counts, what stands beside it is for people. */
export interface Told {
  readonly digest: Digest
  readonly ruling: StatementJson
  readonly answer: string
  readonly reason?: string
  readonly block?: number
  readonly transfer?: StatementJson
}

/** What the service and the commands offer, as JSON. */
export interface AuditorOperations {
  /** A payment with presentation and the certificates of user and vendor. */
  submit(payment: unknown): Promise<Told>
  /** What was ruled, a verdict being waited for up to half a minute. */
  settled(digest: string): Promise<Told>
  flush(user: string | undefined): Promise<Json>
  blocks(user: string | undefined): Promise<readonly Json[]>
  queue(user: string | undefined): Promise<readonly Json[]>
  trust(): Promise<readonly Json[]>
  trustOf(user: string): Promise<Json>
  trustFile(user: string): Promise<Json>
  risk(): Promise<readonly Json[]>
  riskOf(user: string): Promise<Json>
  books(): Promise<Json>
  audit(): Promise<Audit>
  /** A payment as it is kept, for a dispute. */
  payload(digest: string): Promise<Json>
  proof(serial: string, payload: string | undefined): Promise<unknown>
  status(): Promise<Json>
}

/** A ruling as it is told, with the transfer that it caused. */
export function toldJson(auditor: Auditor, ruling: SignedRuling): Told {
  const { payload, answer, reason, block } = ruling.statement
  const transfer = answer === 'deliver' ? auditor.desk.money.settlement(payload)?.transfer : undefined
  return {
    digest: payload,
    ruling: statementToJson(ruling),
    answer,
    ...(reason === '' ? {} : { reason }),
    ...(block === 0 ? {} : { block }),
    ...(transfer ? { transfer: statementToJson(transfer) } : {}),
  }
}

/** Reads the body of `POST /payments`. Throws `bad_input`, `malformed`, `bad_certificate`. */
export function presentedOf(auditor: Auditor, body: unknown): Presented {
  const { presentation, ...given } = (body ?? {}) as Json
  const payment = userPaymentFromJson(given, auditor.home.network)
  return { ...payment, presentation: statementFromJson('presentation', presentation) }
}

/** The operations on an auditor that runs in this process. */
export async function auditorOperations(auditor: Auditor): Promise<AuditorOperations> {
  const [reports, { tokenProof }, { auditBooks }] = await Promise.all([
    import('./reports.ts'),
    import('./token-proof.ts'),
    import('./audit.ts'),
  ])
  const { desk, queues, intake, checks } = auditor
  const selected = (user: string | undefined) => {
    const name = user === undefined ? undefined : reports.userName(user)
    return [...queues.states()].filter(([other]) => name === undefined || other === name)
  }
  const plain = <T>(value: unknown): T => JSON.parse(toJson(value)) as T
  return {
    async submit(payment) {
      const { vendorCertificate, ...body } = (payment ?? {}) as Json
      const vendor: Certificate = checks.check(certificateBytes(String(vendorCertificate)), ['vendor'], Date.now())
      return toldJson(auditor, await intake.present(presentedOf(auditor, body), vendor))
    },
    async settled(digest) {
      const ruling = await auditor.ruling(digest)
      if (!ruling) throw new MupibError('not_found', `no payment ${digest} was presented here`)
      return toldJson(auditor, ruling)
    },
    flush: async user => {
      const flushed = await auditor.flush(user === undefined ? undefined : reports.userName(user))
      return { flushed, outbox: auditor.outbox.status() }
    },
    blocks: async user => selected(user).flatMap(([name, state]) => reports.blocksJson(auditor, name, state)),
    queue: async user => selected(user).map(([name, state]) => reports.queueJson(name, state)),
    trust: async () => {
      const users = new Set([...auditor.book.users(), ...queues.states().keys()])
      return [...users].map(user => reports.trustJson(auditor, user))
    },
    trustOf: user => reports.trustHistoryJson(auditor, reports.userName(user)),
    trustFile: user => reports.trustFileJson(auditor, reports.userName(user)),
    risk: async () => plain(await reports.riskJson(auditor)),
    riskOf: async user => plain(await reports.userRiskJson(auditor, reports.userName(user))),
    books: async () => plain(await reports.booksJson(auditor)),
    audit: () => auditBooks(auditor),
    payload: async digest => presentedMaterial(intake.kept(checkDigest(digest))),
    proof: (serial, payload) => tokenProof(auditor, serial, payload),
    status: async () => plain({ ...auditor.status(), bank: desk.home.own.bank }),
  }
}

const query = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `?${name}=${encodeURIComponent(value)}`

function remoteAuditor(home: AuditorHome, base: string): AuditorOperations {
  const call = ownService(identityOf(home), base)
  return {
    submit: payment => call('POST', '/submissions', payment),
    settled: digest => call('GET', `/submissions/${digest}`),
    flush: user => call('POST', '/flush', user === undefined ? {} : { user }),
    blocks: user => call('GET', `/blocks${query('user', user)}`),
    queue: user => call('GET', `/queue${query('user', user)}`),
    trust: () => call('GET', '/trust'),
    trustOf: user => call('GET', `/trust/${user}/history`),
    trustFile: user => call('GET', `/trust/${user}/file`),
    risk: () => call('GET', '/risk'),
    riskOf: user => call('GET', `/risk/${user}`),
    books: () => call('GET', '/books'),
    audit: () => call('GET', '/audit'),
    payload: digest => call('GET', `/payloads/${checkDigest(digest)}`),
    proof: (serial, payload) => call('GET', `/proofs/${encodeURIComponent(serial)}${query('payload', payload)}`),
    status: () => call('GET', '/status'),
  }
}

/** Does something with the auditor of a directory. Throws what the operation throws. */
export async function withAuditor<T>(output: Output, work: (operations: AuditorOperations) => Promise<T>): Promise<T> {
  const running = runningService(output.dir, 'auditor')
  const home = openAuditorHome(output.dir)
  if (running) return work(remoteAuditor(home, running.http))
  const { Auditor } = await import('./auditor.ts')
  output.progress('no auditor runs: this command opens its store and asks the ledger')
  const auditor = await Auditor.open({ home })
  try {
    return await work(await auditorOperations(auditor))
  } finally {
    await auditor.close()
  }
}

/** The payments of a file: {"payments": […]}, each as `POST /payments` takes it and with its vendor's certificate. Throws `bad_input`. */
export function readBlockFile(file: string): readonly unknown[] {
  const fields = new FieldReader(readJson(file, 'bad_input'), file, 'bad_input')
  const payments = fields.array('payments', limits.blockTransactions)
  fields.end()
  if (payments.length === 0) fields.fail('payments', 'a list of at least one payment')
  return payments
}

/** Presents the payments in order, has what is queued sent, and gathers the last word on each. */
export async function submitAll(operations: AuditorOperations, payments: readonly unknown[]): Promise<Told[]> {
  const told: Told[] = []
  const holders = new Set<string>()
  for (const payment of payments) {
    told.push(await operations.submit(payment))
    holders.add((payment as { holder: string }).holder)
  }
  for (const holder of holders) await operations.flush(holder)
  return Promise.all(told.map(answer => lastWord(operations, answer)))
}

async function lastWord(operations: AuditorOperations, first: Told): Promise<Told> {
  let told = first
  while (told.answer === 'wait') told = await operations.settled(told.digest)
  return told
}

/** True where the key in hex is the caller's. */
export const isOwnKey = (user: string, { facts }: Certificate): boolean => bytesEqual(bytesOfHex(user), facts.publicKey)
