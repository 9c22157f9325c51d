// `auditor serve`: the auditor as a process of its own.
import { MupibError } from '../../proto/errors.ts'
import { peerIdOf } from '../../proto/peer-id.ts'
import { identityOf } from '../common/actor-home.ts'
import type { Output } from '../common/output.ts'
import { readRunFile } from '../common/run-file.ts'
import { openAuditorHome } from './home.ts'

/** Runs the auditor until SIGINT or SIGTERM. Throws `already_running` and why it could not start or go on. */
export async function serveAuditor(output: Output): Promise<void> {
  const home = openAuditorHome(output.dir)
  const running = readRunFile(home.runFile)
  if (running)
    throw new MupibError('already_running', `this auditor runs already (process ${running.pid})`, {
      hint: `it answers at ${running.http}`,
    })
  // only now: whoever named a wrong file need not wait for libp2p to load
  const [{ createLog }, { checkPort, runService }, { Auditor }, { createAuditorServer }, { auditorOperations }] =
    await Promise.all([
      import('../../node/events.ts'),
      import('../common/server.ts'),
      import('./auditor.ts'),
      import('./service.ts'),
      import('./operations.ts'),
    ])
  await checkPort(home.http)
  output.progress('asking the ledger where it stands')
  const identity = identityOf(home)
  const log = createLog('info', home.name)
  const auditor = await Auditor.open({
    home,
    log: ({ kind, ...fields }) => log.info({ event: kind, ...fields }, kind),
  })
  const { checks } = auditor
  const server = createAuditorServer(auditor, await auditorOperations(auditor), { identity, checks })
  const close = async (): Promise<void> => {
    await auditor.flushSoon()
    await auditor.close()
  }
  const service = { server, peerId: peerIdOf(home.key.publicKey), failed: auditor.failed, close }
  await runService(service, home, http => {
    log.info({ event: 'ready', http }, 'ready')
    output.progress(`the auditor answers at ${http}; Ctrl-C stops it`)
  })
}
