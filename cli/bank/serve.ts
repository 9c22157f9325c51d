// `bank serve`: the bank as a process of its own.
import { MupibError } from '../../proto/errors.ts'
import { peerIdOf } from '../../proto/peer-id.ts'
import { identityOf } from '../common/actor-home.ts'
import { CertificateChecks } from '../common/identity.ts'
import type { Output } from '../common/output.ts'
import { readRunFile } from '../common/run-file.ts'
import { openBankHome } from './home.ts'
import { issuePolicyOf } from './policy.ts'

/** Runs the bank until SIGINT or SIGTERM. Throws `already_running` and why it could not start or go on. */
export async function serveBank(output: Output, recover: boolean): Promise<void> {
  const home = openBankHome(output.dir)
  const running = readRunFile(home.runFile)
  if (running)
    throw new MupibError('already_running', `this bank runs already (process ${running.pid})`, {
      hint: `it answers at ${running.http}`,
    })
  // only now: whoever named a wrong file need not wait for libp2p to load
  const [{ createLog }, { checkPort, runService }, { Bank }, { createBankServer }, { bankOperations }] =
    await Promise.all([
      import('../../node/events.ts'),
      import('../common/server.ts'),
      import('./bank.ts'),
      import('./service.ts'),
      import('./operations.ts'),
    ])
  await checkPort(home.http)
  output.progress('asking the ledger where it stands')
  const identity = identityOf(home)
  const log = createLog('info', home.name)
  const isDead = (): boolean => false
  const checks = new CertificateChecks(home.roots, isDead)
  const bank = await Bank.open({
    home,
    policy: issuePolicyOf(home, checks),
    recover,
    log: ({ kind, ...fields }) => log.info({ event: kind, ...fields }, kind),
  })
  const server = createBankServer(bank, bankOperations(bank, checks), { identity, checks })
  const service = { server, peerId: peerIdOf(home.key.publicKey), failed: bank.failed, close: () => bank.close() }
  await runService(service, home, http => {
    log.info({ event: 'ready', http }, 'ready')
    output.progress(`the bank answers at ${http}; Ctrl-C stops it`)
  })
}
