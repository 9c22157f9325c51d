// `bank serve`: the bank as a process of its own.
import { bytesOfHex } from '../../proto/bytes.ts'
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
  const [
    { createLog },
    { openLevelDatabase },
    { Revocations },
    { checkPort, runService },
    { Bank },
    { createBankServer },
    { bankOperations },
  ] = await Promise.all([
    import('../../node/events.ts'),
    import('../../node/store/level-database.ts'),
    import('../common/revocations.ts'),
    import('../common/server.ts'),
    import('./bank.ts'),
    import('./service.ts'),
    import('./operations.ts'),
  ])
  await checkPort(home.http)
  output.progress('asking the ledger where it stands')
  const identity = identityOf(home)
  const log = createLog('info', home.name)
  // the bank's client is what tells of revocations, and the bank needs the checks first; it serves nobody before both are there
  let revocations: Awaited<ReturnType<typeof Revocations.open>> | undefined
  const checks = new CertificateChecks(home.roots, fingerprint => revocations?.isDead(fingerprint) === true)
  const database = await openLevelDatabase(home.store, { genesisHash: bytesOfHex(home.network) })
  const bank = await Bank.open({
    home,
    database,
    policy: issuePolicyOf(home, checks),
    recover,
    log: ({ kind, ...fields }) => log.info({ event: kind, ...fields }, kind),
  })
  const close = async (): Promise<void> => {
    await revocations?.close()
    await bank.close()
  }
  try {
    const onError = (error: unknown): void => log.error({ event: 'revocations', error: String(error) }, 'revocations')
    revocations = await Revocations.open(bank.client, database, onError)
  } catch (error) {
    await close()
    throw error
  }
  const server = createBankServer(bank, bankOperations(bank, checks), { identity, checks })
  const service = { server, peerId: peerIdOf(home.key.publicKey), failed: bank.failed, close }
  await runService(service, home, http => {
    log.info({ event: 'ready', http }, 'ready')
    output.progress(`the bank answers at ${http}; Ctrl-C stops it`)
  })
}
