// Where an auditor command's work is done: at the running service, or in this process on the auditor's own store.
import { limits } from '../../proto/limits.ts'
import { runningService } from '../common/actor-home.ts'
import { FieldReader } from '../common/config.ts'
import { readJson } from '../common/files.ts'
import { call } from '../common/http.ts'
import type { Output } from '../common/output.ts'
import type { Told } from './auditor.ts'
import type { AuditorOperations } from './service.ts'

const query = (name: string, value: string | undefined): string =>
  value === undefined ? '' : `?${name}=${encodeURIComponent(value)}`

function remoteAuditor(base: string): AuditorOperations {
  return {
    present: payment => call(base, 'POST', '/payments', payment),
    settled: digest => call(base, 'GET', `/payments/${digest}?wait=1`),
    flush: user => call(base, 'POST', '/flush', user === undefined ? {} : { user }),
    blocks: user => call(base, 'GET', `/blocks${query('user', user)}`),
    queue: user => call(base, 'GET', `/queue${query('user', user)}`),
    proof: (serial, payload) => call(base, 'GET', `/proofs/${encodeURIComponent(serial)}${query('payload', payload)}`),
    status: () => call(base, 'GET', '/status'),
  }
}

/** Does something with the auditor of a directory. Throws what the operation throws. */
export async function withAuditor(
  output: Output,
  work: (operations: AuditorOperations) => Promise<void>,
): Promise<void> {
  const running = runningService(output.dir, 'auditor')
  if (running) return work(remoteAuditor(running.http))
  const [{ Auditor }, { openAuditorHome }, { auditorOperations }] = await Promise.all([
    import('./auditor.ts'),
    import('./home.ts'),
    import('./service.ts'),
  ])
  const home = openAuditorHome(output.dir)
  output.progress('no auditor runs: this command opens its store and asks the ledger')
  const auditor = await Auditor.open({ home })
  try {
    await work(auditorOperations(auditor))
  } finally {
    await auditor.close()
  }
}

/** The payments of a block file: {"payments": […]}, each as `POST /payments` takes it. Throws `bad_input`. */
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
    told.push(await operations.present(payment))
    holders.add((payment as { holder: string }).holder)
  }
  for (const holder of holders) await operations.flush(holder)
  return Promise.all(told.map(answer => (answer.answer === 'wait' ? operations.settled(answer.digest) : answer)))
}
